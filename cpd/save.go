package cpd

import (
	"errors"
	"io/fs"
	"path/filepath"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/internal/modeldir"
	"polyad/ndio"
	"polyad/tensor"
)

const weightsFile = "weights.npy"

// Save writes the model into the folder dir, which is made when it is missing:
// weights.npy (r, float64) and factor_0.npy … (I_n x r, in the model's element
// type), and what Axes tells as names_N.txt and axis_N.csv. They take the place of an earlier model in dir, of any kind and order, and
// of what was written about it (result.json, trace.csv, names and axes), all at
// once: when the process ends meanwhile, dir has the earlier model or this one.
// Other files in dir stay. Files with the names of a model's parts, in a folder
// that is none of a model, are an error.
func (m *Model[T]) Save(dir string) error {
	if err := fitting.Whole("cpd", ErrShape, "Save", m.whole); err != nil {
		return err
	}
	w := m.Weights
	if w == nil {
		w = ones(m.Rank())
	}
	weights := func(dir string) error {
		return ndio.WriteFile(filepath.Join(dir, weightsFile), tensor.Of(w, len(w)))
	}
	return fitting.SaveParts(dir, m.Axes, weights, fitting.Factors(m.Factors))
}

// Load reads the model that [Model.Save] or the command wrote into dir: the
// factors from factor_0.npy on, as many as there are. Files of another element
// type are converted. What no fit leaves is an error that wraps [ErrShape] or
// [ErrData] and names the file: rank 0, modes without entries, factors whose
// columns are not as many as the weights, a factor that is missing between others,
// and entries that are not finite.
func Load[T asm.Float](dir string) (*Model[T], error) {
	var m *Model[T]
	folder := &fitting.Folder{Dir: dir, Shape: ErrShape, Data: ErrData}
	err := modeldir.Read(dir, func() error {
		w, err := fitting.LoadPart[float64](folder, weightsFile, 1)
		if err != nil {
			return err
		}
		m = &Model[T]{Weights: w.Data[:w.Len()]}
		for n := 0; n < 64; n++ {
			f, err := fitting.LoadFactor[T](folder, n, len(m.Weights))
			if n >= 2 && errors.Is(err, fs.ErrNotExist) {
				break
			}
			if err != nil {
				return err
			}
			m.Factors = append(m.Factors, f)
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
