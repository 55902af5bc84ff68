package cpd_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"polyad/cpd"
	"polyad/internal/fitting"
	"polyad/solver"
	"polyad/tensor"
)

func TestStartsThatAreCutComeToAnEnd(t *testing.T) {
	x := noisy[float64](1, []int{12, 9, 7}, 3, true, .2)
	mask := tensor.NewMask(x.Shape...)
	for i := range x.Len() {
		mask.Set(i%3 != 0, i/63, i/7%9, i%7)
	}
	for _, o := range []cpd.Options{{Init: cpd.SVD{}}, {Init: cpd.Compressed{}}, {Init: cpd.SVD{}, Mask: mask}} {
		require.Greater(t, cpd.CutStarts(t, x, 3, o), 2)
	}
	require.Greater(t, cpd.CutStarts(t, noisy[float32](1, []int{450, 30, 20}, 3, true, .2), 3, cpd.Options{}), 5)
}

func TestALimitEndsTheStart(t *testing.T) {
	x := noisy[float64](1, []int{30, 12, 10}, 3, false, .2)
	why := errors.New("enough")
	cancelled, cancel := context.WithCancelCause(ctx)
	cancel(why)
	defer func(g time.Duration) { fitting.Grace = g }(fitting.Grace)
	fitting.Grace = 0
	const rank = 5
	want, err := cpd.Fit(ctx, x, rank, &cpd.Options{Init: cpd.Random{}, ScaleInit: solver.Set(false), Run: sweeps(0)})
	require.NoError(t, err)
	for _, s := range []cpd.Start{nil, cpd.Compressed{}} {
		o := cpd.Options{Init: s, Workers: 1}
		r, err := cpd.Fit(&looked{Context: cancelled}, x, rank, &o)
		require.ErrorIs(t, err, why)
		require.Equal(t, solver.Cancelled, r.Status)
		require.Zero(t, r.Iterations)
		require.Equal(t, want.Model, r.Model, "a start that is cut is a random one")
		o.Run.MaxTime = time.Nanosecond
		r, err = cpd.Fit(ctx, x, rank, &o)
		require.NoError(t, err)
		require.Equal(t, solver.MaxTime, r.Status)
		require.Equal(t, want.Model, r.Model)
	}
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
