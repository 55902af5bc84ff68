package nmf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

func TestGivenStartsThatLockAMethodAreRefused(t *testing.T) {
	x, w := matrix.New[float64](6, 5), matrix.New[float64](6, 2)
	for i := range x.Data {
		x.Data[i] = float64(1 + i%7)
	}
	for i := range w.Data {
		w.Data[i] = float64(1 + i%3)
	}
	given := &nmf.Model[float64]{W: w, H: matrix.New[float64](2, 5)}
	for _, method := range []nmf.Method{nmf.ANLS{}, nmf.ALS{}, nmf.MU{}} {
		_, err := nmf.Fit(ctx, x, 2, &nmf.Options{Method: method, Init: given})
		require.ErrorIs(t, err, nmf.ErrOption, "%v", method)
		require.ErrorContains(t, err, "H is all zero in the start")
		require.ErrorContains(t, err, "or use hals")
	}
	_, err := nmf.Fit(ctx, x, 2, &nmf.Options{Method: nmf.MU{}, Init: given, Eps: solver.Set(0.0)})
	require.ErrorIs(t, err, nmf.ErrOption)
	_, err = nmf.Fit(ctx, x, 2, &nmf.Options{Method: nmf.HALS{}, Init: given, W: reg.L2(.1), H: reg.L2(.1)})
	require.ErrorIs(t, err, nmf.ErrOption, "a ridge takes W away before H has its turn")
	_, err = nmf.Fit(ctx, x, 2, &nmf.Options{Method: nmf.HALS{}, Init: given, W: reg.L1(.1), H: reg.L1(.1)})
	require.ErrorContains(t, err, "H is all zero in the start, which hals with balancing cannot leave; give entries that are not zero, or do not balance")
	for _, o := range []nmf.Options{
		{Method: nmf.HALS{}, W: reg.L1(.1), H: reg.L1(.1), Balance: nmf.BalanceNone},
		{Method: nmf.HALS{}}, {Method: nmf.ANLS{}, Order: nmf.OrderHW}, {Method: nmf.ANLS{}, FixW: true},
	} {
		o.Init = given
		r, err := nmf.Fit(ctx, x, 2, &o)
		require.NoError(t, err)
		require.Less(t, r.RelError, .5, "%v", o.Method)
	}
	for _, o := range []nmf.Options{{Method: nmf.ANLS{}, Run: solver.Options{MaxIter: solver.Set(0)}}} {
		o.Init = given
		_, err := nmf.Fit(ctx, x, 2, &o)
		require.NoError(t, err, "a start that is only evaluated")
	}
	_, err = nmf.Fit(ctx, matrix.New[float64](6, 5), 2, &nmf.Options{Method: nmf.ANLS{}, Init: given})
	require.NoError(t, err, "zeros are right for data of zeros")
}
