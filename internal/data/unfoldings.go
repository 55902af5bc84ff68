package data

import (
	"polyad/asm"
	"polyad/internal/hosvd"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/tensor"
)

// denseUnfoldings are those of a contiguous array in memory.
type denseUnfoldings[T asm.Float] struct {
	pool *par.Pool
	x    *tensor.Dense[T]
}

func (d *denseUnfoldings[T]) Leading(mode, rank int, seed uint64) (u *matrix.Dense[T], s []float64, next float64, ok bool) {
	return hosvd.LeadingNext(d.pool, d.x, mode, rank, seed)
}

func (d *denseUnfoldings[T]) All(mode int, orthogonal bool) (u *matrix.Dense[T], s []float64, ok bool) {
	return hosvd.All(d.pool, d.x, mode, orthogonal)
}

func (d *denseUnfoldings[T]) Project(mode int, u *matrix.Dense[T]) {
	d.x = tensor.ModeProduct(d.pool, d.x, u, mode, true)
}

func (d *denseUnfoldings[T]) Rest() *tensor.Dense[T] { return d.x }
