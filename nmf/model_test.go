package nmf_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/matrix"
	"polyad/nmf"
)

func TestNumbersOfAModelAreThoseOfItsArray(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(rows, cols int) *matrix.Dense[float64] {
		x := matrix.New[float64](rows, cols)
		for i := range x.Data {
			x.Data[i] = r.Float64()
		}
		return x
	}
	m, o := &nmf.Model[float64]{W: draw(7, 3), H: draw(3, 5)}, &nmf.Model[float64]{W: draw(7, 2), H: draw(2, 5)}
	x, y, z := draw(7, 5), m.Reconstruct(), o.Reconstruct()
	require.Equal(t, []int{7, 5}, m.Shape())
	require.Equal(t, 36, m.Stored())
	require.InEpsilon(t, math.Sqrt(matrix.Inner(y, y)), m.Norm(), 1e-12)
	require.InEpsilon(t, matrix.Inner(y, z), m.Inner(o), 1e-12)
	var squares float64
	for i, v := range x.Data {
		squares += (v - y.Data[i]) * (v - y.Data[i])
	}
	require.InEpsilon(t, math.Sqrt(squares/matrix.Inner(x, x)), m.RelError(x), 1e-12)
	require.Zero(t, (&nmf.Model[float64]{W: matrix.New[float64](7, 1), H: matrix.New[float64](1, 5)}).RelError(matrix.New[float64](7, 5)))
	shares, sum := m.Shares(), 0.0
	for q, s := range shares {
		part := &nmf.Model[float64]{W: m.W.View(0, q, 7, 1), H: m.H.View(q, 0, 1, 5)}
		require.InEpsilon(t, matrix.Inner(part.Reconstruct(), y)/matrix.Inner(y, y), s, 1e-12)
		for p := range q {
			other := (&nmf.Model[float64]{W: m.W.View(0, p, 7, 1), H: m.H.View(p, 0, 1, 5)})
			require.InEpsilon(t, part.Inner(other)/part.Norm()/other.Norm(), m.Congruence().At(q, p), 1e-12)
		}
		sum += s
	}
	require.InDelta(t, 1, sum, 1e-12)
	require.Panics(t, func() { m.RelError(matrix.New[float64](5, 7)) })
	require.Panics(t, func() { m.Inner(&nmf.Model[float64]{W: draw(6, 1), H: draw(1, 5)}) })
}
