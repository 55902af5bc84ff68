package nnls

import (
	"fmt"
	"math"

	"polyad/asm"
	"polyad/matrix"
	"polyad/reg"
)

// HALS sweeps over the components of a factor X (r x I, a component per row)
// that minimizes ½||V - UᵀX||_F² + l1||X||_1 + l2||X||_F² with U fixed: with
// A = U·V and G = UUᵀ, for k = 0 … r-1
//
//	x_k ← max(Floor, (a_k - Σ_{s≠k} G_ks·x_s - l1) / (G_kk + 2·l2))
//
// (Cichocki, Phan 2009). A component whose denominator is 0, or that is held, is skipped. The
// columns of X are independent of each other, so X may be cut into tiles of
// columns. Each step minimizes exactly, so the objective never rises.
type HALS[T asm.Float] struct {
	Floor T
	// Signed lets entries be of both signs: Floor does not count, and l1 draws
	// y = a_k - Σ_{s≠k} G_ks·x_s towards 0 from both sides, sign(y)·max(|y| - l1, 0)
	// being what is divided.
	Signed bool
	Held   []bool // components that stay as they are; nil: none
	gram   []T    // r x r; row k times 2^shift[k]
	inv    []T    // 1/(G_kk + 2·l2), or 0
	shift  []int  // 0 but where G_kk is so far from 1 that dividing by it would not do
	plain  bool   // all shifts are 0, and no penalty differs between columns
	l1, l2 float64
	l1Rows []T // per column of X, or nil
	l2Rows []T
}

// CheckHALS returns an error wrapping [reg.ErrPenalty] when a term of the penalty
// has a degree other than 1 and 2.
func CheckHALS(p reg.Penalty) error { return checkQuadratic("hals", p) }

func checkQuadratic(method string, p reg.Penalty) error {
	for _, t := range p.Active() {
		if t.Degree != 1 && t.Degree != 2 {
			return fmt.Errorf("%w: %s knows the degrees 1 and 2, not %g; use mu", reg.ErrPenalty, method, t.Degree)
		}
	}
	return nil
}

// NewHALS returns the sweep for factors with r components of length n and the
// given penalty, or the error of [CheckHALS].
func NewHALS[T asm.Float](r, n int, p reg.Penalty, floor T) (*HALS[T], error) {
	h := &HALS[T]{Floor: floor, gram: make([]T, r*r), inv: make([]T, r), shift: make([]int, r)}
	if err := CheckHALS(p); err != nil {
		return nil, err
	}
	h.l1, h.l2, h.l1Rows, h.l2Rows = quadratic[T](p, n)
	return h, nil
}

// quadratic returns the weights of a penalty of the degrees 1 and 2, those of
// all n columns and those of each, nil where there are none.
func quadratic[T asm.Float](p reg.Penalty, n int) (l1, l2 float64, l1Rows, l2Rows []T) {
	for _, t := range p.Active() {
		first := t.Degree == 1
		switch {
		case t.Rows == nil && first:
			l1 += t.Weight
		case t.Rows == nil:
			l2 += t.Weight
		case first:
			l1Rows = addRows(l1Rows, n, t)
		default:
			l2Rows = addRows(l2Rows, n, t)
		}
	}
	return l1, l2, l1Rows, l2Rows
}

func addRows[T asm.Float](to []T, n int, t reg.Term) []T {
	if to == nil {
		to = make([]T, n)
	}
	for i, w := range t.Rows {
		to[i] += T(t.Weight * w)
	}
	return to
}

// SetGram sets G. Rounding it from float64 happens here, and rows whose diagonal
// is out of the range in which T divides well are scaled by a power of two,
// which cancels in the quotient.
func (h *HALS[T]) SetGram(g *matrix.Dense[float64]) {
	limit := 400
	if asm.SizeOf[T]() == 4 {
		limit = 50
	}
	h.plain = h.l1Rows == nil && h.l2Rows == nil && !(h.Signed && h.l1 != 0)
	for k := 0; k < g.Rows; k++ {
		row := g.Row(k)
		h.shift[k] = 0
		if _, e := math.Frexp(row[k] + 2*h.l2); e > limit || e < -limit {
			h.shift[k] = -e / 2 // A is about as far from 1 as the root of G_kk
			h.plain = false
		}
		for l, v := range row {
			h.gram[k*g.Cols+l] = T(math.Ldexp(v, h.shift[k]))
		}
		h.inv[k] = 0
		if den := h.denominator(k); den != 0 && (h.Held == nil || !h.Held[k]) {
			h.inv[k] = 1 / den
		}
	}
}

// denominator returns G_kk + 2·l2, shifted.
func (h *HALS[T]) denominator(k int) T {
	return h.gram[k*len(h.shift)+k] + T(math.Ldexp(2*h.l2, h.shift[k]))
}

// Sweep makes one sweep over columns j0… of the factor: x and a hold those
// columns (r x L), tmp has room for L numbers. It returns the squared Frobenius
// norm of the change. Cost 2·L·r² flops; see [asm.Kernels.HALS] for what rows
// of x should not be apart.
func (h *HALS[T]) Sweep(x, a *matrix.Dense[T], j0 int, tmp []T) (change float64) {
	ker := asm.For[T]()
	if h.plain {
		floor := h.Floor
		if h.Signed {
			floor = T(math.Inf(-1))
		}
		return ker.HALS(x.Rows, x.Cols, h.gram, x.Rows, a.Data, a.Stride, x.Data, x.Stride, h.inv, T(h.l1), floor)
	}
	r := x.Rows
	tmp = tmp[:x.Cols]
	for k := 0; k < r; k++ {
		if h.Held != nil && h.Held[k] {
			continue
		}
		den := h.denominator(k)
		if den == 0 && h.l2Rows == nil {
			continue
		}
		copy(tmp, a.Row(k))
		shiftAll(tmp, h.shift[k])
		subtractOthers(ker, tmp, x, h.gram[k*r:k*r+r], k)
		change += h.minimize(x.Row(k), tmp, j0, den, h.shift[k])
	}
	return change
}

// minimize sets the columns j0… of a component, x, to where they minimize the
// objective, given the rest of them: y is what is divided, but for the
// penalties.
func (h *HALS[T]) minimize(x, y []T, j0 int, den T, shift int) (change float64) {
	l1 := T(math.Ldexp(h.l1, shift))
	for j, v := range y {
		c := den
		if h.l2Rows != nil {
			c += T(math.Ldexp(2*float64(h.l2Rows[j0+j]), shift))
		}
		if c == 0 {
			continue
		}
		less := l1
		if h.l1Rows != nil {
			less += T(math.Ldexp(float64(h.l1Rows[j0+j]), shift))
		}
		switch {
		case !h.Signed:
			v = max((v-less)/c, h.Floor)
		case v < 0:
			v = min(v+less, 0) / c
		default:
			v = max(v-less, 0) / c
		}
		d := float64(v - x[j])
		change += d * d
		x[j] = v
	}
	return change
}

// shiftAll multiplies x by 2^shift.
func shiftAll[T asm.Float](x []T, shift int) {
	if shift == 0 {
		return
	}
	for j, v := range x {
		x[j] = T(math.Ldexp(float64(v), shift))
	}
}

// subtractOthers subtracts Σ_{s≠k} g[s]·x_s from y.
func subtractOthers[T asm.Float](ker *asm.Kernels[T], y []T, x *matrix.Dense[T], g []T, k int) {
	var f [4]T
	var rows [4][]T
	n := 0
	for s := range g {
		if s == k || g[s] == 0 {
			continue
		}
		f[n], rows[n] = -g[s], x.Row(s)
		if n++; n == 4 {
			ker.Axpy4(f[0], f[1], f[2], f[3], rows[0], rows[1], rows[2], rows[3], y)
			n = 0
		}
	}
	for u := 0; u < n; u++ {
		ker.Axpy(f[u], rows[u], y)
	}
}
