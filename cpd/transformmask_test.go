package cpd_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cpd"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/tensor"
)

// pierce writes NaN into a third of x, and all of the last sample, and returns the
// mask by which they are missing.
func pierce[T asm.Float](x *tensor.Dense[T]) *tensor.Mask {
	n := x.Shape[len(x.Shape)-1]
	for i := range x.Data {
		if i%3 == 0 || i%n == n-1 {
			x.Data[i] = T(math.NaN())
		}
	}
	return tensor.MaskNaN(x)
}

// A transform of data with missing entries is one of the unfolded data in the basis
// of the Khatri-Rao products, a sample of which nothing is observed is zero.
func TestTransformOfObservedEntriesAgreesWithNMF(t *testing.T) {
	for _, shape := range [][]int{{9, 7}, {5, 4, 7}, {3, 4, 2, 7}} {
		m, x := model[float64](61, shape, 3, true), noisy[float64](62, shape, 4, true, .3)
		m.Weights = []float64{2, .5, 3}
		mask, last := pierce(x), len(shape)-1
		basis := tensor.KhatriRao(m.Factors, last)
		for i := range basis.Rows {
			for q, w := range m.Weights {
				basis.Row(i)[q] *= w
			}
		}
		flat := matrix.Of(basis.Rows, 7, x.Data)
		for name, c := range map[string]struct {
			o cpd.Options
			n nmf.Options
		}{
			"frobenius": {cpd.Options{Nonneg: cpd.Modes{last}}, nmf.Options{}},
			"l1 l2":     {cpd.Options{Nonneg: cpd.All, Penalty: cpd.Each(reg.L1(.3).Plus(reg.L2(.1)))}, nmf.Options{H: reg.L1(.3).Plus(reg.L2(.1))}},
			"kl":        {cpd.Options{Loss: loss.KL}, nmf.Options{Loss: loss.KL}},
			"beta 1.5":  {cpd.Options{Loss: loss.Beta(1.5)}, nmf.Options{Loss: loss.Beta(1.5), Method: nmf.MU{}}},
		} {
			c.o.Run, c.n.Run, c.o.Mask, c.n.Mask = thorough(), thorough(), mask, mask.Matrix(flat.Rows, flat.Cols)
			got, err := m.Transform(ctx, x, &c.o)
			require.NoError(t, err, name)
			want, err := (&nmf.Model[float64]{W: basis}).Transform(ctx, flat, &c.n)
			require.NoError(t, err, name)
			require.InEpsilon(t, want.Objective(), got.Objective(), 1e-7, "%s %v", name, shape)
			require.Equal(t, mask.Count(), got.Observed)
			require.Equal(t, m.Weights, got.Weights)
			for _, v := range got.Factors[last].Row(6) {
				require.Less(t, v, 1e-9, name)
			}
		}
	}
}

func TestTransformOfObservedEntriesSolvesTheLeastSquares(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testObservedLeastSquares[float32](t, 2e-3) })
	t.Run("float64", func(t *testing.T) { testObservedLeastSquares[float64](t, 1e-6) })
}

func testObservedLeastSquares[T asm.Float](t *testing.T, tol float64) {
	shape := []int{6, 5, 4}
	m, x := model[T](63, shape, 3, false), noisy[T](64, shape, 4, false, .3)
	mask := pierce(x)
	r, err := m.Transform(ctx, x, &cpd.Options{Mask: mask, Run: thorough()})
	require.NoError(t, err)
	basis, now := tensor.KhatriRao(m.Factors, 2), r.Reconstruct()
	require.Zero(t, r.Factors[2].Row(3)[0])
	for j := range 3 {
		for q := range 3 { // the gradient beside the sum of the sizes of its terms
			var g, size float64
			for i := range basis.Rows {
				if k := i*4 + j; mask.Bits[k/64]>>(k%64)&1 != 0 {
					d := float64(now.Data[k]-x.Data[k]) * float64(basis.Row(i)[q])
					g, size = g+d, size+math.Abs(d)
				}
			}
			require.Less(t, math.Abs(g), tol*size, "sample %d, component %d", j, q)
		}
	}
}

func TestTransformTakesMasksAsFitsDo(t *testing.T) {
	x, m := noisy[float64](65, []int{4, 3, 5}, 2, true, .1), model[float64](66, []int{4, 3, 5}, 2, true)
	all := tensor.MaskNaN(x)
	for _, o := range []cpd.Options{{}, {Nonneg: cpd.All}, {Loss: loss.KL}} {
		want, err := m.Transform(ctx, x, &o)
		require.NoError(t, err)
		o.Mask = all
		got, err := m.Transform(ctx, x, &o)
		require.NoError(t, err)
		require.Equal(t, want.Factors, got.Factors, "nothing is missing")
		require.Equal(t, want.Options.Method, got.Options.Method)
		o.Mask = tensor.NewMask(4, 5, 3)
		_, err = m.Transform(ctx, x, &o)
		require.ErrorIs(t, err, cpd.ErrShape)
		o.Mask = tensor.NewMask(4, 3, 5)
		_, err = m.Transform(ctx, x, &o)
		require.ErrorIs(t, err, cpd.ErrData)
	}
}
