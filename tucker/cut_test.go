package tucker_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"polyad/internal/fitting"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
	"polyad/tucker"
)

// A sweep that is cut anywhere leaves the model of the sweep before it, bit for bit.
func TestSweepsThatAreCutLeaveTheModelBefore(t *testing.T) {
	defer func(g time.Duration, n int) { fitting.Grace, fitting.LongSweep = g, n }(fitting.Grace, fitting.LongSweep)
	fitting.Grace, fitting.LongSweep = 0, 0
	x := noisy[float64](1, []int{40, 12, 10}, []int{3, 3, 3}, true, .2)
	mid := 0
	for k, o := range []tucker.Options{
		{}, {Method: tucker.HALS{}}, {Method: tucker.HALS{}, Nonneg: tucker.Modes{-1}}, {Method: tucker.MU{}}, {Method: tucker.MU{Extrapolate: true}},
		{Loss: loss.KL}, {Nonneg: tucker.Modes{-1}, Core: reg.L1(.1), Factors: tucker.Each(reg.L1(.1))},
	} {
		o.Workers = 1
		o.Run = solver.Options{MaxIter: solver.Set(6), Tol: solver.Set(0.0), TraceEvery: 1}
		full := &ending{Context: context.Background(), after: 1 << 30}
		_, err := tucker.Fit(full, x, []int{3, 2, 2}, &o)
		require.NoError(t, err, "case %d", k)
		for after := 1; after < full.asked; after += 1 + full.asked/60 {
			r, err := tucker.Fit(&ending{Context: context.Background(), after: after}, x, []int{3, 2, 2}, &o)
			if r == nil || r.Iterations == 0 {
				require.Error(t, err)
				continue
			}
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, solver.Cancelled, r.Status)
			again := o
			again.Run.MaxIter = solver.Set(r.Iterations)
			want, err := tucker.Fit(context.Background(), x, []int{3, 2, 2}, &again)
			require.NoError(t, err)
			require.Equal(t, want.Model, r.Model, "case %d, after %d looks, %d sweeps", k, after, r.Iterations)
			mid++
		}
	}
	require.Greater(t, mid, 100)
}

// ending is a context that ends when it has been asked so many times.
type ending struct {
	context.Context
	asked, after int
}

func (c *ending) Done() <-chan struct{} { return make(chan struct{}) }

func (c *ending) Err() error {
	if c.asked++; c.asked > c.after {
		return context.Canceled
	}
	return nil
}
