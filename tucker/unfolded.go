package tucker

import (
	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/tensor"
)

// unfolded is the mode-n unfolding of an array, I_n x K, for products: a view
// where the elements lie so in memory, transposed for the last mode, and else a
// copy.
type unfolded[T asm.Float] struct {
	m      matrix.Dense[T]
	turned bool // m is K x I_n
	room   []T
}

// reserve makes room for a copy.
func (u *unfolded[T]) reserve(size, k int) {
	if len(u.room) < size*k {
		u.room = make([]T, size*k)
	}
}

// set takes the mode-n unfolding of a contiguous x, which is not to be changed as
// long as this one is in use.
func (u *unfolded[T]) set(x *tensor.Dense[T], mode int) {
	l, size, r := x.Split(mode)
	u.turned = r == 1
	switch {
	case r == 1:
		u.m = matrix.Dense[T]{Rows: l, Cols: size, Stride: size, Data: x.Data}
	case l == 1:
		u.m = matrix.Dense[T]{Rows: size, Cols: r, Stride: r, Data: x.Data}
	default:
		u.reserve(size, l*r)
		for i := range l {
			for k := range size {
				copy(u.room[(k*l+i)*r:][:r], x.Data[(i*size+k)*r:])
			}
		}
		u.m = matrix.Dense[T]{Rows: size, Cols: l * r, Stride: l * r, Data: u.room[:size*l*r]}
	}
}

// timesTo writes the unfolding times b, or its transpose times b, into dst.
func (u *unfolded[T]) timesTo(p *par.Pool, dst, b *matrix.Dense[T], transpose bool) {
	matrix.Gemm(p, transpose != u.turned, false, 1, &u.m, b, 0, dst)
}
