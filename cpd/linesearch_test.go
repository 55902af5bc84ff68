package cpd_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cpd"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

// swamp is an array of rank 3 whose components are alike: the cosine between the
// columns of a factor is about c.
func swamp[T asm.Float](seed uint64, shape []int, c float64) *tensor.Dense[T] {
	m := model[T](seed, shape, 3, false)
	for _, f := range m.Factors {
		for i := range f.Rows {
			common := f.At(i, 0)
			for q := range 3 {
				own := f.At(i, q)
				if q == 0 {
					own = T(1.4 * math.Sin(float64(7*i+3)))
				}
				f.Set(i, q, T(math.Sqrt(c))*common+T(math.Sqrt(1-c))*own)
			}
		}
	}
	return m.Reconstruct()
}

func TestLineSearchNeedsFewerSweepsInSwamps(t *testing.T) {
	both(t, testSwamp[float32], testSwamp[float64])
}

func testSwamp[T asm.Float](t *testing.T) {
	for _, c := range []struct {
		shape []int
		like  float64
		p     cpd.Penalties
	}{{[]int{12, 11, 10}, .9, nil}, {[]int{8, 7, 6, 5}, .9, nil}, {[]int{12, 11, 10}, .9, cpd.Each(reg.L2(1e-4))}} {
		x := swamp[T](1, c.shape, c.like)
		var sweeps [2]int
		for k, m := range []cpd.ALS{{}, {LineSearch: true}} {
			o := cpd.Options{Method: m, Init: cpd.Random{}, Seed: 1, Penalty: c.p, Run: solver.Options{MaxIter: solver.Set(2000), Tol: solver.Set(0.0)}}
			o.Run.Observe = []solver.Observer{func(e solver.Event) bool { return e.RelError < 2e-3 }}
			r, err := cpd.Fit(ctx, x, 3, &o)
			require.NoError(t, err)
			require.Equal(t, solver.Stopped, r.Status, "%v %v", c.shape, m)
			sweeps[k] = r.Iterations
		}
		require.Less(t, 3*sweeps[1], sweeps[0], "%v", c.shape)
	}
}

func TestLineSearchKnowsTheObjectiveAlongTheLine(t *testing.T) {
	start := model[float64](8, []int{9, 8, 7, 4}, 3, false)
	for name, c := range map[string]struct {
		shape []int
		o     cpd.Options
	}{
		"plain":    {[]int{9, 8, 7}, cpd.Options{}},
		"order 2":  {[]int{9, 8}, cpd.Options{}},
		"order 5":  {[]int{4, 3, 5, 2, 4}, cpd.Options{}},
		"balanced": {[]int{9, 8, 7}, cpd.Options{Penalty: cpd.Each(reg.L2(.3))}},
		"ridge":    {[]int{9, 8, 7}, cpd.Options{Penalty: cpd.Each(reg.L2(.3)), Balance: cpd.BalanceNone}},
		"fixed":    {[]int{9, 8, 7, 4}, cpd.Options{Fix: cpd.Modes{1}, Init: start}},
	} {
		c.o.Method = cpd.ALS{LineSearch: true}
		x := noisy[float64](2, c.shape, 4, false, .3)
		for _, scale := range []float64{1, 0x1p90} {
			if scale != 1 && (c.o.Init != nil || c.o.Penalty != nil) {
				continue
			}
			y := x.Clone()
			for i := range y.Data {
				y.Data[i] *= scale
			}
			cpd.CheckLine(t, name, y, c.o)
		}
	}
}

func TestLineSearchRefusesWhatItCannotDo(t *testing.T) {
	x := noisy[float64](1, []int{4, 3, 5}, 2, true, .1)
	many := noisy[float64](1, []int{2, 1, 2, 1, 2, 1, 2, 1, 2}, 2, true, .1)
	start := model[float64](1, x.Shape, 2, true)
	for name, o := range map[string]cpd.Options{
		"nonneg":      {Nonneg: cpd.Modes{2}},
		"extrapolate": {Method: cpd.ALS{LineSearch: true, Extrapolate: true}},
		"block":       {Penalty: cpd.Each(reg.L2(1)), Balance: cpd.BalanceBlock},
		"mask":        {Mask: holes(1, x.Shape, .3)},
		"one":         {Init: start, Fix: cpd.Modes{0, 2}},
	} {
		if o.Method == nil {
			o.Method = cpd.ALS{LineSearch: true}
		}
		_, err := cpd.Fit(ctx, x, 2, &o)
		require.ErrorIs(t, err, cpd.ErrOption, name)
	}
	_, err := cpd.Fit(ctx, many, 2, &cpd.Options{Method: cpd.ALS{LineSearch: true}})
	require.ErrorIs(t, err, cpd.ErrOption)
	_, err = cpd.Fit(ctx, x, 2, &cpd.Options{Method: cpd.ALS{LineSearch: true}, Init: start, Nonneg: cpd.Modes{1}, Fix: cpd.Modes{1}, Run: sweeps(3)})
	require.NoError(t, err, "a fixed factor does not leave where it is")
}
