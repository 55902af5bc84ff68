package main

import (
	"slices"

	"polyad/asm"
	"polyad/internal/report"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
	"polyad/tucker"
)

var tuckerKind = kind{"tucker", []string{"core.npy"}, openTucker[float32], openTucker[float64]}

// tuckerModel answers for a Tucker decomposition.
type tuckerModel[T asm.Float] struct{ *tucker.Model[T] }

func openTucker[T asm.Float](dir string) (modelOf[T], error) {
	m, err := tucker.Load[T](dir)
	return tuckerModel[T]{m}, err
}

func (m tuckerModel[T]) ranks() []int                { return m.Ranks() }
func (m tuckerModel[T]) size() string                { return "core " + shape(m.Ranks()) }
func (m tuckerModel[T]) axes() []ndio.Axis           { return m.Axes }
func (m tuckerModel[T]) columns() []*matrix.Dense[T] { return m.Factors }

func (m tuckerModel[T]) fixSigns() {
	if slices.ContainsFunc(m.Core.Contiguous().Data, func(v T) bool { return v < 0 }) {
		m.FixSigns()
	}
}

func (m tuckerModel[T]) tiles() rowTiles[T] {
	var tiles tensor.TuckerTiles[T]
	tiles.Set(m.Tucker(), 1)
	return &tiles
}

// leading lists the entries of the core that count most, each times the lengths of
// the columns that it brings together.
func (m tuckerModel[T]) leading(top *leading, count int) {
	scaled := m.Clone()
	scaled.Normalize(tucker.NormL2)
	terms := scaled.Core.Contiguous()
	column := matrix.Convert[float64](matrix.Of(terms.Len(), 1, terms.Data[:terms.Len()]))
	core := m.Core.Contiguous()
	rows, shares := report.Leading(column, 0, count)
	top.Core = []coreEntry{}
	for k, i := range rows {
		e := coreEntry{Value: float64(core.Data[i]), Share: shares[k]}
		for n, step := range core.Strides {
			e.Index = append(e.Index, i/step%core.Shape[n])
		}
		top.Core = append(top.Core, e)
	}
}
