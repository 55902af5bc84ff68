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
	for _, shape := range [][]int{{12, 9}, {9, 12, 7}, {500, 4, 5}, {5, 430, 4}, {4, 5, 450}, {420, 25, 20}, {120, 20, 15}, {4, 3, 5, 300}, {6, 1, 8}, {300, 2, 3}} {
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

func TestLeadingSpacesOfAllSpectra(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for name, fall := range map[string]func(i int) float64{
		"fast":  func(i int) float64 { return math.Pow(.3, float64(i)) },
		"slow":  func(i int) float64 { return 1 - .002*float64(i) },
		"step":  func(i int) float64 { return 1e-3 + max(0, 1-.1*float64(i)) },
		"equal": func(i int) float64 { return 1 + max(0, 5-float64(i)) },
	} {
		for _, scale := range []float64{1, 0x1p-300, 0x1p300} {
			x := tensor.New[float64](100, 6, 30)
			u, v := matrix.New[float64](100, 100), matrix.New[float64](180, 100)
			for _, m := range []*matrix.Dense[float64]{u, v} {
				for i := range m.Data {
					m.Data[i] = r.NormFloat64()
				}
				_, ok := matrix.QR(nil, m)
				require.True(t, ok)
			}
			want := matrix.New[float64](100, 100)
			matrix.Gemm(nil, false, true, 1, u.View(0, 0, 100, 5), u.View(0, 0, 100, 5), 0, want)
			for i := range u.Rows {
				for q := range u.Row(i) {
					u.Row(i)[q] *= scale * fall(q)
				}
			}
			matrix.Gemm(nil, false, true, 1, u, v, 0, x.Unfold(0))
			got, s, ok := hosvd.Leading(nil, x, 0, 5, 9)
			require.True(t, ok)
			all, values, ok := hosvd.All(nil, x, 0, false)
			require.True(t, ok)
			precise, digits, ok := hosvd.All(nil, x, 0, true)
			require.True(t, ok)
			require.Len(t, values, 100)
			for q := range 5 {
				for _, v := range []float64{s[q], values[q], digits[q]} {
					require.InEpsilon(t, scale*fall(q), v, 1e-9, name)
				}
			}
			require.InEpsilon(t, scale*fall(12), digits[12], 1e-8, "%s: the orthogonal route keeps small ones", name)
			for _, u := range []*matrix.Dense[float64]{got, all.View(0, 0, 100, 5), precise.View(0, 0, 100, 5)} {
				p := matrix.New[float64](100, 100)
				matrix.Gemm(nil, false, true, 1, u, u, 0, p)
				for i, v := range want.Data {
					require.InDelta(t, v, p.Data[i], 1e-10, name)
				}
			}
		}
	}
}
