package data

import (
	"polyad/asm"
	"polyad/internal/par"
	"polyad/tensor"
)

// NewTuckerAlong is NewTucker with a given mode along which the model is a product.
func NewTuckerAlong[T asm.Float](pool *par.Pool, x *tensor.Dense[T], mask *tensor.Mask, ranks []int, mode int, scale, floor float64) *DenseTucker[T] {
	return newTucker(pool, x, TuckerKind{Ranks: ranks, Mask: mask}, mode, scale, floor)
}

// Along returns that mode.
func (d *DenseTucker[T]) Along() int { return d.split.split }
