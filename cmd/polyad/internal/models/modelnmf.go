package models

import (
	"fmt"

	"polyad/asm"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/nmf"
)

// nmfModel answers for a model.
type nmfModel[T asm.Float] struct{ *nmf.Model[T] }

func openNMF[T asm.Float](dir string) (ModelOf[T], error) {
	if err := checkModel(dir); err != nil {
		return nil, err
	}
	m, err := nmf.Load[T](dir)
	if err == nil {
		err = checkFinite(dir, m)
	}
	return nmfModel[T]{m}, err
}

func (m nmfModel[T]) Shape() []int                { return []int{m.W.Rows, m.H.Cols} }
func (m nmfModel[T]) RankList() []int             { return []int{m.Rank()} }
func (m nmfModel[T]) RankWords() string           { return fmt.Sprint("rank ", m.Rank()) }
func (m nmfModel[T]) ModeAxes() []ndio.Axis       { return m.Axes }
func (m nmfModel[T]) Columns() []*matrix.Dense[T] { return []*matrix.Dense[T]{m.W, m.H.Transpose()} }
func (m nmfModel[T]) Array() rowTiles[T]          { return m }
func (m nmfModel[T]) SetSigns()                   {}

func (m nmfModel[T]) Leading(top *Leading, _ int) { top.Shares = m.Shares() }

func (m nmfModel[T]) Measure(e *Evaluation) {
	blocks := m.blocks()
	for _, b := range blocks {
		e.add(b)
	}
	e.components(blocks)
}

func (m nmfModel[T]) Compare(with ModelOf[T], c *Comparison, eps float64) (compared, error) {
	return c.Compare(m.blocks(), with.(nmfModel[T]).blocks(), eps)
}

func (m nmfModel[T]) blocks() []block {
	return []block{
		{name: "w", factor: matrix.Convert[float64](m.W), stored: []int{m.W.Rows, m.W.Cols}, axis: AxisOf(m.Axes, 0)},
		{name: "h", factor: matrix.Convert[float64](m.H.Transpose()), stored: []int{m.H.Rows, m.H.Cols}, axis: AxisOf(m.Axes, 1)},
	}
}

// Size returns the sizes of W·H.
func (m nmfModel[T]) Size() (rows, cols int) { return m.W.Rows, m.H.Cols }

// Tile writes rows [lo, hi) of W·H into dst.
func (m nmfModel[T]) Tile(dst []T, lo, hi, _ int) {
	m.ReconstructTo(matrix.Of(hi-lo, m.H.Cols, dst), lo, 0)
}
