package balance

import (
	"slices"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/reg"
)

// Apply scales the blocks in place, in the order in which their columns were
// given to [Columns], and then raises entries below eps to eps where eps > 0.
func Apply[T asm.Float](s *Scales, eps T, blocks ...reg.Block[T]) {
	for b, block := range blocks {
		block.Scale(s.Log[b])
		block.Floor(eps)
	}
}

// Balancer balances the same blocks again and again; after the first time it
// allocates nothing.
type Balancer[T asm.Float] struct {
	pool   *par.Pool
	blocks []reg.Block[T]
	cols   []*reg.Columns
	eps    T
	scales Scales

	parts       []*part[T]
	look, apply par.Task
}

// NewBalancer returns a balancer of the given blocks, whose entries are kept
// above eps (0: no floor). The blocks are changed in place by its methods. Large
// ones are worked on by the workers of the pool, nil meaning the caller; the
// result does not depend on them.
func NewBalancer[T asm.Float](p *par.Pool, eps T, blocks ...reg.Block[T]) *Balancer[T] {
	b := &Balancer[T]{blocks: blocks, eps: eps}
	for i, x := range blocks {
		b.cols = append(b.cols, reg.NewColumns(x.Penalty, x.Components()))
		b.parts = append(b.parts, split(i, x, b.cols[i])...)
	}
	if len(b.parts) > len(blocks) {
		b.pool = p
	}
	b.look, b.apply = looking[T]{b}, applying[T]{b}
	return b
}

// Balance scales the blocks in place, entries at the floor counting as zeros.
// Components that are frozen in some block stay as they are in all of them; what
// there is to say of their balance is 0.
// What it returns is valid until the next call.
func (b *Balancer[T]) Balance() *Scales {
	b.pool.Run(len(b.parts), b.look)
	for parts := b.parts; len(parts) > 0; {
		n := 1
		for n < len(parts) && parts[n].block == parts[0].block {
			n++
		}
		if n > 1 {
			join(b.cols[parts[0].block], parts[:n])
		}
		parts = parts[n:]
	}
	b.scales.columns(b.cols)
	for _, x := range b.blocks {
		b.scales.leave(x.Frozen)
	}
	b.pool.Run(len(b.parts), b.apply)
	return &b.scales
}

// leave takes components out of the scales.
func (s *Scales) leave(frozen []bool) {
	for q, f := range frozen {
		if !f {
			continue
		}
		s.Beta[q] = 0
		for _, log := range s.Log {
			log[q] = 0
		}
		if i, ok := slices.BinarySearch(s.Pruned, q); ok {
			s.Pruned = slices.Delete(s.Pruned, i, i+1)
		}
	}
}
