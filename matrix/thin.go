package matrix

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"polyad/internal/par"
)

// Small dense decompositions, by gonum. What is not finite is told before gonum
// sees it, since it panics there or does not end.

// nearTop is the part of the largest magnitude at which an entry counts as
// equal to it, so that rounding does not choose between entries that are equal
// in exact arithmetic.
const nearTop = 0.99

// ThinSVD returns the singular value decomposition A = U·diag(s)·Vᵀ of an m x n
// matrix, with k = min(m, n): U m x k, s descending, V n x k. The columns of U
// and V are orthonormal also where s is 0. In each column of U the first entry
// whose magnitude is within one percent of the column's largest is positive.
// float32 is converted first. When a holds NaN or Inf, or a norm overflows, ok
// is false and nothing else returned.
//
// Only the k x k triangle that [QR] leaves is decomposed by gonum. Cost about
// 8·max(m, n)·k² + 20·k³ flops.
func ThinSVD[T Float](p *par.Pool, a *Dense[T]) (u *Dense[float64], s []float64, v *Dense[float64], ok bool) {
	a.checkFields("ThinSVD")
	q := Convert[float64](a)
	if a.Rows < a.Cols {
		q = q.Transpose()
	}
	r, ok := QR(p, q)
	if !ok {
		return nil, nil, nil, false
	}
	left, s, v, ok := squareSVD(r)
	if !ok {
		return nil, nil, nil, false
	}
	u = New[float64](q.Rows, q.Cols)
	Gemm(p, false, false, 1, q, left, 0, u)
	if a.Rows < a.Cols {
		u, v = v, u
	}
	fixSigns(u, v)
	return u, s, v, true
}

// squareSVD is gonum's decomposition of a square matrix, which it scales to a
// magnitude near 1.
func squareSVD(a *Dense[float64]) (u *Dense[float64], s []float64, v *Dense[float64], ok bool) {
	n := a.Rows
	u, v = New[float64](n, n), New[float64](n, n)
	if n == 0 {
		return u, []float64{}, v, true
	}
	e, ok := shrink(a)
	var d mat.SVD
	if !ok || !d.Factorize(ToMat(a), mat.SVDThin) {
		return nil, nil, nil, false
	}
	d.UTo(ToMat(u))
	d.VTo(ToMat(v))
	s, ok = grow(d.Values(nil), e)
	return u, s, v, ok
}

// EigenSym returns the eigenvalues of a symmetric n x n matrix, descending, and
// in the columns of vectors (n x n) orthonormal eigenvectors, each with the sign
// of U's columns in [ThinSVD]. Only the upper triangle of a is read; float32 is
// converted first. When it holds NaN or Inf, or a value overflows, ok is false and
// nothing else returned. EigenSym panics when a is not square. Cost about 9·n³ flops.
func EigenSym[T Float](a *Dense[T]) (values []float64, vectors *Dense[float64], ok bool) {
	a.checkFields("EigenSym")
	n := a.Rows
	if a.Cols != n {
		fail("EigenSym", "%d x %d is not square", n, a.Cols)
	}
	vectors = New[float64](n, n)
	if n == 0 {
		return []float64{}, vectors, true
	}
	upper := New[float64](n, n)
	for i := range n {
		for j, v := range a.Row(i)[i:] {
			upper.Set(i, i+j, float64(v))
		}
	}
	e, ok := shrink(upper)
	var d mat.EigenSym
	if !ok || !d.Factorize(mat.NewSymDense(n, upper.Data), true) {
		return nil, nil, false
	}
	d.VectorsTo(ToMat(upper))
	ascending, ok := grow(d.Values(nil), e)
	if !ok {
		return nil, nil, false
	}
	values = make([]float64, n)
	for k := range n {
		values[k] = ascending[n-1-k]
		for i := range n {
			vectors.Set(i, k, upper.At(i, n-1-k))
		}
	}
	fixSigns(vectors, nil)
	return values, vectors, true
}

// GramSVD returns the k = min(rank, I) leading left singular vectors (I x k) and
// singular values of a matrix X of I rows, of which only the Gram matrix XXᵀ (I x
// I, as [Gram] makes it) is needed: for an X with far more columns than rows. The
// values are the roots of the eigenvalues; squaring has cost those below about
// 1e-8 of the largest their digits, and their vectors the meaning, though not
// the orthonormality. Order, signs and ok are those of [EigenSym]; GramSVD panics
// when g is not square or rank negative. Cost about 9·I³ flops.
func GramSVD(g *Dense[float64], rank int) (u *Dense[float64], s []float64, ok bool) {
	g.checkFields("GramSVD")
	if g.Rows != g.Cols {
		fail("GramSVD", "%d x %d is not square", g.Rows, g.Cols)
	}
	if rank < 0 {
		fail("GramSVD", "rank %d", rank)
	}
	s, u, ok = EigenSym(g)
	if !ok {
		return nil, nil, false
	}
	k := min(rank, g.Rows)
	s = s[:k:k]
	for i, v := range s {
		s[i] = math.Sqrt(max(v, 0))
	}
	return u.View(0, 0, g.Rows, k).Clone(), s, true
}

// shrink scales a to a magnitude near 1 by 2^-e; ok is false when a is not
// finite.
func shrink(a *Dense[float64]) (e int, ok bool) {
	top, ok := largest(a.Data)
	if top == 0 || !ok {
		return 0, ok
	}
	e = exponent(top)
	for i, v := range a.Data {
		a.Data[i] = power(v, -e)
	}
	return e, true
}

// grow undoes shrink for values that go with the matrix; ok is false when one
// overflows.
func grow(values []float64, e int) ([]float64, bool) {
	for i, v := range values {
		values[i] = power(v, e)
	}
	_, ok := largest(values)
	return values, ok
}

// FixSigns gives the columns of u the sign that [ThinSVD] documents, in place.
func FixSigns[T Float](u *Dense[T]) {
	u.checkFields("FixSigns")
	fixSigns(u, nil)
}

// fixSigns gives the columns of u the sign that [ThinSVD] documents, and those of
// v, if there is one, the same.
func fixSigns[T Float](u, v *Dense[T]) {
	top, negative := make([]T, u.Cols), make([]int, u.Cols)
	for i := range u.Rows {
		for k, x := range u.Row(i) {
			top[k] = max(top[k], x, -x)
		}
	}
	for i := range u.Rows {
		for k, x := range u.Row(i) {
			if negative[k] == 0 && max(x, -x) >= nearTop*top[k] {
				negative[k] = 1
				if x < 0 {
					negative[k] = -1
				}
			}
		}
	}
	for _, m := range []*Dense[T]{u, v} {
		if m == nil {
			continue
		}
		for i := range m.Rows {
			row := m.Row(i)
			for k, s := range negative {
				if s < 0 {
					row[k] = -row[k]
				}
			}
		}
	}
}
