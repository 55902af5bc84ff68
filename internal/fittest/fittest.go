// Package fittest has what tests of nmf, cpd and tucker share.
package fittest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"polyad/internal/fitting"
	"polyad/solver"
)

// Ending is a context that ends when it has been asked After times, and counts how
// often it was.
type Ending struct {
	context.Context
	Asked, After int
}

// Done returns a channel that is never closed.
func (c *Ending) Done() <-chan struct{} { return make(chan struct{}) }

// Err tells whether the context has ended, and counts the question.
func (c *Ending) Err() error {
	if c.Asked++; c.Asked > c.After {
		return context.Canceled
	}
	return nil
}

// SweepsAreCutWhole cuts fits at many places, also within sweeps, and requires that each
// has the model of the sweep before, bit for bit. fit makes at most so many sweeps and
// returns the model and the report, of nil where there is no result.
func SweepsAreCutWhole(t *testing.T, fit func(ctx context.Context, sweeps int) (model any, r *solver.Report, err error)) (midway int) {
	t.Helper()
	defer func(g time.Duration, n int) { fitting.Grace, fitting.LongSweep = g, n }(fitting.Grace, fitting.LongSweep)
	fitting.Grace, fitting.LongSweep = 0, 0
	const sweeps = 6
	full := &Ending{Context: context.Background(), After: 1 << 30}
	if _, _, err := fit(full, sweeps); err != nil {
		t.Fatal(err)
	}
	for after := 1; after < full.Asked; after += 1 + full.Asked/60 {
		model, r, err := fit(&Ending{Context: context.Background(), After: after}, sweeps)
		if r == nil || r.Iterations == 0 {
			if err == nil {
				t.Fatalf("after %d looks: no sweep, and no error", after)
			}
			continue
		}
		if !errors.Is(err, context.Canceled) || r.Status != solver.Cancelled {
			t.Fatalf("after %d looks: %v, %v", after, r.Status, err)
		}
		want, _, err := fit(context.Background(), r.Iterations)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, model) {
			t.Fatalf("after %d looks, %d sweeps: the model is not that of the sweep before\n%v\n%v", after, r.Iterations, want, model)
		}
		midway++
	}
	return midway
}

// KeepingAllocatesNothing requires that a fit of a method whose objective may rise keeps
// its best model in memory that it has.
func KeepingAllocatesNothing(t *testing.T, s interface {
	solver.Problem
	solver.Riser
}) {
	t.Helper()
	if !s.MayRise() {
		t.Fatal("the objective does not rise")
	}
	one := func() {
		_ = s.Sweep()
		s.Objective(false)
		s.Keep()
	}
	one()
	if n := testing.AllocsPerRun(20, one); n != 0 {
		t.Fatalf("%v allocations a sweep", n)
	}
}
