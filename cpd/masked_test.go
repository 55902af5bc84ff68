package cpd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cpd"
	"polyad/internal/racing"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

// holes returns a mask by which a share of the entries is missing, but not the
// first one.
func holes(seed uint64, shape []int, share float64) *tensor.Mask {
	r := rand.New(rand.NewPCG(seed, 9))
	m := tensor.NewMask(shape...)
	for i := range m.Len() {
		if i == 0 || r.Float64() >= share {
			m.Bits[i/64] |= 1 << (i % 64)
		}
	}
	return m
}

func seen(m *tensor.Mask, i int) bool { return m.Bits[i/64]>>(i%64)&1 != 0 }

// hide makes slice k of a mode missing.
func hide(m *tensor.Mask, mode, k int) {
	behind := 1
	for _, n := range m.Shape[mode+1:] {
		behind *= n
	}
	for i := range m.Len() {
		if i/behind%m.Shape[mode] == k {
			m.Bits[i/64] &^= 1 << (i % 64)
		}
	}
}

// without returns a copy of x with v where entries are missing.
func without[T asm.Float](x *tensor.Dense[T], m *tensor.Mask, v float64) *tensor.Dense[T] {
	x = x.Clone()
	for i := range x.Data {
		if !seen(m, i) {
			x.Data[i] = T(v)
		}
	}
	return x
}

// observed returns the observed entries.
func observed[T asm.Float](x *tensor.Dense[T], m *tensor.Mask) (v []float64) {
	for i := range x.Data {
		if seen(m, i) {
			v = append(v, float64(x.Data[i]))
		}
	}
	return v
}

func TestObservedObjectiveNeverRisesAndIsThatOfTheModel(t *testing.T) {
	both(t, testObserved[float32], testObserved[float64])
}

func testObserved[T asm.Float](t *testing.T) {
	for k, shape := range [][]int{{9, 8, 7}, {6, 5, 4, 3}, {3, 4, 2, 3, 4}} {
		x := noisy[T](1, shape, 3, true, .3)
		mask := holes(2, shape, []float64{.3, .1, .7}[k])
		hide(mask, 0, 2)
		hide(mask, 2, 1)
		for _, s := range settings() {
			name := fmt.Sprintf("%s %v", s.name, shape)
			if a, ok := s.o.Method.(cpd.ALS); ok && a.LineSearch {
				continue // which needs complete data
			}
			o := s.o
			o.Mask, o.Run = mask, solver.Options{MaxIter: solver.Set(12), Tol: solver.Set(0.0), TraceEvery: 1}
			r, err := cpd.Fit(ctx, without(x, mask, math.NaN()), 4, &o)
			require.NoError(t, err, name)
			a, b := observed(x, mask), observed(r.Reconstruct(), mask)
			require.Equal(t, len(a), r.Observed)
			tol := precision[T](1e-9, 2e-3)
			require.InEpsilon(t, loss.Divergence(o.Loss, a, b), r.Loss, tol, name)
			zero := make([]float64, len(a))
			rel := math.Sqrt(loss.Divergence(loss.Frobenius, a, b) / loss.Divergence(loss.Frobenius, a, zero))
			require.InEpsilon(t, rel, r.RelError, tol, name)
			for i, p := range r.Trace[1:] {
				require.LessOrEqual(t, p.Objective(), r.Trace[i].Objective()*(1+precision[T](1e-12, 1e-5)), "%s sweep %d", name, i+1)
			}
			require.Less(t, r.Objective(), r.Trace[0].Objective(), name)
		}
	}
}

func TestWhatIsBehindAMaskChangesNoBit(t *testing.T) {
	both(t, testBehind[float32], testBehind[float64])
}

func testBehind[T asm.Float](t *testing.T) {
	shape := []int{12, 7, 40}
	mask := holes(3, shape, .3)
	hide(mask, 1, 3)
	sizes := []float64{0x1p-70, 1} // the first is worked on at another scale
	if testing.Short() {
		sizes = sizes[:1]
	}
	for _, size := range sizes {
		x := noisy[T](3, shape, 3, true, .3)
		for i := range x.Data {
			x.Data[i] *= T(size)
		}
		for _, o := range []cpd.Options{
			{}, {Nonneg: cpd.All}, {Method: cpd.ALS{}, Nonneg: cpd.Modes{1}}, {Method: cpd.MU{Inner: 2}}, {Loss: loss.KL}, {Loss: loss.IS, Init: cpd.SVD{}},
			{Loss: loss.Beta(.5)}, {Loss: loss.Beta(3)}, {Init: cpd.Random{}, Restarts: 2},
		} {
			o.Mask, o.Run = mask, sweeps(4)
			var want *cpd.Result[T]
			for i, v := range []float64{0, math.NaN(), math.Inf(1), 1e300, -5} {
				o.Workers = 1 + i%3
				got, err := cpd.Fit(ctx, without(x, mask, v), 3, &o)
				require.NoError(t, err)
				if i == 0 {
					want = got
				}
				require.Equal(t, want.Model, got.Model, "%v %v, %v behind the mask", o.Loss, o.Method, v)
				require.Equal(t, []any{want.Loss, want.RelError, want.KKT}, []any{got.Loss, got.RelError, got.KKT})
			}
		}
	}
}

func TestMaskByWhichNothingIsMissingIsNone(t *testing.T) {
	x := noisy[float64](4, []int{7, 6, 5}, 3, true, .3)
	for _, o := range []cpd.Options{{}, {Loss: loss.KL}, {Init: cpd.Compressed{}}} {
		o.Run.MaxIter = solver.Set(30)
		want, err := cpd.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		o.Mask = tensor.MaskOf(x)
		got, err := cpd.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		require.Equal(t, want.Model, got.Model)
		require.Nil(t, got.Options.Mask)
		require.Equal(t, 210, got.Observed)
	}
}

func TestMissingEntriesOfALowRankArrayAreRecovered(t *testing.T) {
	both(t, testRecovered[float32], testRecovered[float64])
}

func testRecovered[T asm.Float](t *testing.T) {
	shape := []int{11, 10, 9}
	x := model[T](5, shape, 3, true).Reconstruct()
	mask := holes(6, shape, .4)
	for _, c := range []struct {
		o      cpd.Options
		within float64
	}{{cpd.Options{}, 1e-3}, {cpd.Options{Nonneg: cpd.All}, 1e-3}, {cpd.Options{Method: cpd.MU{}, Init: cpd.Random{}}, 3e-2}, {cpd.Options{Loss: loss.KL}, 3e-2}} {
		if testing.Short() && c.o.Loss == loss.KL {
			continue
		}
		o := c.o
		o.Mask, o.Seed = mask, 1
		o.Run = solver.Options{MaxIter: solver.Set(2000), Tol: solver.Set(0.0), TraceEvery: 5,
			Observe: []solver.Observer{func(e solver.Event) bool { return e.RelError < c.within/10 }}}
		r, err := cpd.Fit(ctx, without(x, mask, math.NaN()), 3, &o)
		require.NoError(t, err)
		y := r.Reconstruct()
		var off, all float64
		for i, v := range x.Data {
			if !seen(mask, i) {
				off += float64(v-y.Data[i]) * float64(v-y.Data[i])
				all += float64(v) * float64(v)
			}
		}
		require.Less(t, math.Sqrt(off/all), c.within, "%v %v after %d sweeps", o.Loss, r.Options.Method, r.Iterations)
	}
}

func TestMissingSlicesStayAsTheyAre(t *testing.T) {
	shape := []int{6, 5, 4}
	x, start := noisy[float64](1, shape, 2, true, .2), model[float64](8, shape, 2, true)
	mask := holes(1, shape, .2)
	hide(mask, 1, 2)
	for _, o := range []cpd.Options{{Method: cpd.ALS{}}, {Method: cpd.HALS{Inner: 3}, Nonneg: cpd.All}, {Method: cpd.HALS{}}, {Method: cpd.MU{}}, {Loss: loss.KL}, {Loss: loss.IS}} {
		o.Mask, o.Init, o.Run = mask, start, sweeps(20)
		r, err := cpd.Fit(ctx, x, 2, &o)
		require.NoError(t, err)
		for q, v := range start.Factors[1].Row(2) {
			require.InEpsilon(t, v, r.Factors[1].At(2, q), 1e-10, "%v %v", o.Method, o.Loss)
		}
		require.NotEqual(t, start.Factors[1].Row(1), r.Factors[1].Row(1))
	}
}

func TestMaskedFitsOfOrderTwoAgreeWithNMF(t *testing.T) {
	x := noisy[float64](4, []int{30, 21}, 4, true, .3)
	mask := holes(5, x.Shape, .3)
	start := model[float64](6, x.Shape, 4, true)
	l1 := reg.L1(.1)
	for _, c := range []struct {
		c cpd.Options
		n nmf.Options
	}{
		{cpd.Options{Method: cpd.HALS{Inner: 2}, Nonneg: cpd.All, ScaleInit: solver.Set(true)}, nmf.Options{Method: nmf.HALS{Inner: 2}, ScaleInit: solver.Set(true)}},
		{cpd.Options{Method: cpd.ALS{}, Nonneg: cpd.All, Penalty: cpd.Each(l1)}, nmf.Options{Method: nmf.ANLS{}, W: l1, H: l1}},
		{cpd.Options{Loss: loss.KL, Penalty: cpd.Each(l1), ScaleInit: solver.Set(true)}, nmf.Options{Loss: loss.KL, Method: nmf.MU{}, W: l1, H: l1, ScaleInit: solver.Set(true)}},
		{cpd.Options{Loss: loss.IS, Method: cpd.MU{Inner: 2}}, nmf.Options{Loss: loss.IS, Method: nmf.MU{Inner: 2}}},
		{cpd.Options{Method: cpd.MU{}}, nmf.Options{Method: nmf.MU{}}},
	} {
		c.c.Init, c.n.Init = start, &nmf.Model[float64]{W: start.Factors[0], H: start.Factors[1].Transpose()}
		c.c.Run, c.n.Run = sweeps(20), sweeps(20)
		c.c.Mask, c.n.Mask = mask, mask.Matrix(30, 21)
		a, err := cpd.Fit(ctx, without(x, mask, math.NaN()), 4, &c.c)
		require.NoError(t, err)
		b, err := nmf.Fit(ctx, without(x, mask, -1).Matrix(), 4, &c.n)
		require.NoError(t, err)
		require.Len(t, a.Trace, len(b.Trace))
		for i, p := range a.Trace {
			require.InEpsilon(t, b.Trace[i].Objective(), p.Objective(), 1e-10)
			require.InEpsilon(t, b.Trace[i].RelError, p.RelError, 1e-10)
		}
		require.InDelta(t, b.KKT[0], a.KKT[0], 1e-8)
		require.InDelta(t, b.KKT[1], a.KKT[1], 1e-8)
		for i, v := range matrix.Convert[float64](b.W).Data {
			require.InDelta(t, v, a.Factors[0].Data[i], 1e-8*(1+v))
		}
	}
}

func TestMaskedSweepsAllocateNothing(t *testing.T) {
	racing.CountsAllocations(t)
	x := noisy[float64](1, []int{20, 9, 40}, 3, true, .3)
	for _, o := range []cpd.Options{{}, {Nonneg: cpd.All}, {Method: cpd.MU{}}, {Loss: loss.KL}} {
		o.Mask, o.Workers = holes(1, x.Shape, .3), 2
		sweep, end := cpd.Sweeper(x, 3, &o)
		require.Zero(t, testing.AllocsPerRun(5, sweep), "%v %v", o.Method, o.Loss)
		end()
	}
}

func TestMaskedStateRoundTrip(t *testing.T) {
	x := noisy[float32](1, []int{9, 8, 7}, 3, true, .3)
	for _, o := range []cpd.Options{{}, {Nonneg: cpd.All, Penalty: cpd.Each(reg.L2(.1))}, {Loss: loss.KL}} {
		o.Mask = holes(1, x.Shape, .3)
		cpd.CheckStateRoundTrip(t, x, o)
	}
}

func TestWrongMasksAreRefused(t *testing.T) {
	x := noisy[float64](1, []int{4, 3, 5}, 2, true, .1)
	short := holes(1, x.Shape, .2)
	short.Bits = nil
	for name, c := range map[string]struct {
		o   cpd.Options
		err error
	}{
		"shape":      {cpd.Options{Mask: holes(1, []int{4, 5, 3}, .2)}, cpd.ErrShape},
		"order":      {cpd.Options{Mask: holes(1, []int{4, 15}, .2)}, cpd.ErrShape},
		"words":      {cpd.Options{Mask: short}, cpd.ErrShape},
		"nothing":    {cpd.Options{Mask: tensor.NewMask(4, 3, 5)}, cpd.ErrData},
		"compressed": {cpd.Options{Mask: holes(1, x.Shape, .2), Init: cpd.Compressed{}}, cpd.ErrOption},
	} {
		r, err := cpd.Fit(ctx, x, 2, &c.o)
		require.ErrorIs(t, err, c.err, name)
		require.Nil(t, r, name)
	}
	x.Set(math.NaN(), 0, 0, 0) // which holes observes
	_, err := cpd.Fit(ctx, x, 2, &cpd.Options{Mask: holes(1, x.Shape, .5)})
	require.ErrorIs(t, err, cpd.ErrData)
	require.ErrorContains(t, err, "Options.Mask")
}

func TestOddMaskedProblemsEndCleanly(t *testing.T) {
	both(t, testOddMasked[float32], testOddMasked[float64])
}

func testOddMasked[T asm.Float](t *testing.T) {
	shapes := [][]int{{1, 2}, {3, 1, 2, 1, 4}, {2, 2, 70}, {2, 1, 3}, {1, 5, 4}, {5, 4, 1}}
	if testing.Short() {
		shapes = shapes[:3]
	}
	for k, shape := range shapes {
		one := tensor.NewMask(shape...) // a single entry is observed
		one.Bits[0] = 2
		half := holes(uint64(k), shape, .5)
		half.Bits[0] &^= 2 // something is missing
		hide(half, 0, shape[0])
		for i, x := range []*tensor.Dense[T]{noisy[T](1, shape, 2, true, .1), tensor.New[T](shape...)} {
			for _, mask := range []*tensor.Mask{one, half} {
				for _, s := range settings() {
					if a, ok := s.o.Method.(cpd.ALS); ok && a.LineSearch {
						continue
					}
					o := s.o
					if o.Loss.NeedsPositive() {
						o.Eps = solver.Set(1e-6)
					}
					if m := o.Nonneg; len(m) > 0 && m[len(m)-1] >= len(shape) {
						continue
					}
					o.Mask, o.Run = mask, sweeps(8)
					r, err := cpd.Fit(ctx, without(x, mask, math.NaN()), 7, &o)
					require.NoError(t, err, "%s %v", s.name, shape)
					require.False(t, math.IsNaN(r.Loss+r.RelError), "%s %v", s.name, shape)
					require.LessOrEqual(t, r.Objective(), r.Trace[0].Objective()*(1+precision[T](1e-9, 1e-3))+precision[T](1e-12, 1e-5), "%s %v %d", s.name, shape, i)
				}
			}
		}
	}
}

// With most of an exact array missing, plain methods arrive as well.
func TestFewEntriesOfAnExactArrayAreFitted(t *testing.T) {
	shape := []int{6, 5, 4}
	for name, o := range map[string]cpd.Options{
		"als": {Method: cpd.ALS{}}, "hals": {Method: cpd.HALS{}, Nonneg: cpd.Modes{}},
		"als, nonnegative": {Method: cpd.ALS{}, Nonneg: cpd.All}, "hals, nonnegative": {Method: cpd.HALS{}, Nonneg: cpd.All},
	} {
		for _, nonneg := range []bool{true, false} {
			if !nonneg && len(o.Nonneg) > 0 {
				continue
			}
			good := 0
			for seed := range uint64(10) {
				x := model[float64](300+seed, shape, 2, nonneg).Reconstruct()
				o.Mask, o.Seed = holes(400+seed, shape, .6), seed
				r, err := cpd.Fit(ctx, without(x, o.Mask, math.NaN()), 2, &o)
				require.NoError(t, err)
				if r.RelError < 1e-4 {
					good++
				}
			}
			require.GreaterOrEqual(t, good, 9, "%s of factors of one sign: %v", name, nonneg)
		}
	}
}
