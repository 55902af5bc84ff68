package tucker

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/fittest"
	"polyad/internal/par"
	"polyad/internal/racing"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

// midway returns a state as a fit of some data has it at its start.
func midway(t *testing.T, o Options, given *Model[float64]) *state[float64] {
	x := tensor.New[float64](8, 7, 6)
	for i := range x.Data {
		x.Data[i] = float64(i%17+1) / 5
	}
	e, err := o.effective(x.Shape, []int{2, 3, 2})
	require.NoError(t, err)
	pool := par.New(2)
	t.Cleanup(pool.Close)
	s, err := setUp(context.Background(), x, e, 1, pool, given, nil)
	require.NoError(t, err)
	return s
}

func TestRestoredStateIsNoMoreTheGivenStart(t *testing.T) {
	given := &Model[float64]{Core: tensor.New[float64](2, 3, 2)}
	for i := range given.Core.Data {
		given.Core.Data[i] = float64(i%5 + 1)
	}
	for n, size := range []int{8, 7, 6} {
		f := matrix.New[float64](size, given.Core.Shape[n])
		for i := range f.Data {
			f.Data[i] = float64(i%(5+n) + 1)
		}
		given.Factors = append(given.Factors, f)
	}
	for _, o := range []Options{{Method: HOOI{}}, {Method: HALS{}}, {Method: MU{}}, {Method: HALS{}, Fix: Modes{1}}} {
		o.Init = given
		a, b := midway(t, o, given), midway(t, o, given)
		require.Equal(t, given, b.model(), "before it is touched")
		require.NoError(t, a.Sweep())
		require.NoError(t, b.RestoreState(a.SaveState()))
		require.NotEqual(t, given, b.model())
		require.Equal(t, a.model(), b.model())
	}
}

func TestKeepingTheBestModelAllocatesNothing(t *testing.T) {
	racing.CountsAllocations(t)
	o := Options{Method: HALS{}, Core: reg.L1(.1), Factors: Each(reg.L1(.1)), Eps: solver.Set(.01)}
	s := midway(t, o, nil)
	require.NoError(t, s.begin(nil, false))
	fittest.KeepingAllocatesNothing(t, s)
}

// Where the floor counts, balancing moves entries at it against the others: for β = -1
// it raised the objective by up to 16 % in a sweep, as in the first of these draws.
func TestASweepDoesNotRaiseTheObjectiveByBalancing(t *testing.T) {
	t.Run("float32", func(t *testing.T) { sweepsDescend[float32](t, 1e-7) })
	t.Run("float64", func(t *testing.T) { sweepsDescend[float64](t, 1e-12) })
}

func sweepsDescend[T asm.Float](t *testing.T, tol float64) {
	draws := uint64(120)
	if testing.Short() {
		draws = 24
	}
	balanced := 0
	for seed := range draws {
		g := rand.New(rand.NewPCG(seed, 1))
		x := tensor.New[T](4+g.IntN(4), 3+g.IntN(4), 3+g.IntN(3))
		for i := range x.Data {
			x.Data[i] = T(g.ExpFloat64() * g.Float64())
			if seed%3 == 0 && g.IntN(3) == 0 {
				x.Data[i] = 0
			}
		}
		p := reg.L1([]float64{1e-3, .1, 3}[g.IntN(3)])
		o := Options{Loss: loss.Beta([]float64{-1, 0, .5, 1, 2, 3}[seed%6]), Method: MU{}, Init: Random{}, Seed: seed,
			Core: p, Factors: Each(p), Sweeps: int(seed / 6 % 2), Eps: solver.Set([]float64{1e-6, 1e-4, 1e-3}[g.IntN(3)]),
			Balance: []Balance{BalanceSinkhorn, BalanceScalar}[seed/12%2], Run: solver.Options{MaxIter: solver.Set(60), Tol: solver.Set(0.0), TraceEvery: 1}}
		if o.Balance == BalanceScalar {
			o.Sweeps = 0
		}
		if seed%6 == 4 && seed%4 == 0 {
			o.Method = HALS{}
		}
		if seed == 0 { // the one that rose
			o.Sweeps = 1
		}
		r, err := Fit(context.Background(), x, []int{2, 2, 2}, &o)
		require.NoError(t, err)
		for i, p := range r.Trace[1:] {
			before := r.Trace[i].Objective()
			require.LessOrEqual(t, p.Objective(), before*(1+tol), "draw %d, beta %v, %v, sweep %d", seed, o.Loss, o.Method, i+1)
		}
		if r.Penalty[0] > 0 && math.Abs(r.Penalty[0]/r.Penalty[3]-1) < .1 {
			balanced++
		}
	}
	t.Log(balanced, "of", draws, "balanced in the end")
	require.Greater(t, balanced, int(draws)/2)
}
