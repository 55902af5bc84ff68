package nmf

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"polyad/internal/fitting"
	"polyad/loss"
)

// gone returns the components that are nothing beside the data.
func (s *state[T]) gone() (list []string) {
	none := fitting.Nothing[T]() * math.Sqrt(s.stats.Squares)
	for k := range s.h.Rows {
		var h fitting.Norm
		for _, v := range s.h.Row(k) {
			h.Add(float64(v))
		}
		if !(fitting.ColumnNorm(s.w, k, false)*h.Value() > none) {
			list = append(list, strconv.Itoa(k))
		}
	}
	return list
}

// Lost says which components are gone.
func (s *state[T]) Lost() string { return s.watch.Reason(s.gone()) }

// doubt says why the start, which is left at its beginning, may be a bad one, and
// has it watched when it was generated.
func (s *state[T]) doubt() string {
	if s.given != nil || s.o.Restarts > 1 || s.stats.Squares == 0 {
		return ""
	}
	s.watch = fitting.NewVigil()
	s.first = (&Model[T]{W: s.w, H: s.h}).Clone()
	return fitting.Doubt(s.work(), s.o.Restarts == 1, false, s.scarce(), s.stats.Count, s.parameters())
}

// scarce reports whether so few entries of small data are observed that fits from most
// starts end in a local minimum: docs/decisions/014 has the trials.
func (s *state[T]) scarce() bool {
	m, n := s.x.Dims()
	return s.masked && s.exact() && m*n <= fitting.Small && fitting.IsScarce(s.stats.Count, s.parameters())
}

// parameters is the number of numbers that the components have, but for scales.
func (s *state[T]) parameters() int { return s.w.Cols * (s.w.Rows + s.h.Cols - 1) }

// choose returns a state at the best of several starts: that of s, and random ones.
func (s *state[T]) choose(ctx context.Context, reason string, made int, limit *fitting.Limit) (next *state[T], err error) {
	if next, err = newState(s.x, s.o, s.scale, s.pool, s.first); err != nil {
		return nil, err
	}
	first := next.SaveState()
	c := fitting.NewCandidates(next, fmt.Sprint(s.o.Init), reason, s.o.Seed, made, s.work(), s.scarce())
	c.Begin = func(i int, seed uint64) error {
		if err := next.RestoreState(first); err != nil || i == 0 {
			return err
		}
		m := randomModel[T](seed, s.w.Rows, s.h.Cols, s.w.Cols, s.stats)
		next.w.Copy(m.W)
		next.h.Copy(m.H)
		return next.begin(limit, false)
	}
	if next.chosen, err = c.Choose(ctx, s.o.Run); err != nil {
		return nil, err
	}
	next.guard(limit)
	return next, nil
}

// work is about how many floating-point operations a sweep takes.
func (s *state[T]) work() float64 {
	m, n := s.x.Dims()
	rank, entries, edge := float64(s.h.Rows), float64(m)*float64(n), float64(m+n)
	if s.l == loss.Frobenius {
		return 4*entries*rank + 4*edge*rank*rank
	}
	return entries * (8*rank + 80)
}
