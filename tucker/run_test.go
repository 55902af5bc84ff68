package tucker_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/racing"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

var ctx = context.Background()

// sweeps are run options for exactly n sweeps.
func sweeps(n int) solver.Options {
	return solver.Options{MaxIter: solver.Set(n), Tol: solver.Set(0.0)}
}

// ranksFor leaves alone those modes that options do.
func ranksFor(o *tucker.Options, ranks []int) []int {
	ranks = slices.Clone(ranks)
	for n := range ranks {
		if o.Modes != nil && !slices.Contains(o.Modes, n) {
			ranks[n] = 0
		}
	}
	return ranks
}

func TestWorkersGiveTheSameBits(t *testing.T) { both(t, testWorkers[float32], testWorkers[float64]) }

func testWorkers[T asm.Float](t *testing.T) {
	for _, c := range []struct{ shape, ranks []int }{{[]int{40, 30, 70}, []int{5, 4, 6}}, {[]int{20, 13, 10, 21}, []int{4, 3, 3, 5}}} {
		x := noisy[T](1, c.shape, c.ranks, true, .3)
		step := 1
		if testing.Short() {
			step = 2
		}
		for _, s := range settings() {
			var first *tucker.Result[T]
			for workers := 1; workers <= 3; workers += step {
				o := s.o
				o.Run, o.Workers = sweeps(2), workers
				r, err := tucker.Fit(ctx, x, ranksFor(&o, c.ranks), &o)
				require.NoError(t, err)
				require.Equal(t, workers, r.Options.Workers)
				if first == nil {
					first = r
					continue
				}
				require.Equal(t, first.Model, r.Model, "%s, %d workers", s.name, workers)
				require.Equal(t, first.Loss, r.Loss, s.name)
			}
		}
		var first *tucker.HOSVDResult[T]
		for workers := 1; workers <= 3; workers++ {
			r, err := tucker.HOSVD(ctx, x, nil, &tucker.HOSVDOptions{Target: solver.Set(1e-2), Workers: workers})
			require.NoError(t, err)
			if first == nil {
				first = r
			}
			require.Equal(t, first, r)
		}
	}
}

func TestSweepsAllocateNothing(t *testing.T) {
	racing.CountsAllocations(t)
	both(t, testAllocations[float32], testAllocations[float64])
}

func testAllocations[T asm.Float](t *testing.T) {
	for _, c := range []struct{ shape, ranks []int }{{[]int{20, 30, 25}, []int{3, 4, 2}}, {[]int{9, 8, 7, 10}, []int{3, 4, 2, 2}}, {[]int{30, 6}, []int{3, 3}}} {
		x := noisy[T](1, c.shape, c.ranks, true, .1)
		for _, s := range settings() {
			if s.o.Modes != nil && len(c.shape) < 3 {
				continue
			}
			s.o.Workers = 2
			sweep, direct, end := tucker.Sweeper(x, ranksFor(&s.o, c.ranks), &s.o)
			require.Zero(t, testing.AllocsPerRun(3, sweep), "%s %v", s.name, c.shape)
			require.Zero(t, testing.AllocsPerRun(3, direct), "%s %v", s.name, c.shape)
			end()
		}
	}
}

func TestSavedStatesGoOnWithTheSameBits(t *testing.T) {
	x := noisy[float32](1, []int{9, 8, 7}, []int{3, 2, 4}, true, .1)
	for _, s := range settings() {
		tucker.CheckStateRoundTrip(t, x, ranksFor(&s.o, []int{3, 2, 4}), s.o)
	}
}

func TestGivenStartsComeBack(t *testing.T) { both(t, testGiven[float32], testGiven[float64]) }

func testGiven[T asm.Float](t *testing.T) {
	shape, ranks := []int{9, 8, 7}, []int{3, 2, 4}
	m := model[T](5, shape, ranks, true)
	x := m.Reconstruct()
	for _, method := range []tucker.Method{tucker.HOOI{}, tucker.HALS{}} {
		for n, tol := range map[int]float64{0: precision[T](1e-14, 1e-6), 5: precision[T](1e-12, 1e-4)} {
			r, err := tucker.Fit(ctx, x, ranks, &tucker.Options{Method: method, Init: m, Run: sweeps(n)})
			require.NoError(t, err)
			require.Less(t, r.RelError, tol, "%v", method)
			if n == 0 {
				require.Equal(t, m, r.Model)
			}
			h := &tucker.HOSVDResult[T]{Model: m}
			for _, init := range []tucker.Start{r, h} {
				_, err = tucker.Fit(ctx, x, ranks, &tucker.Options{Method: method, Init: init, Run: sweeps(1)})
				require.NoError(t, err)
			}
		}
	}
}

func TestFixedBlocksStay(t *testing.T) {
	shape, ranks := []int{9, 8, 7, 4}, []int{3, 2, 4, 2}
	x := noisy[float64](1, shape, ranks, true, .1)
	start := model[float64](2, shape, ranks, true)
	unit := start.Clone()
	require.NoError(t, unit.Orthogonalize())
	l2 := reg.L2(.1)
	for _, c := range []struct {
		o    tucker.Options
		fix  []tucker.Modes
		from *tucker.Model[float64]
	}{
		{tucker.Options{}, []tucker.Modes{{0}, {3}, {1, 3}, {0, 1, 2}, {0, 1, 2, 3}}, unit},
		{tucker.Options{Method: tucker.HALS{}}, []tucker.Modes{{0}, {3}, {tucker.Core}, {0, 2, tucker.Core}, {0, 1, 2, 3}}, start},
		{tucker.Options{Method: tucker.HALS{}, Core: l2, Factors: tucker.Penalties{l2, nil, l2, nil}, Balance: tucker.BalanceNone}, []tucker.Modes{{1, 3}}, start},
	} {
		for _, fix := range c.fix {
			o := c.o
			o.Fix, o.Init, o.Run = fix, c.from, sweeps(20)
			r, err := tucker.Fit(ctx, x, ranks, &o)
			require.NoError(t, err, "%v", fix)
			for n := range shape {
				if slices.Contains(fix, n) {
					require.Equal(t, c.from.Factors[n], r.Factors[n])
					require.Zero(t, r.KKT[n])
				} else {
					require.NotEqual(t, c.from.Factors[n], r.Factors[n], "%v of %v", n, fix)
				}
			}
			require.Equal(t, slices.Contains(fix, tucker.Core), slices.Equal(c.from.Core.Data, r.Core.Data))
			require.ElementsMatch(t, fix, r.Options.Fix)
			for i, p := range r.Trace[1:] {
				require.LessOrEqual(t, p.Objective(), r.Trace[i].Objective()*(1+1e-12))
			}
			require.InDelta(t, relError(x, r.Model), r.RelError, 1e-12)
		}
	}
}

func TestSquareFactorsAndPartialModelsAgree(t *testing.T) {
	// A mode that keeps its size costs nothing: whether it is left alone or gets a
	// square factor, the model is the same.
	x := noisy[float64](1, []int{9, 4, 7}, []int{3, 4, 3}, false, 1)
	a, err := tucker.Fit(ctx, x, []int{3, 0, 3}, &tucker.Options{Modes: tucker.Modes{0, 2}, Run: sweeps(200)})
	require.NoError(t, err)
	b, err := tucker.Fit(ctx, x, []int{3, 4, 3}, &tucker.Options{Run: sweeps(200)})
	require.NoError(t, err)
	require.InDelta(t, a.RelError, b.RelError, 1e-12)
	require.Nil(t, a.Factors[1])
	require.Equal(t, []int{3, 4, 3}, a.Ranks())
	require.Equal(t, x.Shape, a.Shape())
	ya, yb := a.Reconstruct(), b.Reconstruct()
	for i, v := range ya.Data {
		require.InDelta(t, v, yb.Data[i], 1e-8)
	}
}

func TestConvergedFitsAreStationary(t *testing.T) {
	x := noisy[float64](8, []int{9, 8, 7}, []int{2, 2, 2}, true, .2)
	l1, l2 := reg.L1(.2), reg.L2(.3)
	for _, o := range []tucker.Options{
		{}, {Method: tucker.HALS{}}, {Method: tucker.HALS{Inner: 1, Core: 10}, Nonneg: tucker.Modes{1}},
		{Method: tucker.HALS{}, Core: l1, Factors: tucker.Each(l2), Balance: tucker.BalanceNone, Init: tucker.Random{}},
	} {
		o.Run = sweeps(2000)
		r, err := tucker.Fit(ctx, x, []int{2, 2, 2}, &o)
		require.NoError(t, err)
		for n, k := range r.KKT {
			require.Less(t, k, 1e-5, "%v block %d", r.Options.Method, n)
		}
	}
}

func TestHALSReachesHOOIWithoutSigns(t *testing.T) {
	x := noisy[float64](8, []int{9, 8, 7}, []int{2, 2, 2}, false, .5)
	a, err := tucker.Fit(ctx, x, []int{2, 2, 2}, &tucker.Options{Run: sweeps(100)})
	require.NoError(t, err)
	b, err := tucker.Fit(ctx, x, []int{2, 2, 2}, &tucker.Options{Method: tucker.HALS{}, Nonneg: tucker.Modes{}, Run: sweeps(300)})
	require.NoError(t, err)
	require.InDelta(t, a.RelError, b.RelError, 1e-9)
	require.Empty(t, b.Options.Nonneg)
}

func TestPenaltiesOnTheCoreMakeItSparse(t *testing.T) {
	m := model[float64](3, []int{15, 14, 13}, []int{4, 4, 4}, true)
	for i := range m.Core.Data {
		if i%21 != 0 { // the diagonal
			m.Core.Data[i] = 0
		}
	}
	x := m.Reconstruct()
	zeros := func(weight float64) (n int) {
		o := tucker.Options{Method: tucker.HALS{}, Core: reg.L1(weight), Factors: tucker.Each(reg.L2(weight)), Balance: tucker.BalanceNone, Init: tucker.Random{}, Run: sweeps(300)}
		r, err := tucker.Fit(ctx, x, []int{4, 4, 4}, &o)
		require.NoError(t, err)
		for _, v := range r.Core.Data {
			if v == 0 {
				n++
			}
		}
		return n
	}
	require.Greater(t, zeros(.1), zeros(1e-9)+10)
}

func TestZeroEntriesOfGeneratedStartsAreRaised(t *testing.T) {
	x := noisy[float64](3, []int{8, 7, 6}, []int{3, 3, 3}, true, .1)
	for i := range 8 * 7 {
		x.Data[i*6] = 0 // a slice of zeros: singular vectors vanish there
	}
	r, err := tucker.Fit(ctx, x, []int{3, 3, 3}, &tucker.Options{Method: tucker.HALS{}, Run: sweeps(0)})
	require.NoError(t, err)
	for _, f := range r.Factors {
		require.Positive(t, slices.Min(f.Data))
	}
	require.Positive(t, slices.Min(r.Core.Data))
	require.Equal(t, [][]int{nil, nil, nil}, r.Pruned)
}

func TestRoundingErrorsAreNoComponentsOfAStart(t *testing.T) {
	x := noisy[float64](4, []int{8, 7, 6}, []int{2, 2, 2}, true, 0)
	r, err := tucker.Fit(ctx, x, []int{4, 3, 3}, &tucker.Options{Method: tucker.HALS{}, Nonneg: tucker.Modes{0}, Run: sweeps(20)})
	require.NoError(t, err)
	for _, f := range r.Factors {
		require.Less(t, max(slices.Max(f.Data), -slices.Min(f.Data)), 1e4)
	}
}

func TestGeneratedStartsKeepToTheFloor(t *testing.T) {
	x := noisy[float64](1, []int{6, 5, 4}, []int{2, 2, 2}, true, .2)
	for _, o := range []tucker.Options{{Method: tucker.HALS{}}, {Loss: loss.KL}, {Loss: loss.KL, Init: tucker.Random{}, Core: reg.L1(1e4), Factors: tucker.Each(reg.L1(1e4)), Balance: tucker.BalanceNone}} {
		o.Eps, o.Run = solver.Set(.2), sweeps(3)
		r, err := tucker.Fit(ctx, x, []int{3, 2, 2}, &o)
		require.NoError(t, err)
		for i, p := range r.Trace[1:] {
			require.LessOrEqual(t, p.Objective(), r.Trace[i].Objective()*(1+1e-12), o.Formula())
		}
		o.Run = sweeps(0)
		r, err = tucker.Fit(ctx, x, []int{3, 2, 2}, &o)
		require.NoError(t, err)
		require.GreaterOrEqual(t, slices.Min(r.Core.Data), .2, o.Formula())
		require.GreaterOrEqual(t, slices.Min(r.Factors[0].Data), .2, o.Formula())
	}
}

func TestRestartsKeepTheBest(t *testing.T) {
	x := noisy[float64](1, []int{9, 8, 7}, []int{3, 3, 3}, true, 2)
	var first *tucker.Result[float64]
	for _, workers := range []int{1, 2, 8} {
		seen := map[int]bool{}
		o := tucker.Options{Method: tucker.HALS{}, Restarts: 5, Workers: workers, Seed: 7, Run: sweeps(20)}
		o.Run.Observe = []solver.Observer{func(e solver.Event) bool { seen[e.Run] = true; return false }}
		r, err := tucker.Fit(ctx, x, []int{3, 3, 3}, &o)
		require.NoError(t, err)
		require.Len(t, r.Runs, 5)
		require.Len(t, seen, 5)
		for i, run := range r.Runs {
			require.GreaterOrEqual(t, run.Objective, r.Objective())
			require.Equal(t, 7+uint64(i), run.Seed)
			require.NoError(t, run.Err)
			require.LessOrEqual(t, run.Agreement, 1.0)
		}
		require.InDelta(t, 1, r.Runs[r.Best].Agreement, 1e-12)
		single, err := tucker.Fit(ctx, x, []int{3, 3, 3}, &tucker.Options{Method: tucker.HALS{}, Init: tucker.Random{}, Seed: r.Runs[r.Best].Seed, Run: sweeps(20)})
		require.NoError(t, err)
		require.Equal(t, single.Model, r.Model)
		if first == nil {
			first = r
		}
		require.Equal(t, first.Model, r.Model)
	}
}

func TestCancelledFitsReturnTheModelSoFar(t *testing.T) {
	x := noisy[float64](1, []int{6, 5, 4}, []int{2, 2, 2}, true, .2)
	for _, restarts := range []int{1, 3} {
		why := errors.New("enough")
		c, cancel := context.WithCancelCause(ctx)
		o := tucker.Options{Init: tucker.Random{}, Restarts: restarts, Workers: 1, Run: sweeps(1000)}
		o.Run.Observe = []solver.Observer{func(e solver.Event) bool {
			if e.Iter == 7 {
				cancel(why)
			}
			return false
		}}
		r, err := tucker.Fit(c, x, []int{2, 2, 2}, &o)
		require.ErrorIs(t, err, why)
		require.Equal(t, solver.Cancelled, r.Status)
		require.Equal(t, 7, r.Iterations)
		require.InEpsilon(t, r.RelError, r.Model.RelError(x), 1e-9)
	}
	c, cancel := context.WithCancel(ctx)
	cancel()
	r, err := tucker.Fit(c, x, []int{2, 2, 2}, nil)
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, r.RelError, .5)
	_, err = tucker.HOSVD(c, x, []int{2, 2, 2}, nil)
	require.ErrorIs(t, err, context.Canceled)
	r, err = tucker.Fit(ctx, x, []int{2, 2, 2}, &tucker.Options{Run: solver.Options{MaxTime: time.Nanosecond, Tol: solver.Set(0.0)}})
	require.NoError(t, err)
	require.Equal(t, solver.MaxTime, r.Status)
}

func TestDataAndOptionsAreNotWritten(t *testing.T) {
	shape, ranks := []int{6, 5, 4}, []int{2, 2, 2}
	x := noisy[float64](1, shape, ranks, true, .2)
	start := model[float64](1, shape, ranks, true)
	keepX, keepStart := x.Clone(), start.Clone()
	o := tucker.Options{Init: start, Method: tucker.HALS{}, Core: reg.L1(.1), Factors: tucker.Each(reg.L2(.1)), Balance: tucker.BalanceNone, Nonneg: tucker.Modes{1, 0}, Run: sweeps(3)}
	_, err := tucker.Fit(ctx, x, ranks, &o)
	require.NoError(t, err)
	_, err = tucker.Fit(ctx, x, ranks, &tucker.Options{Init: start, Run: sweeps(3)})
	require.NoError(t, err)
	_, err = tucker.HOSVD(ctx, x, nil, &tucker.HOSVDOptions{Target: solver.Set(.01)})
	require.NoError(t, err)
	require.Equal(t, keepX, x)
	require.Equal(t, keepStart, start)
	require.Equal(t, tucker.Modes{1, 0}, o.Nonneg)
	require.Equal(t, []int{2, 2, 2}, ranks)
}

func TestExtremeMagnitudesGiveTheSameModel(t *testing.T) {
	both(t, testExtreme[float32], testExtreme[float64])
}

func testExtreme[T asm.Float](t *testing.T) {
	x := noisy[T](1, []int{6, 5, 4}, []int{2, 2, 2}, true, .5)
	scales := []float64{0x1p-399, 0x1p-90, 0x1p90, 0x1p399}
	if asm.SizeOf[T]() == 4 {
		scales = []float64{0x1p-99, 0x1p-30, 0x1p30, 0x1p99}
	}
	h, err := tucker.HOSVD(ctx, x, []int{3, 2, 2}, nil)
	require.NoError(t, err)
	for _, scale := range scales {
		y := x.Clone()
		for i := range y.Data {
			y.Data[i] = T(float64(y.Data[i]) * scale)
		}
		g, err := tucker.HOSVD(ctx, y, []int{3, 2, 2}, nil)
		require.NoError(t, err)
		require.InEpsilon(t, h.RelError, g.RelError, precision[T](1e-9, 1e-3))
		require.InEpsilon(t, h.Values[1][0]*scale, g.Values[1][0], precision[T](1e-9, 1e-3))
		for _, s := range settings() {
			if len(s.o.Core) > 0 {
				continue // weights would have to be scaled
			}
			o := s.o
			o.Run = sweeps(6)
			want, err := tucker.Fit(ctx, x, ranksFor(&o, []int{3, 2, 2}), &o)
			require.NoError(t, err)
			r, err := tucker.Fit(ctx, y, ranksFor(&o, []int{3, 2, 2}), &o)
			require.NoError(t, err, "%s times %g", s.name, scale)
			require.InEpsilon(t, want.RelError, r.RelError, precision[T](1e-6, 2e-2), "%s times %g", s.name, scale)
		}
	}
}

func TestStartsOfAbsurdMagnitudeEndWithAnError(t *testing.T) {
	x := noisy[float64](1, []int{6, 5, 4}, []int{2, 2, 2}, true, .2)
	m := model[float64](1, x.Shape, []int{2, 2, 2}, true)
	for _, f := range m.Factors {
		for i := range f.Data {
			f.Data[i] = 1e300
		}
	}
	for _, method := range []tucker.Method{tucker.HOOI{}, tucker.HALS{}} {
		_, err := tucker.Fit(ctx, x, []int{2, 2, 2}, &tucker.Options{Method: method, Init: m})
		require.ErrorIs(t, err, solver.ErrNotFinite)
	}
}

func TestOddProblemsEndCleanly(t *testing.T) { both(t, testOdd[float32], testOdd[float64]) }

func testOdd[T asm.Float](t *testing.T) {
	var cases []*tensor.Dense[T]
	for _, shape := range [][]int{{1, 1}, {1, 1, 1}, {1, 5, 4}, {5, 1, 4}, {5, 4, 1}, {2, 2, 2}, {3, 1, 2, 1, 4}, {600, 2, 2}, {2, 2, 600}} {
		ones := make([]int, len(shape))
		for n := range ones {
			ones[n] = 1
		}
		cases = append(cases, noisy[T](1, shape, ones, true, .1), tensor.New[T](shape...))
	}
	slice := noisy[T](2, []int{5, 4, 6}, []int{2, 2, 2}, true, .1)
	for i := range 20 {
		slice.Data[i*6] = 0
	}
	cases = append(cases, slice, slice.Permute(1, 2, 0), slice.Slice(2, 0, 1))
	for _, x := range cases {
		for _, rank := range []int{1, 3} {
			if testing.Short() && rank == 1 {
				continue
			}
			for _, s := range settings() {
				if s.o.Modes != nil && len(x.Shape) < 3 || len(x.Shape) < 2 {
					continue
				}
				o := s.o
				ranks := make([]int, len(x.Shape))
				for n := range ranks {
					ranks[n] = rank
					if _, hals := o.Method.(tucker.HALS); !hals && o.Nonneg == nil {
						ranks[n] = min(rank, x.Shape[n])
					}
				}
				ranks = ranksFor(&o, ranks)
				o.Run = sweeps(6)
				r, err := tucker.Fit(ctx, x, ranks, &o)
				if errors.Is(err, tucker.ErrRank) || o.Loss == loss.IS && errors.Is(err, tucker.ErrData) {
					continue // above the product of the others, or zeros
				}
				require.NoError(t, err, "%s %v ranks %v", s.name, x.Shape, ranks)
				require.False(t, math.IsNaN(r.Loss+r.RelError))
				for i, p := range r.Trace[1:] {
					require.LessOrEqual(t, p.Objective(), r.Trace[i].Objective()+precision[T](1e-11, 1e-4)*(r.Trace[0].Objective()+1), "%s %v sweep %d", s.name, x.Shape, i+1)
				}
			}
		}
		r, err := tucker.HOSVD(ctx, x, nil, &tucker.HOSVDOptions{Target: solver.Set(.3)})
		require.NoError(t, err)
		require.LessOrEqual(t, r.RelError, .3)
	}
}

func TestCoreAloneIsTheLeastSquaresSolution(t *testing.T) {
	shape, ranks := []int{9, 8, 7}, []int{3, 2, 4}
	m := model[float64](5, shape, ranks, true)
	x := m.Reconstruct()
	start := m.Clone()
	for i := range start.Core.Data {
		start.Core.Data[i] = 1
	}
	for _, nonneg := range []tucker.Modes{{}, tucker.All} {
		o := tucker.Options{Method: tucker.HALS{Core: 3000}, Nonneg: nonneg, Fix: tucker.Modes{0, 1, 2}, Init: start, Run: sweeps(3)}
		r, err := tucker.Fit(ctx, x, ranks, &o)
		require.NoError(t, err)
		require.InDeltaSlice(t, m.Core.Data, r.Core.Data, 1e-9)
		for i, p := range r.Trace[1:] {
			require.LessOrEqual(t, p.Loss, r.Trace[i].Loss+1e-12)
		}
	}
	// Data that a nonnegative core cannot reach: the conditions of the optimum hold.
	y := noisy[float64](6, shape, ranks, false, 1)
	r, err := tucker.Fit(ctx, y, ranks, &tucker.Options{Method: tucker.HALS{}, Fix: tucker.Modes{0, 1, 2}, Init: start, Run: sweeps(400)})
	require.NoError(t, err)
	require.Less(t, r.KKT[3], 1e-8)
	require.Contains(t, r.Core.Data, 0.0)
}

func TestRankOneMatchesBruteForce(t *testing.T) {
	for seed := range uint64(5) {
		x := noisy[float64](seed, []int{2, 2, 2}, []int{1, 1, 1}, false, 1)
		best := 0.0
		const steps = 120
		angle := func(k int) (c, s float64) {
			return math.Cos(math.Pi * float64(k) / steps), math.Sin(math.Pi * float64(k) / steps)
		}
		for i := range steps {
			a0, a1 := angle(i)
			for j := range steps {
				b0, b1 := angle(j)
				// The best third vector is what is left, normalized.
				c0 := a0*(b0*x.At(0, 0, 0)+b1*x.At(0, 1, 0)) + a1*(b0*x.At(1, 0, 0)+b1*x.At(1, 1, 0))
				c1 := a0*(b0*x.At(0, 0, 1)+b1*x.At(0, 1, 1)) + a1*(b0*x.At(1, 0, 1)+b1*x.At(1, 1, 1))
				best = max(best, c0*c0+c1*c1)
			}
		}
		r, err := tucker.Fit(ctx, x, []int{1, 1, 1}, &tucker.Options{Restarts: 10, Run: sweeps(100)})
		require.NoError(t, err)
		got := r.Core.Data[0] * r.Core.Data[0]
		require.GreaterOrEqual(t, got, best*(1-1e-12))
		require.LessOrEqual(t, got, best*(1+2e-3))
	}
}
