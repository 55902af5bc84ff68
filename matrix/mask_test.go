package matrix_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/matrix"
)

func TestMaskRemembersEveryEntry(t *testing.T) {
	t.Run("float32", maskRemembers[float32])
	t.Run("float64", maskRemembers[float64])
}

func maskRemembers[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, rows := range []int{0, 1, 3, 70} {
		for _, cols := range []int{0, 1, 63, 64, 65, 128, 200} {
			around, holes := matrix.New[T](rows+1, cols+2), matrix.New[T](rows+1, cols+2)
			x, nan := around.View(1, 1, rows, cols), holes.View(1, 1, rows, cols)
			count := 0
			for i := range rows {
				for j := range cols {
					nan.Set(i, j, T(math.NaN()))
					if r.IntN(3) > 0 {
						x.Set(i, j, T(r.NormFloat64()))
						nan.Set(i, j, 0)
						count++
					}
				}
			}
			set := matrix.NewMask(rows, cols)
			require.Zero(t, set.Count())
			require.True(t, set.Valid())
			for k := range set.Bits { // Set overwrites what was there
				set.Bits[k] = r.Uint64()
			}
			for i := range rows {
				for j := range cols {
					set.Set(i, j, x.At(i, j) != 0)
				}
			}
			of := matrix.MaskOf(x)
			for _, m := range []*matrix.Mask{of, matrix.MaskNaN(nan), set} {
				require.Equal(t, [2]int{rows, cols}, [2]int{m.Rows, m.Cols})
				require.Equal(t, count, m.Count())
				for i := range rows {
					require.Len(t, m.Row(i), (cols+63)/64)
					for j := range cols {
						require.Equal(t, x.At(i, j) != 0, m.At(i, j), "%d x %d: (%d, %d)", rows, cols, i, j)
					}
				}
			}
			require.Equal(t, of, matrix.MaskNaN(nan))
		}
	}
}

func TestMaskRefusesWhatIsOutside(t *testing.T) {
	m := matrix.NewMask(3, 70)
	for _, at := range [][2]int{{-1, 0}, {3, 0}, {0, -1}, {0, 70}} {
		assert.PanicsWithError(t, fmt.Sprintf("matrix: Mask.At: index (%d, %d) outside 3 x 70", at[0], at[1]), func() { m.At(at[0], at[1]) })
		assert.PanicsWithError(t, fmt.Sprintf("matrix: Mask.Set: index (%d, %d) outside 3 x 70", at[0], at[1]), func() { m.Set(at[0], at[1], true) })
	}
	assert.Panics(t, func() { matrix.NewMask(-1, 2) })
	assert.Panics(t, func() { matrix.NewMask(math.MaxInt, 2) })
	for _, bad := range []*matrix.Mask{
		{Rows: 3, Cols: 70, Bits: make([]uint64, 5)}, {Rows: 3, Cols: 70, Bits: make([]uint64, 7)}, {Rows: 3, Cols: 70},
		{Rows: -1, Cols: 2}, {Rows: math.MaxInt, Cols: 65}, {Rows: 2, Cols: 0, Bits: make([]uint64, 2)},
	} {
		assert.False(t, bad.Valid(), "%+v", bad)
	}
	assert.True(t, (&matrix.Mask{}).Valid())
	assert.True(t, (&matrix.Mask{Rows: 3}).Valid())
}

func ExampleMaskNaN() {
	x := matrix.Of(2, 3, []float64{1, math.NaN(), 3, 0, 5, math.NaN()})
	m := matrix.MaskNaN(x)
	fmt.Println(m.Count(), m.At(0, 1), m.At(1, 0))
	// Output: 4 false true
}
