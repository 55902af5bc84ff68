package tucker

import (
	"fmt"
	"strings"

	"polyad/internal/fitting"
)

// checkGiven reports a given start with blocks of zeros from which the method has a
// model of zeros for ever, while the data are not zero. [HOOI] begins with orthonormal
// factors whatever it is given, and computes the core anew.
func (s *state[T]) checkGiven() error {
	if _, hooi := s.o.Method.(HOOI); hooi || s.given == nil || s.stats.Squares == 0 || s.o.Run.MaxIter.Or(1) == 0 {
		return nil
	}
	zero := make([]bool, len(s.blocks))
	var names []string
	for n, b := range s.blocks {
		switch {
		case n == len(s.f):
			zero[n] = fitting.Zero(b.X.Data)
		case s.f[n] != nil:
			zero[n] = fitting.Zero(s.f[n].Data)
		}
		switch {
		case !zero[n]:
		case s.o.fixed[n]:
			return nil // what is asked for has a model of zeros alone
		case n == len(s.f):
			names = append(names, "the core")
		default:
			names = append(names, fmt.Sprint("factor ", n))
		}
	}
	turns := func(m Method, even bool) fitting.Turns {
		_, mu := m.(MU)
		return fitting.Turns{Even: even, Order: s.free, Times: mu, Keeps: func(n int) bool {
			p := s.blocks[n].Penalty
			return mu || !fitting.Ridged(p) && (n < len(s.f) || len(p.Active()) == 0)
		}}
	}
	with, mend, locked := fitting.Mend(zero, turns, s.o.Method, s.balancer != nil, Method(HALS{}), s.projected)
	if !locked {
		return nil
	}
	verb := "is"
	if len(names) > 1 {
		verb = "are"
	}
	return fmt.Errorf("tucker: %w: %s %s all zero in the start, which %s cannot leave; %s", ErrOption, strings.Join(names, " and "), verb, with, mend)
}
