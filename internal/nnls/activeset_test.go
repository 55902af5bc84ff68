package nnls

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/matrix"
	"polyad/reg"
)

// What columns fall back to must be right by itself.
func TestActiveSetsAgreeWithPivots(t *testing.T) {
	const rank, n = 7, 70
	r := rand.New(rand.NewPCG(9, 3))
	rows := make([]float64, n)
	for j := range rows {
		rows[j] = float64(j % 3)
	}
	u, a := matrix.New[float64](rank, 20), matrix.New[float64](rank, n)
	for i := range u.Data {
		u.Data[i] = r.NormFloat64() + .3
	}
	clear(u.Row(2))
	for i := range a.Data {
		a.Data[i] = 10 * r.NormFloat64()
	}
	clear(a.Row(2))
	gram := matrix.New[float64](rank, rank)
	matrix.Gemm(nil, false, true, 1, u, u, 0, gram)
	for _, p := range []reg.Penalty{nil, reg.L1(.1).Plus(reg.Penalty{{Degree: 2, Weight: .5, Rows: rows}})} {
		b, err := NewBPP[float64](rank, n, p, 1)
		require.NoError(t, err)
		b.SetGram(gram)
		want := matrix.New[float64](rank, n)
		b.Solve(nil, want, a)
		b.patience = 0
		for _, size := range []float64{0, 1, 1e-300, 1e300} {
			x := matrix.New[float64](rank, n)
			for i := range x.Data {
				x.Data[i] = size * math.Abs(r.NormFloat64())
			}
			b.Solve(nil, x, a)
			for i, v := range x.Data {
				require.InDelta(t, want.Data[i], v, 1e-12, "from size %g", size)
			}
		}
	}
}
