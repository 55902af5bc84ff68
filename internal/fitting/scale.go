package fitting

import (
	"math"

	"polyad/asm"
	"polyad/loss"
)

// FactorScale returns the power of two s by which each of the given number of
// blocks of a model is multiplied, and the data by s^blocks, so that the largest
// entry comes near 1; 1 when the data are within the range in which nothing can
// go wrong. For β < 1, where high negative powers of the model are taken, that
// range is empty.
func FactorScale[T asm.Float](largest float64, l loss.Loss, blocks int) float64 {
	limit, most := 60, 500
	if asm.SizeOf[T]() == 4 {
		limit, most = 20, 120
	}
	if l.Beta() < 1 {
		limit = 0
	}
	if largest == 0 {
		return 1
	}
	_, e := math.Frexp(largest)
	if e < limit && e > -limit {
		return 1
	}
	return math.Ldexp(1, -max(-most, min(e, most))/blocks)
}

// ScaledObjective is the factor between the objective of the scaled problem and
// that of the given one, for data scaled by scale.
func ScaledObjective(l loss.Loss, scale float64) float64 { return math.Pow(scale, l.Beta()) }

// Precision is the distance from 1 to the next larger number.
func Precision[T asm.Float]() float64 {
	if asm.SizeOf[T]() == 4 {
		return 0x1p-23
	}
	return 0x1p-52
}

// LeastInner is the share of the squares of the data from which on squared errors
// by inner products are used: below, they cancel.
func LeastInner[T asm.Float]() float64 {
	if asm.SizeOf[T]() == 4 {
		return 1e-4
	}
	return 1e-6
}

// Rescale multiplies x by f.
func Rescale[T asm.Float](x []T, f float64) {
	if f == 1 {
		return
	}
	for i := range x {
		x[i] *= T(f)
	}
}
