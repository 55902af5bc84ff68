package fitting

import (
	"math"

	"polyad/asm"
	"polyad/matrix"
)

// Level sets a factor of samples, one a row, to the start from which a transform
// finds it: rows have equal entries, and give samples of the model the sums of
// those of the data x, whose last index is that of the sample. columns are the sums
// of what one unit of each component adds to a sample; components of which that is
// 0 or less get zeros. It reports whether the entries are within the range of T.
func Level[T asm.Float](f *matrix.Dense[T], columns []float64, x []T) bool {
	var model float64
	for _, s := range columns {
		model += max(s, 0)
	}
	sums := make([]float64, f.Rows)
	for i := 0; i < len(x); i += len(sums) {
		for j, v := range x[i : i+len(sums)] {
			sums[j] += float64(v)
		}
	}
	for j, s := range sums {
		v := T(s / model)
		if !(s > 0 && model > 0) {
			v = 0
		}
		if math.IsInf(float64(v), 0) {
			return false
		}
		for q, c := range columns {
			if f.Row(j)[q] = 0; c > 0 {
				f.Row(j)[q] = v
			}
		}
	}
	return true
}
