package fitting

import (
	"math"

	"polyad/asm"
	"polyad/matrix"
)

// ColumnNorm returns the Euclidean norm of column q of f, or with sum the sum of
// the absolute values; sums of squares neither overflow nor underflow.
func ColumnNorm[T asm.Float](f *matrix.Dense[T], q int, sum bool) float64 {
	var one float64
	var two Norm
	for i := range f.Rows {
		v := float64(f.Row(i)[q])
		one += math.Abs(v)
		two.Add(v)
	}
	if sum {
		return one
	}
	return two.Value()
}

// UnitColumn divides column q of f by its [ColumnNorm] and returns that. A column
// of zeros stays.
func UnitColumn[T asm.Float](f *matrix.Dense[T], q int, sum bool) (norm float64) {
	norm = ColumnNorm(f, q, sum)
	if norm == 0 {
		return 0
	}
	for i := range f.Rows {
		f.Row(i)[q] = T(float64(f.Row(i)[q]) / norm)
	}
	return norm
}
