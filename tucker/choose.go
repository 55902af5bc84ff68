package tucker

import (
	"context"
	"fmt"
	"math"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/tensor"
)

// gone returns the components of each mode whose column, or slice of the core, is
// nothing beside the largest. Rotations of HOOI have none that mean anything.
func (s *state[T]) gone() (list []string) {
	if _, hooi := s.o.Method.(HOOI); hooi {
		return nil
	}
	none := fitting.Nothing[T]()
	for n, f := range s.f {
		if f == nil {
			continue
		}
		columns, slices := make([]float64, f.Cols), make([]float64, f.Cols)
		var column, slice float64 // the largest
		for q := range f.Cols {
			columns[q] = fitting.ColumnNorm(f, q, false)
			slices[q] = math.Sqrt(squaresOf(s.core.Slice(n, q, q+1)))
			column, slice = max(column, columns[q]), max(slice, slices[q])
		}
		for q := range f.Cols {
			if !(columns[q] > none*column && slices[q] > none*slice) {
				list = append(list, fmt.Sprintf("%d of mode %d", q, n))
			}
		}
	}
	return list
}

// Lost says which components are gone.
func (s *state[T]) Lost() string { return s.watch.Reason(s.gone()) }

// doubt says why the start, which is left at its beginning, may be a bad one, and
// has it watched when it was generated.
func (s *state[T]) doubt() string {
	if !s.o.generated || s.o.Restarts > 1 || s.o.Target.IsSet() || s.stats.Squares == 0 {
		return ""
	}
	s.watch = fitting.NewVigil()
	s.first = (&Model[T]{Core: s.core, Factors: s.f}).Clone()
	return fitting.Doubt(s.work(), s.o.Restarts == 1, s.o.tied, false, 0, 0)
}

// choose returns a state at the best of several starts: that of s, and random ones.
func (s *state[T]) choose(ctx context.Context, reason string, made int, limit *fitting.Limit) (next *state[T], err error) {
	if next, err = newState(s.x, s.o, s.scale, s.pool, s.first); err != nil {
		return nil, err
	}
	if next.balancer != nil {
		next.balancer.Until(limit.Over)
	}
	first, order := next.SaveState(), len(s.f)
	c := fitting.NewCandidates(next, fmt.Sprint(s.o.Init), reason, s.o.Seed, made, s.work(), false)
	c.Begin = func(i int, seed uint64) error {
		if err := next.RestoreState(first); err != nil || i == 0 {
			return err
		}
		m, err := randomStart(s.o, s.x, s.core.Shape, s.norm(), seed, s.pool)
		if err != nil {
			return err
		}
		copy(next.core.Data, m.Core.Data)
		next.changed(order)
		for n, f := range m.Factors {
			if f != nil {
				next.f[n].Copy(f)
				next.changed(n)
			}
		}
		return next.begin(limit, false)
	}
	if next.chosen, err = c.Choose(ctx, s.o.Run); err != nil {
		return nil, err
	}
	next.guard(limit)
	return next, nil
}

// randomStart makes a [Random] start for data x as they are worked on, of the given
// norm.
func randomStart[T asm.Float](o *settled, x data.Tucker[T], ranks []int, norm float64, seed uint64, pool *par.Pool) (*Model[T], error) {
	of := *o
	of.Seed, of.ranks = seed, ranks
	m := randomModel[T](&of)
	if _, hooi := o.Method.(HOOI); hooi {
		return m, m.project(x, pool)
	}
	m.match(norm)
	return m, nil
}

// work is about how many floating-point operations a sweep takes.
func (s *state[T]) work() float64 {
	entries, _ := tensor.Elements(s.o.shape)
	order, size, core, rank := float64(len(s.f)), float64(entries), float64(s.core.Len()), 1.0
	for _, j := range s.core.Shape {
		rank = max(rank, float64(j))
	}
	if s.o.Loss == loss.Frobenius {
		return 3*order*size*rank + 10*order*core*rank
	}
	return order * size * (6*rank + 40)
}
