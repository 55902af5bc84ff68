package solver_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/solver"
)

// decay is a problem whose objective is start·rate^k.
type decay struct {
	value, rate float64
	floor       float64 // of the objective
	finals      int
	after       func(k int) error
	k           int
}

func (d *decay) Sweep() error {
	d.value *= d.rate
	d.k++
	if d.after != nil {
		return d.after(d.k)
	}
	return nil
}

func (d *decay) Objective(final bool) (float64, float64, float64) {
	if final {
		d.finals++
	}
	return d.floor + d.value, 0, 0
}

func (d *decay) Snapshot() any { return d.value }

func TestStopRuleLooksBackTenSweeps(t *testing.T) {
	// Above a floor the objective falls by start·2^-k·(2^10 - 1) over the ten sweeps
	// before k, and is near the floor then: at most 1e-6 of that once 2^k is.
	for _, floor := range []float64{1, 1e-2, 1e-4} {
		want := int(math.Ceil(math.Log2(1023 / (1e-6 * floor))))
		for _, scale := range []float64{1e-20, 1, 1e20} {
			d := &decay{value: scale, rate: .5, floor: scale * floor}
			r, err := solver.Run(context.Background(), d, solver.Options{})
			require.NoError(t, err)
			assert.Equal(t, solver.Converged, r.Status)
			assert.Equal(t, want, r.Iterations, "the rule must depend on neither scale nor start")
			assert.Equal(t, 1, d.finals)
		}
	}
}

func TestExactFitsEndAtRounding(t *testing.T) {
	// The objective falls by start·2^-k·(2^10 - 1) over the ten sweeps before k, and
	// by as much of what it is for ever: 2^-52 of the start first at k = 62.
	for _, scale := range []float64{1e-20, 1, 1e20} {
		d := &decay{value: scale, rate: .5}
		r, err := solver.Run(context.Background(), d, solver.Options{})
		require.NoError(t, err)
		assert.Equal(t, solver.Converged, r.Status)
		assert.Equal(t, 62, r.Iterations)
		assert.Equal(t, r.Iterations, r.Trace.Last().Iter)
		assert.Equal(t, 0, r.Trace[0].Iter)
		assert.Equal(t, 1, d.finals)
	}
}

func TestStopRuleWithSparseEvaluations(t *testing.T) {
	d := &decay{value: 1, rate: .5, floor: 1}
	r, err := solver.Run(context.Background(), d, solver.Options{TraceEvery: 7})
	require.NoError(t, err)
	assert.Equal(t, solver.Converged, r.Status)
	// Evaluations at multiples of 7: the latest at least 10 back is 14 back, over
	// which the objective has fallen by 2^-k·(2^14 - 1).
	assert.Equal(t, 35, r.Iterations)
	for i, p := range r.Trace {
		assert.Equal(t, 7*i, p.Iter)
	}
}

// wave is a problem whose objective is that of a list, over and over.
type wave struct {
	values []float64
	k      int
	back   int // sweep after which the model is an earlier one again
	still  float64
}

func (w *wave) Sweep() error { w.k++; return nil }

func (w *wave) Objective(bool) (float64, float64, float64) {
	return w.values[w.k%len(w.values)], 0, 0
}

func (w *wave) Snapshot() any { return w.k }

func (w *wave) Returned() bool { return w.k == w.back }

func (w *wave) Still() float64 { return w.still }

func TestRiseIsNoConvergence(t *testing.T) {
	for name, values := range map[string][]float64{
		"rising":         {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
		"period 2":       {1, 1.1},
		"period 5":       {1, 1.1, 1.2, 1.1, 1.05},
		"of ten sweeps":  {1, 1, 1, 1, 1.1, 1, 1, 1, 1, 1},
		"slightly above": {1, 1 + 2e-6},
	} {
		r, err := solver.Run(context.Background(), &wave{values: values}, solver.Options{MaxIter: solver.Set(30)})
		require.NoError(t, err)
		assert.Equal(t, solver.MaxIter, r.Status, name)
	}
	for _, w := range []*wave{{values: []float64{1, 1 + 5e-7}}, {values: []float64{1, 1.1}, still: .11}} {
		r, err := solver.Run(context.Background(), w, solver.Options{MaxIter: solver.Set(30)})
		require.NoError(t, err)
		assert.Equal(t, solver.Converged, r.Status, "within what tells nothing")
		assert.Equal(t, 10, r.Iterations)
	}
}

func TestSweepsThatWereGivenUpDoNotCount(t *testing.T) {
	r, err := solver.Run(context.Background(), &wave{values: []float64{1}, back: 7}, solver.Options{})
	require.NoError(t, err)
	assert.Equal(t, solver.Converged, r.Status)
	assert.Equal(t, 17, r.Iterations, "the window begins anew with the model that was gone back to")
}

func TestTolZeroNeverStopsEarly(t *testing.T) {
	r, err := solver.Run(context.Background(), &decay{value: 0, rate: 1}, solver.Options{Tol: solver.Set(0.0), MaxIter: solver.Set(40)})
	require.NoError(t, err)
	assert.Equal(t, solver.MaxIter, r.Status)
	assert.Equal(t, 40, r.Iterations)
}

func TestExactModelConverges(t *testing.T) {
	r, err := solver.Run(context.Background(), &decay{value: 0, rate: 1}, solver.Options{})
	require.NoError(t, err)
	assert.Equal(t, solver.Converged, r.Status)
	assert.Equal(t, 10, r.Iterations)
}

func TestMaxIterZeroEvaluatesTheStart(t *testing.T) {
	d := &decay{value: 3, rate: .5}
	r, err := solver.Run(context.Background(), d, solver.Options{MaxIter: solver.Set(0)})
	require.NoError(t, err)
	assert.Equal(t, solver.MaxIter, r.Status)
	assert.Zero(t, d.k)
	require.Len(t, r.Trace, 1)
	assert.Equal(t, 3.0, r.Trace[0].Loss)
	assert.Equal(t, 1, d.finals)
}

func TestLastSweepIsInTheTrace(t *testing.T) {
	r, err := solver.Run(context.Background(), &decay{value: 1, rate: .9}, solver.Options{TraceEvery: 10, MaxIter: solver.Set(25)})
	require.NoError(t, err)
	var iters []int
	for _, p := range r.Trace {
		iters = append(iters, p.Iter)
	}
	assert.Equal(t, []int{0, 10, 20, 25}, iters)
}

func TestObserverEndsTheRun(t *testing.T) {
	var seen []int
	r, err := solver.Run(context.Background(), &decay{value: 1, rate: .9}, solver.Options{Observe: []solver.Observer{
		func(e solver.Event) bool {
			seen = append(seen, e.Iter)
			assert.Equal(t, e.Loss, e.Snapshot())
			return e.Iter == 3
		}}})
	require.NoError(t, err)
	assert.Equal(t, solver.Stopped, r.Status)
	assert.Equal(t, 3, r.Iterations)
	assert.Equal(t, []int{0, 1, 2, 3}, seen, "the direct evaluation at the end is not a new point")
}

// field is a problem whose sweeps and copies take long enough to meet.
type field struct{ x []float64 }

func (f *field) Sweep() error {
	for i := range f.x {
		f.x[i]++
	}
	return nil
}
func (f *field) Objective(bool) (loss, penalty, relError float64) { return 1, 0, 1 }
func (f *field) Snapshot() any                                    { return slices.Clone(f.x) }

func TestSnapshotIsOfItsPointOrNil(t *testing.T) {
	for _, wait := range []bool{true, false} { // for the other goroutine, within the observer
		var others sync.WaitGroup
		var late []func() any
		var taken atomic.Int64
		observe := func(e solver.Event) bool {
			late = append(late, e.Snapshot)
			done := make(chan struct{})
			others.Add(1)
			go func() {
				defer others.Done()
				defer close(done)
				m, ok := e.Snapshot().([]float64)
				if !ok {
					return
				}
				taken.Add(1)
				for _, v := range m {
					if v != float64(e.Iter) {
						t.Errorf("the copy at point %d holds %v", e.Iter, v)
						return
					}
				}
			}()
			if wait {
				<-done
			}
			return false
		}
		_, err := solver.Run(context.Background(), &field{x: make([]float64, 1000)}, solver.Options{Tol: solver.Set(0.0), MaxIter: solver.Set(100), Observe: []solver.Observer{observe}})
		require.NoError(t, err)
		others.Wait()
		require.Len(t, late, 101)
		for _, snapshot := range late {
			assert.Nil(t, snapshot(), "the run has gone on")
		}
		if wait {
			assert.EqualValues(t, 101, taken.Load(), "any goroutine may take a copy while the observers are at work")
		}
	}
}

func TestCancellationKeepsTheReport(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	d := &decay{value: 1, rate: .9, after: func(k int) error {
		if k == 4 {
			cancel(why)
		}
		return nil
	}}
	r, err := solver.Run(ctx, d, solver.Options{TraceEvery: 3})
	require.ErrorIs(t, err, why)
	assert.Equal(t, solver.Cancelled, r.Status)
	assert.Equal(t, 4, r.Iterations)
	assert.Equal(t, solver.Point{Iter: 4, Loss: d.value, Seconds: r.Trace.Last().Seconds}, r.Trace.Last())
}

func TestTimeLimitCountsFromStart(t *testing.T) {
	d := &decay{value: 1, rate: .9}
	r, err := solver.Run(context.Background(), d, solver.Options{MaxTime: time.Second, Start: time.Now().Add(-time.Minute)})
	require.NoError(t, err)
	assert.Equal(t, solver.MaxTime, r.Status)
	assert.Zero(t, r.Iterations)
	assert.Greater(t, r.Seconds, 59.0)
}

func TestNotFiniteIsAnError(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		d := &decay{value: 1, rate: .9}
		d.after = func(k int) error {
			if k == 2 {
				d.value = bad
			}
			return nil
		}
		r, err := solver.Run(context.Background(), d, solver.Options{})
		require.ErrorIs(t, err, solver.ErrNotFinite)
		assert.Equal(t, 2, r.Iterations)
	}
}

func TestSweepErrorNamesTheSweep(t *testing.T) {
	boom := errors.New("boom")
	_, err := solver.Run(context.Background(), &decay{value: 1, rate: .9, after: func(k int) error { return boom }}, solver.Options{})
	require.ErrorIs(t, err, boom)
	assert.Contains(t, err.Error(), "sweep 1")
}

func TestSenselessOptionsAreRefused(t *testing.T) {
	for name, o := range map[string]solver.Options{
		"tol":         {Tol: solver.Set(-1.0)},
		"tol nan":     {Tol: solver.Set(math.NaN())},
		"max-iter":    {MaxIter: solver.Set(-1)},
		"max-time":    {MaxTime: -1},
		"trace-every": {TraceEvery: -1},
		"observer":    {Observe: []solver.Observer{nil}},
	} {
		d := &decay{value: 1, rate: .5}
		_, err := solver.Run(context.Background(), d, o)
		assert.ErrorIs(t, err, solver.ErrOption, name)
		assert.Zero(t, d.k, name)
	}
}

func TestOptSaysWhetherItIsSet(t *testing.T) {
	var o solver.Opt[float64]
	assert.Equal(t, 7.0, o.Or(7))
	assert.False(t, o.IsSet())
	o = solver.Set(0.0)
	assert.Equal(t, 0.0, o.Or(7))
	assert.True(t, o.IsSet())
}

func TestStatusNames(t *testing.T) {
	for s, want := range map[solver.Status]string{solver.Converged: "converged", solver.MaxIter: "max_iter",
		solver.MaxTime: "max_time", solver.Stopped: "stopped", solver.Cancelled: "cancelled", 99: "unknown"} {
		assert.Equal(t, want, s.String())
	}
}

// keeper is a wave that may rise.
type keeper struct {
	wave
	best, keeps int
}

func (w *keeper) MayRise() bool { return true }
func (w *keeper) Keep()         { w.best, w.keeps = w.k, w.keeps+1 }
func (w *keeper) Recall()       { w.k = w.best }

func TestBestModelIsReturned(t *testing.T) {
	for _, every := range []int{1, 2} {
		p := &keeper{wave: wave{values: []float64{9, 5, 4, 1, 3, 8, 7}}}
		r, err := solver.Run(context.Background(), p, solver.Options{MaxIter: solver.Set(6), TraceEvery: every})
		require.NoError(t, err)
		want := map[int]int{1: 3, 2: 4}[every] // the lowest one that was evaluated
		assert.Equal(t, want, r.Returned.Iter)
		assert.Equal(t, want, p.Snapshot(), "the problem is left with it")
		assert.Equal(t, 6, r.Iterations)
		assert.Equal(t, 7.0, r.Trace.Last().Loss, "the trace goes on to the end")
		assert.Contains(t, r.Trace, r.Returned)
	}
	p := &wave{values: []float64{9, 5, 4, 1, 3, 8, 7}}
	r, err := solver.Run(context.Background(), p, solver.Options{MaxIter: solver.Set(6)})
	require.NoError(t, err)
	assert.Equal(t, r.Trace.Last(), r.Returned, "where nothing is kept")
}

func TestCancelledRunReturnsTheBestModel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p := &keeper{wave: wave{values: []float64{9, 5, 4, 1, 3, 8, 7}}}
	r, err := solver.Run(ctx, p, solver.Options{Observe: []solver.Observer{func(e solver.Event) bool {
		if e.Iter == 5 {
			cancel()
		}
		return false
	}}})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 3, r.Returned.Iter)
	assert.Equal(t, 3, p.Snapshot())
}

func TestGoingUpAndDownInTurnIsNotConverging(t *testing.T) {
	var values []float64
	for range 50 {
		values = append(values, 3, 2)
	}
	for _, every := range []int{1, 2, 3, 5, 10} {
		p := &keeper{wave: wave{values: values}}
		r, err := solver.Run(t.Context(), p, solver.Options{MaxIter: solver.Set(90), TraceEvery: every})
		require.NoError(t, err)
		assert.Equal(t, solver.MaxIter, r.Status, "evaluated every %d", every)
		assert.Equal(t, 2.0, r.Returned.Loss)
	}
	for _, every := range []int{2, 10} {
		p := &keeper{wave: wave{values: slices.Repeat([]float64{2}, 100)}}
		r, err := solver.Run(t.Context(), p, solver.Options{MaxIter: solver.Set(90), TraceEvery: every})
		require.NoError(t, err)
		assert.Equal(t, solver.Converged, r.Status, "evaluated every %d", every)
	}
}

// restless is a keeper whose sweeps are given up from some point on.
type restless struct {
	keeper
	until, sweeps int
}

func (w *restless) Sweep() error {
	if w.sweeps++; w.sweeps > w.until {
		return solver.ErrInterrupted
	}
	return w.keeper.Sweep()
}

func TestLimitsHoldWhereTheObjectiveSeemsToStandStill(t *testing.T) {
	still := slices.Repeat([]float64{2}, 100)
	p := &keeper{wave: wave{values: still}}
	r, err := solver.Run(t.Context(), p, solver.Options{MaxIter: solver.Set(10), TraceEvery: 10})
	require.NoError(t, err)
	assert.Equal(t, 10, r.Iterations, "no sweep beyond the last one")
	assert.Equal(t, solver.MaxIter, r.Status)
	q := &restless{keeper: keeper{wave: wave{values: still}}, until: 10}
	r, err = solver.Run(t.Context(), q, solver.Options{MaxIter: solver.Set(90), TraceEvery: 10})
	require.NoError(t, err)
	assert.Equal(t, solver.MaxTime, r.Status, "a sweep is given up as it is time")
	assert.Equal(t, 11, q.sweeps)
}
