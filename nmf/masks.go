package nmf

import (
	"fmt"
	"math"

	"polyad/asm"
	"polyad/matrix"
)

// Masks are the soft masks of a model W·H: the share of each component in every
// entry,
//
//	M_q[i, j] = (W[i, q]·H[q, j])^α / Σ_s (W[i, s]·H[s, j])^α,
//
// 1/r where the sum is 0 (r being the number of components), so that they sum
// to 1 everywhere. They are computed when they are needed and take the memory
// of the factors.
//
// So that no magnitude overflows, columns of W and of H are divided by powers of
// two: a product is then at most 1, and its power is the product of powers that
// are taken once. Where all products underflow, logarithms are used.
type Masks struct {
	rows, cols, rank int
	alpha            float64

	w, h       *matrix.Dense[float64] // rank x rows, cols x rank: scaled, to the power α
	logW, logH *matrix.Dense[float64] // log2 of the factors, not scaled
}

// SoftMasks returns the masks of the model with exponent alpha: 1 for the ratio
// of a component to the model, 2 for that of their squares (Wiener). 0 stands for
// 1. The model must be finite and not negative; the error wraps [ErrOption],
// [ErrShape] or [ErrData]. Cost O((m+n)·r).
func (m *Model[T]) SoftMasks(alpha float64) (*Masks, error) {
	if alpha == 0 {
		alpha = 1
	}
	if !(alpha > 0) || math.IsInf(alpha, 1) {
		return nil, fmt.Errorf("nmf: %w: the exponent of the masks is %v, must be positive and finite", ErrOption, alpha)
	}
	if m == nil || m.W == nil || m.H == nil || m.W.Cols < 1 {
		return nil, fmt.Errorf("nmf: %w: a model without components has no masks", ErrShape)
	}
	if err := m.check(m.W.Rows, m.H.Cols, m.W.Cols); err != nil {
		return nil, err
	}
	return newMasks(m.W, m.H, alpha), nil
}

func newMasks[T asm.Float](w, h *matrix.Dense[T], alpha float64) *Masks {
	m := &Masks{
		rows: w.Rows, cols: h.Cols, rank: w.Cols, alpha: alpha,
		w: matrix.Convert[float64](w).Transpose(), h: matrix.Convert[float64](h).Transpose(),
	}
	m.logW, m.logH = logarithms(m.w), logarithms(m.h)
	top := make([]int, m.rank) // W[i, q] < 2^top[q]
	silent := make([]bool, m.rank)
	for q := range top {
		column := m.w.Row(q)
		most := largest(column)
		top[q], silent[q] = exponentOf(most), most == 0
		for i, v := range column {
			column[i] = scaledPower(v, top[q], alpha)
		}
	}
	for j := range m.cols {
		column := m.h.Row(j)
		most := math.MinInt
		for q, v := range column {
			if silent[q] {
				column[q] = 0
			} else if v > 0 {
				most = max(most, exponentOf(v)+top[q])
			}
		}
		for q, v := range column {
			column[q] = scaledPower(v, most-top[q], alpha)
		}
	}
	return m
}

// largest returns the largest of nonnegative numbers, 0 for none.
func largest(x []float64) (most float64) {
	for _, v := range x {
		most = max(most, v)
	}
	return most
}

// exponentOf returns the e for which v is in [2^(e-1), 2^e), 0 for v = 0.
func exponentOf(v float64) int {
	_, e := math.Frexp(v)
	return e
}

// scaledPower returns (v / 2^e)^alpha without an intermediate result that could
// overflow or underflow when this does not.
func scaledPower(v float64, e int, alpha float64) float64 {
	if v == 0 {
		return 0
	}
	fraction, own := math.Frexp(v)
	return math.Pow(fraction, alpha) * math.Exp2(alpha*float64(own-e))
}

func logarithms(x *matrix.Dense[float64]) *matrix.Dense[float64] {
	l := matrix.New[float64](x.Rows, x.Cols)
	for i := 0; i < x.Rows; i++ {
		to := l.Row(i)
		for j, v := range x.Row(i) {
			to[j] = math.Log2(v)
		}
	}
	return l
}

// Components returns the number r of components.
func (m *Masks) Components() int {
	if m == nil {
		return 0
	}
	return m.rank
}

// ColumnTo writes rows i0… of column j of the mask of component q, as many as
// dst has, into dst. sum is scratch of at least that length, allocated when it is
// nil. It panics when an index or a length is wrong. Cost 2·r flops an entry.
func (m *Masks) ColumnTo(dst, sum []float64, q, i0, j int) {
	if m == nil {
		panic(matrix.Error{Op: "Masks.ColumnTo", Msg: "the masks are nil"})
	}
	if q < 0 || q >= m.rank || j < 0 || j >= m.cols || i0 < 0 || len(dst) > m.rows-i0 || sum != nil && len(sum) < len(dst) {
		panic(matrix.Error{Op: "Masks.ColumnTo", Msg: fmt.Sprintf("component %d of %d, column %d of %d, rows %d to %d of %d, scratch of %d",
			q, m.rank, j, m.cols, i0, i0+len(dst), m.rows, len(sum))})
	}
	if sum == nil {
		sum = make([]float64, len(dst))
	}
	sum = sum[:len(dst)]
	// Below this a term that matters may have lost digits.
	const tiny = 1e-280
	h := m.h.Row(j)
	clear(sum)
	for s, g := range h {
		if g == 0 {
			continue
		}
		for i, v := range m.w.Row(s)[i0 : i0+len(sum)] {
			sum[i] += g * v
		}
	}
	for i, v := range m.w.Row(q)[i0 : i0+len(dst)] {
		if sum[i] < tiny {
			dst[i] = m.exact(i0+i, q, j)
		} else {
			dst[i] = h[q] * v / sum[i]
		}
	}
}

// TileTo writes the tile of the mask of component q that has the shape of dst and
// begins at (i, j) into dst. It panics when the tile goes beyond the model.
func (m *Masks) TileTo(dst *matrix.Dense[float64], q, i, j int) {
	if !dst.Valid() {
		panic(matrix.Error{Op: "Masks.TileTo", Msg: "a tile that is nil, or whose fields do not fit each other"})
	}
	column, sum := make([]float64, dst.Rows), make([]float64, dst.Rows)
	for c := range dst.Cols {
		m.ColumnTo(column, sum, q, i, j+c)
		for r, v := range column {
			dst.Row(r)[c] = v
		}
	}
}

// exact computes one entry from the logarithms.
func (m *Masks) exact(i, q, j int) float64 {
	most := math.Inf(-1)
	for s := 0; s < m.rank; s++ {
		most = max(most, m.logW.At(s, i)+m.logH.At(j, s))
	}
	if math.IsInf(most, -1) {
		return 1 / float64(m.rank)
	}
	power := func(s int) float64 { return math.Exp2(m.alpha * (m.logW.At(s, i) + m.logH.At(j, s) - most)) }
	var sum float64
	for s := 0; s < m.rank; s++ {
		sum += power(s)
	}
	return power(q) / sum
}
