package fitting_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
)

func TestFactorScaleBringsDataNearOne(t *testing.T) {
	for _, blocks := range []int{2, 3, 5} {
		for _, x := range []float64{1e-290, 1e-30, .3, 7, 1e30, 1e250} {
			s := fitting.FactorScale[float64](x, loss.Frobenius, blocks)
			f, _ := math.Frexp(s)
			require.Equal(t, .5, f, "a power of two")
			y := math.Abs(math.Log2(x * math.Pow(s, float64(blocks))))
			require.Less(t, y, max(60, math.Abs(math.Log2(x))-490), "%g in %d blocks", x, blocks)
		}
	}
	require.Equal(t, 1.0, fitting.FactorScale[float32](0, loss.IS, 3))
	require.Equal(t, .25, fitting.FactorScale[float32](0x1p5, loss.IS, 3))
	require.Equal(t, 1.0, fitting.FactorScale[float32](0x1p5, loss.KL, 3))
	require.InEpsilon(t, 8, fitting.ScaledObjective(loss.Beta(1.5), 4), 1e-15)
}

func TestOneSidedPenaltiesAreRefused(t *testing.T) {
	bad := errors.New("bad")
	p := reg.L2(1)
	half := reg.Penalty{{Degree: 1, Weight: 1, Rows: []float64{0, 1}}}
	for _, c := range []struct {
		blocks    []fitting.Block
		penalized bool
		free      int
		err       error
	}{
		{[]fitting.Block{{Name: "a"}, {Name: "b"}}, false, 2, nil},
		{[]fitting.Block{{Name: "a", Penalty: p}, {Name: "b", Penalty: p}, {Name: "c", Fixed: true}}, true, 2, nil},
		{[]fitting.Block{{Name: "a", Penalty: p}, {Name: "b", Fixed: true}}, true, 1, nil},
		{[]fitting.Block{{Name: "a", Penalty: p}, {Name: "b", Fixed: true, Penalty: p}}, false, 0, bad},
		{[]fitting.Block{{Name: "a", Penalty: p}, {Name: "b"}, {Name: "c", Penalty: p}}, true, 3, fitting.ErrOneSided},
		{[]fitting.Block{{Name: "a", Penalty: half}, {Name: "b", Penalty: p}}, true, 2, fitting.ErrOneSided},
		{[]fitting.Block{{Name: "a", Penalty: half}, {Name: "b"}}, true, 2, fitting.ErrOneSided},
	} {
		penalized, free, err := fitting.CheckPenalties(bad, c.blocks...)
		require.ErrorIs(t, err, c.err)
		require.Equal(t, c.penalized, penalized)
		require.Equal(t, c.free, free)
	}
	require.True(t, fitting.Mixed(reg.L1(1), reg.L2(1)))
	require.False(t, fitting.Mixed(reg.L1(1), reg.L1(2), nil))
}

func TestScalingAndBalancingAlternateOnlyWithMixedDegrees(t *testing.T) {
	for _, mixed := range []bool{false, true} {
		eta, scales, balances := 1.0, 0, 0
		fitting.Begin(true, mixed, func() float64 { scales++; eta /= 10; return eta }, func() { balances++ }, nil)
		if mixed {
			require.Equal(t, 13, scales)
			require.Equal(t, 14, balances)
		} else {
			require.Equal(t, 1, scales)
			require.Equal(t, 2, balances)
		}
	}
	fitting.Begin(true, true, nil, nil, nil)
}

func TestConditionsHoldAtAnOptimum(t *testing.T) {
	x := matrix.Of(3, 1, []float64{0, 2, -3})
	b := reg.Block[float64]{X: x, Penalty: reg.L1(.5)}
	// At a minimum of ½(x-a)² + ½|x|: a = .4 gives 0, 2.5 gives 2, -3.5 gives -3.
	c := fitting.NewConditions(b, 0, true)
	for i, a := range []float64{.4, 2.5, -3.5} {
		c.Add(0, i, x.Data[i], a, x.Data[i])
	}
	require.Zero(t, c.Residual(nil))
	c.Add(0, 0, 0, .6, 0)
	require.InDelta(t, .1, c.Residual(nil)*8, .05)
	require.Zero(t, c.Residual([]bool{true}))

	c = fitting.NewConditions(b, 0, false)
	c.Add(0, 0, 0, .4, 0) // the gradient .1 points out
	require.Zero(t, c.Residual(nil))
	c.Add(0, 0, 0, math.NaN(), 0)
	require.Equal(t, 1.0, c.Residual(nil))
}

func TestNormNeitherOverflowsNorUnderflows(t *testing.T) {
	for _, s := range []float64{1, 1e300, 1e-300} {
		var n fitting.Norm
		for _, v := range []float64{3 * s, 0, -4 * s} {
			n.Add(v)
		}
		require.InEpsilon(t, 5*s, n.Value(), 1e-15)
	}
}

func TestSavedStatesComeBack(t *testing.T) {
	x, v := []*matrix.Dense[float32]{matrix.Of(1, 2, []float32{1, .1}), matrix.New[float32](2, 0)}, 3.5
	b := fitting.Save(x, []*float64{&v})
	y, w := []*matrix.Dense[float32]{matrix.New[float32](1, 2), matrix.New[float32](2, 0)}, 0.0
	require.NoError(t, fitting.Restore(b, y, []*float64{&w}))
	require.Equal(t, x, y)
	require.Equal(t, v, w)
	for n := range b {
		require.ErrorIs(t, fitting.Restore(b[:n], y, []*float64{&w}), fitting.ErrSaved)
	}
	require.ErrorIs(t, fitting.Restore(append(b, 0), y, []*float64{&w}), fitting.ErrSaved)
	require.ErrorIs(t, fitting.Restore(b, []*matrix.Dense[float64]{matrix.New[float64](1, 2), matrix.New[float64](2, 0)}, []*float64{&w}), fitting.ErrSaved)
}

func TestRunsEndWithTheTimeButTheFirstIsMade(t *testing.T) {
	for _, sideBySide := range []bool{false, true} {
		made := make([]bool, 4)
		told := make([]int, 4)
		run := solver.Options{Start: time.Now(), Observe: []solver.Observer{func(e solver.Event) bool { told[e.Run]++; return false }}}
		r := fitting.Restarts[int]{Count: 4, Seed: 7, Run: run, Workers: 2, SideBySide: func(int) bool { return sideBySide },
			One: func(seed uint64, o solver.Options, pool *par.Pool) (*int, solver.Restart, error) {
				require.Equal(t, sideBySide, pool == nil)
				i := int(seed) - 7
				made[i] = true
				o.Observe[0](solver.Event{})
				return &i, solver.Restart{Objective: []float64{3, 1, 2, 1}[i]}, nil
			},
			Agreement: func(best, other *int) float64 { return float64(*best + *other) },
		}
		best, runs, at, workers, err := r.Best(context.Background())
		require.NoError(t, err)
		require.Equal(t, []any{1, 1, 2}, []any{*best, at, workers})
		for i, run := range runs {
			require.Equal(t, []any{uint64(7 + i), float64(1 + i)}, []any{run.Seed, run.Agreement})
		}
		require.Equal(t, []bool{true, true, true, true}, made)
		require.Equal(t, []int{1, 1, 1, 1}, told)
		r.Run.MaxTime, r.Run.Start = time.Second, time.Now().Add(-2*time.Second)
		made = make([]bool, 4)
		r.One = func(seed uint64, o solver.Options, _ *par.Pool) (*int, solver.Restart, error) {
			made[seed-7] = true
			require.Positive(t, o.MaxTime)
			return nil, solver.Restart{}, solver.ErrNotFinite
		}
		best, _, _, _, err = r.Best(context.Background())
		require.Nil(t, best)
		require.ErrorIs(t, err, solver.ErrNotFinite)
		require.Equal(t, []bool{true, false, false, false}, made)
	}
}
