package ndio

import (
	"polyad/asm"
	"polyad/matrix"
)

// rowMajor returns, in row-major order, the elements of an array of the given
// shape whose first index runs fastest in x. Where the two orders are the same it
// is x itself, else a copy.
//
// With the first and the last mode taken out, every index of the modes between
// them belongs to one matrix, first x last, which is stored column by column in
// x: the work is one tiled transpose for each.
func rowMajor[T asm.Float](x []T, shape []int) []T {
	var modes []int // those of size 1 change nothing
	for _, s := range shape {
		if s != 1 {
			modes = append(modes, s)
		}
	}
	if len(modes) < 2 || len(x) == 0 {
		return x
	}
	first, last := modes[0], modes[len(modes)-1]
	between := modes[1 : len(modes)-1]
	count := len(x) / (first * last)

	y := make([]T, len(x))
	index := make([]int, len(between))
	for c := 0; c < count; c++ { // c numbers the indices in between, the first fastest
		r := 0 // its number with the last fastest
		for n, s := range between {
			r = r*s + index[n]
		}
		src := matrix.Dense[T]{Rows: last, Cols: first, Data: x[c*first:], Stride: count * first}
		dst := matrix.Dense[T]{Rows: first, Cols: last, Data: y[r*last:], Stride: count * last}
		src.TransposeTo(&dst)
		for n, s := range between {
			if index[n]++; index[n] < s {
				break
			}
			index[n] = 0
		}
	}
	return y
}
