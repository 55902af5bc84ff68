package nmf_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/solver"
)

func TestMasksThatDoNotFitAreRefused(t *testing.T) {
	x := positive[float64](19, 4, 3, 1)
	x.Set(2, 1, math.NaN())
	for name, c := range map[string]struct {
		mask *matrix.Mask
		want error
		text string
	}{
		"no mask":  {nil, nmf.ErrData, "[2,1] is NaN; if it is missing say so by a mask (Options.Mask)"},
		"shape":    {matrix.NewMask(3, 4), nmf.ErrShape, "the mask is 3 x 4 with 3 words, and the data are 4 x 3"},
		"bits":     {&matrix.Mask{Rows: 4, Cols: 3, Bits: make([]uint64, 3)}, nmf.ErrShape, "with 3 words"},
		"nothing":  {matrix.NewMask(4, 3), nmf.ErrData, "observes no entry"},
		"observed": {holes(1, 4, 3, 0), nmf.ErrData, "[2,1] is NaN"},
	} {
		_, err := nmf.Fit(ctx, x, 2, &nmf.Options{Mask: c.mask})
		require.ErrorIs(t, err, c.want, name)
		require.ErrorContains(t, err, c.text, name)
	}
	_, err := nmf.Fit[float64](ctx, nil, 2, &nmf.Options{Mask: holes(1, 4, 3, 0)})
	require.ErrorIs(t, err, nmf.ErrShape)

	// Indices count missing entries, which are fine whatever they hold.
	for _, c := range []struct {
		v    float64
		l    loss.Loss
		text string
	}{{-1, loss.Frobenius, "[2,1] is -1"}, {0, loss.IS, "[2,1] is 0"}, {math.Inf(1), loss.KL, "[2,1] is +Inf"}, {1e-320, loss.IS, "[2,1] is 1e-320"}} {
		mask := holes(1, 4, 3, 0)
		hide(mask, []int{1}, []int{0})
		x := without(positive[float64](20, 4, 3, 1e10), mask, -7)
		_, err = nmf.Fit(ctx, x, 2, &nmf.Options{Loss: c.l, Mask: mask})
		require.NoError(t, err)
		x.Set(2, 1, c.v)
		_, err = nmf.Fit(ctx, x, 2, &nmf.Options{Loss: c.l, Mask: mask})
		require.ErrorIs(t, err, nmf.ErrData)
		require.ErrorContains(t, err, c.text)
		mask.Set(2, 1, false)
		_, err = nmf.Fit(ctx, x, 2, &nmf.Options{Loss: c.l, Mask: mask})
		require.NoError(t, err)
	}
}

func TestOddMaskedDataEndCleanly(t *testing.T) {
	t.Run("float64", oddMasked[float64])
	t.Run("float32", oddMasked[float32])
}

func oddMasked[T asm.Float](t *testing.T) {
	for name, x := range map[string]*matrix.Dense[T]{
		"zero": matrix.New[T](6, 5), "1x5": positive[T](1, 1, 5, 1), "5x1": positive[T](2, 5, 1, 1),
		"1e-30": positive[T](4, 6, 5, 1e-30), "1e30": positive[T](5, 6, 5, 1e30), "view": positive[T](6, 9, 80, 1).View(1, 2, 6, 70),
	} {
		one := matrix.NewMask(x.Rows, x.Cols)
		one.Set(x.Rows-1, x.Cols-1, true)
		for k, mask := range []*matrix.Mask{one, holes(21, x.Rows, x.Cols, .5)} {
			y := without(x, mask, math.NaN())
			for _, s := range settings() {
				if name == "zero" && s.o.Loss.NeedsPositive() || !drawn(name, s.name, k, asm.SizeOf[T]()) {
					continue
				}
				s.o.Mask, s.o.Run = mask, solver.Options{MaxIter: solver.Set(10), TraceEvery: 5}
				r, err := nmf.Fit(ctx, y, 1+6*k, &s.o)
				require.NoError(t, err, "%s, %s, mask %d", name, s.name, k)
				finite(t, r, name+", "+s.name)
			}
		}
	}
}
