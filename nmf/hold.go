package nmf

import (
	"fmt"
)

// checkHold checks the components that are held, once the rank is known.
func (o *Options) checkHold(rank int) error {
	if len(o.HoldW)+len(o.HoldH) == 0 {
		return nil
	}
	switch o.Method.(type) {
	case HALS, MU:
	default:
		return fmt.Errorf("nmf: %w: %v cannot hold components; use hals or mu", ErrOption, o.Method)
	}
	switch o.Init.(type) {
	case Random, NNDSVD, SPA:
		return fmt.Errorf("nmf: %w: components to be held need a start that gives them; set Init to a model", ErrOption)
	}
	for _, f := range []struct {
		name  string
		fixed bool
		held  []int
	}{{"W", o.FixW, o.HoldW}, {"H", o.FixH, o.HoldH}} {
		if f.fixed && len(f.held) > 0 {
			return fmt.Errorf("nmf: %w: %s is fixed, so holding components of it has no effect; leave it out", ErrOption, f.name)
		}
		held := make([]bool, rank)
		free := rank
		for _, q := range f.held {
			if q < 0 || q >= rank {
				return fmt.Errorf("nmf: %w: component %d of %s is to be held, but components go from 0 to %d", ErrOption, q, f.name, rank-1)
			}
			if !held[q] {
				free--
			}
			held[q] = true
		}
		if free == 0 {
			return fmt.Errorf("nmf: %w: all components of %s are held; fix %s instead (Fix%s)", ErrOption, f.name, f.name, f.name)
		}
	}
	return nil
}

// held returns which components are held in W, in H, and in either; all nil when
// none is.
func (o *Options) held(rank int) (w, h, either []bool) {
	if len(o.HoldW)+len(o.HoldH) == 0 {
		return nil, nil, nil
	}
	either = make([]bool, rank)
	mark := func(list []int) []bool {
		if len(list) == 0 {
			return nil
		}
		held := make([]bool, rank)
		for _, q := range list {
			held[q], either[q] = true, true
		}
		return held
	}
	return mark(o.HoldW), mark(o.HoldH), either
}

// giveBack puts what was held into a model with the bits with which it was
// given.
func (s *state[T]) giveBack(m *Model[T]) {
	for _, q := range s.o.HoldW {
		for i := range m.W.Rows {
			m.W.Row(i)[q] = s.given.W.Row(i)[q]
		}
	}
	for _, q := range s.o.HoldH {
		copy(m.H.Row(q), s.given.H.Row(q))
	}
}
