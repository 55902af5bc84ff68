package nmf_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

func TestNewRowsAreFoundAsNewColumnsOfTheTransposedData(t *testing.T) {
	t.Run("float32", testTransformRows[float32])
	t.Run("float64", testTransformRows[float64])
}

func testTransformRows[T asm.Float](t *testing.T) {
	g := rand.New(rand.NewPCG(4, 2))
	fill := func(m *matrix.Dense[T]) *matrix.Dense[T] {
		for i := range m.Data {
			m.Data[i] = T(g.Float64() + .01)
		}
		return m
	}
	m := &nmf.Model[T]{W: fill(matrix.New[T](4, 2)), H: fill(matrix.New[T](2, 7)), Axes: []ndio.Axis{{Names: []string{"a", "b", "c", "d"}}, {Unit: "nm", Values: []float64{1, 2, 3, 4, 5, 6, 7}}}}
	turned := &nmf.Model[T]{W: m.H.Transpose(), H: m.W.Transpose()}
	x := fill(matrix.New[T](9, 7))
	mask := matrix.NewMask(9, 7)
	back := matrix.NewMask(7, 9)
	for i := range 9 {
		for j := range 7 {
			seen := (i*7+j)%5 > 0
			mask.Set(i, j, seen)
			back.Set(j, i, seen)
		}
	}
	run := solver.Options{MaxIter: solver.Set(30)}
	for name, o := range map[string]nmf.Options{
		"default": {Run: run}, "kl": {Loss: loss.KL, Run: run, W: reg.L1(.1)}, "hals, ridge": {Method: nmf.HALS{}, W: reg.L2(.2), Run: run}, "mask": {Mask: mask, Run: run},
	} {
		same := o
		same.W, same.H = o.H, o.W
		if o.Mask != nil {
			same.Mask = back
		}
		want, err := turned.Transform(t.Context(), x.Transpose(), &same)
		require.NoError(t, err, name)
		seen := 0
		o.Run.Observe = []solver.Observer{func(e solver.Event) bool {
			s := e.Snapshot().(*nmf.Model[T])
			require.Equal(t, [4]int{9, 2, 2, 7}, [4]int{s.W.Rows, s.W.Cols, s.H.Rows, s.H.Cols})
			seen++
			return false
		}}
		got, err := m.TransformMode(t.Context(), x, 0, &o)
		require.NoError(t, err, name)
		require.Positive(t, seen)
		require.Equal(t, want.H.Transpose(), got.W, name)
		require.Equal(t, m.H, got.H, name)
		require.Equal(t, want.Loss, got.Loss)
		require.Equal(t, want.Penalty[1], got.Penalty[0], name)
		require.Equal(t, want.KKT[1], got.KKT[0], name)
		require.Zero(t, got.KKT[1], "it stays")
		require.True(t, got.Options.FixH && !got.Options.FixW)
		require.Equal(t, o.W, got.Options.W)
		require.Equal(t, mask == o.Mask, got.Options.Mask != nil)
		require.True(t, got.Axes[0].IsZero())
		require.Equal(t, m.Axes[1], got.Axes[1])
	}
	own := nmf.Result[T]{Model: m, Options: nmf.Options{Loss: loss.KL, W: reg.L1(.1), H: reg.L1(.2), Run: run}}
	mine, err := own.TransformMode(t.Context(), x, 0, nil)
	require.NoError(t, err)
	require.Equal(t, loss.KL, mine.Options.Loss, "the fit's own")
	require.Equal(t, reg.L1(.1), mine.Options.W)

	again, err := m.TransformMode(t.Context(), fill(matrix.New[T](4, 3)), 1, nil)
	require.NoError(t, err)
	require.Equal(t, 3, again.H.Cols)

	o := nmf.Options{W: reg.L1(.1), H: reg.L2(.3), Method: nmf.MU{}}
	require.Equal(t, o.W, o.ForTransformMode(0).W)
	require.Empty(t, o.ForTransformMode(0).H.Active())
	require.Equal(t, o.ForTransform(), o.ForTransformMode(1))
}

func TestTransformsAlongModesThatCannotBeAreRefused(t *testing.T) {
	m := &nmf.Model[float64]{W: matrix.Of(2, 1, []float64{1, 1}), H: matrix.Of(1, 3, []float64{1, 2, 3})}
	x := matrix.Of(2, 3, []float64{1, 2, 3, 4, 5, 6})
	bad := matrix.Of(2, 3, []float64{1, 2, 3, 4, 5, -6})
	for name, c := range map[string]struct {
		m    *nmf.Model[float64]
		x    *matrix.Dense[float64]
		mode int
		o    *nmf.Options
		err  error
		text string
	}{
		"mode 2":          {m, x, 2, nil, nmf.ErrOption, "modes 0 and 1"},
		"mode -1":         {m, x, -1, nil, nmf.ErrOption, "modes 0 and 1"},
		"no model":        {nil, x, 0, nil, nmf.ErrShape, "no H"},
		"no H":            {&nmf.Model[float64]{W: m.W}, x, 0, nil, nmf.ErrShape, "no H"},
		"no data":         {m, nil, 0, nil, nmf.ErrShape, "no data"},
		"columns":         {m, matrix.New[float64](2, 4), 0, nil, nmf.ErrShape, "4 columns and the model 3"},
		"negative":        {m, bad, 0, nil, nmf.ErrData, "entry [1,2] is -6"},
		"fixed W":         {m, x, 0, &nmf.Options{FixW: true}, nmf.ErrOption, "a fixed W"},
		"penalty":         {m, x, 0, &nmf.Options{H: reg.L1(1)}, nmf.ErrOption, "H stays"},
		"other mask":      {m, x, 0, &nmf.Options{Mask: matrix.NewMask(3, 3)}, nmf.ErrShape, "3 x 3"},
		"its mask turned": {m, x, 0, &nmf.Options{Mask: matrix.MaskOf(x.Transpose())}, nmf.ErrShape, "the mask is 3 x 2"},
		"broken":          {m, &matrix.Dense[float64]{Rows: 2, Cols: 3}, 0, nil, nmf.ErrShape, ""},
	} {
		_, err := c.m.TransformMode(t.Context(), c.x, c.mode, c.o)
		require.Error(t, err, name)
		if c.err != nil {
			require.ErrorIs(t, err, c.err, name)
		}
		require.ErrorContains(t, err, c.text, name)
	}
}
