package nmf_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/internal/golden"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

// goldenRun fits one golden case for a number of sweeps.
func goldenRun(t *testing.T, v, w, h golden.Array, o nmf.Options, sweeps int) *nmf.Result[float64] {
	t.Helper()
	o.Init = &nmf.Model[float64]{W: w.Matrix(), H: h.Matrix()}
	o.Run = solver.Options{MaxIter: solver.Set(sweeps), Tol: solver.Set(0.0), TraceEvery: 1}
	r, err := nmf.Fit(context.Background(), v.Matrix(), w.Shape[1], &o)
	require.NoError(t, err)
	return r
}

// checkNMF compares a case of the set nmf: factors at the iterations it lists
// and the trace of the objective.
func checkNMF(t *testing.T, c golden.Case, o nmf.Options) {
	t.Helper()
	for _, it := range c.Floats("iters") {
		r := goldenRun(t, c.Inputs["V"], c.Inputs["W0"], c.Inputs["H0"], o, int(it))
		{
			require.NoError(t, c.Outputs[fmt.Sprintf("W_%g", it)].Check(r.W.Data), "W after %g", it)
			require.NoError(t, c.Outputs[fmt.Sprintf("H_%g", it)].Check(r.H.Data), "H after %g", it)
		}
		var objective []float64
		for _, p := range r.Trace {
			objective = append(objective, p.Objective())
		}
		trace := c.Outputs["loss"]
		require.NoError(t, trace.CheckEach(objective), "objective up to %g", it)
	}
}

func goldenPenalty(l1, l2 float64) reg.Penalty {
	return reg.L1(l1).Plus(reg.L2(l2 / 2)) // theirs has a ½ on the ridge
}

func TestGoldenMultiplicative(t *testing.T) {
	cases, err := golden.NMF()
	require.NoError(t, err)
	n := 0
	for name, c := range cases {
		if !strings.HasPrefix(name, "mu_") {
			continue
		}
		n++
		t.Run(name, func(t *testing.T) {
			o := nmf.Options{Loss: loss.Beta(c.Float("beta")), Method: nmf.MU{Inner: 1}, Eps: solver.Set(0.0), Balance: nmf.BalanceNone,
				W: goldenPenalty(c.Float("l1W"), c.Float("l2W")), H: goldenPenalty(c.Float("l1H"), c.Float("l2H"))}
			if c.Params["order"] == "HW" {
				o.Order = nmf.OrderHW
			}
			if m, ok := c.Inputs["M"]; ok {
				o.Mask = matrix.MaskOf(m.Matrix())
			}
			checkNMF(t, c, o)
		})
	}
	require.Equal(t, 18, n)
}

func TestGoldenHALS(t *testing.T) {
	cases, err := golden.NMF()
	require.NoError(t, err)
	n := 0
	for name, c := range cases {
		if !strings.HasPrefix(name, "hals_") {
			continue
		}
		n++
		t.Run(name, func(t *testing.T) {
			checkNMF(t, c, nmf.Options{Method: nmf.HALS{Inner: 1}, Balance: nmf.BalanceNone,
				W: goldenPenalty(c.Float("l1W"), c.Float("l2W")), H: goldenPenalty(c.Float("l1H"), c.Float("l2H"))})
		})
	}
	require.Equal(t, 5, n)
}

func TestGoldenAcceleratedHALS(t *testing.T) {
	cases, err := golden.NMF()
	require.NoError(t, err)
	for _, name := range []string{"ahals", "ahals_delta"} {
		c := cases[name]
		require.NotEmpty(t, c.ID)
		t.Run(name, func(t *testing.T) {
			checkNMF(t, c, nmf.Options{Method: nmf.HALS{Exact: true, Alpha: solver.Set(c.Float("alpha")), Delta: solver.Set(c.Float("delta"))}})
		})
	}
}

func TestGoldenExtrapolatedMultiplicative(t *testing.T) {
	cases, err := golden.NMF()
	require.NoError(t, err)
	for name, beta := range map[string]float64{"mue_beta1": 1, "mue_beta1p5": 1.5} {
		c := cases[name]
		require.NotEmpty(t, c.ID)
		t.Run(name, func(t *testing.T) {
			checkNMF(t, c, nmf.Options{Loss: loss.Beta(beta), Method: nmf.MU{Extrapolate: true}, Order: nmf.OrderHW, Eps: solver.Set(0.0)})
		})
	}
}

func TestGoldenProjectedALS(t *testing.T) {
	cases, err := golden.NMF()
	require.NoError(t, err)
	c := cases["als_projected"]
	require.NotEmpty(t, c.ID)
	checkNMF(t, c, nmf.Options{Method: nmf.ALS{}, Order: nmf.OrderHW})
}

// TestGoldenSparse runs the sparse KL factorizations of the balancing theory:
// l1 on both factors, every way of balancing, the initial scale, pruning.
func TestGoldenSparse(t *testing.T) {
	cases, err := golden.HRSI("snmf")
	require.NoError(t, err)
	require.Len(t, cases, 8)
	balance := map[string]nmf.Balance{"none": nmf.BalanceNone, "init": nmf.BalanceInit, "every": nmf.BalanceEvery}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			mu := c.Floats("mu")
			h0 := c.Inputs["X1"].Matrix().Transpose()
			h := golden.Array{Shape: []int{h0.Rows, h0.Cols}, Data: h0.Data}
			o := nmf.Options{Loss: loss.KL, Method: nmf.MU{Inner: int(c.Float("inner"))}, W: reg.L1(mu[0]), H: reg.L1(mu[1]),
				Balance: balance[c.Params["balancing"].(string)], Eps: solver.Set(c.Float("eps")),
				ScaleInit: solver.Set(c.Params["eta_kl_first"].(bool))}
			for _, it := range []int{0, 1, 10, 200} {
				r := goldenRun(t, c.Inputs["Y"], c.Inputs["X0"], h, o, it)
				require.NoError(t, c.Outputs[fmt.Sprintf("it%d_X0", it)].Check(r.W.Data), "W after %d", it)
				require.NoError(t, c.Outputs[fmt.Sprintf("it%d_X1", it)].Check(r.H.Transpose().Data), "H after %d", it)
				var objective []float64
				for _, p := range r.Trace {
					objective = append(objective, p.Objective())
				}
				require.NoError(t, c.Outputs["loss"].CheckEach(objective), "objective up to %d", it)
			}
		})
	}
}
