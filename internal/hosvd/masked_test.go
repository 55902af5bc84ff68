package hosvd_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/hosvd"
	"polyad/internal/par"
	"polyad/tensor"
)

func TestMaskedVectorsAreThoseOfTheFilledArray(t *testing.T) {
	t.Run("float32", testMasked[float32])
	t.Run("float64", testMasked[float64])
}

func testMasked[T asm.Float](t *testing.T) {
	tol := 1e-6
	if asm.SizeOf[T]() == 4 {
		tol = 2e-3
	}
	r := rand.New(rand.NewPCG(3, 3))
	for _, shape := range [][]int{{40, 30}, {37, 9, 11}, {5, 8, 7, 6}, {1, 12, 9}, {200, 1, 3}} {
		x, filled := tensor.New[T](shape...), tensor.New[T](shape...)
		mask := tensor.NewMask(shape...)
		for i := range x.Data {
			x.Data[i] = T(math.Sin(float64(i)/3) + math.Cos(float64(i)/50)) // of low rank, but for the holes
			filled.Data[i] = .5
			if r.IntN(20) > 0 {
				mask.Bits[i/64] |= 1 << (i % 64)
				filled.Data[i] = x.Data[i]
			} else {
				x.Data[i] = T(math.NaN())
			}
		}
		for mode := range shape {
			_, want, ok := hosvd.Leading(nil, filled, mode, 2, 7)
			require.True(t, ok)
			u, s, ok := hosvd.LeadingMasked(nil, x, mask, .5, mode, 2, 7)
			require.True(t, ok)
			// What the vectors hold of the filled array says whether they are right.
			core := tensor.ModeProduct(nil, filled, u, mode, true)
			var held, all float64
			for _, v := range core.Data {
				held += float64(v) * float64(v)
			}
			for q, v := range want {
				all += v * v
				require.InDelta(t, v, s[q], tol*want[0], "%v mode %d", shape, mode)
			}
			require.InEpsilon(t, all, held, tol, "%v mode %d", shape, mode)
			for workers := 2; workers <= 3; workers++ {
				pool := par.New(workers)
				v, _, _ := hosvd.LeadingMasked(pool, x, mask, .5, mode, 2, 7)
				pool.Close()
				require.Equal(t, u, v)
			}
		}
	}
	bad := tensor.New[T](4, 3)
	bad.Data[1] = T(math.Inf(1))
	_, _, ok := hosvd.LeadingMasked(nil, bad, tensor.MaskOf(bad), 0, 1, 2, 0)
	require.False(t, ok)
}
