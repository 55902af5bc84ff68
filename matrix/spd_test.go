package matrix_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/matrix"
)

func TestRegularSystemsNeedNoRidge(t *testing.T) {
	levels(t, func(t *testing.T) { both(t, testRegular[float32], testRegular[float64]) })
}

func testRegular[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 31))
	for _, n := range []int{0, 1, 3, 20, 50} {
		for _, scale := range []float64{1, 1e-9, 1e9} { // of the first component
			_, g := positive[T](r, n)
			for k := range n {
				g.Set(0, k, g.At(0, k)*scale)
				g.Set(k, 0, g.At(k, 0)*scale)
			}
			s := matrix.NewSPD[T](n)
			ridges, ok := s.Factor(g)
			require.True(t, ok)
			require.Zero(t, ridges, "size %d, scale %v", n, scale)
			want, b := matrix.New[float64](7, n), matrix.New[float64](7, n)
			for i := range want.Data {
				if want.Data[i] = r.NormFloat64(); i%n == 0 {
					want.Data[i] /= scale
				}
			}
			matrix.Gemm(nil, false, false, 1, want, g, 0, b)
			x, turned := matrix.Convert[T](b), matrix.Convert[T](b.Transpose())
			s.Solve(nil, x, true)
			s.Solve(nil, turned, false)
			require.Equal(t, x.Transpose(), turned)
			for i, v := range want.Data {
				unit := 1.0
				if i%n == 0 {
					unit = 1 / scale
				}
				require.InDelta(t, v, x.Data[i], 1e3*epsilon[T]()*unit, "size %d, scale %v, element %d", n, scale, i)
			}
		}
	}
}

// Columns that depend on each other: what is solved for still minimizes.
func TestSingularSystemsGetARidge(t *testing.T) {
	levels(t, func(t *testing.T) { both(t, testSingular[float32], testSingular[float64]) })
}

func testSingular[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(2, 31))
	for _, n := range []int{2, 5, 20, 40} {
		for _, kind := range []string{"dependent", "twice", "zero", "rank one"} {
			const length = 500
			u := matrix.New[T](length, n)
			for i := range length {
				row := u.Row(i)
				var sum float64
				for k := range row {
					row[k] = T(r.NormFloat64() + .3)
					sum += float64(row[k])
				}
				switch last := &row[n-1]; kind {
				case "dependent":
					*last = T(sum) - *last
				case "twice":
					*last = row[0]
				case "zero":
					*last = 0
				case "rank one":
					for k := range row[1:] {
						row[k+1] = row[0] * T(k+2)
					}
				}
			}
			g := matrix.New[float64](n, n)
			matrix.Gram(nil, g, u, false)
			want, v, b := matrix.New[T](1, n), matrix.New[T](1, length), matrix.New[T](1, n)
			for k := range n {
				want.Data[k] = T(r.NormFloat64())
			}
			matrix.Gemm(nil, false, true, 1, want, u, 0, v)
			matrix.Gemm(nil, false, false, 1, v, u, 0, b)
			s := matrix.NewSPD[T](n)
			ridges, ok := s.Factor(g)
			require.True(t, ok, "%s, size %d", kind, n)
			require.Positive(t, ridges, "%s, size %d", kind, n)
			require.Less(t, ridges, 5)
			s.Solve(nil, b, true)
			size := matrix.Inner(v, v)
			matrix.Gemm(nil, false, true, -1, b, u, 1, v)
			require.Less(t, math.Sqrt(matrix.Inner(v, v)/size), 3*math.Sqrt(epsilon[T]()), "%s, size %d, %d ridges", kind, n, ridges)
			if kind == "zero" {
				require.Equal(t, T(0), b.At(0, n-1))
			}
		}
	}
}

func TestHopelessSystemsAreRefused(t *testing.T) {
	both(t, testHopeless[float32], testHopeless[float64])
}

func testHopeless[T matrix.Float](t *testing.T) {
	s := matrix.NewSPD[T](2)
	nan, huge := math.NaN(), math.MaxFloat64
	for name, g := range map[string][]float64{
		"zero": {0, 0, 0, 0}, "NaN": {nan, 0, 0, 1}, "NaN beside": {1, 0, nan, 1}, "Inf": {1, 0, 0, math.Inf(1)},
		"negative": {-1, 0, 0, -1}, "indefinite": {1, 9, 9, 1}, "overflow": {huge, huge, huge, huge},
	} {
		_, ok := s.Factor(matrix.Of(2, 2, g))
		assert.False(t, ok, name)
		misuse(t, "SPD.Solve", func() { s.Solve(nil, matrix.New[T](2, 1), false) }, "2 unknowns")
	}
	// After a G that works it does.
	_, ok := s.Factor(matrix.Of(2, 2, []float64{2, nan, 0, 4}))
	require.True(t, ok, "what is above the diagonal does not matter")
	b := matrix.Of(2, 1, []T{2, 2})
	s.Solve(nil, b, false)
	assert.InDeltaSlice(t, []float64{1, .5}, matrix.Convert[float64](b).Data, 1e-6)
	misuse(t, "SPD.Factor", func() { s.Factor(matrix.New[float64](3, 3)) }, "3 x 3", "2 unknowns")
	misuse(t, "SPD.Solve", func() { s.Solve(nil, matrix.New[T](2, 3), true) }, "length 3")
	misuse(t, "NewSPD", func() { matrix.NewSPD[T](-1) }, "-1 unknowns")
	// Within the range of float64, not of float32.
	if epsilon[T]() > 1e-10 {
		_, ok = s.Factor(matrix.Of(2, 2, []float64{1e-100, 0, 0, 1e-100}))
		assert.False(t, ok)
		_, ok = s.Factor(matrix.Of(2, 2, []float64{1e100, 0, 0, 1e100}))
		assert.False(t, ok)
	}
}

func ExampleSPD() {
	// Least squares: which x minimizes ||Ux - v||?
	u, v := matrix.Of(3, 2, []float64{1, 0, 1, 1, 1, 2}), matrix.Of(3, 1, []float64{1, 3, 5})
	g, x := matrix.New[float64](2, 2), matrix.New[float64](2, 1)
	matrix.Gram(nil, g, u, false)
	matrix.Gemm(nil, true, false, 1, u, v, 0, x)
	s := matrix.NewSPD[float64](2)
	ridges, ok := s.Factor(g)
	s.Solve(nil, x, false)
	fmt.Printf("%.4f %d %v\n", x.Data, ridges, ok)
	// Output: [1.0000 2.0000] 0 true
}
