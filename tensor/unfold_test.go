package tensor_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/internal/golden"
	"polyad/matrix"
	"polyad/tensor"
)

func TestGoldenUnfoldings(t *testing.T) {
	cases, err := golden.HRSI("tensor_ops")
	require.NoError(t, err)
	require.Equal(t, 2, len(cases))
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			x := c.Inputs["T"].Tensor()
			x32 := tensor.FromMatrix(matrix.Convert[float32](x.Reshape(1, x.Len()).Matrix())).Reshape(x.Shape...)
			for n := range x.Shape {
				plain, kolda := c.Outputs[fmt.Sprintf("unfold_tl_%d", n)], c.Outputs[fmt.Sprintf("unfold_kolda_%d", n)]
				u, k := x.Unfold(n), x.UnfoldKolda(n)
				require.Equal(t, plain.Shape, []int{u.Rows, u.Cols})
				require.Equal(t, kolda.Shape, []int{k.Rows, k.Cols})
				require.NoError(t, plain.Check(u.Data), "mode %d", n)
				require.NoError(t, kolda.Check(k.Data), "mode %d, order of Kolda", n)
				require.Equal(t, matrix.Convert[float32](u), x32.Unfold(n))
				require.Equal(t, matrix.Convert[float32](k), x32.UnfoldKolda(n))
				require.Equal(t, x, tensor.Fold(u, n, x.Shape...))
			}
		})
	}
}

// column returns the column of an index in the mode-n unfolding, the others
// with the last mode fastest, or the first one.
func column(shape, index []int, mode int, kolda bool) int {
	at, step := 0, 1
	for k := range shape {
		n := len(shape) - 1 - k
		if kolda {
			n = k
		}
		if n != mode {
			at += index[n] * step
			step *= shape[n]
		}
	}
	return at
}

func TestUnfoldMatchesItsDefinition(t *testing.T) {
	both(t, testUnfold[float32], testUnfold[float64])
}

func testUnfold[T tensor.Float](t *testing.T) {
	for name, x := range views[T]() {
		t.Run(name, func(t *testing.T) {
			want := elements(x)
			for mode := range x.Shape {
				u, k := x.Unfold(mode), x.UnfoldKolda(mode)
				each(x.Shape, func(index []int) {
					require.Equal(t, x.At(index...), u.At(index[mode], column(x.Shape, index, mode, false)))
					require.Equal(t, x.At(index...), k.At(index[mode], column(x.Shape, index, mode, true)))
				})
				l, size, r := x.Split(mode)
				require.Equal(t, []int{size, l * r}, []int{u.Rows, u.Cols})
				require.Equal(t, []int{size, l * r}, []int{k.Rows, k.Cols})

				back := tensor.Fold(u, mode, x.Shape...)
				require.Equal(t, x.Shape, back.Shape)
				require.True(t, back.IsContiguous())
				require.Equal(t, want, elements(back), "fold of unfold, mode %d", mode)

				gaps := matrix.New[T](u.Rows+1, u.Cols+2).View(1, 1, u.Rows, u.Cols)
				gaps.Copy(u)
				back = tensor.Fold(gaps, mode, x.Shape...)
				require.Equal(t, want, elements(back), "fold of a strided matrix, mode %d", mode)
			}
		})
	}
}

func TestUnfoldOfModeZeroIsAView(t *testing.T) {
	x := counting[float64](3, 4, 5)
	u := x.Unfold(0)
	u.Set(2, 19, -1)
	assert.Equal(t, -1.0, x.At(2, 3, 4))
	y := tensor.Fold(u, 0, 3, 4, 5)
	y.Set(-2, 0, 0, 0)
	assert.Equal(t, -2.0, x.At(0, 0, 0))

	for mode := 1; mode < 3; mode++ {
		u := x.Unfold(mode)
		u.Set(0, 0, 77)
		assert.Equal(t, -2.0, x.At(0, 0, 0), "mode %d is a copy", mode)
	}
	f := x.Permute(2, 1, 0) // mode 0 comes last in memory
	f.UnfoldKolda(2).Set(0, 0, -3)
	assert.Equal(t, -3.0, x.At(0, 0, 0), "the order of Kolda is that of the memory here")
}

func TestSplit(t *testing.T) {
	x := tensor.New[float32](2, 3, 4, 5)
	for mode, want := range [][3]int{{1, 2, 60}, {2, 3, 20}, {6, 4, 5}, {24, 5, 1}} {
		l, size, r := x.Split(mode)
		assert.Equal(t, want, [3]int{l, size, r})
	}
	l, size, r := tensor.New[float32](2, 0, 3).Split(2)
	assert.Equal(t, [3]int{0, 3, 1}, [3]int{l, size, r})
	misuse(t, "Split", func() { x.Split(4) }, "mode 4", "[2 3 4 5]")
}

func TestFoldRefusesShapesThatDoNotFit(t *testing.T) {
	x := counting[float64](2, 3, 4)
	misuse(t, "Split", func() { x.Unfold(3) }, "mode 3", "[2 3 4]")
	misuse(t, "Split", func() { x.UnfoldKolda(-1) }, "mode -1")
	u := x.Unfold(1)
	for _, c := range []struct {
		mode  int
		shape []int
	}{{0, []int{2, 3, 4}}, {1, []int{2, 3, 5}}, {3, []int{2, 3, 4}}, {-1, []int{2, 3, 4}}, {1, []int{-2, 3, -4}}, {0, nil}} {
		misuse(t, "Fold", func() { tensor.Fold(u, c.mode, c.shape...) }, "3 x 8", fmt.Sprintf("mode %d", c.mode), fmt.Sprint(c.shape))
	}
}

func ExampleDense_Unfold() {
	t := tensor.Of([]float64{1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2)
	for mode := range 3 {
		u := t.Unfold(mode)
		fmt.Println(u.Row(0), u.Row(1))
	}
	fmt.Println(t.UnfoldKolda(0).Row(0))
	// Output:
	// [1 2 3 4] [5 6 7 8]
	// [1 2 5 6] [3 4 7 8]
	// [1 3 5 7] [2 4 6 8]
	// [1 3 2 4]
}

func ExampleFold() {
	t := tensor.Of([]float64{1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2)
	fmt.Println(tensor.Fold(t.Unfold(1), 1, 2, 2, 2).Data)
	// Output: [1 2 3 4 5 6 7 8]
}
