package cpd

import (
	"fmt"
	"slices"

	"polyad/internal/fitting"
)

// checkGiven reports a given start with factors of zeros from which the method has a
// model of zeros for ever, while the data are not zero.
func (s *state[T]) checkGiven() error {
	if s.given == nil || s.stats.Squares == 0 || s.o.Run.MaxIter.Or(1) == 0 {
		return nil
	}
	zero := make([]bool, len(s.f))
	var modes []int
	for n, f := range s.f {
		if zero[n] = fitting.Zero(f.Data); zero[n] {
			modes = append(modes, n)
		}
		if zero[n] && s.o.fixed[n] {
			return nil // what is asked for has a model of zeros alone
		}
	}
	turns := func(m Method, even bool) fitting.Turns {
		_, mu := m.(MU)
		_, hals := m.(HALS)
		return fitting.Turns{Even: even, Order: s.free, Times: mu, Keeps: func(n int) bool {
			return mu || hals && !fitting.Ridged(s.blocks[n].Penalty)
		}}
	}
	with, mend, locked := fitting.Mend(zero, turns, s.o.Method, s.balancer != nil, Method(HALS{}), s.isFrobenius())
	if !locked {
		return nil
	}
	return fmt.Errorf("cpd: %w: the factors of modes %v of the start are all zero, which %s cannot leave; %s", ErrOption, slices.Clip(modes), with, mend)
}
