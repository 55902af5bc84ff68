package tucker

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/tensor"
)

// begun returns the state of a fit after its start.
func begun[T asm.Float](x *tensor.Dense[T], ranks []int, o *Options, pool *par.Pool) *state[T] {
	e, err := o.effective(x.Shape, ranks)
	if err != nil {
		panic(err)
	}
	var top T
	for _, v := range x.Data {
		top = max(top, v, -v)
	}
	s, err := setUp(context.Background(), x, e, fitting.FactorScale[T](float64(top), e.Loss, e.scaled()), pool, nil, nil)
	if err != nil {
		panic(err)
	}
	if err := s.begin(nil, false); err != nil {
		panic(err)
	}
	return s
}

// Sweeper returns a function that makes a sweep and evaluates the objective as
// between sweeps, and one that does it directly.
func Sweeper[T asm.Float](x *tensor.Dense[T], ranks []int, o *Options) (sweep, direct, end func()) {
	pool := par.New(o.Workers)
	s := begun(x, ranks, o, pool)
	sweep = func() {
		_ = s.Sweep()
		s.Objective(false)
	}
	direct = func() { s.x.Loss(s.o.Loss, s.tucker()) }
	sweep()
	sweep()
	direct()
	return sweep, direct, pool.Close
}

// CheckStateRoundTrip saves the state in the middle of a run, restores it into
// a fresh one and compares the two ways on.
func CheckStateRoundTrip(t *testing.T, x *tensor.Dense[float32], ranks []int, o Options) {
	pool := par.New(2)
	defer pool.Close()
	a := begun(x, ranks, &o, pool)
	o.Init = Random{}
	b := begun(x, ranks, &o, pool)
	sweeps := func(s *state[float32], n int) {
		for k := range n {
			if k%3 == 0 {
				s.Objective(false)
			}
			require.NoError(t, s.Sweep())
		}
	}
	sweeps(a, 5)
	saved := a.SaveState()
	sweeps(b, 4)
	require.NoError(t, b.RestoreState(saved))
	sweeps(a, 7)
	sweeps(b, 7)
	require.Equal(t, a.model(), b.model(), "%v", o.Method)
	la, pa, _ := a.Objective(false)
	lb, pb, _ := b.Objective(false)
	require.Equal(t, [2]float64{la, pa}, [2]float64{lb, pb})
	require.ErrorIs(t, b.RestoreState(saved[:40]), ErrShape)
	require.ErrorIs(t, b.RestoreState(append(saved, 0)), ErrShape)
}

// CutStarts makes starts of which the pool leaves out all work from a block on, for
// every block: what they come to is not used, but they must come to an end.
func CutStarts[T asm.Float](t *testing.T, x *tensor.Dense[T], ranks []int, o Options) (most int) {
	for whole := false; !whole; most++ {
		e, err := o.effective(x.Shape, ranks)
		require.NoError(t, err)
		pool := par.New(1)
		left := most
		pool.Until(func() bool { left--; return left < 0 })
		_, _ = generate(context.Background(), e, newData(pool, x, e, 1, 0), pool, nil)
		whole = left >= 0
	}
	return most
}
