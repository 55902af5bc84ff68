package nmf_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/matrix"
	"polyad/nmf"
)

// logOf returns the logarithm of a number, which math.Log does not know of those below
// the normal ones on every machine.
func logOf(v float64) float64 {
	f, e := math.Frexp(v)
	return math.Log(f) + float64(e)*math.Ln2
}

func TestNormalizeStaysFiniteAtAnyMagnitude(t *testing.T) {
	t.Run("float32", func(t *testing.T) { normalizeFar[float32](t, math.MaxFloat32) })
	t.Run("float64", func(t *testing.T) { normalizeFar[float64](t, math.MaxFloat64) })
}

func normalizeFar[T asm.Float](t *testing.T, most float64) {
	for _, sizes := range [][2]float64{{most, 1}, {1, most}, {most, most}, {most, 1 / most}, {1 / most, most}} {
		for _, norm := range []nmf.Norm{nmf.NormL1, nmf.NormL2} {
			m := &nmf.Model[T]{W: matrix.New[T](4, 2), H: matrix.New[T](2, 3)}
			for n, x := range [][]T{m.W.Data, m.H.Data} {
				for i := range x {
					x[i] = T(sizes[n] * (float64(4-i%4) / 4))
				}
			}
			at := func() float64 { return logOf(float64(m.W.At(2, 1))) + logOf(float64(m.H.At(1, 0))) }
			before := at()
			m.Normalize(norm)
			require.InDelta(t, before, at(), 1e-4, "%v", sizes)
			for _, v := range append(append([]T(nil), m.W.Data...), m.H.Data...) {
				require.Zero(t, v-v, "%v", sizes)
			}
			require.ElementsMatch(t, []int{0, 1}, m.Sort())
		}
	}
}
