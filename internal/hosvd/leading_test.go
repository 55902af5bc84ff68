package hosvd_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/hosvd"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/tensor"
)

func TestLeadingVectorsAreThoseOfTheUnfolding(t *testing.T) {
	t.Run("float32", testLeading[float32])
	t.Run("float64", testLeading[float64])
}

// testLeading compares with a decomposition of the unfolding itself. The array has
// rank 3 and a little noise, so that the first three values are well apart.
func testLeading[T asm.Float](t *testing.T) {
	tol := 1e-9
	if asm.SizeOf[T]() == 4 {
		tol = 2e-3
	}
	for _, shape := range [][]int{{12, 9}, {9, 12, 7}, {500, 4, 5}, {5, 430, 4}, {4, 5, 450}, {420, 25, 20}, {4, 3, 5, 300}, {6, 1, 8}, {300, 2, 3}} {
		r := rand.New(rand.NewPCG(1, uint64(len(shape))))
		cp := tensor.CP[float64]{Weights: []float64{9, 3, 1}}
		for _, n := range shape {
			f := matrix.New[float64](n, 3)
			for i := range f.Data {
				f.Data[i] = r.NormFloat64() / math.Sqrt(float64(n))
			}
			cp.Factors = append(cp.Factors, f)
		}
		wide := cp.Reconstruct(nil)
		x := tensor.New[T](shape...)
		for i, v := range wide.Data {
			x.Data[i] = T(v)
			wide.Data[i] = float64(x.Data[i])
		}
		for mode := range shape {
			if shape[mode] < 3 {
				continue
			}
			want, values, _, ok := matrix.ThinSVD(nil, wide.Unfold(mode))
			require.True(t, ok)
			k := min(3, len(values))
			var first *matrix.Dense[T]
			for workers := 1; workers <= 3; workers++ {
				pool := par.New(workers)
				u, s, ok := hosvd.Leading(pool, x, mode, k, 7)
				pool.Close()
				require.True(t, ok)
				if first == nil {
					first = u
				}
				require.Equal(t, first, u)
				require.Len(t, s, k)
				for q := range k {
					require.InDelta(t, values[q], s[q], tol*values[0], "%v mode %d", shape, mode)
					if values[q] < 1e-2*values[0] {
						continue
					}
					dot := 0.0
					for i := range u.Rows {
						dot += float64(u.At(i, q)) * want.At(i, q)
					}
					require.InDelta(t, 1, dot, tol*values[0]/values[q], "%v mode %d vector %d", shape, mode, q)
				}
			}
		}
	}
}

func TestViewsAndHostileArrays(t *testing.T) {
	x := tensor.New[float64](4, 5, 6)
	for i := range x.Data {
		x.Data[i] = math.Sin(float64(i))
	}
	a, _, ok := hosvd.Leading(nil, x, 1, 2, 0) // a sine has rank 2
	require.True(t, ok)
	b, _, ok := hosvd.Leading(nil, x.Permute(2, 0, 1), 2, 2, 0)
	require.True(t, ok)
	for i, v := range a.Data {
		require.InDelta(t, v, b.Data[i], 1e-9)
	}
	u, s, ok := hosvd.Leading(nil, tensor.New[float64](3, 4), 0, 9, 0)
	require.True(t, ok)
	require.Equal(t, []float64{0, 0, 0}, s)
	require.Equal(t, 3, u.Cols)
	for _, size := range []int{4, 500} {
		y := tensor.New[float64](size, 3, 2)
		y.Data[5] = math.NaN()
		_, _, ok = hosvd.Leading(nil, y, 0, 2, 0)
		require.False(t, ok)
	}
}
