package tucker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"polyad/internal/fitting"
	"polyad/solver"
	"polyad/tucker"
)

func TestStartsThatAreCutComeToAnEnd(t *testing.T) {
	x := noisy[float64](1, []int{12, 9, 7}, []int{3, 3, 3}, true, .2)
	for _, o := range []tucker.Options{{}, {Nonneg: tucker.Modes{0, 1, 2}}, {Target: solver.Set(.3)}, {Target: solver.Set(1e-8)}} {
		ranks := []int{3, 3, 3}
		if o.Target.IsSet() {
			ranks = nil
		}
		require.Greater(t, tucker.CutStarts(t, x, ranks, o), 2)
	}
	y := noisy[float32](1, []int{450, 30, 20}, []int{3, 3, 3}, true, .2)
	require.Greater(t, tucker.CutStarts(t, y, []int{3, 3, 3}, tucker.Options{}), 5)
}

func TestALimitEndsTheStart(t *testing.T) {
	x := noisy[float64](1, []int{30, 12, 10}, []int{3, 3, 3}, false, .2)
	why := errors.New("enough")
	cancelled, cancel := context.WithCancelCause(ctx)
	cancel(why)
	defer func(g time.Duration) { fitting.Grace = g }(fitting.Grace)
	fitting.Grace = 0
	ranks := []int{7, 5, 5}
	for _, m := range []tucker.Method{nil, tucker.HALS{}} {
		want, err := tucker.Fit(ctx, x, ranks, &tucker.Options{Method: m, Init: tucker.Random{}, ScaleInit: solver.Set(false), Run: sweeps(0)})
		require.NoError(t, err)
		o := tucker.Options{Method: m, Workers: 1}
		r, err := tucker.Fit(&looked{Context: cancelled}, x, ranks, &o)
		require.ErrorIs(t, err, why)
		require.Equal(t, solver.Cancelled, r.Status)
		require.Zero(t, r.Iterations)
		require.Equal(t, want.Model, r.Model, "a start that is cut is a random one")
		o.Run.MaxTime = time.Nanosecond
		r, err = tucker.Fit(ctx, x, ranks, &o)
		require.NoError(t, err)
		require.Equal(t, solver.MaxTime, r.Status)
		require.Equal(t, want.Model, r.Model)
	}
	o := tucker.Options{Target: solver.Set(1e-9), Workers: 1}
	r, err := tucker.Fit(&looked{Context: cancelled}, x, nil, &o)
	require.Nil(t, r, "there are no ranks yet")
	require.ErrorIs(t, err, why)
	o.Run.MaxTime = time.Nanosecond
	r, err = tucker.Fit(ctx, x, nil, &o)
	require.Nil(t, r)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "max-time")
	_, err = tucker.HOSVD(&looked{Context: cancelled}, x, nil, &tucker.HOSVDOptions{Target: solver.Set(1e-9), Workers: 1})
	require.ErrorIs(t, err, why)
}

// looked is a context that is cancelled once the data have been looked at.
type looked struct {
	context.Context
	asked bool
}

func (c *looked) Err() error {
	if !c.asked {
		c.asked = true
		return nil
	}
	return c.Context.Err()
}

func TestALimitEndsTheFirstStepOfATransform(t *testing.T) {
	x := noisy[float64](1, []int{30, 12, 10}, []int{3, 3, 3}, true, .2)
	m := model[float64](2, []int{30, 12, 10}, []int{3, 3, 3}, true)
	why := errors.New("enough")
	cancelled, cancel := context.WithCancelCause(ctx)
	cancel(why)
	defer func(g time.Duration) { fitting.Grace = g }(fitting.Grace)
	fitting.Grace = 0
	for _, nonneg := range []tucker.Modes{nil, {2}} {
		o := tucker.Options{Nonneg: nonneg, Method: tucker.HALS{}, Workers: 1}
		r, err := m.Transform(cancelled, x, &o)
		require.Nil(t, r)
		require.ErrorIs(t, err, why)
		r, err = m.TransformMode(cancelled, x, 0, &o)
		require.Nil(t, r)
		require.ErrorIs(t, err, why)
		o.Run.MaxTime = time.Nanosecond
		r, err = m.Transform(ctx, x, &o)
		require.NoError(t, err)
		require.Equal(t, solver.MaxTime, r.Status)
		cut := r.Factors[2].Row(0)
		require.Equal(t, []float64{cut[0], cut[0], cut[0]}, cut, "the minimizer was not waited for")
		o.Run = sweeps(0)
		r, err = m.Transform(ctx, x, &o)
		require.NoError(t, err)
		require.NotEqual(t, cut, r.Factors[2].Row(0))
	}
}
