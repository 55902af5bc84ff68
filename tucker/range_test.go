package tucker_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
	"polyad/tucker"
)

// A scale that no number of the type holds is refused before anything is balanced
// again and again: this case took 11 seconds of Sinkhorn sweeps over NaN.
func TestAScaleThatNoNumberHoldsIsRefusedAtOnce(t *testing.T) {
	x := noisy[float32](1, []int{4, 3, 5}, []int{2, 2, 2}, true, .1)
	asked := &counted{Context: context.Background()}
	_, err := tucker.Fit(asked, x, []int{2, 2, 2}, &tucker.Options{Init: tucker.Random{}, Nonneg: tucker.Modes{-1},
		Core: reg.L1(.1).Plus(reg.L2(.1)), Factors: tucker.Each(reg.L1(1e100).Plus(reg.L2(.1)))})
	require.ErrorIs(t, err, reg.ErrPenalty)
	assert.ErrorContains(t, err, "1e+100, 0.1 on mode 0")
	assert.Less(t, asked.times, 600, "one balancing alone, of at most 500 sweeps")
}

// counted counts how often it is asked whether it has ended.
type counted struct {
	context.Context
	times int
}

func (c *counted) Err() error {
	c.times++
	return c.Context.Err()
}

func TestLargeWeightsDescendOrAreRefused(t *testing.T) {
	both(t, largeWeights[float32], largeWeights[float64])
}

func largeWeights[T asm.Float](t *testing.T) {
	x := noisy[T](4, []int{5, 4, 3}, []int{2, 2, 2}, true, .1)
	fitted := 0
	for _, beta := range []float64{-1, 0, .5, 1, 1.5, 2, 2.5, 3} {
		for _, degree := range []float64{.5, 1, 2} {
			for _, weight := range []float64{1e3, 1e9, 1e20, 1e100, 1e300} {
				o := tucker.Options{Method: tucker.MU{}, Loss: loss.Beta(beta), Init: tucker.Random{}, Core: reg.Lp(degree, weight), Factors: tucker.Each(reg.Lp(degree, weight))}
				o.Run = solver.Options{MaxIter: solver.Set(20), Tol: solver.Set(0.0), TraceEvery: 1}
				r, err := tucker.Fit(context.Background(), x, []int{2, 2, 2}, &o)
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
}
