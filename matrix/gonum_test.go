package matrix_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"polyad/matrix"
)

func TestGonumBridgesShareMemory(t *testing.T) {
	m := counting[float64](3, 4)
	v := m.View(1, 1, 2, 2)

	g := matrix.General(v)
	assert.Equal(t, blas64.General{Rows: 2, Cols: 2, Stride: 4, Data: v.Data}, g)
	g.Data[0] = -1
	assert.Equal(t, -1.0, m.At(1, 1))
	back := matrix.FromGeneral(g)
	back.Set(1, 1, -2)
	assert.Equal(t, -2.0, m.At(2, 2))

	d := matrix.ToMat(v)
	assert.Equal(t, -2.0, d.At(1, 1))
	d.Set(0, 1, -3)
	assert.Equal(t, -3.0, m.At(1, 2))
	v.Set(1, 0, -4)
	assert.Equal(t, -4.0, d.At(1, 0))

	own := mat.NewDense(2, 2, []float64{1, 2, 3, 4})
	for _, s := range []*matrix.Dense[float64]{matrix.FromMat(own), matrix.From(own)} {
		s.Set(0, 1, 20)
		assert.Equal(t, 20.0, own.At(0, 1))
		own.Set(0, 1, 2)
		assert.Equal(t, 2.0, s.At(0, 1))
	}
	part := matrix.From(own.Slice(0, 2, 1, 2))
	assert.Equal(t, 2, part.Stride)
	part.Set(1, 0, 40)
	assert.Equal(t, 40.0, own.At(1, 1))
}

// atOnly is a mat.Matrix that shows nothing but its elements.
type atOnly struct{ mat.Matrix }

func TestFromCopiesWhatShowsNoMemory(t *testing.T) {
	own := mat.NewDense(2, 3, []float64{1, 2, 3, 4, 5, 6})
	for name, a := range map[string]mat.Matrix{"any": atOnly{own}, "transpose": own.T(), "symmetric": mat.NewSymDense(2, []float64{1, 2, 2, 3}), "vector": mat.NewVecDense(3, nil)} {
		m := matrix.From(a)
		rows, cols := a.Dims()
		assert.Equal(t, [2]int{rows, cols}, [2]int{m.Rows, m.Cols}, name)
		for i := range rows {
			for j := range cols {
				assert.Equal(t, a.At(i, j), m.At(i, j), name)
			}
		}
		m.Set(0, 0, 100)
		assert.NotEqual(t, 100.0, a.At(0, 0), name)
	}
}

func TestEmptyMatricesCrossTheBridge(t *testing.T) {
	e := matrix.FromMat(matrix.ToMat(matrix.New[float64](0, 0)))
	assert.Equal(t, [2]int{0, 0}, [2]int{e.Rows, e.Cols})
	e = matrix.From(&mat.Dense{})
	assert.Equal(t, [2]int{0, 0}, [2]int{e.Rows, e.Cols})
}

func ExampleToMat() {
	m := matrix.Of(2, 2, []float64{2, 1, 1, 3})
	fmt.Printf("%.3f\n", mat.Det(matrix.ToMat(m))) // no copy
	// Output: 5.000
}

func ExampleFrom() {
	a := mat.NewDense(2, 2, []float64{1, 2, 3, 4})
	shared := matrix.From(a)
	shared.Set(0, 0, 10)
	copied := matrix.From(a.T())
	copied.Set(0, 0, 0)
	fmt.Println(a.At(0, 0), copied.Data)
	// Output: 10 [0 3 2 4]
}
