package tucker_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/matrix"
	"polyad/tensor"
	"polyad/tucker"
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
	for _, sizes := range [][]float64{{most, 1, 1}, {1, most, 1}, {most / 4, 1e-3, most / 4}, {1 / most, most, most}} {
		for _, norm := range []tucker.Norm{tucker.NormL1, tucker.NormL2} {
			m := &tucker.Model[T]{Core: tensor.New[T](2, 2), Factors: []*matrix.Dense[T]{matrix.New[T](4, 2), matrix.New[T](3, 2)}}
			for n, x := range [][]T{m.Core.Data, m.Factors[0].Data, m.Factors[1].Data} {
				for i := range x {
					x[i] = T(sizes[n] * (float64(4-i%4) / 4))
				}
			}
			at := func() float64 {
				return logOf(float64(m.Core.At(1, 0))) + logOf(float64(m.Factors[0].At(2, 1))) + logOf(float64(m.Factors[1].At(1, 0)))
			}
			before := at()
			m.Normalize(norm)
			require.InDelta(t, before, at(), 1e-4, "%v", sizes)
			for _, x := range [][]T{m.Core.Data, m.Factors[0].Data, m.Factors[1].Data} {
				for _, v := range x {
					require.Zero(t, v-v, "%v", sizes)
				}
			}
		}
	}
}
