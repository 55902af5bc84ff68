package matrix_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/internal/racing"
	"polyad/matrix"
)

var gemmSizes = []int{0, 1, 3, 4, 5, 17, 64, 65, 130}

// reference is Σ a·b and Σ |a||b| of every element of op(A)·op(B), in float64.
type reference struct {
	n         int
	sum, size []float64
}

func multiply[T matrix.Float](a, b *matrix.Dense[T]) reference {
	ref := reference{n: b.Cols, sum: make([]float64, a.Rows*b.Cols), size: make([]float64, a.Rows*b.Cols)}
	for i := range a.Rows {
		sum, size := ref.sum[i*b.Cols:(i+1)*b.Cols], ref.size[i*b.Cols:(i+1)*b.Cols]
		for l, v := range a.Row(i) {
			for j, w := range b.Row(l) {
				p := float64(v) * float64(w)
				sum[j] += p
				size[j] += math.Abs(p)
			}
		}
	}
	return ref
}

// transposed returns m as a strided view, stored transposed when t is set.
func transposed[T matrix.Float](r *rand.Rand, m *matrix.Dense[T], t bool) (view, around *matrix.Dense[T]) {
	if t {
		m = m.Transpose()
	}
	view, around = strided[T](r, m.Rows, m.Cols)
	view.Copy(m)
	return view, around
}

func TestGemmMatchesTheDefinition(t *testing.T) { both(t, testGemm[float32], testGemm[float64]) }

func testGemm[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	pool := par.New(2)
	defer pool.Close()
	factors := [][2]T{{1, 0}, {1, 1}, {-.5, 0}, {2, .25}, {0, 0}, {0, 1}, {0, -3}, {-1, 1}, {1, -1}}
	next := 0
	for _, m := range gemmSizes {
		for _, n := range gemmSizes {
			for _, k := range gemmSizes {
				if work := m * n * k; work > 600_000 && m != n { // of the largest a few will do
					continue
				}
				a, _ := strided[T](r, m, k)
				b, _ := strided[T](r, k, n)
				ref := multiply(a, b)
				for tr := range 4 {
					tA, tB := tr&1 != 0, tr&2 != 0
					opA, aAround := transposed(r, a, tA)
					opB, bAround := transposed(r, b, tB)
					aBefore, bBefore := aAround.Clone(), bAround.Clone()
					used := factors
					if m*n*k > 17*17*17 { // the large ones take turns
						used = factors[next%len(factors):][:1]
						next++
					}
					for _, f := range used {
						testGemmOnce(t, r, pool, tA, tB, f[0], f[1], opA, opB, ref)
					}
					require.True(t, slices.Equal(aBefore.Data, aAround.Data), "A was written")
					require.True(t, slices.Equal(bBefore.Data, bAround.Data), "B was written")
				}
			}
		}
	}
}

func testGemmOnce[T matrix.Float](t *testing.T, r *rand.Rand, pool *par.Pool, tA, tB bool, alpha, beta T, a, b *matrix.Dense[T], ref reference) {
	m, k := a.Rows, a.Cols
	if tA {
		m, k = k, m
	}
	c, around := strided[T](r, m, ref.n)
	before := around.Clone()
	if beta == 0 { // must not be read
		for i := range m {
			for j := range c.Row(i) {
				c.Set(i, j, T(math.NaN()))
			}
		}
	}
	matrix.Gemm(pool, tA, tB, alpha, a, b, beta, c)
	for i := range around.Rows {
		for j := range around.Cols {
			old, got := float64(before.At(i, j)), float64(around.At(i, j))
			if i < 1 || i > m || j < 1 || j > ref.n {
				if got != old {
					require.Failf(t, "written outside C", "(%d, %d)", i, j)
				}
				continue
			}
			at := (i-1)*ref.n + j - 1
			want := float64(alpha)*ref.sum[at] + float64(beta)*old
			bound := 2 * epsilon[T]() * (float64(k+2)*math.Abs(float64(alpha))*ref.size[at] + math.Abs(float64(beta)*old))
			if !(math.Abs(got-want) <= bound) {
				require.Failf(t, "wrong product", "%dx%dx%d tA=%v tB=%v alpha=%v beta=%v: (%d, %d) is %v, want %v within %v", m, ref.n, k, tA, tB, alpha, beta, i-1, j-1, got, want, bound)
			}
		}
	}
}

func TestGemmBringsWhatIsNotFiniteWhereItBelongs(t *testing.T) {
	levels(t, func(t *testing.T) { both(t, testGemmNotFinite[float32], testGemmNotFinite[float64]) })
}

// testGemmNotFinite multiplies zeros but for one element, which is not finite, so
// that each sum with it is NaN and all others are 0.
func testGemmNotFinite[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	sizes := []int{1, 3, 9, 40, 130, 260}
	for round := range 150 {
		m, n, k := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
		a, b, c := matrix.New[T](m, k), matrix.New[T](k, n), matrix.New[T](m, n)
		i, l, j := r.IntN(m), r.IntN(k), r.IntN(n)
		bad, inA := T([]float64{math.NaN(), math.Inf(1)}[round%2]), r.IntN(2) == 0
		if inA {
			a.Set(i, l, bad)
		} else {
			b.Set(l, j, bad)
		}
		tA, tB, alpha := r.IntN(2) == 0, r.IntN(2) == 0, T(1+r.IntN(2))
		opA, _ := transposed(r, a, tA)
		opB, _ := transposed(r, b, tB)
		matrix.Gemm(nil, tA, tB, alpha, opA, opB, 0, c)
		for p := range m {
			for q := range n {
				if got := c.At(p, q); math.IsNaN(float64(got)) != (inA && p == i || !inA && q == j) {
					require.Failf(t, "NaN", "%dx%dx%d tA=%v tB=%v alpha=%v: (%d, %d) is %v", m, n, k, tA, tB, alpha, p, q, got)
				}
			}
		}
		c.Zero()
		matrix.Gemm(nil, tA, tB, 0, opA, opB, 1, c)
		require.Equal(t, make([]T, m*n), c.Data)
	}
}

func TestGemmOfManyParts(t *testing.T) {
	levels(t, func(t *testing.T) { both(t, testGemmParts[float32], testGemmParts[float64]) })
}

// testGemmParts goes beyond the sizes at which a product is cut into parts: rows,
// columns and depth of what is packed, and what is written past the caches.
func testGemmParts[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	pool := par.New(2)
	defer pool.Close()
	for _, size := range [][3]int{{390, 70, 66}, {33, 1601, 67}, {50, 70, 531}, {3, 1601, 300}, {40, 420_000 / asm.SizeOf[T](), 2}} {
		m, n, k := size[0], size[1], size[2]
		a, _ := strided[T](r, m, k)
		b, _ := strided[T](r, k, n)
		ref := multiply(a, b)
		for tr := range 4 {
			tA, tB := tr&1 != 0, tr&2 != 0
			opA, _ := transposed(r, a, tA)
			opB, _ := transposed(r, b, tB)
			alpha, beta := T(1), T(tr%2)
			if tr > 1 {
				alpha = -.5
			}
			testGemmOnce(t, r, pool, tA, tB, alpha, beta, opA, opB, ref)
		}
	}
}

func TestProductsAllocateNothing(t *testing.T) {
	racing.CountsAllocations(t)
	both(t, testGemmAllocations[float32], testGemmAllocations[float64])
}

func testGemmAllocations[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	a, _ := strided[T](r, 300, 70)
	b, _ := strided[T](r, 70, 80)
	c, gram, work := matrix.New[T](300, 80), matrix.New[float64](70, 70), new(matrix.GramWork[T])
	a.Set(0, 3, T(math.Inf(1))) // float32 sums this part in float64
	pool := par.New(2)
	defer pool.Close()
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		work.Gram(pool, gram, a, false)
		matrix.Gemm(pool, false, false, 2, a, b, 0, c)
	}))
}

func TestGemmGivesTheSameBitsForAnyWorkers(t *testing.T) {
	both(t, testGemmWorkers[float32], testGemmWorkers[float64])
}

func testGemmWorkers[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, size := range [][3]int{{1, 5, 7}, {64, 8, 9}, {65, 17, 33}, {200, 10, 40}, {257, 1, 3}, {130, 1100, 5}} {
		m, n, k := size[0], size[1], size[2]
		for tr := range 4 {
			tA, tB := tr&1 != 0, tr&2 != 0
			plain, _ := strided[T](r, m, k)
			a, _ := transposed(r, plain, tA)
			plain, _ = strided[T](r, k, n)
			b, _ := transposed(r, plain, tB)
			start, _ := strided[T](r, m, n)
			want := start.Clone()
			matrix.Gemm(nil, tA, tB, 1.5, a, b, .5, want)
			for workers := 1; workers <= 3; workers++ {
				pool := par.New(workers)
				got := start.Clone()
				matrix.Gemm(pool, tA, tB, 1.5, a, b, .5, got)
				pool.Close()
				require.Equal(t, want, got, "%v tA=%v tB=%v, %d workers", size, tA, tB, workers)
			}
		}
	}
}

func TestGemmRefusesShapesThatDoNotFit(t *testing.T) {
	a, b := matrix.New[float64](2, 3), matrix.New[float64](3, 4)
	misuse(t, "Gemm", func() { matrix.Gemm(nil, false, false, 1, a, a, 0, matrix.New[float64](2, 3)) }, "2 x 3 · 2 x 3")
	misuse(t, "Gemm", func() { matrix.Gemm(nil, true, false, 1, a, b, 0, matrix.New[float64](3, 4)) }, "3 x 2 · 3 x 4")
	misuse(t, "Gemm", func() { matrix.Gemm(nil, false, true, 1, a, b, 0, matrix.New[float64](2, 3)) }, "2 x 3 · 4 x 3")
	misuse(t, "Gemm", func() { matrix.Gemm(nil, false, false, 1, a, b, 0, matrix.New[float64](2, 3)) }, "into 2 x 3")
	misuse(t, "Gemm", func() { matrix.Gemm(nil, false, false, 1, a, b, 0, matrix.New[float64](3, 4)) }, "into 3 x 4")
	assert.NotPanics(t, func() { matrix.Gemm(nil, false, false, 1, a, b, 0, matrix.New[float64](2, 4)) })
}

func ExampleGemm() {
	a := matrix.Of(2, 2, []float64{1, 2, 3, 4})
	b := matrix.Of(2, 2, []float64{0, 1, 1, 0})
	c := matrix.New[float64](2, 2)
	matrix.Gemm(nil, false, false, 1, a, b, 0, c)
	fmt.Println(c.Data)
	matrix.Gemm(nil, true, false, -1, a, b, 1, c) // c - aᵀb
	fmt.Println(c.Data)
	// Output:
	// [2 1 4 3]
	// [-1 0 0 1]
}
