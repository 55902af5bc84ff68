package tensor

// The mode product, tensor times matrix: Y_(n) = U·X_(n).

import (
	"polyad/internal/par"
	"polyad/matrix"
)

// ModeProduct returns the product of t with a matrix along a mode,
//
//	y[…, j, …] = Σ_i u[j, i] · t[…, i, …]
//
// Y = X ×_n U for U of shape J x I_n. With transpose u is I_n x J and Uᵀ is
// multiplied, as for a projection onto the columns of U. See [ModeProductTo].
func ModeProduct[T Float](p *par.Pool, t *Dense[T], u *matrix.Dense[T], mode int, transpose bool) *Dense[T] {
	t.checkMode("ModeProduct", mode)
	checkFields("ModeProduct", u)
	shape := append([]int(nil), t.Shape...)
	shape[mode] = u.Rows
	if transpose {
		shape[mode] = u.Cols
	}
	y := New[T](shape...)
	ModeProductTo(p, y, t, u, mode, transpose)
	return y
}

// ModeProductTo writes the product of t with a matrix along a mode into dst,
// which has the shape of t with J in place of I_n, is contiguous and does not
// overlap t or u. No unfolding is made: t is read once, where it lies; a t that
// is not contiguous is copied first. Sums are taken in T, in an order that depends
// on the shapes only. It panics when shapes do not fit. Cost 2·|X|·J flops.
func ModeProductTo[T Float](p *par.Pool, dst, t *Dense[T], u *matrix.Dense[T], mode int, transpose bool) {
	w := getWork[T]()
	w.ModeProductTo(p, dst, t, u, mode, transpose)
	putWork(w)
}

// ModeProductTo is the function [ModeProductTo] in this memory.
func (w *Work[T]) ModeProductTo(p *par.Pool, dst, t *Dense[T], u *matrix.Dense[T], mode int, transpose bool) {
	w.check("ModeProduct")
	t.checkMode("ModeProduct", mode)
	dst.checkFields("ModeProduct")
	checkFields("ModeProduct", u)
	j, size := u.Rows, u.Cols
	if transpose {
		j, size = size, j
	}
	l, i, r := t.Split(mode)
	fits := size == i && len(dst.Shape) == len(t.Shape) && dst.IsContiguous()
	for n := 0; fits && n < len(t.Shape); n++ {
		fits = dst.Shape[n] == t.Shape[n] || n == mode && dst.Shape[n] == j
	}
	if !fits || dst.Shape[mode] != j {
		fail("ModeProduct", "%d x %d (transposed: %v) along mode %d of shape %v into shape %v, strides %v",
			u.Rows, u.Cols, transpose, mode, t.Shape, dst.Shape, dst.Strides)
	}
	w.modeProduct(p, dst.Data, t.Contiguous().Data, l, i, r, u, j, transpose)
}

// modeProduct computes y (l x j x r) from x (l x i x r).
func (w *Work[T]) modeProduct(p *par.Pool, y, x []T, l, i, r int, u *matrix.Dense[T], j int, transpose bool) {
	if len(y) == 0 || i == 0 {
		clear(y)
		return
	}
	data, stride := u.Data, u.Stride
	if !transpose {
		w.u = grow(w.u, i*j)
		u.TransposeTo(&matrix.Dense[T]{Rows: i, Cols: j, Stride: j, Data: w.u})
		data, stride = w.u, j
	}
	if r > 1 {
		w.in.of(x, l, i, r, j, nil)
		w.in.u, w.in.uRow = data, stride
		w.in.run(p, y, r, j*r)
		return
	}
	w.out.x, w.out.l, w.out.i, w.out.r, w.out.rank = x, 1, l, i, j
	w.out.a = nil
	w.out.b.whole(data, i)
	w.out.b.stride = stride
	w.out.run(p, y, j, false)
}
