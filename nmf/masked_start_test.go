package nmf_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/nmf"
	"polyad/solver"
)

// TestStartsTakeTheMeanForMissingEntries begins with what is stored behind the
// mask out of sight.
func TestStartsTakeTheMeanForMissingEntries(t *testing.T) {
	x := positive[float64](37, 22, 17, 1)
	mask := holes(38, 22, 17, .3)
	var mean float64
	a, _ := observed(x, x, mask)
	for _, v := range a {
		mean += v / float64(len(a))
	}
	for _, s := range []nmf.Start{nmf.NNDSVD{Fill: nmf.FillMean}, nmf.SPA{}} {
		want := begin(t, without(x, mask, mean), 4, nmf.Options{Init: s})
		got := begin(t, without(x, mask, math.NaN()), 4, nmf.Options{Init: s, Mask: mask})
		require.InDeltaSlice(t, want.W.Data, got.W.Data, 1e-9, "%v", s)
		require.InDeltaSlice(t, want.H.Data, got.H.Data, 1e-9, "%v", s)
	}
}

// TestMaskedStartWithHeldComponents scales what is not held to what it leaves of
// the observed entries.
func TestMaskedStartWithHeldComponents(t *testing.T) {
	x := positive[float64](30, 20, 15, 1)
	mask := holes(31, 20, 15, .4)
	start := &nmf.Model[float64]{W: positive[float64](32, 20, 3, .3), H: positive[float64](33, 3, 15, .3)}
	for _, l := range []loss.Loss{loss.Frobenius, loss.KL} {
		o := nmf.Options{Loss: l, Mask: mask, Init: start, HoldW: []int{1}, ScaleInit: solver.Set(true), Run: run(0)}
		r, err := nmf.Fit(ctx, without(x, mask, math.NaN()), 3, &o)
		require.NoError(t, err)
		fit := func(f float64) float64 {
			m := r.Model.Clone()
			for _, k := range []int{0, 2} {
				for i := range m.W.Rows {
					m.W.Row(i)[k] *= f
				}
			}
			p := o
			p.Init, p.ScaleInit = m, solver.Set(false)
			other, err := nmf.Fit(ctx, without(x, mask, math.NaN()), 3, &p)
			require.NoError(t, err)
			return other.Loss
		}
		if l == loss.Frobenius {
			require.Greater(t, fit(1.01), r.Loss)
			require.Greater(t, fit(.99), r.Loss)
			continue
		}
		a, b := observed(x, r.Reconstruct(), mask) // the sums agree
		var sum [2]float64
		for k := range a {
			sum[0], sum[1] = sum[0]+a[k], sum[1]+b[k]
		}
		require.InEpsilon(t, sum[0], sum[1], 1e-12)
	}
}

func TestTransformOfDataWithMissingEntries(t *testing.T) {
	t.Run("float64", func(t *testing.T) { maskedTransform[float64](t, 1e-6) })
	t.Run("float32", func(t *testing.T) { maskedTransform[float32](t, 1e-2) })
}

func maskedTransform[T asm.Float](t *testing.T, within float64) {
	m := &nmf.Model[T]{W: positive[T](34, 40, 3, 1), H: positive[T](35, 3, 12, 1)}
	for i := range 40 {
		m.W.Row(i)[i%3] += 3
	}
	mask := holes(36, 40, 12, .3)
	hide(mask, nil, []int{5})
	x := without(m.Reconstruct(), mask, math.NaN())
	for _, o := range []nmf.Options{{}, {Method: nmf.ANLS{}}, {Loss: loss.KL}, {Loss: loss.Beta(.5)}} {
		o.Mask, o.Run = mask, run(3000)
		r, err := m.Transform(ctx, x, &o)
		require.NoError(t, err)
		for k := range 3 {
			for j := range 12 {
				want := float64(m.H.At(k, j))
				if j == 5 { // nothing is known of it
					want = 0
				}
				require.InDelta(t, want, r.H.At(k, j), within, "%v %v, column %d", o.Loss, o.Method, j)
			}
		}
	}
}
