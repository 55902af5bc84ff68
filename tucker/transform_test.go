package tucker_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

func thorough() solver.Options {
	return solver.Options{MaxIter: solver.Set(20000), Tol: solver.Set(1e-14), TraceEvery: 1}
}

// basis returns the basis in which samples are found, a column per component.
func basis(m *tucker.Model[float64]) *matrix.Dense[float64] {
	f := append([]*matrix.Dense[float64](nil), m.Factors...)
	f[len(f)-1] = nil
	b := tensor.MultiModeProduct(nil, m.Core, f, false).Contiguous()
	cols := b.Shape[len(f)-1]
	return matrix.Of(b.Len()/cols, cols, b.Data)
}

// A transform is one of the unfolded data in the basis of core and other factors.
func TestTransformAgreesWithNMF(t *testing.T) {
	for _, c := range []struct {
		shape, ranks []int
		alone        int
	}{{[]int{9, 7}, []int{4, 3}, -1}, {[]int{5, 4, 7}, []int{3, 2, 3}, -1}, {[]int{3, 4, 2, 7}, []int{2, 2, 1, 3}, -1}, {[]int{5, 4, 7}, []int{5, 2, 3}, 0}} {
		m, x := model[float64](21, c.shape, c.ranks, true), noisy[float64](22, c.shape, c.ranks, true, .3)
		if c.alone >= 0 {
			m.Factors[c.alone] = nil
		}
		last := len(c.shape) - 1
		b := basis(m)
		flat := matrix.Of(b.Rows, 7, x.Data)
		for name, o := range map[string]struct {
			o tucker.Options
			n nmf.Options
		}{
			"exact":    {tucker.Options{Nonneg: tucker.Modes{last}}, nmf.Options{}},
			"l1 l2":    {tucker.Options{Nonneg: tucker.All, Factors: tucker.Each(reg.L1(.3).Plus(reg.L2(.1)))}, nmf.Options{H: reg.L1(.3).Plus(reg.L2(.1))}},
			"kl":       {tucker.Options{Loss: loss.KL, Factors: tucker.Each(reg.L1(.3))}, nmf.Options{Loss: loss.KL, Method: nmf.MU{}, H: reg.L1(.3)}},
			"beta 1.5": {tucker.Options{Loss: loss.Beta(1.5)}, nmf.Options{Loss: loss.Beta(1.5), Method: nmf.MU{}}},
			"mu":       {tucker.Options{Method: tucker.MU{Inner: 3}, Factors: tucker.Each(reg.Lp(1.5, .2))}, nmf.Options{Method: nmf.MU{Inner: 3}, H: reg.Lp(1.5, .2)}},
			"hals":     {tucker.Options{Method: tucker.HALS{}, Nonneg: tucker.All, Eps: solver.Set(1e-9)}, nmf.Options{Method: nmf.HALS{}, Eps: solver.Set(1e-9)}},
		} {
			o.o.Run, o.n.Run = thorough(), thorough()
			got, err := m.Transform(t.Context(), x, &o.o)
			require.NoError(t, err, name)
			want, err := (&nmf.Model[float64]{W: b}).Transform(t.Context(), flat, &o.n)
			require.NoError(t, err, name)
			require.InEpsilon(t, want.Objective(), got.Objective(), 1e-7, "%s %v", name, c.shape)
			require.InDeltaSlice(t, want.H.Transpose().Data, got.Factors[last].Data, 5e-3, "%s %v", name, c.shape)
			require.Equal(t, m.Factors[:last], got.Factors[:last])
			require.Equal(t, m.Core.Data, got.Core.Data)
			require.InEpsilon(t, got.RelError, got.Model.RelError(x), 1e-9)
			if name == "exact" || name == "l1 l2" {
				require.InEpsilon(t, got.Trace[0].Objective(), got.Objective(), 1e-9, "the start is the minimizer")
			}
		}
	}
}

func TestTransformOfBothSignsSolvesTheLeastSquares(t *testing.T) {
	both(t, testTransformSigned[float32], testTransformSigned[float64])
}

func testTransformSigned[T asm.Float](t *testing.T) {
	shape, ranks := []int{6, 5, 9}, []int{3, 2, 4}
	m, x := model[T](23, shape, ranks, false), noisy[T](24, shape, []int{6, 5, 6}, false, .3)
	for _, mu := range []float64{0, .7} {
		r, err := m.Transform(t.Context(), x, &tucker.Options{Nonneg: tucker.Modes{}, Factors: tucker.Penalties{nil, nil, reg.L2(mu)}})
		require.NoError(t, err)
		require.Equal(t, "hals", r.Options.Method.String())
		require.Equal(t, solver.Converged, r.Status)
		require.Less(t, r.KKT[2], precision[T](1e-11, 1e-3))
		require.InEpsilon(t, r.Trace[0].Objective(), r.Objective(), precision[T](1e-11, 1e-4))
	}
	r, err := m.Transform(t.Context(), x, &tucker.Options{Nonneg: tucker.Modes{}, Factors: tucker.Each(reg.L1(.2)), Run: thorough()})
	require.NoError(t, err)
	require.Less(t, r.KKT[2], precision[T](1e-6, 1e-2))
	r, err = m.Transform(t.Context(), x, nil) // a nonnegative factor in a basis of both signs is what HALS does unasked
	require.NoError(t, err)
	require.Less(t, r.KKT[2], precision[T](1e-10, 1e-3))
}

func TestTransformOfTheTrainingDataGivesTheirFactor(t *testing.T) {
	x := noisy[float64](25, []int{6, 5, 4}, []int{3, 2, 2}, true, .2)
	l1 := reg.L1(.1)
	for name, o := range map[string]tucker.Options{
		"hooi": {}, "hals": {Nonneg: tucker.All}, "sparse": {Nonneg: tucker.All, Core: l1, Factors: tucker.Each(l1)}, "kl": {Loss: loss.KL, Core: l1, Factors: tucker.Each(l1)},
		"is": {Loss: loss.IS}, "restarts": {Restarts: 2}, "partial": {Modes: tucker.Modes{1, 2}},
		"mu": {Method: tucker.MU{Inner: 2, Extrapolate: true}, Core: l1, Factors: tucker.Each(reg.L2(.1))},
	} {
		o.Run = solver.Options{MaxIter: solver.Set(1000), Tol: solver.Set(1e-9), MaxTime: time.Hour, TraceEvery: 10}
		ranks := []int{3, 2, 2}
		if o.Modes != nil {
			ranks[0] = 0
		}
		fit, err := tucker.Fit(t.Context(), x, ranks, &o)
		require.NoError(t, err, name)
		again := fit.Options.ForTransform()
		require.True(t, again.Run.Start.IsZero())
		r, err := fit.Transform(t.Context(), x, &again)
		require.NoError(t, err, name)
		require.LessOrEqual(t, r.Objective(), (fit.Loss+fit.Penalty[2])*(1+1e-3), name)
		for i, v := range fit.Factors[2].Data {
			require.InDelta(t, v, r.Factors[2].Data[i], 2e-2*(1+math.Abs(v)), name)
		}
		require.Equal(t, fit.Factors[:2], r.Factors[:2])
		require.Equal(t, fit.Core.Data, r.Core.Data)
	}
}

func TestTransformRefusesWhatHasNoEffect(t *testing.T) {
	shape, ranks := []int{4, 3, 5}, []int{2, 2, 2}
	x, m := noisy[float64](26, shape, ranks, true, .1), model[float64](27, shape, ranks, true)
	l2 := reg.L2(1)
	minus, nan, ragged, alone := m.Clone(), m.Clone(), m.Clone(), m.Clone()
	minus.Core.Data[1], nan.Core.Data[3] = -1, math.NaN()
	ragged.Factors[1] = matrix.New[float64](3, 1)
	alone.Factors[2] = nil
	bad := x.Clone()
	bad.Set(math.NaN(), 1, 1, 1)
	for name, c := range map[string]struct {
		m   *tucker.Model[float64]
		x   *tensor.Dense[float64]
		o   tucker.Options
		err error
	}{
		"start":         {m, x, tucker.Options{Init: m}, tucker.ErrOption},
		"scale":         {m, x, tucker.Options{ScaleInit: solver.Set(true)}, tucker.ErrOption},
		"restarts":      {m, x, tucker.Options{Restarts: 2}, tucker.ErrOption},
		"target":        {m, x, tucker.Options{Target: solver.Set(.1)}, tucker.ErrOption},
		"modes":         {m, x, tucker.Options{Modes: tucker.Modes{2}}, tucker.ErrOption},
		"fix":           {m, x, tucker.Options{Fix: tucker.Modes{2}}, tucker.ErrOption},
		"fix all":       {m, x, tucker.Options{Fix: tucker.All}, tucker.ErrOption},
		"hooi":          {m, x, tucker.Options{Method: tucker.HOOI{}}, tucker.ErrOption},
		"core":          {m, x, tucker.Options{Core: l2}, tucker.ErrOption},
		"penalty":       {m, x, tucker.Options{Factors: tucker.Penalties{l2, l2, l2}}, tucker.ErrOption},
		"degree":        {m, x, tucker.Options{Method: tucker.HALS{}, Factors: tucker.Each(reg.Lp(3, 1))}, reg.ErrPenalty},
		"balance":       {m, x, tucker.Options{Factors: tucker.Each(l2), Balance: tucker.BalanceScalar}, tucker.ErrOption},
		"nonneg":        {m, x, tucker.Options{Nonneg: tucker.Modes{3}}, tucker.ErrOption},
		"workers":       {m, x, tucker.Options{Workers: -1}, tucker.ErrOption},
		"no data":       {m, nil, tucker.Options{}, tucker.ErrShape},
		"order":         {m, tensor.New[float64](4, 3), tucker.Options{}, tucker.ErrShape},
		"mode":          {m, tensor.New[float64](3, 4, 5), tucker.Options{}, tucker.ErrShape},
		"no samples":    {m, tensor.New[float64](4, 3, 0), tucker.Options{}, tucker.ErrShape},
		"nan data":      {m, bad, tucker.Options{}, tucker.ErrData},
		"no model":      {nil, x, tucker.Options{}, tucker.ErrShape},
		"empty model":   {&tucker.Model[float64]{}, x, tucker.Options{}, tucker.ErrShape},
		"ragged":        {ragged, x, tucker.Options{}, tucker.ErrShape},
		"left alone":    {alone, x, tucker.Options{}, tucker.ErrShape},
		"nan core":      {nan, x, tucker.Options{}, tucker.ErrData},
		"negative core": {minus, x, tucker.Options{Loss: loss.KL}, tucker.ErrData},
	} {
		r, err := c.m.Transform(t.Context(), c.x, &c.o)
		require.ErrorIs(t, err, c.err, name)
		require.Nil(t, r, name)
		require.NotContains(t, err.Error(), "%!", name)
	}
}

func TestTransformOfOddProblemsEndsCleanly(t *testing.T) {
	both(t, testTransformOdd[float32], testTransformOdd[float64])
}

func testTransformOdd[T asm.Float](t *testing.T) {
	for _, shape := range [][]int{{1, 1}, {1, 1, 1}, {5, 1, 4}, {2, 3, 1}, {2, 1, 2, 1, 3}} {
		for _, rank := range []int{1, 5} {
			ranks := make([]int, len(shape))
			for n := range ranks {
				ranks[n] = rank
			}
			m, x := model[T](28, shape, ranks, true), noisy[T](29, shape, ranks, true, .1)
			if rank > 1 { // a component that is nothing
				slice := m.Core.Slice(len(shape)-1, 0, 1)
				for i := 0; i < m.Core.Len(); i += rank {
					slice.Data[i] = 0
				}
			}
			scaled := func(e int) *tensor.Dense[T] {
				y := x.Clone()
				for i := range y.Data {
					y.Data[i] *= T(math.Ldexp(1, e))
				}
				return y
			}
			for _, x := range []*tensor.Dense[T]{x, tensor.New[T](shape...), scaled(-60), scaled(40)} {
				for _, o := range []tucker.Options{{}, {Nonneg: tucker.Modes{}}, {Nonneg: tucker.All, Eps: solver.Set(1e-9)}, {Loss: loss.KL}, {Method: tucker.MU{}}, {Loss: loss.IS, Eps: solver.Set(1e-6)}} {
					o.Run = solver.Options{MaxIter: solver.Set(12), Tol: solver.Set(0.0)}
					r, err := m.Transform(t.Context(), x, &o)
					require.NoError(t, err, "%v rank %d %v", shape, rank, o)
					require.False(t, math.IsNaN(r.Loss+r.RelError))
				}
			}
		}
	}
}

func TestTransformGivesTheSameBits(t *testing.T) {
	m, x := model[float32](30, []int{20, 10, 7}, []int{4, 3, 3}, true), noisy[float32](31, []int{20, 10, 1100}, []int{4, 3, 3}, true, .1)
	for _, o := range []tucker.Options{{}, {Nonneg: tucker.Modes{}}, {Loss: loss.KL}} {
		o.Run = solver.Options{MaxIter: solver.Set(3), Tol: solver.Set(0.0)}
		var first *tucker.Result[float32]
		for _, workers := range []int{1, 2, 3} {
			o.Workers = workers
			r, err := m.Transform(t.Context(), x, &o)
			require.NoError(t, err)
			if first == nil {
				first = r
			}
			require.Equal(t, first.Factors, r.Factors)
			one, err := m.Transform(t.Context(), x.Slice(2, 17, 18), &o) // samples are found on their own
			require.NoError(t, err)
			for q, v := range one.Factors[2].Row(0) {
				require.InDelta(t, v, r.Factors[2].At(17, q), 2e-3*(1+math.Abs(float64(v))))
			}
		}
	}
}

func TestCancelledTransformsReturnTheModelSoFar(t *testing.T) {
	m, x := model[float64](30, []int{6, 5, 7}, []int{2, 2, 2}, true), noisy[float64](31, []int{6, 5, 4}, []int{2, 2, 2}, true, .1)
	why := errors.New("enough")
	c, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	r, err := m.Transform(c, x, &tucker.Options{Loss: loss.KL})
	require.ErrorIs(t, err, why)
	require.Equal(t, []int{6, 5, 4}, r.Shape())
	require.Equal(t, solver.Cancelled, r.Status)
}

func ExampleModel_Transform() {
	// Two parts of a line, of which samples are mixtures.
	m := &tucker.Model[float64]{
		Core:    tensor.Of([]float64{1, 0, 0, 2}, 2, 2),
		Factors: []*matrix.Dense[float64]{matrix.Of(3, 2, []float64{1, 0, 2, 1, 0, 3}), matrix.Of(1, 2, []float64{5, 5})},
	}
	x := tensor.Of([]float64{
		1, 3,
		4, 6,
		6, 0,
	}, 3, 2)
	r, err := m.Transform(context.Background(), x, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f\n", r.Factors[1].Data)
	// Output: [1.000 1.000 3.000 0.000]
}
