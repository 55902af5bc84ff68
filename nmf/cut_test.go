package nmf_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"polyad/internal/fitting"
	"polyad/loss"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

// A sweep that is cut anywhere leaves the model of the sweep before it, bit for bit.
func TestSweepsThatAreCutLeaveTheModelBefore(t *testing.T) {
	defer func(g time.Duration, n int) { fitting.Grace, fitting.LongSweep = g, n }(fitting.Grace, fitting.LongSweep)
	fitting.Grace, fitting.LongSweep = 0, 0
	x := positive[float64](1, 300, 40, 1)
	mid := 0
	for k, o := range []nmf.Options{
		{}, {Method: nmf.HALS{}}, {Method: nmf.MU{}}, {Method: nmf.MU{Extrapolate: true}}, {Method: nmf.ANLS{}}, {Method: nmf.ALS{}},
		{Loss: loss.KL}, {Loss: loss.IS}, {W: reg.L1(.1), H: reg.L1(.1)}, {W: reg.L1(.1), H: reg.L2(.1), Balance: nmf.BalanceBlock},
	} {
		o.Workers = 1
		o.Run = solver.Options{MaxIter: solver.Set(6), Tol: solver.Set(0.0), TraceEvery: 1}
		full := &ending{Context: context.Background(), after: 1 << 30}
		_, err := nmf.Fit(full, x, 4, &o)
		require.NoError(t, err, "case %d", k)
		for after := 1; after < full.asked; after += 1 + full.asked/60 {
			r, err := nmf.Fit(&ending{Context: context.Background(), after: after}, x, 4, &o)
			if r == nil || r.Iterations == 0 {
				require.Error(t, err)
				continue
			}
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, solver.Cancelled, r.Status)
			again := o
			again.Run.MaxIter = solver.Set(r.Iterations)
			want, err := nmf.Fit(context.Background(), x, 4, &again)
			require.NoError(t, err)
			require.Equal(t, want.Model, r.Model, "case %d, after %d looks, %d sweeps", k, after, r.Iterations)
			mid++
		}
	}
	require.Greater(t, mid, 100)
}
