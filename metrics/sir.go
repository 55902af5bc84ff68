package metrics

import (
	"fmt"
	"math"

	"polyad/asm"
	"polyad/matrix"
)

// MaxSIR is the largest ratio that [SIR] returns, in dB: that of columns that are
// equal but for rounding, for which it would be infinite.
const MaxSIR = 300

// SIR is the signal to interference ratio in dB of the columns of two factors a
// (I x r) and b (I x r'), such as W or Hᵀ of a model and of the true one: for columns
// s and e that are matched
//
//	-20·log10 ‖s/‖s‖ - e/‖e‖‖,  at most [MaxSIR],
//
// of e and -e the nearer one, which is -10·log10(2(1 - c)) with c the absolute
// cosine: the measure of NMFLAB (A. Cichocki, R. Zdunek), but columns keep their
// means, and the assignment is exact, not greedy: the sum of the cosines is largest,
// for this factor alone. Scale and order of the components do not matter, nor which
// factor is the true one.
//
// each[q] is the ratio of column q of a and match[q] the column of b that it is
// matched with; NaN and -1 where there is none. The mean is over min(r, r') columns,
// as in [FMS]: a column that is zero, entries of at most eps counting as zeros, is
// matched with none and counts like one at a right angle, -3.01 dB, unless both
// factors have lost it; factors that have lost all columns are equal. The error wraps
// [ErrShape] or, for NaN and Inf, [ErrData]. Cost 2·r·r'·I flops and the assignment.
func SIR[T asm.Float](a, b *matrix.Dense[T], eps float64) (mean float64, each []float64, match []int, err error) {
	if a.Rows != b.Rows {
		return 0, nil, nil, fmt.Errorf("metrics: %w: columns of %d and %d entries", ErrShape, a.Rows, b.Rows)
	}
	if err := finite(a, b); err != nil {
		return 0, nil, nil, fmt.Errorf("metrics: factor %w", err)
	}
	r, s := a.Cols, b.Cols
	weightA, weightB := make([]float64, r), make([]float64, s) // logarithms; -Inf: zero
	u, v := unit(a, weightA, eps), unit(b, weightB, eps)
	cos := matrix.New[float64](r, s)
	matrix.Gemm(nil, true, false, 1, u, v, 0, cos)
	for i, c := range cos.Data {
		cos.Data[i] = math.Abs(c)
	}
	match, _ = Assign(cos)
	pairs := min(max(alive(weightA), alive(weightB)), r, s)
	lost := pairs // columns beside nothing
	each = make([]float64, r)
	for q, k := range match {
		if k < 0 || math.IsInf(weightA[q], -1) || math.IsInf(weightB[k], -1) {
			match[q], each[q] = -1, math.NaN()
			continue
		}
		var minus, plus float64
		for i := range u.Rows {
			x, y := u.Row(i)[q], v.Row(i)[k]
			minus += (x - y) * (x - y)
			plus += (x + y) * (x + y)
		}
		each[q] = min(-10*math.Log10(min(minus, plus)), MaxSIR)
		mean += each[q]
		lost--
	}
	if pairs == 0 {
		return MaxSIR, each, match, nil
	}
	mean -= 10 * math.Log10(2) * float64(lost)
	return mean / float64(pairs), each, match, nil
}
