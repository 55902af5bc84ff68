package nnls_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/internal/nnls"
	"polyad/matrix"
	"polyad/reg"
)

// Rows are at the minimum, as what one entry can be moved by does not lower the objective.
func TestRowsAreMinimized(t *testing.T) {
	const r, n = 4, 3
	rnd := rand.New(rand.NewPCG(1, 2))
	rows := reg.Term{Degree: 2, Weight: .3, Rows: []float64{0, 1, 2}}
	for name, c := range map[string]struct {
		step nnls.RowStep
		p    reg.Penalty
	}{
		"exact, both signs":  {nnls.RowStep{Signed: true}, reg.L2(.1)},
		"exact, nonnegative": {nnls.RowStep{}, reg.L1(.2).Plus(reg.Penalty{rows})},
		"sweeps":             {nnls.RowStep{Most: 3000}, reg.L1(.2).Plus(reg.L2(.1))},
		"sweeps, both signs": {nnls.RowStep{Signed: true, Most: 3000}, reg.L1(.2).Plus(reg.Penalty{rows})},
		"sweeps, a floor":    {nnls.RowStep{Floor: .05, Most: 3000}, nil},
	} {
		s, err := nnls.NewRow[float64](r, n, c.p, c.step)
		require.NoError(t, err)
		for draw := range 20 {
			k, g, a, x := matrix.New[float64](2+draw%7, r), matrix.New[float64](r, r), make([]float64, r), make([]float64, r)
			for i := range k.Rows {
				v := rnd.NormFloat64()
				for q := range r {
					k.Set(i, q, rnd.NormFloat64())
					a[q] += v * k.At(i, q)
				}
			}
			for q := range x {
				x[q] = rnd.Float64()
			}
			matrix.Gram(nil, g, k, false)
			row := draw % n
			objective := func(x []float64) (f float64) {
				for q := range x {
					for p := range x {
						f += x[q] * x[p] * g.At(q, p) / 2
					}
					f -= a[q] * x[q]
				}
				for _, term := range c.p {
					w := term.Weight
					if term.Rows != nil {
						w *= term.Rows[row]
					}
					for _, v := range x {
						f += w * math.Pow(math.Abs(v), term.Degree)
					}
				}
				return f
			}
			before := objective(x)
			s.Solve(x, row, k.Rows, g, a, []float64{1, 1, 1, 1})
			least := objective(x)
			require.LessOrEqual(t, least, before+1e-12, name)
			for q, v := range x {
				for _, d := range []float64{1e-3, -1e-3, .1, -.1} {
					if !c.step.Signed && v+d < c.step.Floor {
						continue
					}
					x[q] = v + d
					require.GreaterOrEqual(t, objective(x), least-1e-9, "%s, draw %d", name, draw)
					x[q] = v
				}
			}
		}
	}
	s, err := nnls.NewRow[float64](2, 1, nil, nnls.RowStep{Signed: true})
	require.NoError(t, err)
	x := []float64{3, -4}
	s.Solve(x, 0, 0, matrix.New[float64](2, 2), []float64{0, 0}, []float64{1, 1})
	require.Equal(t, []float64{3, -4}, x, "a row of which nothing is observed stays")
	_, err = nnls.NewRow[float64](2, 1, reg.Lp(.5, 1), nnls.RowStep{})
	require.ErrorIs(t, err, reg.ErrPenalty)
}
