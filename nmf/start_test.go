package nmf_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/golden"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

// begin returns the start itself, without the common scale.
func begin[T asm.Float](t *testing.T, x *matrix.Dense[T], rank int, o nmf.Options) *nmf.Result[T] {
	t.Helper()
	o.Run, o.ScaleInit = run(0), solver.Set(false)
	r, err := nmf.Fit(ctx, x, rank, &o)
	require.NoError(t, err)
	return r
}

func TestGoldenStarts(t *testing.T) {
	cases, err := golden.NMF()
	require.NoError(t, err)
	for name, fill := range map[string]nmf.Fill{"nndsvd": nmf.FillZero, "nndsvda": nmf.FillMean} {
		c := cases[name]
		require.NotEmpty(t, c.ID)
		for _, z := range []string{"", "z"} {
			r := begin(t, c.Inputs["V"+z].Matrix(), 4, nmf.Options{Init: nmf.NNDSVD{Fill: fill}})
			require.NoError(t, c.Outputs["W"+z].Check(r.W.Data), name)
			require.NoError(t, c.Outputs["H"+z].Check(r.H.Data), name)
		}
	}
	c := cases["spa"]
	v, indices := c.Inputs["V"].Matrix(), c.Outputs["indices"].Data
	got := nmf.SuccessiveColumns(v, len(indices))
	for k, j := range indices {
		require.Equal(t, int(j), got[k])
	}
	r := begin(t, v, len(indices), nmf.Options{Init: nmf.SPA{}})
	for k, j := range got {
		for i := range v.Rows {
			require.Equal(t, v.At(i, j), r.W.At(i, k), "W is columns of the data")
		}
	}

	// α = <WᵀV, H>/<WᵀW, HHᵀ> is the scale of the product.
	c = cases["opt_scale"]
	start := &nmf.Model[float64]{W: c.Inputs["W0"].Matrix(), H: c.Inputs["H0"].Matrix()}
	fit, err := nmf.Fit(ctx, c.Inputs["V"].Matrix(), start.Rank(), &nmf.Options{Init: start, ScaleInit: solver.Set(true), Run: run(0)})
	require.NoError(t, err)
	root := math.Sqrt(c.Outputs["alpha"].Data[0])
	for i, v := range start.W.Data {
		require.InEpsilon(t, v*root, fit.W.Data[i], 1e-11)
	}
	for i, v := range start.H.Data {
		require.InEpsilon(t, v*root, fit.H.Data[i], 1e-11)
	}
}

func TestSuccessiveProjectionFindsPureColumns(t *testing.T) {
	t.Run("float64", pureColumns[float64])
	t.Run("float32", pureColumns[float32])
}

func pureColumns[T asm.Float](t *testing.T) {
	// Columns 3, 8 and 12 are pure, the others mixtures of them.
	pure := positive[T](31, 20, 3, 1)
	h := positive[T](32, 3, 15, 1)
	for k, j := range []int{3, 8, 12} {
		for s := range 3 {
			h.Set(s, j, 0)
		}
		h.Set(k, j, 5)
	}
	x := (&nmf.Model[T]{W: pure, H: h}).Reconstruct()
	assert.ElementsMatch(t, []int{3, 8, 12}, nmf.SuccessiveColumns(x, 3))
	assert.Len(t, nmf.SuccessiveColumns(x, 10), 3, "nothing is left after three")
	r := begin(t, x, 3, nmf.Options{Init: nmf.SPA{}})
	assert.Less(t, r.RelError, 1e-5, "H solves the least squares")
}

var everyStart = []nmf.Start{
	nmf.Random{}, nmf.NNDSVD{}, nmf.NNDSVD{Fill: nmf.FillMean}, nmf.NNDSVD{Fill: nmf.FillRandom}, nmf.SPA{},
}

func TestStartsDoNotDependOnTheUnits(t *testing.T) {
	x := positive[float64](33, 22, 17, 1)
	clear(x.Row(4))
	for _, s := range everyStart {
		for _, o := range []nmf.Options{{}, {Method: nmf.MU{}}, {Loss: loss.KL}} {
			if s == nmf.Start(nmf.NNDSVD{}) && (o.Method != nil || o.Loss != loss.Frobenius) {
				continue
			}
			o.Init, o.Run = s, run(3)
			a, err := nmf.Fit(ctx, x, 5, &o)
			require.NoError(t, err, "%v", s)
			for _, e := range []int{40, -40, 200, -200} { // powers of four, worked on at their own scale from 60 on
				y := x.Clone()
				for i := range y.Data {
					y.Data[i] = math.Ldexp(y.Data[i], e)
				}
				b, err := nmf.Fit(ctx, y, 5, &o)
				require.NoError(t, err)
				assert.InEpsilon(t, a.RelError, b.RelError, 1e-9, "%v at 2^%d", s, e)
			}
		}
	}
}

func TestStartsGiveTheSameBits(t *testing.T) {
	t.Run("float64", startBits[float64])
	t.Run("float32", startBits[float32])
}

func startBits[T asm.Float](t *testing.T) {
	x := positive[T](34, 120, 90, 1) // wide enough for a sketch
	for _, s := range everyStart {
		var first *nmf.Result[T]
		for _, workers := range []int{1, 2, 3} {
			r, err := nmf.Fit(ctx, x, 4, &nmf.Options{Init: s, Workers: workers, Run: run(2)})
			require.NoError(t, err)
			if first == nil {
				first = r
			}
			require.Equal(t, first.Model, r.Model, "%v with %d workers", s, workers)
		}
	}
}

func TestSketchIsCloseToTheExactStart(t *testing.T) {
	// Rank 4 within 200 x 150: an exact decomposition and the sketch agree.
	x := lowRank[float64](35, 200, 150, 4)
	a := begin(t, x, 4, nmf.Options{Init: nmf.NNDSVD{}, Seed: 1})
	b := begin(t, x, 4, nmf.Options{Init: nmf.NNDSVD{}, Seed: 2})
	assert.InDeltaSlice(t, a.W.Data, b.W.Data, 1e-9)
	assert.InDeltaSlice(t, a.H.Data, b.H.Data, 1e-9)
}

func TestSurplusComponentsAreSmallAndUnlike(t *testing.T) {
	t.Run("float64", surplus[float64])
	t.Run("float32", surplus[float32])
}

func surplus[T asm.Float](t *testing.T) {
	for name, x := range map[string]*matrix.Dense[T]{"above the shape": positive[T](36, 6, 5, 1), "above the rank": lowRank[T](37, 30, 25, 3)} {
		for _, s := range everyStart[1:] {
			r := begin(t, x, 8, nmf.Options{Init: s})
			seen := map[T]bool{}
			for k := range 8 {
				h := r.H.At(k, 0) + r.H.At(k, 1) + r.H.At(k, 2)
				if k >= 6 {
					assert.Positive(t, h, "%s, %v", name, s)
					assert.False(t, seen[h], "%s, %v: component %d is like another", name, s, k)
				}
				seen[h] = true
			}
			other := begin(t, x, 8, nmf.Options{Init: s, Seed: 5})
			assert.NotEqual(t, r.H.Row(7), other.H.Row(7), "the seed counts")
			o := nmf.Options{Init: s, Run: run(200)}
			end, err := nmf.Fit(ctx, x, 8, &o)
			require.NoError(t, err)
			finite(t, end, fmt.Sprint(name, s))
			assert.Less(t, end.RelError, .1)
		}
	}
}

func TestStartsOfOddDataEndCleanly(t *testing.T) {
	t.Run("float64", oddStarts[float64])
	t.Run("float32", oddStarts[float32])
}

func oddStarts[T asm.Float](t *testing.T) {
	single := matrix.New[T](6, 5)
	single.Set(3, 2, 1)
	spread := positive[T](3, 6, 5, 1)
	for i := range spread.Data {
		spread.Data[i] = T(math.Pow(10, float64(i%25)-12))
	}
	for name, x := range map[string]*matrix.Dense[T]{
		"zero": matrix.New[T](6, 5), "single": single, "1x1": matrix.Of(1, 1, []T{2}), "1x5": positive[T](1, 1, 5, 1), "5x1": positive[T](2, 5, 1, 1),
		"spread": spread, "1e-30": positive[T](4, 6, 5, 1e-30), "1e30": positive[T](5, 6, 5, 1e30), "view": positive[T](6, 9, 8, 1).View(1, 2, 6, 5),
	} {
		keep := x.Clone()
		for _, s := range everyStart {
			for _, o := range []nmf.Options{{}, {Loss: loss.KL}, {Loss: loss.Beta(.5), W: reg.L1(1e-3), H: reg.L1(1e-3)}, {Method: nmf.MU{}}} {
				if s == nmf.Start(nmf.NNDSVD{}) && (o.Method != nil || o.Loss != loss.Frobenius) {
					continue
				}
				for _, rank := range []int{1, 3, 9} {
					o.Init, o.Run = s, run(4)
					r, err := nmf.Fit(ctx, x, rank, &o)
					require.NoError(t, err, "%s, %v, %v", name, s, o.Loss)
					finite(t, r, fmt.Sprint(name, s))
				}
			}
		}
		assert.Equal(t, keep.Clone(), x.Clone(), "the data must not be written")
	}
}

func TestMultiplicativeUpdatesDoNotBeginWithZeros(t *testing.T) {
	x := lowRank[float64](38, 20, 15, 4)
	for _, s := range everyStart {
		o := nmf.Options{Loss: loss.KL, Init: s, Run: run(0), Eps: solver.Set(0.0)}
		r, err := nmf.Fit(ctx, x, 4, &o)
		if s == nmf.Start(nmf.NNDSVD{}) {
			require.ErrorIs(t, err, nmf.ErrOption)
			require.ErrorContains(t, err, "nndsvda")
			continue
		}
		require.NoError(t, err)
		for _, v := range append(r.W.Data, r.H.Data...) {
			require.Positive(t, v, "%v", s)
		}
	}
}

func TestDefaultStartIsTheFilledOne(t *testing.T) {
	x := positive[float64](39, 12, 9, 1)
	for _, l := range []loss.Loss{loss.Frobenius, loss.KL} {
		a, err := nmf.Fit(ctx, x, 3, &nmf.Options{Loss: l, Run: run(2)})
		require.NoError(t, err)
		b, err := nmf.Fit(ctx, x, 3, &nmf.Options{Loss: l, Init: nmf.NNDSVD{Fill: nmf.FillMean}, Run: run(2)})
		require.NoError(t, err)
		assert.Equal(t, b.Model, a.Model)
		assert.Equal(t, nmf.Start(nmf.NNDSVD{Fill: nmf.FillMean}), a.Options.Init)
	}
}

func TestOnlyTheProductOfThePenaltiesCountsFromTheStart(t *testing.T) {
	x := lowRank[float64](16, 30, 25, 3)
	for _, s := range everyStart {
		begin := func(w, h float64) float64 {
			r, err := nmf.Fit(ctx, x, 3, &nmf.Options{Init: s, W: reg.L1(w), H: reg.L1(h), Run: run(0)})
			require.NoError(t, err)
			return r.Objective()
		}
		assert.InEpsilon(t, begin(.3, .3), begin(30, .003), 1e-10, "%v", s)
	}
}

func ExampleNNDSVD() {
	x := matrix.Of(3, 4, []float64{
		1, 2, 0, 0,
		2, 4, 0, 0,
		0, 0, 3, 1,
	})
	r, err := nmf.Fit(ctx, x, 2, &nmf.Options{Init: nmf.NNDSVD{Fill: nmf.FillRandom}, Seed: 7})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Options.Init, r.RelError < 1e-6)
	// Output: nndsvdar true
}
