package cpd_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cpd"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

func TestWrongOptionsAreRefused(t *testing.T) {
	x := noisy[float64](1, []int{4, 3, 5}, 2, true, .1)
	start, l2 := model[float64](1, x.Shape, 2, true), reg.L2(1)
	rows := reg.Penalty{{Degree: 2, Weight: 1, Rows: []float64{1, 1, 1, 1}}}
	negative := start.Clone()
	negative.Factors[1].Set(2, 1, -1)
	nan := start.Clone()
	nan.Weights = []float64{1, math.NaN()}
	minus := start.Clone()
	minus.Weights = []float64{1, -1}
	long := start.Clone()
	long.Weights = []float64{1, 1, 1}
	few := &cpd.Model[float64]{Factors: start.Factors[:2]}
	hole := &cpd.Model[float64]{Factors: []*matrix.Dense[float64]{start.Factors[0], nil, start.Factors[2]}}
	broken := start.Clone()
	broken.Factors[2].Data = broken.Factors[2].Data[:3]
	for name, c := range map[string]struct {
		o   cpd.Options
		err error
	}{
		"loss":                    {cpd.Options{Loss: loss.Beta(math.NaN())}, loss.ErrLoss},
		"pointer":                 {cpd.Options{Method: method()}, cpd.ErrOption},
		"als for kl":              {cpd.Options{Loss: loss.KL, Method: cpd.ALS{}}, cpd.ErrOption},
		"hals for kl":             {cpd.Options{Loss: loss.KL, Method: cpd.HALS{}}, cpd.ErrOption},
		"inner":                   {cpd.Options{Method: cpd.HALS{Inner: -1}}, cpd.ErrOption},
		"mu inner":                {cpd.Options{Method: cpd.MU{Inner: -1}}, cpd.ErrOption},
		"alpha":                   {cpd.Options{Method: cpd.HALS{Alpha: solver.Set(-1.0)}}, cpd.ErrOption},
		"delta":                   {cpd.Options{Method: cpd.HALS{Delta: solver.Set(math.Inf(1))}}, cpd.ErrOption},
		"delta with inner":        {cpd.Options{Method: cpd.HALS{Inner: 2, Delta: solver.Set(.1)}}, cpd.ErrOption},
		"als l1":                  {cpd.Options{Method: cpd.ALS{}, Penalty: cpd.Each(reg.L1(1))}, reg.ErrPenalty},
		"als rows":                {cpd.Options{Method: cpd.ALS{}, Penalty: cpd.Penalties{rows, l2, l2}}, reg.ErrPenalty},
		"hals degree":             {cpd.Options{Method: cpd.HALS{}, Nonneg: cpd.All, Penalty: cpd.Each(reg.Lp(3, 1))}, reg.ErrPenalty},
		"penalty rows":            {cpd.Options{Nonneg: cpd.All, Penalty: cpd.Penalties{l2, rows, l2}}, reg.ErrPenalty},
		"penalties":               {cpd.Options{Penalty: cpd.Penalties{l2, l2}}, cpd.ErrOption},
		"one-sided":               {cpd.Options{Penalty: cpd.Penalties{l2, nil, l2}}, cpd.ErrOneSided},
		"fixed penalty":           {cpd.Options{Penalty: cpd.Penalties{l2, l2, l2}, Fix: cpd.Modes{1}, Init: start}, cpd.ErrOption},
		"all fixed":               {cpd.Options{Fix: cpd.All, Init: start}, cpd.ErrOption},
		"fixed without start":     {cpd.Options{Fix: cpd.Modes{1}}, cpd.ErrOption},
		"fix":                     {cpd.Options{Fix: cpd.Modes{3}, Init: start}, cpd.ErrOption},
		"nonneg":                  {cpd.Options{Nonneg: cpd.Modes{-2}}, cpd.ErrOption},
		"balance":                 {cpd.Options{Balance: cpd.BalanceEvery}, cpd.ErrOption},
		"balance alone":           {cpd.Options{Balance: cpd.BalanceBlock, Penalty: cpd.Each(l2), Fix: cpd.Modes{0, 1}, Init: start}, cpd.ErrOption},
		"balance number":          {cpd.Options{Balance: 17}, cpd.ErrOption},
		"eps":                     {cpd.Options{Nonneg: cpd.All, Eps: solver.Set(-1.0)}, cpd.ErrOption},
		"als eps":                 {cpd.Options{Eps: solver.Set(1e-9)}, cpd.ErrOption},
		"signed hals eps":         {cpd.Options{Method: cpd.HALS{}, Eps: solver.Set(1e-9)}, cpd.ErrOption},
		"ahead in blocks":         {cpd.Options{Method: cpd.ALS{Extrapolate: true}, Penalty: cpd.Each(l2), Balance: cpd.BalanceBlock}, cpd.ErrOption},
		"workers":                 {cpd.Options{Workers: -1}, cpd.ErrOption},
		"restarts":                {cpd.Options{Restarts: -1}, cpd.ErrOption},
		"restarts of svd":         {cpd.Options{Restarts: 2, Init: cpd.SVD{}}, cpd.ErrOption},
		"run":                     {cpd.Options{Run: solver.Options{Tol: solver.Set(-1.0)}}, cpd.ErrOption},
		"start type":              {cpd.Options{Init: model[float32](1, x.Shape, 2, true)}, cpd.ErrOption},
		"nil start":               {cpd.Options{Init: (*cpd.Model[float64])(nil)}, cpd.ErrShape},
		"nil result":              {cpd.Options{Init: (*cpd.Result[float64])(nil)}, cpd.ErrShape},
		"start shape":             {cpd.Options{Init: model[float64](1, []int{4, 3, 6}, 2, true)}, cpd.ErrShape},
		"start rank":              {cpd.Options{Init: model[float64](1, x.Shape, 3, true)}, cpd.ErrShape},
		"start order":             {cpd.Options{Init: few}, cpd.ErrShape},
		"start hole":              {cpd.Options{Init: hole}, cpd.ErrShape},
		"start layout":            {cpd.Options{Init: broken}, cpd.ErrShape},
		"start weights":           {cpd.Options{Init: long}, cpd.ErrShape},
		"start not finite":        {cpd.Options{Init: nan}, cpd.ErrData},
		"negative start":          {cpd.Options{Init: negative, Nonneg: cpd.Modes{1}}, cpd.ErrData},
		"negative start of mu":    {cpd.Options{Init: negative, Method: cpd.MU{}}, cpd.ErrData},
		"negative weight":         {cpd.Options{Init: minus, Nonneg: cpd.Modes{0}}, cpd.ErrData},
		"weights of a fixed mode": {cpd.Options{Init: minus, Fix: cpd.Modes{0}, Nonneg: cpd.Modes{1}}, cpd.ErrData},
	} {
		r, err := cpd.Fit(ctx, x, 2, &c.o)
		require.ErrorIs(t, err, c.err, name)
		require.Nil(t, r, name)
		require.NotContains(t, err.Error(), "%!", name)
	}
	var none context.Context
	_, err := cpd.Fit(none, x, 2, nil)
	require.ErrorIs(t, err, cpd.ErrOption)
	for _, rank := range []int{-1, 0, 5000} {
		_, err := cpd.Fit(ctx, x, rank, nil)
		require.ErrorIs(t, err, cpd.ErrRank)
	}
	for _, o := range []cpd.Options{{Init: negative, Nonneg: cpd.Modes{0, 2}, Run: sweeps(1)}, {Init: minus, Run: sweeps(1)}} {
		_, err := cpd.Fit(ctx, x, 2, &o)
		require.NoError(t, err)
	}
}

// method returns a method that is none of ours.
func method() cpd.Method { return &cpd.HALS{} }

func TestWrongDataAreRefused(t *testing.T) {
	both(t, testWrongData[float32], testWrongData[float64])
}

func testWrongData[T asm.Float](t *testing.T) {
	nan, inf := T(math.NaN()), T(math.Inf(-1))
	with := func(v T) *tensor.Dense[T] {
		x := noisy[T](1, []int{4, 3, 5}, 2, true, .1)
		x.Set(v, 2, 1, 3)
		return x
	}
	for name, c := range map[string]struct {
		x    *tensor.Dense[T]
		o    cpd.Options
		err  error
		says string
	}{
		"nil":        {nil, cpd.Options{}, cpd.ErrShape, "no data"},
		"vector":     {tensor.New[T](4), cpd.Options{}, cpd.ErrShape, "[4]"},
		"empty":      {tensor.New[T](4, 0, 2), cpd.Options{}, cpd.ErrShape, "[4 0 2]"},
		"negative":   {&tensor.Dense[T]{Shape: []int{2, -1}, Strides: []int{1, 1}}, cpd.Options{}, cpd.ErrShape, ""},
		"strides":    {&tensor.Dense[T]{Shape: []int{2, 2}, Strides: []int{2, -1}, Data: make([]T, 4)}, cpd.Options{}, cpd.ErrShape, ""},
		"no strides": {&tensor.Dense[T]{Shape: []int{2, 2}, Data: make([]T, 4)}, cpd.Options{}, cpd.ErrShape, ""},
		"short":      {&tensor.Dense[T]{Shape: []int{2, 2}, Strides: []int{2, 1}, Data: make([]T, 3)}, cpd.Options{}, cpd.ErrShape, ""},
		"huge":       {&tensor.Dense[T]{Shape: []int{math.MaxInt / 2, math.MaxInt / 2}, Strides: []int{0, 0}, Data: make([]T, 1)}, cpd.Options{}, cpd.ErrShape, ""},
		"nan":        {with(nan), cpd.Options{}, cpd.ErrData, "[2 1 3] is NaN"},
		"positive":   {with(T(math.Inf(1))), cpd.Options{}, cpd.ErrData, "[2 1 3] is +Inf"},
		"inf":        {with(inf), cpd.Options{Nonneg: cpd.All}, cpd.ErrData, "[2 1 3] is -Inf"},
		"view":       {with(nan).Permute(2, 0, 1), cpd.Options{}, cpd.ErrData, "[3 2 1] is NaN"},
		"minus":      {with(-1), cpd.Options{Loss: loss.KL}, cpd.ErrData, "[2 1 3] is -1"},
		"minus mu":   {with(-1), cpd.Options{Method: cpd.MU{}}, cpd.ErrData, "[2 1 3] is -1"},
		"zero":       {with(0), cpd.Options{Loss: loss.IS}, cpd.ErrData, "[2 1 3] is 0"},
	} {
		r, err := cpd.Fit(ctx, c.x, 2, &c.o)
		require.ErrorIs(t, err, c.err, name)
		require.ErrorContains(t, err, c.says, name)
		require.Nil(t, r, name)
	}
	for _, o := range []cpd.Options{{}, {Nonneg: cpd.All}} {
		o.Run = sweeps(2)
		_, err := cpd.Fit(ctx, with(-1), 2, &o)
		require.NoError(t, err, "als and hals take negative data")
	}
	_, err := cpd.Fit(ctx, with(0), 2, &cpd.Options{Loss: loss.IS, Eps: solver.Set(1e-3), Run: sweeps(2)})
	require.NoError(t, err)
}

func TestOddProblemsEndCleanly(t *testing.T) { both(t, testOdd[float32], testOdd[float64]) }

func testOdd[T asm.Float](t *testing.T) {
	var cases []*tensor.Dense[T]
	for _, shape := range [][]int{{1, 1}, {1, 1, 1}, {1, 5, 4}, {5, 1, 4}, {5, 4, 1}, {2, 2, 2}, {3, 1, 2, 1, 4}, {4, 3, 2, 5}, {2, 3, 2, 2, 3}, {600, 2, 2}, {2, 2, 600}} {
		cases = append(cases, noisy[T](1, shape, 2, true, .1), tensor.New[T](shape...))
	}
	all, most := settings(), 12
	if testing.Short() { // each case meets every third of the settings
		most = 6
	}
	slice := noisy[T](2, []int{5, 4, 6}, 2, true, .1)
	for mode, k := range []int{1, 0, 5} {
		part := slice.Slice(mode, k, k+1)
		for i := range part.Shape[0] {
			for j := range part.Shape[1] {
				for l := range part.Shape[2] {
					part.Set(0, i, j, l)
				}
			}
		}
	}
	cases = append(cases, slice, slice.Permute(1, 2, 0))
	for k, x := range cases {
		for _, rank := range []int{1, 9} {
			for i, s := range all {
				if testing.Short() && i%3 != (k+rank)%3 {
					continue
				}
				if s.o.Loss.NeedsPositive() {
					s.o.Eps = solver.Set(1e-6)
				}
				if m := s.o.Nonneg; len(m) > 0 && m[len(m)-1] >= len(x.Shape) || len(m) == 1 && len(x.Shape) < 2 {
					continue
				}
				o := s.o
				o.Run = sweeps(most)
				r, err := cpd.Fit(ctx, x, rank, &o)
				require.NoError(t, err, "%s %v rank %d", s.name, x.Shape, rank)
				require.False(t, math.IsNaN(r.Loss+r.RelError))
				for i, p := range r.Trace[1:] {
					before := r.Trace[i].Objective()
					require.LessOrEqual(t, p.Objective(), before+precision[T](1e-11, 1e-4)*(r.Trace[0].Objective()+1), "%s %v rank %d sweep %d", s.name, x.Shape, rank, i+1)
				}
			}
		}
	}
}

func TestExtremeMagnitudesGiveTheSameModel(t *testing.T) {
	both(t, testExtreme[float32], testExtreme[float64])
}

func testExtreme[T asm.Float](t *testing.T) {
	x := noisy[T](1, []int{6, 5, 4}, 2, true, .2)
	scales := []float64{0x1p-399, 0x1p-90, 0x1p90, 0x1p399}
	if asm.SizeOf[T]() == 4 {
		scales = []float64{0x1p-99, 0x1p-30, 0x1p30, 0x1p99}
	}
	for _, s := range settings() {
		if len(s.o.Penalty) > 0 || s.o.Loss.Beta() > 2 {
			continue // weights would have to be scaled, and cubes leave the range
		}
		o := s.o
		o.Run = sweeps(6)
		want, err := cpd.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		for _, scale := range scales {
			y := x.Clone()
			for i := range y.Data {
				y.Data[i] = T(float64(y.Data[i]) * scale)
			}
			r, err := cpd.Fit(ctx, y, 3, &o)
			require.NoError(t, err, "%s times %g", s.name, scale)
			require.InEpsilon(t, want.RelError, r.RelError, precision[T](1e-6, 2e-2), "%s times %g", s.name, scale)
		}
	}
}

func TestCancelledFitsReturnTheModelSoFar(t *testing.T) {
	x := noisy[float64](1, []int{6, 5, 4}, 2, true, .2)
	for _, restarts := range []int{1, 3} {
		why := errors.New("enough")
		c, cancel := context.WithCancelCause(context.Background())
		o := cpd.Options{Init: cpd.Random{}, Restarts: restarts, Workers: 1, Run: sweeps(1000)}
		o.Run.Observe = []solver.Observer{func(e solver.Event) bool {
			if e.Iter == 7 {
				cancel(why)
			}
			return false
		}}
		r, err := cpd.Fit(c, x, 2, &o)
		require.ErrorIs(t, err, why)
		require.Equal(t, solver.Cancelled, r.Status)
		require.Equal(t, 7, r.Iterations)
		require.InEpsilon(t, r.RelError, r.Model.RelError(x), 1e-9)
	}
	r, err := cpd.Fit(ctx, x, 2, &cpd.Options{Run: solver.Options{MaxTime: time.Nanosecond, Tol: solver.Set(0.0)}})
	require.NoError(t, err)
	require.Equal(t, solver.MaxTime, r.Status)
}

func TestStartsOfAbsurdMagnitudeEndWithAnError(t *testing.T) {
	x := noisy[float64](1, []int{6, 5, 4}, 2, true, .2)
	m := model[float64](1, x.Shape, 2, true)
	for _, f := range m.Factors {
		for i := range f.Data {
			f.Data[i] = 1e300
		}
	}
	for _, o := range []cpd.Options{{}, {Nonneg: cpd.All}, {Loss: loss.KL}} {
		o.Init = m
		_, err := cpd.Fit(ctx, x, 2, &o)
		require.ErrorIs(t, err, solver.ErrNotFinite)
	}
}

func TestDataAndOptionsAreNotWritten(t *testing.T) {
	x := noisy[float64](1, []int{6, 5, 4}, 2, true, .2)
	start := model[float64](1, x.Shape, 2, true)
	start.Weights = []float64{2, 3}
	keepX, keepStart := x.Clone(), start.Clone()
	o := cpd.Options{Init: start, Penalty: cpd.Each(reg.L2(.1)), Nonneg: cpd.Modes{1, 0}, Run: sweeps(3)}
	_, err := cpd.Fit(ctx, x, 2, &o)
	require.NoError(t, err)
	require.Equal(t, keepX, x)
	require.Equal(t, keepStart, start)
	require.Equal(t, cpd.Modes{1, 0}, o.Nonneg)
	require.Len(t, o.Penalty, 1)
}

func TestNamesAreThoseOfTheCommand(t *testing.T) {
	require.Equal(t, "block", cpd.BalanceBlock.String())
	require.Equal(t, "Balance(9)", cpd.Balance(9).String())
	require.Equal(t, "svd", cpd.SVD{}.String())
	x := noisy[float64](1, []int{6, 5}, 2, true, .2)
	r, err := cpd.Fit(ctx, x, 2, &cpd.Options{Penalty: cpd.Penalties{reg.L2(.5), reg.L2(2)}, Run: sweeps(1)})
	require.NoError(t, err)
	require.Equal(t, "1/2·||X - [[F0, F1, …]]||_F^2 + 0.5·||F0||_F^2 + 2·||F1||_F^2", r.Formula())
}
