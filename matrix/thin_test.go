package matrix_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"polyad/matrix"
)

// requireSigns requires the sign of singular and eigenvectors that is documented.
func requireSigns[T matrix.Float](t *testing.T, u *matrix.Dense[T]) {
	t.Helper()
	for k := range u.Cols {
		var top float64
		for i := range u.Rows {
			top = max(top, math.Abs(float64(u.At(i, k))))
		}
		for i := range u.Rows {
			if v := float64(u.At(i, k)); math.Abs(v) >= 0.9901*top {
				require.Positive(t, v, "column %d", k)
				break
			} else if math.Abs(v) >= 0.9899*top {
				break // too near to say
			}
		}
	}
}

// requireProduct requires U·diag(s)·Vᵀ to be a within tolerance of the largest
// singular value.
func requireProduct[T matrix.Float](t *testing.T, a *matrix.Dense[float64], u *matrix.Dense[T], s []float64, v *matrix.Dense[T], tolerance float64) {
	t.Helper()
	if len(s) == 0 {
		return
	}
	us := matrix.Convert[float64](u)
	for i := range us.Rows {
		for k := range s {
			us.Set(i, k, us.At(i, k)*s[k])
		}
	}
	product := matrix.New[float64](a.Rows, a.Cols)
	matrix.Gemm(nil, false, true, 1, us, matrix.Convert[float64](v), 0, product)
	for i := range a.Rows {
		for j := range a.Cols {
			require.InDelta(t, a.At(i, j), product.At(i, j), tolerance*s[0], "(%d, %d)", i, j)
		}
	}
}

func TestThinSVDFactorizes(t *testing.T) { both(t, testThinSVD[float32], testThinSVD[float64]) }

func testThinSVD[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(22, 1))
	for _, size := range [][2]int{{0, 0}, {0, 3}, {3, 0}, {1, 1}, {1, 9}, {9, 1}, {6, 6}, {40, 7}, {7, 40}, {700, 5}, {5, 700}} {
		for name, change := range hostile {
			m, n := size[0], size[1]
			wide := matrix.New[float64](m, n)
			for i := range wide.Data {
				wide.Data[i] = r.NormFloat64()
			}
			change(wide, magnitude[T]())
			a, _ := strided[T](r, m, n)
			a.Copy(matrix.Convert[T](wide))
			wide = matrix.Convert[float64](a)
			u, s, v, ok := matrix.ThinSVD(nil, a)
			require.True(t, ok, "%v %s", size, name)
			require.Len(t, s, min(m, n))
			require.Equal(t, [4]int{m, len(s), n, len(s)}, [4]int{u.Rows, u.Cols, v.Rows, v.Cols})
			requireOrthonormal(t, u, 1e-13)
			requireOrthonormal(t, v, 1e-13)
			requireSigns(t, u)
			requireProduct(t, wide, u, s, v, 1e-13)
			for k := range s {
				require.GreaterOrEqual(t, s[k], 0.0)
				require.True(t, k == 0 || s[k] <= s[k-1], "not descending")
			}
			if name == "random" && m*n > 0 {
				var d mat.SVD
				require.True(t, d.Factorize(matrix.ToMat(wide), mat.SVDNone))
				require.InDeltaSlice(t, d.Values(nil), s, 1e-13*s[0])
			}
		}
	}
}

func TestEigenSymFactorizes(t *testing.T) { both(t, testEigenSym[float32], testEigenSym[float64]) }

func testEigenSym[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(22, 2))
	for _, n := range []int{0, 1, 2, 3, 17, 60} {
		for _, size := range []float64{1, magnitude[T](), 1 / magnitude[T]()} {
			a, _ := strided[T](r, n, n)
			for i := range n {
				for j := range n {
					a.Set(i, j, T(float64(a.At(i, j))*size))
				}
			}
			whole := matrix.Convert[float64](a)
			for i := range n {
				for j := range i {
					whole.Set(i, j, whole.At(j, i))
					a.Set(i, j, T(math.NaN())) // is not read
				}
			}
			values, vectors, ok := matrix.EigenSym(a)
			require.True(t, ok)
			requireOrthonormal(t, vectors, 1e-13)
			requireSigns(t, vectors)
			require.Len(t, values, n)
			if n == 0 {
				continue
			}
			var d mat.EigenSym
			unit := whole.Clone() // gonum's own do not bear such magnitudes
			for i := range unit.Data {
				unit.Data[i] /= size
			}
			require.True(t, d.Factorize(mat.NewSymDense(n, unit.Data), false))
			want := d.Values(nil)
			top := max(math.Abs(want[0]), math.Abs(want[n-1]))
			product := matrix.New[float64](n, n)
			matrix.Gemm(nil, false, false, 1, whole, vectors, 0, product)
			for k := range n {
				require.InDelta(t, want[n-1-k], values[k]/size, 1e-13*top)
				for i := range n {
					require.InDelta(t, values[k]*vectors.At(i, k)/size, product.At(i, k)/size, 1e-13*top)
				}
			}
		}
	}
	misuse(t, "EigenSym", func() { matrix.EigenSym(matrix.New[T](2, 3)) }, "2 x 3")
}

func TestGramSVDLeadsWithTheLargest(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 3))
	x, _ := strided[float32](r, 8, 500)
	for j := range 500 {
		x.Set(7, j, x.At(6, j)) // rank 7
	}
	g := matrix.New[float64](8, 8)
	matrix.Gram(nil, g, x, true)
	wantU, wantS, _, ok := matrix.ThinSVD(nil, x)
	require.True(t, ok)
	for rank := 0; rank <= 10; rank++ {
		u, s, ok := matrix.GramSVD(g, rank)
		require.True(t, ok)
		k := min(rank, 8)
		require.Equal(t, [3]int{8, k, k}, [3]int{u.Rows, u.Cols, len(s)})
		requireOrthonormal(t, u, 1e-13)
		for i := range k {
			require.InDelta(t, wantS[i], s[i], 1e-3*wantS[0])
			if i == 7 {
				continue // of a value that is 0
			}
			require.InDelta(t, wantS[i], s[i], 1e-6*wantS[0])
			for j := range 8 {
				require.InDelta(t, wantU.At(j, i), u.At(j, i), 1e-4)
			}
		}
	}
	misuse(t, "GramSVD", func() { matrix.GramSVD(g, -1) }, "rank -1")
	misuse(t, "GramSVD", func() { matrix.GramSVD(matrix.New[float64](2, 3), 1) }, "2 x 3")
}

func TestDecompositionsTellWhatIsNotFinite(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		a := counting[float64](4, 4)
		a.Set(1, 2, v)
		_, _, _, ok := matrix.ThinSVD(nil, a)
		assert.False(t, ok)
		_, _, ok = matrix.EigenSym(a)
		assert.False(t, ok)
		_, _, ok = matrix.GramSVD(a, 2)
		assert.False(t, ok)
	}
}

func ExampleThinSVD() {
	a := matrix.Of(3, 2, []float64{3, 0, 0, 2, 4, 0})
	u, s, v, ok := matrix.ThinSVD(nil, a)
	fmt.Println(ok)
	fmt.Printf("%.1f\n%.1f\n%.1f\n", u.Data, s, v.Data)
	// Output:
	// true
	// [0.6 0.0 0.0 1.0 0.8 0.0]
	// [5.0 2.0]
	// [1.0 0.0 0.0 1.0]
}

func ExampleEigenSym() {
	values, vectors, ok := matrix.EigenSym(matrix.Of(2, 2, []float64{2, 1, 1, 2}))
	fmt.Println(ok)
	fmt.Printf("%.3f\n%.3f\n", values, vectors.Data)
	// Output:
	// true
	// [3.000 1.000]
	// [0.707 0.707 0.707 -0.707]
}

// The left singular vectors of a wide matrix need nothing of it but XXᵀ.
func ExampleGramSVD() {
	x := matrix.Of(2, 5, []float64{1, 1, 1, 1, 0, 0, 0, 0, 0, 3})
	g := matrix.New[float64](2, 2)
	matrix.Gram(nil, g, x, true)
	u, s, ok := matrix.GramSVD(g, 1)
	fmt.Println(ok)
	fmt.Printf("%.1f %.1f\n", u.Data, s)
	// Output:
	// true
	// [0.0 1.0] [3.0]
}
