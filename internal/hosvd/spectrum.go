package hosvd

import (
	"math"

	"polyad/asm"
)

// Count returns how many of descending singular values of T data are told from
// rounding errors: by Gram matrices, which square them, those above about the root
// of the precision times the largest.
func Count[T asm.Float](s []float64) int {
	within := math.Ldexp(1, -24)
	if asm.SizeOf[T]() == 4 {
		within = math.Ldexp(1, -9)
	}
	for k, v := range s {
		if !(v > within*s[0]) {
			return k
		}
	}
	return len(s)
}

// Tied reports whether singular values are equal up to rounding, so that their
// vectors are arbitrary ones of a space: inside, two of the descending s that [Count]
// tells from rounding errors, and at the border the last of s and the next one, which
// may be NaN.
func Tied[T asm.Float](s []float64, next float64) (inside, border bool) {
	within := 1e-10
	if asm.SizeOf[T]() == 4 {
		within = 1e-5
	}
	k := Count[T](s)
	for i := 1; i < k; i++ {
		inside = inside || s[i-1]-s[i] <= within*s[i-1]
	}
	return inside, k > 0 && k == len(s) && s[k-1]-next <= within*s[k-1]
}
