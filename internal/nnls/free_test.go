package nnls

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/matrix"
)

func TestFreeSolvesTheNormalEquations(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	u, v := matrix.New[float64](9, 4), matrix.New[float64](6, 9)
	for _, m := range []*matrix.Dense[float64]{u, v} {
		for i := range m.Data {
			m.Data[i] = r.NormFloat64()
		}
	}
	for i := range u.Rows { // components of very different sizes, and one that is nothing
		u.Row(i)[1] *= 0x1p200
		u.Row(i)[2] *= 0x1p-200
		u.Row(i)[3] = 0
	}
	g, a, x := matrix.New[float64](4, 4), matrix.New[float64](6, 4), matrix.New[float64](6, 4)
	matrix.Gram(nil, g, u, false)
	matrix.Gemm(nil, false, false, 1, v, u, 0, a)
	s := NewFree[float64](4, 0)
	for _, l2 := range []float64{0, .3} {
		raised := s.SetGram(g, l2)
		s.Solve(nil, x, a)
		require.Equal(t, l2 == 0, raised, "a component was left out")
		for i := range x.Rows {
			for q, want := range a.Row(i) {
				got, size := 2*l2*x.At(i, q), math.Abs(want)
				for p, y := range x.Row(i) {
					got += y * g.At(p, q)
					size += math.Abs(y * g.At(p, q))
				}
				require.InDelta(t, want, got, 1e-12*size)
			}
			require.Zero(t, x.At(i, 3))
		}
	}
	for i := range 4 { // twice the same component
		g.Row(i)[2] = g.Row(i)[0]
	}
	g.Row(2)[0], g.Row(2)[1], g.Row(2)[2] = g.At(0, 0), g.At(0, 1), g.At(0, 0)
	require.True(t, s.SetGram(g, 0))
	s.Solve(nil, x, a)
	require.False(t, math.IsNaN(matrix.Sum(x)))
	g.Set(1, 1, math.NaN())
	s.SetGram(g, 0)
	s.Solve(nil, x, a)
	require.True(t, math.IsNaN(x.At(0, 0)))
}
