package tucker_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// partial is a model that leaves mode 1 alone.
func partial[T asm.Float](nonneg bool) *tucker.Model[T] {
	m := model[T](4, []int{9, 5, 6}, []int{3, 5, 2}, nonneg)
	m.Factors[1] = nil
	return m
}

func models[T asm.Float]() []*tucker.Model[T] {
	m := model[T](1, []int{8, 7, 6}, []int{3, 4, 2}, false)
	for i := range m.Factors[1].Rows {
		m.Factors[1].Set(i, 2, 0) // a component of zeros
	}
	turned := model[T](2, []int{5, 8, 7}, []int{2, 3, 4}, false)
	turned.Core = model[T](2, []int{5, 8, 7}, []int{4, 2, 3}, false).Core.Permute(1, 2, 0)
	return []*tucker.Model[T]{m, partial[T](false), turned, model[T](3, []int{2, 9}, []int{4, 3}, false), model[T](5, []int{1, 3, 1, 2}, []int{1, 2, 1, 1}, true)}
}

func requireSameArray[T asm.Float](t *testing.T, want, got *tensor.Dense[T], tol float64) {
	t.Helper()
	require.Equal(t, want.Shape, got.Shape)
	var all float64
	for _, v := range want.Data {
		all += float64(v) * float64(v)
	}
	for i, v := range want.Data {
		require.InDelta(t, float64(v), float64(got.Data[i]), tol*math.Sqrt(all))
	}
}

func TestModelsKnowTheirArrayWithoutFormingIt(t *testing.T) {
	both(t, testModels[float32], testModels[float64])
}

func testModels[T asm.Float](t *testing.T) {
	tol := precision[T](1e-12, 1e-5)
	for _, m := range models[T]() {
		x := m.Reconstruct()
		require.Equal(t, x.Shape, m.Shape())
		require.Equal(t, m.Core.Shape, m.Ranks())
		var xx float64
		for _, v := range x.Data {
			xx += float64(v) * float64(v)
		}
		require.InEpsilon(t, math.Sqrt(xx), m.Norm(), 10*tol)
		require.Less(t, m.RelError(x), 10*tol)
		for _, share := range []float64{1e-6, 1e-2, 3} {
			y := x.Clone()
			for i := range y.Data {
				y.Data[i] += T(share * math.Sqrt(xx/float64(len(y.Data))) * math.Cos(float64(3*i)))
			}
			require.InDelta(t, relError(y, m), m.RelError(y), 10*tol)
		}
		require.Equal(t, 1.0, m.RelError(tensor.New[T](x.Shape...)))
		require.Panics(t, func() { m.RelError(tensor.New[T](append([]int{11}, x.Shape[1:]...)...)) })

		cols := x.Len() / x.Shape[0]
		next := 0
		require.NoError(t, m.ReconstructTo(func(lo int, tile []T) error {
			require.Equal(t, next, lo)
			require.InDeltaSlice(t, x.Data[lo*cols:lo*cols+len(tile)], tile, 10*tol*math.Sqrt(xx))
			next = lo + len(tile)/cols
			return nil
		}))
		require.Equal(t, x.Shape[0], next)
		why := errors.New("full")
		require.ErrorIs(t, m.ReconstructTo(func(int, []T) error { return why }), why)
	}
	large := model[T](1, []int{5, 200, 90}, []int{2, 2, 2}, true) // tiles of one row and more
	tiles := 0
	require.NoError(t, large.ReconstructTo(func(int, []T) error { tiles++; return nil }))
	require.Equal(t, 5, tiles)
}

func TestComponentsSumUpToTheModel(t *testing.T) {
	both(t, testComponents[float32], testComponents[float64])
}

func testComponents[T asm.Float](t *testing.T) {
	for _, m := range models[T]() {
		x := m.Reconstruct()
		for mode, j := range m.Core.Shape {
			sum := tensor.New[T](x.Shape...)
			for q := range j {
				c := m.Component(mode, q)
				require.Equal(t, 1, c.Core.Shape[mode])
				for i, v := range c.Reconstruct().Data {
					sum.Data[i] += v
				}
			}
			requireSameArray(t, x, sum, precision[T](1e-13, 1e-5))
			require.Panics(t, func() { m.Component(mode, j) })
		}
	}
	m := partial[T](true)
	c := m.Component(0, 1)
	c.Core.Set(7, 0, 2, 1)
	c.Factors[0].Set(4, 0, 5)
	require.Equal(t, T(5), m.Factors[0].At(4, 1), "a component shares memory")
	require.Equal(t, T(7), m.Core.At(1, 2, 1))
}

func TestNormalizeAndOrthogonalizeKeepTheArray(t *testing.T) {
	both(t, testForms[float32], testForms[float64])
}

func testForms[T asm.Float](t *testing.T) {
	tol := precision[T](1e-13, 2e-6)
	for _, m := range models[T]() {
		x := m.Reconstruct()
		for _, n := range []tucker.Norm{tucker.NormL1, tucker.NormL2} {
			m.Normalize(n)
			requireSameArray(t, x, m.Reconstruct(), tol)
			for mode, f := range m.Factors {
				if f == nil {
					continue
				}
				for q := range f.Cols {
					var sum, squares float64
					for i := range f.Rows {
						sum += math.Abs(float64(f.At(i, q)))
						squares += float64(f.At(i, q)) * float64(f.At(i, q))
					}
					switch {
					case sum == 0:
						core := m.Core.Slice(mode, q, q+1).Clone()
						for _, v := range core.Data {
							require.Zero(t, v)
						}
					case n == tucker.NormL1:
						require.InDelta(t, 1, sum, tol)
					default:
						require.InDelta(t, 1, squares, tol)
					}
				}
			}
		}
		require.NoError(t, m.Orthogonalize())
		requireSameArray(t, x, m.Reconstruct(), 5*tol)
		requireHOSVDForm(t, m, true)
		for n, f := range m.Factors {
			if f != nil {
				require.LessOrEqual(t, f.Cols, f.Rows)
			}
			require.LessOrEqual(t, m.Core.Shape[n], m.Core.Len()/m.Core.Shape[n])
		}
	}
	bad := model[T](1, []int{3, 3}, []int{2, 2}, true)
	bad.Factors[1].Set(1, 1, T(math.NaN()))
	require.ErrorIs(t, bad.Orthogonalize(), tucker.ErrData)
	bad = model[T](1, []int{3, 3}, []int{2, 2}, true)
	bad.Core.Set(T(math.Inf(1)), 1, 1)
	require.ErrorIs(t, bad.Orthogonalize(), tucker.ErrData)
	require.Equal(t, "l1", tucker.NormL1.String())
	require.Equal(t, "l2", tucker.NormL2.String())
}

func TestModelsAreSavedAndLoaded(t *testing.T) { both(t, testSave[float32], testSave[float64]) }

func testSave[T asm.Float](t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "model")
	for _, m := range []*tucker.Model[T]{model[T](1, []int{9, 5, 6}, []int{3, 5, 2}, false), partial[T](true)} {
		require.NoError(t, m.Save(dir)) // the second one has a factor less
		again, err := tucker.Load[T](dir)
		require.NoError(t, err)
		require.Equal(t, m, again)
		wide, err := tucker.Load[float64](dir)
		require.NoError(t, err)
		require.Equal(t, float64(m.Factors[2].At(2, 1)), wide.Factors[2].At(2, 1))
	}
	m := models[T]()[2] // a core that is a view
	require.NoError(t, m.Save(dir))
	again, err := tucker.Load[T](dir)
	require.NoError(t, err)
	requireSameArray(t, m.Reconstruct(), again.Reconstruct(), 1e-15)

	for name, x := range map[string]*tensor.Dense[float64]{"core.npy": tensor.New[float64](3), "factor_1.npy": tensor.New[float64](2, 2, 2), "factor_2.npy": tensor.New[float64](4, 5)} {
		require.NoError(t, m.Save(dir))
		require.NoError(t, ndio.WriteFile(filepath.Join(dir, name), x))
		_, err = tucker.Load[T](dir)
		require.ErrorIs(t, err, tucker.ErrShape, name)
		require.ErrorContains(t, err, name)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "core.npy"), []byte("no array"), 0o666))
	_, err = tucker.Load[T](dir)
	require.Error(t, err)
	empty := t.TempDir()
	_, err = tucker.Load[T](empty)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, ndio.WriteFile(filepath.Join(empty, "core.npy"), tensor.New[T](2, 2)))
	_, err = tucker.Load[T](empty)
	require.ErrorIs(t, err, os.ErrNotExist, "no factor at all")
	require.Nil(t, (*tucker.Model[T])(nil).Clone())
}

func TestWrongOptionsAreRefused(t *testing.T) {
	shape, ranks := []int{4, 3, 5}, []int{2, 2, 2}
	x := noisy[float64](1, shape, ranks, true, .1)
	start := model[float64](1, shape, ranks, true)
	l1, l2 := reg.L1(1), reg.L2(1)
	change := func(f func(m *tucker.Model[float64])) *tucker.Model[float64] {
		m := start.Clone()
		f(m)
		return m
	}
	hals := tucker.HALS{}
	rows := reg.Penalty{{Degree: 2, Weight: 1, Rows: []float64{1, 1, 1, 1}}}
	for name, c := range map[string]struct {
		o    tucker.Options
		err  error
		says string
	}{
		"loss":                {tucker.Options{Loss: loss.Beta(math.NaN())}, loss.ErrLoss, ""},
		"pointer":             {tucker.Options{Method: &tucker.HALS{}}, tucker.ErrOption, "pointer"},
		"hooi for kl":         {tucker.Options{Loss: loss.KL, Method: tucker.HOOI{}}, tucker.ErrOption, "frobenius"},
		"hals for kl":         {tucker.Options{Loss: loss.KL, Method: hals}, tucker.ErrOption, "frobenius"},
		"hooi nonneg":         {tucker.Options{Method: tucker.HOOI{}, Nonneg: tucker.All}, tucker.ErrOption, "hals"},
		"hooi penalty":        {tucker.Options{Method: tucker.HOOI{}, Core: l1, Factors: tucker.Each(l2)}, tucker.ErrOption, "hals"},
		"hooi core":           {tucker.Options{Method: tucker.HOOI{}, Fix: tucker.Modes{tucker.Core}, Init: start}, tucker.ErrOption, "core"},
		"hooi eps":            {tucker.Options{Eps: solver.Set(1e-9)}, tucker.ErrOption, "eps"},
		"hooi fixed":          {tucker.Options{Fix: tucker.Modes{1}, Init: start}, tucker.ErrOption, "Orthogonalize"},
		"inner":               {tucker.Options{Method: tucker.HALS{Inner: -1}}, tucker.ErrOption, "inner"},
		"core steps":          {tucker.Options{Method: tucker.HALS{Core: -1}}, tucker.ErrOption, "core"},
		"alpha":               {tucker.Options{Method: tucker.HALS{Alpha: solver.Set(-1.0)}}, tucker.ErrOption, "alpha"},
		"delta":               {tucker.Options{Method: tucker.HALS{Delta: solver.Set(math.Inf(1))}}, tucker.ErrOption, "delta"},
		"alpha with inner":    {tucker.Options{Method: tucker.HALS{Inner: 2, Alpha: solver.Set(.1)}}, tucker.ErrOption, "alpha"},
		"hals degree":         {tucker.Options{Method: hals, Core: reg.Lp(3, 1), Factors: tucker.Each(l2)}, reg.ErrPenalty, "core"},
		"hals factor degree":  {tucker.Options{Method: hals, Core: l1, Factors: tucker.Each(reg.Lp(3, 1))}, reg.ErrPenalty, "mode 0"},
		"penalty rows":        {tucker.Options{Method: hals, Core: l1, Factors: tucker.Penalties{l2, rows, l2}}, reg.ErrPenalty, "mode 1"},
		"core rows":           {tucker.Options{Method: hals, Core: rows, Factors: tucker.Each(l2)}, reg.ErrPenalty, "core"},
		"core weight":         {tucker.Options{Method: hals, Core: reg.L1(-1), Factors: tucker.Each(l2)}, reg.ErrPenalty, "core"},
		"penalties":           {tucker.Options{Method: hals, Core: l1, Factors: tucker.Penalties{l2, l2}}, tucker.ErrOption, "one a mode"},
		"one-sided":           {tucker.Options{Method: hals, Core: l1}, tucker.ErrOneSided, "mode 0"},
		"core without":        {tucker.Options{Method: hals, Factors: tucker.Each(l1)}, tucker.ErrOneSided, "the core"},
		"fixed penalty":       {tucker.Options{Method: hals, Core: l1, Factors: tucker.Penalties{l2, l2, l2}, Fix: tucker.Modes{1}, Init: start}, tucker.ErrOption, "mode 1"},
		"all fixed":           {tucker.Options{Method: hals, Fix: tucker.All, Init: start}, tucker.ErrOption, "fixed"},
		"fixed without start": {tucker.Options{Method: hals, Fix: tucker.Modes{1}}, tucker.ErrOption, "Init"},
		"fix":                 {tucker.Options{Fix: tucker.Modes{3}, Init: start}, tucker.ErrOption, "mode 3"},
		"nonneg":              {tucker.Options{Nonneg: tucker.Modes{-3}}, tucker.ErrOption, "mode -3"},
		"modes":               {tucker.Options{Modes: tucker.Modes{tucker.Core}}, tucker.ErrOption, "modes"},
		"no modes":            {tucker.Options{Modes: tucker.Modes{}}, tucker.ErrOption, "modes"},
		"balance":             {tucker.Options{Balance: tucker.BalanceScalar}, tucker.ErrOption, "scalar"},
		"balance alone":       {tucker.Options{Method: hals, Balance: tucker.BalanceSinkhorn, Core: l1, Fix: tucker.Modes{0, 1, 2}, Init: start}, tucker.ErrOption, "one free block"},
		"balance number":      {tucker.Options{Balance: 17}, tucker.ErrOption, "Balance(17)"},
		"sweeps":              {tucker.Options{Sweeps: 3}, tucker.ErrOption, "sweeps"},
		"negative sweeps":     {tucker.Options{Sweeps: -3}, tucker.ErrOption, "sweeps"},
		"eps":                 {tucker.Options{Method: hals, Eps: solver.Set(-1.0)}, tucker.ErrOption, "eps"},
		"signed hals eps":     {tucker.Options{Method: hals, Nonneg: tucker.Modes{}, Eps: solver.Set(1e-9)}, tucker.ErrOption, "eps"},
		"workers":             {tucker.Options{Workers: -1}, tucker.ErrOption, "workers"},
		"restarts":            {tucker.Options{Restarts: -1}, tucker.ErrOption, "restarts"},
		"restarts of svd":     {tucker.Options{Restarts: 2, Init: tucker.SVD{}}, tucker.ErrOption, "Random"},
		"run":                 {tucker.Options{Run: solver.Options{Tol: solver.Set(-1.0)}}, tucker.ErrOption, "tol"},
		"target and ranks":    {tucker.Options{Target: solver.Set(.1)}, tucker.ErrOption, "target"},
		"start type":          {tucker.Options{Init: model[float32](1, shape, ranks, true)}, tucker.ErrOption, "float64"},
		"nil start":           {tucker.Options{Init: (*tucker.Model[float64])(nil)}, tucker.ErrShape, "core"},
		"nil result":          {tucker.Options{Init: (*tucker.Result[float64])(nil)}, tucker.ErrShape, "core"},
		"nil hosvd":           {tucker.Options{Init: (*tucker.HOSVDResult[float64])(nil)}, tucker.ErrShape, "core"},
		"start shape":         {tucker.Options{Init: model[float64](1, []int{4, 3, 6}, ranks, true)}, tucker.ErrShape, "factor 2"},
		"start ranks":         {tucker.Options{Init: model[float64](1, shape, []int{2, 3, 2}, true)}, tucker.ErrShape, "[2 3 2]"},
		"start few":           {tucker.Options{Init: change(func(m *tucker.Model[float64]) { m.Factors = m.Factors[:2] })}, tucker.ErrShape, "2 factors"},
		"start hole":          {tucker.Options{Init: change(func(m *tucker.Model[float64]) { m.Factors[1] = nil })}, tucker.ErrShape, "factor 1"},
		"start layout":        {tucker.Options{Init: change(func(m *tucker.Model[float64]) { m.Factors[2].Data = m.Factors[2].Data[:3] })}, tucker.ErrShape, "factor 2"},
		"start core layout":   {tucker.Options{Init: change(func(m *tucker.Model[float64]) { m.Core.Data = m.Core.Data[:3] })}, tucker.ErrShape, "core"},
		"start not finite":    {tucker.Options{Init: change(func(m *tucker.Model[float64]) { m.Core.Data[3] = math.NaN() })}, tucker.ErrData, "[0 1 1]"},
		"negative start":      {tucker.Options{Method: hals, Init: change(func(m *tucker.Model[float64]) { m.Factors[1].Data[3] = -1 })}, tucker.ErrData, "factor 1"},
		"negative core":       {tucker.Options{Method: hals, Init: change(func(m *tucker.Model[float64]) { m.Core.Data[3] = -1 })}, tucker.ErrData, "core"},
	} {
		r, err := tucker.Fit(ctx, x, ranks, &c.o)
		require.ErrorIs(t, err, c.err, name)
		require.ErrorContains(t, err, c.says, name)
		require.Nil(t, r, name)
		require.NotContains(t, err.Error(), "%!", name)
	}
	for name, c := range map[string]struct {
		o     tucker.Options
		ranks []int
		err   error
	}{
		"few":             {tucker.Options{}, []int{2, 2}, tucker.ErrRank},
		"nil":             {tucker.Options{}, nil, tucker.ErrRank},
		"zero":            {tucker.Options{}, []int{2, 0, 2}, tucker.ErrRank},
		"negative":        {tucker.Options{Method: hals}, []int{2, -1, 2}, tucker.ErrRank},
		"above the size":  {tucker.Options{}, []int{2, 4, 4}, tucker.ErrRank},
		"above others":    {tucker.Options{}, []int{2, 2, 5}, tucker.ErrRank},
		"alone":           {tucker.Options{Modes: tucker.Modes{0, 2}}, []int{2, 2, 2}, tucker.ErrRank},
		"far above":       {tucker.Options{Method: hals}, []int{2, 5000, 2}, tucker.ErrRank},
		"huge core":       {tucker.Options{Method: hals}, []int{1000, 1000, 1000}, tucker.ErrRank},
		"fix alone":       {tucker.Options{Modes: tucker.Modes{0, 2}, Fix: tucker.Modes{1}, Init: start}, []int{2, 0, 2}, tucker.ErrOption},
		"nonneg alone":    {tucker.Options{Modes: tucker.Modes{0, 2}, Nonneg: tucker.Modes{1}}, []int{2, 0, 2}, tucker.ErrOption},
		"factor alone":    {tucker.Options{Modes: tucker.Modes{0, 2}, Init: model[float64](1, shape, []int{2, 3, 2}, true)}, []int{2, 0, 2}, tucker.ErrShape},
		"target of hals":  {tucker.Options{Method: hals, Target: solver.Set(.1)}, nil, tucker.ErrOption},
		"target 0":        {tucker.Options{Target: solver.Set(0.0)}, nil, tucker.ErrOption},
		"target 1":        {tucker.Options{Target: solver.Set(1.0)}, nil, tucker.ErrOption},
		"target tiny":     {tucker.Options{Target: solver.Set(1e-16)}, nil, tucker.ErrOption},
		"target restarts": {tucker.Options{Target: solver.Set(.1), Restarts: 2}, nil, tucker.ErrOption},
		"target random":   {tucker.Options{Target: solver.Set(.1), Init: tucker.Random{}}, nil, tucker.ErrOption},
	} {
		r, err := tucker.Fit(ctx, x, c.ranks, &c.o)
		require.ErrorIs(t, err, c.err, name)
		require.Nil(t, r, name)
	}
	for name, c := range map[string]struct {
		o     tucker.HOSVDOptions
		ranks []int
		err   error
	}{
		"both":           {tucker.HOSVDOptions{Target: solver.Set(.1)}, []int{2, 2, 2}, tucker.ErrOption},
		"neither":        {tucker.HOSVDOptions{}, nil, tucker.ErrRank},
		"above the size": {tucker.HOSVDOptions{}, []int{2, 4, 4}, tucker.ErrRank},
		"above others":   {tucker.HOSVDOptions{}, []int{1, 2, 3}, tucker.ErrRank},
		"target":         {tucker.HOSVDOptions{Target: solver.Set(2.0)}, nil, tucker.ErrOption},
		"target tiny":    {tucker.HOSVDOptions{Target: solver.Set(1e-15)}, nil, tucker.ErrOption},
		"workers":        {tucker.HOSVDOptions{Workers: -1}, []int{2, 2, 2}, tucker.ErrOption},
		"modes":          {tucker.HOSVDOptions{Modes: tucker.Modes{5}}, []int{2, 2, 2}, tucker.ErrOption},
	} {
		r, err := tucker.HOSVD(ctx, x, c.ranks, &c.o)
		require.ErrorIs(t, err, c.err, name)
		require.Nil(t, r, name)
	}
	var none context.Context
	_, err := tucker.HOSVD(none, x, ranks, nil)
	require.ErrorIs(t, err, tucker.ErrOption)
	_, err = tucker.Fit(none, x, ranks, nil)
	require.ErrorIs(t, err, tucker.ErrOption)
}

func TestWrongDataAreRefused(t *testing.T) {
	both(t, testWrongData[float32], testWrongData[float64])
}

func testWrongData[T asm.Float](t *testing.T) {
	nan := T(math.NaN())
	with := func(v T) *tensor.Dense[T] {
		x := noisy[T](1, []int{4, 3, 5}, []int{2, 2, 2}, true, .1)
		x.Set(v, 2, 1, 3)
		return x
	}
	for name, c := range map[string]struct {
		x    *tensor.Dense[T]
		err  error
		says string
	}{
		"nil":        {nil, tucker.ErrShape, "no data"},
		"vector":     {tensor.New[T](4), tucker.ErrShape, "[4]"},
		"empty":      {tensor.New[T](4, 0, 2), tucker.ErrShape, "[4 0 2]"},
		"strides":    {&tensor.Dense[T]{Shape: []int{2, 2, 1}, Strides: []int{2, -1, 1}, Data: make([]T, 4)}, tucker.ErrShape, ""},
		"no strides": {&tensor.Dense[T]{Shape: []int{2, 2, 1}, Data: make([]T, 4)}, tucker.ErrShape, ""},
		"short":      {&tensor.Dense[T]{Shape: []int{2, 2, 1}, Strides: []int{2, 1, 1}, Data: make([]T, 3)}, tucker.ErrShape, ""},
		"huge":       {&tensor.Dense[T]{Shape: []int{math.MaxInt / 2, math.MaxInt / 2}, Strides: []int{0, 0}, Data: make([]T, 1)}, tucker.ErrShape, ""},
		"nan":        {with(nan), tucker.ErrData, "[2 1 3] is NaN"},
		"inf":        {with(T(math.Inf(-1))), tucker.ErrData, "[2 1 3] is -Inf"},
		"view":       {with(nan).Permute(2, 0, 1), tucker.ErrData, "[3 2 1] is NaN"},
	} {
		r, err := tucker.Fit(ctx, c.x, []int{2, 2, 2}, nil)
		require.ErrorIs(t, err, c.err, name)
		require.ErrorContains(t, err, c.says, name)
		require.Nil(t, r, name)
		h, err := tucker.HOSVD(ctx, c.x, []int{2, 2, 2}, nil)
		require.ErrorIs(t, err, c.err, name)
		require.Nil(t, h, name)
	}
	for _, o := range []tucker.Options{{}, {Nonneg: tucker.All}} {
		o.Run = sweeps(2)
		_, err := tucker.Fit(ctx, with(-1), []int{2, 2, 2}, &o)
		require.NoError(t, err, "hooi and hals take negative data")
	}
}

func TestNamesAreThoseOfTheCommand(t *testing.T) {
	require.Equal(t, "sinkhorn", tucker.BalanceSinkhorn.String())
	require.Equal(t, "Balance(9)", tucker.Balance(9).String())
	require.Equal(t, "svd random", tucker.SVD{}.String()+" "+tucker.Random{}.String())
	require.Equal(t, "hooi hals", tucker.HOOI{}.String()+" "+tucker.HALS{}.String())
	x := noisy[float64](1, []int{6, 5}, []int{2, 2}, true, .2)
	r, err := tucker.Fit(ctx, x, []int{2, 2}, &tucker.Options{Nonneg: tucker.All, Core: reg.L1(1), Factors: tucker.Penalties{reg.L2(.5), reg.L2(2)}, Run: sweeps(1)})
	require.NoError(t, err)
	require.Equal(t, "1/2·||X - [[G; F0, F1, …]]||_F^2 + 0.5·||F0||_F^2 + 2·||F1||_F^2 + 1·||G||_1", r.Formula())
	require.InDelta(t, 1-r.RelError, r.Fit(), 1e-15)
	require.Equal(t, tucker.Modes{0, 1, tucker.Core}, r.Options.Nonneg)
}

func TestLeadingFactorsOfAMatrixAreItsSVD(t *testing.T) {
	x := noisy[float64](2, []int{9, 7}, []int{4, 4}, false, 1)
	_, s, _, ok := matrix.ThinSVD(nil, x.Matrix())
	require.True(t, ok)
	r, err := tucker.Fit(ctx, x, []int{3, 3}, &tucker.Options{Run: sweeps(50)})
	require.NoError(t, err)
	for i := range 3 {
		for j := range 3 {
			want := 0.0
			if i == j {
				want = s[i]
			}
			require.InDelta(t, want, math.Abs(r.Core.At(i, j)), 1e-9)
		}
	}
}

func TestInnerProductsAreThoseOfTheArrays(t *testing.T) {
	shape := []int{5, 4, 6}
	a, b := model[float64](1, shape, []int{2, 3, 2}, false), model[float64](2, shape, []int{3, 2, 4}, false)
	for _, c := range []struct{ alone, other int }{{-1, -1}, {0, -1}, {-1, 2}, {1, 1}} {
		m, o := a.Clone(), b.Clone()
		for k, n := range []int{c.alone, c.other} {
			if model := []*tucker.Model[float64]{m, o}[k]; n >= 0 { // the factor goes into the core
				f := make([]*matrix.Dense[float64], 3)
				f[n], model.Factors[n] = model.Factors[n], nil
				model.Core = tensor.MultiModeProduct(nil, model.Core, f, false)
			}
		}
		var want float64
		y := o.Reconstruct()
		for i, v := range m.Reconstruct().Data {
			want += v * y.Data[i]
		}
		require.InEpsilon(t, want, m.Inner(o), 1e-12, "%v", c)
	}
	require.Panics(t, func() { a.Inner(model[float64](1, []int{5, 4, 5}, []int{2, 2, 2}, false)) })
}
