package tensor

import (
	"polyad/internal/par"
	"polyad/matrix"
)

// MTTKRP writes the matricized tensor times Khatri-Rao product of one mode into
// dst, I_n x r:
//
//	dst[i, q] = Σ t[i_0, …, i, …, i_{N-1}] · Π_{m≠n} f[m][i_m, q]  over the indices but i
//
// which is X_(n) times the [KhatriRao] product of the factors but f[n]. Neither
// is formed: t is read once, where it lies. f has one matrix I_m x r for each
// mode, of which f[n] is not looked at and may be nil. A t that is not contiguous
// is copied first. dst must not overlap t or f. Sums are taken in T, in an order
// that depends on the shapes only. It panics when shapes do not fit. Cost
// 2·|X|·r flops (A. Phan, P. Tichavský, A. Cichocki, Fast alternating LS
// algorithms for high order CANDECOMP/PARAFAC tensor factorizations, IEEE TSP
// 61, 2013, for the order of the sums).
func MTTKRP[T Float](p *par.Pool, dst *matrix.Dense[T], t *Dense[T], f []*matrix.Dense[T], mode int) {
	w := getWork[T]()
	w.MTTKRP(p, dst, t, f, mode)
	putWork(w)
}

// MTTKRP is the function [MTTKRP] in this memory.
func (w *Work[T]) MTTKRP(p *par.Pool, dst *matrix.Dense[T], t *Dense[T], f []*matrix.Dense[T], mode int) {
	w.check("MTTKRP")
	t.checkFactors("MTTKRP", dst, f, mode)
	l, size, r := t.Split(mode)
	rank := dst.Cols
	if t.Len() == 0 || rank == 0 {
		dst.Zero()
		return
	}
	x := t.Contiguous().Data
	last := mode == len(t.Shape)-1
	if words := size * r * rank; l > 1 && (last || l >= 4*r && r < mttkrpShort && words <= len(x)/2) {
		// Sum over the modes before first: there is little left to do behind.
		w.in.of(x, 1, l, size*r, rank, f[:mode])
		w.buf[0] = grow(w.buf[0], words)
		w.in.run(p, w.buf[0], size*r, size*r)
		w.tv.x, w.tv.rank, w.tv.shape, w.tv.f = w.buf[0], rank, t.Shape, f
		w.tv.modes, w.tv.keep = modeRange(mode, len(f)), 1<<mode
		w.tv.run(p, nil, dst, nil)
		return
	}
	w.out.x, w.out.l, w.out.i, w.out.r, w.out.rank = x, l, size, r, rank
	w.out.a = f[:mode]
	w.out.b.set(f[mode+1:], rank, len(x))
	w.out.run(p, dst.Data, dst.Stride, false)
}

// mttkrpShort is how long rows are at least from which on they are summed over
// first where they follow each other, rather than read down columns that are far
// apart.
const mttkrpShort = 32

// checkFactors panics when f and dst do not fit the MTTKRP of a mode.
func (t *Dense[T]) checkFactors(op string, dst *matrix.Dense[T], f []*matrix.Dense[T], mode int) {
	t.checkMode(op, mode)
	if len(f) != len(t.Shape) || len(f) > maxOrder {
		fail(op, "%d factors for shape %v", len(f), t.Shape)
	}
	checkFields(op, dst)
	if dst.Rows != t.Shape[mode] {
		fail(op, "%d x %d for mode %d of shape %v", dst.Rows, dst.Cols, mode, t.Shape)
	}
	for n, m := range f {
		if n != mode && (m == nil || m.Rows != t.Shape[n] || m.Cols != dst.Cols) {
			rows, cols := 0, 0
			if m != nil {
				rows, cols = m.Dims()
			}
			fail(op, "factor %d is %d x %d for shape %v and %d components", n, rows, cols, t.Shape, dst.Cols)
		}
		if n != mode {
			checkFields(op, m)
		}
	}
}

// checkFields panics where m is not Valid.
func checkFields[T Float](op string, m *matrix.Dense[T]) {
	if m == nil {
		fail(op, "a matrix is nil")
	}
	if !m.Valid() {
		fail(op, "a matrix %d x %d with Stride %d and %d elements of Data", m.Rows, m.Cols, m.Stride, len(m.Data))
	}
}
