package cpd_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cpd"
	"polyad/solver"
	"polyad/tensor"
)

func TestComponentsThatAreNotNeededStayInRange(t *testing.T) {
	both(t, testNotNeeded[float32], testNotNeeded[float64])
}

func testNotNeeded[T asm.Float](t *testing.T) {
	x := tensor.New[T](6, 4, 6, 7)
	for i := range x.Data {
		x.Data[i] = 3
	}
	for _, start := range []cpd.Start{cpd.SVD{}, cpd.Random{}, cpd.Compressed{}} {
		for _, a := range []cpd.ALS{{}, {Extrapolate: true}, {LineSearch: true}} {
			o := cpd.Options{Init: start, Method: a, Seed: 1, Run: sweeps(150)}
			r, err := cpd.Fit(ctx, x, 6, &o)
			require.NoError(t, err, "%v %#v", start, a)
			require.Less(t, r.RelError, precision[T](1e-8, 1e-4), "%v %#v", start, a)
			require.NotZero(t, r.Ridges)
			for _, f := range r.Factors {
				for _, v := range f.Data {
					require.Less(t, float64(max(v, -v)), 1e9, "%v %#v", start, a)
				}
			}
		}
	}
}

func TestSingularSystemsKeepAnExactStart(t *testing.T) {
	both(t, testKeep[float32], testKeep[float64])
}

func testKeep[T asm.Float](t *testing.T) {
	ridges := 0
	for seed := range uint64(4) {
		for _, shape := range [][]int{{5, 5}, {6, 4}, {4, 2, 2}, {3, 4, 2, 2}} {
			m := model[T](3+seed, shape, 9, false)
			for _, f := range m.Factors[1:] {
				for i := range f.Rows {
					f.Set(i, 1, f.At(i, 0))
				}
			}
			x := m.Reconstruct()
			for _, a := range []cpd.ALS{{}, {Extrapolate: true}, {LineSearch: true}} {
				r, err := cpd.Fit(ctx, x, 9, &cpd.Options{Init: m, Method: a, Run: sweeps(40)})
				require.NoError(t, err)
				ridges += r.Ridges
				for _, p := range r.Trace {
					require.Less(t, p.RelError, precision[T](1e-11, 3e-4), "%v %#v", shape, a)
				}
			}
		}
	}
	require.NotZero(t, ridges)
}

// TestLossesOfComponentsThatCancelAreThoseOfTheModel compares the losses within a
// run with those at the end of shorter ones, which are computed from the residual.
func TestLossesOfComponentsThatCancelAreThoseOfTheModel(t *testing.T) {
	both(t, testCancel[float32], testCancel[float64])
}

func testCancel[T asm.Float](t *testing.T) {
	shape := []int{6, 5, 7}
	x := noisy[T](1, shape, 3, false, .3)
	start := model[T](2, shape, 3, false)
	large := T(precision[T](1e6, 1e3))
	for n, f := range start.Factors {
		for i := range f.Rows {
			f.Set(i, 1, f.At(i, 0))
			if n == 0 {
				f.Set(i, 0, f.At(i, 0)*large)
				f.Set(i, 1, -f.At(i, 0)+f.At(i, 1))
			}
		}
	}
	o := cpd.Options{Init: start, Method: cpd.HALS{Inner: 1}, Run: solver.Options{Tol: solver.Set(0.0)}}
	o.Run.MaxIter = solver.Set(9)
	long, err := cpd.Fit(ctx, x, 3, &o)
	require.NoError(t, err)
	for k := range 8 {
		o.Run.MaxIter = solver.Set(k)
		r, err := cpd.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		require.InEpsilon(t, r.Loss, long.Trace[k].Loss, 1e-4, "after %d sweeps", k)
	}
}
