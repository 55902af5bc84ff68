package cpd_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/balance"
	"polyad/cpd"
	"polyad/internal/golden"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

var (
	ctx = context.Background()
	yes = solver.Set(true)
)

func sweeps(n int) solver.Options {
	return solver.Options{MaxIter: solver.Set(n), Tol: solver.Set(0.0), TraceEvery: 1}
}

// TestGoldenRidge runs the ridge CPDs of the balancing theory: ALS and HALS, with
// and without nonnegativity, every way of balancing, pruning.
func TestGoldenRidge(t *testing.T) {
	cases, err := golden.HRSI("rcpd")
	require.NoError(t, err)
	require.Len(t, cases, 22)
	ways := map[string]cpd.Balance{"none": cpd.BalanceNone, "init": cpd.BalanceInit, "every": cpd.BalanceEvery, "block": cpd.BalanceBlock}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			x := c.Inputs["T"].Tensor()
			start := &cpd.Model[float64]{}
			for n := range x.Shape {
				start.Factors = append(start.Factors, c.Inputs[fmt.Sprintf("X%d", n)].Matrix())
			}
			o := cpd.Options{Method: cpd.ALS{}, Penalty: cpd.Each(reg.L2(c.Float("mu") / 2)), Balance: ways[c.Params["balancing"].(string)], Init: start}
			if c.Params["solver"] == "hals" {
				o.Method = cpd.HALS{Inner: int(c.Float("inner"))}
				if c.Params["nonneg"].(bool) {
					o.Nonneg = cpd.All
					o.Eps = solver.Set(c.Float("eps"))
				}
			}
			for _, it := range []int{0, 1, 10, 200} {
				o.Run = sweeps(it)
				r, err := cpd.Fit(ctx, x, start.Rank(), &o)
				require.NoError(t, err)
				for n, f := range r.Factors {
					require.NoError(t, c.Outputs[fmt.Sprintf("it%d_X%d", it, n)].Check(f.Data), "factor %d after %d", n, it)
				}
				var objective []float64
				for _, p := range r.Trace {
					objective = append(objective, 2*p.Objective())
				}
				require.NoError(t, c.Outputs["loss"].CheckEach(objective), "objective up to %d", it)
			}
		})
	}
}

// toy returns the problem of one number, y ≈ a·b with ridges lambda, in our units.
func toy(y, lambda, a, b float64) (*tensor.Dense[float64], cpd.Options) {
	one := func(v float64) *matrix.Dense[float64] { return matrix.Of(1, 1, []float64{v}) }
	return tensor.Of([]float64{y}, 1, 1), cpd.Options{Method: cpd.ALS{}, Penalty: cpd.Each(reg.L2(lambda / 2)), Balance: cpd.BalanceNone,
		Init: &cpd.Model[float64]{Factors: []*matrix.Dense[float64]{one(a), one(b)}}}
}

func TestGoldenToy(t *testing.T) {
	cases, err := golden.HRSI("toy")
	require.NoError(t, err)
	require.Len(t, cases, 6)
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			ref := c.Outputs["trace"]
			a, b := c.Float("x1"), c.Float("x2")
			for k := range ref.Shape[0] {
				x, o := toy(c.Float("y"), c.Float("lambda"), a, b)
				o.Run = sweeps(min(k, 1))
				r, err := cpd.Fit(ctx, x, 1, &o)
				require.NoError(t, err)
				if c.Params["balanced"].(bool) && k > 0 {
					var blocks []reg.Block[float64]
					var cols []*reg.Columns
					for n, f := range r.Factors {
						blocks = append(blocks, reg.Block[float64]{X: f, Penalty: o.Penalty[0]})
						cols = append(cols, blocks[n].Columns())
					}
					balance.Apply(balance.Columns(cols...), 0, blocks...)
				}
				a, b = r.Factors[0].Data[0], r.Factors[1].Data[0]
				o.Init, o.Run = r, sweeps(0)
				r, err = cpd.Fit(ctx, x, 1, &o)
				require.NoError(t, err)
				for i, v := range []float64{a, b, 2 * r.Objective()} {
					want := ref.Data[3*k+i]
					require.InDelta(t, want, v, ref.Tol*math.Abs(want)+1e-15, "row %d column %d", k, i)
				}
			}
		})
	}
}

func TestBalancingEndsTheSwampOfTheToyProblem(t *testing.T) {
	const y, lambda = 10, 1e-3
	best := math.Sqrt(y - lambda)
	x, o := toy(y, lambda, math.Sqrt(y)-.1, math.Sqrt(y)+.1)
	near := 0
	o.Run = sweeps(20000)
	o.Run.Observe = []solver.Observer{func(e solver.Event) bool {
		if math.Abs(e.Snapshot().(*cpd.Model[float64]).Factors[0].Data[0]-best) < 1e-4 {
			near = e.Iter
		}
		return near > 0
	}}
	_, err := cpd.Fit(ctx, x, 1, &o)
	require.NoError(t, err)
	require.Equal(t, 17233, near)

	o.Balance, o.Run = cpd.BalanceEvery, sweeps(3)
	r, err := cpd.Fit(ctx, x, 1, &o)
	require.NoError(t, err)
	require.InDelta(t, best, r.Factors[0].Data[0], 2e-13)
	require.InDelta(t, best, r.Factors[1].Data[0], 2e-13)
}
