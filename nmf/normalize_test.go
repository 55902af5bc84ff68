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
	"polyad/reg"
)

func TestNormalizedColumnsHaveNormOne(t *testing.T) {
	t.Run("float64", normalized[float64])
	t.Run("float32", normalized[float32])
}

func normalized[T asm.Float](t *testing.T) {
	for _, n := range []nmf.Norm{nmf.NormL1, nmf.NormL2} {
		m := &nmf.Model[T]{W: positive[T](51, 9, 6, 1).View(0, 1, 9, 4), H: positive[T](52, 4, 7, 1)}
		for i := range 9 {
			m.W.Set(i, 2, 0)
			m.W.Set(i, 1, m.W.At(i, 1)*1e30) // its square is no float32
			m.W.Set(i, 3, m.W.At(i, 3)*1e-30)
		}
		before, row := m.Reconstruct(), append([]T(nil), m.H.Row(2)...)
		m.Normalize(n)
		assert.Equal(t, row, m.H.Row(2), "nothing to divide by")
		for q := range 4 {
			var sum, squares float64
			for i := range 9 {
				v := float64(m.W.At(i, q))
				sum += v
				squares += v * v
			}
			switch {
			case q == 2:
				assert.Zero(t, sum)
			case n == nmf.NormL1:
				assert.InDelta(t, 1, sum, 1e-6)
			default:
				assert.InDelta(t, 1, squares, 1e-6)
			}
		}
		after := m.Reconstruct()
		for i, v := range before.Data {
			assert.InEpsilon(t, v, after.Data[i], 1e-5)
		}
	}
}

func TestSortedModelIsTheSameModel(t *testing.T) {
	m := &nmf.Model[float64]{W: positive[float64](53, 9, 5, 1), H: positive[float64](54, 5, 7, 1)}
	for i := range 9 {
		m.W.Set(i, 0, 0)
		m.W.Set(i, 3, m.W.At(i, 3)*1e200)
		m.W.Set(i, 4, m.W.At(i, 1))
	}
	for j := range 7 {
		m.H.Set(3, j, m.H.At(3, j)*1e200)
		m.H.Set(2, j, m.H.At(2, j)*100)
		m.H.Set(4, j, m.H.At(1, j))
	}
	before := m.Clone()
	order := m.Sort()
	assert.Equal(t, []int{3, 2, 1, 4, 0}, order, "equal ones keep their order")
	for k, q := range order {
		assert.Equal(t, before.H.Row(q), m.H.Row(k))
		for i := range 9 {
			assert.Equal(t, before.W.At(i, q), m.W.At(i, k))
		}
	}
}

func TestSortedResultKeepsWhatIsSaidOfItsComponents(t *testing.T) {
	x := lowRank[float64](26, 30, 25, 3)
	r, err := nmf.Fit(ctx, x, 6, &nmf.Options{W: reg.L1(1), H: reg.L1(1), Run: run(500)})
	require.NoError(t, err)
	require.NotEmpty(t, r.Pruned)
	beta, pruned := append([]float64(nil), r.Beta...), len(r.Pruned)
	order := r.Sort()
	for k, q := range order {
		assert.Equal(t, beta[q], r.Beta[k])
	}
	require.Len(t, r.Pruned, pruned)
	for i, q := range r.Pruned {
		assert.Equal(t, 6-pruned+i, q, "they come last")
		assert.Zero(t, r.Beta[q])
		assert.Zero(t, r.W.At(0, q))
	}
}

func TestTilesOfAModelAreThoseOfItsReconstruction(t *testing.T) {
	m := &nmf.Model[float64]{W: positive[float64](55, 9, 3, 1), H: positive[float64](56, 3, 7, 1)}
	whole := m.Reconstruct()
	for i := range 9 {
		for j := range 7 {
			tile := matrix.New[float64](min(4, 9-i), min(3, 7-j))
			tile.Data[0] = math.NaN()
			m.ReconstructTo(tile, i, j)
			for u := range tile.Rows {
				assert.InDeltaSlice(t, whole.Row(i + u)[j:j+tile.Cols], tile.Row(u), 1e-14)
			}
		}
	}
	assert.Panics(t, func() { m.ReconstructTo(matrix.New[float64](2, 2), 8, 0) })
}

func ExampleModel_Normalize() {
	m := &nmf.Model[float64]{W: matrix.Of(2, 1, []float64{3, 1}), H: matrix.Of(1, 3, []float64{1, 0, 2})}
	m.Normalize(nmf.NormL1)
	fmt.Println(m.W.Data, m.H.Data)
	// Output: [0.75 0.25] [4 0 8]
}

func ExampleModel_Sort() {
	m := &nmf.Model[float64]{W: matrix.Of(2, 2, []float64{1, 0, 1, 5}), H: matrix.Of(2, 2, []float64{1, 0, 0, 1})}
	fmt.Println(m.Sort(), m.W.Data)
	// Output: [1 0] [0 1 5 1]
}
