package cpd_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cpd"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

// ramp returns positive data of the given shape.
func ramp[T asm.Float](shape ...int) *tensor.Dense[T] {
	x := tensor.New[T](shape...)
	for i := range x.Data {
		x.Data[i] = T((i*7)%11+1) / 5
	}
	return x
}

func TestWeightsFarApartChangeNothingOrAreRefused(t *testing.T) {
	t.Run("float32", farApart[float32])
	t.Run("float64", farApart[float64])
}

func farApart[T asm.Float](t *testing.T) {
	x := ramp[T](5, 4, 3)
	for _, o := range []cpd.Options{{Method: cpd.HALS{}}, {Method: cpd.MU{}}, {Loss: loss.KL}, {Loss: loss.Beta(2.5)}} {
		o.Nonneg, o.Init = cpd.Modes{-1}, cpd.Random{}
		o.Run = solver.Options{MaxIter: solver.Set(40), Tol: solver.Set(0.0), TraceEvery: 1}
		o.Penalty = cpd.Penalties{reg.L1(.1), reg.L1(.1), reg.L1(.1)}
		same, err := cpd.Fit(context.Background(), x, 2, &o)
		require.NoError(t, err)
		for _, far := range []float64{1e5, 1e10, 1e50, 1e100, 1e200, 1e290} {
			o.Penalty = cpd.Penalties{reg.L1(.1), reg.L1(.1 * far), reg.L1(.1 / far)}
			r, err := cpd.Fit(context.Background(), x, 2, &o)
			if far > 1e50 && asm.SizeOf[T]() == 4 || far > 1e150 {
				require.Error(t, err, "%v %v %g", o.Method, o.Loss, far)
			}
			if err != nil {
				require.ErrorIs(t, err, reg.ErrPenalty, "%v %v %g", o.Method, o.Loss, far)
				assert.ErrorContains(t, err, "only the product of the 3 weights matters: give all the same, 0.1")
				continue
			}
			assert.InEpsilon(t, same.Objective(), r.Objective(), 1e-3, "%v %v %g", o.Method, o.Loss, far)
		}
	}
}

// The floor of multiplicative steps costs nothing beside the loss, however large the
// weights are.
func TestLargeWeightsDescendOrAreRefused(t *testing.T) {
	t.Run("float32", largeWeights[float32])
	t.Run("float64", largeWeights[float64])
}

func largeWeights[T asm.Float](t *testing.T) {
	x := ramp[T](5, 4, 3)
	fitted := 0
	for _, beta := range []float64{-1, 0, .5, 1, 1.5, 2, 2.5, 3} {
		for _, degree := range []float64{.5, 1, 2} {
			for _, weight := range []float64{1e3, 1e9, 1e20, 1e100, 1e300} {
				o := cpd.Options{Method: cpd.MU{}, Loss: loss.Beta(beta), Init: cpd.Random{}, Penalty: cpd.Penalties{reg.Lp(degree, weight)}}
				o.Run = solver.Options{MaxIter: solver.Set(30), Tol: solver.Set(0.0), TraceEvery: 1}
				began := time.Now()
				r, err := cpd.Fit(context.Background(), x, 2, &o)
				require.Less(t, time.Since(began), 20*time.Second)
				if err != nil {
					require.ErrorIs(t, err, reg.ErrPenalty, "beta %v, degree %v, weight %g", beta, degree, weight)
					continue
				}
				fitted++
				for i, p := range r.Trace[1:] {
					before := r.Trace[i].Objective()
					require.LessOrEqual(t, p.Objective(), before+1e-6*math.Abs(before), "beta %v, degree %v, weight %g: sweep %d", beta, degree, weight, i+1)
				}
			}
		}
	}
	assert.Greater(t, fitted, 30)
	// What first users met.
	r, err := cpd.Fit(context.Background(), x, 2, &cpd.Options{Method: cpd.MU{}, Loss: loss.Beta(2.5), Init: cpd.Random{},
		Penalty: cpd.Penalties{reg.Lp(.5, 1e9)}, Run: solver.Options{MaxIter: solver.Set(1), TraceEvery: 1}})
	require.NoError(t, err)
	assert.LessOrEqual(t, r.Trace[1].Objective(), r.Trace[0].Objective()*(1+1e-6))
}
