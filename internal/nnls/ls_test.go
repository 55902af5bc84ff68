package nnls_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/nnls"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/reg"
)

func TestLSIsTheUnconstrainedMinimizerWithoutItsNegativeEntries(t *testing.T) {
	both(t, testLS[float32], testLS[float64])
}

func testLS[T asm.Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	rows := make([]float64, 150)
	for j := range rows {
		rows[j] = float64(j % 3)
	}
	for _, p := range []reg.Penalty{nil, reg.L1(.1), reg.L2(.3), reg.L1(.1).Plus(reg.L2(.2)), {{Degree: 2, Weight: .5, Rows: rows}, {Degree: 1, Weight: .1, Rows: rows}}} {
		for _, r := range []int{1, 3, 7} {
			u, v := matrix.New[float64](r, 20), matrix.New[float64](20, len(rows))
			for _, f := range []*matrix.Dense[float64]{u, v} {
				for i := range f.Data {
					f.Data[i] = rng.Float64()
				}
			}
			s := of(u, v, p)
			l, err := nnls.NewLS[T](r, len(rows), p, 3)
			require.NoError(t, err)
			l.SetGram(s.gram)
			a := matrix.Convert[T](s.a)
			var first *matrix.Dense[T]
			for _, workers := range []int{1, 2, 3} {
				pool := par.New(workers)
				x := matrix.New[T](r, len(rows))
				require.Zero(t, l.Solve(pool, x, a))
				pool.Close()
				if first == nil {
					first = x
				}
				require.Equal(t, first, x)
			}
			clipped := 0
			for j := range rows {
				l1, l2 := s.weights(j)
				// Column j of A - l1 by elimination, without pivots: G is positive definite.
				g, b := s.gram.Clone(), make([]float64, r)
				for k := range r {
					g.Data[k*r+k] += 2 * l2
					b[k] = s.a.At(k, j) - l1
				}
				for k := range r {
					for i := k + 1; i < r; i++ {
						f := g.At(i, k) / g.At(k, k)
						for c := k; c < r; c++ {
							g.Data[i*r+c] -= f * g.At(k, c)
						}
						b[i] -= f * b[k]
					}
				}
				for k := r - 1; k >= 0; k-- {
					for c := k + 1; c < r; c++ {
						b[k] -= g.At(k, c) * b[c]
					}
					b[k] /= g.At(k, k)
				}
				for k, want := range b {
					if want < 0 {
						clipped++
					}
					require.InDelta(t, max(want, 0), float64(first.At(k, j)), precision[T](1e-11, 1e-3))
				}
			}
			require.Equal(t, r > 1, clipped > 0)
		}
	}
}

func TestLSEndsCleanly(t *testing.T) {
	r, n := 4, 70
	u, v := collinear(rand.New(rand.NewPCG(2, 5)), r, 9, 0), matrix.New[float64](9, n)
	for i := range v.Data {
		v.Data[i] = float64(i % 5)
	}
	for j := range u.Cols {
		u.Set(0, j, 0) // a component without data becomes 0
	}
	s := of(u, v, nil)
	l, err := nnls.NewLS[float64](u.Rows, n, nil, 1)
	require.NoError(t, err)
	l.SetGram(s.gram)
	x := matrix.New[float64](u.Rows, n)
	require.Positive(t, l.Solve(nil, x, s.a), "a singular matrix needs a ridge")
	for k := range x.Rows {
		for _, e := range x.Row(k) {
			require.False(t, e-e != 0 || e < 0)
			require.True(t, k != 0 || e == 0)
		}
	}
	require.Zero(t, testing.AllocsPerRun(3, func() { l.Solve(nil, x, s.a) }))

	s.a.Set(1, 3, math.NaN())
	l.Solve(nil, x, s.a)
	require.True(t, math.IsNaN(x.At(1, 3)))
	require.False(t, math.IsNaN(x.At(1, 4)))

	// A penalty far above the data leaves nothing.
	l, err = nnls.NewLS[float64](u.Rows, n, reg.L1(1e30), 1)
	require.NoError(t, err)
	l.SetGram(s.gram)
	l.Solve(nil, x, of(u, v, nil).a)
	require.Equal(t, matrix.New[float64](u.Rows, n), x)

	_, err = nnls.NewLS[float64](2, 2, reg.Lp(3, 1), 1)
	require.ErrorIs(t, err, reg.ErrPenalty)
}
