package nmf_test

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

func TestBadDataAreRefusedWithTheirIndex(t *testing.T) {
	for name, c := range map[string]struct {
		v    float64
		loss loss.Loss
		text string
	}{
		"nan":      {math.NaN(), loss.Frobenius, "[2,1] is NaN"},
		"inf":      {math.Inf(1), loss.Frobenius, "[2,1] is +Inf"},
		"-inf":     {math.Inf(-1), loss.KL, "[2,1] is -Inf"},
		"negative": {-.5, loss.KL, "[2,1] is -0.5"},
		"zero":     {0, loss.IS, "set eps"},
		"huge":     {1e200, loss.Frobenius, "rescale"},
	} {
		x := positive[float64](1, 4, 3, 1)
		x.Set(2, 1, c.v)
		r, err := nmf.Fit(ctx, x, 2, &nmf.Options{Loss: c.loss})
		require.ErrorIs(t, err, nmf.ErrData, name)
		assert.ErrorContains(t, err, c.text)
		assert.Nil(t, r)
	}
	x := positive[float32](1, 4, 3, 1)
	x.Set(0, 2, float32(math.NaN()))
	_, err := nmf.Fit(ctx, x, 2, nil)
	assert.ErrorContains(t, err, "[0,2]")
}

func TestBadShapesAndRanksAreRefused(t *testing.T) {
	for name, x := range map[string]*matrix.Dense[float64]{
		"nil": nil, "0x3": matrix.New[float64](0, 3), "3x0": matrix.New[float64](3, 0), "zero value": {},
		"short":      {Rows: 3, Cols: 3, Stride: 3, Data: make([]float64, 8)},
		"stride":     {Rows: 3, Cols: 3, Stride: 2, Data: make([]float64, 9)},
		"negative":   {Rows: -1, Cols: 3, Stride: 3},
		"no data":    {Rows: 3, Cols: 3, Stride: 3},
		"big stride": {Rows: 3, Cols: 3, Stride: 1 << 30, Data: make([]float64, 9)},
		"overflow":   {Rows: 5, Cols: 2, Stride: math.MaxInt/2 + 1, Data: make([]float64, 10)},
		"many rows":  {Rows: math.MaxInt/2 + 1, Cols: 4, Stride: 4},
	} {
		_, err := nmf.Fit(ctx, x, 1, nil)
		assert.ErrorIs(t, err, nmf.ErrShape, name)
	}
	x := positive[float64](1, 4, 3, 1)
	for _, rank := range []int{0, -1, math.MinInt, 2000, math.MaxInt} {
		_, err := nmf.Fit(ctx, x, rank, nil)
		assert.ErrorIs(t, err, nmf.ErrRank)
	}
}

type otherStart struct{ nmf.Start }

func TestSenselessOptionsAreRefused(t *testing.T) {
	x := positive[float64](1, 4, 3, 1)
	start := &nmf.Model[float64]{W: positive[float64](2, 4, 2, 1), H: positive[float64](3, 2, 3, 1)}
	for name, c := range map[string]struct {
		o    nmf.Options
		want error
	}{
		"loss nan":          {nmf.Options{Loss: loss.Beta(math.NaN())}, loss.ErrLoss},
		"hals for kl":       {nmf.Options{Loss: loss.KL, Method: nmf.HALS{}}, nmf.ErrOption},
		"pointer method":    {nmf.Options{Method: &nmf.MU{}}, nmf.ErrOption},
		"pointer, anls":     {nmf.Options{Method: &nmf.ANLS{}}, nmf.ErrOption},
		"anls for kl":       {nmf.Options{Loss: loss.KL, Method: nmf.ANLS{}}, nmf.ErrOption},
		"als for kl":        {nmf.Options{Loss: loss.KL, Method: nmf.ALS{}}, nmf.ErrOption},
		"mue for is":        {nmf.Options{Loss: loss.Beta(.5), Method: nmf.MU{Extrapolate: true}}, nmf.ErrOption},
		"mue for beta 3":    {nmf.Options{Loss: loss.Beta(3), Method: nmf.MU{Extrapolate: true}}, nmf.ErrOption},
		"degree of anls":    {nmf.Options{Method: nmf.ANLS{}, W: reg.Lp(3, 1), H: reg.L1(1)}, reg.ErrPenalty},
		"degree of als":     {nmf.Options{Method: nmf.ALS{}, W: reg.Lp(3, 1), H: reg.L1(1)}, reg.ErrPenalty},
		"floor of anls":     {nmf.Options{Method: nmf.ANLS{}, Eps: solver.Set(1e-9)}, nmf.ErrOption},
		"mu inner":          {nmf.Options{Method: nmf.MU{Inner: -1}}, nmf.ErrOption},
		"hals inner":        {nmf.Options{Method: nmf.HALS{Inner: -1}}, nmf.ErrOption},
		"hals alpha":        {nmf.Options{Method: nmf.HALS{Alpha: solver.Set(math.NaN())}}, nmf.ErrOption},
		"hals delta":        {nmf.Options{Method: nmf.HALS{Delta: solver.Set(-1.0)}}, nmf.ErrOption},
		"alpha, no effect":  {nmf.Options{Method: nmf.HALS{Inner: 2, Alpha: solver.Set(.5)}}, nmf.ErrOption},
		"exact, no effect":  {nmf.Options{Method: nmf.HALS{Inner: 2, Exact: true}}, nmf.ErrOption},
		"eps":               {nmf.Options{Eps: solver.Set(-1.0)}, nmf.ErrOption},
		"order":             {nmf.Options{Order: 7}, nmf.ErrOption},
		"balance":           {nmf.Options{Balance: 9}, nmf.ErrOption},
		"workers":           {nmf.Options{Workers: -2}, nmf.ErrOption},
		"tol":               {nmf.Options{Run: solver.Options{Tol: solver.Set(-1.0)}}, nmf.ErrOption},
		"only W":            {nmf.Options{W: reg.L1(.1)}, nmf.ErrOneSided},
		"only H":            {nmf.Options{H: reg.L2(.1)}, nmf.ErrOneSided},
		"rows with zeros":   {nmf.Options{W: reg.Penalty{{Degree: 1, Weight: 1, Rows: []float64{1, 0, 1, 1}}}, H: reg.L1(1)}, nmf.ErrOneSided},
		"rows, wrong count": {nmf.Options{W: reg.Penalty{{Degree: 1, Weight: 1, Rows: []float64{1}}}, H: reg.L1(1)}, reg.ErrPenalty},
		"weight":            {nmf.Options{W: reg.L1(-1), H: reg.L1(1)}, reg.ErrPenalty},
		"degree":            {nmf.Options{W: reg.Lp(0, 1), H: reg.L1(1)}, reg.ErrPenalty},
		"degree of hals":    {nmf.Options{Method: nmf.HALS{}, W: reg.Lp(3, 1), H: reg.L1(1)}, reg.ErrPenalty},
		"balance, no terms": {nmf.Options{Balance: nmf.BalanceEvery}, nmf.ErrOption},
		"block, no terms":   {nmf.Options{Balance: nmf.BalanceBlock}, nmf.ErrOption},
		"block, one free":   {nmf.Options{Balance: nmf.BalanceBlock, H: reg.L1(1), Init: start, FixW: true}, nmf.ErrOption},
		"balance, one free": {nmf.Options{Balance: nmf.BalanceInit, W: reg.L1(1), Init: start, FixH: true}, nmf.ErrOption},
		"fixed, no start":   {nmf.Options{FixW: true}, nmf.ErrOption},
		"fixed, penalized":  {nmf.Options{FixW: true, Init: start, W: reg.L1(1)}, nmf.ErrOption},
		"both fixed":        {nmf.Options{FixW: true, FixH: true, Init: start}, nmf.ErrOption},
		"other type":        {nmf.Options{Init: &nmf.Model[float32]{}}, nmf.ErrOption},
		"foreign start":     {nmf.Options{Init: otherStart{}}, nmf.ErrOption},
		"empty start":       {nmf.Options{Init: &nmf.Model[float64]{}}, nmf.ErrShape},
		"nil result":        {nmf.Options{Init: (*nmf.Result[float64])(nil)}, nmf.ErrShape},
		"start too small":   {nmf.Options{Init: &nmf.Model[float64]{W: positive[float64](2, 3, 2, 1), H: start.H}}, nmf.ErrShape},
		"negative start":    {nmf.Options{Init: &nmf.Model[float64]{W: start.W, H: positive[float64](3, 2, 3, -1)}}, nmf.ErrData},
	} {
		c.o.Run.MaxIter = solver.Set(1)
		r, err := nmf.Fit(ctx, x, 2, &c.o)
		assert.ErrorIs(t, err, c.want, name)
		assert.Nil(t, r, name)
	}
}

func TestNoContextIsAnError(t *testing.T) {
	var none context.Context
	_, err := nmf.Fit(none, positive[float64](1, 4, 3, 1), 2, nil)
	require.ErrorIs(t, err, nmf.ErrOption)
}

func TestLossOutOfRangeIsRefused(t *testing.T) {
	for _, c := range [][2]float64{{1e150, -5}, {1e-150, 3}, {1e150, 3}, {1e-150, -5}} {
		_, err := nmf.Fit(ctx, positive[float64](1, 4, 3, c[0]), 2, &nmf.Options{Loss: loss.Beta(c[1])})
		require.ErrorIs(t, err, nmf.ErrData, "%v", c)
		require.ErrorContains(t, err, "rescale")
	}
	x := positive[float32](1, 4, 3, 1e30)
	x.Set(1, 2, 1e-20)
	_, err := nmf.Fit(ctx, x, 2, &nmf.Options{Loss: loss.IS})
	require.ErrorIs(t, err, nmf.ErrData)
	require.ErrorContains(t, err, "[1,2]")
	require.ErrorContains(t, err, "set eps")
}

func TestOneSidedPenaltyNamesTheMend(t *testing.T) {
	x := positive[float64](1, 4, 3, 1)
	_, err := nmf.Fit(ctx, x, 2, &nmf.Options{W: reg.L1(.1)})
	assert.ErrorContains(t, err, "penalize H too")
	// A fixed factor is not free, so it needs no penalty.
	start := &nmf.Model[float64]{W: positive[float64](2, 4, 2, 1), H: positive[float64](3, 2, 3, 1)}
	_, err = nmf.Fit(ctx, x, 2, &nmf.Options{W: reg.L1(.1), Init: start, FixH: true})
	assert.NoError(t, err)
}

func finite[T asm.Float](t *testing.T, r *nmf.Result[T], msg string) {
	t.Helper()
	for _, m := range []*matrix.Dense[T]{r.W, r.H} {
		for _, v := range m.Data {
			require.False(t, v-v != 0 || v < 0, "%s: entry %v", msg, v)
		}
	}
	for _, v := range []float64{r.Loss, r.RelError, r.Objective(), r.KKT[0], r.KKT[1]} {
		require.False(t, math.IsNaN(v) || math.IsInf(v, 0), "%s: %v", msg, v)
	}
}

func TestOddDataEndCleanly(t *testing.T) {
	t.Run("float64", oddData[float64])
	t.Run("float32", oddData[float32])
}

func oddData[T asm.Float](t *testing.T) {
	zero := matrix.New[T](6, 5)
	single := matrix.New[T](6, 5)
	single.Set(3, 2, 1)
	spread := positive[T](3, 6, 5, 1)
	for i := range spread.Data {
		spread.Data[i] = T(math.Pow(10, float64(i%25)-12))
	}
	data := map[string]*matrix.Dense[T]{
		"zero": zero, "single": single, "1x1": matrix.Of(1, 1, []T{2}), "1x5": positive[T](1, 1, 5, 1), "5x1": positive[T](2, 5, 1, 1),
		"spread": spread, "1e-30": positive[T](4, 6, 5, 1e-30), "1e30": positive[T](5, 6, 5, 1e30), "view": positive[T](6, 9, 8, 1).View(1, 2, 6, 5),
	}
	for name, x := range data {
		keep := x.Clone()
		for _, s := range settings() {
			if (name == "zero" || name == "single") && s.o.Loss.NeedsPositive() {
				continue
			}
			if s.o.Loss.Beta() == -1 && name == "spread" {
				continue // x^-1 spans 48 decades: out of any float's reach
			}
			for _, rank := range []int{1, 7} {
				if !drawn(name, s.name, rank, asm.SizeOf[T]()) {
					continue
				}
				s.o.Run = solver.Options{MaxIter: solver.Set(15), TraceEvery: 5}
				r, err := nmf.Fit(ctx, x, rank, &s.o)
				require.NoError(t, err, "%s, %s, rank %d", name, s.name, rank)
				finite(t, r, name+", "+s.name)
				if s.mayRise() {
					continue
				}
				first, last := r.Trace[0].Objective(), r.Trace.Last().Objective()
				if r.Trace[0].RelError < 1e-6 && r.RelError < 1e-6 {
					continue // exact from the start, up to rounding of either type
				}
				require.LessOrEqual(t, last, first*(1+1e-5), "%s, %s, rank %d", name, s.name, rank)
			}
		}
		require.Equal(t, keep, x.Clone(), "the data must not be written")
	}
}

func TestTinyDataOfAnyLossEndCleanly(t *testing.T) {
	for _, scale := range []float64{1e-40, 1e-44, 2e-6} { // the first two are subnormal in float32
		for _, beta := range []float64{-8, -2, -1, 0, .5, 1, 1.5, 2, 3} {
			if beta*math.Log10(scale) > 290 {
				continue // the divergence itself is out of range
			}
			x := positive[float32](3, 6, 5, scale)
			r, err := nmf.Fit(ctx, x, 2, &nmf.Options{Loss: loss.Beta(beta), Eps: solver.Set(1e-45), Run: run(20)})
			require.NoError(t, err, "%v, beta %v", scale, beta)
			finite(t, r, "tiny")
			require.LessOrEqual(t, r.Loss, r.Trace[0].Loss*(1+1e-5), "%v, beta %v", scale, beta)
			if beta >= 0 { // below, the smallest entries alone count
				require.Less(t, r.RelError, .8, "%v, beta %v", scale, beta)
			}
		}
	}
}

func TestZeroRowsAndColumnsGiveZeroFactors(t *testing.T) {
	x := positive[float64](7, 8, 6, 1)
	clear(x.Row(3))
	for i := range x.Rows {
		x.Set(i, 2, 0)
	}
	for _, o := range []nmf.Options{{}, {Loss: loss.KL, Eps: solver.Set(0.0)}} {
		o.Run = run(3)
		r, err := nmf.Fit(ctx, x, 2, &o)
		require.NoError(t, err)
		for k := range 2 {
			assert.Zero(t, r.W.At(3, k))
			assert.Zero(t, r.H.At(k, 2))
		}
	}
}

func TestScaleOfDataIsUndoneExactly(t *testing.T) {
	// 2^-100 takes the scaled route in both types, 1 does not.
	scaled := func(f int) *nmf.Result[float64] {
		x := positive[float64](8, 9, 7, 1)
		for i := range x.Data {
			x.Data[i] = math.Ldexp(x.Data[i], f)
		}
		r, err := nmf.Fit(ctx, x, 3, &nmf.Options{Run: run(20), W: reg.L1(math.Ldexp(.1, f*3/2)), H: reg.L1(math.Ldexp(.1, f*3/2))})
		require.NoError(t, err)
		return r
	}
	a, b := scaled(0), scaled(-100)
	for i, v := range a.W.Data {
		require.InDelta(t, v, math.Ldexp(b.W.Data[i], 50), 1e-12)
	}
	assert.InEpsilon(t, a.Objective(), math.Ldexp(b.Objective(), 200), 1e-12)
}

func TestEpsFloorsTheDataOfItakuraSaito(t *testing.T) {
	x := positive[float64](9, 6, 5, 1)
	x.Set(1, 1, 0)
	r, err := nmf.Fit(ctx, x, 2, &nmf.Options{Loss: loss.IS, Eps: solver.Set(1e-6), Run: run(30)})
	require.NoError(t, err)
	floored := x.Clone()
	floored.Set(1, 1, 1e-6)
	assert.InEpsilon(t, loss.Divergence(loss.IS, floored.Data, r.Reconstruct().Data), r.Loss, 1e-9)
	assert.Zero(t, x.At(1, 1))
}

func TestStartWithZerosEndsCleanly(t *testing.T) {
	x := positive[float64](10, 6, 5, 1)
	start := &nmf.Model[float64]{W: matrix.New[float64](6, 2), H: positive[float64](11, 2, 5, 1)}
	start.W.Set(0, 0, 1) // W·H is zero in all rows but one
	for _, s := range settings() {
		for _, eps := range []solver.Opt[float64]{{}, solver.Set(0.0)} {
			s.o.Init, s.o.Run, s.o.Eps = start, run(5), eps
			r, err := nmf.Fit(ctx, x, 2, &s.o)
			if err != nil { // the loss of that start may be out of range, never NaN
				require.ErrorIs(t, err, solver.ErrNotFinite, s.name)
				continue
			}
			finite(t, r, s.name)
		}
	}
}

func TestSavedModelIsLoadedBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	m := &nmf.Model[float32]{W: positive[float32](1, 7, 3, 1), H: positive[float32](2, 3, 5, 1).View(0, 1, 3, 4)}
	require.NoError(t, m.Save(dir))
	back, err := nmf.Load[float32](dir)
	require.NoError(t, err)
	assert.Equal(t, m.Clone(), back)
	wide, err := nmf.Load[float64](dir)
	require.NoError(t, err)
	assert.Equal(t, matrix.Convert[float64](m.W), wide.W)
	_, err = nmf.Load[float64](t.TempDir())
	assert.ErrorContains(t, err, "W.npy")
	other := &nmf.Model[float32]{W: m.W, H: positive[float32](2, 4, 5, 1)}
	require.NoError(t, other.Save(dir))
	_, err = nmf.Load[float32](dir)
	assert.ErrorIs(t, err, nmf.ErrShape)
}

func TestStartsOfAbsurdMagnitude(t *testing.T) {
	x := positive[float32](1, 10, 8, 1)
	start := func(w, h float64) *nmf.Model[float32] {
		return &nmf.Model[float32]{W: positive[float32](2, 10, 2, w), H: positive[float32](3, 2, 8, h)}
	}
	for _, c := range [][2]float64{{1e20, 1e-20}, {1e-20, 1e20}, {1e-30, 1e-30}, {1e37, 1e-37}, {1e15, 1e15}} {
		r, err := nmf.Fit(ctx, x, 2, &nmf.Options{Init: start(c[0], c[1]), Run: run(200)})
		require.NoError(t, err, "%v", c)
		finite(t, r, "hals")
		require.Less(t, r.RelError, .33, "%v", c)
		for _, l := range []loss.Loss{loss.Frobenius, loss.KL, loss.Beta(-3)} {
			r, err := nmf.Fit(ctx, x, 2, &nmf.Options{Loss: l, Method: nmf.MU{}, Init: start(c[0], c[1]), Run: run(20)})
			if err != nil {
				require.ErrorIs(t, err, solver.ErrNotFinite)
				require.Nil(t, r)
				continue
			}
			finite(t, r, "mu")
		}
	}
	// A model whose factors do not fit their type is an error, not Inf.
	big := positive[float32](4, 10, 8, 1e30)
	r, err := nmf.Fit(ctx, big, 2, &nmf.Options{Loss: loss.KL, Init: start(1e37, 1e-10), FixH: true, Run: run(3)})
	if err == nil {
		finite(t, r, "fixed")
	} else {
		require.ErrorIs(t, err, solver.ErrNotFinite)
	}
}

func TestGivenFactorsComeBackBitForBit(t *testing.T) {
	x := positive[float32](1, 10, 8, 1e30) // worked on at another scale
	start := &nmf.Model[float32]{W: positive[float32](2, 10, 2, 1e15), H: positive[float32](3, 2, 8, 1e15)}
	start.H.Data[0], start.W.Data[3] = 1.2345678e-35, 1e-38
	r, err := nmf.Fit(ctx, x, 2, &nmf.Options{Init: start, Run: run(0)})
	require.NoError(t, err)
	require.Equal(t, start, r.Model)
	r, err = nmf.Fit(ctx, x, 2, &nmf.Options{Init: start, FixH: true, Run: run(3)})
	require.NoError(t, err)
	require.Equal(t, start.H, r.H)
}

func TestLossIsThatOfTheModelWhereDataAndModelAreZero(t *testing.T) {
	x := positive[float32](1, 8, 6, 1)
	clear(x.Row(2))
	for _, beta := range []float64{.05, .1, .5, 1} {
		r, err := nmf.Fit(ctx, x, 2, &nmf.Options{Loss: loss.Beta(beta), Eps: solver.Set(0.0), Run: run(30)})
		require.NoError(t, err)
		require.InEpsilon(t, loss.Divergence(loss.Beta(beta), x.Data, r.Reconstruct().Data), r.Loss, 1e-3, "beta %v", beta)
	}
}

func TestRelativeErrorIsThatOfTheDataWithoutTheirFloor(t *testing.T) {
	x := positive[float64](9, 6, 5, 1)
	x.Set(1, 1, 0)
	r, err := nmf.Fit(ctx, x, 2, &nmf.Options{Loss: loss.IS, Eps: solver.Set(.2), Run: run(30)})
	require.NoError(t, err)
	y := r.Reconstruct()
	sq := loss.Divergence(loss.Frobenius, x.Data, y.Data)
	norm := loss.Divergence(loss.Frobenius, x.Data, make([]float64, len(x.Data)))
	require.InEpsilon(t, math.Sqrt(sq/norm), r.RelError, 1e-12)
	require.Equal(t, 1-r.RelError, r.Fit())
}
