package cpd_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cpd"
	"polyad/reg"
	"polyad/tensor"
)

// permutations is 1 where all three indices differ: the singular values of every
// mode are equal, and the unit vectors a stationary point.
func permutations[T asm.Float]() *tensor.Dense[T] {
	x := tensor.New[T](3, 3, 3)
	for i := range 3 {
		x.Set(1, i, (i+1)%3, (i+2)%3)
		x.Set(1, i, (i+2)%3, (i+1)%3)
	}
	return x
}

func TestStartsLeaveStationaryPoints(t *testing.T) {
	both(t, testStationary[float32], testStationary[float64])
}

func testStationary[T asm.Float](t *testing.T) {
	for rank, want := range map[int]float64{1: .8819, 2: .7071, 3: .5123} {
		r, err := cpd.Fit(ctx, permutations[T](), rank, nil)
		require.NoError(t, err)
		require.InDelta(t, want, r.RelError, .005, "rank %d", rank)
		require.NotNil(t, r.Start)
		require.Equal(t, "singular values are equal, so that the vectors are arbitrary", r.Start.Reason)
		require.Equal(t, 4, r.Start.Tried)
		require.Equal(t, 40, r.Start.Sweeps, "4 starts for 5 sweeps, and 2 for 10")
	}
	blocks := tensor.New[T](8, 8, 3)
	for i := range 8 {
		for j := range 8 {
			for k := range 3 {
				if i/2 == j/2 {
					blocks.Set(1, i, j, k)
				}
			}
		}
	}
	r, err := cpd.Fit(ctx, blocks, 4, nil)
	require.NoError(t, err)
	require.Less(t, r.RelError, 1e-3)
}

func TestPenaltiesDoNotKeepVectorsOfNoise(t *testing.T) {
	g := rand.New(rand.NewPCG(7, 0))
	x := tensor.New[float64](6, 5, 4) // a matrix, repeated
	for i := 0; i < len(x.Data); i += 4 {
		v := g.NormFloat64()
		copy(x.Data[i:i+4], []float64{v, v, v, v})
	}
	var objectives []float64
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		r, err := cpd.Fit(ctx, x.Permute(order...), 4, &cpd.Options{Penalty: cpd.Each(reg.L2(.1))})
		require.NoError(t, err)
		require.Less(t, len(r.Pruned), 2, "%v", order)
		objectives = append(objectives, r.Objective())
	}
	for _, f := range objectives {
		require.InEpsilon(t, objectives[0], f, .05, "%v", objectives)
	}
}

func TestAChosenRandomStartIsTheOneOfItsSeed(t *testing.T) {
	x := permutations[float64]()
	var first *cpd.Result[float64]
	for workers := 1; workers <= 3; workers++ {
		r, err := cpd.Fit(ctx, x, 2, &cpd.Options{Workers: workers})
		require.NoError(t, err)
		require.Equal(t, "random", r.Start.Chosen)
		if first == nil {
			first = r
		}
		require.Equal(t, first.Model, r.Model)
		require.Equal(t, first.Start, r.Start)
	}
	r, err := cpd.Fit(ctx, x, 2, &cpd.Options{Init: cpd.Random{}, Seed: first.Start.Seed})
	require.NoError(t, err)
	require.Nil(t, r.Start)
	require.Equal(t, first.Model, r.Model)
}

func TestStartsOfOrdinaryDataStayAsTheyAre(t *testing.T) {
	x := noisy[float64](1, []int{9, 8, 7}, 3, false, .1)
	for _, init := range []cpd.Start{cpd.SVD{}, cpd.Random{}} {
		r, err := cpd.Fit(ctx, x, 3, &cpd.Options{Init: init})
		require.NoError(t, err)
		require.Nil(t, r.Start)
	}
	r, err := cpd.Fit(ctx, tensor.New[float64](3, 4, 5), 2, nil)
	require.NoError(t, err)
	require.Nil(t, r.Start, "of data that are zero every start is as good")
}
