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

func TestGramIsTheProductWithItself(t *testing.T) { both(t, testGram[float32], testGram[float64]) }

func testGram[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, length := range gemmSizes {
		for _, rank := range []int{0, 1, 3, 4, 5, 17} {
			for _, rows := range []bool{false, true} {
				x, around := strided[T](r, length, rank)
				if rows {
					x, around = strided[T](r, rank, length)
				}
				if x.Rows > 2 && x.Cols > 1 {
					x.Set(2, 1, 0)
				}
				before := around.Clone()
				g, _ := strided[float64](r, rank, rank)
				matrix.Gram(g, x, rows)
				require.Equal(t, before, around, "x was written")

				// In float64 for both types; sums of up to 256 are taken in T.
				wide := matrix.Convert[float64](x)
				want, size := matrix.New[float64](rank, rank), matrix.New[float64](rank, rank)
				matrix.Gemm(nil, !rows, rows, 1, wide, wide, 0, want)
				for i, v := range wide.Data {
					wide.Data[i] = math.Abs(v)
				}
				matrix.Gemm(nil, !rows, rows, 1, wide, wide, 0, size)
				for k := range rank {
					for l := range rank {
						require.InDelta(t, want.At(k, l), g.At(k, l), float64(length+2)*(epsilon[float64]()+float64(min(length, 256))/float64(length+1)*epsilon[T]())*size.At(k, l))
						require.Equal(t, g.At(l, k), g.At(k, l), "not symmetric")
					}
				}
			}
		}
	}
	misuse(t, "Gram", func() { matrix.Gram(matrix.New[float64](2, 2), matrix.New[T](2, 3), false) }, "2 x 2", "3 components")
	misuse(t, "Gram", func() { matrix.Gram(matrix.New[float64](3, 2), matrix.New[T](3, 5), true) }, "3 x 2", "3 components")
}

func TestGramWritesOnlyItsDestination(t *testing.T) {
	around := matrix.New[float64](5, 6)
	for i := range around.Data {
		around.Data[i] = 7
	}
	matrix.Gram(around.View(1, 1, 3, 3), matrix.New[float32](4, 3), false)
	for i := range 5 {
		for j := range 6 {
			want := 7.0
			if i >= 1 && i <= 3 && j >= 1 && j <= 3 {
				want = 0
			}
			require.Equal(t, want, around.At(i, j))
		}
	}
}

func TestGramTakesSquaresOutOfRangeAndZeros(t *testing.T) {
	levels(t, func(t *testing.T) { both(t, testGramOfExtremes[float32], testGramOfExtremes[float64]) })
}

func testGramOfExtremes[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	const length, rank = 300, 7
	for _, scales := range [][rank]float64{
		{1, 1, 0, 1, 1, 1, 1},
		{0, 0, 0, 0, 0, 0, 0},
		{1, 0x1p-70, 1, 0x1p70, 0, 1, 0x1p-100},
	} {
		x, _ := strided[T](r, length, rank)
		for i := range length {
			for k := range rank {
				x.Set(i, k, T(float64(x.At(i, k))*scales[k]))
			}
		}
		for _, rows := range []bool{false, true} {
			operand := x
			if rows {
				operand = x.Transpose()
			}
			g := matrix.New[float64](rank, rank)
			matrix.Gram(g, operand, rows)
			for k := range rank {
				for l := range rank {
					var want, size float64
					for i := range length {
						p := float64(x.At(i, k)) * float64(x.At(i, l))
						want += p
						size += math.Abs(p)
					}
					require.InDelta(t, want, g.At(k, l), length*epsilon[T]()*size)
				}
			}
		}
	}
}

func TestGramOfWhatIsNotFinite(t *testing.T) {
	both(t, testGramNotFinite[float32], testGramNotFinite[float64])
}

func testGramNotFinite[T matrix.Float](t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		for k := range 3 { // beside zeros, which do not hide it
			x := matrix.Of(2, 3, []T{0, 0, 0, 1, 2, 3})
			x.Set(0, k, T(bad))
			g := matrix.New[float64](3, 3)
			matrix.Gram(g, x, false)
			for l := range 3 {
				if l != k {
					require.True(t, math.IsNaN(g.At(k, l)) && math.IsNaN(g.At(l, k)), "column %d, %v: %v", k, bad, g.Data)
				}
			}
		}
	}
}

func TestInnerAndSumAccumulateInFloat64(t *testing.T) {
	// 2^24 + 1 is no float32, and 1e30² not even near one.
	m := matrix.Of(1, 3, []float32{1 << 24, 1, 1})
	assert.Equal(t, float64(1<<24+2), matrix.Sum(m))
	one := matrix.Of(1, 3, []float32{1, 1, 1})
	assert.Equal(t, float64(1<<24+2), matrix.Inner(m, one))
	big := matrix.Of(1, 1, []float32{1e30})
	assert.InEpsilon(t, 1e60, matrix.Inner(big, big), 1e-6)
}

func TestInnerMatchesTheDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 9))
	for _, rows := range []int{0, 1, 3} {
		for cols := range 21 {
			if cols == 20 {
				cols = 9000 // more than a kernel gets at once
			}
			a, _ := strided[float64](r, rows, cols)
			b, _ := strided[float32](r, rows, cols)
			var want, size, sum, abs float64
			for i := range rows {
				for j := range cols {
					p := a.At(i, j) * float64(b.At(i, j))
					want += p
					size += math.Abs(p)
					sum += a.At(i, j)
					abs += math.Abs(a.At(i, j))
				}
			}
			n := float64(rows*cols + 1)
			require.InDelta(t, want, matrix.Inner(a, b), n*epsilon[float64]()*size)
			require.InDelta(t, want, matrix.Inner(b, a), n*epsilon[float64]()*size)
			wide := matrix.Convert[float64](b)
			require.InDelta(t, want, matrix.Inner(a, wide), n*epsilon[float64]()*size)
			require.InDelta(t, sum, matrix.Sum(a), n*epsilon[float64]()*abs)
		}
	}
	misuse(t, "Inner", func() { matrix.Inner(matrix.New[float64](2, 3), matrix.New[float64](3, 2)) }, "2 x 3 and 3 x 2")
}

func ExampleGram() {
	x := matrix.Of(3, 2, []float32{1, 0, 1, 1, 1, 2})
	g := matrix.New[float64](2, 2)
	matrix.Gram(g, x, false)
	fmt.Println(g.Data)
	// Output: [3 3 3 5]
}

func ExampleInner() {
	a := matrix.Of(2, 2, []float64{1, 2, 3, 4})
	b := matrix.Of(2, 2, []float32{1, 0, 0, 1})
	fmt.Println(matrix.Inner(a, b), matrix.Sum(a))
	// Output: 5 10
}
