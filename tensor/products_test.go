package tensor_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/matrix"
	"polyad/tensor"
)

// levels runs a generic test body for both element types on all levels of this
// machine.
func levels(t *testing.T, f32, f64 func(*testing.T)) {
	for _, l := range asm.Levels() {
		t.Run(l.String(), func(t *testing.T) {
			restore, err := asm.Use(l)
			require.NoError(t, err)
			defer restore()
			both(t, f32, f64)
		})
	}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 17)) }

// random returns an array of the given shape of normal numbers.
func random[T tensor.Float](r *rand.Rand, shape ...int) *tensor.Dense[T] {
	t := tensor.New[T](shape...)
	for i := range t.Data {
		t.Data[i] = T(r.NormFloat64())
	}
	return t
}

// gaps returns a matrix of normal numbers with more memory around its rows, of
// numbers that are not to be read.
func gaps[T tensor.Float](r *rand.Rand, rows, cols int) *matrix.Dense[T] {
	m := matrix.New[T](rows+1, cols+3)
	for i := range m.Data {
		m.Data[i] = T(math.NaN())
	}
	v := m.View(1, 2, rows, cols)
	for i := range rows {
		for j := range cols {
			v.Set(i, j, T(r.NormFloat64()))
		}
	}
	return v
}

func factors[T tensor.Float](r *rand.Rand, shape []int, rank int) []*matrix.Dense[T] {
	f := make([]*matrix.Dense[T], len(shape))
	for n, s := range shape {
		f[n] = gaps[T](r, s, rank)
	}
	return f
}

// shapes are arrays of orders 1 to 6 with sizes that are small, odd, one and
// none, and some that are cut into blocks in each of the ways there are.
var shapes = [][]int{
	{1}, {7}, {0}, {3, 4}, {1, 5}, {5, 1}, {0, 3}, {3, 0}, {300, 7}, {7, 300}, {900, 40}, {33, 700},
	{2, 3, 4}, {1, 1, 1}, {4, 1, 3}, {3, 4, 1}, {1, 4, 3}, {3, 0, 2}, {17, 5, 9}, {9, 40, 3}, {50, 3, 3}, {3, 3, 300}, {3, 300, 2},
	{300, 2, 3}, {40, 17, 33}, {2, 900, 5}, {5, 70, 300}, {800, 3, 7},
	{3, 2, 4, 5}, {1, 3, 1, 2}, {7, 9, 11, 8}, {2, 40, 3, 30}, {11, 3, 70, 5}, {6, 70, 3, 9}, {3, 300, 2, 3},
	{2, 3, 2, 3, 4}, {5, 1, 4, 3, 6}, {6, 5, 7, 4, 9}, {2, 2, 3, 2, 3, 2}, {3, 5, 4, 2, 3, 6},
}

// eps is the rounding error of T.
func eps[T tensor.Float]() float64 {
	if asm.SizeOf[T]() == 4 {
		return 0x1p-24
	}
	return 0x1p-53
}

// naiveMTTKRP returns the definition in float64, and the sums of absolute values.
func naiveMTTKRP[T tensor.Float](t *tensor.Dense[T], f []*matrix.Dense[T], mode, rank int) (m, size *matrix.Dense[float64]) {
	m, size = matrix.New[float64](t.Shape[mode], rank), matrix.New[float64](t.Shape[mode], rank)
	each(t.Shape, func(index []int) {
		x := float64(t.At(index...))
		for q := range rank {
			v := x
			for n, i := range index {
				if n != mode {
					v *= float64(f[n].At(i, q))
				}
			}
			m.Row(index[mode])[q] += v
			size.Row(index[mode])[q] += math.Abs(v)
		}
	})
	return m, size
}

// near asserts that got is want but for rounding in n operations on numbers
// that sum up to size.
func near[T tensor.Float](t *testing.T, want, size *matrix.Dense[float64], got *matrix.Dense[T], n int, msg ...any) {
	t.Helper()
	require.Equal(t, [2]int{want.Rows, want.Cols}, [2]int{got.Rows, got.Cols}, msg...)
	for i := range want.Rows {
		for j, w := range want.Row(i) {
			if d := math.Abs(w - float64(got.At(i, j))); !(d <= float64(n)*eps[T]()*size.At(i, j)) {
				require.FailNow(t, fmt.Sprintf("element (%d, %d) is %v, want %v: %v", i, j, got.At(i, j), w, msg))
			}
		}
	}
}

func TestMTTKRPMatchesItsDefinition(t *testing.T) {
	levels(t, testMTTKRP[float32], testMTTKRP[float64])
}

func testMTTKRP[T tensor.Float](t *testing.T) {
	r := newRand(1)
	for k, shape := range shapes {
		for _, rank := range []int{1, 3 + k%7, 16 + k%20} {
			x, f := random[T](r, shape...), factors[T](r, shape, rank)
			for mode := range shape {
				want, size := naiveMTTKRP(x, f, mode, rank)
				got := gaps[T](r, shape[mode], rank)
				tensor.MTTKRP(nil, got, x, f, mode)
				near(t, want, size, got, 40+x.Len()/8, shape, rank, mode)
			}
		}
	}
}

