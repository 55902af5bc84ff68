package nmf_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"polyad/internal/fittest"
	"polyad/internal/fitting"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

func TestStartsThatAreCutComeToAnEnd(t *testing.T) {
	x := positive[float64](3, 40, 23, 1)
	mask := holes(4, 40, 23, .3)
	for _, o := range []nmf.Options{
		{}, {Init: nmf.SPA{}}, {Init: nmf.SPA{}, Method: nmf.HALS{}}, {Init: nmf.NNDSVD{Fill: nmf.FillRandom}},
		{Mask: mask}, {Init: nmf.SPA{}, Mask: mask},
	} {
		for _, scale := range []float64{1, .5} { // worked on as they are, and tile by tile
			require.Greater(t, nmf.CutStarts(t, x, 4, o, scale), 2)
		}
	}
	require.Greater(t, nmf.CutStarts(t, positive[float32](3, 9, 600, 1), 4, nmf.Options{}, 1), 5)
}

func TestALimitEndsTheStart(t *testing.T) {
	x := positive[float64](1, 60, 50, 1)
	why := errors.New("enough")
	cancelled, cancel := context.WithCancelCause(ctx)
	cancel(why)
	defer func(g time.Duration) { fitting.Grace = g }(fitting.Grace)
	fitting.Grace = 0
	want, err := nmf.Fit(ctx, x, 10, &nmf.Options{Init: nmf.Random{}, ScaleInit: solver.Set(false), Run: run(0)})
	require.NoError(t, err)
	for _, s := range []nmf.Start{nil, nmf.SPA{}} {
		o := nmf.Options{Init: s, Workers: 1}
		r, err := nmf.Fit(&looked{Context: cancelled}, x, 10, &o)
		require.ErrorIs(t, err, why)
		require.Equal(t, solver.Cancelled, r.Status)
		require.Zero(t, r.Iterations)
		require.Len(t, r.Trace, 1)
		require.Equal(t, want.Model, r.Model, "a start that is cut is a random one")
		require.InEpsilon(t, want.RelError, r.RelError, 1e-9)
		if s != nil {
			continue
		}
		o.Run.MaxTime = time.Nanosecond
		r, err = nmf.Fit(ctx, x, 10, &o)
		require.NoError(t, err)
		require.Equal(t, solver.MaxTime, r.Status)
		require.Equal(t, want.Model, r.Model)
	}
}

func TestSmallStartsAreFinishedWhateverTheLimit(t *testing.T) {
	x := positive[float64](1, 12, 9, 1)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	want, err := nmf.Fit(ctx, x, 3, &nmf.Options{Run: run(0)})
	require.NoError(t, err)
	r, err := nmf.Fit(cancelled, x, 3, nil)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, want.Model, r.Model)
}

func TestLookingAtDataEndsWithTheContext(t *testing.T) {
	x := matrix.New[float64](1000, 1000)
	for i := range x.Data {
		x.Data[i] = 1
	}
	x.Data[len(x.Data)-1] = math.NaN()
	defer func(g time.Duration) { fitting.Grace = g }(fitting.Grace)
	fitting.Grace = 0
	c := &fittest.Ending{Context: ctx, After: 3}
	r, err := nmf.Fit(c, x, 3, &nmf.Options{W: reg.L1(1), H: reg.L1(1)})
	require.Nil(t, r)
	require.ErrorIs(t, err, context.Canceled, "not what is wrong with the last entry")
	require.LessOrEqual(t, c.Asked, 3+3, "a look or two after it has ended")
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
