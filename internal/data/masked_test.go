package data_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/par"
	"polyad/internal/racing"
	"polyad/loss"
	"polyad/matrix"
)

// masks returns masks of an m x n matrix: with few, many and most entries
// missing, with a whole row, column and part of a row missing, and with one
// entry alone. What lies behind the last column is random.
func masks(r *rand.Rand, m, n int) []*matrix.Mask {
	var all []*matrix.Mask
	for _, share := range []float64{0, .01, .3, .95} {
		mask := matrix.NewMask(m, n)
		for k := range mask.Bits {
			mask.Bits[k] = r.Uint64()
		}
		for i := range m {
			for j := range n {
				mask.Set(i, j, r.Float64() >= share)
			}
		}
		if share == .3 {
			for j := range n {
				mask.Set(m/2, j, j < n/2)
				mask.Set(m-1, j, false)
			}
			for i := range m {
				mask.Set(i, n/3, false)
			}
		}
		mask.Set(0, 0, true)
		all = append(all, mask)
	}
	one := matrix.NewMask(m, n)
	one.Set(m-1, n-1, true)
	return append(all, one)
}

// spoil writes v where entries are missing.
func spoil[T asm.Float](x *matrix.Dense[T], mask *matrix.Mask, v T) {
	for i := range x.Rows {
		for j := range x.Cols {
			if !mask.At(i, j) {
				x.Set(i, j, v)
			}
		}
	}
}

func TestMaskedProductsMatchTheirDefinition(t *testing.T) {
	both(t, testMaskedProducts[float32], testMaskedProducts[float64])
}

func testMaskedProducts[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(41, 1))
	next := 0
	sizes(func(m, n int) {
		w, _ := strided[T](r, m, 1+next%9)
		h, _ := strided[T](r, 1+next%9, n)
		for k, mask := range masks(r, m, n) {
			x, _ := strided[T](r, m, n)
			spoil(x, mask, T(math.NaN()))
			c := [][2]float64{{1, 0}, {4, 0}, {.125, .5}, {1, .5}}[next%4]
			next++
			if m*n > 5000 && next%3 != 0 {
				continue
			}
			d := data.NewMasked(x, mask, c[0], c[1], 1)
			for i, b := range betas {
				if m*n > 5000 && (i+next/3)%3 != 0 {
					continue
				}
				l := loss.Beta(b)
				ref := referenceMasked(l, x, mask, w, h, c[0], c[1])
				got := run(d, l, w, h, nil)
				what := []any{m, "x", n, ", mask ", k, ", scale and floor ", c, ", beta ", b}
				near(t, n, ref.wNum, got.wNum, append(what, ", W numerator")...)
				near(t, n, ref.wDen, got.wDen, append(what, ", W denominator")...)
				near(t, m, ref.hNum, got.hNum, append(what, ", H numerator")...)
				near(t, m, ref.hDen, got.hDen, append(what, ", H denominator")...)
				near(t, n, ref.vht, got.vht, append(what, ", VHt")...)
				near(t, m, ref.wtv, got.wtv, append(what, ", WtV")...)
				tol := 1e-11
				if asm.SizeOf[T]() == 4 {
					tol = 1e-4
				}
				require.InEpsilon(t, ref.squares, got.squares, tol, what...)
				require.InEpsilon(t, ref.divergence, got.divergence, tol, what...)
			}
			testMaskedStats(t, d.Stats(), x, mask, c[0], c[1])
		}
	})
}

// testMaskedStats compares the statistics with those of the observed entries in
// a row of their own.
func testMaskedStats[T asm.Float](t *testing.T, s data.Stats, x *matrix.Dense[T], mask *matrix.Mask, scale, floor float64) {
	var seen []T
	for i := range x.Rows {
		for j, v := range x.Row(i) {
			if mask.At(i, j) {
				seen = append(seen, v)
			}
		}
	}
	want := data.NewDense(matrix.Of(1, len(seen), seen), scale, floor, 1).Stats()
	require.Equal(t, want.Count, s.Count)
	require.Equal(t, want.Min, s.Min)
	require.Equal(t, want.Max, s.Max)
	require.InEpsilon(t, want.Sum, s.Sum, 1e-13)
	require.InEpsilon(t, want.Squares, s.Squares, 1e-13)
	require.InEpsilon(t, want.Mean(), s.Mean(), 1e-13)
}

func TestNothingBehindAMaskHasAnyEffect(t *testing.T) {
	types := func(t *testing.T) { both(t, testBehind[float32], testBehind[float64]) }
	for _, level := range asm.Levels() {
		restore, err := asm.Use(level)
		require.NoError(t, err)
		t.Run(level.String(), types)
		restore()
	}
}

func testBehind[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(42, 1))
	const m, n = 19, 270
	w, _ := strided[T](r, m, 6)
	h, _ := strided[T](r, 6, n)
	for _, c := range [][2]float64{{1, 0}, {.125, 0}, {2, .5}} {
		for k, mask := range masks(r, m, n) {
			x, _ := strided[T](r, m, n)
			for i, b := range betas {
				if (i+k)%2 == 0 && b != 2 {
					continue
				}
				spoil(x, mask, 0)
				want := run(data.NewMasked(x, mask, c[0], c[1], 1), loss.Beta(b), w, h, nil)
				for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -5} {
					spoil(x, mask, T(v))
					got := run(data.NewMasked(x, mask, c[0], c[1], 1), loss.Beta(b), w, h, nil)
					require.Equal(t, want, got, "mask %d, beta %v, %v behind it", k, b, v)
				}
			}
		}
	}
}

// TestLossOfMissingEntriesIsZero has observed entries where the model is exact,
// so that what is missing would be all that there is.
func TestLossOfMissingEntriesIsZero(t *testing.T) { both(t, testNoLoss[float32], testNoLoss[float64]) }

func testNoLoss[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(43, 1))
	for _, size := range []float64{1, 0, 1e-6, 1e5} {
		x := matrix.New[T](20, 150)
		w, h := matrix.New[T](20, 1), matrix.New[T](1, 150)
		w.Data[0], h.Data[0] = 1, T(size)
		x.Data[0] = T(size)
		mask := matrix.NewMask(20, 150)
		mask.Set(0, 0, true)
		for i := 1; i < 20; i++ {
			w.Data[i] = T(r.Float64())
		}
		for _, b := range betas {
			if size == 0 && b <= 0 {
				continue
			}
			got := run(data.NewMasked(x, mask, 1, 0, 1), loss.Beta(b), w, h, nil)
			require.Zero(t, got.divergence, "size %v, beta %v", size, b)
			require.Zero(t, got.squares)
		}
	}
}

func TestMaskWithoutHolesChangesLittle(t *testing.T) {
	r := rand.New(rand.NewPCG(44, 1))
	x, _ := strided[float64](r, 40, 600)
	w, _ := strided[float64](r, 40, 5)
	h, _ := strided[float64](r, 5, 600)
	full := matrix.MaskOf(x)
	for _, b := range betas {
		want := run(data.NewDense(x, 1, 0, 1), loss.Beta(b), w, h, nil)
		got := run(data.NewMasked(x, full, 1, 0, 1), loss.Beta(b), w, h, nil)
		for _, p := range [][2]*matrix.Dense[float64]{{want.vht, got.vht}, {want.wtv, got.wtv}, {want.wDen, got.wDen}, {want.hNum, got.hNum}} {
			require.InEpsilonSlice(t, p[0].Data, p[1].Data, 1e-13)
		}
		require.Equal(t, want.divergence, got.divergence)
	}
}

// TestMissingEntriesAreTheMeanWithoutAModel looks at the products of the Dense
// within, for which there is no model.
func TestMissingEntriesAreTheMeanWithoutAModel(t *testing.T) {
	r := rand.New(rand.NewPCG(47, 1))
	for _, c := range [][2]float64{{1, 0}, {4, 0}, {.5, .5}} {
		x, _ := strided[float64](r, 40, 600)
		w, _ := strided[float64](r, 40, 5)
		h, _ := strided[float64](r, 5, 600)
		mask := masks(r, 40, 600)[2]
		spoil(x, mask, math.Inf(1))
		d := data.NewMasked(x, mask, c[0], c[1], 1)
		filled := x.Clone()
		spoil(filled, mask, d.Stats().Mean()/c[0])
		want := run(data.NewDense(filled, c[0], c[1], 1), loss.Frobenius, w, h, nil)
		got := run(d.Dense, loss.Frobenius, w, h, nil)
		require.InEpsilonSlice(t, want.vht.Data, got.vht.Data, 1e-13)
		require.InEpsilonSlice(t, want.wtv.Data, got.wtv.Data, 1e-13)
	}
}

func TestMaskedWorkersGiveTheSameBits(t *testing.T) {
	both(t, testMaskedWorkers[float32], testMaskedWorkers[float64])
}

func testMaskedWorkers[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(45, 1))
	x, _ := strided[T](r, 150, 530)
	w, _ := strided[T](r, 150, 6)
	h, _ := strided[T](r, 6, 530)
	mask := masks(r, 150, 530)[2]
	for _, l := range []loss.Loss{loss.Frobenius, loss.KL, loss.IS, loss.Beta(1.5)} {
		want := run(data.NewMasked(x, mask, 2, .1, 1), l, w, h, nil)
		for workers := 2; workers <= 3; workers++ {
			pool := par.New(workers)
			require.Equal(t, want, run(data.NewMasked(x, mask, 2, .1, workers), l, w, h, pool), "%v, %d workers", l, workers)
			pool.Close()
		}
	}
}

func TestMaskedPassesAllocateNothing(t *testing.T) {
	racing.CountsAllocations(t)
	both(t, testMaskedAllocations[float32], testMaskedAllocations[float64])
}

func testMaskedAllocations[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(46, 1))
	x, _ := strided[T](r, 20, 530)
	w, _ := strided[T](r, 20, 6)
	h, _ := strided[T](r, 6, 530)
	a, b := matrix.New[T](20, 6), matrix.New[T](6, 530)
	q := &data.Quotients[T]{WNum: a, WDen: a.Clone(), HNum: b, HDen: b.Clone()}
	for _, c := range [][2]float64{{1, 0}, {4, .1}} {
		d := data.NewMasked(x, masks(r, 20, 530)[2], c[0], c[1], 1)
		d.UseH(h)
		for _, bt := range betas {
			l := loss.Beta(bt)
			assert.Zero(t, testing.AllocsPerRun(3, func() {
				d.VHt(a, 0, 0, w, h)
				d.WtV(b, 0, 0, w, h)
				d.Quotients(l, 0, 0, w, h, q)
				d.Loss(l, 0, 0, w, h)
			}), "beta %v", bt)
		}
	}
}

func TestOperatorTakesTheMeanForMissingEntries(t *testing.T) {
	r := rand.New(rand.NewPCG(48, 1))
	x, _ := strided[float64](r, 40, 600)
	mask := masks(r, 40, 600)[2]
	spoil(x, mask, math.NaN())
	for _, c := range [][2]float64{{1, 0}, {4, .2}} {
		d := data.NewMasked(x, mask, c[0], c[1], 2)
		filled := x.Clone()
		spoil(filled, mask, d.Stats().Mean()/c[0])
		same := data.NewDense(filled, c[0], c[1], 2)
		pool := par.New(2)
		right, left := matrix.New[float64](600, 2), matrix.New[float64](40, 2)
		for i := range right.Data {
			right.Data[i] = r.Float64()
		}
		for i := range left.Data {
			left.Data[i] = r.Float64()
		}
		want, got := [2]*matrix.Dense[float64]{matrix.New[float64](40, 2), matrix.New[float64](600, 2)}, [2]*matrix.Dense[float64]{matrix.New[float64](40, 2), matrix.New[float64](600, 2)}
		same.Operator(pool).MulTo(want[0], right)
		same.Operator(pool).TMulTo(want[1], left)
		d.Operator(pool).MulTo(got[0], right)
		d.Operator(pool).TMulTo(got[1], left)
		pool.Close()
		require.InEpsilonSlice(t, want[0].Data, got[0].Data, 1e-13)
		require.InEpsilonSlice(t, want[1].Data, got[1].Data, 1e-13)
		a, b := same.Columns()
		sums, squares := d.Columns()
		require.InEpsilonSlice(t, a, sums, 1e-13)
		require.InEpsilonSlice(t, b, squares, 1e-13)
	}
}
