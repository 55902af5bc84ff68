package nnls_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/golden"
	"polyad/internal/nnls"
	"polyad/internal/par"
	"polyad/internal/racing"
	"polyad/matrix"
	"polyad/reg"
)

// newBPP returns the solver for a problem.
func newBPP[T asm.Float](t *testing.T, s *problem, workers int) *nnls.BPP[T] {
	b, err := nnls.NewBPP[T](s.u.Rows, s.v.Cols, s.p, workers)
	require.NoError(t, err)
	b.SetGram(s.gram)
	return b
}

// of is the problem of a given U and V.
func of(u, v *matrix.Dense[float64], p reg.Penalty) *problem {
	s := &problem{u: u, v: v, p: p}
	s.gram, s.a = matrix.New[float64](u.Rows, u.Rows), matrix.New[float64](u.Rows, v.Cols)
	matrix.Gemm(nil, false, true, 1, u, u, 0, s.gram)
	matrix.Gemm(nil, false, false, 1, u, v, 0, s.a)
	return s
}

// requireKKT checks that x satisfies the conditions of the minimizer, to within
// tol of what a column of U and one of V may have for an inner product, with the
// right sides that were given as type T.
func requireKKT[T asm.Float](t *testing.T, s *problem, x *matrix.Dense[T], tol float64, msg ...any) {
	t.Helper()
	given := *s
	given.a = matrix.Convert[float64](matrix.Convert[T](s.a))
	wide := matrix.Convert[float64](x)
	for j := range x.Cols {
		var v, size float64
		for i := range s.v.Rows {
			v += s.v.At(i, j) * s.v.At(i, j)
		}
		l1, l2 := s.weights(j)
		for k := range x.Rows {
			size = max(size, math.Sqrt(s.gram.At(k, k)+2*l2)*wide.At(k, j))
		}
		for k := range x.Rows {
			g, xk := given.gradient(wide, k, j), wide.At(k, j)
			d := math.Sqrt(s.gram.At(k, k) + 2*l2)
			within := tol * (d*(math.Sqrt(v)+size) + l1)
			require.GreaterOrEqual(t, xk, 0.0, msg...)
			require.GreaterOrEqual(t, g, -within, msg...)
			if xk*d > tol*(math.Sqrt(v)+size) {
				require.LessOrEqual(t, g, within, msg...)
			}
		}
	}
}

func TestBPPMatchesTheReference(t *testing.T) {
	both(t, testBPPGolden[float32], testBPPGolden[float64])
}

func testBPPGolden[T asm.Float](t *testing.T) {
	cases, err := golden.NMF()
	require.NoError(t, err)
	c, ok := cases["nnls_bpp"]
	require.True(t, ok)
	gram, a := c.Inputs["AtA"].Matrix(), c.Inputs["AtB"].Matrix()
	x := matrix.New[T](a.Rows, a.Cols)
	b, err := nnls.NewBPP[T](a.Rows, a.Cols, nil, 1)
	require.NoError(t, err)
	b.SetGram(gram)
	require.Zero(t, b.Solve(nil, x, matrix.Convert[T](a)))

	wide := matrix.Convert[float64](x)
	dual := a.Clone()
	matrix.Gemm(nil, false, false, 1, gram, wide, -1, dual)
	for name, got := range map[string]*matrix.Dense[float64]{"X": wide, "dual": dual} {
		want := c.Outputs[name]
		want.Tol = precision[T](want.Tol, 2e-5)
		assert.NoError(t, want.Check(got.Data), name)
	}
}

func TestBPPFindsTheMinimizerAmongAllSets(t *testing.T) {
	both(t, testBPPEnumerates[float32], testBPPEnumerates[float64])
}

func testBPPEnumerates[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for rank := 1; rank <= 6; rank++ {
		for name, p := range halsPenalties(r, 9) {
			s := newProblem(r, 12, 9, rank, p)
			b, x := newBPP[T](t, s, 1), start[T](r, rank, 9)
			require.Zero(t, b.Solve(nil, x, matrix.Convert[T](s.a)))
			requireKKT(t, s, x.Clone(), precision[T](1e-12, 1e-5), name)
			for j := range 9 {
				for k, want := range s.enumerate(t, j) {
					require.InDelta(t, want, float64(x.At(k, j)), precision[T](1e-11, 1e-4), "rank %d, %s", rank, name)
				}
			}
		}
	}
}

// collinear returns a rank x m matrix of which all rows but one, where there are
// more, are sums of the others or nearly so, apart by eps; with eps 0 exactly.
func collinear(r *rand.Rand, rank, m int, eps float64) *matrix.Dense[float64] {
	u := matrix.New[float64](rank, m)
	for k := range rank {
		row := u.Row(k)
		for i := range row {
			row[i] = max(0, r.NormFloat64()+.2)
		}
		if k%2 == 1 && k > 1 {
			for i := range row {
				row[i] = u.At(k-1, i) + u.At(k-2, i) + eps*row[i]
			}
		}
	}
	return u
}

func TestBPPSatisfiesTheConditionsOfTheMinimizer(t *testing.T) {
	both(t, testBPPKKT[float32], testBPPKKT[float64])
}

func testBPPKKT[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	for _, rank := range []int{1, 2, 5, 20, 70} { // 70 components are more than a word
		for _, eps := range []float64{1, 1e-2, 1e-5, 1e-8, 0} {
			for _, noise := range []float64{0, 1} {
				const m, n = 80, 90
				u := collinear(r, rank, m, eps)
				for k := range rank { // components of different sizes
					for i, f := 0, math.Ldexp(1, r.IntN(20)-10); i < m; i++ {
						u.Set(k, i, u.At(k, i)*f)
					}
				}
				v, truth := matrix.New[float64](m, n), start[float64](r, rank, n)
				for i := range v.Data {
					v.Data[i] = noise * r.NormFloat64()
				}
				matrix.Gemm(nil, true, false, 1, u, truth, 1, v)
				s := of(u, v, nil)
				b, x := newBPP[T](t, s, 1), matrix.New[T](rank, n)
				ridges := b.Solve(nil, x, matrix.Convert[T](s.a))
				msg := fmt.Sprintf("rank %d, eps %g, noise %g", rank, eps, noise)
				requireKKT(t, s, x, precision[T](1e-10, 2e-5), msg) // coefficients among columns reach 1e5
				if eps == 1 || rank < 3 {
					assert.Zero(t, ridges, msg)
				} else if rank > 3 && eps <= precision[T](1e-8, 1e-4) {
					assert.NotZero(t, ridges, msg)
				}

				h := newHALS(t, s, T(0))
				y, tmp := matrix.New[T](rank, n), make([]T, n)
				for range 20 {
					h.Sweep(y, matrix.Convert[T](s.a), 0, tmp)
				}
				least, best := s.objective(matrix.Convert[float64](x)), s.objective(matrix.Convert[float64](y))
				require.LessOrEqual(t, least, best+precision[T](1e-12, 1e-5)*matrix.Inner(v, v), msg)
			}
		}
	}
}

func TestBPPDoesNotDependOnWorkersOrStart(t *testing.T) {
	both(t, testBPPWorkers[float32], testBPPWorkers[float64])
}

func testBPPWorkers[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for name, p := range halsPenalties(r, 300) {
		s := newProblem(r, 14, 300, 9, p)
		a := matrix.Convert[T](s.a)
		want := matrix.New[T](9, 300)
		newBPP[T](t, s, 1).Solve(nil, want, a)
		for _, workers := range []int{1, 2, 3} {
			pool := par.New(workers)
			b := newBPP[T](t, s, workers)
			for again, x := range []*matrix.Dense[T]{matrix.New[T](9, 300), start[T](r, 9, 300), want.Clone()} {
				b.Solve(pool, x, a)
				require.Equal(t, want, x.Clone(), "%s, %d workers, %d", name, workers, again)
			}
			pool.Close()
		}
	}
}

// Powers of two change nothing but exponents, however far they go.
func TestBPPScalesWithItsData(t *testing.T) {
	both(t, testBPPScales[float32], testBPPScales[float64])
}

func testBPPScales[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(4, 3))
	s := newProblem(r, 10, 20, 5, nil)
	a, want := matrix.Convert[T](s.a), matrix.New[T](5, 20)
	newBPP[T](t, s, 1).Solve(nil, want, a)
	far := int(precision[T](500, 50)) // about 1e150 and 1e15: A is the product of both
	for _, eu := range []int{-far, -7, 0, far} {
		for _, ev := range []int{-far, -3, 0, far} {
			big := func(m *matrix.Dense[float64], e int) *matrix.Dense[float64] {
				m = m.Clone()
				for i := range m.Data {
					m.Data[i] = math.Ldexp(m.Data[i], e)
				}
				return m
			}
			y := *s
			y.gram, y.a = big(s.gram, 2*eu), big(matrix.Convert[float64](a), eu+ev)
			x := matrix.New[T](5, 20)
			require.Zero(t, newBPP[T](t, &y, 1).Solve(nil, x, matrix.Convert[T](y.a)))
			assert.Equal(t, big(matrix.Convert[float64](want), ev-eu), matrix.Convert[float64](x), "%d %d", eu, ev)
		}
	}
}

func TestBPPEndsForWhateverItIsGiven(t *testing.T) {
	both(t, testBPPHostile[float32], testBPPHostile[float64])
}

func testBPPHostile[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(5, 3))
	largest := precision[T](math.MaxFloat64, math.MaxFloat32)
	tiny := precision[T](5e-324, 0x1p-149)
	nothing := matrix.New[float64](3, 3)
	indefinite := matrix.Of(3, 3, []float64{1, 5, 0, 5, 1, -9, 0, -9, 2})
	wild := matrix.Of(3, 3, []float64{5e-324, 1e300, 1, 1e300, 1e300, -1e300, 1, -1e300, 0})
	for name, gram := range map[string]*matrix.Dense[float64]{
		"identity": matrix.Of(3, 3, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1}), "zero": nothing, "indefinite": indefinite, "wild": wild,
		"ones": matrix.Of(3, 3, []float64{1, 1, 1, 1, 1, 1, 1, 1, 1}), "negative": matrix.Of(3, 3, []float64{-1, 0, 0, 0, -1, 2, 0, 2, -1}),
	} {
		for _, p := range []reg.Penalty{nil, reg.L2(1e-3), reg.L2(1e300), reg.L1(1e30), {{Degree: 2, Weight: 1e300, Rows: []float64{0, 1e8, 1}}}} {
			for _, size := range []float64{0, tiny, 1, largest / 4, largest} {
				a := matrix.New[T](3, 3)
				for i := range a.Data {
					a.Data[i] = T(size * (r.Float64()*1.5 - .5))
				}
				b, err := nnls.NewBPP[T](3, 3, p, 1)
				require.NoError(t, err)
				b.SetGram(gram)
				x := start[T](r, 3, 3)
				b.Solve(nil, x, a)
				for k := range 3 {
					for j, v := range x.Row(k) {
						require.True(t, v >= 0 && float64(v) <= largest, "%s, size %g: %v at %d", name, size, v, j)
						if gram == nothing && p == nil || size == 0 {
							require.Zero(t, v, "%s, size %g", name, size)
						}
					}
				}
			}
		}
	}
}

func TestBPPMarksWhatIsNotFinite(t *testing.T) {
	both(t, testBPPNaN[float32], testBPPNaN[float64])
}

func testBPPNaN[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(6, 3))
	s := newProblem(r, 10, 8, 4, nil)
	a, want := matrix.Convert[T](s.a), matrix.New[T](4, 8)
	b := newBPP[T](t, s, 1)
	b.Solve(nil, want, a)
	x := want.Clone()
	a.Set(2, 3, T(math.NaN()))
	a.Set(3, 6, T(math.Inf(1)))
	b.Solve(nil, x, a)
	for k := range 4 {
		for j, v := range x.Row(k) {
			if j == 3 || j == 6 {
				assert.True(t, v != v)
			} else {
				assert.Equal(t, want.At(k, j), v)
			}
		}
	}
	s.gram.Set(1, 2, math.Inf(1))
	b.SetGram(s.gram)
	b.Solve(nil, x, a)
	assert.False(t, slices.ContainsFunc(x.Data, func(v T) bool { return v == v }))
}

func TestBPPLeavesOutDeadComponents(t *testing.T) {
	both(t, testBPPDead[float32], testBPPDead[float64])
}

func testBPPDead[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(7, 3))
	s := newProblem(r, 10, 6, 4, nil)
	clear(s.u.Row(1))
	clear(s.u.Row(0))
	s = of(s.u, s.v, reg.L1(.1))
	x := start[T](r, 4, 6)
	require.Zero(t, newBPP[T](t, s, 1).Solve(nil, x, matrix.Convert[T](s.a)), "a component that is missing is not one that is nearly so")
	live := of(s.u.View(2, 0, 2, 10), s.v, s.p)
	for j := range 6 {
		assert.Zero(t, x.At(0, j))
		assert.Zero(t, x.At(1, j))
		for k, want := range live.enumerate(t, j) {
			assert.InDelta(t, want, float64(x.At(2+k, j)), precision[T](1e-12, 1e-5))
		}
	}
}

func TestBPPOfNothing(t *testing.T) {
	for _, size := range [][2]int{{0, 0}, {0, 5}, {3, 0}} {
		b, err := nnls.NewBPP[float64](size[0], size[1], nil, 0)
		require.NoError(t, err)
		b.SetGram(matrix.New[float64](size[0], size[0]))
		assert.Zero(t, b.Solve(nil, matrix.New[float64](size[0], size[1]), matrix.New[float64](size[0], size[1])))
	}
}

func TestBPPKnowsTwoDegrees(t *testing.T) {
	_, err := nnls.NewBPP[float32](2, 3, reg.Lp(3, 1), 1)
	assert.ErrorIs(t, err, reg.ErrPenalty)
	assert.ErrorContains(t, err, "anls")
	assert.ErrorContains(t, err, "use mu")
}

func TestBPPAllocatesNothing(t *testing.T) {
	racing.CountsAllocations(t)
	r := rand.New(rand.NewPCG(8, 3))
	s := newProblem(r, 9, 200, 6, halsPenalties(r, 200)["all"])
	b, x := newBPP[float64](t, s, 2), start[float64](r, 6, 200)
	pool := par.New(2)
	defer pool.Close()
	assert.Zero(t, testing.AllocsPerRun(5, func() {
		clear(x.Data)
		b.SetGram(s.gram)
		b.Solve(pool, x, s.a)
	}))
}
