package fitting

import (
	"math"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/loss"
)

// LossSize is about how large the loss of the zero model is, for data of the given
// sums.
func LossSize(s data.Stats, l loss.Loss) float64 {
	if l == loss.Frobenius {
		return s.Squares / 2
	}
	return float64(s.Count) * math.Pow(s.Mean(), l.Beta())
}

// Rounding bounds by how much rounding in T may change an objective, the sum of a
// loss, for which size is its [LossSize], and a penalty. The loss was computed
// directly, when residuals that are wrong by ε·x change it by
//
//	ε·√(2·loss · 2·size),
//
// or from inner products, of which some are as large as inner; 0 means directly.
func Rounding[T asm.Float](loss, penalty, size, inner float64) float64 {
	if inner == 0 {
		inner = math.Sqrt(4 * loss * size)
	}
	return Precision[T]() * (inner + 4*(loss+penalty))
}

// Still is the change of an objective that tells nothing: what rounding makes from
// one sweep to the next, and what a float64 of the size of the data cannot tell, as
// from there on a model is exact. rounding is the bound of [Rounding], of a loss of
// count entries that was computed directly or not. In such a loss the errors of the
// entries are independent, so that the sum of them is smaller by √count, but that
// ε·x is also what is left of residuals.
func Still[T asm.Float](rounding, size float64, count int, direct bool) float64 {
	if !(size < math.MaxFloat64) {
		return rounding
	}
	if direct {
		ε := Precision[T]()
		rounding = min(rounding, 4*rounding/math.Sqrt(float64(count))+16*ε*ε*size)
	}
	return rounding + 2*Precision[float64]()*size
}
