package main

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

// maskFlags say which entries of the data are missing.
type maskFlags struct {
	file    string
	missing string

	data *dataFlags
	set  *pflag.FlagSet
}

// register registers the flags, and those that say how data are read.
func (f *maskFlags) register(fs *pflag.FlagSet, data *dataFlags) {
	f.set, f.data = fs, data
	data.register(fs)
	fs.StringVar(&f.file, "mask", "", "array file of the shape of FILE: entries where it is 0 are missing")
	fs.StringVar(&f.missing, "missing", "", "nan: entries that are NaN are missing; else they are an error")
}

// check refuses what makes no sense.
func (f *maskFlags) check() error {
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

// arrayMask returns the mask of the data x, which are those of a file; nil when
// nothing was said of missing entries.
func arrayMask[T asm.Float](f *maskFlags, name string, x *tensor.Dense[T]) (*tensor.Mask, error) {
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

// inherit takes NaN for missing where a fit did, unless flags say what is missing.
func (f *maskFlags) inherit(saved *savedFit) {
	if f.file == "" && f.missing == "" && saved.Options.Missing == "nan" {
		f.missing = "nan"
	}
}

// record lists the flags among the options.
func (f *maskFlags) record(res *result) {
	res.Options["mask"], res.Options["missing"] = filepath.ToSlash(f.file), f.missing
}

// observed tells how many of the entries count, and nothing when all do.
func (r *result) observed() string {
	all := 1
	for _, n := range r.Input.Shape {
		all *= n
	}
	if len(r.Input.Shape) < 2 || r.Observed == all {
		return ""
	}
	return fmt.Sprintf("%d of %d entries (%.3g %%)", r.Observed, all, 100*float64(r.Observed)/float64(all))
}
