package nmf_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

func TestHeldComponentsStay(t *testing.T) {
	t.Run("float64", heldStay[float64])
	t.Run("float32", heldStay[float32])
}

func heldStay[T asm.Float](t *testing.T) {
	x := positive[T](81, 20, 15, 1)
	start := &nmf.Model[T]{W: positive[T](82, 20, 4, 1), H: positive[T](83, 4, 15, 1)}
	start.W.Set(3, 1, 0) // below every floor
	start.H.Set(2, 5, 0)
	for _, s := range settings() {
		o := s.o
		switch o.Method.(type) {
		case nmf.ALS, nmf.ANLS:
			o.Init, o.HoldW = start, []int{1}
			_, err := nmf.Fit(ctx, x, 4, &o)
			require.ErrorIs(t, err, nmf.ErrOption, s.name)
			continue
		}
		o.Init, o.HoldW, o.HoldH, o.ScaleInit, o.Run = start, []int{1, 3}, []int{2}, solver.Set(true), run(12)
		r, err := nmf.Fit(ctx, x, 4, &o)
		require.NoError(t, err, s.name)
		for i := range 20 {
			require.Equal(t, start.W.At(i, 1), r.W.At(i, 1), s.name)
			require.Equal(t, start.W.At(i, 3), r.W.At(i, 3), s.name)
			require.NotEqual(t, start.W.At(i, 0), r.W.At(i, 0), s.name)
		}
		require.Equal(t, start.H.Row(2), r.H.Row(2), s.name)
		require.NotEqual(t, start.H.Row(1), r.H.Row(1), s.name)
		finite(t, r, s.name)
		slack := 1e-11
		if asm.SizeOf[T]() == 4 {
			slack = 1e-5
		}
		for i := 1; i < len(r.Trace); i++ {
			require.LessOrEqual(t, r.Trace[i].Objective(), r.Trace[i-1].Objective()+slack*r.Trace[0].Objective(), "%s, sweep %d", s.name, i)
		}
		if r.Beta != nil {
			require.Positive(t, r.Beta[0], s.name)
			for _, q := range []int{1, 2, 3} {
				require.Zero(t, r.Beta[q], s.name)
			}
		}
	}
}

func TestHoldingNothingChangesNothing(t *testing.T) {
	x := positive[float64](84, 12, 9, 1)
	start := &nmf.Model[float64]{W: positive[float64](85, 12, 3, 1), H: positive[float64](86, 3, 9, 1)}
	for _, o := range []nmf.Options{{}, {Loss: loss.KL, W: reg.L1(.1), H: reg.L2(.1)}} {
		o.Init, o.Run = start, run(9)
		a, err := nmf.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		o.HoldW, o.HoldH = []int{}, []int{}
		b, err := nmf.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		assert.Equal(t, a.Model, b.Model)
	}
}

func TestHoldingAllButOneIsAFitOfTheRest(t *testing.T) {
	// With component 0 held on both sides, HALS fits the others to X - w_0·h_0.
	start := &nmf.Model[float64]{W: positive[float64](87, 12, 3, 1), H: positive[float64](88, 3, 9, 1)}
	known := (&nmf.Model[float64]{W: start.W.View(0, 0, 12, 1), H: start.H.View(0, 0, 1, 9)}).Reconstruct()
	rest := positive[float64](89, 12, 9, 2)
	x := rest.Clone()
	for i := range x.Data {
		x.Data[i] += known.Data[i]
	}
	for _, scaled := range []bool{false, true} {
		o := nmf.Options{Init: start, HoldW: []int{0}, HoldH: []int{0}, ScaleInit: solver.Set(scaled), Method: nmf.HALS{Inner: 2}, Run: run(40)}
		a, err := nmf.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		o.Init, o.HoldW, o.HoldH = &nmf.Model[float64]{W: start.W.View(0, 1, 12, 2), H: start.H.View(1, 0, 2, 9)}, nil, nil
		b, err := nmf.Fit(ctx, rest, 2, &o)
		require.NoError(t, err)
		assert.InDeltaSlice(t, b.W.Clone().Data, a.W.View(0, 1, 12, 2).Clone().Data, 1e-9)
		assert.InDeltaSlice(t, b.H.Data, a.H.View(1, 0, 2, 9).Data, 1e-9)
		assert.InEpsilon(t, b.Loss, a.Loss, 1e-9)
		for f := range 2 {
			assert.Less(t, a.KKT[f], .1, "what is held is not asked for its gradient")
		}
	}
}

func TestHeldComponentsAreNotScaled(t *testing.T) {
	x := positive[float64](90, 12, 9, 1)
	start := &nmf.Model[float64]{W: positive[float64](91, 12, 3, .3), H: positive[float64](92, 3, 9, .3)}
	for _, o := range []nmf.Options{{}, {W: reg.L1(.1), H: reg.L1(.5)}, {Loss: loss.KL, W: reg.L1(.1), H: reg.L2(.5)}} {
		o.Init, o.HoldW, o.ScaleInit, o.Run = start, []int{1}, solver.Set(true), run(0)
		r, err := nmf.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		assert.Equal(t, start.H.Row(1), r.H.Row(1))
		assert.NotEqual(t, start.H.Row(0), r.H.Row(0))
		if o.Loss == loss.Frobenius && o.W == nil { // the best common factor of the others
			for _, f := range []float64{.99, 1.01} {
				other := r.Model.Clone()
				for _, k := range []int{0, 2} {
					for j := range 9 {
						other.H.Set(k, j, other.H.At(k, j)*f)
					}
				}
				p, err := nmf.Fit(ctx, x, 3, &nmf.Options{Init: other, Run: run(0)})
				require.NoError(t, err)
				assert.Greater(t, p.Loss, r.Loss)
			}
		}
	}
}

func TestSenselessHoldsAreRefused(t *testing.T) {
	x := positive[float64](93, 6, 5, 1)
	start := &nmf.Model[float64]{W: positive[float64](94, 6, 2, 1), H: positive[float64](95, 2, 5, 1)}
	for name, o := range map[string]nmf.Options{
		"no start": {HoldW: []int{0}},
		"random":   {HoldW: []int{0}, Init: nmf.Random{}},
		"below":    {HoldW: []int{-1}, Init: start},
		"above":    {HoldH: []int{2}, Init: start},
		"all":      {HoldH: []int{1, 0}, Init: start},
		"fixed":    {HoldH: []int{1}, Init: start, FixH: true},
	} {
		_, err := nmf.Fit(ctx, x, 2, &o)
		assert.ErrorIs(t, err, nmf.ErrOption, name)
	}
	r, err := nmf.Fit(ctx, x, 2, &nmf.Options{HoldH: []int{1, 1}, Init: start, FixW: true, Run: run(5)})
	require.NoError(t, err)
	assert.Equal(t, start.W, r.W)
	assert.Equal(t, start.H.Row(1), r.H.Row(1))
}
