package tucker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/tensor"
	"polyad/tucker"
)

func TestStartsLeaveStationaryPoints(t *testing.T) {
	x := tensor.New[float64](3, 3, 3) // 1 where all indices differ: all singular values are equal
	for i := range 3 {
		x.Set(1, i, (i+1)%3, (i+2)%3)
		x.Set(1, i, (i+2)%3, (i+1)%3)
	}
	for rank, want := range map[int]float64{1: .8819, 2: .7071} {
		for _, method := range []tucker.Method{tucker.HOOI{}, tucker.HALS{}} {
			r, err := tucker.Fit(ctx, x, []int{rank, rank, rank}, &tucker.Options{Method: method})
			require.NoError(t, err)
			require.InDelta(t, want, r.RelError, .005, "rank %d, %v", rank, method)
			require.NotNil(t, r.Start)
		}
	}
	r, err := tucker.Fit(ctx, x, []int{3, 3, 3}, nil)
	require.NoError(t, err)
	require.Nil(t, r.Start, "all of the space: any basis will do")
}
