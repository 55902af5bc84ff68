package fitting

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"polyad/asm"
	"polyad/internal/modeldir"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

// Folder reads and writes the files of a model's folder. Shape and Data are what
// the errors about shapes and entries wrap.
type Folder struct {
	Dir         string
	Shape, Data error
	Nonneg      bool // entries are not negative
}

// FactorFile is the name of the file of a factor.
func FactorFile(n int) string { return fmt.Sprintf("factor_%d.npy", n) }

// Part is a file of a model's folder and the array in it. Nil arrays have no file.
type Part[T asm.Float] struct {
	Name  string
	Array *tensor.Dense[T]
}

// Factors returns the parts of a model that are its factors.
func Factors[T asm.Float](factors []*matrix.Dense[T]) (parts []Part[T]) {
	for n, f := range factors {
		if f != nil {
			parts = append(parts, Part[T]{FactorFile(n), tensor.FromMatrix(f)})
		}
	}
	return parts
}

// SaveParts puts a model into a folder, in the place of an earlier one; see
// [modeldir.Save]. Axes tell what the indices of its modes stand for. First is written before the parts, for one of another type.
func SaveParts[T asm.Float](dir string, axes []ndio.Axis, first func(dir string) error, parts []Part[T]) error {
	return modeldir.Save(dir, func(dir string) error {
		if first != nil {
			if err := first(dir); err != nil {
				return err
			}
		}
		for _, p := range parts {
			if err := ndio.WriteFile(filepath.Join(dir, p.Name), p.Array); err != nil {
				return err
			}
		}
		return ndio.SaveAxes(dir, axes)
	})
}

// LoadPart reads one array of a model and refuses what no fit leaves: an array
// that has no entries, or one that is not finite. An order of 0 means two or more.
func LoadPart[T asm.Float](f *Folder, name string, order int) (*tensor.Dense[T], error) {
	path := filepath.Join(f.Dir, name)
	t, err := ndio.Load[T](path)
	if err != nil {
		return nil, err
	}
	switch n := t.Order(); {
	case order == 1 && n != 1:
		return nil, fmt.Errorf("%s: %w: shape %v, want a vector", path, f.Shape, t.Shape)
	case order == 2 && n != 2:
		return nil, fmt.Errorf("%s: %w: shape %v, want a matrix", path, f.Shape, t.Shape)
	case order == 0 && n < 2:
		return nil, fmt.Errorf("%s: %w: shape %v, want two modes or more", path, f.Shape, t.Shape)
	case n > 64:
		return nil, fmt.Errorf("%s: %w: %d modes, want 64 at most", path, f.Shape, n)
	case t.Len() == 0:
		return nil, fmt.Errorf("%s: %w: shape %v; a model has a component and an entry in every mode", path, f.Shape, t.Shape)
	}
	t = t.Contiguous()
	for i, v := range t.Data[:t.Len()] {
		switch {
		case v-v != 0:
			return nil, fmt.Errorf("%s: %w: entry %s is %v as %T; the entries of a model are finite", path, f.Data, at(t.Shape, i), v, v)
		case f.Nonneg && v < 0:
			return nil, fmt.Errorf("%s: %w: entry %s is %v; the entries of a nonnegative model are not negative", path, f.Data, at(t.Shape, i), v)
		}
	}
	return t, nil
}

// at writes the indices of an element of a row-major array.
func at(shape []int, i int) string {
	var words []string
	for _, k := range Index(shape, i) {
		words = append(words, strconv.Itoa(k))
	}
	return "[" + strings.Join(words, ",") + "]"
}

// LoadFactor reads the factor of a mode, which has so many columns.
func LoadFactor[T asm.Float](f *Folder, n, cols int) (*matrix.Dense[T], error) {
	t, err := LoadPart[T](f, FactorFile(n), 2)
	if err != nil {
		return nil, err
	}
	if t.Shape[1] != cols {
		return nil, fmt.Errorf("%s: %w: %d x %d, want %d columns", filepath.Join(f.Dir, FactorFile(n)), f.Shape, t.Shape[0], t.Shape[1], cols)
	}
	return t.Matrix(), nil
}

// CheckSize refuses a model whose array has more entries than can be counted.
func (f *Folder) CheckSize(shape []int) error {
	if _, ok := tensor.Elements(shape); !ok {
		return fmt.Errorf("%s: %w: an array of shape %v has more entries than can be counted", f.Dir, f.Shape, shape)
	}
	return nil
}

// CheckFactors also refuses factors in the folder of modes that the model has not.
func (f *Folder) CheckFactors(shape []int) error {
	if err := f.CheckSize(shape); err != nil {
		return err
	}
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		digits, factor := strings.CutPrefix(strings.TrimSuffix(e.Name(), ".npy"), "factor_")
		if n, err := strconv.Atoi(digits); factor && err == nil && e.Name() == FactorFile(n) && n >= len(shape) {
			return fmt.Errorf("%s: %w: there is a %s, but the model has the modes 0 to %d only; it is of another model, or a factor is missing", f.Dir, f.Shape, e.Name(), len(shape)-1)
		}
	}
	return nil
}
