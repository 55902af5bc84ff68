package matrix_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/internal/par"
	"polyad/matrix"
)

// withSpectrum returns an m x n matrix with the given singular values, and its
// singular vectors.
func withSpectrum(r *rand.Rand, m, n int, s []float64) (a, u, v *matrix.Dense[float64]) {
	u, v = matrix.New[float64](m, len(s)), matrix.New[float64](n, len(s))
	for _, q := range []*matrix.Dense[float64]{u, v} {
		for i := range q.Data {
			q.Data[i] = r.NormFloat64()
		}
		matrix.QR(nil, q)
	}
	us := u.Clone()
	scaleColumns(us, func(k int) float64 { return s[k] })
	a = matrix.New[float64](m, n)
	matrix.Gemm(nil, false, true, 1, us, v, 0, a)
	return a, u, v
}

func geometric(n int, ratio float64) []float64 {
	s := make([]float64, n)
	for k := range s {
		s[k] = math.Pow(ratio, float64(k))
	}
	return s
}

func TestSVDFindsKnownTriplets(t *testing.T) {
	both(t, testSVDKnown[float32], testSVDKnown[float64])
}

func testSVDKnown[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(23, 1))
	for _, size := range [][2]int{{60, 30}, {300, 160}, {200, 300}, {900, 150}, {150, 900}} {
		for _, scale := range []float64{1, magnitude[T](), 1 / magnitude[T]()} {
			m, n := size[0], size[1]
			if scale != 1 && m*n > 100_000 {
				continue
			}
			spectrum := geometric(min(m, n, 40), .6)
			a, wantU, wantV := withSpectrum(r, m, n, spectrum)
			scaleColumns(a, func(int) float64 { return scale })
			const rank = 7
			op := matrix.AsOperator(nil, matrix.Convert[T](a))
			u, s, v := matrix.SVD(nil, op, rank, 5)
			require.Equal(t, [5]int{m, rank, rank, n, rank}, [5]int{u.Rows, u.Cols, len(s), v.Rows, v.Cols})
			tolerance := 50 * epsilon[T]()
			requireOrthonormal(t, u, tolerance)
			requireOrthonormal(t, v, tolerance)
			requireSigns(t, u)
			for k := range rank {
				require.InDelta(t, spectrum[k], s[k]/scale, tolerance, "%v, value %d", size, k)
				// A vector turns by the error over the gap to the next value.
				turn := tolerance / spectrum[k] * 5
				uv := matrix.Inner(wantU.View(0, k, m, 1), u.View(0, k, m, 1))
				require.InDelta(t, 1, math.Abs(uv), turn)
				require.InDelta(t, uv, matrix.Inner(wantV.View(0, k, n, 1), v.View(0, k, n, 1)), 2*turn, "u and v disagree on the sign")
			}
		}
	}
}

func TestSVDIsNearlyBestOnAFlatSpectrum(t *testing.T) {
	both(t, testSVDFlat[float32], testSVDFlat[float64])
}

func testSVDFlat[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(23, 2))
	a, _ := strided[T](r, 400, 150)
	_, best, _, _ := matrix.ThinSVD(nil, a)
	const rank = 12
	u, s, v := matrix.SVD(nil, matrix.AsOperator(nil, a), rank, 1)
	requireOrthonormal(t, u, 50*epsilon[T]())
	requireOrthonormal(t, v, 50*epsilon[T]())
	var total, lost, kept float64
	for k, b := range best {
		total += b * b
		if k >= rank {
			lost += b * b
		} else {
			require.InEpsilon(t, b, s[k], .02, "value %d", k)
		}
	}
	for _, x := range s {
		kept += x * x
	}
	assert.InEpsilon(t, lost, total-kept, .005, "of the square of the error")
}

func TestSVDOfHostileMatrices(t *testing.T) {
	both(t, testSVDHostile[float32], testSVDHostile[float64])
}

func testSVDHostile[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(23, 3))
	for _, size := range [][2]int{{0, 0}, {0, 4}, {4, 0}, {1, 1}, {1, 300}, {300, 1}, {9, 5}, {60, 75}, {75, 60}} {
		for name, change := range hostile {
			for _, rank := range []int{0, 2, 1000} {
				m, n := size[0], size[1]
				wide := matrix.New[float64](m, n)
				for i := range wide.Data {
					wide.Data[i] = r.NormFloat64()
				}
				change(wide, magnitude[T]())
				a := matrix.Convert[T](wide)
				u, s, v := matrix.SVD(nil, matrix.AsOperator(nil, a), rank, 3)
				k := min(rank, m, n)
				require.Equal(t, [5]int{m, k, k, n, k}, [5]int{u.Rows, u.Cols, len(s), v.Rows, v.Cols})
				requireOrthonormal(t, u, 100*epsilon[T]())
				requireOrthonormal(t, v, 100*epsilon[T]())
				requireSigns(t, u)
				_, want, _, _ := matrix.ThinSVD(nil, a)
				full := k == min(m, n)
				for i := range s {
					bound := 0.02 * want[i] // a random matrix has no gap
					if full || name == "of rank one" || name == "zero" {
						bound = 0
					}
					require.InDelta(t, want[i], s[i], bound+50*epsilon[T]()*want[0], "%v %s rank %d: value %d", size, name, rank, i)
				}
				if full || name == "of rank one" && k > 0 {
					requireProduct(t, matrix.Convert[float64](a), u, s, v, 50*epsilon[T]())
				}
			}
		}
	}
	misuse(t, "SVD", func() { matrix.SVD(nil, matrix.AsOperator(nil, matrix.New[T](2, 2)), -1, 0) }, "rank -1")
}

func TestSVDDependsOnTheSeedAlone(t *testing.T) {
	both(t, testSVDBits[float32], testSVDBits[float64])
}

func testSVDBits[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(23, 4))
	for _, size := range [][2]int{{900, 300}, {300, 900}, {800, 30}} {
		a, _ := strided[T](r, size[0], size[1])
		u, s, v := matrix.SVD(nil, matrix.AsOperator(nil, a), 6, 7)
		for workers := 1; workers <= 3; workers++ {
			pool := par.New(workers)
			u1, s1, v1 := matrix.SVD(pool, matrix.AsOperator(pool, a), 6, 7)
			pool.Close()
			require.Equal(t, u, u1, "%d workers", workers)
			require.Equal(t, s, s1)
			require.Equal(t, v, v1)
		}
		_, s2, _ := matrix.SVD(nil, matrix.AsOperator(nil, a), 6, 8)
		assert.Equal(t, size[1] == 30, fmt.Sprint(s) == fmt.Sprint(s2), "the seed matters where chance does")
		assert.InDeltaSlice(t, s, s2, .02*s[0])
	}
}

func TestSVDOfWhatIsNotFiniteIsNaN(t *testing.T) {
	for _, size := range [][2]int{{5, 4}, {100, 80}, {80, 100}} {
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.MaxFloat64} {
			a := counting[float64](size[0], size[1])
			a.Set(3, 2, bad)
			a.Set(3, 3, bad)
			u, s, v := matrix.SVD(nil, matrix.AsOperator(nil, a), 2, 1)
			for _, x := range [][]float64{u.Data, s, v.Data} {
				for _, y := range x {
					require.True(t, math.IsNaN(y), "%v %v", size, bad)
				}
			}
		}
	}
}

func ExampleSVD() {
	a := matrix.Of(3, 2, []float64{
		3, 1,
		1, 3,
		2, 2,
	})
	u, s, v := matrix.SVD(nil, matrix.AsOperator(nil, a), 1, 1)
	fmt.Printf("%.3f\n%.3f\n%.3f\n", u.Data, s, v.Data)
	// Output:
	// [0.577 0.577 0.577]
	// [4.899]
	// [0.707 0.707]
}
