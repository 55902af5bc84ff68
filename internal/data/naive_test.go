package data_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

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

// requireNear compares one by one, relatively but for what is below least: as
// require.InEpsilonSlice does, without its cost for each pair.
func requireNear[T asm.Float](t *testing.T, want []float64, got []T, eps, least float64, name string) {
	t.Helper()
	require.Len(t, got, len(want), name)
	for i, v := range want {
		if d := math.Abs(v - float64(got[i])); !(d <= eps*(math.Abs(v)+least)) {
			require.Failf(t, name, "entry %d is %v, should be %v", i, got[i], v)
		}
	}
}

var (
	_ data.Matrix[float32] = (*data.Dense[float32])(nil)
	_ data.Matrix[float64] = (*data.Dense[float64])(nil)
	_ data.Matrix[float32] = (*data.Masked[float32])(nil)
	_ data.Matrix[float64] = (*data.Masked[float64])(nil)

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
	vht, wtv               *matrix.Dense[float64] // of data that are filled by the model
	divergence, squares    float64
}

func reference[T asm.Float](l loss.Loss, x, w, h *matrix.Dense[T], scale, floor float64) *naive {
	return referenceMasked(l, x, nil, w, h, scale, floor)
}

func referenceMasked[T asm.Float](l loss.Loss, x *matrix.Dense[T], mask *matrix.Mask, w, h *matrix.Dense[T], scale, floor float64) *naive {
	m, n, r := x.Rows, x.Cols, w.Cols
	ref := &naive{v: matrix.New[float64](m, n), y: matrix.New[float64](m, n),
		wNum: matrix.New[float64](m, r), wDen: matrix.New[float64](m, r), hNum: matrix.New[float64](r, n), hDen: matrix.New[float64](r, n),
		vht: matrix.New[float64](m, r), wtv: matrix.New[float64](r, n)}
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
			missing := mask != nil && !mask.At(i, j)
			if missing {
				v = y
			}
			for k := range r {
				ref.vht.Data[i*r+k] += v * high.At(k, j)
				ref.wtv.Data[k*n+j] += v * wide.At(i, k)
			}
			if missing {
				continue
			}
			ref.v.Set(i, j, v)
			ref.divergence += l.Between(v, y)
			e := float64(x.At(i, j))*scale - y // without the floor
			ref.squares += e * e
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
func run[T asm.Float](d data.Matrix[T], l loss.Loss, w, h *matrix.Dense[T], pool *par.Pool) *results[T] {
	m, n, r := w.Rows, h.Cols, w.Cols
	res := &results[T]{stats: d.Stats(), vht: garbage[T](m, r), wNum: garbage[T](m, r), wDen: garbage[T](m, r),
		wtv: matrix.New[T](r, n), hNum: matrix.New[T](r, n), hDen: matrix.New[T](r, n)}
	t := &task[T]{d: d, l: l, w: w, h: h, res: res, shares: make([]share[T], d.Blocks())}
	for b := range t.shares {
		t.shares[b] = share[T]{wtv: garbage[T](r, n), hNum: garbage[T](r, n), hDen: garbage[T](r, n)}
	}
	d.UseH(h)
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
	d      data.Matrix[T]
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
