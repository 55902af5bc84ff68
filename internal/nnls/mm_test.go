package nnls_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/golden"
	"polyad/internal/nnls"
	"polyad/internal/racing"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
)

// both runs a generic test body for both element types.
func both(t *testing.T, f32, f64 func(*testing.T)) {
	t.Run("float32", f32)
	t.Run("float64", f64)
}

// precision returns wide for float64 and narrow for float32.
func precision[T asm.Float](wide, narrow float64) float64 {
	if asm.SizeOf[T]() == 4 {
		return narrow
	}
	return wide
}

var betas = []float64{-1, 0, .5, 1, 1.3, 1.5, 2, 2.5, 3}

// penalties returns one of each kind, and sums of them, for a factor of the
// given number of rows.
func penalties(r *rand.Rand, rows int) map[string]reg.Penalty {
	w := make([]float64, rows)
	for i := range w {
		w[i] = float64(i%3) * r.Float64()
	}
	return map[string]reg.Penalty{
		"none":     nil,
		"l1":       reg.L1(.3),
		"l2":       reg.L2(.2),
		"l1+l2":    reg.L1(.2).Plus(reg.L2(.4)),
		"p=1/2":    reg.Lp(.5, .3),
		"p=3/2":    reg.Lp(1.5, .3),
		"p=3":      reg.Lp(3, .3),
		"combined": reg.L1(.1).Plus(reg.L2(.1)).Plus(reg.Lp(.5, .1)).Plus(reg.Lp(1.5, .2)).Plus(reg.Lp(3, .1)),
		"rows":     {{Degree: 1, Weight: .5, Rows: w}, {Degree: 2, Weight: .3, Rows: w}},
		"rows+l2":  {{Degree: 1.5, Weight: .5, Rows: w}, {Degree: 2, Weight: .1}},
	}
}

// parts returns N = (V∘Z^(β-2))Uᵀ and C = Z^(β-1)Uᵀ for Z = WU.
func parts(beta float64, v, w, u *matrix.Dense[float64]) (num, den *matrix.Dense[float64]) {
	num, den = matrix.New[float64](w.Rows, w.Cols), matrix.New[float64](w.Rows, w.Cols)
	for i := range v.Rows {
		for j := range v.Cols {
			z := model(w, u, i, j)
			for k := range w.Cols {
				num.Set(i, k, num.At(i, k)+v.At(i, j)*math.Pow(z, beta-2)*u.At(k, j))
				den.Set(i, k, den.At(i, k)+math.Pow(z, beta-1)*u.At(k, j))
			}
		}
	}
	return num, den
}

func model(w, u *matrix.Dense[float64], i, j int) (z float64) {
	for k := range w.Cols {
		z += w.At(i, k) * u.At(k, j)
	}
	return z
}

func objective(l loss.Loss, v, w, u *matrix.Dense[float64], p reg.Penalty) float64 {
	s := reg.Block[float64]{X: w, Penalty: p}.Value()
	for i := range v.Rows {
		for j := range v.Cols {
			s += l.Between(v.At(i, j), model(w, u, i, j))
		}
	}
	return s
}

// step makes one step on w in T: row by row, or on the transpose component by
// component.
func step[T asm.Float](s *nnls.MM[T], w, num, den *matrix.Dense[float64], byRow bool) *matrix.Dense[float64] {
	x, n, d := matrix.Convert[T](w), matrix.Convert[T](num), matrix.Convert[T](den)
	if byRow {
		for i := range x.Rows {
			s.Row(x.Row(i), n.Row(i), d.Row(i), i)
		}
		return matrix.Convert[float64](x)
	}
	x, n, d = x.Transpose(), n.Transpose(), d.Transpose()
	for k := range x.Rows {
		half := x.Cols / 2 // in two parts, so that i0 counts
		s.Component(x.Row(k)[:half], n.Row(k)[:half], d.Row(k)[:half], 0, 0)
		s.Component(x.Row(k)[half:], n.Row(k)[half:], d.Row(k)[half:], 0, half)
	}
	return matrix.Convert[float64](x).Transpose()
}

func TestGoldenSteps(t *testing.T) { both(t, testGolden[float32], testGolden[float64]) }

func testGolden[T asm.Float](t *testing.T) {
	cases, err := golden.HRSI("mm_step")
	require.NoError(t, err)
	require.Equal(t, 14, len(cases))
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			beta, p := c.Float("beta"), reg.Lp(c.Float("p"), c.Float("mu"))
			l := loss.Beta(beta)
			s, err := nnls.NewMM(l, p, T(c.Float("eps")))
			require.NoError(t, err)
			v, w, u := c.Inputs["V"].Matrix(), c.Inputs["W"].Matrix(), c.Inputs["U"].Matrix()
			num, den := parts(beta, v, w, u)
			want := c.Outputs["W"]
			want.Tol = max(want.Tol, precision[T](0, 2e-6))
			var last *matrix.Dense[float64]
			for _, byRow := range []bool{true, false} {
				last = step(s, w, num, den, byRow)
				require.NoError(t, want.Check(last.Data))
			}
			assert.InEpsilon(t, c.Expect["obj_before"], objective(l, v, w, u, p), 1e-10)
			assert.InEpsilon(t, c.Expect["obj_after"], objective(l, v, last, u, p), precision[T](1e-10, 1e-5))
		})
	}
}

// random returns a matrix of exponential numbers, a fifth of them 0 when zeros
// is set.
func random(r *rand.Rand, rows, cols int, zeros bool) *matrix.Dense[float64] {
	m := matrix.New[float64](rows, cols)
	for i := range m.Data {
		if !zeros || r.IntN(5) > 0 {
			m.Data[i] = r.ExpFloat64()
		}
	}
	return m
}

func TestObjectiveNeverRises(t *testing.T) { both(t, testDescends[float32], testDescends[float64]) }

func testDescends[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for _, beta := range betas {
		l := loss.Beta(beta)
		for name, p := range penalties(r, 5) {
			s, err := nnls.NewMM(l, p, T(1e-12))
			require.NoError(t, err)
			for _, byRow := range []bool{true, false} {
				v, w, u := random(r, 5, 6, !l.NeedsPositive()), random(r, 5, 3, false), random(r, 3, 6, true)
				for j := range 6 {
					u.Set(0, j, u.At(0, j)+.1) // no column of zeros
				}
				w = matrix.Convert[float64](matrix.Convert[T](w))
				last := objective(l, v, w, u, p)
				first := last
				for k := range 12 {
					num, den := parts(beta, v, w, u)
					w = step(s, w, num, den, byRow)
					now := objective(l, v, w, u, p)
					require.LessOrEqual(t, now, last+precision[T](1e-13, 1e-6)*(1+math.Abs(last)), "beta %v, %s, step %d", beta, name, k)
					last = now
				}
				require.Less(t, last, first, "beta %v, %s", beta, name)
			}
		}
	}
}

func TestZerosAreRaisedToTheFloor(t *testing.T) { both(t, testZeros[float32], testZeros[float64]) }

func testZeros[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for _, beta := range betas {
		for name, p := range penalties(r, 4) {
			for _, eps := range []T{0, 1e-10} {
				s, err := nnls.NewMM(loss.Beta(beta), p, eps)
				require.NoError(t, err)
				// D = 0; an entry that is 0; one at the floor without D.
				x, num, den := []T{2, 0, eps, 0}, []T{0, 3, 0, 0}, []T{1, 1, 1, 1}
				s.Row(append([]T(nil), x...), num, den, 1)
				for _, d := range [][]T{den, nil} {
					y := append([]T(nil), x...)
					s.Component(y, num, d, 1, 0)
					require.Equal(t, []T{eps, eps, eps, eps}, y, "beta %v, %s", beta, name)
				}
				y := append([]T(nil), x...)
				s.Row(y, num, den, 1)
				require.Equal(t, []T{eps, eps, eps, eps}, y, "beta %v, %s", beta, name)

				// Neither part: the entry acts on nothing.
				y = []T{2}
				s.Row(y, []T{0}, []T{0}, 0)
				require.Equal(t, []T{eps}, y)
			}
		}
	}
}

func TestRowWeightsScaleTheWeight(t *testing.T) {
	both(t, testRowWeights[float32], testRowWeights[float64])
}

func testRowWeights[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	rows := []float64{1, 0, .5, 2}
	for _, beta := range betas {
		for _, degree := range []float64{.5, 1, 1.5, 2, 3} {
			s, err := nnls.NewMM(loss.Beta(beta), reg.Penalty{{Degree: degree, Weight: .8, Rows: rows}}, T(0))
			require.NoError(t, err)
			w, num, den := random(r, 4, 3, false), random(r, 4, 3, false), random(r, 4, 3, false)
			got := step(s, w, num, den, true)
			byComponent := step(s, w, num, den, false)
			for i, weight := range rows {
				plain, err := nnls.NewMM(loss.Beta(beta), reg.Lp(degree, .8*weight), T(0))
				require.NoError(t, err)
				want := step(plain, w, num, den, true)
				for k := range 3 {
					tol := precision[T](1e-14, 1e-6) * want.At(i, k)
					require.InDelta(t, want.At(i, k), got.At(i, k), tol, "beta %v, degree %v, row %d", beta, degree, i)
					require.InDelta(t, want.At(i, k), byComponent.At(i, k), tol, "beta %v, degree %v, row %d", beta, degree, i)
				}
			}
		}
	}
}

func TestOneDenominatorForAllEntries(t *testing.T) {
	both(t, testConstant[float32], testConstant[float64])
}

func testConstant[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for _, beta := range betas {
		for name, p := range penalties(r, 9) {
			s, err := nnls.NewMM(loss.Beta(beta), p, T(1e-9))
			require.NoError(t, err)
			x, num := matrix.Convert[T](random(r, 1, 5, true)).Data, matrix.Convert[T](random(r, 1, 5, true)).Data
			c := T(r.ExpFloat64())
			want := append([]T(nil), x...)
			s.Component(want, num, []T{c, c, c, c, c}, 99, 4)
			s.Component(x, num, nil, c, 4)
			require.Equal(t, want, x, "beta %v, %s", beta, name)
		}
	}
}

func TestTermsAreLimited(t *testing.T) {
	var p reg.Penalty
	for k := range 8 {
		p = p.Plus(reg.Lp(float64(k)/2+.25, 1))
	}
	_, err := nnls.NewMM(loss.KL, p.Plus(reg.Lp(.25, 1)).Plus(reg.L1(0)), 0.0)
	assert.NoError(t, err, "terms of one degree are one, those without weight none")
	_, err = nnls.NewMM(loss.KL, p.Plus(reg.Lp(7, 1)), 0.0)
	assert.ErrorIs(t, err, reg.ErrPenalty)
	assert.ErrorContains(t, err, "9 terms")
}

func TestStepsAllocateNothing(t *testing.T) {
	racing.CountsAllocations(t)
	r := rand.New(rand.NewPCG(6, 1))
	for _, beta := range betas {
		for name, p := range penalties(r, 4) {
			s, err := nnls.NewMM(loss.Beta(beta), p, float32(0))
			require.NoError(t, err)
			x, num, den := []float32{1, 2, 3}, []float32{3, 1, 2}, []float32{1, 1, 1}
			assert.Zero(t, testing.AllocsPerRun(5, func() {
				s.Row(x, num, den, 0)
				s.Component(x, num, den, 0, 1)
				s.Component(x, num, nil, 2, 1)
			}), "beta %v, %s", beta, name)
		}
	}
}
