package models

import (
	"fmt"
	"strconv"

	"polyad/asm"
	"polyad/cpd"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

// cpdModel answers for a model.
type cpdModel[T asm.Float] struct{ *cpd.Model[T] }

func openCPD[T asm.Float](dir string) (ModelOf[T], error) {
	m, err := cpd.Load[T](dir)
	return cpdModel[T]{m}, err
}

func (m cpdModel[T]) RankList() []int             { return []int{m.Rank()} }
func (m cpdModel[T]) RankWords() string           { return fmt.Sprint("rank ", m.Rank()) }
func (m cpdModel[T]) ModeAxes() []ndio.Axis       { return m.Axes }
func (m cpdModel[T]) Columns() []*matrix.Dense[T] { return m.Factors }
func (m cpdModel[T]) SetSigns()                   { m.FixSigns() }

func (m cpdModel[T]) Array() rowTiles[T] {
	var tiles tensor.CPTiles[T]
	tiles.Set(m.CP(), 1)
	return &tiles
}

func (m cpdModel[T]) Leading(top *Leading, _ int) { top.Shares = m.Shares() }

func (m cpdModel[T]) Measure(e *Evaluation) {
	for n, f := range m.Factors {
		e.add(block{name: strconv.Itoa(n), factor: matrix.Convert[float64](f), stored: []int{f.Rows, f.Cols}})
	}
	e.components(m.weighted())
	e.cpdEval = newCPDEval(m.Model, len(e.pruned[0]))
}

func (m cpdModel[T]) Compare(with ModelOf[T], c *Comparison, eps float64) (compared, error) {
	return c.Compare(m.weighted(), with.(cpdModel[T]).weighted(), eps)
}

// weighted returns the factors of a model, the weights in the first one.
func (m cpdModel[T]) weighted() (blocks []block) {
	for n, factor := range m.Factors {
		f := matrix.Convert[float64](factor)
		if n == 0 {
			f = f.Clone()
			for i := range f.Rows {
				for q, w := range m.Weights {
					f.Row(i)[q] *= w
				}
			}
		}
		blocks = append(blocks, block{name: strconv.Itoa(n), factor: f, stored: []int{f.Rows, f.Cols}, axis: AxisOf(m.Axes, n)})
	}
	return blocks
}
