package cpd_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cpd"
	"polyad/matrix"
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
	root := math.Sqrt(most)
	for _, sizes := range [][]float64{{most, 1, 1}, {root, root, 1 / root}, {root / 4, 1 / root, root / 4}, {most, most, 1 / most}, {most / 4, most / 4, most / 4}} {
		for _, norm := range []cpd.Norm{cpd.NormL1, cpd.NormL2} {
			m := &cpd.Model[T]{Factors: []*matrix.Dense[T]{matrix.New[T](4, 2), matrix.New[T](3, 2), matrix.New[T](5, 2)}}
			for n, f := range m.Factors {
				for i := range f.Data {
					f.Data[i] = T(sizes[n] * (float64(4-i%4) / 4))
				}
			}
			at := func() float64 { // the logarithm of an entry of the first component
				log := 0.0
				if m.Weights != nil {
					log = logOf(m.Weights[0])
				}
				for _, f := range m.Factors {
					log += logOf(float64(f.At(1, 0)))
				}
				return log
			}
			before := at()
			m.Normalize(norm)
			require.InDelta(t, before, at(), 1e-4, "%v", sizes)
			for _, f := range m.Factors {
				for _, v := range f.Data {
					require.Zero(t, v-v, "%v", sizes)
				}
			}
			for _, w := range m.Weights {
				require.Zero(t, w-w, "%v", sizes)
			}
			order := m.Sort()
			require.Len(t, order, 2)
		}
	}
}
