package metrics

import (
	"math"

	"polyad/asm"
	"polyad/matrix"
)

// Density returns the fraction of entries of x whose absolute value is strictly
// above 2·eps. With eps = 0 it counts the entries that are not zero. It is 0 for
// a matrix without entries.
func Density[T asm.Float](x *matrix.Dense[T], eps float64) float64 {
	n := 0
	for i := 0; i < x.Rows; i++ {
		for _, v := range x.Row(i) {
			if math.Abs(float64(v)) > 2*eps {
				n++
			}
		}
	}
	if n == 0 {
		return 0
	}
	return float64(n) / (float64(x.Rows) * float64(x.Cols))
}
