package nmf_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

func TestOnlyTheProductOfTheWeightsCountsOrItIsRefused(t *testing.T) {
	t.Run("float64", splitWeights[float64])
	t.Run("float32", splitWeights[float32])
}

func splitWeights[T asm.Float](t *testing.T) {
	x := positive[T](63, 25, 18, 1)
	single := asm.SizeOf[T]() == 4
	for _, o := range []nmf.Options{{}, {Method: nmf.ANLS{}}, {Method: nmf.MU{}}, {Loss: loss.KL}} {
		o.Run = run(60)
		o.W, o.H = reg.L1(.1), reg.L1(.1)
		same, err := nmf.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		for _, far := range []float64{1e4, 1e10, 1e15, 1e50, 1e100, 1e155, 1e290} {
			for _, turned := range []bool{false, true} {
				o.W, o.H = reg.L1(.1*far), reg.L1(.1/far)
				if turned {
					o.W, o.H = o.H, o.W
				}
				r, err := nmf.Fit(ctx, x, 3, &o)
				if far >= 1e155 || single && far >= 1e50 {
					require.ErrorIs(t, err, reg.ErrPenalty, "%v %v %g", o.Method, o.Loss, far)
					assert.ErrorContains(t, err, "give both the same, 0.1")
					assert.ErrorContains(t, err, fmt.Sprint(.1*far))
					continue
				}
				require.NoError(t, err, "%v %v %g", o.Method, o.Loss, far)
				assert.InEpsilon(t, same.Objective(), r.Objective(), 1e-3, "%v %v %g", o.Method, o.Loss, far)
			}
		}
	}
}

func TestLargeWeightsPruneOrAreRefused(t *testing.T) {
	t.Run("float64", largeWeights[float64])
	t.Run("float32", largeWeights[float32])
}

func largeWeights[T asm.Float](t *testing.T) {
	x := positive[T](63, 25, 18, 1)
	nothing := .5 * matrix.Inner(x, x)
	for _, m := range []nmf.Method{nil, nmf.HALS{}, nmf.ANLS{}, nmf.MU{}} {
		for _, degree := range []float64{1, 2} {
			for _, weight := range []float64{1e3, 1e8, 1e15, 1e30, 1e100, 1e160, 1e200, 1e300} {
				p := reg.Lp(degree, weight)
				r, err := nmf.Fit(ctx, x, 3, &nmf.Options{Method: m, W: p, H: p, Run: run(150)})
				if err != nil {
					require.ErrorIs(t, err, reg.ErrPenalty, "%v %g", m, weight)
					require.Greater(t, weight, 1e30, "%v", m)
					continue
				}
				assert.InEpsilon(t, nothing, r.Objective(), 1e-4, "%v %g: what W = 0 costs", m, weight)
				if weight <= 1e30 {
					assert.Len(t, r.Pruned, 3, "%v %v %g", m, degree, weight)
				}
			}
		}
	}
	for _, p := range []float64{1e200, 1e300} {
		if asm.SizeOf[T]() == 4 {
			break // the start underflows to zero, which is right
		}
		_, err := nmf.Fit(ctx, x, 3, &nmf.Options{W: reg.L1(p), H: reg.L1(p)})
		require.ErrorIs(t, err, reg.ErrPenalty)
	}
}

// Options of a fit serve for a transform once what cannot matter is left out.
func TestTransformTakesTheOptionsOfAFit(t *testing.T) {
	x := positive[float64](63, 25, 18, 1)
	start := &nmf.Model[float64]{W: positive[float64](1, 25, 3, 1), H: positive[float64](2, 3, 18, 1)}
	mask := matrix.MaskOf(x)
	mask.Set(3, 4, false)
	for name, o := range map[string]nmf.Options{
		"default": {}, "kl": {Loss: loss.KL, W: reg.L1(.1), H: reg.L1(.1)}, "is": {Loss: loss.IS},
		"restarts": {Restarts: 2}, "given": {Init: start, ScaleInit: solver.Set(true), Order: nmf.OrderHW},
		"held": {Init: start, HoldW: []int{1}}, "fixed": {Init: start, FixH: true}, "masked": {Mask: mask},
		"balanced": {W: reg.L1(.1), H: reg.L2(.1), Balance: nmf.BalanceInit}, "hals": {Method: nmf.HALS{Inner: 2}, Eps: solver.Set(1e-12)},
		"als": {Method: nmf.ALS{}}, "other degree": {Method: nmf.MU{}, W: reg.Lp(1.5, .1), H: reg.Lp(1.5, .1)},
	} {
		o.Run = solver.Options{MaxIter: solver.Set(30), MaxTime: time.Hour}
		fit, err := nmf.Fit(ctx, x, 3, &o)
		require.NoError(t, err, name)
		again := fit.Options.ForTransform()
		assert.True(t, again.Run.Start.IsZero())
		r, err := fit.Transform(ctx, positive[float64](64, 25, 7, 1), &again)
		require.NoError(t, err, name)
		assert.Equal(t, fit.Options.Loss, r.Options.Loss)
		assert.Equal(t, fit.Options.H, r.Options.H)
	}
}

func TestTransformIsExactWhereNothingForbidsIt(t *testing.T) {
	x := positive[float64](63, 25, 18, 1)
	m := &nmf.Model[float64]{W: positive[float64](1, 25, 3, 1)}
	mask := matrix.MaskOf(x)
	mask.Set(3, 4, false)
	for want, o := range map[string]nmf.Options{
		"anls": {H: reg.L1(.1).Plus(reg.L2(.1))}, "hals": {Mask: mask}, "mu": {Loss: loss.KL},
	} {
		r, err := m.Transform(ctx, x, &o)
		require.NoError(t, err)
		assert.Equal(t, want, r.Options.Method.String())
		if want == "anls" {
			assert.Less(t, r.KKT[1], 1e-12)
		}
	}
	r, err := m.Transform(ctx, x, &nmf.Options{Eps: solver.Set(1e-9)})
	require.NoError(t, err)
	assert.Equal(t, "hals", r.Options.Method.String(), "anls has no floor")
	r, err = m.Transform(ctx, x, &nmf.Options{H: reg.Lp(1.5, .1)})
	require.NoError(t, err)
	assert.Equal(t, "mu", r.Options.Method.String(), "no other one takes this degree")
	_, err = m.Transform(ctx, x, &nmf.Options{Method: nmf.HALS{}, H: reg.Lp(1.5, .1)})
	require.ErrorIs(t, err, reg.ErrPenalty)
}

// New data in the basis of a fit, with the loss and the penalty of the fit.
func ExampleOptions_ForTransform() {
	x := matrix.Of(3, 4, []float64{1, 2, 0, 0, 2, 4, 0, 0, 0, 0, 3, 1})
	p := reg.L1(1e-6)
	r, err := nmf.Fit(context.Background(), x, 2, &nmf.Options{W: p, H: p})
	if err != nil {
		fmt.Println(err)
		return
	}
	o := r.Options.ForTransform()
	t, err := r.Transform(context.Background(), matrix.Of(3, 1, []float64{3, 6, 2}), &o)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f\n", t.Reconstruct().Data)
	// Output: [3.000 6.000 2.000]
}
