package matrix

import (
	"math"
	"math/rand/v2"

	"polyad/internal/par"
)

// Truncated singular value decomposition by subspace iteration from a random
// start (N. Halko, P. G. Martinsson, J. A. Tropp, Finding structure with
// randomness, SIAM Review 53, 2011, algorithms 4.4 and 5.1): with a Gaussian
// start P of k + svdExtra columns,
//
//	P ← orth(Aᵀ·orth(A·P))   svdRounds times
//	A·P = Q·R,  R = U'·S·W'ᵀ,  U = Q·U',  V = P·W'
//
// Each round multiplies the share of a singular value beyond the k + svdExtra
// leading ones against that of σ_k by the square of their ratio.
const (
	svdExtra  = 10
	svdRounds = 6
)

// SVD returns the k = min(rank, m, n) leading singular triplets of an m x n
// matrix: U m x k and V n x k with orthonormal columns and s descending, so that
// U·diag(s)·Vᵀ is a best approximation of A of rank k. Signs are those of
// [ThinSVD].
//
// When 3·(k+10) is not below the shorter side, the result is exact up to rounding
// in T. Otherwise the leading vectors are found by six rounds of subspace
// iteration with k+10 columns from a Gaussian start, which seed alone
// determines: exact again where the singular values fall clearly below s_k
// within ten places of it, and else an approximation whose error is hardly above
// the best one. Singular values below about the rounding error of T times the
// largest are noise.
//
// The small factorizations and products run in parallel on p, those with A as a
// does them; the result does not depend on the number of workers. When A holds
// NaN or Inf, or a product with it overflows, all of u, s and v are NaN. SVD
// panics when rank is negative. Cost about 26·(k+10) flops for each entry of A and
// 45·(m+n)·(k+10)²; the memory is a few matrices of k+10 columns, and never a
// factor of full rank of the longer side.
func SVD[T Float](p *par.Pool, a Operator[T], rank int, seed uint64) (u *Dense[T], s []float64, v *Dense[T]) {
	if a == nil {
		fail("SVD", "the operator is nil")
	}
	if rank < 0 {
		fail("SVD", "rank %d", rank)
	}
	m, n := a.Dims()
	k := min(rank, m, n)
	if m < n {
		v, s, u = tallSVD(p, transposed[T]{a}, k, seed)
	} else {
		u, s, v = tallSVD(p, a, k, seed)
	}
	fixSigns(u, v)
	return u, s, v
}

// tallSVD is SVD for m ≥ n, but for the signs.
func tallSVD[T Float](p *par.Pool, a Operator[T], k int, seed uint64) (u *Dense[T], s []float64, v *Dense[T]) {
	m, n := a.Dims()
	u, v = New[T](m, k), New[T](n, k)
	if k == 0 {
		return u, []float64{}, v
	}
	wide := k + svdExtra
	exact := n <= 3*wide
	if exact {
		wide = n
	}
	basis, y := New[T](n, wide), New[T](m, wide)
	ok := true
	if exact {
		for i := range n {
			basis.Set(i, i, 1)
		}
	} else {
		ok = leadingRows(p, a, basis, y, seed)
	}
	a.MulTo(y, basis)
	var r, left, right *Dense[float64]
	if ok {
		r, ok = QR(p, y)
	}
	if ok {
		left, s, right, ok = squareSVD(r)
	}
	if !ok {
		s = make([]float64, k)
		for _, x := range [][]T{u.Data, v.Data} {
			for i := range x {
				x[i] = T(math.NaN())
			}
		}
		for i := range s {
			s[i] = math.NaN()
		}
		return u, s, v
	}
	Gemm(p, false, false, 1, y, Convert[T](left.View(0, 0, wide, k)), 0, u)
	Gemm(p, false, false, 1, basis, Convert[T](right.View(0, 0, wide, k)), 0, v)
	return u, s[:k:k], v
}

// leadingRows fills basis with orthonormal columns that span nearly the space of
// the leading right singular vectors; y is scratch.
func leadingRows[T Float](p *par.Pool, a Operator[T], basis, y *Dense[T], seed uint64) (ok bool) {
	r := rand.New(rand.NewPCG(seed, 0x737664)) // "svd": unlike streams that start from the seed alone
	for i := range basis.Data {
		basis.Data[i] = T(r.NormFloat64())
	}
	for range svdRounds {
		a.MulTo(y, basis)
		if _, ok = QR(p, y); !ok {
			return false
		}
		a.TMulTo(basis, y)
		if _, ok = QR(p, basis); !ok {
			return false
		}
	}
	return true
}
