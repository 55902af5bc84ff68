package main

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

func openCPD[T asm.Float](dir string) (modelOf[T], error) {
	m, err := cpd.Load[T](dir)
	return cpdModel[T]{m}, err
}

func (m cpdModel[T]) ranks() []int                { return []int{m.Rank()} }
func (m cpdModel[T]) size() string                { return fmt.Sprint("rank ", m.Rank()) }
func (m cpdModel[T]) axes() []ndio.Axis           { return m.Axes }
func (m cpdModel[T]) columns() []*matrix.Dense[T] { return m.Factors }
func (m cpdModel[T]) fixSigns()                   { m.FixSigns() }

func (m cpdModel[T]) tiles() rowTiles[T] {
	var tiles tensor.CPTiles[T]
	tiles.Set(m.CP(), 1)
	return &tiles
}

func (m cpdModel[T]) leading(top *leading, _ int) { top.Shares = m.Shares() }

func (m cpdModel[T]) measure(e *evaluation) {
	for n, f := range m.Factors {
		e.add(block{name: strconv.Itoa(n), factor: matrix.Convert[float64](f), stored: []int{f.Rows, f.Cols}})
	}
	e.components(m.weighted())
	e.cpdEval = newCPDEval(m.Model, len(e.pruned[0]))
}

func (m cpdModel[T]) compare(with modelOf[T], c *comparison, eps float64) (compared, error) {
	return c.compare(m.weighted(), with.(cpdModel[T]).weighted(), eps)
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
		blocks = append(blocks, block{name: strconv.Itoa(n), factor: f, stored: []int{f.Rows, f.Cols}, axis: axisOf(m.Axes, n)})
	}
	return blocks
}
