package tensor_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/tensor"
)

func TestMaskRemembersEveryEntry(t *testing.T) {
	t.Run("float32", testMask[float32])
	t.Run("float64", testMask[float64])
}

func testMask[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, shape := range [][]int{{}, {1}, {64}, {3, 5}, {3, 65}, {4, 0, 2}, {2, 3, 70}, {5, 1, 3, 64}, {7, 9, 11}} {
		n, _ := tensor.Elements(shape)
		x, nan := tensor.New[T](shape...), tensor.New[T](shape...)
		set := tensor.NewMask(shape...)
		require.Zero(t, set.Count())
		require.True(t, set.Valid())
		for k := range set.Bits { // Set overwrites what was there
			set.Bits[k] = r.Uint64()
		}
		count := 0
		index := make([]int, len(shape))
		for i := range n {
			for k, rest := len(shape)-1, i; k >= 0; k-- {
				index[k] = rest % shape[k]
				rest /= shape[k]
			}
			nan.Data[i] = T(math.NaN())
			if r.IntN(3) > 0 {
				x.Data[i], nan.Data[i] = T(r.NormFloat64()), 0
				count++
			}
			set.Set(x.Data[i] != 0, index...)
			require.Equal(t, x.Data[i] != 0, set.At(index...), "%v %v", shape, index)
		}
		of := tensor.MaskOf(x)
		require.Equal(t, of, tensor.MaskNaN(nan))
		for _, m := range []*tensor.Mask{of, set} {
			require.Equal(t, shape, append([]int{}, m.Shape...))
			require.Equal(t, count, m.Count())
			require.Equal(t, n, m.Len())
			for i := range n {
				require.Equal(t, x.Data[i] != 0, m.Word(i)&1 != 0)
			}
		}
		if len(shape) == 3 && n > 0 {
			require.Equal(t, of, tensor.MaskOf(x.Permute(2, 0, 1).Clone().Permute(1, 2, 0)), "a view")
		}
		for rows := 1; rows <= n; rows++ {
			if n%rows > 0 {
				continue
			}
			flat := set.Matrix(rows, n/rows)
			require.True(t, flat.Valid())
			require.Equal(t, count, flat.Count())
			for i := range n {
				require.Equal(t, x.Data[i] != 0, flat.At(i/(n/rows), i%(n/rows)))
			}
		}
	}
}

func TestMasksRefuseWhatDoesNotFit(t *testing.T) {
	m := tensor.NewMask(2, 3, 4)
	for name, f := range map[string]func(){
		"negative": func() { tensor.NewMask(2, -1) },
		"huge":     func() { tensor.NewMask(math.MaxInt, math.MaxInt) },
		"few":      func() { m.At(1, 2) },
		"outside":  func() { m.Set(true, 1, 2, 4) },
		"matrix":   func() { m.Matrix(5, 5) },
		"words":    func() { (&tensor.Mask{Shape: []int{2, 3}}).Matrix(2, 3) },
	} {
		require.Panics(t, func() {
			defer func() {
				r := recover()
				require.IsType(t, tensor.Error{}, r, name)
				panic(r)
			}()
			f()
		}, name)
	}
	require.False(t, (&tensor.Mask{Shape: []int{2, 3}}).Valid())
	require.False(t, (&tensor.Mask{Shape: []int{2, -3}}).Valid())
	require.False(t, (&tensor.Mask{Shape: []int{2}, Bits: make([]uint64, 2)}).Valid())
}
