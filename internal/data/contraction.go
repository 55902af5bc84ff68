package data

import (
	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/tensor"
)

// Contraction is the product of two unfoldings along a mode n,
//
//	C = A_(n)·B_(n)ᵀ,  C[i, j] = Σ_{l,k} a[l, i, k]·b[l, j, k],
//
// of arrays that differ in the size of this mode only, cut along what is summed
// over. The zero value is ready; what it allocates it keeps. Cost 2·|A|·J flops.
type Contraction[T asm.Float] struct {
	a, b       []T
	l, i, j, r int
	pieces     int // of a row of length R, or with R = 1 of L
	blocks     int
	c          []matrix.Dense[T] // per block, with its own memory but the first
	turned     [][]T             // per worker, a piece of B turned
}

// contractionDepth is the depth of one product.
const contractionDepth = 256

// To writes the product of a and b, both contiguous, into dst (I_n x J_n).
func (u *Contraction[T]) To(p *par.Pool, dst *matrix.Dense[T], a, b *tensor.Dense[T], mode int) {
	u.a, u.b = a.Data, b.Data
	u.l, u.i, u.r = a.Split(mode)
	u.j = b.Shape[mode]
	depth := u.r
	if u.r == 1 {
		depth, u.l = u.l, 1
	}
	u.pieces = (depth + contractionDepth - 1) / contractionDepth
	units := u.l * u.pieces
	u.blocks = max(1, min(MaxBlocks, units, len(u.a)*u.j>>15))
	for len(u.c) < u.blocks {
		u.c = append(u.c, matrix.Dense[T]{})
	}
	for k := range u.blocks {
		c := &u.c[k]
		if k > 0 && len(c.Data) < u.i*u.j {
			c.Data = make([]T, u.i*u.j)
		}
		c.Rows, c.Cols, c.Stride = u.i, u.j, u.j
	}
	data := u.c[0].Data
	u.c[0] = *dst
	for len(u.turned) < p.Workers() {
		u.turned = append(u.turned, nil)
	}
	for w := range u.turned {
		if u.r > 1 && len(u.turned[w]) < contractionDepth*u.j {
			u.turned[w] = make([]T, contractionDepth*u.j)
		}
	}
	p.Run(u.blocks, u)
	ker := asm.For[T]()
	for k := 1; k < u.blocks; k++ {
		for i := range u.i {
			ker.Axpy(1, u.c[k].Row(i), dst.Row(i))
		}
	}
	u.c[0].Data, u.a, u.b = data, nil, nil
}

// Do computes one block.
func (u *Contraction[T]) Do(block, worker int) {
	ker, c := asm.For[T](), &u.c[block]
	units := u.l * u.pieces
	lo, hi := block*units/u.blocks, (block+1)*units/u.blocks
	for n := lo; n < hi; n++ {
		l, piece := n/u.pieces, n%u.pieces
		if u.r == 1 {
			depth := len(u.a) / u.i
			k0, k1 := piece*depth/u.pieces, (piece+1)*depth/u.pieces
			ker.Mul(u.i, u.j, k1-k0, u.a[k0*u.i:], 1, u.i, u.b[k0*u.j:], u.j, c.Data, c.Stride, n > lo, false)
			continue
		}
		k0, k1 := piece*u.r/u.pieces, (piece+1)*u.r/u.pieces
		from := matrix.Dense[T]{Rows: u.j, Cols: k1 - k0, Stride: u.r, Data: u.b[l*u.j*u.r+k0:]}
		to := matrix.Dense[T]{Rows: k1 - k0, Cols: u.j, Stride: u.j, Data: u.turned[worker]}
		from.TransposeTo(&to)
		ker.Mul(u.i, u.j, k1-k0, u.a[l*u.i*u.r+k0:], u.r, 1, to.Data, u.j, c.Data, c.Stride, n > lo, false)
	}
}
