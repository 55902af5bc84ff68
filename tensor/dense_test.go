package tensor_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/tensor"
)

// both runs a generic test body for both element types.
func both(t *testing.T, f32, f64 func(*testing.T)) {
	t.Run("float32", f32)
	t.Run("float64", f64)
}

// misuse asserts that f panics with an Error of the operation op whose text
// carries all of the words.
func misuse(t *testing.T, op string, f func(), words ...string) {
	t.Helper()
	defer func() {
		t.Helper()
		e, ok := recover().(tensor.Error)
		require.True(t, ok, "%s: no tensor.Error", op)
		assert.Equal(t, op, e.Op)
		assert.Contains(t, e.Error(), "tensor: "+op+": ")
		for _, w := range words {
			assert.Contains(t, e.Error(), w)
		}
	}()
	f()
}

// counting returns an array whose elements are 1, 2, 3, … in row-major order.
func counting[T tensor.Float](shape ...int) *tensor.Dense[T] {
	t := tensor.New[T](shape...)
	for i := range t.Data {
		t.Data[i] = T(i + 1)
	}
	return t
}

// each calls f for every index in row-major order.
func each(shape []int, f func(index []int)) {
	index := make([]int, len(shape))
	var mode func(n int)
	mode = func(n int) {
		if n == len(shape) {
			f(index)
			return
		}
		for i := range shape[n] {
			index[n] = i
			mode(n + 1)
		}
	}
	mode(0)
}

// elements returns the elements in row-major order, fetched one by one.
func elements[T tensor.Float](t *tensor.Dense[T]) []T {
	x := []T{}
	each(t.Shape, func(index []int) { x = append(x, t.At(index...)) })
	return x
}

// views returns arrays of many layouts: contiguous ones of order 0 to 5, slices,
// permutations, and slices of permutations.
func views[T tensor.Float]() map[string]*tensor.Dense[T] {
	v := map[string]*tensor.Dense[T]{}
	for _, shape := range [][]int{{}, {1}, {6}, {2, 3}, {3, 1}, {1, 3}, {2, 3, 4}, {3, 1, 2}, {1, 1, 4}, {2, 3, 2, 4}, {2, 1, 3, 2, 2}} {
		v[fmt.Sprint("contiguous ", shape)] = counting[T](shape...)
	}
	t := counting[T](4, 3, 5)
	for mode := range 3 {
		s := t.Slice(mode, 1, 3)
		v[fmt.Sprint("slice of mode ", mode)] = s
		v[fmt.Sprint("permuted slice of mode ", mode)] = s.Permute(2, 0, 1)
		v[fmt.Sprint("slice of one of mode ", mode)] = t.Slice(mode, 2, 3)
		v[fmt.Sprint("empty slice of mode ", mode)] = t.Slice(mode, 2, 2)
		v[fmt.Sprint("permuted empty slice of mode ", mode)] = t.Slice(mode, 2, 2).Permute(1, 2, 0)
	}
	v["reversed"] = t.Permute(2, 1, 0)
	v["column"] = counting[T](4, 3).Slice(1, 1, 2)
	v["reversed, order 5"] = counting[T](2, 3, 2, 1, 3).Permute(4, 3, 2, 1, 0).Slice(0, 1, 3)
	v["empty"] = tensor.New[T](3, 0, 4)
	v["empty, permuted"] = tensor.New[T](3, 0, 4).Permute(2, 1, 0)
	return v
}

func TestNewAndOf(t *testing.T) { both(t, testNew[float32], testNew[float64]) }

func testNew[T tensor.Float](t *testing.T) {
	shape := []int{2, 3, 4}
	x := tensor.New[T](shape...)
	shape[0] = 9
	assert.Equal(t, []int{2, 3, 4}, x.Shape, "the shape is copied")
	assert.Equal(t, []int{12, 4, 1}, x.Strides)
	assert.Equal(t, 3, x.Order())
	assert.Equal(t, 24, x.Len())
	assert.Equal(t, make([]T, 24), x.Data)

	data := []T{1, 2, 3, 4, 5, 6}
	y := tensor.Of(data, 3, 2)
	y.Set(-1, 1, 1)
	assert.Equal(t, []T{1, 2, 3, -1, 5, 6}, data, "Of shares its data")
	assert.Equal(t, T(5), y.At(2, 0))

	scalar := tensor.New[T]()
	scalar.Set(7)
	assert.Equal(t, T(7), scalar.At())
	assert.Equal(t, 1, scalar.Len())

	misuse(t, "New", func() { tensor.New[T](2, -1) }, "[2 -1]")
	misuse(t, "New", func() { tensor.New[T](math.MaxInt, 2) })
	misuse(t, "Of", func() { tensor.Of(data, 2, 2) }, "6 elements", "[2 2]")
	misuse(t, "Of", func() { tensor.Of(data, -2, -3) }, "6 elements", "[-2 -3]")
}

func TestElementsRefusesWhatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		shape []int
		n     int
		ok    bool
	}{
		{nil, 1, true}, {[]int{3, 4}, 12, true}, {[]int{math.MaxInt}, math.MaxInt, true},
		{[]int{3, 0, 4}, 0, true}, {[]int{0, -1}, 0, false}, {[]int{-1}, 0, false},
		{[]int{math.MaxInt, 2}, 0, false}, {[]int{math.MaxInt/2 + 1, 2}, 0, false}, {[]int{math.MaxInt, math.MaxInt, 0}, 0, false},
	} {
		n, ok := tensor.Elements(c.shape)
		assert.Equal(t, c.ok, ok, "%v", c.shape)
		assert.Equal(t, c.n, n, "%v", c.shape)
	}
}

func TestAtAndSetReachEveryElement(t *testing.T) { both(t, testAtSet[float32], testAtSet[float64]) }

func testAtSet[T tensor.Float](t *testing.T) {
	x := counting[T](2, 3, 4)
	next := T(1)
	each(x.Shape, func(index []int) {
		require.Equal(t, next, x.At(index...))
		x.Set(-next, index...)
		require.Equal(t, -next, x.Data[int(next)-1])
		next++
	})
	misuse(t, "At", func() { x.At(0, 0) }, "2 indices", "[2 3 4]")
	misuse(t, "Set", func() { x.Set(1, 0, 0, 0, 0) }, "4 indices")
	misuse(t, "At", func() { x.At(0, 3, 0) }, "index 3 of mode 1", "[2 3 4]")
	misuse(t, "Set", func() { x.Set(1, -1, 0, 0) }, "index -1 of mode 0")
	// Beyond a view there may well be memory.
	misuse(t, "At", func() { x.Slice(0, 0, 1).At(1, 0, 0) }, "index 1 of mode 0", "[1 3 4]")
}

func TestAtAndSetAllocateNothing(t *testing.T) {
	x := counting[float32](2, 3, 4)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		for i := range 2 {
			x.Set(x.At(i, 1, 2)+1, i, 1, 2)
		}
	}))
}

func TestCopiesAreRowMajor(t *testing.T) { both(t, testCopies[float32], testCopies[float64]) }

func testCopies[T tensor.Float](t *testing.T) {
	for name, x := range views[T]() {
		t.Run(name, func(t *testing.T) {
			want := elements(x)
			c := x.Clone()
			assert.True(t, c.IsContiguous())
			assert.Equal(t, x.Shape, c.Shape)
			assert.Equal(t, want, append([]T{}, c.Data...))
			dst := make([]T, x.Len())
			x.CopyTo(dst)
			assert.Equal(t, want, dst)
			for i := range c.Data {
				c.Data[i] = -1
			}
			assert.Equal(t, want, elements(x), "a clone must not share memory")

			k := x.Contiguous()
			assert.Equal(t, want, elements(k))
			assert.True(t, k.IsContiguous())
			assert.Equal(t, x.IsContiguous(), k == x)
			if x.IsContiguous() && x.Len() > 0 {
				assert.Equal(t, want, x.Data, "Data holds exactly the elements")
			}
			misuse(t, "CopyTo", func() { x.CopyTo(make([]T, x.Len()+1)) }, fmt.Sprint(x.Len()+1), fmt.Sprint(x.Shape))
		})
	}
}

func ExampleDense() {
	t := tensor.New[float64](2, 3, 4)
	t.Set(5, 1, 2, 3) // element (1, 2, 3)
	fmt.Println(t.Shape, t.Strides, t.Len(), t.At(1, 2, 3), t.Data[23])
	// Output: [2 3 4] [12 4 1] 24 5 5
}

func ExampleDense_Contiguous() {
	t := tensor.Of([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	p := t.Permute(1, 0)
	fmt.Println(p.IsContiguous(), p.Contiguous().Data)
	// Output: false [1 4 2 5 3 6]
}
