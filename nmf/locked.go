package nmf

import (
	"fmt"

	"polyad/internal/fitting"
	"polyad/loss"
)

// checkGiven reports a given start with a factor of zeros from which the method has a
// model of zeros for ever, while the data are not zero.
func (s *state[T]) checkGiven() error {
	if s.given == nil || s.stats.Squares == 0 || s.o.Run.MaxIter.Or(1) == 0 {
		return nil
	}
	if s.o.FixW && fitting.Zero(s.w.Data) || s.o.FixH && fitting.Zero(s.h.Data) {
		return nil // what is asked for has a model of zeros alone
	}
	zero, name := []bool{fitting.Zero(s.w.Data), fitting.Zero(s.h.Data)}, "H is"
	switch {
	case zero[0] && zero[1]:
		name = "W and H are"
	case zero[0]:
		name = "W is"
	}
	turns := func(m Method, even bool) fitting.Turns {
		_, mu := m.(MU)
		_, hals := m.(HALS)
		return fitting.Turns{Even: even, Order: s.order(), Times: mu, Keeps: func(b int) bool {
			return mu || hals && !fitting.Ridged(s.Blocks[b].Penalty)
		}}
	}
	with, mend, locked := fitting.Mend(zero, turns, s.o.Method, s.balancer != nil, Method(HALS{}), s.l == loss.Frobenius)
	if !locked {
		return nil
	}
	return fmt.Errorf("nmf: %w: %s all zero in the start, which %s cannot leave; %s", ErrOption, name, with, mend)
}
