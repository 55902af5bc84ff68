package tucker

import (
	"polyad/asm"
	"polyad/balance"
	"polyad/internal/fitting"
	"polyad/matrix"
)

// ahead is the extrapolation of [fitting.Ahead].
type ahead[T asm.Float] struct {
	*fitting.Ahead[T]
	s      *state[T]
	scaled *balance.Tucker[T] // what it remembers
}

func newAhead[T asm.Float](s *state[T]) *ahead[T] {
	signed := make([]bool, len(s.blocks))
	for n := range signed {
		signed[n] = !s.o.nonneg[n]
	}
	a := &ahead[T]{s: s, Ahead: fitting.NewAhead(&s.Course, s.free, signed, s.eps, func(n int, x *matrix.Dense[T]) {
		y := x.Data // entry by entry, as the core has them, too
		for i, v := range s.blocks[n].X.Data {
			s.blocks[n].X.Data[i], y[i] = y[i], v
		}
		s.changed(n)
	})}
	a.scaled = s.balanced(a.Memory())
	return a
}

// between is called after the update of a block.
func (a *ahead[T]) between(n int) {
	a.Between(n)
	a.s.changed(n)
}

// end is called after a sweep, when the blocks were balanced by scales, or not,
// when that is nil.
func (a *ahead[T]) end(scales *balance.TuckerScales) {
	if scales != nil {
		a.s.clear(a.Memory())
		a.scaled.Apply(scales)
		a.s.floor(a.Memory())
	}
	a.End()
}
