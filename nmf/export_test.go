package nmf

import (
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
)

// CheckStateRoundTrip saves the state in the middle of a run, restores it into
// a fresh one and compares the two ways on.
func CheckStateRoundTrip(t *testing.T) {
	x := matrix.New[float32](40, 30)
	for i := range x.Data {
		x.Data[i] = float32(i%17+1) / 5
	}
	p := reg.L1(.1)
	for _, o := range []Options{
		{Method: HALS{}}, {}, {Order: OrderHW, W: p, H: reg.L2(.1)}, {Method: HALS{Inner: 1, Extrapolate: true}},
		{Loss: loss.KL, Method: MU{}, W: p, H: p}, {Loss: loss.KL, W: p, H: p}, {Method: MU{Extrapolate: true}},
		{Method: ANLS{}}, {Method: ALS{}, Order: OrderHW}, {W: p, H: p, Balance: BalanceBlock}, {Loss: loss.KL, W: p, H: p, Balance: BalanceBlock},
	} {
		begin := func(seed uint64) *state[float32] {
			o := o
			o.Seed = seed
			e, err := o.effective(40, 30)
			require.NoError(t, err)
			pool := par.New(2)
			t.Cleanup(pool.Close)
			s, err := setUp(x, 4, &e, 1, pool, nil, nil)
			require.NoError(t, err)
			require.NoError(t, s.begin(nil, false))
			return s
		}
		sweeps := func(s *state[float32], n int) {
			for k := range n {
				if k%3 == 0 {
					s.Objective(false)
				}
				require.NoError(t, s.Sweep())
			}
		}
		a, b := begin(1), begin(2)
		sweeps(a, 8) // in the middle between two evaluations
		saved := a.SaveState()
		sweeps(b, 8)
		require.NoError(t, b.RestoreState(saved))
		sweeps(a, 40)
		sweeps(b, 40)
		require.Equal(t, a.model(), b.model(), "%v %v", o.Loss, o.Method)
		la, pa, _ := a.Objective(false)
		lb, pb, _ := b.Objective(false)
		require.Equal(t, la, lb)
		require.Equal(t, pa, pb)
		require.ErrorIs(t, b.RestoreState(saved[:40]), ErrShape)
		require.ErrorIs(t, b.RestoreState(append(saved, 0)), ErrShape)
	}
}

// CheckBalanceWithinSweep balances between the updates of a sweep and compares.
func CheckBalanceWithinSweep[T asm.Float](t *testing.T, tol float64) {
	x := matrix.New[T](40, 30)
	for i := range x.Data {
		x.Data[i] = T(i%17+1) / 5
	}
	for _, o := range []Options{{}, {Method: HALS{}}, {Method: ANLS{}}, {Method: ALS{}}, {Loss: loss.KL}, {Method: MU{}}} {
		o.Balance, o.W, o.H, o.Init = BalanceBlock, reg.L1(.3), reg.L2(.1), Random{}
		e, err := o.effective(40, 30)
		require.NoError(t, err)
		s, err := setUp(x, 4, &e, 1, nil, nil, nil)
		require.NoError(t, err)
		require.NoError(t, s.begin(nil, false))
		for range 3 {
			require.NoError(t, s.Sweep())
			s.step.updateW()
			before, penalties := s.model(), s.Penalties()
			s.balance()
			require.Less(t, s.Penalties(), penalties, "%v", o.Method)
			require.NotEqual(t, before.W.Data, s.w.Data)
			want := before.Reconstruct()
			for i, v := range s.model().Reconstruct().Data {
				require.InDelta(t, want.Data[i], v, tol, "%v, entry %d", o.Method, i)
			}
		}
	}
}

// SuccessiveColumns returns the columns of x that [SPA] chooses.
func SuccessiveColumns[T asm.Float](x *matrix.Dense[T], rank int) []int {
	v := data.NewDense(x, 1, 0, 1)
	return successive(v, v.Operator(nil), rank)
}

// CutStarts makes starts of which the pool leaves out all work from a block on, for
// every block: what they come to is not used, but they must come to an end.
func CutStarts[T asm.Float](t *testing.T, x *matrix.Dense[T], rank int, o Options, scale float64) (most int) {
	for whole := false; !whole; most++ {
		e, err := o.effective(x.Rows, x.Cols)
		require.NoError(t, err)
		pool := par.New(1)
		v := newData(x, e.Mask, scale*scale, 0, 1)
		left := most
		pool.Until(func() bool { left--; return left < 0 })
		generate(&e, v, rank, scale, pool)
		whole = left >= 0
	}
	return most
}
