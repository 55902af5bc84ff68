package tucker_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/solver"
	"polyad/tucker"
)

func TestNonnegativeFactorsOfFullRankLoseNothing(t *testing.T) {
	both(t, testFull[float32], testFull[float64])
}

// testFull is of data that hold nothing but noise: with ranks as large as the sizes
// the model is the data.
func testFull[T asm.Float](t *testing.T) {
	for seed := range uint64(2) {
		x := noisy[T](seed, []int{6, 5, 4}, []int{6, 5, 4}, true, .3)
		for i, v := range x.Data {
			x.Data[i] = max(v, -v)
		}
		x.Data[seed] = 0
		for _, o := range []tucker.Options{{Nonneg: tucker.All}, {Nonneg: tucker.All, Method: tucker.MU{}}, {Loss: loss.KL}, {Nonneg: tucker.Modes{0, 1, 2}}} {
			for _, ranks := range [][]int{{6, 5, 4}, {7, 11, 4}} {
				r, err := tucker.Fit(ctx, x, ranks, &o)
				require.NoError(t, err)
				require.Equal(t, solver.Converged, r.Status, "%v %v", o.Method, ranks)
				require.Less(t, r.RelError, precision[T](1e-7, 1e-5), "%v %v", o.Method, ranks)
			}
		}
		// With some modes full it is no worse than random starts.
		for _, ranks := range [][]int{{6, 5, 2}, {3, 5, 4}, {6, 2, 2}} {
			r, err := tucker.Fit(ctx, x, ranks, &tucker.Options{Nonneg: tucker.All})
			require.NoError(t, err)
			best, err := tucker.Fit(ctx, x, ranks, &tucker.Options{Nonneg: tucker.All, Init: tucker.Random{}, Restarts: 2})
			require.NoError(t, err)
			t.Log(fmt.Sprint(ranks, r.Iterations, r.RelError, best.RelError))
			require.LessOrEqual(t, r.Objective(), 1.05*best.Objective(), "%v", ranks)
		}
	}
}
