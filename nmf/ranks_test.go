package nmf_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/matrix"
	"polyad/nmf"
)

// TestMoreComponentsNeverFitWorse: a fit that is called converged, or took all of
// its sweeps, is not above one of a component less, on data of rank 3 with noise.
func TestMoreComponentsNeverFitWorse(t *testing.T) {
	levels := []float64{0, 1e-3, 1e-2, .1}
	if testing.Short() {
		levels = []float64{0, 1e-2}
	}
	for _, noise := range levels {
		rises := make([][]float64, 5)
		for seed := range uint64(10) {
			x := matrix.New[float64](24, 20)
			matrix.Gemm(nil, false, false, 1, positive[float64](seed, 24, 3, 1), positive[float64](seed+100, 3, 20, 1), 0, x)
			squares, g := matrix.Inner(x, x), rand.New(rand.NewPCG(seed, 3))
			for i := range x.Data {
				x.Data[i] = max(0, x.Data[i]+noise*math.Sqrt(squares/480)*g.NormFloat64())
			}
			last := math.Inf(1)
			for rank := 1; rank <= 5; rank++ {
				r, err := nmf.Fit(ctx, x, rank, nil)
				require.NoError(t, err)
				rises[rank-1] = append(rises[rank-1], (r.Objective()-last)/squares)
				last = r.Objective()
			}
		}
		for k, rise := range rises[1:] {
			slices.Sort(rise)
			require.LessOrEqual(t, rise[len(rise)/2], 1e-12, "noise %v: rank %d above rank %d", noise, k+2, k+1)
		}
	}
}
