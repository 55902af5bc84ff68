package cpd_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cpd"
	"polyad/matrix"
	"polyad/reg"
	"polyad/tensor"
)

func TestGivenStartsThatLockAMethodAreRefused(t *testing.T) {
	x := noisy[float64](1, []int{6, 5, 4}, 2, true, .1)
	given := func(zero ...int) *cpd.Model[float64] {
		m := &cpd.Model[float64]{}
		for n, size := range x.Shape {
			f := matrix.New[float64](size, 2)
			for i := range f.Data {
				f.Data[i] = float64(1 + (i*i+n)%3)
			}
			for _, z := range zero {
				if z == n {
					f.Zero()
				}
			}
			m.Factors = append(m.Factors, f)
		}
		return m
	}
	for _, c := range []struct {
		method cpd.Method
		zero   []int
		locked bool
	}{
		{cpd.ALS{}, []int{0}, false}, {cpd.ALS{}, []int{2}, true}, {cpd.ALS{}, []int{0, 1}, true},
		{cpd.HALS{}, []int{2}, false}, {cpd.HALS{}, []int{1, 2}, true},
		{cpd.MU{}, []int{0}, true}, {cpd.MU{}, nil, false},
	} {
		r, err := cpd.Fit(ctx, x, 2, &cpd.Options{Method: c.method, Init: given(c.zero...)})
		if c.locked {
			require.ErrorIs(t, err, cpd.ErrOption, "%v %v", c.method, c.zero)
			require.ErrorContains(t, err, fmt.Sprintf("modes %v of the start are all zero", c.zero))
			continue
		}
		require.NoError(t, err)
		require.Less(t, r.RelError, .5, "%v %v", c.method, c.zero)
	}
	o := cpd.Options{Method: cpd.HALS{}, Init: given(2), Penalty: cpd.Each(reg.L1(.1))}
	_, err := cpd.Fit(ctx, x, 2, &o)
	require.ErrorContains(t, err, "modes [2] of the start are all zero, which hals with balancing cannot leave; give entries that are not zero, or do not balance")
	o.Balance = cpd.BalanceNone
	r, err := cpd.Fit(ctx, x, 2, &o)
	require.NoError(t, err)
	require.Less(t, r.RelError, .5)
}

func TestFewObservedEntriesAreFittedFromSeveralStarts(t *testing.T) {
	seeds := 10
	for name, o := range map[string]cpd.Options{"als": {Method: cpd.ALS{Extrapolate: true}}, "hals": {Method: cpd.HALS{Extrapolate: true}, Nonneg: cpd.All}} {
		good := 0
		for seed := range seeds {
			r := rand.New(rand.NewPCG(uint64(seed), 99))
			var f []*matrix.Dense[float64]
			for _, n := range []int{6, 5, 4} {
				m := matrix.New[float64](n, 2)
				for i := range m.Data {
					m.Data[i] = r.Float64()
				}
				f = append(f, m)
			}
			x := tensor.CP[float64]{Factors: f}.Reconstruct(nil)
			o.Mask = tensor.NewMask(6, 5, 4)
			for _, i := range r.Perm(120)[:48] {
				o.Mask.Bits[i/64] |= 1 << (i % 64)
			}
			got, err := cpd.Fit(ctx, x, 2, &o)
			require.NoError(t, err)
			require.Equal(t, 16, got.Start.Tried)
			require.Contains(t, got.Start.Reason, "48 entries are observed for 26 parameters")
			if got.RelError < 1e-4 {
				good++
			}
		}
		require.GreaterOrEqual(t, good, 9, name)
	}
}
