package nmf

import (
	"fmt"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/internal/modeldir"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

// Save writes the model into the folder dir, which is made when it is missing:
// W.npy (m x r) and H.npy (r x n) in the model's element type, and what
// Axes tells as names_N.txt and axis_N.csv. They take the place
// of an earlier model in dir, of any kind, and of what was written about it
// (result.json, trace.csv, names and axes), all at once: when the process ends
// meanwhile, dir has the earlier model or this one. Other files in dir stay. Files
// with the names of a model's parts, in a folder that is none of a model, are an
// error.
func (m *Model[T]) Save(dir string) error {
	if err := fitting.Whole("nmf", ErrShape, "Save", m.parts); err != nil {
		return err
	}
	return fitting.SaveParts(dir, m.Axes, nil, []fitting.Part[T]{{Name: "W.npy", Array: tensor.FromMatrix(m.W)}, {Name: "H.npy", Array: tensor.FromMatrix(m.H)}})
}

// Load reads the model that [Model.Save] or the command wrote into dir. Files
// of another element type are converted. What no fit leaves is an error that wraps
// [ErrShape] or [ErrData] and names the file: matrices without rows or columns, or
// whose shapes do not fit together, and entries that are negative or not finite.
func Load[T asm.Float](dir string) (*Model[T], error) {
	var f [2]*matrix.Dense[T]
	var axes []ndio.Axis
	folder := &fitting.Folder{Dir: dir, Shape: ErrShape, Data: ErrData, Nonneg: true}
	err := modeldir.Read(dir, func() error {
		for i, name := range []string{"W.npy", "H.npy"} {
			t, err := fitting.LoadPart[T](folder, name, 2)
			if err != nil {
				return err
			}
			f[i] = t.Matrix()
		}
		if f[0].Cols != f[1].Rows {
			return fmt.Errorf("%s: %w: W is %d x %d but H %d x %d", dir, ErrShape, f[0].Rows, f[0].Cols, f[1].Rows, f[1].Cols)
		}
		shape := []int{f[0].Rows, f[1].Cols}
		if err := folder.CheckSize(shape); err != nil {
			return err
		}
		var err error
		axes, err = ndio.LoadAxes(dir, shape)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Model[T]{W: f[0], H: f[1], Axes: axes}, nil
}
