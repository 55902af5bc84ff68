package tensor_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/matrix"
	"polyad/tensor"
)

func TestSliceIsAView(t *testing.T) { both(t, testSlice[float32], testSlice[float64]) }

func testSlice[T tensor.Float](t *testing.T) {
	x := counting[T](4, 3, 5)
	for mode, size := range x.Shape {
		for lo := 0; lo <= size; lo++ {
			for hi := lo; hi <= size; hi++ {
				s := x.Slice(mode, lo, hi)
				each(s.Shape, func(index []int) {
					v := s.At(index...)
					index[mode] += lo
					require.Equal(t, x.At(index...), v)
					index[mode] -= lo
				})
				require.Equal(t, hi-lo, s.Shape[mode])
			}
		}
	}
	s := x.Slice(0, 1, 3).Slice(2, 2, 5)
	s.Set(-7, 1, 2, 0)
	assert.Equal(t, T(-7), x.At(2, 2, 2), "memory is shared")
	assert.Equal(t, []int{4, 3, 5}, x.Shape, "the shape is not")

	misuse(t, "Slice", func() { x.Slice(3, 0, 1) }, "mode 3", "[4 3 5]")
	misuse(t, "Slice", func() { x.Slice(-1, 0, 1) }, "mode -1")
	for _, b := range [][2]int{{-1, 2}, {2, 1}, {0, 4}} {
		misuse(t, "Slice", func() { x.Slice(1, b[0], b[1]) }, fmt.Sprintf("[%d, %d) of mode 1", b[0], b[1]), "[4 3 5]")
	}
}

func TestPermuteIsAView(t *testing.T) { both(t, testPermute[float32], testPermute[float64]) }

func testPermute[T tensor.Float](t *testing.T) {
	x := counting[T](2, 3, 4)
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		p := x.Permute(order...)
		each(p.Shape, func(index []int) {
			from := make([]int, 3)
			for n, m := range order {
				from[m] = index[n]
			}
			require.Equal(t, x.At(from...), p.At(index...))
		})
	}
	p := x.Permute(2, 0, 1)
	assert.Equal(t, []int{4, 2, 3}, p.Shape)
	p.Set(-7, 3, 1, 0)
	assert.Equal(t, T(-7), x.At(1, 0, 3))
	assert.Equal(t, x.Data, p.Permute(1, 2, 0).Data)
	for _, order := range [][]int{{0, 1}, {0, 1, 2, 2}, {0, 1, 1}, {0, 1, 3}, {-1, 0, 1}} {
		misuse(t, "Permute", func() { x.Permute(order...) }, fmt.Sprint(order), "[2 3 4]")
	}
}

func TestReshapeIsAView(t *testing.T) { both(t, testReshape[float32], testReshape[float64]) }

func testReshape[T tensor.Float](t *testing.T) {
	x := counting[T](2, 3, 4)
	for _, shape := range [][]int{{24}, {6, 4}, {2, 12}, {4, 3, 2}, {1, 24, 1}} {
		y := x.Reshape(shape...)
		assert.Equal(t, x.Data, elements(y))
		y.Data[5] = -y.Data[5]
		assert.Equal(t, x.At(0, 1, 1), y.Data[5])
	}
	assert.Equal(t, []T{1, 2, 3, 4}, x.Slice(0, 0, 1).Slice(1, 0, 1).Reshape(2, 2).Data, "a slice that lies along memory")
	assert.Equal(t, T(3), tensor.Of([]T{3}, 1, 1).Reshape().At())
	for _, e := range []*tensor.Dense[T]{tensor.New[T](3, 0, 4), tensor.New[T](3, 0, 4).Permute(2, 1, 0), x.Slice(1, 2, 2), x.Permute(2, 1, 0).Slice(0, 1, 1)} {
		assert.Equal(t, []int{5, 0}, e.Reshape(5, 0).Shape)
	}
	misuse(t, "Reshape", func() { x.Reshape(5, 5) }, "[2 3 4]", "[5 5]")
	misuse(t, "Reshape", func() { x.Reshape(-6, -4) }, "[-6 -4]")
	misuse(t, "Reshape", func() { x.Permute(2, 1, 0).Reshape(24) }, "[4 3 2]", "not contiguous", "Contiguous")
	misuse(t, "Reshape", func() { x.Slice(2, 0, 2).Reshape(12) }, "[2 3 2]", "not contiguous")
}

func TestMatrixAndFromMatrix(t *testing.T) { both(t, testMatrix[float32], testMatrix[float64]) }

func testMatrix[T tensor.Float](t *testing.T) {
	x := counting[T](4, 6)
	for name, c := range map[string]struct {
		x     *tensor.Dense[T]
		share bool
	}{
		"row-major":                 {x, true},
		"strided":                   {x.Slice(1, 1, 4), true},
		"rows":                      {x.Slice(0, 1, 3), true},
		"transposed":                {x.Permute(1, 0), false},
		"transposed, one row":       {x.Slice(1, 2, 3).Permute(1, 0), false},
		"column":                    {x.Slice(1, 2, 3), true},
		"transposed, one column":    {x.Slice(0, 2, 3).Permute(1, 0), true},
		"one element":               {x.Slice(0, 2, 3).Slice(1, 4, 5), true},
		"one element, transposed":   {x.Slice(0, 2, 3).Slice(1, 4, 5).Permute(1, 0), true},
		"one row of a slice":        {x.Slice(1, 1, 3).Slice(0, 3, 4), true},
		"every other column":        {&tensor.Dense[T]{Shape: []int{4, 3}, Strides: []int{6, 2}, Data: x.Data}, false},
		"the same row four times":   {&tensor.Dense[T]{Shape: []int{4, 6}, Strides: []int{0, 1}, Data: x.Data[:6]}, false},
		"no rows":                   {x.Slice(0, 2, 2), true},
		"no columns":                {x.Slice(1, 2, 2), true},
		"no columns, never had any": {tensor.New[T](3, 0), true},
		"no rows, transposed":       {tensor.New[T](3, 0).Permute(1, 0), true},
	} {
		t.Run(name, func(t *testing.T) {
			m := c.x.Matrix()
			require.Equal(t, c.x.Shape, []int{m.Rows, m.Cols})
			require.GreaterOrEqual(t, m.Stride, m.Cols)
			want := elements(c.x)
			got := []T{}
			for i := range m.Rows {
				got = append(got, m.Row(i)...)
			}
			assert.Equal(t, want, got)
			if c.x.Len() == 0 {
				return
			}
			back := tensor.FromMatrix(m)
			assert.Equal(t, want, elements(back))
			back.Set(-5, 0, 0)
			assert.Equal(t, T(-5), m.At(0, 0), "FromMatrix shares memory")
			if c.share {
				assert.Equal(t, T(-5), c.x.At(0, 0))
			} else {
				assert.Equal(t, want, elements(c.x))
			}
			m.Set(0, 0, want[0])
		})
	}
	misuse(t, "Matrix", func() { counting[T](2, 3, 4).Matrix() }, "order 3", "[2 3 4]")
	misuse(t, "Matrix", func() { counting[T](2).Matrix() }, "order 1")
}

func ExampleDense_Slice() {
	t := tensor.Of([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	s := t.Slice(1, 1, 3) // the last two columns
	s.Set(0, 1, 0)        // also in t
	fmt.Println(s.Shape, s.Contiguous().Data, t.Data)
	// Output: [2 2] [2 3 0 6] [1 2 3 4 0 6]
}

func ExampleDense_Permute() {
	t := tensor.New[float32](2, 3, 4)
	fmt.Println(t.Permute(2, 0, 1).Shape)
	// Output: [4 2 3]
}

func ExampleDense_Reshape() {
	t := tensor.Of([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(t.Reshape(3, 2).At(2, 0), t.Permute(1, 0).Contiguous().Reshape(6).Data)
	// Output: 5 [1 4 2 5 3 6]
}

func ExampleFromMatrix() {
	m := matrix.Of(2, 2, []float64{1, 2, 3, 4})
	t := tensor.FromMatrix(m)
	t.Set(10, 0, 0)
	fmt.Println(m.Data, t.Matrix().Data)
	// Output: [10 2 3 4] [10 2 3 4]
}
