package tucker

import (
	"math"
	"slices"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/matrix"
)

// hooi is higher-order orthogonal iteration (De Lathauwer, De Moor, Vandewalle, On
// the best rank-1 and rank-(R_1, …, R_N) approximation of higher-order tensors,
// SIAM J. Matrix Anal. Appl. 21, 2000): with the data projected onto the other
// factors, P = X ×_{k≠n} U_kᵀ,
//
//	U_n ← the J_n leading left singular vectors of P_(n),   G = X ×_0 U_0ᵀ ×_1 U_1ᵀ …
//
// The vectors are found by block iteration from the last ones,
//
//	W ← orth(P_(n)ᵀ·U_n),  Y = P_(n)·W,  U_n ← orth(Y),
//
// which never lowers ||U_nᵀ·P_(n)|| = ||G|| and so never raises the error. A visit
// ends when the residual ||Y - U_n·(U_nᵀ·Y)|| is a tenth of what it was at first,
// or nothing beside ||Y||, and after hooiSteps steps: close to the end of a run the
// last factors are nearly right, and before it they need not be. A step costs
// 4·I_n·K·J_n flops with K the columns of P_(n), against 2·|X|·J for the first
// product of P; a full decomposition of P_(n) would cost more than all of that.
type hooi[T asm.Float] struct {
	*state[T]
	modes []hooiMode[T]
}

// hooiSteps bounds the steps of a visit.
const hooiSteps = 5

// hooiMode is the memory of one mode.
type hooiMode[T asm.Float] struct {
	p      unfolded[T]
	w      *matrix.Dense[T] // K x J_n
	y, z   *matrix.Dense[T] // I_n x J_n
	h      *matrix.Dense[T] // J_n x J_n
	qw, qy matrix.QRWork[T]
}

func newHOOI[T asm.Float](s *state[T]) (*hooi[T], error) {
	a := &hooi[T]{state: s, modes: make([]hooiMode[T], len(s.f))}
	for n, f := range s.f {
		if s.o.fixed[n] || f.Rows == f.Cols {
			continue
		}
		k := s.core.Len() / f.Cols
		m := &a.modes[n]
		m.p.reserve(f.Rows, k)
		m.w, m.h = matrix.New[T](k, f.Cols), matrix.New[T](f.Cols, f.Cols)
		m.y, m.z = matrix.New[T](f.Rows, f.Cols), matrix.New[T](f.Rows, f.Cols)
	}
	return a, nil
}

// prepare makes the factors of a given start orthonormal.
func (a *hooi[T]) prepare() {
	if a.given == nil {
		return
	}
	m := &Model[T]{Core: a.core, Factors: append([]*matrix.Dense[T](nil), a.f...)}
	for n, fixed := range a.o.fixed[:len(a.f)] {
		if fixed {
			m.Factors[n] = nil
		}
	}
	if m.orthonormalize(a.pool) != nil {
		return // the run ends with an error
	}
	for n, f := range m.Factors {
		if f != nil {
			a.f[n].Copy(f)
			a.changed(n)
		}
	}
}

func (a *hooi[T]) update(block int) {
	if block == len(a.f) {
		copy(a.core.Data, a.x.Project(block, a.f).Data)
		return
	}
	m, u := &a.modes[block], a.f[block]
	if m.w == nil { // all of the space
		return
	}
	m.p.set(a.x.Project(block, a.f), block)
	none := float64(fitting.Precision[T]()) * 8
	var first float64
	for step := 1; ; step++ {
		m.p.timesTo(a.pool, m.w, u, true)
		_, ok := m.qw.QR(a.pool, m.w)
		m.p.timesTo(a.pool, m.y, m.w, false)
		matrix.Gemm(a.pool, true, false, 1, u, m.y, 0, m.h)
		m.z.Copy(m.y)
		matrix.Gemm(a.pool, false, false, -1, u, m.h, 1, m.z)
		rest, all := math.Sqrt(matrix.Inner(m.z, m.z)), math.Sqrt(matrix.Inner(m.y, m.y))
		if ok {
			_, ok = m.qy.QR(a.pool, m.y)
		}
		if !ok { // the run ends with an error
			for i := range u.Data {
				u.Data[i] = T(math.NaN())
			}
			return
		}
		u.Copy(m.y)
		if step == 1 {
			first = rest
		}
		if step == hooiSteps || rest <= none*all || step > 1 && rest <= .1*first {
			return
		}
	}
}

// finish turns the model into the form of an HOSVD; fixed factors stay.
func (a *hooi[T]) finish() {
	m := &Model[T]{Core: a.core, Factors: append([]*matrix.Dense[T](nil), a.f...)}
	for n, fixed := range a.o.fixed[:len(a.f)] {
		if fixed {
			m.Factors[n] = nil
		}
	}
	if m.turn(a.pool) != nil || !slices.Equal(m.Core.Shape, a.core.Shape) {
		return
	}
	copy(a.core.Data, m.Core.Data)
	for n, f := range m.Factors {
		if f != nil {
			a.f[n].Copy(f)
			a.changed(n)
		}
	}
}
