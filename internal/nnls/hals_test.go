package nnls_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/nnls"
	"polyad/internal/racing"
	"polyad/matrix"
	"polyad/reg"
)

// problem is ½||V - UᵀX||² + penalties with U r x m, V m x n, X r x n.
type problem struct {
	u, v    *matrix.Dense[float64]
	gram, a *matrix.Dense[float64]
	p       reg.Penalty
}

func newProblem(r *rand.Rand, m, n, rank int, p reg.Penalty) *problem {
	s := &problem{u: matrix.New[float64](rank, m), v: matrix.New[float64](m, n), p: p}
	for i := range s.u.Data {
		s.u.Data[i] = float64(float32(r.NormFloat64() + .3))
	}
	for i := range s.v.Data {
		s.v.Data[i] = float64(float32(r.NormFloat64()))
	}
	s.gram, s.a = matrix.New[float64](rank, rank), matrix.New[float64](rank, n)
	matrix.Gemm(nil, false, true, 1, s.u, s.u, 0, s.gram)
	matrix.Gemm(nil, false, false, 1, s.u, s.v, 0, s.a)
	return s
}

func (s *problem) objective(x *matrix.Dense[float64]) float64 {
	res := s.v.Clone()
	matrix.Gemm(nil, true, false, -1, s.u, x, 1, res)
	return matrix.Inner(res, res)/2 + reg.Block[float64]{X: x, Trans: true, Penalty: s.p}.Value()
}

// weights returns l1 and l2 of column j.
func (s *problem) weights(j int) (l1, l2 float64) {
	for _, t := range s.p {
		w := t.Weight
		if t.Rows != nil {
			w *= t.Rows[j]
		}
		if t.Degree == 1 {
			l1 += w
		} else {
			l2 += w
		}
	}
	return l1, l2
}

// gradient is that of the objective at X >= 0.
func (s *problem) gradient(x *matrix.Dense[float64], k, j int) float64 {
	l1, l2 := s.weights(j)
	g := l1 + 2*l2*x.At(k, j) - s.a.At(k, j)
	for i := range x.Rows {
		g += s.gram.At(k, i) * x.At(i, j)
	}
	return g
}

// enumerate finds the minimizer of column j by trying every set of positive
// components.
func (s *problem) enumerate(t *testing.T, j int) []float64 {
	rank := s.u.Rows
	l1, l2 := s.weights(j)
	for set := range 1 << rank {
		var in []int
		for k := range rank {
			if set>>k&1 != 0 {
				in = append(in, k)
			}
		}
		y := make([]float64, len(in))
		g := matrix.New[float64](len(in), len(in))
		for i, k := range in {
			y[i] = s.a.At(k, j) - l1
			for c, l := range in {
				g.Set(i, c, s.gram.At(k, l))
			}
			g.Set(i, i, g.At(i, i)+2*l2)
		}
		solve(g, y)
		x := matrix.New[float64](rank, s.v.Cols)
		ok := true
		for i, k := range in {
			x.Set(k, j, y[i])
			ok = ok && y[i] > 0
		}
		for k := range rank {
			ok = ok && (x.At(k, j) > 0 || s.gradient(x, k, j) >= 0)
		}
		if ok {
			col := make([]float64, rank)
			for k := range col {
				col[k] = x.At(k, j)
			}
			return col
		}
	}
	require.Fail(t, "no minimizer among all sets")
	return nil
}

// solve is Gaussian elimination without pivots, for positive definite matrices.
func solve(g *matrix.Dense[float64], y []float64) {
	for k := range y {
		for i := k + 1; i < len(y); i++ {
			f := g.At(i, k) / g.At(k, k)
			for c := k; c < len(y); c++ {
				g.Set(i, c, g.At(i, c)-f*g.At(k, c))
			}
			y[i] -= f * y[k]
		}
	}
	for k := len(y) - 1; k >= 0; k-- {
		for c := k + 1; c < len(y); c++ {
			y[k] -= g.At(k, c) * y[c]
		}
		y[k] /= g.At(k, k)
	}
}

func halsPenalties(r *rand.Rand, n int) map[string]reg.Penalty {
	rows := make([]float64, n)
	for i := range rows {
		rows[i] = float64(i%3) * (.5 + r.Float64())
	}
	return map[string]reg.Penalty{
		"none":    nil,
		"l1":      reg.L1(.4),
		"l2":      reg.L2(.3),
		"l1+l2":   reg.L1(.2).Plus(reg.L2(.2)).Plus(reg.L1(.1)),
		"l1 rows": {{Degree: 1, Weight: .5, Rows: rows}, {Degree: 1, Weight: .1}},
		"l2 rows": {{Degree: 2, Weight: .5, Rows: rows}, {Degree: 2, Weight: .1, Rows: rows}},
		"all":     {{Degree: 1, Weight: .2, Rows: rows}, {Degree: 2, Weight: .5, Rows: rows}, {Degree: 1, Weight: .1}, {Degree: 2, Weight: .05}},
	}
}

// newHALS returns the sweep for a problem.
func newHALS[T asm.Float](t *testing.T, s *problem, floor T) *nnls.HALS[T] {
	h, err := nnls.NewHALS(s.u.Rows, s.v.Cols, s.p, floor)
	require.NoError(t, err)
	h.SetGram(s.gram)
	return h
}

// start returns a random nonnegative factor, as a view into a larger matrix.
func start[T asm.Float](r *rand.Rand, rows, cols int) *matrix.Dense[T] {
	x := matrix.New[T](rows, cols+3).View(0, 2, rows, cols)
	for k := range rows {
		for j := range cols {
			x.Set(k, j, T(max(0, r.NormFloat64())))
		}
	}
	return x
}

func TestSweepsNeverRaiseTheObjective(t *testing.T) {
	both(t, testHALSDescends[float32], testHALSDescends[float64])
}

func testHALSDescends[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for rank := 1; rank <= 10; rank++ {
		for name, p := range halsPenalties(r, 7) {
			for _, floor := range []T{0, 1e-3} {
				s := newProblem(r, 8, 7, rank, p)
				h, a := newHALS(t, s, floor), matrix.Convert[T](s.a)
				x := start[T](r, rank, 7)
				reg.Block[T]{X: x}.Floor(floor)
				tmp := make([]T, 7)
				last := s.objective(matrix.Convert[float64](x))
				first := last
				for k := range 10 {
					before := x.Clone()
					change := h.Sweep(x, a, 0, tmp)
					now := s.objective(matrix.Convert[float64](x))
					require.LessOrEqual(t, now, last+precision[T](1e-13, 1e-5)*first, "rank %d, %s, sweep %d", rank, name, k)
					last = now
					var want float64
					for i := range rank {
						for j, v := range x.Row(i) {
							require.GreaterOrEqual(t, v, floor)
							d := float64(v) - float64(before.At(i, j))
							want += d * d
						}
					}
					require.InDelta(t, want, change, precision[T](1e-13, 1e-5)*(1e-6+want), "what Sweep returns is the squared change")
				}
				require.Less(t, last, first)
			}
		}
	}
}

func TestSweepsConvergeToTheMinimizer(t *testing.T) {
	both(t, testHALSConverges[float32], testHALSConverges[float64])
}

func testHALSConverges[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	positive, zero := 0, 0
	for rank := 1; rank <= 4; rank++ {
		for name, p := range halsPenalties(r, 6) {
			s := newProblem(r, 12, 6, rank, p)
			h, a := newHALS(t, s, T(0)), matrix.Convert[T](s.a)
			x := start[T](r, rank, 6)
			tmp := make([]T, 6)
			for range 3000 {
				h.Sweep(x, a, 0, tmp)
			}
			wide := matrix.Convert[float64](x)
			for j := range 6 {
				for k, want := range s.enumerate(t, j) {
					require.InDelta(t, want, wide.At(k, j), precision[T](1e-11, 1e-4), "rank %d, %s", rank, name)
					g := s.gradient(wide, k, j) // KKT
					if x.At(k, j) > 0 {
						positive++
						require.InDelta(t, 0, g, precision[T](1e-11, 1e-4))
					} else {
						zero++
						require.GreaterOrEqual(t, g, -precision[T](1e-11, 1e-4))
					}
				}
			}
			require.Less(t, h.Sweep(x, a, 0, tmp), precision[T](1e-24, 1e-9), "the minimizer is a fixed point")
		}
	}
	assert.Greater(t, positive, 100)
	assert.Greater(t, zero, 100)
}

// What has no kernel of its own takes the same steps as what has one.
func TestOddPenaltiesAndMagnitudesTakeTheSameSteps(t *testing.T) {
	both(t, testOdd[float32], testOdd[float64])
}

func testOdd[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(6, 2))
	alike := []float64{.5, .5, .5, .5, .5, .5, .5}
	scale := math.Ldexp(1, int(precision[T](300, 40))) // of a component, either way
	for rank := 1; rank <= 9; rank++ {
		plain := newProblem(r, 8, 7, rank, reg.L1(.4).Plus(reg.L2(.1)))
		byRows, free, tiny := *plain, *plain, *plain
		byRows.p = reg.Penalty{{Degree: 1, Weight: .8, Rows: alike}, {Degree: 2, Weight: .2, Rows: alike}}
		k := r.IntN(rank)
		free.p, tiny.p = nil, nil // l2 would hide the odd diagonal
		tiny.gram, tiny.a = plain.gram.Clone(), plain.a.Clone()
		for l := range rank {
			tiny.gram.Set(k, l, tiny.gram.At(k, l)/scale)
			tiny.gram.Set(l, k, tiny.gram.At(l, k)/scale)
		}
		for j, v := range tiny.a.Row(k) {
			tiny.a.Set(k, j, v/scale)
		}
		x := start[T](r, rank, 7)
		sweep := func(s *problem, size float64) *matrix.Dense[T] {
			y := x.Clone()
			for j, v := range y.Row(k) {
				y.Set(k, j, v*T(size))
			}
			newHALS(t, s, T(0)).Sweep(y, matrix.Convert[T](s.a), 0, make([]T, 7))
			for j, v := range y.Row(k) {
				y.Set(k, j, v/T(size))
			}
			return y
		}
		for _, c := range []struct {
			name      string
			want, got *matrix.Dense[T]
		}{{"rows", sweep(plain, 1), sweep(&byRows, 1)}, {"tiny", sweep(&free, 1), sweep(&tiny, scale)}} {
			for i, v := range c.want.Data {
				require.InDelta(t, v, c.got.Data[i], precision[T](1e-12, 1e-4)*(1+math.Abs(float64(v))), "%s, rank %d", c.name, rank)
			}
		}
	}
}

func TestTilesGiveTheSameBitsAsTheWhole(t *testing.T) {
	both(t, testHALSTiles[float32], testHALSTiles[float64])
}

func testHALSTiles[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 2))
	for name, p := range halsPenalties(r, 40) {
		s := newProblem(r, 9, 40, 6, p)
		h, a := newHALS(t, s, T(0)), matrix.Convert[T](s.a)
		whole := start[T](r, 6, 40)
		tiled := whole.Clone()
		h.Sweep(whole, a, 0, make([]T, 40))
		for j := 0; j < 40; {
			n := min(1+r.IntN(13), 40-j)
			h.Sweep(tiled.View(0, j, 6, n), a.View(0, j, 6, n), j, make([]T, 13))
			j += n
		}
		require.Equal(t, whole.Clone(), tiled, name)
	}
}

func TestDeadComponentsAreSkipped(t *testing.T) { both(t, testDead[float32], testDead[float64]) }

func testDead[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	rows := []float64{0, 1, 0, 2}
	for name, c := range map[string]struct {
		p    reg.Penalty
		kept [4]bool
	}{
		"none":    {nil, [4]bool{true, true, true, true}},
		"l1":      {reg.L1(.1), [4]bool{true, true, true, true}},
		"l2":      {reg.L2(.1), [4]bool{}},
		"l2 rows": {reg.Penalty{{Degree: 2, Weight: 1, Rows: rows}}, [4]bool{true, false, true, false}},
	} {
		for _, size := range []float64{0, 1e-200} { // 0 and what is taken for it
			s := newProblem(r, 5, 4, 3, c.p)
			for i := range 5 {
				s.u.Set(1, i, size)
			}
			matrix.Gemm(nil, false, true, 1, s.u, s.u, 0, s.gram)
			matrix.Gemm(nil, false, false, 1, s.u, s.v, 0, s.a)
			h, a := newHALS(t, s, T(0)), matrix.Convert[T](s.a)
			x := start[T](r, 3, 4)
			for j := range 4 {
				x.Set(1, j, 3)
			}
			h.Sweep(x, a, 0, make([]T, 4))
			for j, kept := range c.kept {
				if kept {
					assert.Equal(t, T(3), x.At(1, j), "%s, column %d", name, j)
				} else {
					assert.InDelta(t, 0, x.At(1, j), 1e-30, "%s, column %d", name, j)
				}
			}
		}
	}
}

func TestHALSKnowsTwoDegrees(t *testing.T) {
	for _, p := range []reg.Penalty{reg.Lp(3, 1), reg.L1(1).Plus(reg.Lp(.5, 1))} {
		_, err := nnls.NewHALS(2, 3, p, 0.0)
		assert.ErrorIs(t, err, reg.ErrPenalty)
		assert.ErrorContains(t, err, "use mu")
	}
	_, err := nnls.NewHALS(2, 3, reg.Lp(3, 0), 0.0)
	assert.NoError(t, err, "a term without weight is none")
}

func TestSweepsAllocateNothing(t *testing.T) {
	racing.CountsAllocations(t)
	r := rand.New(rand.NewPCG(5, 2))
	s := newProblem(r, 9, 40, 6, halsPenalties(r, 40)["all"])
	h, x := newHALS(t, s, 0.0), start[float64](r, 6, 40)
	tmp := make([]float64, 40)
	var change float64
	assert.Zero(t, testing.AllocsPerRun(5, func() {
		h.SetGram(s.gram)
		change = h.Sweep(x, s.a, 0, tmp)
	}))
	assert.False(t, math.IsNaN(change))
}

func TestSignedHALSMinimizesEachRow(t *testing.T) {
	both(t, testSigned[float32], testSigned[float64])
}

// testSigned checks after one sweep that no entry of the last row, the other rows
// given, is better elsewhere, and that sweeps converge to the minimizer.
func testSigned[T asm.Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	rows := make([]float64, 37)
	for j := range rows {
		rows[j] = float64(j % 3)
	}
	for _, p := range []reg.Penalty{nil, reg.L2(.3), reg.L1(.8), reg.L1(.5).Plus(reg.L2(.2)), {{Degree: 1, Weight: .5, Rows: rows}, {Degree: 2, Weight: .2, Rows: rows}}} {
		s := newProblem(rng, 20, len(rows), 3, p)
		h, err := nnls.NewHALS[T](3, len(rows), p, 5) // a floor that does not count
		require.NoError(t, err)
		h.Signed = true
		h.SetGram(s.gram)
		x, tmp := matrix.New[T](3, len(rows)), make([]T, len(rows))
		for i := range x.Data {
			x.Data[i] = T(rng.NormFloat64())
		}
		before := s.objective(matrix.Convert[float64](x))
		zeros := 0
		for range 200 {
			h.Sweep(x, matrix.Convert[T](s.a), 0, tmp)
			now := s.objective(matrix.Convert[float64](x))
			require.LessOrEqual(t, now, before*(1+1e-5))
			before = now
		}
		y := matrix.Convert[float64](x)
		for j := range rows {
			l1, l2 := s.weights(j)
			for k := range 3 {
				g := 2*l2*y.At(k, j) - s.a.At(k, j)
				for i := range 3 {
					g += s.gram.At(k, i) * y.At(i, j)
				}
				tol := precision[T](1e-9, 1e-3)
				switch v := y.At(k, j); {
				case v == 0:
					zeros++
					require.LessOrEqual(t, math.Abs(g), l1+tol)
				default:
					require.InDelta(t, 0, g+math.Copysign(l1, v), tol)
				}
			}
		}
		require.Equal(t, len(p) > 0 && p[0].Degree == 1, zeros > 0)
	}
}
