package tensor

import (
	"fmt"
	"slices"

	"polyad/asm"
)

// Float is the set of element types, float32 and float64.
type Float = asm.Float

// Dense is an N-way array. Element (i_0, …, i_{N-1}) is
// Data[i_0*Strides[0] + … + i_{N-1}*Strides[N-1]]; strides are in elements and
// not negative. An array of order 0 has one element.
type Dense[T Float] struct {
	Shape, Strides []int
	Data           []T
}

// Error is what this package panics with when shapes, modes or indices do not
// fit.
type Error struct{ Op, Msg string }

// Error returns the operation and what was wrong, with the sizes.
func (e Error) Error() string { return "tensor: " + e.Op + ": " + e.Msg }

func fail(op, format string, args ...any) {
	panic(Error{Op: op, Msg: fmt.Sprintf(format, args...)})
}

// New returns an array of zeros, row-major. It panics when a size is negative
// or the number of elements one that no memory holds.
func New[T Float](shape ...int) *Dense[T] {
	n, ok := Elements(shape)
	if !ok || n > maxElements {
		fail("New", "shape %v", shape)
	}
	return Of(make([]T, n), shape...)
}

// Of returns an array of the given shape over data in row-major order, which
// it shares. It panics when len(data) is not the product of the shape.
func Of[T Float](data []T, shape ...int) *Dense[T] {
	if n, ok := Elements(shape); !ok || n != len(data) {
		fail("Of", "%d elements for shape %v", len(data), shape)
	}
	return &Dense[T]{Shape: slices.Clone(shape), Strides: rowMajor(nil, shape), Data: data}
}

// Elements returns the number of elements of an array of the given shape, and
// false when a size is negative or the number does not fit an int.
func Elements(shape []int) (n int, ok bool) {
	n = 1
	zero := false
	for _, s := range shape {
		switch {
		case s < 0:
			return 0, false
		case s == 0:
			zero = true
		case n > maxInt/s:
			return 0, false
		default:
			n *= s
		}
	}
	if zero {
		n = 0
	}
	return n, true
}

const maxInt = int(^uint(0) >> 1)

// maxElements is more than any memory holds, and less than what Go has a slice for.
const maxElements = maxInt >> (3 + ^uint(0)>>63<<4)

// Valid reports whether the fields of t fit each other: there is a stride for every
// mode, no size or stride is negative, and Data has the last element. Nil is not
// valid, nor is the zero value, which has one element and no Data.
func (t *Dense[T]) Valid() bool {
	if t == nil || len(t.Strides) != len(t.Shape) {
		return false
	}
	last := 0
	for n, size := range t.Shape {
		step := t.Strides[n]
		if size < 0 || step < 0 || size > 1 && step > (maxInt-last)/(size-1) {
			return false
		}
		last += max(size-1, 0) * step
	}
	n, ok := Elements(t.Shape)
	return ok && (n == 0 || last < len(t.Data))
}

// checkFields panics where t is not [Dense.Valid].
func (t *Dense[T]) checkFields(op string) {
	if t == nil {
		fail(op, "an array is nil")
	}
	if !t.Valid() {
		fail(op, "shape %v with strides %v and %d elements of Data", slices.Clone(t.Shape), slices.Clone(t.Strides), len(t.Data))
	}
}

// rowMajor returns the strides of a row-major array, in st if there is room.
func rowMajor(st, shape []int) []int {
	st = append(st[:0], shape...)
	step := 1
	for n := len(shape) - 1; n >= 0; n-- {
		st[n] = step
		step *= max(shape[n], 1)
	}
	return st
}

// Order returns the number of modes, 0 of nil.
func (t *Dense[T]) Order() int {
	if t == nil {
		return 0
	}
	return len(t.Shape)
}

// Len returns the number of elements, 0 of nil.
func (t *Dense[T]) Len() int {
	if t == nil {
		return 0
	}
	n, _ := Elements(t.Shape)
	return n
}

// At returns one element. There must be one index per mode.
func (t *Dense[T]) At(index ...int) T { return t.Data[t.offset("At", index)] }

// Set writes one element. There must be one index per mode.
func (t *Dense[T]) Set(v T, index ...int) { t.Data[t.offset("Set", index)] = v }

func (t *Dense[T]) offset(op string, index []int) int {
	if !t.Valid() {
		t.checkFields(op)
	}
	if len(index) != len(t.Shape) {
		// The copies keep index on the caller's stack.
		fail(op, "%d indices for shape %v", len(index), slices.Clone(t.Shape))
	}
	o := 0
	for n, i := range index {
		if uint(i) >= uint(t.Shape[n]) {
			fail(op, "index %d of mode %d outside shape %v", i, n, slices.Clone(t.Shape))
		}
		o += i * t.Strides[n]
	}
	return o
}

// IsContiguous reports whether Data holds exactly the elements in row-major
// order; an array without elements is contiguous.
func (t *Dense[T]) IsContiguous() bool {
	t.checkFields("IsContiguous")
	if t.Len() == 0 {
		return true
	}
	step := 1
	for n := len(t.Shape) - 1; n >= 0; n-- {
		if t.Shape[n] > 1 && t.Strides[n] != step {
			return false
		}
		step *= t.Shape[n]
	}
	return len(t.Data) == step
}

// Contiguous returns t itself when it is contiguous, else a row-major copy.
func (t *Dense[T]) Contiguous() *Dense[T] {
	if t.IsContiguous() {
		return t
	}
	return t.Clone()
}

// Clone returns a row-major copy.
func (t *Dense[T]) Clone() *Dense[T] {
	t.checkFields("Clone")
	c := New[T](t.Shape...)
	t.CopyTo(c.Data)
	return c
}

// CopyTo writes the elements in row-major order into dst, which must have
// exactly [Dense.Len] elements.
func (t *Dense[T]) CopyTo(dst []T) {
	t.checkFields("CopyTo")
	if len(dst) != t.Len() {
		fail("CopyTo", "%d elements for shape %v", len(dst), t.Shape)
	}
	if len(dst) == 0 {
		return
	}
	t.copyTo(dst, 0, 0)
}

// copyTo writes the sub-array of modes n… that begins at offset o and returns
// what is left of dst.
func (t *Dense[T]) copyTo(dst []T, n, o int) []T {
	if n == len(t.Shape) {
		dst[0] = t.Data[o]
		return dst[1:]
	}
	size, step := t.Shape[n], t.Strides[n]
	if n == len(t.Shape)-1 {
		if step == 1 {
			copy(dst[:size], t.Data[o:o+size])
			return dst[size:]
		}
		for i := range dst[:size] {
			dst[i] = t.Data[o]
			o += step
		}
		return dst[size:]
	}
	for i := 0; i < size; i++ {
		dst = t.copyTo(dst, n+1, o)
		o += step
	}
	return dst
}
