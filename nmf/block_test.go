package nmf_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/fitting"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

// blockSettings are the methods with factors that are balanced after each update.
func blockSettings() (all []setting) {
	for name, o := range map[string]nmf.Options{
		"mu":            {Loss: loss.KL, Method: nmf.MU{}},
		"mu2":           {Method: nmf.MU{Inner: 2}, Order: nmf.OrderHW},
		"mu/is":         {Loss: loss.IS, Method: nmf.MU{}},
		"mue":           {Loss: loss.KL},
		"mue/frobenius": {Method: nmf.MU{Inner: 2, Extrapolate: true}, Order: nmf.OrderHW},
		"hals":          {Method: nmf.HALS{}},
		"hals1":         {Method: nmf.HALS{Inner: 1}, Order: nmf.OrderHW},
		"hals-exact":    {Method: nmf.HALS{Exact: true}},
		"hals/eps":      {Method: nmf.HALS{}, Eps: solver.Set(1e-14)},
		"ahead":         {},
		"ahead1":        {Method: nmf.HALS{Inner: 1, Extrapolate: true}, Order: nmf.OrderHW},
		"ahead-exact":   {Method: nmf.HALS{Exact: true, Extrapolate: true}},
		"anls":          {Method: nmf.ANLS{}},
		"als":           {Method: nmf.ALS{}, Order: nmf.OrderHW},
	} {
		o.Balance, o.W, o.H = nmf.BalanceBlock, reg.L1(.002), reg.L2(.03)
		all = append(all, setting{"block/" + name, o})
	}
	return all
}

func TestBalancingWithinASweepKeepsTheProduct(t *testing.T) {
	t.Run("float64", func(t *testing.T) { nmf.CheckBalanceWithinSweep[float64](t, 1e-14) })
	t.Run("float32", func(t *testing.T) { nmf.CheckBalanceWithinSweep[float32](t, 4e-6) })
}

// A sweep is the update of one factor beside the fixed other one, balancing, the
// update of the other, balancing.
func TestBlockBalancedSweepIsUpdatesAndBalancingInTurn(t *testing.T) {
	t.Run("float64", func(t *testing.T) { blockInTurn[float64](t, 1e-10) })
	t.Run("float32", func(t *testing.T) { blockInTurn[float32](t, 1e-3) })
}

func blockInTurn[T asm.Float](t *testing.T, tol float64) {
	x := positive[T](31, 40, 600, 1)
	start := &nmf.Model[T]{W: positive[T](32, 40, 4, 10), H: positive[T](33, 4, 600, .02)}
	for _, s := range blockSettings() {
		for _, mask := range []*matrix.Mask{nil, holes(34, 40, 600, .2)} {
			o := s.o
			o.Mask, o.Init, o.Run = mask, start, run(4)
			if !o.Eps.IsSet() {
				o.Eps = solver.Set(0.0)
			}
			o.Run.TraceEvery = 100
			got, err := nmf.Fit(ctx, x, 4, &o)
			require.NoError(t, err)
			want := inTurn(t, x, start.Clone(), o, 4)
			for n, f := range []*matrix.Dense[T]{got.W, got.H} {
				top := 0.0
				for i, v := range []*matrix.Dense[T]{want.W, want.H}[n].Data {
					top = max(top, math.Abs(float64(v)))
					require.InDelta(t, v, f.Data[i], tol*top+tol, "%s, factor %d, masked %v", s.name, n, mask != nil)
				}
			}
		}
	}
}

// inTurn makes sweeps with fits of single factors, extrapolated as the methods say,
// for runs in which that never has to be taken back.
func inTurn[T asm.Float](t *testing.T, x *matrix.Dense[T], m *nmf.Model[T], o nmf.Options, sweeps int) *nmf.Model[T] {
	blocks := []reg.Block[T]{{X: m.W, Penalty: o.W}, {X: m.H, Trans: true, Penalty: o.H}}
	eps := T(o.Eps.Or(0))
	last := []reg.Block[T]{{X: m.W.Clone(), Penalty: o.W}, {X: m.H.Clone(), Trans: true, Penalty: o.H}}
	even := func() {
		for _, b := range blocks {
			b.Clear(eps)
		}
		scales := balance.Columns(blocks[0].Columns(), blocks[1].Columns())
		balance.Apply(scales, eps, blocks...)
		balance.Apply(scales, eps, last...)
	}
	one := o // one update
	one.Balance, one.Run, one.W, one.H, one.Order = nmf.BalanceNone, run(1), nil, nil, nmf.OrderWH
	mu, isMU := o.Method.(nmf.MU)
	hals, isHALS := o.Method.(nmf.HALS)
	if o.Method == nil {
		mu.Extrapolate, hals.Extrapolate = true, true
		isMU, isHALS = o.Loss != loss.Frobenius, o.Loss == loss.Frobenius
	}
	beyond, ahead := isMU && mu.Extrapolate, isHALS && hals.Extrapolate
	mu.Extrapolate, hals.Extrapolate = false, false
	switch {
	case isMU:
		one.Method = mu
	case isHALS:
		one.Method = hals
	}
	update := func(b int) {
		u := one
		if u.Init = m; b == 0 {
			u.W, u.FixH = o.W, true
		} else {
			u.H, u.FixW = o.H, true
		}
		r, err := nmf.Fit(ctx, x, m.Rank(), &u)
		require.NoError(t, err)
		m.W.Copy(r.W)
		m.H.Copy(r.H)
	}
	leap := fitting.Leap[T]{Floor: eps, Up: beyond}
	even()
	for i, b := range last {
		b.X.Copy(blocks[i].X)
	}
	momentum, memory := 1.0, fitting.NewMomentum()
	first, second := 0, 1
	if o.Order == nmf.OrderHW {
		first, second = 1, 0
	}
	for k := range sweeps {
		switch {
		case beyond:
			next := (1 + math.Sqrt(1+4*momentum*momentum)) / 2
			leap.By, momentum = (momentum-1)/next, next
		case ahead:
			leap.By = memory.B()
			if k > 0 { // Y gives way to Ŷ
				*blocks[second].X, *last[second].X = *last[second].X, *blocks[second].X
			}
		}
		if beyond {
			leap.Run(nil, blocks[first].X, last[first].X)
		}
		update(first)
		if ahead {
			leap.Run(nil, blocks[first].X, last[first].X)
		}
		even()
		if beyond {
			leap.Run(nil, blocks[second].X, last[second].X)
		}
		update(second)
		even()
		if ahead {
			require.True(t, memory.Accept(-float64(k), 0))
			leap.By = memory.B()
			leap.Run(nil, blocks[second].X, last[second].X)
			*blocks[second].X, *last[second].X = *last[second].X, *blocks[second].X // Ŷ
		}
	}
	return m
}

func TestBlockBalancedFitEndsWhereEveryDoes(t *testing.T) {
	t.Run("float64", func(t *testing.T) { endsAlike[float64](t, 1e-6) })
	t.Run("float32", func(t *testing.T) { endsAlike[float32](t, 2e-3) })
}

// endsAlike fits data of disjoint parts, for which the penalized minimum is the same
// from any start near it.
func endsAlike[T asm.Float](t *testing.T, tol float64) {
	x := matrix.New[T](12, 9)
	for i := range 12 {
		for j := range 9 {
			if i/4 == j/3 {
				x.Set(i, j, T(1+i%4)*T(1+j%3)*T(1+i/4))
			}
		}
	}
	init := &nmf.Model[T]{W: positive[T](35, 12, 3, .3), H: positive[T](36, 3, 9, .3)}
	for i := range 12 {
		init.W.Row(i)[i/4] += 2
	}
	for j := range 9 {
		init.H.Row(j / 3)[j] += 2
	}
	for _, s := range blockSettings() {
		if s.o.Loss == loss.IS {
			continue // these data are zero in places
		}
		o := s.o
		o.Init, o.Run = init, run(1500)
		block, err := nmf.Fit(ctx, x, 3, &o)
		require.NoError(t, err, s.name)
		o.Balance = nmf.BalanceEvery
		every, err := nmf.Fit(ctx, x, 3, &o)
		require.NoError(t, err, s.name)
		require.Equal(t, nmf.BalanceBlock, block.Options.Balance)
		require.InEpsilon(t, every.Objective(), block.Objective(), tol, s.name)
		require.InDeltaSlice(t, every.W.Data, block.W.Data, 100*tol, s.name)
		require.InDeltaSlice(t, every.H.Data, block.H.Data, 100*tol, s.name)
		require.InDeltaSlice(t, every.Beta, block.Beta, 100*tol, s.name)
	}
}
