package fitting

import (
	"math"

	"polyad/asm"
	"polyad/matrix"
)

// Size is a magnitude that may be out of the range of float64: Of·2^Exp, with Of from
// ½ to 1, or 0.
type Size struct {
	Of  float64
	Exp int
}

// SizeOf returns the size of a number that is not negative.
func SizeOf(v float64) Size {
	of, exp := math.Frexp(v)
	return Size{of, exp}
}

// Log returns the natural logarithm.
func (s Size) Log() float64 { return math.Log(s.Of) + float64(s.Exp)*math.Ln2 }

// Value returns the magnitude, 0 or infinite where it is out of range.
func (s Size) Value() float64 { return math.Ldexp(s.Of, s.Exp) }

// Times returns v times the magnitude, rounded once where it is in range.
func (s Size) Times(v float64) float64 {
	f, e := math.Frexp(v)
	return math.Ldexp(f*s.Of, e+s.Exp)
}

// By returns the product of two sizes.
func (s Size) By(o Size) Size {
	p := SizeOf(s.Of * o.Of)
	p.Exp += s.Exp + o.Exp
	return p
}

// Less reports whether s is below o.
func (s Size) Less(o Size) bool {
	if s.Of == 0 || o.Of == 0 || s.Exp == o.Exp {
		return s.Of < o.Of
	}
	return s.Exp < o.Exp
}

// AtMost returns s, or the largest size that leaves a number of the given size in the
// range of T when it is multiplied by it, if that is smaller.
func AtMost[T asm.Float](s, beside Size) Size {
	if beside.Of == 0 {
		return s
	}
	most := SizeOf(math.MaxFloat64)
	if asm.SizeOf[T]() == 4 {
		most = SizeOf(math.MaxFloat32)
	}
	room := SizeOf((1 - 0x1p-20) * most.Of / beside.Of) // below by more than rounding
	room.Exp += most.Exp - beside.Exp
	if one := SizeOf(1); room.Less(one) {
		room = one
	}
	if room.Less(s) {
		return room
	}
	return s
}

// ColumnSize returns the Euclidean norm of column q of f, or with sum the sum of
// the absolute values, whatever the magnitudes are.
func ColumnSize[T asm.Float](f *matrix.Dense[T], q int, sum bool) Size {
	var top float64
	for i := range f.Rows {
		top = math.Max(top, math.Abs(float64(f.Row(i)[q])))
	}
	_, exp := math.Frexp(top)
	exp = max(-1000, exp)
	var one float64
	var two Norm
	for i := range f.Rows {
		v := math.Ldexp(float64(f.Row(i)[q]), -exp)
		one += math.Abs(v)
		two.Add(v)
	}
	if !sum {
		one = two.Value()
	}
	size := SizeOf(one)
	size.Exp += exp
	return size
}

// ColumnNorm returns the Euclidean norm of column q of f, or with sum the sum of
// the absolute values; sums of squares neither overflow nor underflow.
func ColumnNorm[T asm.Float](f *matrix.Dense[T], q int, sum bool) float64 {
	return ColumnSize(f, q, sum).Value()
}

// UnitColumn divides column q of f by its [ColumnSize] and returns that. A column
// of zeros stays.
func UnitColumn[T asm.Float](f *matrix.Dense[T], q int, sum bool) Size {
	norm := ColumnSize(f, q, sum)
	DivideColumn(f, q, norm)
	return norm
}

// DivideColumn divides column q of f by a size, if that is not 0.
func DivideColumn[T asm.Float](f *matrix.Dense[T], q int, by Size) {
	if by.Of == 0 {
		return
	}
	for i := range f.Rows {
		v, exp := math.Frexp(float64(f.Row(i)[q]))
		f.Row(i)[q] = T(math.Ldexp(v/by.Of, exp-by.Exp))
	}
}
