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
	shapes := [][]int{{40, 30, 20}, {3, 70, 4, 12}, {60, 5}}
	if testing.Short() {
		shapes = [][]int{{14, 12, 10}, {3, 20, 4, 5}, {60, 5}}
	}
	for _, shape := range shapes {
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

func TestCompressionGoesAsFarAsAsked(t *testing.T) {
	both(t, testCompression[float32], testCompression[float64])
}

func testCompression[T asm.Float](t *testing.T) {
	x := noisy[T](3, []int{14, 12, 10}, 3, false, 1e-3)
	last := 1.0
	for _, c := range []struct {
		a    cpd.Compressed
		want []int
	}{
		{cpd.Compressed{Ranks: []int{2, 3, 3}}, []int{2, 3, 3}},
		{cpd.Compressed{Tol: solver.Set(.01)}, []int{3, 3, 3}},
		{cpd.Compressed{Ranks: []int{3, 3, 3}}, []int{3, 3, 3}},
		{cpd.Compressed{Ranks: []int{6, 5, 4}}, []int{6, 5, 4}},
		{cpd.Compressed{Ranks: []int{14, 12, 10}}, []int{14, 12, 10}},
	} {
		r, err := cpd.Fit(ctx, x, 3, &cpd.Options{Init: c.a, Run: sweeps(0)})
		require.NoError(t, err)
		got := r.Compression
		require.Equal(t, c.want, got.Ranks)
		require.Positive(t, got.Iterations)
		require.LessOrEqual(t, got.Left, last+precision[T](1e-12, 1e-3))
		last = got.Left
		// What the core has not and what the model has not of the core are at right
		// angles, so that the start's error is known without a pass over the data.
		squares := got.Left*got.Left + (1-got.Left*got.Left)*got.RelError*got.RelError
		require.InDelta(t, squares, r.RelError*r.RelError, precision[T](1e-9, 1e-6), "%v", c.want)
	}
	require.Less(t, last, precision[T](1e-7, 2e-3))
	r, err := cpd.Fit(ctx, x, 3, &cpd.Options{Run: sweeps(0)})
	require.NoError(t, err)
	require.Nil(t, r.Compression)
	for _, ranks := range [][]int{{}, {3, 3}, {3, 3, 0}, {3, 13, 3}} {
		_, err := cpd.Fit(ctx, x, 3, &cpd.Options{Init: cpd.Compressed{Ranks: ranks}})
		require.ErrorIs(t, err, cpd.ErrOption, "%v", ranks)
	}
	_, err = cpd.Fit(ctx, x, 3, &cpd.Options{Init: cpd.Compressed{Ranks: []int{3, 3, 3}, Tol: solver.Set(.1)}})
	require.ErrorIs(t, err, cpd.ErrOption)
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
