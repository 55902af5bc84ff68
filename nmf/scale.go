package nmf

import (
	"math"

	"polyad/asm"
	"polyad/loss"
)

// factorScale returns the power of two s by which the factors are multiplied,
// and the data by s², so that the largest entry comes near 1; 1 when the data
// are within the range in which nothing can go wrong. For β < 1, where high
// negative powers of the model are taken, that range is empty.
func factorScale[T asm.Float](largest float64, l loss.Loss) float64 {
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
	return math.Ldexp(1, -max(-most, min(e, most))/2)
}

// scaledObjective is the factor between the objective of the scaled problem
// and that of the given one.
func scaledObjective(l loss.Loss, s float64) float64 { return math.Pow(s, 2*l.Beta()) }
