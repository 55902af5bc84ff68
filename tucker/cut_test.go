package tucker_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/internal/fittest"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
	"polyad/tucker"
)

// A sweep that is cut anywhere leaves the model of the sweep before it, bit for bit.
func TestSweepsThatAreCutLeaveTheModelBefore(t *testing.T) {
	x := noisy[float64](1, []int{40, 12, 10}, []int{3, 3, 3}, true, .2)
	mid := 0
	for _, o := range []tucker.Options{
		{}, {Method: tucker.HALS{}}, {Method: tucker.HALS{}, Nonneg: tucker.Modes{-1}}, {Method: tucker.MU{}}, {Method: tucker.MU{Extrapolate: true}},
		{Loss: loss.KL}, {Nonneg: tucker.Modes{-1}, Core: reg.L1(.1), Factors: tucker.Each(reg.L1(.1))},
	} {
		o.Workers = 1
		mid += fittest.SweepsAreCutWhole(t, func(ctx context.Context, sweeps int) (any, *solver.Report, error) {
			o.Run = solver.Options{MaxIter: solver.Set(sweeps), Tol: solver.Set(0.0), TraceEvery: 1}
			r, err := tucker.Fit(ctx, x, []int{3, 2, 2}, &o)
			if r == nil {
				return nil, nil, err
			}
			return r.Model, &r.Report, err
		})
	}
	require.Greater(t, mid, 100)
}
