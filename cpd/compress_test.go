package cpd_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cpd"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
)

func TestCompressedStartsNeedFewSweepsOnAllData(t *testing.T) {
	both(t, testCompressed[float32], testCompressed[float64])
}

func testCompressed[T asm.Float](t *testing.T) {
	for _, shape := range [][]int{{40, 30, 20}, {3, 70, 4, 12}, {60, 5}} {
		x := noisy[T](3, shape, 3, false, 1e-3)
		for _, p := range []cpd.Penalties{nil, cpd.Each(reg.L2(.1))} {
			o := cpd.Options{Init: cpd.Compressed{}, Penalty: p, Run: sweeps(0)}
			begin, err := cpd.Fit(ctx, x, 3, &o)
			require.NoError(t, err)
			o.Run = sweeps(60)
			r, err := cpd.Fit(ctx, x, 3, &o)
			require.NoError(t, err)
			o.Init, o.Run = cpd.SVD{}, sweeps(1500)
			long, err := cpd.Fit(ctx, x, 3, &o)
			require.NoError(t, err)
			require.InEpsilon(t, long.Objective(), r.Objective(), precision[T](1e-3, 2e-2), "%v", shape)
			require.Less(t, begin.Objective(), 1.3*long.Objective()+precision[T](1e-3, 1e-2), "%v", shape)
		}
	}
}

func TestCompressedStartsOfOddDataEndCleanly(t *testing.T) {
	for _, shape := range [][]int{{1, 1, 1}, {1, 6, 5}, {2, 2, 2}, {9, 1}} {
		for _, share := range []float64{0, 1} {
			x := noisy[float64](1, shape, 2, false, .1)
			for i := range x.Data {
				x.Data[i] *= share
			}
			r, err := cpd.Fit(ctx, x, 7, &cpd.Options{Init: cpd.Compressed{Tol: solver.Set(0.0)}, Run: sweeps(30)})
			require.NoError(t, err)
			require.Less(t, r.RelError, 1e-6)
		}
	}
	x := noisy[float64](1, []int{6, 5, 4}, 2, true, .1)
	for i := range x.Data {
		x.Data[i] *= 0x1p300
	}
	r, err := cpd.Fit(ctx, x, 2, &cpd.Options{Init: cpd.Compressed{}, Run: sweeps(30)})
	require.NoError(t, err)
	require.Less(t, r.RelError, .1)
	for _, o := range []cpd.Options{{Loss: loss.KL}, {Nonneg: cpd.Modes{1}}, {Method: cpd.HALS{}, Penalty: cpd.Each(reg.L1(1))}, {Restarts: 2}, {Fix: cpd.Modes{0}}} {
		o.Init = cpd.Compressed{}
		_, err := cpd.Fit(ctx, x, 2, &o)
		require.ErrorIs(t, err, cpd.ErrOption)
	}
	_, err = cpd.Fit(ctx, x, 2, &cpd.Options{Init: cpd.Compressed{Tol: solver.Set(2.0)}})
	require.ErrorIs(t, err, cpd.ErrOption)
}
