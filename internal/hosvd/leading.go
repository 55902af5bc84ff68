// Package hosvd finds the leading left singular vectors of the unfoldings of an
// array, with which Tucker decompositions begin and canonical ones may. No
// unfolding is formed.
//
// References: L. De Lathauwer, B. De Moor, J. Vandewalle, A multilinear singular
// value decomposition, SIAM J. Matrix Anal. Appl. 21 (2000).
package hosvd

import (
	"math"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/tensor"
)

// gramRows is the number of rows of an unfolding up to which its Gram matrix is
// decomposed; beyond it the eigenvectors cost more than passes over the data.
const gramRows = 400

// Leading returns the k = min(rank, I_n, |X|/I_n) leading left singular vectors
// (I_n x k) and singular values, descending, of the mode-n unfolding of x, with
// the signs of [matrix.ThinSVD]. An unfolding of few rows is decomposed by its
// Gram matrix (as by [matrix.GramSVD]: values below about 1e-8 of the largest, 1e-4
// of float32 data, are noise), with a block iteration where few vectors are wanted
// and the values fall, others by [matrix.SVD]. Their starts seed determines.
// x is not empty; it is copied when it is not contiguous. When it holds NaN or
// Inf, or a product overflows, ok is false. Cost |X|·I_n flops and about 9·I_n³ by
// the Gram matrix (less by the iteration), else 26·(k+10)·|X| in 14 passes, with |X|/I_n·(k+10) numbers of
// memory.
func Leading[T asm.Float](p *par.Pool, x *tensor.Dense[T], mode, rank int, seed uint64) (u *matrix.Dense[T], s []float64, ok bool) {
	u, s, _, ok = LeadingNext(p, x, mode, rank, seed)
	return u, s, ok
}

// LeadingNext is [Leading] with the singular value after the k leading ones, NaN
// when there is none or it is not known.
func LeadingNext[T asm.Float](p *par.Pool, x *tensor.Dense[T], mode, rank int, seed uint64) (u *matrix.Dense[T], s []float64, next float64, ok bool) {
	next = math.NaN()
	x = x.Contiguous()
	l, size, r := x.Split(mode)
	k := min(rank, size, l*r)
	if size <= gramRows && size <= l*r {
		g := Gram(p, x, mode)
		wide, s, ok := leadingSpace(p, g, k, seed)
		if ok {
			for i, v := range s {
				s[i] = math.Sqrt(max(v, 0))
			}
		} else if wide, s, ok = matrix.GramSVD(g, k+1); !ok {
			return nil, nil, next, false
		} else if len(s) > k {
			wide, s, next = wide.View(0, 0, size, k).Clone(), s[:k:k], s[k]
		}
		return matrix.Convert[T](wide), s, next, true
	}
	u, s, _ = matrix.SVD(p, matrix.Operator[T](&unfolding[T]{p: p, x: x.Data, l: l, size: size, r: r}), k, seed)
	for _, v := range s {
		if v-v != 0 {
			return nil, nil, next, false
		}
	}
	return u, s, next, true
}

// Gram returns X_(n)·X_(n)ᵀ, I_n x I_n, for a contiguous x. Cost |X|·I_n flops.
func Gram[T asm.Float](p *par.Pool, x *tensor.Dense[T], mode int) *matrix.Dense[float64] {
	l, size, r := x.Split(mode)
	g := matrix.New[float64](size, size)
	if r == 1 {
		matrix.Gram(p, g, matrix.Of(l, size, x.Data), false)
	} else {
		matrix.GramStack(p, g, matrix.Of(l*size, r, x.Data))
	}
	return g
}

// unfolding is the mode-n unfolding of l matrices size x r side by side.
type unfolding[T asm.Float] struct {
	p          *par.Pool
	x          []T
	l, size, r int
}

// Dims returns the shape of the unfolding.
func (u *unfolding[T]) Dims() (rows, cols int) { return u.size, u.l * u.r }

// MulTo writes X_(n)·y.
func (u *unfolding[T]) MulTo(dst, y *matrix.Dense[T]) {
	if u.r == 1 {
		matrix.Gemm(u.p, true, false, 1, matrix.Of(u.l, u.size, u.x), y, 0, dst)
		return
	}
	for i := range u.l {
		beta := T(1)
		if i == 0 {
			beta = 0
		}
		matrix.Gemm(u.p, false, false, 1, u.part(i), y.View(i*u.r, 0, u.r, y.Cols), beta, dst)
	}
}

// TMulTo writes X_(n)ᵀ·y.
func (u *unfolding[T]) TMulTo(dst, y *matrix.Dense[T]) {
	if u.r == 1 {
		matrix.Gemm(u.p, false, false, 1, matrix.Of(u.l, u.size, u.x), y, 0, dst)
		return
	}
	for i := range u.l {
		matrix.Gemm(u.p, true, false, 1, u.part(i), y, 0, dst.View(i*u.r, 0, u.r, dst.Cols))
	}
}

func (u *unfolding[T]) part(i int) *matrix.Dense[T] {
	return matrix.Of(u.size, u.r, u.x[i*u.size*u.r:(i+1)*u.size*u.r])
}
