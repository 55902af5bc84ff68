package fitting_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/matrix"
)

func TestColumnsOfAnyMagnitudeHaveANorm(t *testing.T) {
	for _, c := range []float64{1, 1e-300, 1e-320, 1e300, math.MaxFloat64 / 5} {
		f := matrix.Of(2, 1, []float64{3 * c, -4 * c})
		two, one := fitting.ColumnSize(f, 0, false), fitting.ColumnSize(f, 0, true)
		require.InDelta(t, fitting.SizeOf(c).Log()+math.Log(5), two.Log(), 1e-3)
		require.InDelta(t, fitting.SizeOf(c).Log()+math.Log(7), one.Log(), 1e-3)
		require.Equal(t, two, fitting.UnitColumn(f, 0, false))
		require.InDelta(t, .6, f.At(0, 0), 1e-3, "%g", c)
		require.InDelta(t, -.8, f.At(1, 0), 1e-3, "%g", c)
	}
	require.Zero(t, fitting.UnitColumn(matrix.New[float32](3, 1), 0, true).Of)
}

func TestAtMostLeavesNumbersInRange(t *testing.T) {
	t.Run("float32", func(t *testing.T) { atMost[float32](t, math.MaxFloat32) })
	t.Run("float64", func(t *testing.T) { atMost[float64](t, math.MaxFloat64) })
}

func atMost[T asm.Float](t *testing.T, most float64) {
	far := fitting.Size{Of: .75, Exp: 5000}
	require.Equal(t, far, fitting.AtMost[T](far, fitting.SizeOf(0)))
	for _, v := range []float64{most, most / 3, 1, 1e-30} {
		fits := fitting.SizeOf(most / 2 / max(v, 1))
		require.Equal(t, fits, fitting.AtMost[T](fits, fitting.SizeOf(v)))
		got := fitting.AtMost[T](far, fitting.SizeOf(v)).Times(v)
		require.InEpsilon(t, most, got, 1e-5)
		require.False(t, math.IsInf(float64(T(got)), 0))
	}
}
