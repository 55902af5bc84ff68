package nmf_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/matrix"
	"polyad/nmf"
)

// The masks at all magnitudes are tested in package audio, which makes sounds
// with them.
func TestMasksAreRatios(t *testing.T) {
	t.Run("float64", ratios[float64])
	t.Run("float32", ratios[float32])
}

func ratios[T asm.Float](t *testing.T) {
	m := &nmf.Model[T]{W: positive[T](101, 9, 3, 1), H: positive[T](102, 3, 7, 1)}
	whole := m.Reconstruct()
	masks, err := m.SoftMasks(0)
	require.NoError(t, err)
	require.Equal(t, 3, masks.Components())
	for q := range 3 {
		mask := matrix.New[float64](9, 7)
		masks.TileTo(mask, q, 0, 0)
		for i := range 9 {
			for j := range 7 {
				assert.InDelta(t, float64(m.W.At(i, q)*m.H.At(q, j)/whole.At(i, j)), mask.At(i, j), 1e-6)
			}
		}
		tile := matrix.New[float64](4, 3)
		masks.TileTo(tile, q, 5, 2)
		assert.Equal(t, mask.View(5, 2, 4, 3).Clone(), tile)
	}
	assert.Panics(t, func() { masks.TileTo(matrix.New[float64](5, 3), 0, 5, 2) })
	assert.Panics(t, func() { masks.TileTo(matrix.New[float64](1, 1), 3, 0, 0) })
	assert.Panics(t, func() { masks.ColumnTo(make([]float64, 3), make([]float64, 2), 0, 0, 0) })
	for _, alpha := range []float64{-1, math.NaN(), math.Inf(1)} {
		_, err = m.SoftMasks(alpha)
		require.ErrorIs(t, err, nmf.ErrOption)
	}
	m.H.Set(1, 1, -1)
	_, err = m.SoftMasks(1)
	require.ErrorIs(t, err, nmf.ErrData)
	_, err = (&nmf.Model[T]{}).SoftMasks(1)
	require.ErrorIs(t, err, nmf.ErrShape)
}

func ExampleModel_SoftMasks() {
	m := &nmf.Model[float64]{W: matrix.Of(2, 2, []float64{3, 1, 0, 2}), H: matrix.Of(2, 1, []float64{1, 1})}
	masks, err := m.SoftMasks(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	share := make([]float64, 2)
	masks.ColumnTo(share, nil, 0, 0, 0)
	fmt.Println(share)
	// Output: [0.75 0]
}
