package matrix_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/internal/par"
	"polyad/internal/racing"
	"polyad/matrix"
)

func TestGramIsTheProductWithItself(t *testing.T) { both(t, testGram[float32], testGram[float64]) }

func testGram[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, length := range gemmSizes {
		for _, rank := range []int{0, 1, 3, 4, 5, 17} {
			testGramOnce[T](t, r, length, rank)
		}
	}
	misuse(t, "Gram", func() { matrix.Gram(nil, matrix.New[float64](2, 2), matrix.New[T](2, 3), false) }, "2 x 2", "3 components")
	misuse(t, "Gram", func() { matrix.Gram(nil, matrix.New[float64](3, 2), matrix.New[T](3, 5), true) }, "3 x 2", "3 components")
}

// largeGrams are lengths and ranks that are cut into parts, and into panels.
var largeGrams = [][2]int{{1, 230}, {257, 193}, {300, 240}, {900, 70}, {4100, 33}, {100000, 2}}

func TestGramOfLargeMatricesIsTheProductWithItself(t *testing.T) {
	levels(t, func(t *testing.T) {
		both(t, func(t *testing.T) { testLargeGram[float32](t) }, func(t *testing.T) { testLargeGram[float64](t) })
	})
}

func testLargeGram[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(9, 8))
	for _, size := range largeGrams {
		testGramOnce[T](t, r, size[0], size[1])
	}
}

func testGramOnce[T matrix.Float](t *testing.T, r *rand.Rand, length, rank int) {
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
		matrix.Gram(nil, g, x, rows)
		require.True(t, slices.Equal(before.Data, around.Data), "x was written")

		// In float64 for both types; sums of up to 256 are taken in T.
		wide := matrix.Convert[float64](x)
		want, size := matrix.New[float64](rank, rank), matrix.New[float64](rank, rank)
		matrix.Gemm(nil, !rows, rows, 1, wide, wide, 0, want)
		for i, v := range wide.Data {
			wide.Data[i] = math.Abs(v)
		}
		matrix.Gemm(nil, !rows, rows, 1, wide, wide, 0, size)
		eps := float64(length+2) * (epsilon[float64]() + float64(min(length, 256))/float64(length+1)*epsilon[T]())
		for k := range rank {
			for l := range rank {
				if !(math.Abs(g.At(k, l)-want.At(k, l)) <= eps*size.At(k, l)) || g.At(l, k) != g.At(k, l) {
					require.Failf(t, "wrong or not symmetric", "%d x %d, rows %v: (%d, %d) is %v and %v, want %v", length, rank, rows, k, l, g.At(k, l), g.At(l, k), want.At(k, l))
				}
			}
		}
	}
}

func TestGramStackAddsBlocks(t *testing.T) { both(t, testGramStack[float32], testGramStack[float64]) }

func testGramStack[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(9, 7))
	for _, size := range [][3]int{{0, 3, 4}, {1, 5, 600}, {7, 5, 3}, {90, 40, 7}, {3, 40, 300}, {70, 200, 4}, {5, 210, 101}, {4, 3, 0}} {
		blocks, rank, cols := size[0], size[1], size[2]
		x, _ := strided[T](r, blocks*rank, cols)
		beside := matrix.New[T](rank, blocks*cols)
		for i := range blocks {
			beside.View(0, i*cols, rank, cols).Copy(x.View(i*rank, 0, rank, cols))
		}
		want, got := matrix.New[float64](rank, rank), matrix.New[float64](rank, rank)
		matrix.Gram(nil, want, beside, true)
		matrix.GramStack(nil, got, x)
		require.True(t, slices.Equal(want.Data, got.Data), "%d blocks of %d x %d", blocks, rank, cols)
	}
	misuse(t, "GramStack", func() { matrix.GramStack(nil, matrix.New[float64](3, 3), matrix.New[T](7, 2)) }, "3 x 3", "7 x 2")
	misuse(t, "GramStack", func() { matrix.GramStack(nil, matrix.New[float64](3, 2), matrix.New[T](6, 2)) }, "3 x 2")
	misuse(t, "GramStack", func() { matrix.GramStack(nil, matrix.New[float64](0, 0), matrix.New[T](7, 2)) }, "0 x 0", "7 x 2")
	matrix.GramStack(nil, matrix.New[float64](0, 0), matrix.New[T](0, 2))
}

func TestGramGivesTheSameBitsForAnyWorkers(t *testing.T) {
	both(t, testGramWorkers[float32], testGramWorkers[float64])
}

func testGramWorkers[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(9, 6))
	var pools []*par.Pool
	for workers := 1; workers <= 3; workers++ {
		pools = append(pools, par.New(workers))
		defer pools[workers-1].Close()
	}
	for _, size := range largeGrams {
		length, rank := size[0], size[1]
		x, _ := strided[T](r, length, rank)
		x.Set(length/2, rank/2, T(math.Inf(1))) // float32 sums some blocks in float64
		want, got := matrix.New[float64](rank, rank), matrix.New[float64](rank, rank)
		for _, operand := range []*matrix.Dense[T]{x, x.Transpose()} {
			matrix.Gram(nil, want, operand, operand != x)
			for _, pool := range pools {
				got.Data[0] = 7
				matrix.Gram(pool, got, operand, operand != x)
				for i, v := range want.Data {
					if math.Float64bits(v) != math.Float64bits(got.Data[i]) && (v == v || got.Data[i] == got.Data[i]) {
						require.Failf(t, "other bits", "%d x %d, %d workers, element %d: %v and %v", length, rank, pool.Workers(), i, v, got.Data[i])
					}
				}
			}
		}
	}
}

func TestGramAllocatesNothing(t *testing.T) {
	racing.CountsAllocations(t)
	both(t, testGramAllocations[float32], testGramAllocations[float64])
}

func testGramAllocations[T matrix.Float](t *testing.T) {
	pool := par.New(2)
	defer pool.Close()
	x, y := matrix.New[T](900, 70), matrix.New[T](300, 200)
	y.Set(0, 3, T(math.Inf(1)))
	gx, gy := matrix.New[float64](70, 70), matrix.New[float64](200, 200)
	wide := matrix.New[float64](300, 300)
	var work matrix.GramWork[T]
	assert.Zero(t, testing.AllocsPerRun(5, func() {
		work.Gram(pool, gx, x, false)
		work.Gram(pool, gy, y, false)
		work.Gram(pool, wide, y, true)
	}))
}

func TestGramWritesOnlyItsDestination(t *testing.T) {
	around := matrix.New[float64](5, 6)
	for i := range around.Data {
		around.Data[i] = 7
	}
	matrix.Gram(nil, around.View(1, 1, 3, 3), matrix.New[float32](4, 3), false)
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
	const length, few, many = 300, 7, 197
	spread := make([]float64, many) // over the panels: near, far, near, …
	for k := range spread {
		spread[k] = math.Ldexp(1, 70*(k/48%2))
	}
	for _, scales := range [][]float64{
		{1, 1, 0, 1, 1, 1, 1},
		make([]float64, few),
		{1, 0x1p-70, 1, 0x1p70, 0, 1, 0x1p-100},
		spread,
	} {
		rank := len(scales)
		x, _ := strided[T](r, length, rank)
		for i := range length {
			for k := range rank {
				x.Set(i, k, T(float64(x.At(i, k))*scales[k]))
			}
		}
		wide := matrix.Convert[float64](x)
		want, size := matrix.New[float64](rank, rank), matrix.New[float64](rank, rank)
		matrix.Gemm(nil, true, false, 1, wide, wide, 0, want)
		for i, v := range wide.Data {
			wide.Data[i] = math.Abs(v)
		}
		matrix.Gemm(nil, true, false, 1, wide, wide, 0, size)
		for _, rows := range []bool{false, true} {
			operand := x
			if rows {
				operand = x.Transpose()
			}
			g := matrix.New[float64](rank, rank)
			matrix.Gram(nil, g, operand, rows)
			for i, v := range g.Data {
				if !(math.Abs(v-want.Data[i]) <= length*epsilon[T]()*size.Data[i]) {
					require.Failf(t, "wrong", "%d columns, element %d is %v, want %v", rank, i, v, want.Data[i])
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
		for _, rank := range []int{3, 200} {
			for _, k := range []int{0, rank / 2, rank - 1} { // beside zeros, which do not hide it
				x, g := matrix.New[T](2, rank), matrix.New[float64](rank, rank)
				for l := range rank {
					x.Set(1, l, T(l+1))
				}
				x.Set(0, k, T(bad))
				matrix.Gram(nil, g, x, false)
				for i := range rank {
					for l := range rank {
						switch got := g.At(i, l); {
						case i != k && l != k:
							require.Equal(t, float64((i+1)*(l+1)), got)
						case i != l:
							require.True(t, math.IsNaN(got), "column %d, %v: (%d, %d) is %v", k, bad, i, l, got)
						default:
							require.NotZero(t, got-got, "column %d, %v: %v on the diagonal", k, bad, got)
						}
					}
				}
			}
		}
	}
}

func ExampleGram() {
	x := matrix.Of(3, 2, []float32{1, 0, 1, 1, 1, 2})
	g := matrix.New[float64](2, 2)
	matrix.Gram(nil, g, x, false)
	fmt.Println(g.Data)
	// Output: [3 3 3 5]
}
