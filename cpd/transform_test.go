package cpd_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cpd"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

func thorough() solver.Options {
	return solver.Options{MaxIter: solver.Set(20000), Tol: solver.Set(1e-14), TraceEvery: 1}
}

// A transform is one of the unfolded data in the basis of the Khatri-Rao products.
func TestTransformAgreesWithNMF(t *testing.T) {
	for _, shape := range [][]int{{9, 7}, {5, 4, 7}, {3, 4, 2, 7}, {1, 6, 7}} {
		m, x := model[float64](21, shape, 3, true), noisy[float64](22, shape, 4, true, .3)
		m.Weights = []float64{2, .5, 3}
		last := len(shape) - 1
		basis := tensor.KhatriRao(m.Factors, last)
		for i := range basis.Rows {
			for q, w := range m.Weights {
				basis.Row(i)[q] *= w
			}
		}
		flat := matrix.Of(basis.Rows, 7, x.Data)
		for name, c := range map[string]struct {
			o cpd.Options
			n nmf.Options
		}{
			"exact":    {cpd.Options{Nonneg: cpd.Modes{last}}, nmf.Options{}},
			"l1 l2":    {cpd.Options{Nonneg: cpd.All, Penalty: cpd.Each(reg.L1(.3).Plus(reg.L2(.1)))}, nmf.Options{H: reg.L1(.3).Plus(reg.L2(.1))}},
			"kl":       {cpd.Options{Loss: loss.KL, Penalty: cpd.Each(reg.L1(.3))}, nmf.Options{Loss: loss.KL, Method: nmf.MU{}, H: reg.L1(.3)}},
			"beta 1.5": {cpd.Options{Loss: loss.Beta(1.5)}, nmf.Options{Loss: loss.Beta(1.5), Method: nmf.MU{}}},
			"mu":       {cpd.Options{Method: cpd.MU{Inner: 3}, Penalty: cpd.Each(reg.Lp(1.5, .2))}, nmf.Options{Method: nmf.MU{Inner: 3}, H: reg.Lp(1.5, .2)}},
			"hals":     {cpd.Options{Method: cpd.HALS{}, Nonneg: cpd.All, Eps: solver.Set(1e-9)}, nmf.Options{Method: nmf.HALS{}, Eps: solver.Set(1e-9)}},
		} {
			c.o.Run, c.n.Run = thorough(), thorough()
			got, err := m.Transform(ctx, x, &c.o)
			require.NoError(t, err, name)
			want, err := (&nmf.Model[float64]{W: basis}).Transform(ctx, flat, &c.n)
			require.NoError(t, err, name)
			require.InEpsilon(t, want.Objective(), got.Objective(), 1e-8, name)
			require.InDeltaSlice(t, want.H.Transpose().Data, got.Factors[last].Data, 2e-4, "%s %v", name, shape)
			require.Equal(t, m.Factors[:last], got.Factors[:last])
			require.Equal(t, m.Weights, got.Weights)
			require.InEpsilon(t, got.RelError, got.Model.RelError(x), 1e-9)
		}
	}
}

func TestTransformOfBothSignsSolvesTheLeastSquares(t *testing.T) {
	both(t, testTransformSigned[float32], testTransformSigned[float64])
}

func testTransformSigned[T asm.Float](t *testing.T) {
	shape := []int{6, 5, 9}
	m, x := model[T](23, shape, 4, false), noisy[T](24, shape, 6, false, .3)
	m.Weights = []float64{2, -.5, 1, 3}
	for _, mu := range []float64{0, .7} {
		r, err := m.Transform(ctx, x, &cpd.Options{Penalty: cpd.Penalties{reg.L2(mu)}})
		require.NoError(t, err)
		require.Equal(t, cpd.ALS{}, r.Options.Method)
		require.Equal(t, solver.Converged, r.Status)
		require.Less(t, r.KKT[2], precision[T](1e-12, 1e-4))
		// Any step away from it costs.
		f := r.Factors[2]
		least := float64(0)
		for k := range 20 {
			for i := range f.Data {
				f.Data[i] += T(.01 * math.Sin(float64(i*i+k)))
			}
			rel := r.Model.RelError(x)
			cost := rel*rel*squares(x)/2 + mu*squares(tensor.FromMatrix(f))
			least = max(least, r.Objective()-cost)
		}
		require.LessOrEqual(t, least, 0.0)
	}
	r, err := m.Transform(ctx, x, &cpd.Options{Penalty: cpd.Each(reg.L1(.2)), Run: thorough()})
	require.NoError(t, err)
	require.Equal(t, "hals", r.Options.Method.String())
	require.Less(t, r.KKT[2], precision[T](1e-6, 1e-3))
	r, err = m.Transform(ctx, x, &cpd.Options{Nonneg: cpd.Modes{2}}) // a basis of both signs
	require.NoError(t, err)
	require.Equal(t, "als", r.Options.Method.String())
	for _, v := range r.Factors[2].Data {
		require.GreaterOrEqual(t, v, T(0))
	}
	require.Less(t, r.KKT[2], precision[T](1e-12, 1e-4))
}

func squares[T asm.Float](x *tensor.Dense[T]) (sum float64) {
	for _, v := range x.Data {
		sum += float64(v) * float64(v)
	}
	return sum
}

func TestTransformOfTheTrainingDataGivesTheirFactor(t *testing.T) {
	x := noisy[float64](25, []int{6, 5, 4}, 3, true, .2)
	for name, o := range map[string]cpd.Options{
		"als": {Penalty: cpd.Each(reg.L2(.1))}, "nonneg": {Nonneg: cpd.All, Penalty: cpd.Each(reg.L1(.1))}, "kl": {Loss: loss.KL, Penalty: cpd.Each(reg.L1(.1))},
		"is": {Loss: loss.IS}, "mixed": {Nonneg: cpd.Modes{0, 2}}, "restarts": {Restarts: 2}, "degree 3": {Method: cpd.MU{Inner: 2}, Penalty: cpd.Each(reg.Lp(3, .1))},
		"block": {Penalty: cpd.Each(reg.L2(.1)), Balance: cpd.BalanceBlock}, "hals": {Method: cpd.HALS{Inner: 2}, Nonneg: cpd.All, Eps: solver.Set(1e-12)},
	} {
		o.Run = solver.Options{MaxIter: solver.Set(2000), Tol: solver.Set(1e-11), MaxTime: time.Hour, TraceEvery: 10}
		fit, err := cpd.Fit(ctx, x, 3, &o)
		require.NoError(t, err, name)
		again := fit.Options.ForTransform()
		require.True(t, again.Run.Start.IsZero())
		r, err := fit.Transform(ctx, x, &again)
		require.NoError(t, err, name)
		require.LessOrEqual(t, r.Objective(), (fit.Loss+fit.Penalty[2])*(1+1e-6), name)
		for i, v := range fit.Factors[2].Data {
			require.InDelta(t, v, r.Factors[2].Data[i], 5e-3*(1+math.Abs(v)), name)
		}
		require.Equal(t, fit.Factors[:2], r.Factors[:2])
		// Weights stay, so the new factor is in the scale of the old one.
		again.Penalty = nil
		plain, err := fit.Transform(ctx, x, &again)
		require.NoError(t, err, name)
		fit.Normalize(cpd.NormL2)
		r, err = fit.Transform(ctx, x, &again)
		require.NoError(t, err, name)
		require.Equal(t, fit.Weights, r.Weights)
		require.InDeltaSlice(t, plain.Reconstruct().Data, r.Reconstruct().Data, 1e-4, name)
	}
}

func TestTransformRefusesWhatHasNoEffect(t *testing.T) {
	x, m := noisy[float64](26, []int{4, 3, 5}, 2, true, .1), model[float64](27, []int{4, 3, 5}, 2, true)
	l2 := reg.L2(1)
	minus, nan, long := m.Clone(), m.Clone(), m.Clone()
	minus.Weights, nan.Weights, long.Weights = []float64{1, -1}, []float64{1, math.NaN()}, []float64{1}
	hole := &cpd.Model[float64]{Factors: []*matrix.Dense[float64]{m.Factors[0], nil, m.Factors[2]}}
	ragged := &cpd.Model[float64]{Factors: []*matrix.Dense[float64]{m.Factors[0], matrix.New[float64](3, 1), m.Factors[2]}}
	broken := m.Clone()
	broken.Factors[1].Data = broken.Factors[1].Data[:2]
	bad := x.Clone()
	bad.Set(math.NaN(), 1, 1, 1)
	for name, c := range map[string]struct {
		m   *cpd.Model[float64]
		x   *tensor.Dense[float64]
		o   cpd.Options
		err error
	}{
		"start":           {m, x, cpd.Options{Init: m}, cpd.ErrOption},
		"scale":           {m, x, cpd.Options{ScaleInit: solver.Set(true)}, cpd.ErrOption},
		"restarts":        {m, x, cpd.Options{Restarts: 2}, cpd.ErrOption},
		"fix":             {m, x, cpd.Options{Fix: cpd.Modes{2}}, cpd.ErrOption},
		"fix all":         {m, x, cpd.Options{Fix: cpd.All}, cpd.ErrOption},
		"penalty":         {m, x, cpd.Options{Penalty: cpd.Penalties{l2, l2, l2}}, cpd.ErrOption},
		"degree":          {m, x, cpd.Options{Method: cpd.HALS{}, Penalty: cpd.Each(reg.Lp(3, 1))}, reg.ErrPenalty},
		"balance":         {m, x, cpd.Options{Penalty: cpd.Each(l2), Balance: cpd.BalanceEvery}, cpd.ErrOption},
		"nonneg":          {m, x, cpd.Options{Nonneg: cpd.Modes{3}}, cpd.ErrOption},
		"eps":             {m, x, cpd.Options{Eps: solver.Set(1e-9)}, cpd.ErrOption},
		"no data":         {m, nil, cpd.Options{}, cpd.ErrShape},
		"order":           {m, tensor.New[float64](4, 3), cpd.Options{}, cpd.ErrShape},
		"mode":            {m, tensor.New[float64](3, 4, 5), cpd.Options{}, cpd.ErrShape},
		"no samples":      {m, tensor.New[float64](4, 3, 0), cpd.Options{}, cpd.ErrShape},
		"nan data":        {m, bad, cpd.Options{}, cpd.ErrData},
		"no model":        {nil, x, cpd.Options{}, cpd.ErrShape},
		"empty model":     {&cpd.Model[float64]{}, x, cpd.Options{}, cpd.ErrShape},
		"hole":            {hole, x, cpd.Options{}, cpd.ErrShape},
		"ragged":          {ragged, x, cpd.Options{}, cpd.ErrShape},
		"layout":          {broken, x, cpd.Options{}, cpd.ErrShape},
		"weights":         {long, x, cpd.Options{}, cpd.ErrShape},
		"nan weight":      {nan, x, cpd.Options{}, cpd.ErrData},
		"negative weight": {minus, x, cpd.Options{Loss: loss.KL}, cpd.ErrData},
	} {
		r, err := c.m.Transform(ctx, c.x, &c.o)
		require.ErrorIs(t, err, c.err, name)
		require.Nil(t, r, name)
		require.NotContains(t, err.Error(), "%!", name)
	}
	m.Factors[2] = nil // is not needed
	r, err := m.Transform(ctx, x, nil)
	require.NoError(t, err)
	require.Equal(t, []int{4, 3, 5}, r.Shape())
	require.Nil(t, m.Factors[2])
}

func TestTransformOfOddProblemsEndsCleanly(t *testing.T) {
	both(t, testTransformOdd[float32], testTransformOdd[float64])
}

func testTransformOdd[T asm.Float](t *testing.T) {
	var big [3]T
	for i, e := range []int{-60, 60, 100} {
		big[i] = T(math.Ldexp(1, e))
	}
	for _, shape := range [][]int{{1, 1}, {1, 1, 1}, {5, 1, 4}, {2, 3, 1}, {2, 1, 2, 1, 3}} {
		for _, rank := range []int{1, 9} {
			m := model[T](28, shape, rank, true)
			for i := range m.Factors[0].Rows {
				m.Factors[0].Row(i)[0] = 0 // a component that is nothing
			}
			x := noisy[T](29, shape, 2, true, .1)
			tiny, huge := x.Clone(), x.Clone()
			for i := range x.Data {
				tiny.Data[i] *= big[0]
				huge.Data[i] *= big[1]
			}
			for _, x := range []*tensor.Dense[T]{x, tensor.New[T](shape...), tiny, huge, x.Permute(order(len(shape))...).Permute(order(len(shape))...)} {
				for _, o := range []cpd.Options{{}, {Nonneg: cpd.All}, {Method: cpd.HALS{}}, {Loss: loss.KL}, {Method: cpd.MU{}}, {Loss: loss.IS, Eps: solver.Set(1e-6)}} {
					o.Run = sweeps(12)
					r, err := m.Transform(ctx, x, &o)
					require.NoError(t, err, "%v rank %d %v", shape, rank, o)
					require.False(t, math.IsNaN(r.Loss+r.RelError))
					require.Contains(t, r.Pruned, 0)
					if o.Loss == loss.Frobenius {
						require.Less(t, float64(r.Factors[len(shape)-1].At(0, 0)), 1e-6)
					}
				}
			}
		}
	}
	m, x := model[T](28, []int{3, 2, 4}, 2, true), noisy[T](29, []int{3, 2, 4}, 2, true, .1)
	for i := range x.Data {
		x.Data[i] *= big[2]
	}
	for _, f := range m.Factors {
		for i := range f.Data {
			f.Data[i] /= big[2]
		}
	}
	_, err := m.Transform(ctx, x, &cpd.Options{Nonneg: cpd.All})
	if asm.SizeOf[T]() == 4 {
		require.ErrorIs(t, err, solver.ErrNotFinite)
	} else {
		require.NoError(t, err)
	}
}

// order reverses modes.
func order(n int) (p []int) {
	for k := range n {
		p = append(p, n-1-k)
	}
	return p
}

func TestTransformGivesTheSameBits(t *testing.T) {
	m, x := model[float32](30, []int{20, 10, 7}, 4, true), noisy[float32](31, []int{20, 10, 1100}, 4, true, .1)
	for _, o := range []cpd.Options{{}, {Nonneg: cpd.All}, {Loss: loss.KL}} {
		o.Run = sweeps(3)
		var first *cpd.Result[float32]
		for _, workers := range []int{1, 2, 3} {
			o.Workers = workers
			r, err := m.Transform(ctx, x, &o)
			require.NoError(t, err)
			if first == nil {
				first = r
			}
			require.Equal(t, first.Factors, r.Factors)
			// Samples are found on their own.
			one, err := m.Transform(ctx, x.Slice(2, 17, 18), &o)
			require.NoError(t, err)
			for q, v := range one.Factors[2].Row(0) {
				require.InEpsilon(t, 1+v, 1+r.Factors[2].At(17, q), 1e-3)
			}
		}
	}
}

func TestCancelledTransformsReturnTheModelSoFar(t *testing.T) {
	m, x := model[float64](30, []int{6, 5, 7}, 2, true), noisy[float64](31, []int{6, 5, 4}, 3, true, .1)
	why := errors.New("enough")
	c, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	r, err := m.Transform(c, x, &cpd.Options{Loss: loss.KL})
	require.ErrorIs(t, err, why)
	require.Equal(t, []int{6, 5, 4}, r.Shape())
	require.Equal(t, solver.Cancelled, r.Status)
}

func ExampleModel_Transform() {
	m := &cpd.Model[float64]{Factors: []*matrix.Dense[float64]{
		matrix.Of(3, 2, []float64{1, 0, 2, 1, 0, 3}),
		matrix.Of(2, 2, []float64{4, 1, 1, 5}),
		nil, // is to be found
	}}
	// Two new samples: the first component once and the second twice; the first alone.
	x := tensor.Of([]float64{
		4, 4, 1, 1,
		10, 8, 12, 2,
		6, 0, 30, 0,
	}, 3, 2, 2)
	r, err := m.Transform(context.Background(), x, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f\n", r.Factors[2].Data)
	// Output: [1.000 2.000 1.000 0.000]
}
