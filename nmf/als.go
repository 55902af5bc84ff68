package nmf

import (
	"polyad/asm"
	"polyad/internal/nnls"
	"polyad/internal/par"
	"polyad/matrix"
)

// leastSquares is alternating least squares: with A = WᵀV and G = WᵀW, for every
// column of H (and in the same way for every row of W)
//
//	ANLS:  h = argmin_{h≥0} ½hᵀGh - aᵀh + l1·Σh + l2·||h||²   (Kim, Park 2011)
//	ALS:   h = max(0, (G + 2·l2·I)⁻¹(a - l1))
//
// A sweep costs 4·m·n·r flops for the products; the rest is in package
// internal/nnls. W is worked on as a transposed copy.
type leastSquares[T asm.Float] struct {
	*state[T]
	solveW, solveH  solution[T]
	turned, turnedA *matrix.Dense[T] // Wᵀ and (VHᵀ)ᵀ
	task            productsW[T]
}

// solution minimizes over one factor.
type solution[T asm.Float] interface {
	SetGram(*matrix.Dense[float64])
	Solve(*par.Pool, *matrix.Dense[T], *matrix.Dense[T]) (ridges int)
}

func newANLS[T asm.Float](s *state[T]) (*leastSquares[T], error) {
	w, err := nnls.NewBPP[T](s.w.Cols, s.w.Rows, s.blockW.Penalty, s.pool.Workers())
	if err != nil {
		return nil, err
	}
	h, err := nnls.NewBPP[T](s.h.Rows, s.h.Cols, s.blockH.Penalty, s.pool.Workers())
	if err != nil {
		return nil, err
	}
	return newLeastSquares(s, w, h), nil
}

func newALS[T asm.Float](s *state[T]) (*leastSquares[T], error) {
	w, err := nnls.NewLS[T](s.w.Cols, s.w.Rows, s.blockW.Penalty, s.pool.Workers())
	if err != nil {
		return nil, err
	}
	h, err := nnls.NewLS[T](s.h.Rows, s.h.Cols, s.blockH.Penalty, s.pool.Workers())
	if err != nil {
		return nil, err
	}
	return newLeastSquares(s, w, h), nil
}

func newLeastSquares[T asm.Float](s *state[T], w, h solution[T]) *leastSquares[T] {
	l := &leastSquares[T]{state: s, solveW: w, solveH: h,
		turned: matrix.New[T](s.w.Cols, s.w.Rows), turnedA: matrix.New[T](s.w.Cols, s.w.Rows)}
	l.task.state = s
	s.Numbers = append(s.Numbers, &s.ridges)
	return l
}

func (l *leastSquares[T]) updateW() {
	l.prepareW()
	l.pool.Run(l.x.Blocks(), &l.task)
	l.w.TransposeTo(l.turned)
	l.wNum.TransposeTo(l.turnedA)
	l.solveW.SetGram(l.gramH)
	l.ridges += float64(l.solveW.Solve(l.pool, l.turned, l.turnedA))
	l.turned.TransposeTo(l.w)
}

func (l *leastSquares[T]) updateH() {
	l.prepareH()
	l.hTotals(false, true)
	l.solveH.SetGram(l.gramW)
	l.ridges += float64(l.solveH.Solve(l.pool, l.h, l.hNum))
}

// productsW computes VHᵀ.
type productsW[T asm.Float] struct{ *state[T] }

func (t *productsW[T]) Do(block, worker int) { t.wBlock(block, worker, false) }
