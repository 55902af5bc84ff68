package fitting

import (
	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/solver"
)

// LongSweep is the number of entries times components from which on a sweep may take
// so long that it ends in its middle when its fit is to end. Tests set it to 0.
var LongSweep = 1 << 27

// A Cut lets the sweeps of a fit end in their middle: the pool leaves blocks out once
// the limit is over, and what the sweep began with is put back. That was copied
// before, so a fit has a Cut only where that is little beside a sweep: where the
// matrices are small beside the data.
type Cut[T asm.Float] struct {
	pool    *par.Pool
	limit   *Limit
	before  *Kept[T]
	numbers []*float64
	values  []float64
	run     func()
	err     error // of run
	undone  func()
}

// copies is how much smaller than the data the matrices are at least.
const copies = 32

// NewCut returns a Cut of sweeps on data of the given number of entries, by rank
// components, that change matrices x and numbers; undone is called when these have
// been put back. It is nil, which sweeps without it, where sweeps are short, the
// copies large, or the fit has no limit. The pool must serve no other work.
func NewCut[T asm.Float](pool *par.Pool, limit *Limit, entries, rank int, x []*matrix.Dense[T], numbers []*float64, sweep func() error, undone func()) *Cut[T] {
	if limit == nil || limit.limit == 0 && limit.ctx.Done() == nil || entries < LongSweep/rank {
		return nil
	}
	size := 0
	for _, m := range x {
		size += m.Rows * m.Cols
	}
	if LongSweep > 0 && size > entries/copies {
		return nil
	}
	c := &Cut[T]{pool: pool, limit: limit, before: NewKept(x...), numbers: numbers, values: make([]float64, len(numbers)), undone: undone}
	c.run = func() { c.err = sweep() }
	return c
}

// Sweep makes a sweep, or none of it and returns [solver.ErrInterrupted].
func (c *Cut[T]) Sweep() error {
	c.before.Keep()
	for i, v := range c.numbers {
		c.values[i] = *v
	}
	if c.limit.Within(c.pool, c.run) {
		return c.err
	}
	c.before.Recall()
	for i, v := range c.values {
		*c.numbers[i] = v
	}
	c.undone()
	return solver.ErrInterrupted
}
