package cpd

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"polyad/internal/fitting"
	"polyad/tensor"
)

// gone returns the components that are nothing beside the data.
func (s *state[T]) gone() (list []string) {
	for q := range s.rank {
		norm := 1.0
		for _, f := range s.f {
			norm *= fitting.ColumnNorm(f, q, false)
		}
		if !(norm > fitting.Nothing[T]()*math.Sqrt(s.stats.Squares)) {
			list = append(list, strconv.Itoa(q))
		}
	}
	return list
}

// Lost says which components are gone.
func (s *state[T]) Lost() string { return s.watch.Reason(s.gone()) }

// doubt says why the start, which is left at its beginning, may be a bad one, and
// has it watched when it was generated.
func (s *state[T]) doubt() string {
	if !s.o.generated || s.o.Restarts > 1 || s.stats.Squares == 0 {
		return ""
	}
	s.watch = fitting.NewVigil()
	for _, f := range s.f {
		s.first = append(s.first, f.Clone())
	}
	return fitting.Doubt(s.work(), s.o.Restarts == 1, s.o.tied, s.scarce(), s.stats.Count, s.parameters())
}

// scarce reports whether so few entries of small data are observed that fits from
// most starts end in a local minimum: docs/decisions/014 has the trials.
func (s *state[T]) scarce() bool {
	size, _ := tensor.Elements(s.o.shape)
	return s.masked && size <= fitting.Small && fitting.IsScarce(s.stats.Count, s.parameters())
}

// parameters is the number of numbers that the components have, but for scales.
func (s *state[T]) parameters() int {
	sizes := 1 - len(s.f)
	for _, f := range s.f {
		sizes += f.Rows
	}
	return s.rank * sizes
}

// choose returns a state at the best of several starts: that of s, and random ones.
func (s *state[T]) choose(ctx context.Context, reason string, made int, limit *fitting.Limit) (next *state[T], err error) {
	if next, err = newState(s.x, s.o, s.rank, s.scale, s.pool, s.first); err != nil {
		return nil, err
	}
	next.compression = s.compression
	first := next.SaveState()
	c := fitting.NewCandidates(next, fmt.Sprint(s.o.Init), reason, s.o.Seed, made, s.work(), s.scarce())
	c.Begin = func(i int, seed uint64) error {
		if err := next.RestoreState(first); err != nil || i == 0 {
			return err
		}
		for n, f := range randomStart(s.o, s.x, s.rank, seed) {
			next.f[n].Copy(f)
		}
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
	size, edge, rank := 1.0, 0.0, float64(s.rank)
	for _, f := range s.f {
		size *= float64(f.Rows)
		edge += float64(f.Rows)
	}
	order := float64(len(s.f))
	if s.isFrobenius() {
		return 2*order*size*rank + 4*edge*rank*rank
	}
	return order * size * (4*rank + 40)
}
