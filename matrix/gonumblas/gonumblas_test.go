package gonumblas

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/blas/testblas"

	"polyad/asm"
)

// routines are the replaced routines for one element type.
type routines[T asm.Float] interface {
	gemm(tA, tB blas.Transpose, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int)
	syrk(ul blas.Uplo, tA blas.Transpose, n, k int, alpha T, a []T, lda int, beta T, c []T, ldc int)
	gemv(tA blas.Transpose, m, n int, alpha T, a []T, lda int, x []T, incX int, beta T, y []T, incY int)
}

type f64 struct{ blas.Float64 }

func (f f64) gemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	f.Dgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}
func (f f64) syrk(ul blas.Uplo, tA blas.Transpose, n, k int, alpha float64, a []float64, lda int, beta float64, c []float64, ldc int) {
	f.Dsyrk(ul, tA, n, k, alpha, a, lda, beta, c, ldc)
}
func (f f64) gemv(tA blas.Transpose, m, n int, alpha float64, a []float64, lda int, x []float64, incX int, beta float64, y []float64, incY int) {
	f.Dgemv(tA, m, n, alpha, a, lda, x, incX, beta, y, incY)
}

type f32 struct{ blas.Float32 }

func (f f32) gemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	f.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}
func (f f32) syrk(ul blas.Uplo, tA blas.Transpose, n, k int, alpha float32, a []float32, lda int, beta float32, c []float32, ldc int) {
	f.Ssyrk(ul, tA, n, k, alpha, a, lda, beta, c, ldc)
}
func (f f32) gemv(tA blas.Transpose, m, n int, alpha float32, a []float32, lda int, x []float32, incX int, beta float32, y []float32, incY int) {
	f.Sgemv(tA, m, n, alpha, a, lda, x, incX, beta, y, incY)
}

// levels runs f on each level of kernels.
func levels(t *testing.T, f func(*testing.T)) {
	for _, l := range asm.Levels() {
		restore, err := asm.Use(l)
		require.NoError(t, err)
		t.Run(l.String(), f)
		restore()
	}
}

func bothLevels(t *testing.T, f func(*testing.T, routines[float32], routines[float32]), g func(*testing.T, routines[float64], routines[float64])) {
	all := Implementation{always: true}
	levels(t, func(t *testing.T) {
		t.Run("float32", func(t *testing.T) { f(t, f32{all}, f32{gonum.Implementation{}}) })
		t.Run("float64", func(t *testing.T) { g(t, f64{all}, f64{gonum.Implementation{}}) })
	})
}

// inFloat32 is the float64 BLAS that computes in float32, for gonum's tests: their
// numbers are small integers and halves for the most part.
type inFloat32 struct{ Implementation }

func narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

func widen(x []float64, y []float32) {
	for i, v := range y {
		x[i] = float64(v)
	}
}

func (f inFloat32) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	c32 := narrow(c)
	f.Sgemm(tA, tB, m, n, k, float32(alpha), narrow(a), lda, narrow(b), ldb, float32(beta), c32, ldc)
	widen(c, c32)
}

func (f inFloat32) Dsyrk(ul blas.Uplo, tA blas.Transpose, n, k int, alpha float64, a []float64, lda int, beta float64, c []float64, ldc int) {
	c32 := narrow(c)
	f.Ssyrk(ul, tA, n, k, float32(alpha), narrow(a), lda, float32(beta), c32, ldc)
	widen(c, c32)
}

func TestGonumsOwnTestsPass(t *testing.T) {
	levels(t, func(t *testing.T) {
		for _, i := range []Implementation{{}, {always: true}} {
			testblas.TestDgemm(t, i)
			testblas.DsyrkTest(t, i)
			testblas.DgemvTest(t, i)
			testblas.TestDgemm(t, inFloat32{i})
			testblas.DsyrkTest(t, inFloat32{i})
		}
	})
}

var (
	transposes = []blas.Transpose{blas.NoTrans, blas.Trans, blas.ConjTrans}
	factors    = []float64{1, 0, -1, .5, -3}
)

// numbers returns n numbers, rarely one that is special, or nothing but zeros.
func numbers[T asm.Float](r *rand.Rand, n int, special float64) []T {
	x := make([]T, max(n, 0))
	for i := range x {
		x[i] = T(r.NormFloat64())
		if r.Float64() < special {
			x[i] = []T{0, 0, T(math.NaN()), T(math.Inf(1)), T(math.Inf(-1))}[r.IntN(5)]
		}
	}
	return x
}

// outcome calls f and returns what it panicked with.
func outcome(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

// requireLike requires two results to agree: what is special exactly, the rest
// within rounding.
func requireLike[T asm.Float](t *testing.T, want, got []T, depth int, about string) {
	t.Helper()
	tolerance := 1e-15 * float64(depth+10)
	if asm.SizeOf[T]() == 4 {
		tolerance = 1e-6 * float64(depth+10)
	}
	require.Len(t, got, len(want))
	for i := range want {
		w, g := float64(want[i]), float64(got[i])
		if same := w == g || math.IsNaN(w) && math.IsNaN(g) || math.Abs(w-g) <= tolerance*(10+math.Abs(w)); !same {
			require.Failf(t, "differs from gonum", "%s: element %d is %v, want %v", about, i, g, w)
		}
	}
}

// call runs a routine of both implementations on copies of dst, and compares
// what they panic with and leave.
func call[T asm.Float](t *testing.T, dst []T, depth int, about string, ours, theirs func(dst []T)) {
	t.Helper()
	got, want := append([]T(nil), dst...), append([]T(nil), dst...)
	wantPanic := outcome(func() { theirs(want) })
	require.Equal(t, wantPanic, outcome(func() { ours(got) }), about)
	requireLike(t, want, got, depth, about)
}

func TestRandomCallsDoWhatGonumDoes(t *testing.T) {
	bothLevels(t, testRandomCalls[float32], testRandomCalls[float64])
}

// testRandomCalls calls with all kinds of arguments, wrong ones among them.
func testRandomCalls[T asm.Float](t *testing.T, ours, theirs routines[T]) {
	r := rand.New(rand.NewPCG(31, 1))
	trans := func() blas.Transpose {
		if r.IntN(40) == 0 {
			return 'x'
		}
		return transposes[r.IntN(3)]
	}
	size := func() int { return r.IntN(8) - r.IntN(20)/19 }
	factor := func() T {
		if r.IntN(10) == 0 {
			return []T{T(math.NaN()), T(math.Inf(1))}[r.IntN(2)]
		}
		return T(factors[r.IntN(len(factors))])
	}
	// off is mostly 0, and now and then what makes something wrong.
	off := func() int { return r.IntN(3) - r.IntN(20)/19*3 }
	area := func(rows, cols, ld int) int { return max(0, (rows-1)*ld+cols+off()) }
	for range 6000 {
		special := []float64{0, 0, .05}[r.IntN(3)]
		tA, tB, m, n, k := trans(), trans(), size(), size(), size()
		alpha, beta := factor(), factor()
		rowsA, colsA, rowsB, colsB := m, k, k, n
		if tA != blas.NoTrans {
			rowsA, colsA = k, m
		}
		if tB != blas.NoTrans {
			rowsB, colsB = n, k
		}
		lda, ldb, ldc := colsA+off(), colsB+off(), n+off()
		a, b := numbers[T](r, area(rowsA, colsA, lda), special), numbers[T](r, area(rowsB, colsB, ldb), special)
		call(t, numbers[T](r, area(m, n, ldc), special), k, fmt.Sprint("gemm ", tA, tB, m, n, k, alpha, beta, lda, ldb, ldc), func(c []T) {
			ours.gemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		}, func(c []T) {
			theirs.gemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		})

		ul := []blas.Uplo{blas.Upper, blas.Lower, blas.All}[r.IntN(41)/20]
		ldc = m + off()
		inC := special
		if ul == blas.Lower && tA != blas.NoTrans {
			inC = 0 // gonum multiplies by beta = 0 instead of overwriting
		}
		call(t, numbers[T](r, area(m, m, ldc), inC), k, fmt.Sprint("syrk ", ul, tA, m, k, alpha, beta, lda, ldc), func(c []T) {
			ours.syrk(ul, tA, m, k, alpha, a, lda, beta, c, ldc)
		}, func(c []T) {
			theirs.syrk(ul, tA, m, k, alpha, a, lda, beta, c, ldc)
		})

		incX, incY := []int{1, 1, 1, 2, -1, -3, 0}[r.IntN(7)], []int{1, 1, 1, 2, -1, -2, 0}[r.IntN(7)]
		lda = k + off()
		a = numbers[T](r, area(m, k, lda), special)
		lenX, lenY := k, m
		if tA != blas.NoTrans {
			lenX, lenY = m, k
		}
		x := numbers[T](r, max(0, (lenX-1)*max(incX, -incX)+1+off()), special)
		y := numbers[T](r, max(0, (lenY-1)*max(incY, -incY)+1-r.IntN(20)/19), special) // no longer: Sgemv clears what is beyond
		call(t, y, lenX, fmt.Sprint("gemv ", tA, m, k, alpha, beta, lda, incX, incY), func(y []T) {
			ours.gemv(tA, m, k, alpha, a, lda, x, incX, beta, y, incY)
		}, func(y []T) {
			theirs.gemv(tA, m, k, alpha, a, lda, x, incX, beta, y, incY)
		})
	}
}

func TestLargeProductsMatchGonum(t *testing.T) {
	bothLevels(t, testLarge[float32], testLarge[float64])
}

func testLarge[T asm.Float](t *testing.T, ours, theirs routines[T]) {
	r := rand.New(rand.NewPCG(31, 2))
	for _, s := range [][3]int{{200, 130, 70}, {130, 200, 270}, {3, 400, 5}, {70, 1, 300}, {301, 67, 1}} {
		m, n, k := s[0], s[1], s[2]
		ld := max(m, n, k) + 3
		a, b, c := numbers[T](r, ld*ld, 0), numbers[T](r, ld*ld, 0), numbers[T](r, ld*ld, 0)
		for i, tA := range transposes[:2] {
			for j, tB := range transposes[:2] {
				alpha, beta := T(factors[2*i]), T(factors[2*j+1-j])
				call(t, c, k, fmt.Sprint("gemm ", s), func(c []T) {
					ours.gemm(tA, tB, m, n, k, alpha, a, ld, b, ld, beta, c, ld)
				}, func(c []T) {
					theirs.gemm(tA, tB, m, n, k, alpha, a, ld, b, ld, beta, c, ld)
				})
			}
			for j, ul := range []blas.Uplo{blas.Upper, blas.Lower} {
				beta := T(factors[1+j+2*i])
				call(t, c, k, fmt.Sprint("syrk ", s), func(c []T) {
					ours.syrk(ul, tA, m, k, -.5, a, ld, beta, c, ld)
				}, func(c []T) {
					theirs.syrk(ul, tA, m, k, -.5, a, ld, beta, c, ld)
				})
			}
		}
	}
	for _, s := range [][2]int{{1, 9000}, {9000, 1}, {301, 203}, {6, 9001}} {
		m, n := s[0], s[1]
		a := numbers[T](r, m*n, 0)
		for _, tA := range transposes {
			lenX, lenY := n, m
			if tA != blas.NoTrans {
				lenX, lenY = m, n
			}
			x := numbers[T](r, lenX, 0)
			for _, beta := range []T{0, 1, -.5} {
				call(t, numbers[T](r, lenY, 0), lenX, fmt.Sprint("gemv ", s), func(y []T) {
					ours.gemv(tA, m, n, 1.5, a, n, x, 1, beta, y, 1)
				}, func(y []T) {
					theirs.gemv(tA, m, n, 1.5, a, n, x, 1, beta, y, 1)
				})
			}
		}
	}
}

// Sizes whose products leave the range of an int must not pass for fitting ones.
func TestAbsurdSizesAreRefused(t *testing.T) {
	const big = math.MaxInt/2 + 1
	for _, c := range [][4]int{{10, big, 1, 4}, {10, 3, 2, big}, {10, 5, 3, math.MaxInt}, {10, 1, 11, 11}} {
		assert.False(t, holds(c[0], c[1], c[2], c[3]), "%v", c)
	}
	assert.True(t, holds(10, 1, 3, math.MaxInt))
	assert.True(t, holds(11, 3, 3, 4))
}

func TestResultsDoNotDependOnProcessors(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 3))
	const n = 430
	a := numbers[float64](r, n*n, 0)
	results := func() (all []float64) {
		i := Implementation{}
		c, d, y := make([]float64, n*n), make([]float64, n*n), make([]float64, 2*n)
		i.Dgemm(blas.NoTrans, blas.Trans, n, n, n, 1, a, n, a, n, 0, c, n)
		i.Dsyrk(blas.Upper, blas.Trans, n, n, 1, a, n, 0, d, n)
		i.Dgemv(blas.NoTrans, n, n, 1, a, n, a[:n], 1, 0, y[:n], 1)
		i.Dgemv(blas.Trans, n, n, 1, a, n, a[:n], 1, 0, y[n:], 1)
		return append(append(c, d...), y...)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	want := results()
	for procs := 2; procs <= 4; procs++ {
		runtime.GOMAXPROCS(procs)
		assert.Equal(t, want, results(), "%d processors", procs)

		// Several at once: one gets the workers, the others go alone.
		var done sync.WaitGroup
		all := make([][]float64, 3)
		for g := range all {
			done.Add(1)
			go func() {
				defer done.Done()
				all[g] = results()
			}()
		}
		done.Wait()
		for _, got := range all {
			assert.Equal(t, want, got, "%d processors, at once", procs)
		}
	}
}

func TestProductsAllocateNothing(t *testing.T) {
	const n = 100
	a, c := make([]float64, n*n), make([]float64, n*n)
	i := Implementation{always: true}
	fewest := math.Inf(1) // what a sync.Pool keeps may be gone now and then
	for range 50 {
		fewest = min(fewest, testing.AllocsPerRun(1, func() {
			i.Dgemm(blas.NoTrans, blas.Trans, n, n, n, 1, a, n, a, n, 0, c, n)
			i.Dsyrk(blas.Upper, blas.Trans, n, n, 1, a, n, 0, c, n)
			i.Dgemv(blas.Trans, n, n, 1, a, n, a, 1, 0, c, 1)
		}))
	}
	assert.Zero(t, fewest)
}
