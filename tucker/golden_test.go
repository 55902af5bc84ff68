package tucker_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/internal/golden"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
	"polyad/tucker"
)

// goldenModel returns the start of a case.
func goldenModel(c golden.Case) *tucker.Model[float64] {
	m := &tucker.Model[float64]{Core: c.Inputs["G"].Tensor()}
	for n := range m.Core.Shape {
		m.Factors = append(m.Factors, c.Inputs[fmt.Sprintf("X%d", n)].Matrix())
	}
	return m
}

func TestGoldenSparseTucker(t *testing.T) {
	cases, err := golden.HRSI("sntd")
	require.NoError(t, err)
	require.Equal(t, 9, len(cases))
	ways := map[string]tucker.Balance{"none": tucker.BalanceNone, "scalar": tucker.BalanceScalar, "sinkhorn": tucker.BalanceSinkhorn}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			x := c.Inputs["T"].Tensor()
			mu, p := c.Floats("mu"), c.Floats("p")
			order := len(x.Shape)
			way, ok := ways[c.Params["balancing"].(string)]
			require.True(t, ok)
			o := tucker.Options{Loss: loss.KL, Method: tucker.MU{Inner: int(c.Float("inner"))}, Balance: way, Init: goldenModel(c),
				Core: reg.Lp(p[order], mu[order]), Eps: solver.Set(c.Float("eps")), Run: solver.Options{Tol: solver.Set(0.0), TraceEvery: 1}}
			if way == tucker.BalanceSinkhorn {
				o.Sweeps = int(c.Float("sweeps"))
			}
			for n := range order {
				o.Factors = append(o.Factors, reg.Lp(p[n], mu[n]))
			}
			for _, iterations := range []int{0, 1, 10, 200} {
				o.Run.MaxIter = solver.Set(iterations)
				r, err := tucker.Fit(context.Background(), x, c.Inputs["G"].Shape, &o)
				require.NoError(t, err)
				var trace []float64
				for _, p := range r.Trace {
					trace = append(trace, p.Loss+p.Penalty)
				}
				require.Len(t, trace, iterations+1)
				require.NoError(t, c.Outputs["loss"].CheckEach(trace))
				require.NoError(t, c.Outputs[fmt.Sprintf("it%d_G", iterations)].Check(r.Core.Data), "after %d", iterations)
				for n, f := range r.Factors {
					require.NoError(t, c.Outputs[fmt.Sprintf("it%d_X%d", iterations, n)].Check(f.Data))
				}
			}
		})
	}
}
