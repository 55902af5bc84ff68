package nmf_test

import (
	"context"
	"errors"
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

var ctx = context.Background()

// positive returns a matrix with entries in (0.1, 1.1) times scale.
func positive[T asm.Float](seed uint64, m, n int, scale float64) *matrix.Dense[T] {
	r := rand.New(rand.NewPCG(seed, 7))
	x := matrix.New[T](m, n)
	for i := range x.Data {
		x.Data[i] = T((.1 + r.Float64()) * scale)
	}
	return x
}

// lowRank returns a product of sparse nonnegative factors.
func lowRank[T asm.Float](seed uint64, m, n, r int) *matrix.Dense[T] {
	g := rand.New(rand.NewPCG(seed, 8))
	w, h := matrix.New[T](m, r), matrix.New[T](r, n)
	for _, f := range []*matrix.Dense[T]{w, h} {
		for i := range f.Data {
			f.Data[i] = T(max(0, g.NormFloat64()))
		}
	}
	return (&nmf.Model[T]{W: w, H: h}).Reconstruct()
}

func run(sweeps int) solver.Options {
	return solver.Options{MaxIter: solver.Set(sweeps), Tol: solver.Set(0.0), TraceEvery: 1}
}

func TestReportedLossIsThatOfTheModel(t *testing.T) {
	x := lowRank[float64](1, 31, 27, 5)
	for i := range x.Data {
		x.Data[i] += .01
	}
	for _, s := range settings() {
		s.o.Run = run(12)
		r, err := nmf.Fit(ctx, x, 4, &s.o)
		require.NoError(t, err, s.name)
		y := r.Reconstruct()
		want := loss.Divergence(s.o.Loss, x.Data, y.Data)
		require.InEpsilon(t, want, r.Loss, 1e-9, s.name)
		require.InEpsilon(t, want, r.Trace.Last().Loss, 1e-9, s.name)
		sq := loss.Divergence(loss.Frobenius, x.Data, y.Data)
		norm := loss.Divergence(loss.Frobenius, x.Data, make([]float64, len(x.Data)))
		require.InEpsilon(t, math.Sqrt(sq/norm), r.RelError, 1e-9, s.name)
		require.InDelta(t, reg.Block[float64]{X: r.W, Penalty: s.o.W}.Value(), r.Penalty[0], 1e-9*(1+r.Penalty[0]), s.name)
		require.InDelta(t, reg.Block[float64]{X: r.H, Trans: true, Penalty: s.o.H}.Value(), r.Penalty[1], 1e-9*(1+r.Penalty[1]), s.name)
	}
}

func TestExactDataAreRecovered(t *testing.T) {
	x := lowRank[float64](3, 40, 30, 3)
	r, err := nmf.Fit(ctx, x, 3, &nmf.Options{Seed: 2, Run: solver.Options{MaxIter: solver.Set(3000), Tol: solver.Set(0.0)}})
	require.NoError(t, err)
	// Inner products cancel at about 1e-8; the residual must go on below that.
	assert.Less(t, r.RelError, 1e-10)
}

func TestRankOneIsTheLeadingSingularPair(t *testing.T) {
	x := positive[float64](5, 30, 20, 1)
	r, err := nmf.Fit(ctx, x, 1, &nmf.Options{Run: run(200)})
	require.NoError(t, err)
	w := r.W.Clone()
	g := matrix.New[float64](30, 1)
	// Power iteration on X·Xᵀ keeps the direction of w.
	xw := matrix.New[float64](20, 1)
	matrix.Gemm(nil, true, false, 1, x, w, 0, xw)
	matrix.Gemm(nil, false, false, 1, x, xw, 0, g)
	scale := g.Data[0] / w.Data[0]
	for i := range g.Data {
		assert.InEpsilon(t, scale, g.Data[i]/w.Data[i], 1e-10)
	}
}

func TestKLKeepsTheSumOfTheData(t *testing.T) {
	x := positive[float64](6, 17, 13, 3)
	r, err := nmf.Fit(ctx, x, 4, &nmf.Options{Loss: loss.KL, Run: run(3)})
	require.NoError(t, err)
	y := r.Reconstruct()
	for j := range x.Cols { // H was updated last: column sums agree
		var a, b float64
		for i := range x.Rows {
			a += x.At(i, j)
			b += y.At(i, j)
		}
		assert.InEpsilon(t, a, b, 1e-12)
	}
}

func TestTransposedProblemGivesTransposedFactors(t *testing.T) {
	x := positive[float64](7, 21, 33, 1)
	start := &nmf.Model[float64]{W: positive[float64](8, 21, 4, 1), H: positive[float64](9, 4, 33, 1)}
	turned := &nmf.Model[float64]{W: start.H.Transpose(), H: start.W.Transpose()}
	for _, o := range []nmf.Options{
		{Method: nmf.HALS{Inner: 1}, W: reg.L1(.1), H: reg.L2(.2)},
		{Method: nmf.HALS{Inner: 1, Extrapolate: true}, W: reg.L1(.1), H: reg.L2(.2)},
		{Method: nmf.HALS{Exact: true, Extrapolate: true}},
		{Method: nmf.ANLS{}, W: reg.L1(.1), H: reg.L2(.2)},
		{Method: nmf.ALS{}, W: reg.L2(.1), H: reg.L2(.2)},
		{Loss: loss.KL, W: reg.L1(.1), H: reg.L2(.2)},
		{Loss: loss.IS},
	} {
		o.Run, o.Init = run(20), start
		a, err := nmf.Fit(ctx, x, 4, &o)
		require.NoError(t, err)
		o.Order, o.Init, o.W, o.H = nmf.OrderHW, turned, o.H, o.W
		b, err := nmf.Fit(ctx, x.Transpose(), 4, &o)
		require.NoError(t, err)
		assert.InDeltaSlice(t, a.W.Data, b.H.Transpose().Data, 1e-11)
		assert.InDeltaSlice(t, a.H.Data, b.W.Transpose().Data, 1e-11)
	}
}

func TestWarmStartComesBackExactly(t *testing.T) {
	x := positive[float64](10, 12, 9, 1)
	start := &nmf.Model[float64]{W: positive[float64](11, 12, 3, 40), H: positive[float64](12, 3, 9, 1e-3)}
	keep := start.Clone()
	for _, l := range []loss.Loss{loss.Frobenius, loss.KL} {
		r, err := nmf.Fit(ctx, x, 3, &nmf.Options{Loss: l, Init: start, Run: run(0)})
		require.NoError(t, err)
		assert.Equal(t, keep, r.Model)
		assert.Equal(t, keep, start, "the start must not be written")
	}
	// A whole result is a start, too; it goes on where it ended.
	a, err := nmf.Fit(ctx, x, 3, &nmf.Options{Method: nmf.HALS{}, Run: run(10)})
	require.NoError(t, err)
	b, err := nmf.Fit(ctx, x, 3, &nmf.Options{Method: nmf.HALS{}, Init: a, Run: run(10)})
	require.NoError(t, err)
	c, err := nmf.Fit(ctx, x, 3, &nmf.Options{Method: nmf.HALS{}, Run: run(20)})
	require.NoError(t, err)
	assert.Equal(t, c.Model, b.Model)
}

func TestBalancedStartKeepsItsReconstruction(t *testing.T) {
	x := positive[float64](13, 12, 9, 1)
	start := &nmf.Model[float64]{W: positive[float64](14, 12, 3, 1e3), H: positive[float64](15, 3, 9, 1)}
	r, err := nmf.Fit(ctx, x, 3, &nmf.Options{Init: start, W: reg.L1(.1), H: reg.L2(.3).Plus(reg.L1(.1)), Run: run(0)})
	require.NoError(t, err)
	assert.Equal(t, nmf.BalanceEvery, r.Options.Balance)
	assert.InDeltaSlice(t, start.Reconstruct().Data, r.Reconstruct().Data, 1e-9)
	assert.NotEqual(t, start.W.Data, r.W.Data)
}

func TestSplitOfPenaltiesDoesNotMatterWhenBalanced(t *testing.T) {
	// Only the product of the weights counts.
	x := lowRank[float64](16, 30, 25, 3)
	fit := func(w, h float64) float64 {
		r, err := nmf.Fit(ctx, x, 3, &nmf.Options{W: reg.L1(w), H: reg.L1(h), Run: run(400)})
		require.NoError(t, err)
		return r.Objective()
	}
	assert.InEpsilon(t, fit(.3, .3), fit(30, .003), 1e-6)
}

func TestSameBitsForAnyNumberOfWorkers(t *testing.T) {
	t.Run("float64", sameBits[float64])
	t.Run("float32", sameBits[float32])
}

func sameBits[T asm.Float](t *testing.T) {
	x := positive[T](17, 70, 1100, 1)
	for _, o := range []nmf.Options{
		{}, {Method: nmf.HALS{}}, {Method: nmf.HALS{Exact: true, Extrapolate: true}}, {Method: nmf.MU{Inner: 2}}, {Order: nmf.OrderHW},
		{Method: nmf.ANLS{}, W: reg.L1(.1), H: reg.L1(.1)}, {Method: nmf.ALS{}}, {Loss: loss.KL, Method: nmf.MU{}},
		{Loss: loss.KL, W: reg.L1(.1), H: reg.L1(.1)}, {Loss: loss.Beta(.5)}, {Balance: nmf.BalanceBlock, W: reg.L1(.1), H: reg.L1(.1)},
	} {
		var first *nmf.Result[T]
		for _, workers := range []int{1, 2, 3, 2} {
			o.Workers, o.Run = workers, run(5)
			r, err := nmf.Fit(ctx, x, 6, &o)
			require.NoError(t, err)
			if first == nil {
				first = r
				continue
			}
			require.Equal(t, first.Model, r.Model, "%v with %d workers", o.Method, workers)
			require.Equal(t, first.Loss, r.Loss)
			require.Equal(t, first.KKT, r.KKT)
		}
	}
}

func TestSeedsAreDifferentStarts(t *testing.T) {
	x := positive[float64](18, 10, 8, 1)
	a, err := nmf.Fit(ctx, x, 3, &nmf.Options{Init: nmf.Random{}, Run: run(0)})
	require.NoError(t, err)
	b, err := nmf.Fit(ctx, x, 3, &nmf.Options{Init: nmf.Random{}, Run: run(0), Seed: 1})
	require.NoError(t, err)
	assert.NotEqual(t, a.W.Data, b.W.Data)
	assert.NotEqual(t, a.W.Data[:8], a.H.Data[:8], "W and H have streams of their own")
}

func TestStartIsScaledToTheData(t *testing.T) {
	x := positive[float64](19, 20, 15, 1)
	for _, o := range []nmf.Options{{}, {W: reg.L1(.1), H: reg.L2(.2)}, {Loss: loss.KL}, {Loss: loss.KL, W: reg.L1(1), H: reg.L2(1)}} {
		o.Run = run(0)
		scaled, err := nmf.Fit(ctx, x, 4, &o)
		require.NoError(t, err)
		// No other common factor of the start gives a lower objective.
		for _, f := range []float64{.99, 1.01} {
			m := scaled.Model.Clone()
			for _, b := range []*matrix.Dense[float64]{m.W, m.H} {
				for i := range b.Data {
					b.Data[i] *= f
				}
			}
			p := o
			p.Init, p.Balance = m, nmf.BalanceNone
			other, err := nmf.Fit(ctx, x, 4, &p)
			require.NoError(t, err)
			assert.Greater(t, other.Objective(), scaled.Objective())
		}
	}
}

func TestCancelledFitReturnsItsModel(t *testing.T) {
	why := errors.New("enough")
	c, cancel := context.WithCancelCause(ctx)
	o := nmf.Options{Run: run(1000)}
	var snapshot *nmf.Model[float64]
	o.Run.Observe = []solver.Observer{func(e solver.Event) bool {
		if e.Iter == 5 {
			snapshot = e.Snapshot().(*nmf.Model[float64])
			cancel(why)
		}
		return false
	}}
	x := positive[float64](20, 20, 15, 1)
	r, err := nmf.Fit(c, x, 4, &o)
	require.ErrorIs(t, err, why)
	require.NotNil(t, r)
	assert.Equal(t, solver.Cancelled, r.Status)
	assert.Equal(t, 5, r.Iterations)
	assert.Equal(t, snapshot, r.Model)
	want, err := nmf.Fit(ctx, x, 4, &nmf.Options{Run: run(5)})
	require.NoError(t, err)
	assert.Equal(t, want.Model, r.Model)
}

func TestFixedFactorStays(t *testing.T) {
	x := positive[float64](21, 20, 15, 1)
	start := &nmf.Model[float64]{W: positive[float64](22, 20, 4, 1), H: positive[float64](23, 4, 15, 1)}
	for _, o := range []nmf.Options{
		{}, {Order: nmf.OrderHW}, {Method: nmf.HALS{}}, {Method: nmf.HALS{Exact: true, Extrapolate: true}},
		{Loss: loss.KL}, {Loss: loss.KL, Method: nmf.MU{}}, {Method: nmf.ANLS{}}, {Method: nmf.ALS{}},
	} {
		o.Init, o.Run = start, run(30)
		fixed := o
		fixed.FixW, fixed.H, fixed.ScaleInit = true, reg.L1(.01), solver.Set(true)
		r, err := nmf.Fit(ctx, x, 4, &fixed)
		require.NoError(t, err)
		assert.Equal(t, start.W, r.W)
		assert.Zero(t, r.KKT[0])
		assert.Less(t, r.Objective(), r.Trace[0].Objective(), "%v", o.Method)
		o.FixH = true
		r, err = nmf.Fit(ctx, x, 4, &o)
		require.NoError(t, err)
		assert.Equal(t, start.H, r.H)
		assert.Less(t, r.Objective(), r.Trace[0].Objective(), "%v", o.Method)
	}
}

func TestSweepsAllocateNothing(t *testing.T) {
	racing.CountsAllocations(t)
	x := positive[float64](24, 300, 700, 1)
	count := func(o nmf.Options, sweeps int) uint64 {
		o.Run, o.Workers = run(sweeps), 2
		o.Run.TraceEvery = 1000
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := nmf.Fit(ctx, x, 5, &o)
		runtime.ReadMemStats(&after)
		require.NoError(t, err)
		return after.Mallocs - before.Mallocs
	}
	for _, o := range []nmf.Options{
		{}, {W: reg.L1(.1), H: reg.L1(.1)}, {Order: nmf.OrderHW}, {Method: nmf.HALS{}}, {Method: nmf.HALS{Exact: true, Extrapolate: true}},
		{Method: nmf.MU{}}, {Loss: loss.KL, W: reg.L1(.1), H: reg.L1(.1)}, {Loss: loss.IS}, {Method: nmf.ANLS{}}, {Method: nmf.ALS{}},
		{Balance: nmf.BalanceBlock, W: reg.L1(.1), H: reg.L1(.1)}, {Loss: loss.KL, Balance: nmf.BalanceBlock, W: reg.L1(.1), H: reg.L1(.1)},
	} {
		few := count(o, 2)
		most := max(few, count(o, 2))
		many := count(o, 32)
		// The runtime itself allocates now and then; 30 sweeps would add 30.
		assert.Less(t, many, most+20, "%v %v", o.Loss, o.Method)
	}
}

// A run takes 24·(m+n)·r numbers and 16 MB beside the data, all that it ever
// allocates counted.
func TestFitHoldsNothingOfTheSizeOfTheData(t *testing.T) {
	if testing.Short() {
		t.Skip("counts the same at every level")
	}
	const mb = 1 << 20
	for _, shape := range [][2]int{{400, 20000}, {20000, 400}, {1500, 1500}} {
		m, n, r := shape[0], shape[1], 20
		x := positive[float64](27, m, n, 1)
		for _, o := range []nmf.Options{
			{}, {Method: nmf.HALS{}}, {Method: nmf.HALS{Exact: true}}, {Method: nmf.MU{}}, {Method: nmf.MU{Extrapolate: true}}, {Method: nmf.ANLS{}}, {Method: nmf.ALS{}},
			{Loss: loss.KL}, {Loss: loss.KL, Method: nmf.MU{}, W: reg.L1(.1), H: reg.L1(.1)}, {Loss: loss.IS}, {Loss: loss.Beta(.5)},
		} {
			o.Init, o.Workers, o.Run = nmf.Random{}, 2, run(2)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := nmf.Fit(ctx, x, r, &o)
			runtime.ReadMemStats(&after)
			require.NoError(t, err)
			words := float64(after.TotalAlloc-before.TotalAlloc-16*mb) / 8
			if after.TotalAlloc-before.TotalAlloc < 16*mb {
				words = 0
			}
			assert.LessOrEqual(t, words, 24.*float64((m+n)*r), "%d x %d, %v, %v: %.1f", m, n, o.Loss, o.Method, words/float64((m+n)*r))
		}
	}
}

func TestKKTResidualFallsAndIsFreeOfScale(t *testing.T) {
	for _, o := range []nmf.Options{{}, {Loss: loss.KL, W: reg.L1(.01), H: reg.L1(.01)}} {
		x := positive[float64](25, 20, 15, 1)
		o.Run = run(3)
		early, err := nmf.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		o.Run = run(20000)
		late, err := nmf.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		for b := range 2 {
			assert.Less(t, late.KKT[b], 1e-3, "%v %d", o.Loss, b)
			assert.LessOrEqual(t, late.KKT[b], early.KKT[b]+1e-12)
		}
	}
	x := positive[float64](25, 20, 15, 1)
	a, err := nmf.Fit(ctx, x, 3, &nmf.Options{Run: run(3)})
	require.NoError(t, err)
	for i := range x.Data {
		x.Data[i] *= 1 << 40
	}
	b, err := nmf.Fit(ctx, x, 3, &nmf.Options{Run: run(3)})
	require.NoError(t, err)
	assert.InDelta(t, a.KKT[0], b.KKT[0], 1e-9)
}

func TestStrongPenaltiesPruneAndAreReported(t *testing.T) {
	x := lowRank[float64](26, 30, 25, 3)
	// True rank 3; a ridge on both factors empties the surplus components.
	r, err := nmf.Fit(ctx, x, 6, &nmf.Options{W: reg.L1(1), H: reg.L1(1), Run: run(2000)})
	require.NoError(t, err)
	assert.NotEmpty(t, r.Pruned)
	for _, q := range r.Pruned {
		assert.Zero(t, r.Beta[q])
		for i := range x.Rows {
			assert.Zero(t, r.W.At(i, q))
		}
	}
	assert.Len(t, r.Beta, 6)
	// A penalty above any use gives the zero model, not NaN.
	r, err = nmf.Fit(ctx, x, 6, &nmf.Options{W: reg.L1(1e6), H: reg.L1(1e6)})
	require.NoError(t, err)
	assert.Len(t, r.Pruned, 6)
	assert.Equal(t, 1.0, r.RelError)
}

func TestStateRestoredGoesOnWithTheSameBits(t *testing.T) {
	nmf.CheckStateRoundTrip(t)
}

func ExampleFit() {
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
	fmt.Println(r.Formula())
	fmt.Println(r.Status, r.RelError < 1e-3)
	// Output:
	// 1/2·||X - W·H||_F^2
	// converged true
}

func ExampleFit_penalties() {
	x := matrix.Of(2, 3, []float64{4, 0, 2, 0, 3, 1})
	r, err := nmf.Fit(context.Background(), x, 2, &nmf.Options{
		Loss: loss.KL,
		W:    reg.L1(.1), H: reg.L1(.1).Plus(reg.L2(.01)),
		Run: solver.Options{MaxIter: solver.Set(200)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Formula())
	fmt.Println(r.Options.Method, r.Options.Balance)
	// Output:
	// D_KL(X | W·H) + 0.1·||W||_1 + 0.1·||H||_1 + 0.01·||H||_F^2
	// mu every
}
