package main

import (
	"fmt"

	"polyad/asm"
	"polyad/cpd"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

var cpdKind = kind{"cpd", []string{"factor_0.npy"}, openCPD[float32], openCPD[float64]}

// cpdModel answers for a canonical polyadic decomposition.
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
