package cpd_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cpd"
	"polyad/internal/synth"
	"polyad/tensor"
)

// TestMoreComponentsNeverFitWorse: a nonnegative fit that is called converged, or
// took all of its sweeps, is not above one of a component less, on data of rank 3
// with noise and a missing band.
func TestMoreComponentsNeverFitWorse(t *testing.T) {
	draws := uint64(10)
	if testing.Short() {
		draws = 3
	}
	band := tensor.NewMask(6, 9, 8)
	for i := range 6 {
		for j := range 9 {
			for k := range 8 {
				band.Set(j < k-1 || j > k+1, i, j, k)
			}
		}
	}
	for _, noise := range []float64{0, 1e-3, 1e-2, .1} {
		rises := make([][]float64, 5)
		for seed := range draws {
			s := synth.Options{Nonneg: true, Seed: seed}
			if noise > 0 {
				s.Noise, s.SNR = synth.Gaussian, -20*math.Log10(noise)
			}
			d, err := synth.CPD[float64](band.Shape, 3, s)
			require.NoError(t, err)
			squares := 0.0
			for _, v := range d.X.Data {
				squares += v * v
			}
			last := math.Inf(1)
			for rank := 1; rank <= 5; rank++ {
				r, err := cpd.Fit(ctx, d.X, rank, &cpd.Options{Nonneg: cpd.All, Mask: band})
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

// TestFluorescenceIsFittedToTheEnd: with 0.5 % noise and a sixth of the entries
// missing, four components are fitted down to the noise, better than three, and are
// a sum of outer products.
func TestFluorescenceIsFittedToTheEnd(t *testing.T) {
	shape := []int{5, 67, 41}
	if !testing.Short() {
		shape = []int{5, 201, 61}
	}
	d, mask, err := synth.Fluorescence[float64](shape, 4, synth.Options{Seed: 1, Noise: synth.Gaussian, SNR: 46})
	require.NoError(t, err)
	var fits [5]*cpd.Result[float64]
	for rank := 3; rank <= 4; rank++ {
		fits[rank], err = cpd.Fit(ctx, d.X, rank, &cpd.Options{Nonneg: cpd.All, Mask: mask})
		require.NoError(t, err)
	}
	require.Less(t, fits[4].RelError, fits[3].RelError)
	require.Less(t, fits[4].RelError, d.RelError, "the truth itself is no closer")
	filled, model := d.X.Clone(), fits[4].Reconstruct()
	for i := range filled.Data {
		if !seen(mask, i) {
			filled.Data[i] = model.Data[i]
		}
	}
	core, err := fits[4].CoreConsistency(filled)
	require.NoError(t, err)
	require.Greater(t, core, 99.5)
}
