package cpd_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cpd"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

// A fit that names no method runs with one that can; what is refused is refused for
// the data, whatever the method.
func TestNoMethodNamedMeansOneThatCan(t *testing.T) {
	positive := noisy[float64](1, []int{6, 5, 4}, 2, true, .1)
	for i, v := range positive.Data {
		positive.Data[i] = max(v, -v) + .1
	}
	signed := noisy[float64](1, []int{6, 5, 4}, 2, false, .1)
	rows := reg.Penalty{{Degree: 2, Weight: .01, Rows: []float64{1, 2, 3, 4, 5, 6}}}
	for _, l := range []loss.Loss{loss.Frobenius, loss.KL, loss.IS, loss.Beta(3), loss.Beta(-.5)} {
		for name, p := range map[string]cpd.Penalties{
			"none": nil, "l1": cpd.Each(reg.L1(.01)), "l2": cpd.Each(reg.L2(.01)), "lp": cpd.Each(reg.Lp(1.5, .01)),
			"one lp": {reg.L2(.01), reg.Lp(3, .01), reg.L2(.01)}, "one l1": {reg.L2(.01), reg.L1(.01), reg.L2(.01)}, "rows": {rows, reg.L2(.01), reg.L2(.01)},
		} {
			for _, nonneg := range []cpd.Modes{nil, {1}, cpd.All} {
				for _, b := range []cpd.Balance{cpd.BalanceAuto, cpd.BalanceBlock} {
					for _, masked := range []bool{false, true} {
						for _, x := range []*tensor.Dense[float64]{positive, signed} {
							if b != cpd.BalanceAuto && name == "none" {
								continue
							}
							o := cpd.Options{Loss: l, Penalty: p, Nonneg: nonneg, Balance: b, Run: sweeps(2)}
							if masked {
								o.Mask = tensor.MaskOf(x)
								o.Mask.Bits[0] &^= 5
							}
							r, err := cpd.Fit(ctx, x, 2, &o)
							if err != nil && x == signed && errors.Is(err, cpd.ErrData) { // negative data, where the loss or degree needs mu
								require.True(t, l != loss.Frobenius || strings.Contains(name, "lp"), "%v", err)
								continue
							}
							require.NoError(t, err, "%v %s %v %v %v", l, name, nonneg, b, masked)
							if l == loss.Frobenius && nonneg == nil && !strings.Contains(name, "lp") {
								require.Empty(t, r.Options.Nonneg, "no sign is imposed")
							}
						}
					}
				}
			}
		}
	}
}

func TestResultsShareNothingWithTheOptions(t *testing.T) {
	x := noisy[float64](1, []int{6, 5, 4}, 2, true, .1)
	rows := []float64{1, 2, 3, 4, 5, 6}
	o := cpd.Options{Penalty: cpd.Penalties{{{Degree: 1, Weight: .5, Rows: rows}}, reg.L2(.25), reg.L2(.25)}, Nonneg: cpd.Modes{0, 1}, Mask: tensor.MaskOf(x), Run: sweeps(2)}
	o.Mask.Bits[0] &^= 1
	r, err := cpd.Fit(ctx, x, 2, &o)
	require.NoError(t, err)
	formula := r.Formula()
	o.Penalty[0][0].Weight, rows[1], o.Penalty[1][0].Degree, o.Penalty[2], o.Nonneg[0], o.Mask.Bits[0] = 7, 9, 1, nil, 2, 0
	require.Equal(t, formula, r.Formula())
	require.Equal(t, []float64{1, 2, 3, 4, 5, 6}, r.Options.Penalty[0][0].Rows)
	require.Equal(t, cpd.Modes{0, 1}, r.Options.Nonneg)
	require.Equal(t, x.Len()-1, r.Options.Mask.Count())

	each := reg.L2(.5)
	ranks := []int{2, 2, 2}
	o = cpd.Options{Penalty: cpd.Each(each), Init: cpd.Compressed{Ranks: ranks}, Run: solver.Options{MaxIter: solver.Set(1)}}
	r, err = cpd.Fit(ctx, x, 2, &o)
	require.NoError(t, err)
	formula = r.Formula()
	each[0].Weight, ranks[0] = 3, 5
	require.Equal(t, formula, r.Formula())
	require.Equal(t, []int{2, 2, 2}, r.Options.Init.(cpd.Compressed).Ranks)
	r.Options.Penalty[0][0].Weight = 4
	require.Equal(t, .5, r.Options.Penalty[1][0].Weight, "no two modes share a penalty")
}
