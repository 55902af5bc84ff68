package input

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"polyad/asm"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/tensor"
)

// MaskFlags say which entries of the data are missing.
type MaskFlags struct {
	file    string
	missing string

	data *dataFlags
	set  *pflag.FlagSet
}

// Register registers the flags, and those that say how data are read.
func (f *MaskFlags) Register(fs *pflag.FlagSet, data *dataFlags) {
	f.set, f.data = fs, data
	data.Register(fs)
	fs.StringVar(&f.file, "mask", "", "array file of the shape of FILE: entries where it is 0 are missing")
	fs.StringVar(&f.missing, "missing", "", "nan: entries that are NaN are missing; else they are an error")
}

// Check refuses what makes no sense.
func (f *MaskFlags) Check() error {
	switch {
	case f.set.Changed("mask") && f.set.Changed("missing"):
		return exit.Usagef("--mask and --missing both say what is missing; give one of them")
	case f.set.Changed("mask") && f.file == "":
		return exit.Usagef("--mask: the name of the file is empty")
	case f.set.Changed("missing") && f.missing != "nan":
		return exit.Usagef("--missing %q; want nan", f.missing)
	}
	return nil
}

// ArrayMask returns the mask of the data x, which are those of a file; nil when
// nothing was said of missing entries.
func ArrayMask[T asm.Float](f *MaskFlags, name string, x *tensor.Dense[T]) (*tensor.Mask, error) {
	switch {
	case f.missing != "":
		return tensor.MaskNaN(x), nil
	case f.file == "":
		return nil, nil
	}
	a, err := f.data.readMask(f.file)
	if err != nil {
		return nil, fmt.Errorf("--mask: %w", err)
	}
	if s := a.Shape(); !slices.Equal(s, x.Shape) {
		return nil, exit.Usagef("--mask: %s has shape %s, and %s has %s; a mask has an entry for each of the data's",
			f.file, console.Shape(s), name, console.Shape(x.Shape))
	}
	if a.F32 != nil {
		return readMask(f.file, a.F32)
	}
	return readMask(f.file, a.F64)
}

// readMask returns the mask that the numbers of a file stand for.
func readMask[T asm.Float](name string, t *tensor.Dense[T]) (*tensor.Mask, error) {
	t = t.Contiguous()
	if i := slices.IndexFunc(t.Data, func(v T) bool { return v != v }); i >= 0 {
		var at []string
		for n := range t.Shape {
			at = append(at, fmt.Sprint(i/t.Strides[n]%t.Shape[n]))
		}
		return nil, fmt.Errorf("--mask: %s: entry [%s] is NaN; 0 says that an entry is missing, any other number that it is there", name, strings.Join(at, ","))
	}
	mask := tensor.MaskOf(t)
	if mask.Count() == 0 {
		return nil, fmt.Errorf("--mask: %s is 0 everywhere, so every entry is missing; 0 says that an entry is missing, any other number that it is there", name)
	}
	return mask, nil
}

// Inherit takes NaN for missing where a fit did, unless flags say what is missing.
func (f *MaskFlags) Inherit(missing string) {
	if f.file == "" && f.missing == "" && missing == "nan" {
		f.missing = "nan"
	}
}

// Record lists the flags among the options of a fit.
func (f *MaskFlags) Record(options map[string]any) {
	options["mask"], options["missing"] = filepath.ToSlash(f.file), f.missing
}
