package main

import (
	"path/filepath"

	"polyad/asm"
	"polyad/internal/modeldir"
	"polyad/matrix"
	"polyad/ndio"
)

// kind is a kind of model. What the verbs ask of it is answered in one file each:
// kindnmf.go, kindcpd.go, kindtucker.go.
type kind struct {
	name   string
	arrays []string // that tell of what type the elements are
	open32 func(dir string) (modelOf[float32], error)
	open64 func(dir string) (modelOf[float64], error)
}

// modelOf is a model of some kind, of one element type.
type modelOf[T asm.Float] interface {
	Shape() []int
	ranks() []int                // one number; tucker: one a mode
	size() string                // the ranks in words
	axes() []ndio.Axis           // what is known of the modes
	columns() []*matrix.Dense[T] // of each mode a column per component, nil where it is left alone
	tiles() rowTiles[T]          // the array it stands for
	fixSigns()                   // of components of both signs
	leading(top *leading, count int)
}

// rowTiles gives an array as a matrix, rows at a time.
type rowTiles[T asm.Float] interface {
	Size() (rows, cols int)
	Tile(dst []T, lo, hi, worker int)
}

var kinds = map[string]*kind{"nmf": &nmfKind, "cpd": &cpdKind, "tucker": &tuckerKind}

// kindOf returns what kind of model a folder holds.
func kindOf(dir string) (*kind, error) {
	name, err := modeldir.Kind(dir)
	return kinds[name], err
}

// openModel returns the model in a folder, in float64.
func openModel(dir string) (*kind, modelOf[float64], error) {
	k, err := kindOf(dir)
	if err != nil {
		return nil, nil, err
	}
	m, err := k.open64(dir)
	return k, m, err
}

// isFloat32 reports whether the elements of the model in a folder are float32.
func (k *kind) isFloat32(dir string) (bool, error) {
	for _, name := range k.arrays {
		a, err := ndio.ReadFile(filepath.Join(dir, name))
		if err != nil || a.F32 == nil {
			return false, err
		}
	}
	return true, nil
}
