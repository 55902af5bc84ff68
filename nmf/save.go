package nmf

import (
	"fmt"
	"os"
	"path/filepath"

	"polyad/asm"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

// Save writes the model into the folder dir, which is made when it is missing:
// W.npy (m x r) and H.npy (r x n) in the model's element type. Each file appears
// whole or not at all; files of these names are replaced.
func (m *Model[T]) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		x    *matrix.Dense[T]
	}{{"W.npy", m.W}, {"H.npy", m.H}} {
		if err := ndio.WriteFile(filepath.Join(dir, f.name), tensor.FromMatrix(f.x)); err != nil {
			return err
		}
	}
	return nil
}

// Load reads the model that [Model.Save] or the command wrote into dir. Files
// of another element type are converted. The error names the file, or the
// shapes that do not fit together.
func Load[T asm.Float](dir string) (*Model[T], error) {
	var f [2]*matrix.Dense[T]
	for i, name := range []string{"W.npy", "H.npy"} {
		path := filepath.Join(dir, name)
		t, err := ndio.Load[T](path)
		if err != nil {
			return nil, err
		}
		if t.Order() != 2 {
			return nil, fmt.Errorf("%s: %w: shape %v, want a matrix", path, ErrShape, t.Shape)
		}
		f[i] = t.Matrix()
	}
	if f[0].Cols != f[1].Rows {
		return nil, fmt.Errorf("%s: %w: W is %d x %d but H %d x %d", dir, ErrShape, f[0].Rows, f[0].Cols, f[1].Rows, f[1].Cols)
	}
	return &Model[T]{W: f[0], H: f[1]}, nil
}
