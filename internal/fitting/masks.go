package fitting

import (
	"fmt"
	"slices"

	"polyad/asm"
	"polyad/matrix"
	"polyad/tensor"
)

// CheckMask reports a mask that does not fit data of the given shape, or observes
// nothing. One by which nothing is missing comes back as nil.
func CheckMask(c *TensorCheck, mask *tensor.Mask, shape []int) (*tensor.Mask, error) {
	if mask == nil {
		return nil, nil
	}
	if !slices.Equal(mask.Shape, shape) || !mask.Valid() {
		return nil, fmt.Errorf("%s: %w: the mask has the shape %v and %d words, and the data have the shape %v", c.Package, c.Shape, mask.Shape, len(mask.Bits), shape)
	}
	switch mask.Count() {
	case 0:
		return nil, fmt.Errorf("%s: %w: the mask observes no entry, so there is nothing to fit", c.Package, c.Data)
	case mask.Len():
		return nil, nil
	}
	return mask, nil
}

// LevelObserved is [Level] for a contiguous array x, in which the mean of the observed
// entries of a slice along the last mode stands for the missing ones. A mask that does
// not fit x, which a fit refuses, is left out.
func LevelObserved[T asm.Float](f *matrix.Dense[T], columns []float64, x *tensor.Dense[T], mask *tensor.Mask) bool {
	if mask == nil || !mask.Valid() || !slices.Equal(mask.Shape, x.Shape) {
		return Level(f, columns, x.Data)
	}
	means := make([]float64, len(columns)) // as there are means for sums
	for q, s := range columns {
		means[q] = s / float64(len(x.Data)/f.Rows)
	}
	return Level(f, means, observedMeans(x, mask))
}

// observedMeans returns the mean of the observed entries of each slice of x along
// the last mode, 0 where there is none.
func observedMeans[T asm.Float](x *tensor.Dense[T], mask *tensor.Mask) []T {
	sums, means := make([][2]float64, x.Shape[len(x.Shape)-1]), make([]T, x.Shape[len(x.Shape)-1])
	for i, v := range x.Data {
		if mask.Bits[i/64]>>(i%64)&1 != 0 {
			s := &sums[i%len(sums)]
			s[0] += float64(v)
			s[1]++
		}
	}
	for j, s := range sums {
		means[j] = T(s[0] / max(s[1], 1))
	}
	return means
}

// MaskLast returns the mask of an array in which a mode has become the last one, nil
// for nil.
func MaskLast(mask *tensor.Mask, mode int) *tensor.Mask {
	if mask == nil {
		return nil
	}
	shape := mask.Shape
	order := len(shape)
	moved := tensor.NewMask(MoveLast(shape, mode, order)...)
	at := make([]int, order) // by what a step along each mode moves an entry
	for n, step := order-1, 1; n >= 0; n-- {
		at[n] = step
		step *= moved.Shape[n]
	}
	at = MoveBack(at, mode, order)
	for i := range mask.Len() {
		to := 0
		for n, rest := order-1, i; n >= 0; n-- {
			to += rest % shape[n] * at[n]
			rest /= shape[n]
		}
		moved.Bits[to/64] |= (mask.Word(i) & 1) << (to % 64)
	}
	return moved
}
