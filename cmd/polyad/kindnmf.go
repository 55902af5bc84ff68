package main

import (
	"fmt"

	"polyad/asm"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/nmf"
)

var nmfKind = kind{"nmf", []string{"W.npy", "H.npy"}, openNMF[float32], openNMF[float64]}

// nmfModel answers for a nonnegative matrix factorization.
type nmfModel[T asm.Float] struct{ *nmf.Model[T] }

func openNMF[T asm.Float](dir string) (modelOf[T], error) {
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
func (m nmfModel[T]) ranks() []int                { return []int{m.Rank()} }
func (m nmfModel[T]) size() string                { return fmt.Sprint("rank ", m.Rank()) }
func (m nmfModel[T]) axes() []ndio.Axis           { return m.Axes }
func (m nmfModel[T]) columns() []*matrix.Dense[T] { return []*matrix.Dense[T]{m.W, m.H.Transpose()} }
func (m nmfModel[T]) tiles() rowTiles[T]          { return productTiles[T]{m.Model} }
func (m nmfModel[T]) fixSigns()                   {}

func (m nmfModel[T]) leading(top *leading, _ int) { top.Shares = m.Shares() }

// productTiles gives W·H.
type productTiles[T asm.Float] struct{ *nmf.Model[T] }

// Size returns the sizes of W·H.
func (m productTiles[T]) Size() (rows, cols int) { return m.W.Rows, m.H.Cols }

// Tile writes rows [lo, hi) into dst.
func (m productTiles[T]) Tile(dst []T, lo, hi, _ int) {
	m.ReconstructTo(matrix.Of(hi-lo, m.H.Cols, dst), lo, 0)
}
