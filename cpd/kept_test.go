package cpd

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/internal/fittest"
	"polyad/internal/par"
	"polyad/internal/racing"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

// midway returns a state as a fit of some data has it at its start.
func midway(t *testing.T, o Options, given *Model[float64]) *state[float64] {
	x := tensor.New[float64](8, 7, 6)
	for i := range x.Data {
		x.Data[i] = float64(i%17+1) / 5
	}
	e, err := o.effective(x.Shape)
	require.NoError(t, err)
	pool := par.New(2)
	t.Cleanup(pool.Close)
	s, err := setUp(context.Background(), x, 3, e, 1, pool, given, nil)
	require.NoError(t, err)
	return s
}

func TestRestoredStateIsNoMoreTheGivenStart(t *testing.T) {
	given := &Model[float64]{Weights: []float64{1, 1, 1}}
	for n, size := range []int{8, 7, 6} {
		f := matrix.New[float64](size, 3)
		for i := range f.Data {
			f.Data[i] = float64(i%(5+n) + 1)
		}
		given.Factors = append(given.Factors, f)
	}
	for _, o := range []Options{{}, {Method: HALS{}}, {Method: MU{}}, {Fix: Modes{1}}} {
		o.Init = given
		a, b := midway(t, o, given), midway(t, o, given)
		require.Equal(t, given, b.model(), "before it is touched")
		require.NoError(t, a.Sweep())
		require.NoError(t, b.RestoreState(a.SaveState()))
		require.NotEqual(t, given, b.model())
		require.Equal(t, a.model(), b.model())
	}
}

func TestKeepingTheBestModelAllocatesNothing(t *testing.T) {
	racing.CountsAllocations(t)
	for _, o := range []Options{{Method: ALS{}}, {Nonneg: All, Penalty: Each(reg.L1(.1)), Eps: solver.Set(.01)}} {
		s := midway(t, o, nil)
		require.NoError(t, s.begin(nil, false))
		fittest.KeepingAllocatesNothing(t, s)
	}
}
