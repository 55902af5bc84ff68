package nmf_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

func TestRestartsKeepTheBestOfSingleRuns(t *testing.T) {
	t.Run("float64", bestOfRuns[float64])
	t.Run("float32", bestOfRuns[float32])
}

func bestOfRuns[T asm.Float](t *testing.T) {
	x := lowRank[T](41, 24, 20, 5)
	for _, o := range []nmf.Options{
		{Init: nmf.Random{}}, {Init: nmf.NNDSVD{Fill: nmf.FillRandom}}, {Loss: loss.KL, W: reg.L1(.1), H: reg.L1(.1)},
	} {
		o.Seed, o.Run = 7, run(15)
		var first *nmf.Result[T]
		for _, workers := range []int{1, 2, 3, 5} { // side by side up to 4
			o.Workers, o.Restarts = workers, 4
			r, err := nmf.Fit(ctx, x, 5, &o)
			require.NoError(t, err)
			require.Len(t, r.Runs, 4)
			if first == nil {
				first = r
			}
			require.Equal(t, first.Model, r.Model)
			require.Equal(t, first.Best, r.Best)
			require.Equal(t, first.Loss, r.Loss)
			for i := range r.Runs {
				a, b := first.Runs[i], r.Runs[i]
				a.Seconds, b.Seconds = 0, 0
				require.Equal(t, a, b)
			}
		}
		best := 0
		for i, run := range first.Runs {
			one := o
			one.Restarts, one.Seed = 1, run.Seed
			if one.Init == nil {
				one.Init = nmf.Random{}
			}
			require.Equal(t, o.Seed+uint64(i), run.Seed)
			r, err := nmf.Fit(ctx, x, 5, &one)
			require.NoError(t, err)
			require.Equal(t, r.Objective(), run.Objective)
			require.Equal(t, r.RelError, run.RelError)
			require.Equal(t, r.Status, run.Status)
			require.Equal(t, r.Iterations, run.Iterations)
			if run.Objective < first.Runs[best].Objective {
				best = i
			}
			if i == first.Best {
				require.Equal(t, r.Model, first.Model)
			} else {
				require.Less(t, run.Agreement, 1-1e-10)
			}
			require.GreaterOrEqual(t, run.Agreement, 0.)
		}
		require.Equal(t, best, first.Best)
		require.InDelta(t, 1, first.Runs[best].Agreement, 1e-6)
		require.Equal(t, uint64(7), first.Options.Seed)
		require.Equal(t, 4, first.Options.Restarts)
	}
}

func TestAgreementTellsOneSolutionFromMany(t *testing.T) {
	// Separable data have one factorization, all runs find it.
	x := lowRank[float64](42, 60, 50, 3)
	r, err := nmf.Fit(ctx, x, 3, &nmf.Options{Restarts: 4, Run: solver.Options{Tol: solver.Set(1e-12), MaxIter: solver.Set(3000)}})
	require.NoError(t, err)
	for _, run := range r.Runs {
		assert.Greater(t, run.Agreement, .99)
	}
	x = positive[float64](43, 60, 50, 1) // noise has many
	r, err = nmf.Fit(ctx, x, 8, &nmf.Options{Restarts: 4})
	require.NoError(t, err)
	for i, run := range r.Runs {
		if i != r.Best {
			assert.Less(t, run.Agreement, .99)
		}
	}
}

func TestStartsWithoutASeedAreNotRestarted(t *testing.T) {
	x := positive[float64](44, 6, 5, 1)
	start := &nmf.Model[float64]{W: positive[float64](2, 6, 2, 1), H: positive[float64](3, 2, 5, 1)}
	for _, s := range []nmf.Start{nmf.NNDSVD{}, nmf.NNDSVD{Fill: nmf.FillMean}, nmf.SPA{}, start} {
		_, err := nmf.Fit(ctx, x, 2, &nmf.Options{Init: s, Restarts: 3})
		require.ErrorIs(t, err, nmf.ErrOption)
		require.ErrorContains(t, err, "Random{}")
		_, err = nmf.Fit(ctx, x, 2, &nmf.Options{Init: s, Restarts: 1, Run: run(1)})
		require.NoError(t, err)
	}
	_, err := nmf.Fit(ctx, x, 2, &nmf.Options{Restarts: -1})
	require.ErrorIs(t, err, nmf.ErrOption)
}

func TestRestartsEndWithTheContextAndTheTime(t *testing.T) {
	x := positive[float64](45, 30, 20, 1)
	why := errors.New("enough")
	for _, workers := range []int{1, 2, 9} {
		c, cancel := context.WithCancelCause(ctx)
		o := nmf.Options{Restarts: 6, Workers: workers, Run: run(50)}
		seen := map[int]bool{}
		o.Run.Observe = []solver.Observer{func(e solver.Event) bool {
			seen[e.Run] = true // one at a time, or the race detector speaks
			if e.Iter == 50 {
				cancel(why)
			}
			return false
		}}
		r, err := nmf.Fit(c, x, 4, &o)
		require.ErrorIs(t, err, why)
		require.NotNil(t, r)
		require.Len(t, r.Runs, len(seen), "runs that had not begun are left out")
		require.Less(t, len(r.Runs), 6)
	}
	o := nmf.Options{Restarts: 50, Run: run(1 << 30)}
	o.Run.MaxTime = 30 * time.Millisecond
	began := time.Now()
	r, err := nmf.Fit(ctx, x, 4, &o)
	require.NoError(t, err)
	assert.Less(t, time.Since(began), 20*time.Second)
	assert.NotEmpty(t, r.Runs)
	assert.Less(t, len(r.Runs), 50)
	assert.Equal(t, solver.MaxTime, r.Status)
}

func TestObserversOfRestartsEndTheirOwnRun(t *testing.T) {
	x := positive[float64](46, 30, 20, 1)
	o := nmf.Options{Restarts: 3, Run: run(9)}
	o.Run.Observe = []solver.Observer{func(e solver.Event) bool { return e.Run == 1 && e.Iter == 4 }}
	r, err := nmf.Fit(ctx, x, 4, &o)
	require.NoError(t, err)
	for i, want := range []int{9, 4, 9} {
		assert.Equal(t, want, r.Runs[i].Iterations)
	}
	assert.Equal(t, solver.Stopped, r.Runs[1].Status)
}

func TestRunsThatAllFailAreAnError(t *testing.T) {
	x := positive[float64](47, 10, 8, 1e140)
	p := reg.Lp(8, 1e300) // in the units in which the data are near 1 that is no float
	r, err := nmf.Fit(ctx, x, 3, &nmf.Options{Loss: loss.KL, W: p, H: p, Restarts: 3, Run: run(2)})
	require.ErrorIs(t, err, reg.ErrPenalty)
	require.Nil(t, r)
}

func ExampleFit_restarts() {
	x := matrix.Of(3, 4, []float64{
		1, 2, 0, 0,
		2, 4, 0, 0,
		0, 0, 3, 1,
	})
	r, err := nmf.Fit(context.Background(), x, 2, &nmf.Options{Restarts: 3, Seed: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, run := range r.Runs {
		fmt.Println(run.Seed, run.Status, run.Agreement > .99)
	}
	// Output:
	// 10 converged true
	// 11 converged true
	// 12 converged true
}
