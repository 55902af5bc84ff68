package cpd_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cpd"
	"polyad/internal/fittest"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
)

// A sweep that is cut anywhere leaves the model of the sweep before it, bit for bit.
func TestSweepsThatAreCutLeaveTheModelBefore(t *testing.T) {
	x := noisy[float64](1, []int{40, 12, 10}, 3, true, .2)
	mid := 0
	for _, o := range []cpd.Options{
		{}, {Method: cpd.HALS{}}, {Method: cpd.HALS{Extrapolate: true}, Nonneg: cpd.Modes{-1}}, {Method: cpd.MU{}}, {Method: cpd.ALS{Extrapolate: true}},
		{Method: cpd.ALS{LineSearch: true}}, {Loss: loss.KL}, {Nonneg: cpd.Modes{-1}, Penalty: cpd.Penalties{reg.L1(.1)}},
	} {
		o.Workers = 1
		mid += fittest.SweepsAreCutWhole(t, func(ctx context.Context, sweeps int) (any, *solver.Report, error) {
			o.Run = solver.Options{MaxIter: solver.Set(sweeps), Tol: solver.Set(0.0), TraceEvery: 1}
			r, err := cpd.Fit(ctx, x, 3, &o)
			if r == nil {
				return nil, nil, err
			}
			return r.Model, &r.Report, err
		})
	}
	require.Greater(t, mid, 100)
}
