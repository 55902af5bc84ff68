package nmf_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

// Whatever loss, penalty, mask and floor are asked for: a fit that names no method
// runs, as there is a method for each of them.
func TestNoMethodNamedMeansOneThatCan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	x := matrix.New[float64](7, 6)
	for i := range x.Data {
		x.Data[i] = 1 - r.Float64()
	}
	mask := matrix.MaskOf(x)
	mask.Bits[0] &^= 5
	rows := func(n int) reg.Penalty {
		p := reg.L1(.01)
		p[0].Rows = make([]float64, n)
		for i := range p[0].Rows {
			p[0].Rows[i] = float64(i + 1)
		}
		return p
	}
	for _, l := range []loss.Loss{loss.Frobenius, loss.KL, loss.IS, loss.Beta(.5), loss.Beta(1.5), loss.Beta(3), loss.Beta(-1)} {
		for name, p := range map[string][2]reg.Penalty{
			"none": {}, "l1": {reg.L1(.01), reg.L1(.01)}, "l2": {reg.L2(.01), reg.L2(.01)}, "lp": {reg.Lp(.5, .01), reg.Lp(3, .01)},
			"one lp": {reg.L1(.01), reg.Lp(1.5, .01)}, "mixed": {reg.L1(.01).Plus(reg.L2(.02)), reg.L1(.01).Plus(reg.Lp(4, .1))}, "rows": {rows(7), rows(6)},
		} {
			for _, m := range []*matrix.Mask{nil, mask} {
				for _, b := range []nmf.Balance{nmf.BalanceAuto, nmf.BalanceBlock} {
					for _, eps := range []solver.Opt[float64]{{}, solver.Set(1e-12)} {
						if b != nmf.BalanceAuto && name == "none" {
							continue
						}
						o := nmf.Options{Loss: l, W: p[0], H: p[1], Mask: m, Balance: b, Eps: eps, Run: solver.Options{MaxIter: solver.Set(3)}}
						fit, err := nmf.Fit(ctx, x, 2, &o)
						require.NoError(t, err, "%v %s mask %v balance %v eps %v", l, name, m != nil, b, eps)
						require.False(t, fit.Objective() != fit.Objective())
					}
				}
			}
		}
	}
}

// A finished result keeps what it was made with, whatever the caller does to the
// options afterwards.
func TestResultsShareNothingWithTheOptions(t *testing.T) {
	x := matrix.New[float64](5, 4)
	for i := range x.Data {
		x.Data[i] = float64(i%7 + 1)
	}
	rows := []float64{1, 2, 3, 4, 5}
	o := nmf.Options{W: reg.Penalty{{Degree: 1, Weight: .5, Rows: rows}}, H: reg.L2(.25), Mask: matrix.MaskOf(x), Run: solver.Options{MaxIter: solver.Set(2)}}
	o.Mask.Bits[0] &^= 1
	fit, err := nmf.Fit(ctx, x, 2, &o)
	require.NoError(t, err)
	formula := fit.Formula()
	o.W[0].Weight, rows[1], o.H[0].Degree, o.Mask.Bits[0] = 7, 9, 1, 0
	require.Equal(t, formula, fit.Formula())
	require.Equal(t, []float64{1, 2, 3, 4, 5}, fit.Options.W[0].Rows)
	require.Equal(t, 19, fit.Options.Mask.Count())

	o = nmf.Options{Init: fit, HoldW: []int{0}, Run: solver.Options{MaxIter: solver.Set(1)}}
	fit, err = nmf.Fit(ctx, x, 2, &o)
	require.NoError(t, err)
	o.HoldW[0] = 1
	require.Equal(t, []int{0}, fit.Options.HoldW)
}
