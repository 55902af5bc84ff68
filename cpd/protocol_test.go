package cpd_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cpd"
	"polyad/matrix"
	"polyad/reg"
	"polyad/tensor"
)

// ridgeProtocol makes the data of the ridge CPD experiment of Cohen and Leplat, 30
// x 30 x 30 of rank 4 with uniform factors and uniform noise at 40 dB, and a start
// of rank 6 whose first factor is tilted.
func ridgeProtocol(seed uint64, tilt float64) (*tensor.Dense[float64], *cpd.Model[float64]) {
	r := rand.New(rand.NewPCG(seed, 99))
	draw := func(rank int) *cpd.Model[float64] {
		m := &cpd.Model[float64]{}
		for range 3 {
			f := matrix.New[float64](30, rank)
			for i := range f.Data {
				f.Data[i] = r.Float64()
			}
			m.Factors = append(m.Factors, f)
		}
		return m
	}
	x := draw(4).Reconstruct()
	noise := make([]float64, len(x.Data))
	var signal, power float64
	for i, v := range x.Data {
		noise[i] = r.Float64()
		signal += v * v
		power += noise[i] * noise[i]
	}
	for i, v := range noise {
		x.Data[i] += v * math.Sqrt(signal/power) / 100
	}
	start := draw(6)
	for i := range start.Factors[0].Data {
		start.Factors[0].Data[i] *= tilt
	}
	return x, start
}

func TestRidgeSelectsTheRank(t *testing.T) {
	for _, w := range []float64{.2, .5, 1, 2} {
		var left []int
		for seed := range uint64(9) {
			x, start := ridgeProtocol(seed, 1)
			r, err := cpd.Fit(ctx, x, 6, &cpd.Options{Method: cpd.HALS{Inner: 10}, Nonneg: cpd.All, Penalty: cpd.Each(reg.L2(w)), Init: start, ScaleInit: yes, Run: sweeps(50)})
			require.NoError(t, err)
			left = append(left, 6-len(r.Pruned))
		}
		slices.Sort(left)
		require.Equal(t, 4, left[4], "weight %g leaves %v", w, left)
	}
}

func TestBalancingForgivesATiltedStart(t *testing.T) {
	var ratio []float64
	for seed := range uint64(5) {
		x, start := ridgeProtocol(seed, 100)
		objective := func(b cpd.Balance) float64 {
			r, err := cpd.Fit(ctx, x, 6, &cpd.Options{Method: cpd.HALS{Inner: 10}, Nonneg: cpd.All, Penalty: cpd.Each(reg.L2(1e-2)), Balance: b, Init: start, ScaleInit: yes, Run: sweeps(50)})
			require.NoError(t, err)
			return r.Objective()
		}
		ratio = append(ratio, objective(cpd.BalanceNone)/objective(cpd.BalanceEvery))
	}
	slices.Sort(ratio)
	require.Greater(t, ratio[2], 10.0, "%v", ratio)
}
