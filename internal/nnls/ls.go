package nnls

import (
	"slices"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/reg"
)

// LS is the projected least squares step: what [BPP] minimizes, but without the
// constraint, after which negative entries become 0,
//
//	X = max(0, (G + 2·l2·I)⁻¹(A - l1)),
//
// but 0 in columns where A - l1 is nowhere positive. It need not lower the objective. Scaling, ridges and range are those of BPP. A
// step costs r³/3 flops, for every column when l2 has weights of its own for
// each, and 2r² for each column.
type LS[T asm.Float] struct {
	*BPP[T]
	task par.Task // this, as Pool.Run takes it
}

// CheckLS returns an error wrapping [reg.ErrPenalty] when a term of the penalty
// has a degree other than 1 and 2.
func CheckLS(p reg.Penalty) error { return checkQuadratic("als", p) }

// NewLS returns the solver for factors with r components of length n, the given
// penalty and pools of at most the given number of workers, or the error of
// [CheckLS].
func NewLS[T asm.Float](r, n int, p reg.Penalty, workers int) (*LS[T], error) {
	if err := CheckLS(p); err != nil {
		return nil, err
	}
	b, err := NewBPP[T](r, n, p, workers)
	l := &LS[T]{BPP: b}
	l.task = l
	return l, err
}

// Solve sets x (r x n) for the last G and the right sides a, r x n; x is not
// read. Columns whose right side is not finite become NaN, all of them when G is
// not finite. Solve returns how many times a ridge made a matrix positive
// definite.
func (l *LS[T]) Solve(pool *par.Pool, x, a *matrix.Dense[T]) (ridges int) {
	return l.solve(pool, l.task, x, a)
}

// Do solves a block of columns.
func (l *LS[T]) Do(block, worker int) {
	w := &l.work[worker]
	j0 := block * bppColumns
	columns := min(l.n-j0, bppColumns)
	l.load(w, j0, columns)
	w.set = w.set[:0]
	for k, s := range l.scale {
		if s > 0 {
			w.set = append(w.set, k)
		}
	}
	ker := asm.For[float64]()
	for i, j := range w.active {
		if i == 0 || w.l2[j] != w.l2[w.active[i-1]] {
			l.diagonal(w.diag, w.l2[j])
			w.ridges += w.factor(ker, l.gram, w.diag, l.ridge/4)
		}
		// Where a ≤ l1 everywhere, 0 minimizes over X ≥ 0; without the constraint
		// a penalty far above the data would be divided by next to nothing.
		if x, a, _ := w.column(j); slices.Max(a) > 0 {
			w.solve(ker, x, a)
		}
	}
	l.store(w, j0, columns)
}
