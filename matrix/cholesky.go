package matrix

import (
	"math"
	"sync"

	"polyad/asm"
	"polyad/internal/par"
)

// choleskyBlock is the number of rows that are factored at once. Of matrices with
// choleskyLarge rows or more choleskyPanel columns are.
const (
	choleskyBlock = 32
	choleskyPanel = 128
	choleskyLarge = 640
)

// Cholesky overwrites the lower triangle of a symmetric matrix A (r x r) with L,
// where A = L·Lᵀ and the diagonal of L is positive. What lies above the diagonal
// is neither read nor written. It returns false when A is not positive definite
// in the precision of T, or holds a NaN: the lower triangle is then of no use,
// neither A's nor L's. It panics when A is not square. Products of a large A run in
// parallel on p; nil, which is what callers outside of polyad pass, means on the
// calling goroutine. The result does not depend on the number of workers. Cost r³/3
// flops.
//
// Block row by block row, with L₀₀ the rows of L above and all sums but those of
// the diagonal block taken by the kernel of [TriSolve]:
//
//	L₁₀ = A₁₀·L₀₀⁻ᵀ,  L₁₁·L₁₁ᵀ = A₁₁ - L₁₀·L₁₀ᵀ,
//
// or where A is large panel by panel of columns, of which L₁₀ is already known, and
// L₂₀ below it:
//
//	L₁₁·L₁₁ᵀ = A₁₁ - L₁₀·L₁₀ᵀ,  L₂₁ = (A₂₁ - L₂₀·L₁₀ᵀ)·L₁₁⁻ᵀ
//
// (G. Golub, C. Van Loan, Matrix Computations, 4.2).
func Cholesky[T Float](p *par.Pool, a *Dense[T]) (ok bool) {
	a.checkFields("Cholesky")
	if a.Rows != a.Cols {
		fail("Cholesky", "%d x %d is not square", a.Rows, a.Cols)
	}
	pool := &choleskyPools[asm.SizeOf[T]()/8]
	w, _ := pool.Get().(*choleskyWork[T])
	if w == nil {
		w = &choleskyWork[T]{}
	}
	ok = w.factor(p, a)
	pool.Put(w)
	return ok
}

var choleskyPools [2]sync.Pool

// choleskyWork is the memory of a factorization: the rows of a block, transposed,
// their products, and 1 over the diagonal; and of one by panels.
type choleskyWork[T Float] struct {
	turned, products, inv []T

	left, below, diagonal, to Dense[T]
	square                    Dense[float64]
	squares                   []float64
	gram                      GramWork[T]
	solver                    solver[T]
}

// factor factors a large matrix by panels of columns.
func (w *choleskyWork[T]) factor(p *par.Pool, a *Dense[T]) bool {
	r := a.Rows
	if r < choleskyLarge {
		return w.byRows(a)
	}
	w.squares = atLeast(w.squares, choleskyPanel*choleskyPanel)
	ok := true
	for k0 := 0; ok && k0 < r; k0 += choleskyPanel {
		n := min(choleskyPanel, r-k0)
		k1 := k0 + n
		w.diagonal, w.to = a.block(k0, k0, n, n), a.block(k1, k0, r-k1, n)
		if k0 > 0 {
			w.left, w.below = a.block(k0, 0, n, k0), a.block(k1, 0, r-k1, k0)
			w.square = Dense[float64]{Rows: n, Cols: n, Stride: n, Data: w.squares[:n*n]}
			w.gram.Gram(p, &w.square, &w.left, true)
			for i := range n {
				to, from := w.diagonal.Row(i), w.square.Row(i)[:i+1]
				for j, v := range from {
					to[j] = T(float64(to[j]) - v)
				}
			}
			Gemm(p, false, true, -1, &w.below, &w.left, 1, &w.to)
		}
		if ok = w.byRows(&w.diagonal); ok {
			w.solver.solve("Cholesky", p, &w.diagonal, true, false, true, &w.to)
		}
	}
	w.left, w.below, w.diagonal, w.to = Dense[T]{}, Dense[T]{}, Dense[T]{}, Dense[T]{}
	return ok
}

// byRows factors a small matrix by block rows.
func (w *choleskyWork[T]) byRows(a *Dense[T]) bool {
	r := a.Rows
	if len(w.inv) < r {
		w.turned, w.products, w.inv = make([]T, r*choleskyBlock), make([]T, choleskyBlock*choleskyBlock), make([]T, r)
	}
	ker := asm.For[T]()
	for i0 := 0; i0 < r; i0 += choleskyBlock {
		n := min(choleskyBlock, r-i0)
		if i0 > 0 {
			left := a.block(i0, 0, n, i0)
			turned := Dense[T]{Rows: i0, Cols: n, Stride: n, Data: w.turned[:i0*n]}
			left.TransposeTo(&turned)
			ker.SolveLower(i0, n, a.Data, a.Stride, false, w.inv, w.turned, n)
			turned.TransposeTo(&left)
			ker.Mul(n, n, i0, w.turned, 1, n, w.turned, n, w.products, n, false, true)
		} else {
			clear(w.products)
		}
		block := a.block(i0, i0, n, n)
		if !factorBlock(&block, w.products, w.inv[i0:]) {
			return false
		}
	}
	return true
}

// factorBlock factors A - P for a small P, row by row, summing in float64, and
// writes 1 over the diagonal.
func factorBlock[T Float](a *Dense[T], p, inv []T) bool {
	n := a.Rows
	for i := range n {
		row := a.Data[i*a.Stride : i*a.Stride+i+1]
		for j := range row {
			s := float64(row[j]) - float64(p[i*n+j])
			for l, v := range a.Data[j*a.Stride : j*a.Stride+j] {
				s -= float64(row[l]) * float64(v)
			}
			if j < i {
				row[j] = T(s * float64(inv[j]))
				continue
			}
			row[i] = T(math.Sqrt(s))
			inv[i] = 1 / row[i]
			// NaN is not greater than 0, and Inf leaves no reciprocal.
			if !(row[i] > 0 && inv[i] > 0 && float64(inv[i]) <= math.MaxFloat64) {
				return false
			}
		}
	}
	return true
}
