package metrics

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"polyad/asm"
	"polyad/matrix"
)

// ErrShape and ErrData are wrapped by errors about models that cannot be compared:
// their shapes do not fit, or hold NaN or Inf.
var (
	ErrShape = errors.New("wrong shape")
	ErrData  = errors.New("invalid data")
)

// FMSOptions say how models are compared. The zero value leaves the weights of
// the components out.
type FMSOptions struct {
	// Weighted multiplies the score of a pair by min(w, w')/max(w, w'), where w is
	// the weight of a component: the product of the norms of its columns.
	Weighted bool
	// Skip are modes that are left out of the product of cosines, as the mode of the
	// samples is when models of two halves of the data are compared; in these modes
	// the models may have different sizes. The weights and pruning still are those of
	// all modes. Default none.
	Skip []int
	// Eps is the floor that a multiplicative update keeps entries above: those of
	// at most Eps in absolute value count as zeros.
	Eps float64
}

// FMS is the factor match score of two models whose factors are a and b, a
// matrix I_n x r per mode and one I_n x r' (for nmf W and Hᵀ): the mean over
// matched pairs of components of
//
//	|Π_modes cos(a_n^q, b_n^s)|,
//
// matched so that the sum is largest (E. Acar, D. M. Dunlavy, T. G. Kolda, M.
// Mørup, Scalable tensor factorizations for incomplete data, 2011; with the
// weights as in its definition there). min(r, r') components are matched.
//
// A pruned component, one with a column of zeros, matches nothing: without that
// rule a component at the floor of a multiplicative update is a constant that
// resembles any nonnegative column. Pairs of which both must be pruned are left
// out of the mean, so that a model compared with itself scores 1 whatever it has
// lost; two models without any component are equal.
//
// match[q] is the component of b that q of a is matched with, or -1. The error
// wraps [ErrShape] and says where the shapes do not fit, or [ErrData] and says where
// a factor holds NaN or Inf. Cost 2·r·r'·ΣI_n flops and the assignment.
func FMS[T asm.Float](a, b []*matrix.Dense[T], o FMSOptions) (score float64, match []int, err error) {
	m, err := matched(a, b, o)
	if err != nil {
		return 0, nil, err
	}
	pairs := min(max(m.aliveA, m.aliveB), a[0].Cols, b[0].Cols)
	if pairs == 0 {
		return 1, m.match, nil
	}
	return m.total / float64(pairs), m.match, nil
}

// Recovery says how much of a reference model another model has found.
type Recovery struct {
	// Score is the sum of the scores of the matched pairs (those of [FMS]) over the
	// number of components of the reference that are not pruned: 1 when all were
	// found, 1 also when there are none.
	Score float64
	// Matched components have a partner in the other model with which they have
	// anything in common, Missing ones of the reference and Extra ones of the model
	// have not. Pruned components do not count.
	Matched, Missing, Extra int
	// Match[q] is the component of the reference that q of the model is matched
	// with, or -1.
	Match []int
}

// Recovered compares the model with factors a with the reference with factors b, as
// [FMS] does, with its errors and cost. FMS is symmetric and takes the mean over
// min(r, r') pairs, so that a model that lacks a component of the reference scores as
// one that has it; here it loses the component's share.
func Recovered[T asm.Float](a, b []*matrix.Dense[T], o FMSOptions) (Recovery, error) {
	m, err := matched(a, b, o)
	if err != nil {
		return Recovery{}, err
	}
	r := Recovery{Score: 1, Match: m.match}
	for q, k := range m.match {
		if k >= 0 && m.scores.At(q, k) > 0 {
			r.Matched++
		}
	}
	r.Missing, r.Extra = m.aliveB-r.Matched, m.aliveA-r.Matched
	if m.aliveB > 0 {
		r.Score = m.total / float64(m.aliveB)
	}
	return r, nil
}

// pairing is the best assignment of the components of two models: scores r x r',
// their sum over matched pairs, and how many components of either are not pruned.
type pairing struct {
	scores         *matrix.Dense[float64]
	match          []int
	total          float64
	aliveA, aliveB int
}

// matched scores all pairs of components and pairs them.
func matched[T asm.Float](a, b []*matrix.Dense[T], o FMSOptions) (m pairing, err error) {
	if len(a) == 0 || len(a) != len(b) {
		return m, fmt.Errorf("metrics: %w: models of %d and %d modes", ErrShape, len(a), len(b))
	}
	skip := make([]bool, len(a))
	for _, n := range o.Skip {
		if n < 0 || n >= len(a) {
			return m, fmt.Errorf("metrics: %w: mode %d is to be left out of models with modes 0 to %d", ErrShape, n, len(a)-1)
		}
		skip[n] = true
	}
	if !slices.Contains(skip, false) {
		return m, fmt.Errorf("metrics: %w: all modes are left out", ErrShape)
	}
	for n := range a {
		if a[n] == nil || b[n] == nil {
			return m, fmt.Errorf("metrics: %w: factor %d is nil", ErrShape, n)
		}
		if a[n].Rows != b[n].Rows && !skip[n] || a[n].Cols != a[0].Cols || b[n].Cols != b[0].Cols {
			return m, fmt.Errorf("metrics: %w: factor %d is %d x %d in one model and %d x %d in the other, and factor 0 is %d x %d and %d x %d", ErrShape, n,
				a[n].Rows, a[n].Cols, b[n].Rows, b[n].Cols, a[0].Rows, a[0].Cols, b[0].Rows, b[0].Cols)
		}
		if err := finite(a[n], b[n]); err != nil {
			return m, fmt.Errorf("metrics: factor %d %w", n, err)
		}
	}
	r, s := a[0].Cols, b[0].Cols
	weightA, weightB := make([]float64, r), make([]float64, s) // logarithms; -Inf: pruned
	for n := range a {
		u, v := unit(a[n], weightA, o.Eps), unit(b[n], weightB, o.Eps)
		if skip[n] {
			continue
		}
		cos := matrix.New[float64](r, s)
		matrix.Gemm(nil, true, false, 1, u, v, 0, cos)
		if m.scores == nil {
			m.scores = cos
			continue
		}
		for i, c := range cos.Data {
			m.scores.Data[i] *= c
		}
	}
	for q, wa := range weightA {
		row := m.scores.Row(q)
		for k, wb := range weightB {
			row[k] = min(math.Abs(row[k]), 1)
			if math.IsInf(wa, -1) || math.IsInf(wb, -1) {
				row[k] = 0
			} else if o.Weighted {
				row[k] *= math.Exp(-math.Abs(wa - wb))
			}
		}
	}
	m.match, m.total = Assign(m.scores)
	for q, k := range m.match {
		if k >= 0 && (math.IsInf(weightA[q], -1) || math.IsInf(weightB[k], -1)) {
			m.match[q] = -1
		}
	}
	m.aliveA, m.aliveB = alive(weightA), alive(weightB)
	return m, nil
}

// finite returns an error when one of two factors holds NaN or Inf.
func finite[T asm.Float](a, b *matrix.Dense[T]) error {
	for k, x := range []*matrix.Dense[T]{a, b} {
		for i := range x.Rows {
			for q, v := range x.Row(i) {
				if v-v != 0 {
					return fmt.Errorf("of the %s model: %w: element (%d, %d) is %v", [...]string{"first", "second"}[k], ErrData, i, q, v)
				}
			}
		}
	}
	return nil
}

// alive counts the components that are not pruned.
func alive(weights []float64) (n int) {
	for _, w := range weights {
		if !math.IsInf(w, -1) {
			n++
		}
	}
	return n
}

// unit returns x with columns of norm 1, entries of at most eps being zero, and
// adds the logarithms of the norms to weights.
func unit[T asm.Float](x *matrix.Dense[T], weights []float64, eps float64) *matrix.Dense[float64] {
	u := matrix.Convert[float64](x)
	top := make([]float64, x.Cols)
	for i := range u.Rows {
		for q, v := range u.Row(i) {
			if math.Abs(v) <= eps {
				u.Row(i)[q] = 0
				continue
			}
			top[q] = math.Max(top[q], math.Abs(v))
		}
	}
	sums := make([]float64, x.Cols)
	for i := range u.Rows {
		for q, v := range u.Row(i) {
			if v != 0 {
				v /= top[q]
				u.Row(i)[q] = v
				sums[q] += v * v
			}
		}
	}
	for q, s := range sums {
		weights[q] += math.Log(top[q]) + math.Log(s)/2
		if s == 0 {
			weights[q] = math.Inf(-1)
		}
		sums[q] = math.Sqrt(s)
	}
	for i := range u.Rows {
		for q, v := range u.Row(i) {
			if v != 0 {
				u.Row(i)[q] = v / sums[q]
			}
		}
	}
	return u
}
