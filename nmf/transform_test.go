package nmf_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/nnls"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

func long() solver.Options {
	return solver.Options{MaxIter: solver.Set(20000), Tol: solver.Set(1e-14), TraceEvery: 1}
}

func TestTransformSolvesTheLeastSquares(t *testing.T) {
	w := positive[float64](61, 20, 4, 1)
	m := &nmf.Model[float64]{W: w}
	x := positive[float64](62, 20, 11, 3)
	clear(x.Row(2))
	for i := range 20 {
		x.Set(i, 5, 0)
	}
	for _, p := range []reg.Penalty{nil, reg.L1(.3), reg.L1(.1).Plus(reg.L2(.2))} {
		r, err := m.Transform(ctx, x, &nmf.Options{H: p, Run: long()})
		require.NoError(t, err)
		gram, a, h := matrix.New[float64](4, 4), matrix.New[float64](4, 11), matrix.New[float64](4, 11)
		matrix.Gram(nil, gram, w, false)
		matrix.Gemm(nil, true, false, 1, w, x, 0, a)
		b, err := nnls.NewBPP[float64](4, 11, p, 1)
		require.NoError(t, err)
		b.SetGram(gram)
		b.Solve(nil, h, a)
		assert.InDeltaSlice(t, h.Data, r.H.Data, 1e-5)
		assert.Equal(t, w, r.W)
		assert.Zero(t, r.H.At(1, 5), "nothing in, nothing out")
	}
}

func TestTransformOfTheTrainingDataGivesTheirH(t *testing.T) {
	t.Run("float64", trainingData[float64])
	t.Run("float32", trainingData[float32])
}

func trainingData[T asm.Float](t *testing.T) {
	x := positive[T](63, 25, 18, 1)
	for _, o := range []nmf.Options{{}, {Loss: loss.KL}, {W: reg.L1(.1), H: reg.L1(.1)}, {Loss: loss.Beta(1.5)}} {
		o.Run = solver.Options{MaxIter: solver.Set(3000), Tol: solver.Set(1e-10), TraceEvery: 1}
		fit, err := nmf.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		o.W = nil
		o.Run.Tol = solver.Set(1e-12)
		r, err := fit.Transform(ctx, x, &o)
		require.NoError(t, err)
		assert.InEpsilon(t, fit.Loss+fit.Penalty[1], r.Objective(), 1e-4, "%v", o.Loss)
		assert.LessOrEqual(t, r.Objective(), (fit.Loss+fit.Penalty[1])*(1+1e-5), "H is the best one for this W")
	}
}

func TestColumnsAreTransformedAlone(t *testing.T) {
	m := &nmf.Model[float64]{W: positive[float64](64, 15, 3, 1)}
	x := positive[float64](65, 15, 8, 1)
	for i := range 15 {
		x.Set(i, 3, x.At(i, 3)*1e6) // a loud one
	}
	for _, o := range []nmf.Options{{}, {Loss: loss.KL}, {Loss: loss.IS}} {
		o.Run = long()
		all, err := m.Transform(ctx, x, &o)
		require.NoError(t, err)
		one, err := m.Transform(ctx, x.View(0, 3, 15, 1), &o)
		require.NoError(t, err)
		for k := range 3 {
			assert.InDelta(t, one.H.At(k, 0), all.H.At(k, 3), 1e-3*(1+one.H.At(k, 0)), "%v", o.Loss)
		}
		// Any number of sweeps leaves the columns alone; MU without a floor shows it bit for bit.
		o.Method, o.Run, o.Eps = nmf.MU{}, run(7), solver.Set(0.0)
		all, err = m.Transform(ctx, x, &o)
		require.NoError(t, err)
		one, err = m.Transform(ctx, x.View(0, 3, 15, 1), &o)
		require.NoError(t, err)
		for k := range 3 {
			assert.InEpsilon(t, one.H.At(k, 0), all.H.At(k, 3), 1e-12)
		}
	}
}

func TestTransformOfOddModelsEndsCleanly(t *testing.T) {
	w := positive[float64](66, 6, 3, 1)
	for i := range 6 {
		w.Set(i, 1, 0)
	}
	x := positive[float64](67, 6, 4, 1)
	clear(x.Row(0))
	for _, o := range []nmf.Options{{}, {Loss: loss.KL}, {Method: nmf.MU{}}} {
		r, err := (&nmf.Model[float64]{W: w}).Transform(ctx, x, &o)
		require.NoError(t, err)
		finite(t, r, "a zero column")
		assert.Contains(t, r.Pruned, 1)
		for _, v := range r.H.Row(1) {
			assert.Less(t, v, 1e-15)
		}
		_, err = (&nmf.Model[float64]{W: matrix.New[float64](6, 2)}).Transform(ctx, x, &o)
		require.NoError(t, err)
		x2 := x.Clone()
		x2.Set(0, 0, math.NaN())
		_, err = (&nmf.Model[float64]{W: w}).Transform(ctx, x2, &o)
		require.ErrorIs(t, err, nmf.ErrData)
	}
}

func TestTransformRefusesWhatHasNoEffect(t *testing.T) {
	m := &nmf.Model[float64]{W: positive[float64](68, 6, 3, 1), H: positive[float64](69, 3, 4, 1)}
	x := positive[float64](70, 6, 4, 1)
	for name, o := range map[string]nmf.Options{
		"start": {Init: m}, "scale": {ScaleInit: solver.Set(true)}, "restarts": {Restarts: 2}, "fixed": {FixH: true}, "held": {HoldW: []int{1}},
		"penalty": {W: reg.L1(1)}, "balance": {Balance: nmf.BalanceEvery, H: reg.L1(1)},
	} {
		_, err := m.Transform(ctx, x, &o)
		assert.ErrorIs(t, err, nmf.ErrOption, name)
	}
	for _, bad := range []*matrix.Dense[float64]{nil, {}, matrix.New[float64](5, 4), {Rows: 6, Cols: 4, Stride: 2}, matrix.New[float64](6, 0)} {
		_, err := m.Transform(ctx, bad, nil)
		assert.ErrorIs(t, err, nmf.ErrShape)
	}
	for _, bad := range []*nmf.Model[float64]{nil, {}, {W: matrix.New[float64](6, 0)}, {W: &matrix.Dense[float64]{Rows: 6, Cols: 4, Stride: 2}}} {
		_, err := bad.Transform(ctx, x, nil)
		assert.ErrorIs(t, err, nmf.ErrShape)
	}
	_, err := (&nmf.Model[float64]{W: positive[float64](68, 6, 3, -1)}).Transform(ctx, x, nil)
	assert.ErrorIs(t, err, nmf.ErrData)
}

func TestTransformGivesTheSameBits(t *testing.T) {
	t.Run("float64", transformBits[float64])
	t.Run("float32", transformBits[float32])
}

func transformBits[T asm.Float](t *testing.T) {
	m := &nmf.Model[T]{W: positive[T](71, 60, 4, 1)}
	x := positive[T](72, 60, 1100, 1)
	for _, o := range []nmf.Options{{}, {Loss: loss.KL}} {
		o.Run = run(4)
		var first *nmf.Result[T]
		for _, workers := range []int{1, 2, 3} {
			o.Workers = workers
			r, err := m.Transform(ctx, x, &o)
			require.NoError(t, err)
			if first == nil {
				first = r
			}
			require.Equal(t, first.H, r.H)
		}
	}
}

func ExampleModel_Transform() {
	x := matrix.Of(3, 4, []float64{
		1, 2, 0, 0,
		2, 4, 0, 0,
		0, 0, 3, 1,
	})
	r, err := nmf.Fit(context.Background(), x, 2, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fresh := matrix.Of(3, 1, []float64{3, 6, 2})
	t, err := r.Transform(context.Background(), fresh, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f\n", t.Reconstruct().Data)
	// Output: [3.000 6.000 2.000]
}

func TestTransformNamesTheMendForSamplesInRows(t *testing.T) {
	m := &nmf.Model[float64]{W: matrix.New[float64](12, 2), H: matrix.New[float64](2, 7)}
	for shape, mend := range map[[2]int]string{{7, 12}: "transpose the data", {5, 7}: "along mode 0", {5, 8}: "with the rows of the model"} {
		_, err := m.Transform(t.Context(), matrix.New[float64](shape[0], shape[1]), nil)
		require.ErrorIs(t, err, nmf.ErrShape)
		require.ErrorContains(t, err, mend)
		require.ErrorContains(t, err, fmt.Sprintf("%d rows and %d columns", shape[0], shape[1]))
	}
}
