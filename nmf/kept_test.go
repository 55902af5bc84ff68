package nmf

import (
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/internal/fittest"
	"polyad/internal/par"
	"polyad/internal/racing"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
)

// midway returns a state as a fit of some data has it at its start.
func midway(t *testing.T, o Options, given *Model[float64]) *state[float64] {
	x := matrix.New[float64](20, 15)
	for i := range x.Data {
		x.Data[i] = float64(i%17+1) / 5
	}
	e, err := o.effective(x.Rows, x.Cols)
	require.NoError(t, err)
	pool := par.New(2)
	t.Cleanup(pool.Close)
	s, err := setUp(x, 3, &e, 1, pool, given, nil)
	require.NoError(t, err)
	return s
}

func TestRestoredStateIsNoMoreTheGivenStart(t *testing.T) {
	given := &Model[float64]{W: matrix.New[float64](20, 3), H: matrix.New[float64](3, 15)}
	for i := range given.W.Data {
		given.W.Data[i] = float64(i%5 + 1)
	}
	for i := range given.H.Data {
		given.H.Data[i] = float64(i%7 + 1)
	}
	for _, o := range []Options{{}, {Method: ALS{}}, {Method: MU{}}, {FixW: true}, {HoldH: []int{1}}} {
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
	for _, o := range []Options{{Method: ALS{}}, {W: reg.L1(.1), H: reg.L1(.1), Eps: solver.Set(.01)}} {
		s := midway(t, o, nil)
		require.NoError(t, s.begin(nil, false))
		fittest.KeepingAllocatesNothing(t, s)
	}
}
