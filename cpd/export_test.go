package cpd

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/tensor"
)

// begun returns the state of a fit after its start.
func begun[T asm.Float](x *tensor.Dense[T], rank int, o *Options, pool *par.Pool) *state[T] {
	e, err := o.effective(x.Shape)
	if err != nil {
		panic(err)
	}
	var top T
	for _, v := range x.Data {
		top = max(top, v, -v)
	}
	s, err := setUp(context.Background(), x, rank, e, fitting.FactorScale[T](float64(top), e.Loss, len(x.Shape)), pool, nil, nil)
	if err != nil {
		panic(err)
	}
	if err := s.begin(nil, false); err != nil {
		panic(err)
	}
	return s
}

// Sweeper returns a function that makes a sweep and evaluates the objective in
// both ways.
func Sweeper[T asm.Float](x *tensor.Dense[T], rank int, o *Options) (sweep, end func()) {
	pool := par.New(o.Workers)
	s := begun(x, rank, o, pool)
	one := func() {
		_ = s.Sweep()
		s.Objective(false)
		s.Objective(true)
	}
	one()
	one()
	return one, pool.Close
}

// CheckStateRoundTrip saves the state in the middle of a run, restores it into
// a fresh one and compares the two ways on.
func CheckStateRoundTrip(t *testing.T, x *tensor.Dense[float32], o Options) {
	pool := par.New(2)
	defer pool.Close()
	a := begun(x, 4, &o, pool)
	o.Seed++
	b := begun(x, 4, &o, pool)
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

// CheckLine compares what a line search believes of the objective with the
// objective of models along the line.
func CheckLine(t *testing.T, name string, x *tensor.Dense[float64], o Options) {
	rank := 3
	s := begun(x, rank, &o, nil)
	if given, ok := o.Init.(*Model[float64]); ok {
		s.given = given
	}
	l := s.ahead.(*line[float64])
	for range 4 {
		require.NoError(t, s.Sweep())
	}
	require.Equal(t, 2.0, l.known, name)
	by := l.search()
	objective := func(at float64) float64 {
		y := (&Model[float64]{Factors: s.f}).Clone()
		for _, n := range s.free {
			along(y.Factors[n], s.f[n], l.dir[n], at)
		}
		_, squares := s.x.Loss(frobenius, y.Factors)
		f := squares / 2
		for n, b := range s.blocks {
			b.X = y.Factors[n]
			f += b.Value()
		}
		return f
	}
	here := objective(0)
	for _, at := range []float64{-1, -.3, .5, by, 2, 7} {
		require.InDelta(t, objective(at)-here, l.at(at), 1e-9*(s.stats.Squares+objective(at)), "%s at %g", name, at)
	}
	require.NotZero(t, by, name)
	for _, near := range []float64{-.2, -.01, .01, .2} {
		require.LessOrEqual(t, l.at(by), l.at(by+near*(1+math.Abs(by)))+1e-13*s.stats.Squares, name)
	}
}

// CutStarts makes starts of which the pool leaves out all work from a block on, for
// every block: what they come to is not used, but they must come to an end.
func CutStarts[T asm.Float](t *testing.T, x *tensor.Dense[T], rank int, o Options) (most int) {
	for whole := false; !whole; most++ {
		e, err := o.effective(x.Shape)
		require.NoError(t, err)
		pool := par.New(1)
		v := newData(pool, x, e, rank, 1, 0)
		left := most
		pool.Until(func() bool { left--; return left < 0 })
		_, _, _ = generate(context.Background(), e, x, v, rank, 1, pool, nil)
		whole = left >= 0
	}
	return most
}
