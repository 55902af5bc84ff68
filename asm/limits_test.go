package asm

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSumAndFillMatchTheirReferenceLoops(t *testing.T) {
	both(t, testSumAndFill[float32], testSumAndFill[float64])
}

func testSumAndFill[T Float](t *testing.T, ker *Kernels[T]) {
	lengths(func(r *rand.Rand, n, offset int) {
		x := newGuarded[T](r, n, offset)
		var want, size float64
		for j := range x.x {
			want += x.old(j)
			size += max(x.old(j), -x.old(j))
		}
		require.InDelta(t, want, float64(ker.Sum(x.x)), float64(n+1)*epsilon[T]()*size, "length %d", n)
		x.unchanged(t, 0)
		ker.Fill(x.x, 3)
		for j := range x.x {
			require.Equal(t, T(3), x.x[j], "length %d, element %d", n, j)
		}
		x.unchanged(t, n)
	})
}

func TestPeakCountsWhatItDoes(t *testing.T) {
	both(t, testPeak[float32], testPeak[float64])
}

func testPeak[T Float](t *testing.T, ker *Kernels[T]) {
	require.Positive(t, ker.PeakFlops)
	if ker.Level != Generic {
		require.Zero(t, ker.PeakFlops%(2*ker.Lanes))
		require.Zero(t, ker.Peak(10))
	}
}
