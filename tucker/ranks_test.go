package tucker_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/internal/synth"
	"polyad/solver"
	"polyad/tucker"
)

// TestMoreComponentsNeverFitWorse: a fit that is called converged, or took all of
// its sweeps, is not above one of a component less in every mode, on data of rank 2
// with noise.
func TestMoreComponentsNeverFitWorse(t *testing.T) {
	draws := uint64(10)
	if testing.Short() {
		draws = 3
	}
	for _, o := range []tucker.Options{{}, {Nonneg: tucker.All}} {
		for _, noise := range []float64{0, 1e-3, 1e-2, .1} {
			rises := make([][]float64, 4)
			for seed := range draws {
				s := synth.Options{Nonneg: true, Seed: seed}
				if noise > 0 {
					s.Noise, s.SNR = synth.Gaussian, -20*math.Log10(noise)
				}
				d, err := synth.Tucker[float64]([]int{7, 6, 5}, []int{2, 2, 2}, s)
				require.NoError(t, err)
				squares := 0.0
				for _, v := range d.X.Data {
					squares += v * v
				}
				last := math.Inf(1)
				for rank := 1; rank <= 4; rank++ {
					r, err := tucker.Fit(ctx, d.X, []int{rank, rank, rank}, &o)
					require.NoError(t, err)
					rises[rank-1] = append(rises[rank-1], (r.Objective()-last)/squares)
					last = r.Objective()
				}
			}
			for k, rise := range rises[1:] {
				slices.Sort(rise)
				require.LessOrEqual(t, rise[len(rise)/2], 1e-12, "%v, noise %v: rank %d above rank %d", o.Nonneg, noise, k+2, k+1)
			}
		}
	}
}

// TestFullRanksAreNotConvergedFarFromZero: a nonnegative core of the shape of the
// data can hold them, so that a converged fit has come to nothing.
func TestFullRanksAreNotConvergedFarFromZero(t *testing.T) {
	for seed := range uint64(3) {
		d, err := synth.Tucker[float64]([]int{6, 5, 4}, []int{6, 5, 4}, synth.Options{Nonneg: true, Seed: seed})
		require.NoError(t, err)
		r, err := tucker.Fit(ctx, d.X, []int{6, 5, 4}, &tucker.Options{Nonneg: tucker.All})
		require.NoError(t, err)
		t.Log(r.Status, r.Iterations, r.RelError)
		if r.Status == solver.Converged {
			require.Less(t, r.RelError, 1e-6)
		}
		require.Less(t, r.RelError, .01)
	}
}
