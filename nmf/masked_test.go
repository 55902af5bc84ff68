package nmf_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/racing"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

// holes returns a mask by which a share of the entries is missing, but not (0, 0).
func holes(seed uint64, m, n int, share float64) *matrix.Mask {
	r := rand.New(rand.NewPCG(seed, 9))
	mask := matrix.NewMask(m, n)
	for i := range m {
		for j := range n {
			mask.Set(i, j, i+j == 0 || r.Float64() >= share)
		}
	}
	return mask
}

// without returns a copy of x with v where entries are missing.
func without[T asm.Float](x *matrix.Dense[T], mask *matrix.Mask, v float64) *matrix.Dense[T] {
	x = x.Clone()
	for i := range x.Rows {
		for j := range x.Cols {
			if !mask.At(i, j) {
				x.Set(i, j, T(v))
			}
		}
	}
	return x
}

// observed returns the observed entries of data and model.
func observed(x, y *matrix.Dense[float64], mask *matrix.Mask) (a, b []float64) {
	for i := range x.Rows {
		for j := range x.Cols {
			if mask.At(i, j) {
				a, b = append(a, x.At(i, j)), append(b, y.At(i, j))
			}
		}
	}
	return a, b
}

// hide makes whole rows and columns missing.
func hide(mask *matrix.Mask, rows, cols []int) {
	for _, i := range rows {
		for j := range mask.Cols {
			mask.Set(i, j, false)
		}
	}
	for _, j := range cols {
		for i := range mask.Rows {
			mask.Set(i, j, false)
		}
	}
}

func TestObservedObjectiveNeverRises(t *testing.T) {
	for _, s := range settings() {
		if s.mayRise() {
			continue
		}
		t.Run("float64/"+s.name, func(t *testing.T) { maskedNeverRises[float64](t, s, 1e-12) })
		t.Run("float32/"+s.name, func(t *testing.T) { maskedNeverRises[float32](t, s, 3e-6) })
	}
}

func maskedNeverRises[T asm.Float](t *testing.T, s setting, slack float64) {
	for seed := range uint64(3) {
		if !drawn(s.name, seed, asm.SizeOf[T]()) {
			continue
		}
		mask := holes(seed, 23, 19, []float64{.3, .1, .8}[seed])
		hide(mask, []int{5, 22}, []int{4})
		x := without(positive[T](seed, 23, 19, 1), mask, math.NaN())
		s.o.Mask, s.o.Seed, s.o.Run = mask, seed, run(25)
		r, err := nmf.Fit(ctx, x, []int{1, 4, 25}[seed], &s.o)
		require.NoError(t, err)
		finite(t, r, s.name)
		for i := 1; i < len(r.Trace); i++ {
			before, after := r.Trace[i-1].Objective(), r.Trace[i].Objective()
			require.LessOrEqual(t, after, before+slack*r.Trace[0].Objective(), "seed %d, sweep %d", seed, i)
		}
		require.Less(t, r.Objective(), r.Trace[0].Objective())
	}
}

func TestReportedLossIsThatOfTheObservedEntries(t *testing.T) {
	x := lowRank[float64](1, 31, 27, 5)
	for i := range x.Data {
		x.Data[i] += .01
	}
	mask := holes(2, 31, 27, .3)
	for _, scale := range []float64{1, 0x1p-80} { // the second is worked on at another scale
		for _, s := range settings() {
			if !drawn(s.name, scale) {
				continue
			}
			y := x.Clone()
			for i := range y.Data {
				y.Data[i] *= scale
			}
			s.o.Mask, s.o.Run = mask, run(12)
			if scale != 1 {
				s.o.W, s.o.H, s.o.Balance = nil, nil, nmf.BalanceNone
			}
			r, err := nmf.Fit(ctx, without(y, mask, 1e300), 4, &s.o)
			require.NoError(t, err, s.name)
			a, b := observed(y, r.Reconstruct(), mask)
			require.Equal(t, len(a), r.Observed)
			require.InEpsilon(t, loss.Divergence(s.o.Loss, a, b), r.Loss, 1e-9, s.name)
			require.InEpsilon(t, r.Loss, r.Trace.Last().Loss, 1e-9, s.name)
			sq, norm := loss.Divergence(loss.Frobenius, a, b), loss.Divergence(loss.Frobenius, a, make([]float64, len(a)))
			require.InEpsilon(t, math.Sqrt(sq/norm), r.RelError, 1e-9, s.name)
		}
	}
}

func TestMissingEntriesChangeNoBit(t *testing.T) {
	t.Run("float64", changeNoBit[float64])
	t.Run("float32", changeNoBit[float32])
}

func changeNoBit[T asm.Float](t *testing.T) {
	for _, size := range []float64{1, 0x1p-70} {
		mask := holes(3, 40, 150, .3)
		x := positive[T](3, 40, 150, size)
		for _, o := range []nmf.Options{
			{}, {Method: nmf.HALS{Exact: true}, Order: nmf.OrderHW}, {Method: nmf.MU{Inner: 2}}, {Loss: loss.KL, W: reg.L1(.1), H: reg.L1(.1)},
			{Loss: loss.IS}, {Loss: loss.Beta(.5)}, {Loss: loss.Beta(3)},
		} {
			o.Mask, o.Run = mask, run(4)
			want, err := nmf.Fit(ctx, without(x, mask, 0), 3, &o)
			require.NoError(t, err)
			for _, v := range []float64{math.NaN(), math.Inf(1), 1e300, -5} {
				got, err := nmf.Fit(ctx, without(x, mask, v), 3, &o)
				require.NoError(t, err)
				require.Equal(t, want.Model, got.Model, "%v, %v behind the mask", o.Loss, v)
				require.Equal(t, []any{want.Loss, want.RelError, want.KKT}, []any{got.Loss, got.RelError, got.KKT})
			}
		}
	}
}

func TestMaskByWhichNothingIsMissingIsNone(t *testing.T) {
	x := positive[float64](4, 20, 15, 1)
	for _, o := range []nmf.Options{{}, {Loss: loss.KL}} {
		want, err := nmf.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		o.Mask = matrix.MaskOf(x)
		got, err := nmf.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		require.Equal(t, want.Model, got.Model)
		require.Equal(t, want.Iterations, got.Iterations)
		require.Nil(t, got.Options.Mask)
		require.Equal(t, 300, got.Observed)
	}
}

func TestMissingEntriesOfALowRankMatrixAreRecovered(t *testing.T) {
	t.Run("float64", func(t *testing.T) { recover30[float64](t, 1e-3) })
	t.Run("float32", func(t *testing.T) { recover30[float32](t, 1e-2) })
}

func recover30[T asm.Float](t *testing.T, within float64) {
	x := lowRank[T](5, 60, 50, 3)
	mask := holes(6, 60, 50, .3)
	for _, o := range []nmf.Options{{}, {Method: nmf.MU{}}, {Loss: loss.KL}} {
		o.Mask, o.Seed = mask, 1
		o.Run = solver.Options{MaxIter: solver.Set(5000), Tol: solver.Set(1e-13)}
		r, err := nmf.Fit(ctx, without(x, mask, math.NaN()), 3, &o)
		require.NoError(t, err)
		y := r.Reconstruct()
		var off, all float64
		for i := range x.Rows {
			for j := range x.Cols {
				if !mask.At(i, j) {
					d, v := float64(x.At(i, j)-y.At(i, j)), float64(x.At(i, j))
					off, all = off+d*d, all+v*v
				}
			}
		}
		assert.Less(t, math.Sqrt(off/all), within, "%v %v", o.Loss, r.Options.Method)
	}
}

func TestMaskedStartIsScaledToTheObservedEntries(t *testing.T) {
	x := positive[float64](7, 20, 15, 1)
	mask := holes(8, 20, 15, .4)
	for _, o := range []nmf.Options{
		{}, {W: reg.L1(.1), H: reg.L2(.2)}, {Loss: loss.KL}, {Loss: loss.KL, W: reg.L1(1), H: reg.L2(1)},
	} {
		o.Run, o.Mask = run(0), mask
		scaled, err := nmf.Fit(ctx, without(x, mask, math.NaN()), 4, &o)
		require.NoError(t, err)
		for _, f := range []float64{.99, 1.01} {
			m := scaled.Model.Clone()
			for _, b := range []*matrix.Dense[float64]{m.W, m.H} {
				for i := range b.Data {
					b.Data[i] *= f
				}
			}
			p := o
			p.Init, p.Balance = m, nmf.BalanceNone
			other, err := nmf.Fit(ctx, without(x, mask, math.NaN()), 4, &p)
			require.NoError(t, err)
			assert.Greater(t, other.Objective(), scaled.Objective())
		}
	}
}

func TestMaskedFitsGiveTheSameBitsForAnyNumberOfWorkers(t *testing.T) {
	t.Run("float64", maskedBits[float64])
	t.Run("float32", maskedBits[float32])
}

func maskedBits[T asm.Float](t *testing.T) {
	mask := holes(9, 70, 1100, .3)
	x := without(positive[T](9, 70, 1100, 1), mask, math.NaN())
	for _, o := range []nmf.Options{{}, {Method: nmf.HALS{Exact: true}}, {Method: nmf.MU{Inner: 2}}, {Loss: loss.KL, Order: nmf.OrderHW}, {Loss: loss.Beta(.5)}} {
		var first *nmf.Result[T]
		for workers := 1; workers <= 3; workers++ {
			o.Workers, o.Run, o.Mask = workers, run(4), mask
			r, err := nmf.Fit(ctx, x, 6, &o)
			require.NoError(t, err)
			if first == nil {
				first = r
			}
			require.Equal(t, first.Model, r.Model, "%v with %d workers", o.Method, workers)
			require.Equal(t, first.Loss, r.Loss)
			require.Equal(t, first.KKT, r.KKT)
		}
	}
}

func TestMaskedSweepsAllocateNothing(t *testing.T) {
	racing.CountsAllocations(t)
	mask := holes(10, 300, 700, .3)
	x := without(positive[float64](10, 300, 700, 1), mask, math.NaN())
	count := func(o nmf.Options, sweeps int) uint64 {
		o.Run, o.Workers, o.Mask = run(sweeps), 2, mask
		o.Run.TraceEvery = 1000
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := nmf.Fit(ctx, x, 5, &o)
		runtime.ReadMemStats(&after)
		require.NoError(t, err)
		return after.Mallocs - before.Mallocs
	}
	for _, o := range []nmf.Options{{}, {Method: nmf.HALS{Exact: true}}, {Method: nmf.MU{Inner: 2}}, {Loss: loss.KL, W: reg.L1(.1), H: reg.L1(.1)}, {Loss: loss.IS}} {
		few := count(o, 2)
		most := max(few, count(o, 2))
		many := count(o, 32)
		assert.Less(t, many, most+20, "%v %v", o.Loss, o.Method)
	}
}

// TestMaskedFitsCopyNoData counts bytes: nothing of the size of the data is
// allocated, not even a tenth of it.
func TestMaskedFitsCopyNoData(t *testing.T) {
	const n = 2000
	mask := holes(11, n, n, .3)
	x := without(positive[float64](11, n, n, 1), mask, math.NaN())
	for _, o := range []nmf.Options{{}, {Method: nmf.MU{}}, {Loss: loss.IS}} {
		o.Run, o.Workers, o.Mask, o.Init = run(1), 2, mask, nmf.Random{}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := nmf.Fit(ctx, x, 2, &o)
		runtime.ReadMemStats(&after)
		require.NoError(t, err)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(n*n*8/10))
	}
}

func TestRowsAndColumnsThatAreMissingStay(t *testing.T) {
	mask := holes(12, 20, 15, .2)
	hide(mask, []int{3, 19}, []int{0, 7})
	x := without(positive[float64](12, 20, 15, 1), mask, math.NaN())
	start := &nmf.Model[float64]{W: positive[float64](13, 20, 3, 1), H: positive[float64](14, 3, 15, 1)}
	for _, b := range []float64{0, .5, 1, 1.5, 2, 3} {
		for _, a := range []nmf.Method{nmf.MU{}, nmf.MU{Inner: 3}, nmf.HALS{}} {
			if _, hals := a.(nmf.HALS); hals && b != 2 {
				continue
			}
			o := nmf.Options{Loss: loss.Beta(b), Method: a, Mask: mask, Init: start, Run: run(20)}
			r, err := nmf.Fit(ctx, x, 3, &o)
			require.NoError(t, err)
			tol := 0.0 // MU does not touch them, HALS solves for the filled data
			if b == 2 {
				tol = 1e-12
			}
			for k := range 3 {
				for _, i := range []int{3, 19} {
					require.InDelta(t, start.W.At(i, k), r.W.At(i, k), tol, "%v %v", o.Loss, a)
				}
				for _, j := range []int{0, 7} {
					require.InDelta(t, start.H.At(k, j), r.H.At(k, j), tol, "%v %v", o.Loss, a)
				}
				require.NotEqual(t, start.W.At(4, k), r.W.At(4, k))
			}
			// Penalties are all that is left of the objective there.
			o.W, o.H, o.Balance, o.Run = reg.L1(.5), reg.L1(.5), nmf.BalanceNone, run(200)
			r, err = nmf.Fit(ctx, x, 3, &o)
			require.NoError(t, err)
			for k := range 3 {
				require.LessOrEqual(t, r.W.At(3, k), r.Options.Eps.Or(0))
				require.LessOrEqual(t, r.H.At(k, 7), r.Options.Eps.Or(0))
			}
		}
	}
}

// TestMaskedKKTIsThatOfTheObservedEntries computes the residual in loops.
func TestMaskedKKTIsThatOfTheObservedEntries(t *testing.T) {
	x := positive[float64](15, 12, 10, 1)
	mask := holes(16, 12, 10, .4)
	start := &nmf.Model[float64]{W: positive[float64](17, 12, 2, 1), H: positive[float64](18, 2, 10, 1)}
	start.W.Set(4, 1, 0)
	y := start.Reconstruct()
	for _, b := range []float64{0, 1, 2, 3} {
		var worst float64
		for k := range 2 {
			var wrong, pos, neg, mean float64
			for i := range x.Rows {
				mean += start.W.At(i, k) / 12
			}
			for i := range x.Rows {
				var c, n float64
				for j := range x.Cols {
					if mask.At(i, j) {
						c += math.Pow(y.At(i, j), b-1) * start.H.At(k, j)
						n += x.At(i, j) * math.Pow(y.At(i, j), b-2) * start.H.At(k, j)
					}
				}
				g := c - n
				if g > 0 {
					g *= min(1, start.W.At(i, k)/mean)
				}
				wrong, pos, neg = wrong+g*g, pos+c*c, neg+n*n
			}
			worst = max(worst, math.Sqrt(wrong)/(math.Sqrt(pos)+math.Sqrt(neg)))
		}
		for _, a := range []nmf.Method{nmf.MU{}, nmf.HALS{}} {
			if _, hals := a.(nmf.HALS); hals && b != 2 {
				continue
			}
			r, err := nmf.Fit(ctx, without(x, mask, math.NaN()), 2, &nmf.Options{Loss: loss.Beta(b), Method: a, Mask: mask, Init: start, Run: run(0)})
			require.NoError(t, err)
			require.InEpsilon(t, worst, r.KKT[0], 1e-12, "beta %v, %v", b, a)
		}
	}
	r, err := nmf.Fit(ctx, without(x, mask, math.NaN()), 2, &nmf.Options{Mask: mask, Run: run(20000)})
	require.NoError(t, err)
	assert.Less(t, r.KKT[0], 1e-6)
	assert.Less(t, r.KKT[1], 1e-6)
}

// A NaN is a missing entry here: the model says what it may have been.
func ExampleFit_missing() {
	nan := math.NaN()
	x := matrix.Of(4, 4, []float64{
		1, 2, 3, nan,
		2, 4, nan, 2,
		3, nan, 9, 3,
		nan, 2, 3, 1,
	})
	r, err := nmf.Fit(ctx, x, 1, &nmf.Options{
		Mask: matrix.MaskNaN(x),
		Run:  solver.Options{MaxIter: solver.Set(2000), Tol: solver.Set(0.0)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	y := r.Reconstruct()
	fmt.Printf("%d observed, missing: %.3f %.3f %.3f %.3f\n", r.Observed, y.At(0, 3), y.At(1, 2), y.At(2, 1), y.At(3, 0))
	// Output: 12 observed, missing: 1.000 6.000 6.000 1.000
}
