package cpd_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cpd"
	"polyad/loss"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

// Samples along any mode get the factor that a transform finds for the data with
// that mode moved to the end.
func TestTransformAlongAnyMode(t *testing.T) {
	both(t, testTransformMode[float32], testTransformMode[float64])
}

func testTransformMode[T asm.Float](t *testing.T) {
	shape := []int{6, 4, 5}
	m, x := model[T](31, shape, 3, true), noisy[T](32, shape, 4, true, .3)
	m.Weights = []float64{2, .5, 3}
	m.Axes = []ndio.Axis{{Names: make([]string, 6)}, {Names: []string{"a", "b", "c", "d"}}, {Values: []float64{1, 2, 3, 4, 5}}}
	mask := tensor.NewMask(shape...)
	for i := range x.Len() {
		mask.Set(i%7 != 3, i/20, i/5%4, i%5)
	}
	for mode, order := range [][]int{{1, 2, 0}, {0, 2, 1}, {0, 1, 2}} {
		moved := &cpd.Model[T]{Weights: m.Weights}
		for _, n := range order {
			moved.Factors = append(moved.Factors, m.Factors[n])
		}
		y := x.Permute(order...).Contiguous()
		hidden := tensor.NewMask(y.Shape...)
		for i := range y.Shape[0] {
			for j := range y.Shape[1] {
				for k := range y.Shape[2] {
					at := make([]int, 3)
					at[order[0]], at[order[1]], at[order[2]] = i, j, k
					hidden.Set(mask.At(at...), i, j, k)
				}
			}
		}
		penalties := cpd.Penalties{reg.L1(.1), reg.L1(.2), reg.L2(.3)}
		var turned cpd.Penalties
		for _, n := range order {
			turned = append(turned, penalties[n])
		}
		free := func(p cpd.Penalties, mode int) cpd.Penalties { // those of factors that stay mean nothing
			only := make(cpd.Penalties, 3)
			only[mode] = p[mode]
			return only
		}
		for name, c := range map[string]struct{ o, moved cpd.Options }{
			"signed":    {cpd.Options{}, cpd.Options{}},
			"nonneg":    {cpd.Options{Nonneg: cpd.Modes{mode}}, cpd.Options{Nonneg: cpd.Modes{2}}},
			"penalized": {cpd.Options{Nonneg: cpd.All, Penalty: free(penalties, mode)}, cpd.Options{Nonneg: cpd.All, Penalty: free(turned, 2)}},
			"masked":    {cpd.Options{Nonneg: cpd.All, Mask: mask}, cpd.Options{Nonneg: cpd.All, Mask: hidden}},
			"kl":        {cpd.Options{Loss: loss.KL}, cpd.Options{Loss: loss.KL}},
		} {
			c.o.Run, c.moved.Run = thorough(), thorough()
			got, err := m.TransformMode(context.Background(), x, mode, &c.o)
			require.NoError(t, err, name)
			want, err := moved.Transform(context.Background(), y, &c.moved)
			require.NoError(t, err, name)
			require.Equal(t, want.Factors[2], got.Factors[mode], name)
			require.Equal(t, want.Objective(), got.Objective(), name)
			require.Equal(t, want.KKT[2], got.KKT[mode], name)
			require.Equal(t, m.Weights, got.Weights)
			for n, f := range m.Factors {
				if n != mode {
					require.Equal(t, f, got.Factors[n])
					require.Equal(t, m.Axes[n], got.Axes[n])
				}
			}
			require.True(t, got.Axes[mode].IsZero())
			require.NotContains(t, got.Options.Fix, mode)
			require.Len(t, got.Options.Fix, 2)
			if name == "penalized" {
				require.Equal(t, penalties[mode], got.Options.Penalty[mode])
			}
		}
	}
}

func TestTransformModeRefusesWhatTheModelHasNot(t *testing.T) {
	m, x := model[float64](31, []int{6, 4, 5}, 3, true), noisy[float64](32, []int{6, 4, 5}, 4, true, .3)
	for _, mode := range []int{-1, 3} {
		_, err := m.TransformMode(context.Background(), x, mode, nil)
		require.ErrorIs(t, err, cpd.ErrOption)
	}
	_, err := m.TransformMode(context.Background(), noisy[float64](32, []int{6, 3, 5}, 4, true, .3), 0, nil)
	require.ErrorIs(t, err, cpd.ErrShape)
	_, err = m.TransformMode(context.Background(), nil, 0, nil)
	require.Error(t, err)
	_, err = m.TransformMode(context.Background(), x, 0, &cpd.Options{Fix: cpd.Modes{0}})
	require.ErrorIs(t, err, cpd.ErrOption)
	m.Factors[1] = nil
	_, err = m.TransformMode(context.Background(), x, 0, nil)
	require.ErrorIs(t, err, cpd.ErrShape)
}

// Of the arrays that differ by signs in pairs only, the fixed ones are equal, and
// nonnegative factors stay so.
func TestFixedSignsAreUnique(t *testing.T) {
	m := model[float64](41, []int{7, 6, 5}, 3, false)
	for i, v := range m.Factors[2].Data {
		m.Factors[2].Data[i] = max(v, -v)
	}
	turned := m.Clone()
	for i := range 7 {
		turned.Factors[0].Row(i)[1] *= -1
	}
	for i := range 6 {
		turned.Factors[1].Row(i)[1] *= -1
	}
	x := m.Reconstruct()
	m.FixSigns()
	turned.FixSigns()
	require.Equal(t, m, turned)
	require.InDeltaSlice(t, x.Data, m.Reconstruct().Data, 1e-12)
	for _, v := range m.Factors[2].Data {
		require.GreaterOrEqual(t, v, 0.)
	}
	for q := range 3 {
		column := make([]float64, 7)
		for i := range column {
			column[i] = m.Factors[0].At(i, q)
		}
		require.Greater(t, matrix.Of(1, 7, column).Data[largestAt(column)], 0.)
	}
}

func largestAt(x []float64) (at int) {
	for i, v := range x {
		if v*v > x[at]*x[at] {
			at = i
		}
	}
	return at
}

func TestResultsTransformAlongAnyModeAsTheyWereFitted(t *testing.T) {
	x := tensor.New[float64](5, 4, 3)
	for i := range x.Data {
		x.Data[i] = 1 + math.Sin(float64(i))
	}
	r, err := cpd.Fit(t.Context(), x, 2, &cpd.Options{Loss: loss.KL, Run: solver.Options{MaxIter: solver.Set(20)}})
	require.NoError(t, err)
	for mode := range 3 {
		got, err := r.TransformMode(t.Context(), x, mode, nil)
		require.NoError(t, err)
		require.Equal(t, loss.KL, got.Options.Loss, "the fit's own")
		o := r.Options.ForTransformMode(mode, 3)
		o.Run.Observe = []solver.Observer{func(e solver.Event) bool {
			require.Equal(t, r.Shape(), e.Snapshot().(*cpd.Model[float64]).Shape(), "mode %d", mode)
			return false
		}}
		same, err := r.TransformMode(t.Context(), x, mode, &o)
		require.NoError(t, err)
		require.Equal(t, got.Factors, same.Factors)
	}
	o := cpd.Options{Mask: tensor.MaskOf(x.Permute(1, 2, 0))}
	_, err = r.TransformMode(t.Context(), x, 0, &o)
	require.ErrorIs(t, err, cpd.ErrShape, "a mask that has been moved already")
	x.Set(math.NaN(), 1, 2, 0)
	for mode := range 3 {
		_, err = r.TransformMode(t.Context(), x, mode, nil)
		require.ErrorIs(t, err, cpd.ErrData)
		require.ErrorContains(t, err, "entry [1 2 0] is NaN", "where the data have it")
	}
	_, err = r.TransformMode(t.Context(), x, 3, nil)
	require.ErrorIs(t, err, cpd.ErrOption)
}
