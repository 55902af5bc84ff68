package data_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
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

func TestProductsMatchTheirDefinition(t *testing.T) {
	both(t, testProducts[float32], testProducts[float64])
}

func testProducts[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	next := 0
	sizes(func(m, n int) {
		x, xAround := strided[T](r, m, n)
		w, wAround := strided[T](r, m, 1+next%9)
		h, hAround := strided[T](r, 1+next%9, n)
		before := []*matrix.Dense[T]{xAround.Clone(), wAround.Clone(), hAround.Clone()}
		for _, c := range [][2]float64{{1, 0}, {4, 0}, {.125, .5}, {1, .5}} {
			if m*n > 5000 && next%4 != 0 { // the large ones take turns
				next++
				continue
			}
			next++
			d := data.NewDense(x, c[0], c[1], 1)
			rows, cols := d.Dims()
			require.Equal(t, [2]int{m, n}, [2]int{rows, cols})
			for i, b := range betas {
				if m*n > 5000 && (i+next/4)%3 != 0 {
					continue
				}
				l := loss.Beta(b)
				ref := reference(l, x, w, h, c[0], c[1])
				got := run(d, l, w, h, nil)
				near(t, n, ref.wNum, got.wNum, m, "x", n, ", beta ", b, ", W numerator")
				near(t, n, ref.wDen, got.wDen, m, "x", n, ", beta ", b, ", W denominator")
				near(t, m, ref.hNum, got.hNum, m, "x", n, ", beta ", b, ", H numerator")
				near(t, m, ref.hDen, got.hDen, m, "x", n, ", beta ", b, ", H denominator")
				if b == 2 {
					near(t, n, ref.wNum, got.vht, "VHt")
					near(t, m, ref.hNum, got.wtv, "WtV")
				}
				tol := 1e-12
				if asm.SizeOf[T]() == 4 {
					tol = 1e-5
				}
				require.InEpsilon(t, ref.squares, got.squares, tol)
				require.InEpsilon(t, ref.divergence, got.divergence, tol, "%d x %d, beta %v", m, n, b)
			}
			testStats(t, d.Stats(), data.NewDense(x, c[0], c[1], 1), x, c[0], c[1])
		}
		require.True(t, slices.Equal(before[0].Data, xAround.Data), "the data were written")
		require.True(t, slices.Equal(before[1].Data, wAround.Data), "W was written")
		require.True(t, slices.Equal(before[2].Data, hAround.Data), "H was written")
	})
}

// testStats checks the statistics against the scaled entries, all but the
// squares with their floor.
func testStats[T asm.Float](t *testing.T, s data.Stats, again *data.Dense[T], x *matrix.Dense[T], scale, floor float64) {
	want := data.Stats{Count: x.Rows * x.Cols, Min: math.Inf(1), Max: math.Inf(-1)}
	for i := range x.Rows {
		for _, v := range x.Row(i) {
			e := float64(v)
			if floor > 0 {
				e = max(e, floor)
			}
			e *= scale
			want.Sum += e
			want.Squares += float64(v) * scale * float64(v) * scale // without the floor
			want.Min, want.Max = min(want.Min, e), max(want.Max, e)
		}
	}
	require.Equal(t, want.Count, s.Count)
	require.Equal(t, want.Min, s.Min)
	require.Equal(t, want.Max, s.Max)
	require.InEpsilon(t, want.Sum, s.Sum, 1e-13)
	require.InEpsilon(t, want.Squares, s.Squares, 1e-13)
	require.Equal(t, s, again.Stats())
}

// Blocks with more rows than WtV works on at a time, whatever the level and the data.
func TestWtVOfManyRowsAndComponents(t *testing.T) {
	both(t, testDeepWtV[float32], testDeepWtV[float64])
}

func testDeepWtV[T asm.Float](t *testing.T) {
	const m, n = 300, 700
	r := rand.New(rand.NewPCG(4, 2))
	x, _ := strided[T](r, m, n)
	for _, level := range asm.Levels() {
		restore, err := asm.Use(level)
		require.NoError(t, err)
		defer restore()
		for _, rank := range []int{15, 16, 33} { // each with another depth
			w, _ := strided[T](r, m, rank)
			for _, c := range [][2]float64{{1, 0}, {4, .5}} {
				d, of, got := data.NewDense(x, c[0], c[1], 1), matrix.Convert[float64](x), matrix.New[float64](rank, n)
				d.LimitBlocks(2)
				for i, v := range of.Data {
					of.Data[i] = max(v, c[1]) * c[0]
				}
				for block := range d.Blocks() {
					share := garbage[T](rank, n)
					d.WtV(share, block, 0, w, nil)
					for i, v := range share.Data {
						got.Data[i] += float64(v)
					}
				}
				want := matrix.New[float64](rank, n)
				matrix.Gemm(nil, true, false, 1, matrix.Convert[float64](w), of, 0, want)
				requireNear(t, want.Data, got.Data, 64*epsilon[T](), 0, fmt.Sprintf("%v, rank %d, scale and floor %v", level, rank, c))
			}
		}
	}
}

func TestPartsThatAreNotWantedChangeNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	x, _ := strided[float64](r, 21, 600)
	w, _ := strided[float64](r, 21, 5)
	h, _ := strided[float64](r, 5, 600)
	d := data.NewDense(x, 1, 0, 1)
	for _, b := range betas {
		whole := run(d, loss.Beta(b), w, h, nil)
		for part := range 4 {
			var out data.Quotients[float64]
			dst := garbage[float64](5, 600)
			want := []*matrix.Dense[float64]{whole.wNum, whole.wDen, whole.hNum, whole.hDen}[part]
			if part < 2 {
				dst = garbage[float64](21, 5)
			}
			*[]**matrix.Dense[float64]{&out.WNum, &out.WDen, &out.HNum, &out.HDen}[part] = dst
			d.Quotients(loss.Beta(b), 0, 0, w, h, &out)
			require.Equal(t, 1, d.Blocks())
			require.Equal(t, want, dst, "beta %v, part %d", b, part)
		}
	}
}

func TestBlocksCoverTheRowsOnce(t *testing.T) {
	for _, m := range []int{1, 2, 15, 16, 31, 32, 33, 255, 256, 257, 1000, 4097} {
		d := data.NewDense(matrix.New[float32](m, 1), 1, 0, 1)
		require.LessOrEqual(t, d.Blocks(), data.MaxBlocks)
		next := 0
		for b := range d.Blocks() {
			i0, i1 := d.Rows(b)
			require.Equal(t, next, i0)
			require.Greater(t, i1, i0)
			if m >= 16 {
				require.GreaterOrEqual(t, i1-i0, 16)
			}
			next = i1
		}
		require.Equal(t, m, next)
	}
}

func TestBlocksLeaveOtherRowsAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	x, _ := strided[float64](r, 50, 20)
	w, _ := strided[float64](r, 50, 3)
	h, _ := strided[float64](r, 3, 20)
	d := data.NewDense(x, 1, 0, 1)
	require.Equal(t, 3, d.Blocks())
	i0, i1 := d.Rows(1)
	vht, num, den := garbage[float64](50, 3), garbage[float64](50, 3), garbage[float64](50, 3)
	d.UseH(h)
	d.VHt(vht, 1, 0, w, h)
	d.Quotients(loss.IS, 1, 0, w, h, &data.Quotients[float64]{WNum: num, WDen: den})
	for _, m := range []*matrix.Dense[float64]{vht, num, den} {
		for i := range 50 {
			for _, v := range m.Row(i) {
				require.Equal(t, i < i0 || i >= i1, math.IsNaN(v), "row %d", i)
			}
		}
	}
}

func TestScaleIsExact(t *testing.T) { both(t, testScale[float32], testScale[float64]) }

func testScale[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for _, scale := range []float64{4, 0x1p-30} {
		for _, floor := range []float64{0, .5} {
			for _, signed := range []bool{false, true} {
				x, _ := strided[T](r, 37, 530)
				if signed {
					for j := range 265 {
						x.Set(5, 2*j, -x.At(5, 2*j))
					}
				}
				w, _ := strided[T](r, 37, 6)
				h, _ := strided[T](r, 6, 530)
				times := x.Clone()
				for i := range times.Data {
					times.Data[i] *= T(scale)
				}
				for _, b := range betas {
					if signed && b != 2 {
						continue
					}
					want := run(data.NewDense(times, 1, floor*scale, 1), loss.Beta(b), w, h, nil)
					got := run(data.NewDense(x, scale, floor, 1), loss.Beta(b), w, h, nil)
					require.Equal(t, want, got, "scale %v, floor %v, beta %v", scale, floor, b)
				}
			}
		}
	}
}

func TestZerosInTheModelGiveNoNaN(t *testing.T) { both(t, testZeros[float32], testZeros[float64]) }

func testZeros[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for _, size := range []float64{1, 0, 1e-6, 1e5} {
		for _, b := range betas {
			l := loss.Beta(b)
			x, _ := strided[T](r, 20, 15)
			w, _ := strided[T](r, 20, 5)
			h, _ := strided[T](r, 5, 15)
			for i := range 20 {
				for j := range 15 {
					x.Set(i, j, T(size)*x.At(i, j))
					if !l.NeedsPositive() && (i+j)%4 == 0 {
						x.Set(i, j, 0)
					}
				}
			}
			if l.NeedsPositive() && size == 0 {
				continue
			}
			for k := range 5 { // a row and a column of zeros in the model
				w.Set(3, k, 0)
				h.Set(k, 7, 0)
			}
			got := run(data.NewDense(x, 1, 0, 1), l, w, h, nil)
			for _, m := range []*matrix.Dense[T]{got.vht, got.wNum, got.wDen, got.wtv, got.hNum, got.hDen} {
				for _, v := range m.Data {
					require.Zero(t, v-v, "size %v, beta %v: %v", size, b, v)
					require.GreaterOrEqual(t, v, T(0))
				}
			}
			require.Zero(t, got.divergence-got.divergence, "size %v, beta %v: %v", size, b, got.divergence)
			require.Zero(t, got.squares-got.squares)
		}
	}
}

func TestWorkersGiveTheSameBits(t *testing.T) { both(t, testWorkers[float32], testWorkers[float64]) }

func testWorkers[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	x, _ := strided[T](r, 150, 530)
	w, _ := strided[T](r, 150, 6)
	h, _ := strided[T](r, 6, 530)
	for _, l := range []loss.Loss{loss.Frobenius, loss.KL, loss.IS, loss.Beta(1.5)} {
		want := run(data.NewDense(x, 2, .1, 1), l, w, h, nil)
		for workers := 1; workers <= 3; workers++ {
			pool := par.New(workers)
			require.Equal(t, want, run(data.NewDense(x, 2, .1, workers), l, w, h, pool), "%v, %d workers", l, workers)
			pool.Close()
		}
	}
}

func TestReductionsDoNothing(t *testing.T) {
	d := data.NewDense(matrix.New[float32](2, 2), 1, 0, 1)
	a, b := []float32{1, 2}, []float64{3, 4}
	d.Reduce(a)
	d.ReduceFloat64(b)
	assert.Equal(t, []float32{1, 2}, a)
	assert.Equal(t, []float64{3, 4}, b)
}

func TestPassesAllocateNothing(t *testing.T) {
	racing.CountsAllocations(t)
	both(t, testAllocations[float32], testAllocations[float64])
}

func testAllocations[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	x, _ := strided[T](r, 20, 530)
	w, _ := strided[T](r, 20, 6)
	h, _ := strided[T](r, 6, 530)
	d := data.NewDense(x, 4, .1, 1)
	d.UseH(h)
	a, b := matrix.New[T](20, 6), matrix.New[T](6, 530)
	q := &data.Quotients[T]{WNum: a, WDen: a.Clone(), HNum: b, HDen: b.Clone()}
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

// TestOperatorSeesScaledAndFlooredData compares the products, and the sums of
// columns, with those of a copy.
func TestOperatorSeesScaledAndFlooredData(t *testing.T) {
	both(t, testOperator[float32], testOperator[float64])
}

func testOperator[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(31, 1))
	sizes(func(m, n int) {
		x, _ := strided[T](r, m, n)
		right, _ := strided[T](r, n, 1+m%5)
		left, _ := strided[T](r, m, 1+m%5)
		for _, c := range [][2]float64{{1, 0}, {4, 0}, {.125, .5}} {
			seen := matrix.New[float64](m, n)
			sums, squares := make([]float64, n), make([]float64, n)
			for i := range m {
				for j, v := range x.Row(i) {
					f := max(float64(v), c[1]) * c[0]
					seen.Set(i, j, f)
					sums[j] += f
					squares[j] += f * f
				}
			}
			mul, tmul := matrix.New[float64](m, right.Cols), matrix.New[float64](n, left.Cols)
			matrix.Gemm(nil, false, false, 1, seen, matrix.Convert[float64](right), 0, mul)
			matrix.Gemm(nil, true, false, 1, seen, matrix.Convert[float64](left), 0, tmul)
			var first [2]*matrix.Dense[T]
			for _, workers := range []int{1, 2, 3} {
				pool := par.New(workers)
				d := data.NewDense(x, c[0], c[1], workers)
				op := d.Operator(pool)
				got := [2]*matrix.Dense[T]{garbage[T](m, right.Cols), garbage[T](n, left.Cols)}
				op.MulTo(got[0], right)
				op.TMulTo(got[1], left)
				op.MulTo(got[0], right) // again, after the other product
				pool.Close()
				if first[0] == nil {
					first = got
					near(t, n, mul, got[0], m, "x", n, " V·X")
					near(t, m, tmul, got[1], m, "x", n, " Vᵀ·X")
					a, b := d.Columns()
					require.InEpsilonSlice(t, sums, a, 1e-10)
					require.InEpsilonSlice(t, squares, b, 1e-10)
				}
				require.Equal(t, first, got)
			}
		}
	})
}
