package nmf

import (
	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/loss"
)

// factorScale returns the power of two s by which the factors are multiplied,
// and the data by s².
func factorScale[T asm.Float](largest float64, l loss.Loss) float64 {
	return fitting.FactorScale[T](largest, l, 2)
}

// scaledObjective is the factor between the objective of the scaled problem
// and that of the given one.
func scaledObjective(l loss.Loss, s float64) float64 { return fitting.ScaledObjective(l, s*s) }
