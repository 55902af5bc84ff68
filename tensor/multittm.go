package tensor

// Products along several modes, one after the other. Along mode n, J_n x I_n, a
// product takes the size s of what is left to 2·s·J_n flops and s·J_n/I_n
// elements, so of two neighbours a comes first when
//
//	J_a + J_a·J_b/I_a < J_b + J_a·J_b/I_b,  that is  1/I_a - 1/J_a < 1/I_b - 1/J_b,
//
// whatever is done before and behind. So sorting by 1/I - 1/J gives the order of
// fewest flops.

import (
	"polyad/internal/par"
	"polyad/matrix"
)

// MultiModeProduct returns the product of t with a matrix along each mode,
//
//	y = t ×_0 u[0] ×_1 u[1] … ,  u[n] of shape J_n x I_n
//
// where u has one matrix for each mode, nil for a mode that is left as it is.
// With transpose u[n] is I_n x J_n and its transpose is multiplied, as for the
// core of a Tucker decomposition with factors u. See [MultiModeProductTo].
func MultiModeProduct[T Float](p *par.Pool, t *Dense[T], u []*matrix.Dense[T], transpose bool) *Dense[T] {
	t.checkFields("MultiModeProduct")
	shape := append([]int(nil), t.Shape...)
	for n, m := range u {
		if m != nil && n < len(shape) {
			shape[n] = m.Rows
			if transpose {
				shape[n] = m.Cols
			}
		}
	}
	y := New[T](shape...)
	MultiModeProductTo(p, y, t, u, transpose)
	return y
}

// MultiModeProductTo writes the product of t with a matrix along each mode into
// dst, which has the resulting shape, is contiguous and does not overlap t or u.
// The modes are taken in the order of fewest flops, each as by [ModeProductTo]:
// 2·s·J_n where s is the size of what is left before it. A t that is not
// contiguous is copied first. It panics when shapes do not fit.
func MultiModeProductTo[T Float](p *par.Pool, dst, t *Dense[T], u []*matrix.Dense[T], transpose bool) {
	w := getWork[T]()
	w.MultiModeProductTo(p, dst, t, u, transpose)
	putWork(w)
}

// MultiModeProductTo is the function [MultiModeProductTo] in this memory.
func (w *Work[T]) MultiModeProductTo(p *par.Pool, dst, t *Dense[T], u []*matrix.Dense[T], transpose bool) {
	w.plan("MultiModeProduct", dst, t, u, transpose)
	if len(w.modes) == 0 {
		t.CopyTo(dst.Data[:dst.Len()])
		return
	}
	if dst.Len() == 0 {
		return
	}
	if t.Len() == 0 {
		clear(dst.Data)
		return
	}
	x := t.Contiguous().Data
	for k, n := range w.modes {
		l, i, r := splitShape(w.shape, n)
		j := dst.Shape[n]
		y := dst.Data
		if k < len(w.modes)-1 {
			w.buf[k%2] = grow(w.buf[k%2], l*j*r)
			y = w.buf[k%2][:l*j*r]
		}
		w.modeProduct(p, y, x, l, i, r, u[n], j, transpose)
		w.shape[n], x = j, y
	}
}

// plan checks the shapes and leaves the modes in their order in w.modes, the
// shape of t in w.shape.
func (w *Work[T]) plan(op string, dst, t *Dense[T], u []*matrix.Dense[T], transpose bool) {
	w.check(op)
	t.checkFields(op)
	dst.checkFields(op)
	if len(u) != len(t.Shape) || len(dst.Shape) != len(t.Shape) || !dst.IsContiguous() {
		fail(op, "%d matrices for shape %v into shape %v, strides %v", len(u), t.Shape, dst.Shape, dst.Strides)
	}
	w.modes, w.shape = w.modes[:0], append(w.shape[:0], t.Shape...)
	for n, m := range u {
		j, i := t.Shape[n], t.Shape[n]
		if m != nil {
			j, i = m.Rows, m.Cols
			if transpose {
				j, i = i, j
			}
			checkFields(op, m)
			w.modes = append(w.modes, n)
		}
		if i != t.Shape[n] || j != dst.Shape[n] {
			fail(op, "%d into %d along mode %d of shape %v into shape %v", i, j, n, t.Shape, dst.Shape)
		}
	}
	// By insertion, as there are few; equal keys keep the last mode first, whose
	// product reads t along memory.
	key := func(n int) float64 { return 1/float64(t.Shape[n]) - 1/float64(dst.Shape[n]) }
	for k := range w.modes {
		n := w.modes[k]
		i := k
		for ; i > 0 && key(n) <= key(w.modes[i-1]); i-- {
			w.modes[i] = w.modes[i-1]
		}
		w.modes[i] = n
	}
}
