package cpd

import (
	"context"
	"fmt"
	"math"

	"polyad/internal/fitting"
)

// gone returns the components that are nothing beside the data.
func (s *state[T]) gone() (list []int) {
	for q := range s.rank {
		norm := 1.0
		for _, f := range s.f {
			norm *= fitting.ColumnNorm(f, q, false)
		}
		if !(norm > 16*fitting.Precision[T]()*math.Sqrt(s.stats.Squares)) {
			list = append(list, q)
		}
	}
	return list
}

// Lost says which components are gone.
func (s *state[T]) Lost() string { return s.watch.Reason(s.gone()) }

// choose returns a state at the best of several starts: that of s, and random ones.
func (s *state[T]) choose(ctx context.Context, reason string, limit *fitting.Limit) (next *state[T], err error) {
	c := fitting.Candidates{First: s.SaveState(), Reason: reason, Name: fmt.Sprint(s.o.Init), Seed: s.o.Seed, Count: fitting.Tries, Sweeps: fitting.Early}
	if next, err = newState(s.x, s.o, s.rank, s.scale, s.pool, randomStart(s.o, s.x, s.rank, s.o.Seed)); err != nil {
		return nil, err
	}
	next.compression = s.compression
	c.Fit = next
	blank := next.SaveState()
	c.Begin = func(seed uint64) error {
		if err := next.RestoreState(blank); err != nil {
			return err
		}
		for n, f := range randomStart(s.o, s.x, s.rank, seed) {
			next.f[n].Copy(f)
		}
		next.forget()
		next.begin(limit)
		return nil
	}
	if next.chosen, err = c.Choose(ctx, s.o.Run); err != nil {
		return nil, fmt.Errorf("cpd: %w", err)
	}
	return next, nil
}
