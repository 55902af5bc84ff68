package nmf_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/solver"
)

// TestMultiplicativeUpdatesDescendFromEveryStartOfDataOverManyDecades has columns of
// tiny numbers, which [nmf.SPA] may take for W.
func TestMultiplicativeUpdatesDescendFromEveryStartOfDataOverManyDecades(t *testing.T) {
	t.Run("float64", func(t *testing.T) { descendOver[float64](t, 150, 1e-9) })
	t.Run("float32", func(t *testing.T) { descendOver[float32](t, 30, 1e-3) })
}

func descendOver[T asm.Float](t *testing.T, decades, within float64) {
	for seed := range 10 {
		r := rand.New(rand.NewPCG(uint64(seed), 5))
		x := matrix.New[T](8+seed, 7+(seed*7)%13)
		for i := range x.Data {
			x.Data[i] = T(math.Pow(10, decades*(r.Float64()-.5)))
		}
		for _, beta := range []float64{3, 2.5, 2, 1.5, 1, .5, 0, -.5} {
			for _, start := range everyStart {
				if start == (nmf.NNDSVD{}) {
					continue // refused: zeros would stay
				}
				got, err := nmf.Fit(ctx, x, 2+seed%5, &nmf.Options{Method: nmf.MU{}, Loss: loss.Beta(beta), Init: start,
					Run: solver.Options{MaxIter: solver.Set(30), TraceEvery: 1}})
				require.NoError(t, err)
				first := got.Trace[0].Objective()
				for k := 1; k < len(got.Trace); k++ {
					require.LessOrEqual(t, got.Trace[k].Objective()-got.Trace[k-1].Objective(), within*first,
						"seed %d, β = %v, %v, sweep %d", seed, beta, start, k)
				}
			}
		}
	}
}
