package tucker

import (
	"errors"
	"io/fs"
	"slices"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/internal/modeldir"
	"polyad/matrix"
	"polyad/ndio"
)

const coreFile = "core.npy"

// Save writes the model into the folder dir, which is made when it is missing:
// core.npy (J_0 x J_1 …) and factor_0.npy … (I_n x J_n), in the model's element
// type; modes left alone have no file; and what Axes tells as names_N.txt and
// axis_N.csv. They take the place of an earlier model in
// dir, of any kind and order, and of what was written about it (result.json,
// trace.csv, names and axes), all at once: when the process ends meanwhile, dir has
// the earlier model or this one. Other files in dir stay. Files with the names of a
// model's parts, in a folder that is none of a model, are an error.
func (m *Model[T]) Save(dir string) error {
	if err := fitting.Whole("tucker", ErrShape, "Save", m.whole); err != nil {
		return err
	}
	parts := []fitting.Part[T]{{Name: coreFile, Array: m.Core}}
	return fitting.SaveParts(dir, m.Axes, nil, append(parts, fitting.Factors(m.Factors)...))
}

// Load reads the model that [Model.Save] or the command wrote into dir: the core
// and the factors of its modes; a mode without a file is left alone, and some mode
// has one. Files of another element type are converted. What no fit leaves is an
// error that wraps [ErrShape] or [ErrData] and names the file: a core or factors
// without entries, factors whose columns do not fit the core, or of modes that it
// has not, and entries that are not finite.
func Load[T asm.Float](dir string) (*Model[T], error) {
	var m *Model[T]
	folder := &fitting.Folder{Dir: dir, Shape: ErrShape, Data: ErrData}
	err := modeldir.Read(dir, func() error {
		core, err := fitting.LoadPart[T](folder, coreFile, 0)
		if err != nil {
			return err
		}
		m = &Model[T]{Core: core, Factors: make([]*matrix.Dense[T], core.Order())}
		var missing error
		for n, j := range core.Shape {
			f, err := fitting.LoadFactor[T](folder, n, j)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				missing = err
			case err != nil:
				return err
			default:
				m.Factors[n] = f
			}
		}
		if !slices.ContainsFunc(m.Factors, func(f *matrix.Dense[T]) bool { return f != nil }) {
			return missing
		}
		if err := folder.CheckFactors(m.Shape()); err != nil {
			return err
		}
		m.Axes, err = ndio.LoadAxes(dir, m.Shape())
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}
