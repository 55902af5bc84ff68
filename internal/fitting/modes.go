package fitting

import (
	"fmt"
	"slices"

	"polyad/asm"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

// BasisAxes returns copies of the axes of a model for one whose mode has new
// samples, of which nothing is known.
func BasisAxes(axes []ndio.Axis, mode int) []ndio.Axis {
	axes = ndio.CloneAxes(axes)
	if mode < len(axes) {
		axes[mode] = ndio.Axis{}
	}
	if !slices.ContainsFunc(axes, func(a ndio.Axis) bool { return !a.IsZero() }) {
		return nil
	}
	return axes
}

// MoveLast returns a list with a thing per mode in which that of the given mode is
// the last one. Lists of another length, such as those with one thing for all modes,
// stay. It panics with a [tensor.Error] when there is no such mode.
func MoveLast[S ~[]E, E any](list S, mode, order int) S {
	if len(list) != order {
		return slices.Clone(list)
	}
	if mode < 0 || mode >= order {
		panic(tensor.Error{Op: "ForTransformMode", Msg: fmt.Sprintf("mode %d of %d", mode, order)})
	}
	moved := append(slices.Clone(list[:mode]), list[mode+1:]...)
	return append(moved, list[mode])
}

// MoveBack undoes [MoveLast].
func MoveBack[S ~[]E, E any](list S, mode, order int) S {
	if len(list) != order {
		return list
	}
	moved := append(slices.Clone(list[:mode]), list[order-1])
	return append(moved, list[mode:order-1]...)
}

// NumberLast renumbers modes as [MoveLast] moves them. Negative numbers, which stand
// for other blocks, stay.
func NumberLast[S ~[]int](list S, mode, order int) S {
	list = slices.Clone(list)
	for i, n := range list {
		switch {
		case n == mode:
			list[i] = order - 1
		case n > mode && n < order:
			list[i] = n - 1
		}
	}
	return list
}

// NumberBack undoes [NumberLast].
func NumberBack[S ~[]int](list S, mode, order int) S {
	list = slices.Clone(list)
	for i, n := range list {
		switch {
		case n == order-1:
			list[i] = mode
		case n >= mode && n < order-1:
			list[i] = n + 1
		}
	}
	slices.Sort(list)
	return list
}

// FixColumn turns column q of x when the first of its entries whose magnitude is
// within one percent of the largest is negative, so that rounding does not decide
// between entries that are nearly equal, and reports whether it did.
func FixColumn[T asm.Float](x *matrix.Dense[T], q int) (turned bool) {
	const nearTop = .99
	var top T
	for i := range x.Rows {
		top = max(top, x.Row(i)[q], -x.Row(i)[q])
	}
	for i := range x.Rows {
		if v := x.Row(i)[q]; max(v, -v) >= nearTop*top {
			if v < 0 {
				NegateColumn(x, q)
			}
			return v < 0
		}
	}
	return false
}

// NegateColumn turns the sign of a column.
func NegateColumn[T asm.Float](x *matrix.Dense[T], q int) {
	for i := range x.Rows {
		if v := x.Row(i)[q]; v != 0 { // no -0
			x.Row(i)[q] = -v
		}
	}
}

// HasNegative reports whether x has a negative entry.
func HasNegative[T asm.Float](x *matrix.Dense[T]) bool {
	for i := range x.Rows {
		if slices.ContainsFunc(x.Row(i), func(v T) bool { return v < 0 }) {
			return true
		}
	}
	return false
}
