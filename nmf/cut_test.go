package nmf_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/internal/fittest"
	"polyad/loss"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

// A sweep that is cut anywhere leaves the model of the sweep before it, bit for bit.
func TestSweepsThatAreCutLeaveTheModelBefore(t *testing.T) {
	x := positive[float64](1, 300, 40, 1)
	mid := 0
	for _, o := range []nmf.Options{
		{}, {Method: nmf.HALS{}}, {Method: nmf.MU{}}, {Method: nmf.MU{Extrapolate: true}}, {Method: nmf.ANLS{}}, {Method: nmf.ALS{}},
		{Loss: loss.KL}, {Loss: loss.IS}, {W: reg.L1(.1), H: reg.L1(.1)}, {W: reg.L1(.1), H: reg.L2(.1), Balance: nmf.BalanceBlock},
	} {
		o.Workers = 1
		mid += fittest.SweepsAreCutWhole(t, func(ctx context.Context, sweeps int) (any, *solver.Report, error) {
			o.Run = solver.Options{MaxIter: solver.Set(sweeps), Tol: solver.Set(0.0), TraceEvery: 1}
			r, err := nmf.Fit(ctx, x, 4, &o)
			if r == nil {
				return nil, nil, err
			}
			return r.Model, &r.Report, err
		})
	}
	require.Greater(t, mid, 100)
}
