package tucker_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/fittest"
	"polyad/internal/racing"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// maskedOptions are fits of data with missing entries by every method.
func maskedOptions() []tucker.Options {
	return []tucker.Options{
		{},
		{Method: tucker.HALS{}, Nonneg: tucker.Modes{}},
		{Method: tucker.HALS{}},
		{Method: tucker.HALS{}, Core: reg.L1(.2), Factors: tucker.Penalties{reg.L2(.1)}},
		{Method: tucker.HALS{}, Modes: tucker.Modes{0, 2}},
		{Method: tucker.MU{}},
		{Method: tucker.MU{Inner: 2, Extrapolate: true}, Init: tucker.Random{}},
		{Loss: loss.KL},
		{Loss: loss.KL, Core: reg.L1(.1), Factors: tucker.Penalties{reg.L1(.1)}},
		{Loss: loss.IS},
		{Loss: loss.Beta(.5)},
		{Loss: loss.Beta(3)},
	}
}

func TestObservedObjectiveNeverRisesAndIsThatOfTheModel(t *testing.T) {
	both(t, testObserved[float32], testObserved[float64])
}

func testObserved[T asm.Float](t *testing.T) {
	tol, rise := 1e-9, 1e-12
	if asm.SizeOf[T]() == 4 {
		tol, rise = 2e-3, 1e-5
	}
	for k, shape := range [][]int{{9, 8, 7}, {6, 5, 70}, {5, 6, 4, 3}} {
		ranks := []int{3, 2, 4, 2}[:len(shape)]
		x := noisy[T](1, shape, ranks, true, .3)
		mask := fittest.Holes(2, shape, []float64{.3, .1, .7}[k])
		fittest.Hide(mask, 0, 2)
		for _, o := range maskedOptions() {
			name := fmt.Sprintf("%v %v %v %v", o.Loss, o.Method, o.Core, shape)
			of := append([]int(nil), ranks...)
			if o.Modes != nil {
				for n := range of {
					if n == 1 || n == 3 {
						of[n] = 0
					}
				}
			}
			o.Mask, o.Run = mask, solver.Options{MaxIter: solver.Set(12), Tol: solver.Set(0.0), TraceEvery: 1}
			r, err := tucker.Fit(ctx, fittest.Without(x, mask, math.NaN()), of, &o)
			require.NoError(t, err, name)
			a, b := fittest.Observed(x, mask), fittest.Observed(r.Reconstruct(), mask)
			require.Equal(t, len(a), r.Observed)
			require.InEpsilon(t, loss.Divergence(o.Loss, a, b), r.Loss, tol, name)
			zero := make([]float64, len(a))
			rel := math.Sqrt(loss.Divergence(loss.Frobenius, a, b) / loss.Divergence(loss.Frobenius, a, zero))
			require.InEpsilon(t, rel, r.RelError, tol, name)
			for i, p := range r.Trace[1:] {
				require.LessOrEqual(t, p.Objective(), r.Trace[i].Objective()*(1+rise), "%s sweep %d", name, i+1)
			}
			require.Less(t, r.Objective(), r.Trace[0].Objective(), name)
		}
	}
}

func TestWhatIsBehindAMaskChangesNoBit(t *testing.T) {
	both(t, testBehind[float32], testBehind[float64])
}

func testBehind[T asm.Float](t *testing.T) {
	shape, ranks := []int{12, 7, 40}, []int{3, 2, 4}
	mask := fittest.Holes(3, shape, .3)
	fittest.Hide(mask, 1, 3)
	for _, size := range []float64{0x1p-70, 1} { // the first is worked on at another scale
		x := noisy[T](3, shape, ranks, true, .3)
		for i := range x.Data {
			x.Data[i] *= T(size)
		}
		for _, o := range append(maskedOptions(), tucker.Options{Method: tucker.HALS{}, Init: tucker.Random{}, Restarts: 2}) {
			if o.Modes != nil || o.Core != nil {
				continue
			}
			o.Mask, o.Run = mask, sweeps(3)
			var want *tucker.Result[T]
			for i, v := range []float64{0, math.NaN(), math.Inf(1), 1e300, -5} {
				o.Workers = 1 + i%3
				got, err := tucker.Fit(ctx, fittest.Without(x, mask, v), ranks, &o)
				require.NoError(t, err)
				if i == 0 {
					want = got
				}
				require.Equal(t, want.Model, got.Model, "%v %v, %v behind the mask", o.Loss, o.Method, v)
				require.Equal(t, []any{want.Loss, want.RelError, want.KKT}, []any{got.Loss, got.RelError, got.KKT})
			}
		}
	}
}

func TestMaskByWhichNothingIsMissingIsNone(t *testing.T) {
	shape, ranks := []int{7, 6, 5}, []int{2, 3, 2}
	x := noisy[float64](4, shape, ranks, true, .3)
	for _, o := range []tucker.Options{{}, {Loss: loss.KL}} {
		o.Run = sweeps(10)
		want, err := tucker.Fit(ctx, x, ranks, &o)
		require.NoError(t, err)
		o.Mask = tensor.MaskOf(x)
		got, err := tucker.Fit(ctx, x, ranks, &o)
		require.NoError(t, err)
		require.Equal(t, want.Model, got.Model)
		require.Nil(t, got.Options.Mask)
		require.Equal(t, 210, got.Observed)
	}
}

func TestMissingEntriesOfALowRankArrayAreRecovered(t *testing.T) {
	both(t, testRecovered[float32], testRecovered[float64])
}

func testRecovered[T asm.Float](t *testing.T) {
	shape, ranks := []int{11, 10, 9}, []int{2, 3, 2}
	x := model[T](5, shape, ranks, true).Reconstruct()
	mask := fittest.Holes(6, shape, .4)
	for _, c := range []struct {
		o      tucker.Options
		within float64
	}{{tucker.Options{}, 1e-3}, {tucker.Options{Method: tucker.HALS{}, Nonneg: tucker.Modes{}}, 1e-3}, {tucker.Options{Method: tucker.HALS{}}, 1e-2}, {tucker.Options{Loss: loss.KL}, 3e-2}} {
		o := c.o
		o.Mask, o.Seed = mask, 1
		o.Run = solver.Options{MaxIter: solver.Set(2000), Tol: solver.Set(0.0), TraceEvery: 5,
			Observe: []solver.Observer{func(e solver.Event) bool { return e.RelError < c.within/10 }}}
		r, err := tucker.Fit(ctx, fittest.Without(x, mask, math.NaN()), ranks, &o)
		require.NoError(t, err)
		y := r.Reconstruct()
		var off, all float64
		for i, v := range x.Data {
			if !fittest.Seen(mask, i) {
				off += float64(v-y.Data[i]) * float64(v-y.Data[i])
				all += float64(v) * float64(v)
			}
		}
		require.Less(t, math.Sqrt(off/all), c.within, "%v %v after %d sweeps", o.Loss, r.Options.Method, r.Iterations)
	}
}

func TestMaskedSweepsAllocateNothing(t *testing.T) {
	racing.CountsAllocations(t)
	ranks := []int{3, 2, 4}
	x := noisy[float64](1, []int{20, 9, 40}, ranks, true, .3)
	for _, o := range []tucker.Options{{Method: tucker.HALS{}}, {Method: tucker.MU{}}, {Loss: loss.KL}} {
		o.Mask, o.Workers = fittest.Holes(1, x.Shape, .3), 2
		sweep, direct, end := tucker.Sweeper(x, ranks, &o)
		require.Zero(t, testing.AllocsPerRun(5, sweep), "%v %v", o.Method, o.Loss)
		require.Zero(t, testing.AllocsPerRun(5, direct), "%v %v", o.Method, o.Loss)
		end()
	}
}

func TestMaskedStateRoundTrip(t *testing.T) {
	ranks := []int{3, 2, 4}
	x := noisy[float32](1, []int{9, 8, 7}, ranks, true, .3)
	for _, o := range maskedOptions() {
		if o.Modes == nil {
			o.Mask = fittest.Holes(1, x.Shape, .3)
			tucker.CheckStateRoundTrip(t, x, ranks, o)
		}
	}
}

func TestWrongMasksAreRefused(t *testing.T) {
	ranks := []int{2, 2, 2}
	x := noisy[float64](1, []int{4, 3, 5}, ranks, true, .1)
	short := fittest.Holes(1, x.Shape, .2)
	short.Bits = nil
	for name, c := range map[string]struct {
		o   tucker.Options
		err error
	}{
		"shape":   {tucker.Options{Mask: fittest.Holes(1, []int{4, 5, 3}, .2)}, tucker.ErrShape},
		"words":   {tucker.Options{Mask: short}, tucker.ErrShape},
		"nothing": {tucker.Options{Mask: tensor.NewMask(4, 3, 5)}, tucker.ErrData},
	} {
		r, err := tucker.Fit(ctx, x, ranks, &c.o)
		require.ErrorIs(t, err, c.err, name)
		require.Nil(t, r, name)
	}
	_, err := tucker.Fit(ctx, x, nil, &tucker.Options{Mask: fittest.Holes(1, x.Shape, .2), Target: solver.Set(.1)})
	require.ErrorIs(t, err, tucker.ErrOption)
	x.Set(math.NaN(), 0, 0, 0) // which holes observes
	_, err = tucker.Fit(ctx, x, ranks, &tucker.Options{Mask: fittest.Holes(1, x.Shape, .5)})
	require.ErrorIs(t, err, tucker.ErrData)
	require.ErrorContains(t, err, "Options.Mask")
}

// New samples of the same model are found from what of them is observed, along any mode.
func TestTransformOfObservedEntriesFindsTheSamples(t *testing.T) {
	shape, ranks := []int{9, 8, 7}, []int{2, 3, 2}
	m := model[float64](7, shape, ranks, true)
	x := m.Reconstruct()
	mask := fittest.Holes(8, shape, .3)
	for mode := range shape {
		for _, o := range []tucker.Options{{}, {Method: tucker.HALS{}, Nonneg: tucker.Modes{}}, {Loss: loss.KL}} {
			o.Mask, o.Run = mask, solver.Options{MaxIter: solver.Set(5000), Tol: solver.Set(1e-12)}
			r, err := m.TransformMode(ctx, fittest.Without(x, mask, math.NaN()), mode, &o)
			require.NoError(t, err)
			within := 1e-3
			if o.Loss == loss.KL {
				within = 5e-3 // multiplicative steps end slowly
			}
			require.Less(t, r.RelError, within, "mode %d, %v", mode, o.Loss)
			require.Equal(t, mask, r.Options.Mask)
			require.Equal(t, mask.Count(), r.Observed)
			require.InDeltaSlice(t, x.Data, r.Reconstruct().Data, 50*within)
		}
	}
}
