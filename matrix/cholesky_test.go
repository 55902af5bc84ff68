package matrix_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"polyad/internal/par"
	"polyad/internal/racing"
	"polyad/matrix"
)

// positive returns the lower triangle of a well-conditioned positive definite
// matrix, with NaN above, as a view, and the whole of it.
func positive[T matrix.Float](r *rand.Rand, n int) (lower *matrix.Dense[T], whole *matrix.Dense[float64]) {
	x, _ := strided[T](r, 2*n+3, n)
	whole = matrix.New[float64](n, n)
	matrix.Gram(nil, whole, x, false)
	lower, _ = strided[T](r, n, n)
	for i := range n {
		for j := range n {
			lower.Set(i, j, T(math.NaN()))
			if j <= i {
				lower.Set(i, j, T(whole.At(i, j)))
			}
			whole.Set(i, j, float64(T(whole.At(i, j))))
		}
	}
	return lower, whole
}

var choleskySizes = []int{0, 1, 2, 3, 5, 16, 31, 32, 33, 64, 70, 131}

// largeCholeskys are factored by panels.
var largeCholeskys = []int{640, 705}

func TestCholeskyMultipliesBack(t *testing.T) {
	levels(t, func(t *testing.T) { both(t, testCholesky[float32], testCholesky[float64]) })
}

func testCholesky[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 30))
	for _, n := range append(choleskySizes, largeCholeskys...) {
		l, a := positive[T](r, n)
		require.True(t, matrix.Cholesky(nil, l), "size %d", n)
		step := 1
		if testing.Short() {
			step += n / 64
		}
		for i := 0; i < n; i += step {
			require.Greater(t, l.At(i, i), T(0))
			for j := range n {
				if j > i {
					if v := l.At(i, j); v == v {
						require.Failf(t, "written above the diagonal", "size %d, element (%d, %d)", n, i, j)
					}
					continue
				}
				var sum, size float64
				for s, v := range l.Row(j)[:j+1] {
					p := float64(l.Data[i*l.Stride+s]) * float64(v)
					sum += p
					size += math.Abs(p)
				}
				if !(math.Abs(a.At(i, j)-sum) <= float64(n+3)*epsilon[T]()*size) {
					require.Failf(t, "wrong", "size %d, element (%d, %d): %v, want %v", n, i, j, sum, a.At(i, j))
				}
			}
		}
	}
	misuse(t, "Cholesky", func() { matrix.Cholesky(nil, matrix.New[T](2, 3)) }, "2 x 3")
}

func TestCholeskyAgreesWithGonum(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 30))
	for _, n := range append(choleskySizes[1:], largeCholeskys...) {
		l, a := positive[float64](r, n)
		var want mat.Cholesky
		require.True(t, want.Factorize(mat.NewSymDense(n, a.Data)))
		require.True(t, matrix.Cholesky(nil, l))
		var wantL mat.TriDense
		want.LTo(&wantL)
		b := matrix.New[float64](n, 7)
		for i := range b.Data {
			b.Data[i] = r.NormFloat64()
		}
		var wantX mat.Dense
		require.NoError(t, want.SolveTo(&wantX, matrix.ToMat(b)))
		matrix.CholeskySolve(nil, l, false, b)
		for i := range n {
			for j := range i + 1 {
				require.InDelta(t, wantL.At(i, j), l.At(i, j), 1e-12*wantL.At(i, i))
			}
			for j := range 7 {
				require.InDelta(t, wantX.At(i, j), b.At(i, j), 1e-12*(1+math.Abs(wantX.At(i, j))))
			}
		}
	}
}

func TestCholeskyTellsWhatIsNotPositiveDefinite(t *testing.T) {
	levels(t, func(t *testing.T) { both(t, testNotPositive[float32], testNotPositive[float64]) })
}

func testNotPositive[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 30))
	sizes := []int{1, 2, 33, 70, 705}
	if testing.Short() {
		sizes = sizes[:4]
	}
	for _, n := range sizes {
		good, _ := positive[T](r, n)
		fails := func(a *matrix.Dense[T], what string, at int) {
			assert.False(t, matrix.Cholesky(nil, a), "size %d, %s at %d", n, what, at)
		}
		for _, at := range []int{0, n / 2, n - 1} {
			for name, v := range map[string]float64{"zero": 0, "negative": -1, "NaN": math.NaN(), "Inf": math.Inf(1), "-Inf": math.Inf(-1)} {
				a := good.Clone()
				a.Set(at, at, T(v))
				fails(a, name, at)
			}
			if at > 0 {
				a := good.Clone()
				a.Set(at, at-1, T(math.NaN()))
				fails(a, "NaN beside the diagonal", at)
				a.Copy(good) // a 2 x 2 minor that is negative
				a.Set(at, at-1, T(math.Sqrt(float64(a.At(at, at))*float64(a.At(at-1, at-1))))*1.1)
				fails(a, "indefinite", at)
			}
		}
	}
}

func TestCholeskyHasTheSameBitsForAnyWorkers(t *testing.T) {
	both(t, testCholeskyWorkers[float32], testCholeskyWorkers[float64])
}

func testCholeskyWorkers[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 31))
	for _, n := range []int{70, 705} {
		start, _ := positive[T](r, n)
		want := start.Clone()
		require.True(t, matrix.Cholesky(nil, want))
		for workers := 1; workers <= 3; workers++ {
			pool := par.New(workers)
			got := start.Clone()
			require.True(t, matrix.Cholesky(pool, got))
			pool.Close()
			for i := range n {
				require.True(t, slices.Equal(want.Row(i)[:i+1], got.Row(i)[:i+1]), "size %d, %d workers, row %d", n, workers, i)
			}
		}
	}
}

// rightSides returns n right sides of length r in either form, whose rows are
// stride apart if that is not 0.
func rightSides[T matrix.Float](r *rand.Rand, size, n int, rows bool, stride int) *matrix.Dense[T] {
	m, k := size, n
	if rows {
		m, k = n, size
	}
	if stride == 0 {
		b, _ := strided[T](r, m, k)
		return b
	}
	b := matrix.New[T](m, stride).View(0, 0, m, k)
	for i := range m {
		for j := range k {
			b.Set(i, j, T(r.NormFloat64()))
		}
	}
	return b
}

// side returns element k of right side j.
func side[T matrix.Float](b *matrix.Dense[T], k, j int, rows bool) float64 {
	if rows {
		k, j = j, k
	}
	return float64(b.At(k, j))
}

func TestTriSolveMultipliesBack(t *testing.T) {
	levels(t, func(t *testing.T) { both(t, testTriSolve[float32], testTriSolve[float64]) })
}

func testTriSolve[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(4, 30))
	for _, n := range []int{0, 1, 5, 33} {
		l, _ := positive[T](r, n)
		require.True(t, matrix.Cholesky(nil, l))
		at := func(i, j int, trans bool) float64 {
			if trans {
				i, j = j, i
			}
			if j > i {
				return 0
			}
			return float64(l.At(i, j))
		}
		for _, count := range []int{0, 1, 6, 130} {
			for form := range 8 {
				trans, rows, stride := form&1 > 0, form&2 > 0, 0
				if form&4 > 0 { // rows that are staged
					stride = 256 * (1 + max(n, count)/256)
				}
				x := rightSides[T](r, n, count, rows, stride)
				b := x.Clone()
				matrix.TriSolve(nil, l, trans, rows, x)
				for j := range count {
					for i := range n {
						var sum, size float64
						for s := range n {
							p := at(i, s, trans) * side(x, s, j, rows)
							sum += p
							size += math.Abs(p)
						}
						if !(math.Abs(side(b, i, j, rows)-sum) <= float64(n+3)*epsilon[T]()*size) {
							require.Failf(t, "wrong solution", "size %d, %d right sides, form %d: (%d, %d)", n, count, form, i, j)
						}
					}
				}
			}
		}
	}
	misuse(t, "TriSolve", func() { matrix.TriSolve(nil, matrix.New[T](3, 3), false, true, matrix.New[T](3, 4)) }, "3 x 3", "length 4")
	misuse(t, "TriSolve", func() { matrix.TriSolve(nil, matrix.New[T](3, 3), false, false, matrix.New[T](4, 3)) }, "3 x 3", "length 4")
	misuse(t, "CholeskySolve", func() { matrix.CholeskySolve(nil, matrix.New[T](3, 4), false, matrix.New[T](3, 3)) }, "3 x 4", "length 3")
}

func TestRightSidesAreWrittenAlone(t *testing.T) { both(t, testAround[float32], testAround[float64]) }

func testAround[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(5, 30))
	l, _ := positive[T](r, 6)
	require.True(t, matrix.Cholesky(nil, l))
	for _, rows := range []bool{false, true} {
		b, around := strided[T](r, 6, 140)
		if rows {
			b, around = strided[T](r, 140, 6)
		}
		before := around.Clone()
		matrix.CholeskySolve(nil, l, rows, b)
		b.Zero()
		for i, v := range around.Data {
			require.True(t, v == before.Data[i] || v == 0)
		}
		for i := range b.Rows { // the frame is as it was
			copy(b.Row(i), before.View(1, 1, b.Rows, b.Cols).Row(i))
		}
		require.Equal(t, before, around)
	}
}

func TestSolutionsHaveTheSameBitsForAnyWorkers(t *testing.T) {
	levels(t, func(t *testing.T) { both(t, testSolveWorkers[float32], testSolveWorkers[float64]) })
}

func testSolveWorkers[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(6, 30))
	l, _ := positive[T](r, 21)
	require.True(t, matrix.Cholesky(nil, l))
	for _, n := range []int{1, 130, 700} {
		start := rightSides[T](r, 21, n, true, 0).Clone()
		want := start.Clone()
		matrix.CholeskySolve(nil, l, true, want)
		for workers := 1; workers <= 3; workers++ {
			pool := par.New(workers)
			got, columns := start.Clone(), matrix.New[T](21, 1024).View(0, 0, 21, n)
			start.TransposeTo(columns)
			matrix.CholeskySolve(pool, l, true, got)
			require.Equal(t, want, got, "%d right sides, %d workers", n, workers)
			matrix.CholeskySolve(pool, l, false, columns)
			require.Equal(t, want, columns.Transpose(), "%d right sides, %d workers, as columns", n, workers)
			pool.Close()
		}
	}
}

func TestSolvingAllocatesNothing(t *testing.T) {
	racing.CountsAllocations(t)
	both(t, testSolveAllocations[float32], testSolveAllocations[float64])
}

func testSolveAllocations[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(7, 30))
	_, g := positive[T](r, 40)
	pool := par.New(2)
	defer pool.Close()
	spd := matrix.NewSPD[T](40)
	columns, rows := matrix.New[T](40, 256), matrix.New[T](300, 40)
	large, _ := positive[T](r, 640)
	l := large.Clone()
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		spd.Factor(g)
		spd.Solve(pool, columns, false)
		spd.Solve(nil, rows, true)
		l.Copy(large)
		matrix.Cholesky(pool, l)
	}))
}

func ExampleTriSolve() {
	l := matrix.Of(2, 2, []float64{2, 0, 1, 4})
	b := matrix.Of(2, 1, []float64{6, 11})
	matrix.TriSolve(nil, l, false, false, b) // L·X = B
	fmt.Println(b.Data)
	matrix.TriSolve(nil, l, true, false, b) // Lᵀ·X = B
	fmt.Println(b.Data)
	// Output:
	// [3 2]
	// [1.25 0.5]
}

func ExampleCholesky() {
	a := matrix.Of(2, 2, []float64{4, 2, 2, 5})
	fmt.Println(matrix.Cholesky(nil, a), a.At(0, 0), a.At(1, 0), a.At(1, 1))
	b := matrix.Of(2, 1, []float64{8, 8})
	matrix.CholeskySolve(nil, a, false, b)
	fmt.Println(b.Data)
	// Output:
	// true 2 1 2
	// [1.5 1]
}

func TestCholeskyRefusesWhatIsNotFinite(t *testing.T) {
	for _, bad := range []float64{math.Inf(1), math.Inf(-1), math.NaN()} {
		for _, at := range [][2]int{{0, 0}, {2, 2}, {39, 39}, {2, 1}, {39, 5}} {
			a := matrix.New[float64](40, 40)
			for i := range 40 {
				a.Set(i, i, 2)
			}
			a.Set(at[0], at[1], bad)
			require.False(t, matrix.Cholesky(nil, a), "%v at %v", bad, at)
			single := matrix.Convert[float32](a)
			single.Set(at[0], at[1], float32(bad))
			require.False(t, matrix.Cholesky(nil, single), "%v at %v", bad, at)
		}
	}
}
