package balance

import (
	"slices"

	"polyad/asm"
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
	blocks []reg.Block[T]
	active []reg.Penalty
	cols   []*reg.Columns
	eps    T
	scales Scales
}

// NewBalancer returns a balancer of the given blocks, whose entries are kept
// above eps (0: no floor). The blocks are changed in place by its methods.
func NewBalancer[T asm.Float](eps T, blocks ...reg.Block[T]) *Balancer[T] {
	b := &Balancer[T]{blocks: blocks, eps: eps}
	for _, x := range blocks {
		b.active = append(b.active, x.Penalty.Active())
		b.cols = append(b.cols, reg.NewColumns(x.Penalty, x.Components()))
	}
	return b
}

// Balance scales the blocks in place, entries at the floor counting as zeros.
// Components that are frozen in some block stay as they are in all of them; what
// there is to say of their balance is 0.
// What it returns is valid until the next call.
func (b *Balancer[T]) Balance() *Scales {
	for i, x := range b.blocks {
		x.Clear(b.eps)
		x.ColumnsTo(b.cols[i], b.active[i])
	}
	b.scales.columns(b.cols)
	for _, x := range b.blocks {
		b.scales.leave(x.Frozen)
	}
	Apply(&b.scales, b.eps, b.blocks...)
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
