package tensor

import (
	"slices"

	"polyad/matrix"
)

// Slice returns the part of t whose index in the given mode lies in [lo, hi),
// as a view.
func (t *Dense[T]) Slice(mode, lo, hi int) *Dense[T] {
	t.checkMode("Slice", mode)
	if lo < 0 || hi < lo || hi > t.Shape[mode] {
		fail("Slice", "[%d, %d) of mode %d outside shape %v", lo, hi, mode, t.Shape)
	}
	s := &Dense[T]{Shape: slices.Clone(t.Shape), Strides: slices.Clone(t.Strides)}
	s.Shape[mode] = hi - lo
	if s.Len() == 0 {
		return s
	}
	first, last := lo*t.Strides[mode], 0
	for n, size := range s.Shape {
		last += (size - 1) * s.Strides[n]
	}
	s.Data = t.Data[first : first+last+1]
	return s
}

// Permute returns a view whose mode n is mode order[n] of t. order must hold
// each mode once.
func (t *Dense[T]) Permute(order ...int) *Dense[T] {
	t.checkFields("Permute")
	p := &Dense[T]{Shape: make([]int, len(t.Shape)), Strides: make([]int, len(t.Shape)), Data: t.Data}
	seen := make([]bool, len(t.Shape))
	if len(order) != len(seen) {
		fail("Permute", "order %v for shape %v", order, t.Shape)
	}
	for n, m := range order {
		if m < 0 || m >= len(seen) || seen[m] {
			fail("Permute", "order %v for shape %v", order, t.Shape)
		}
		seen[m] = true
		p.Shape[n], p.Strides[n] = t.Shape[m], t.Strides[m]
	}
	return p
}

// Reshape returns a view with another shape and the same elements in row-major
// order. It panics when the numbers of elements differ, or when t is not
// contiguous: use t.Contiguous().Reshape(…) where a copy is wanted.
func (t *Dense[T]) Reshape(shape ...int) *Dense[T] {
	t.checkFields("Reshape")
	n, ok := Elements(shape)
	if !ok || n != t.Len() {
		fail("Reshape", "%v into %v", t.Shape, shape)
	}
	if !t.IsContiguous() {
		fail("Reshape", "shape %v with strides %v is not contiguous; copy it with Contiguous first", t.Shape, t.Strides)
	}
	return Of(t.Data[:n], shape...)
}

// FromMatrix returns m as an array of order 2, sharing memory.
func FromMatrix[T Float](m *matrix.Dense[T]) *Dense[T] {
	checkFields("FromMatrix", m)
	return &Dense[T]{Shape: []int{m.Rows, m.Cols}, Strides: []int{max(m.Stride, 0), 1}, Data: m.Data}
}

// Matrix returns an array of order 2 as a matrix. It shares memory with t when
// the rows of t lie along memory, and is a copy otherwise. It panics when the
// order is not 2.
func (t *Dense[T]) Matrix() *matrix.Dense[T] {
	t.checkFields("Matrix")
	if len(t.Shape) != 2 {
		fail("Matrix", "order %d, shape %v", len(t.Shape), t.Shape)
	}
	if (t.Strides[1] != 1 && t.Shape[1] > 1) || (t.Strides[0] < t.Shape[1] && t.Shape[0] > 1) {
		t = t.Clone()
	}
	stride := t.Strides[0]
	if t.Shape[0] <= 1 || stride < t.Shape[1] {
		stride = t.Shape[1]
	}
	return &matrix.Dense[T]{Rows: t.Shape[0], Cols: t.Shape[1], Data: t.Data, Stride: stride}
}

func (t *Dense[T]) checkMode(op string, mode int) {
	t.checkFields(op)
	if mode < 0 || mode >= len(t.Shape) {
		fail(op, "mode %d of shape %v", mode, t.Shape)
	}
}
