package tucker_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/ndio"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// Samples along any mode get the factor that a transform finds for the data with
// that mode moved to the end.
func TestTransformAlongAnyMode(t *testing.T) {
	both(t, testTransformMode[float32], testTransformMode[float64])
}

func testTransformMode[T asm.Float](t *testing.T) {
	shape, ranks := []int{6, 4, 5}, []int{3, 2, 2}
	m, x := model[T](31, shape, ranks, true), noisy[T](32, shape, ranks, true, .3)
	m.Axes = []ndio.Axis{{Names: make([]string, 6)}, {Names: []string{"a", "b", "c", "d"}}, {Values: []float64{1, 2, 3, 4, 5}}}
	for mode, order := range [][]int{{1, 2, 0}, {0, 2, 1}, {0, 1, 2}} {
		moved := &tucker.Model[T]{Core: m.Core.Permute(order...).Contiguous()}
		for _, n := range order {
			moved.Factors = append(moved.Factors, m.Factors[n])
		}
		y := x.Permute(order...).Contiguous()
		only, last := make(tucker.Penalties, 3), tucker.Penalties{nil, nil, reg.L1(.2)}
		only[mode] = last[2]
		for name, c := range map[string]struct{ o, moved tucker.Options }{
			"signed":    {tucker.Options{Nonneg: tucker.Modes{}}, tucker.Options{Nonneg: tucker.Modes{}}},
			"nonneg":    {tucker.Options{}, tucker.Options{}},
			"penalized": {tucker.Options{Factors: only}, tucker.Options{Factors: last}},
			"kl":        {tucker.Options{Loss: loss.KL}, tucker.Options{Loss: loss.KL}},
		} {
			c.o.Run, c.moved.Run = thorough(), thorough()
			got, err := m.TransformMode(context.Background(), x, mode, &c.o)
			require.NoError(t, err, name)
			want, err := moved.Transform(context.Background(), y, &c.moved)
			require.NoError(t, err, name)
			require.Equal(t, want.Factors[2], got.Factors[mode], name)
			require.Equal(t, want.Objective(), got.Objective(), name)
			require.Equal(t, want.KKT[2], got.KKT[mode], name)
			require.Equal(t, m.Core.Data, got.Core.Data)
			for n, f := range m.Factors {
				if n != mode {
					require.Equal(t, f, got.Factors[n])
					require.Equal(t, m.Axes[n], got.Axes[n])
				}
			}
			require.True(t, got.Axes[mode].IsZero())
			require.NotContains(t, got.Options.Fix, mode)
		}
	}
}

func TestTransformModeRefusesWhatTheModelHasNot(t *testing.T) {
	m, x := model[float64](31, []int{6, 4, 5}, []int{3, 2, 2}, true), noisy[float64](32, []int{6, 4, 5}, []int{3, 2, 2}, true, .3)
	for _, mode := range []int{-1, 3} {
		_, err := m.TransformMode(context.Background(), x, mode, nil)
		require.ErrorIs(t, err, tucker.ErrOption)
	}
	_, err := m.TransformMode(context.Background(), x.Slice(1, 0, 3), 0, nil)
	require.ErrorIs(t, err, tucker.ErrShape)
	_, err = m.TransformMode(context.Background(), nil, 0, nil)
	require.Error(t, err)
	_, err = m.TransformMode(context.Background(), x, 0, &tucker.Options{Fix: tucker.Modes{0}})
	require.ErrorIs(t, err, tucker.ErrOption)
}

// Columns that differ by their signs alone become equal.
func TestFixedSignsAreUnique(t *testing.T) {
	m := model[float64](41, []int{7, 6, 5}, []int{3, 2, 2}, false)
	x := m.Reconstruct()
	turned := m.Clone()
	for i := range 7 {
		turned.Factors[0].Row(i)[1] *= -1
	}
	for j := range 2 {
		for k := range 2 {
			turned.Core.Set(-m.Core.At(1, j, k), 1, j, k)
		}
	}
	m.FixSigns()
	turned.FixSigns()
	require.Equal(t, m, turned)
	require.InDeltaSlice(t, x.Data, m.Reconstruct().Data, 1e-12)
}

func TestResultsTransformAlongAnyModeAsTheyWereFitted(t *testing.T) {
	x := tensor.New[float64](5, 4, 3)
	for i := range x.Data {
		x.Data[i] = 1 + math.Sin(float64(i))
	}
	r, err := tucker.Fit(t.Context(), x, []int{2, 3, 2}, &tucker.Options{Loss: loss.KL, Run: solver.Options{MaxIter: solver.Set(20)}})
	require.NoError(t, err)
	for mode := range 3 {
		got, err := r.TransformMode(t.Context(), x, mode, nil)
		require.NoError(t, err)
		require.Equal(t, loss.KL, got.Options.Loss, "the fit's own")
		o := r.Options.ForTransformMode(mode, 3)
		o.Run.Observe = []solver.Observer{func(e solver.Event) bool {
			require.Equal(t, r.Shape(), e.Snapshot().(*tucker.Model[float64]).Shape(), "mode %d", mode)
			return false
		}}
		same, err := r.TransformMode(t.Context(), x, mode, &o)
		require.NoError(t, err)
		require.Equal(t, got.Factors, same.Factors)
	}
	x.Set(math.NaN(), 1, 2, 0)
	for mode := range 3 {
		_, err = r.TransformMode(t.Context(), x, mode, nil)
		require.ErrorIs(t, err, tucker.ErrData)
		require.ErrorContains(t, err, "entry [1 2 0] is NaN", "where the data have it")
	}
	_, err = r.TransformMode(t.Context(), x, 3, nil)
	require.ErrorIs(t, err, tucker.ErrOption)
}
