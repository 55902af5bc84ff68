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
	"polyad/loss"
	"polyad/matrix"
)

// both runs a generic test body for both element types.
func both(t *testing.T, f32, f64 func(*testing.T)) {
	t.Run("float32", f32)
	t.Run("float64", f64)
}

func epsilon[T asm.Float]() float64 {
	if asm.SizeOf[T]() == 4 {
		return 0x1p-23
	}
	return 0x1p-52
}

var (
	_ data.Matrix[float32] = (*data.Dense[float32])(nil)
	_ data.Matrix[float64] = (*data.Dense[float64])(nil)

	betas   = []float64{-1, 0, .5, 1, 1.5, 2, 3}
	heights = []int{1, 3, 4, 5, 16, 17, 40} // around the rows of a tile and of a block
	widths  = []int{1, 511, 512, 513, 1030} // around the columns of a tile
)

// sizes calls f for every size around the edges of tiles.
func sizes(f func(m, n int)) {
	for _, m := range heights {
		for _, n := range widths {
			f(m, n)
		}
	}
}

// strided returns a matrix of positive numbers within a larger one.
func strided[T asm.Float](r *rand.Rand, rows, cols int) (m, around *matrix.Dense[T]) {
	around = matrix.New[T](rows+1, cols+3)
	for i := range around.Data {
		around.Data[i] = T(.05 + r.Float64())
	}
	return around.View(1, 2, rows, cols), around
}

// naive is what the products should be, in float64, of data with scale and
// floor; in loops over all entries.
type naive struct {
	v, y                   *matrix.Dense[float64]
	wNum, wDen, hNum, hDen *matrix.Dense[float64]
	divergence, squares    float64
}

func reference[T asm.Float](l loss.Loss, x, w, h *matrix.Dense[T], scale, floor float64) *naive {
	m, n, r := x.Rows, x.Cols, w.Cols
	ref := &naive{v: matrix.New[float64](m, n), y: matrix.New[float64](m, n),
		wNum: matrix.New[float64](m, r), wDen: matrix.New[float64](m, r), hNum: matrix.New[float64](r, n), hDen: matrix.New[float64](r, n)}
	wide, high := matrix.Convert[float64](w), matrix.Convert[float64](h)
	matrix.Gemm(nil, false, false, 1, wide, high, 0, ref.y)
	b := l.Beta()
	for i := range m {
		for j := range n {
			v, y := float64(x.At(i, j)), ref.y.At(i, j)
			if floor > 0 {
				v = max(v, floor)
			}
			v *= scale
			ref.v.Set(i, j, v)
			ref.divergence += l.Between(v, y)
			ref.squares += (v - y) * (v - y)
			q, p := v*math.Pow(y, b-2), math.Pow(y, b-1)
			for k := range r {
				ref.wNum.Data[i*r+k] += q * high.At(k, j)
				ref.wDen.Data[i*r+k] += p * high.At(k, j)
				ref.hNum.Data[k*n+j] += q * wide.At(i, k)
				ref.hDen.Data[k*n+j] += p * wide.At(i, k)
			}
		}
	}
	return ref
}

// near asserts that got is want up to rounding, each entry being a sum of so
// many positive terms.
func near[T asm.Float](t *testing.T, terms int, want *matrix.Dense[float64], got *matrix.Dense[T], what ...any) {
	t.Helper()
	tol := epsilon[T]() * (60 + float64(terms)/4)
	for i := range want.Rows {
		for j, v := range want.Row(i) {
			if !(math.Abs(float64(got.At(i, j))-v) <= tol*v) {
				require.Failf(t, "wrong product", "%v: (%d, %d) is %v, want %v", fmt.Sprint(what...), i, j, got.At(i, j), v)
			}
		}
	}
}

// garbage returns a matrix that must be overwritten.
func garbage[T asm.Float](rows, cols int) *matrix.Dense[T] {
	m := matrix.New[T](rows, cols)
	for i := range m.Data {
		m.Data[i] = T(math.NaN())
	}
	return m
}

// results is what all products over all blocks give; the shares of the blocks
// are added in order.
type results[T asm.Float] struct {
	stats               data.Stats
	vht, wNum, wDen     *matrix.Dense[T]
	wtv, hNum, hDen     *matrix.Dense[T]
	divergence, squares float64
}

// run computes everything, block by block or on a pool.
func run[T asm.Float](d *data.Dense[T], l loss.Loss, w, h *matrix.Dense[T], pool *par.Pool) *results[T] {
	m, n, r := w.Rows, h.Cols, w.Cols
	res := &results[T]{stats: d.Stats(), vht: garbage[T](m, r), wNum: garbage[T](m, r), wDen: garbage[T](m, r),
		wtv: matrix.New[T](r, n), hNum: matrix.New[T](r, n), hDen: matrix.New[T](r, n)}
	t := &task[T]{d: d, l: l, w: w, h: h, res: res, shares: make([]share[T], d.Blocks())}
	for b := range t.shares {
		t.shares[b] = share[T]{wtv: garbage[T](r, n), hNum: garbage[T](r, n), hDen: garbage[T](r, n)}
	}
	pool.Run(d.Blocks(), t)
	for _, s := range t.shares {
		for i := range s.wtv.Data {
			res.wtv.Data[i] += s.wtv.Data[i]
			res.hNum.Data[i] += s.hNum.Data[i]
			res.hDen.Data[i] += s.hDen.Data[i]
		}
		res.divergence += s.divergence
		res.squares += s.squares
	}
	return res
}

type share[T asm.Float] struct {
	wtv, hNum, hDen     *matrix.Dense[T]
	divergence, squares float64
}

type task[T asm.Float] struct {
	d      *data.Dense[T]
	l      loss.Loss
	w, h   *matrix.Dense[T]
	res    *results[T]
	shares []share[T]
}

func (t *task[T]) Do(block, worker int) {
	s := &t.shares[block]
	t.d.VHt(t.res.vht, block, worker, t.w, t.h)
	t.d.WtV(s.wtv, block, worker, t.w, t.h)
	t.d.Quotients(t.l, block, worker, t.w, t.h, &data.Quotients[T]{WNum: t.res.wNum, WDen: t.res.wDen, HNum: s.hNum, HDen: s.hDen})
	s.divergence, s.squares = t.d.Loss(t.l, block, worker, t.w, t.h)
}

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
			for _, b := range betas {
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

// testStats checks the statistics against the scaled and floored entries.
func testStats[T asm.Float](t *testing.T, s data.Stats, again *data.Dense[T], x *matrix.Dense[T], scale, floor float64) {
	want := data.Stats{Min: math.Inf(1), Max: math.Inf(-1)}
	for i := range x.Rows {
		for _, v := range x.Row(i) {
			e := float64(v)
			if floor > 0 {
				e = max(e, floor)
			}
			e *= scale
			want.Sum += e
			want.Squares += e * e
			want.Min, want.Max = min(want.Min, e), max(want.Max, e)
		}
	}
	require.Equal(t, want.Min, s.Min)
	require.Equal(t, want.Max, s.Max)
	require.InEpsilon(t, want.Sum, s.Sum, 1e-13)
	require.InEpsilon(t, want.Squares, s.Squares, 1e-13)
	require.Equal(t, s, again.Stats())
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
	both(t, testAllocations[float32], testAllocations[float64])
}

func testAllocations[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	x, _ := strided[T](r, 20, 530)
	w, _ := strided[T](r, 20, 6)
	h, _ := strided[T](r, 6, 530)
	d := data.NewDense(x, 4, .1, 1)
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
