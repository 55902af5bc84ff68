package nmf

import (
	"context"
	"fmt"

	"polyad/internal/fitting"
	"polyad/matrix"
	"polyad/solver"
)

// Transform finds H for new data in the basis of the model: with W (m x r) fixed
// it minimizes the objective of [Fit] for x (m x n), any number n of new columns,
// over H (r x n). o may be nil; it takes the loss, the method, the penalties of H,
// a mask and how long to go on, all best as the model was fitted with
// ([Options.ForTransform] of the options in its result), and no start of its own.
// A transform that names no method is made by [ANLS] for the Frobenius loss, which
// is exact, but with missing entries or a floor by [DefaultMethod], as for other
// losses. The model is not written, and the result has a copy of its W.
//
// The columns of x do not depend on each other: each begins with all components
// alike and the sum of its data, and only when to stop is decided for all of them
// together. For 1 ≤ β ≤ 2 and penalties of degrees from 1 on the problem is
// convex, so what H converges to does not depend on where it begins. A component
// whose column of W is zero gets a row of zeros.
//
// The errors are those of [Fit].
func (m *Model[T]) Transform(ctx context.Context, x *matrix.Dense[T], o *Options) (*Result[T], error) {
	var opt Options
	if o != nil {
		opt = *o
	}
	if m == nil || m.W == nil || m.W.Cols < 1 {
		return nil, fmt.Errorf("nmf: %w: the model has no W", ErrShape)
	}
	if err := checkLayout("W", m.W); err != nil {
		return nil, err
	}
	for _, bad := range []struct {
		set  bool
		name string
	}{
		{opt.Init != nil, "a start"}, {opt.ScaleInit.IsSet(), "the scale of the start"}, {opt.Restarts > 1, "restarts"},
		{opt.FixH, "a fixed H"}, {len(opt.HoldW)+len(opt.HoldH) > 0, "a held component"},
	} {
		if bad.set {
			return nil, fmt.Errorf("nmf: %w: %s has no effect on a transform, which finds all of H; leave it out", ErrOption, bad.name)
		}
	}
	start := &Model[T]{W: m.W, H: &matrix.Dense[T]{}}
	if x != nil && checkLayout("the data matrix", x) == nil && x.Rows > 0 { // Fit refuses others
		if x.Rows != m.W.Rows {
			return nil, fmt.Errorf("nmf: %w: the data have %d rows and %d columns and the model %d rows; %s", ErrShape, x.Rows, x.Cols, m.W.Rows, m.otherSamples(x.Cols))
		}
		start.H = level(m.W, x, opt.Mask)
	}
	opt.Method = opt.transformMethod()
	opt.Init, opt.FixW, opt.ScaleInit = start, true, solver.Set(false)
	r, err := Fit(ctx, x, m.W.Cols, &opt)
	if r != nil {
		r.Options.Init = nil
		r.Axes = fitting.BasisAxes(m.Axes, 1)
	}
	return r, err
}

// otherSamples is the mend for data of so many columns, whose rows are not those of
// the model.
func (m *Model[T]) otherSamples(cols int) string {
	switch {
	case cols == m.W.Rows:
		return "columns are samples: transpose the data"
	case m.H != nil && cols == m.H.Cols:
		return "columns are samples, and these data have new rows: transform them along mode 0"
	}
	return "columns are samples, with the rows of the model"
}

// level returns the H (r x n) whose columns have equal entries and give columns
// of W·H the sums of those of x, both over the entries that a mask, if there is
// one, says are observed. Zero columns of W get none, and columns of x without an
// observed entry get zeros.
func level[T matrix.Float](w, x *matrix.Dense[T], mask *matrix.Mask) *matrix.Dense[T] {
	columns, sums, model := make([]float64, w.Cols), make([]float64, x.Cols), make([]float64, x.Cols)
	if mask != nil && (mask.Rows != x.Rows || mask.Cols != x.Cols || !mask.Valid()) {
		mask = nil // Fit refuses it
	}
	for i := range w.Rows {
		var row float64
		for k, v := range w.Row(i) {
			columns[k] += float64(v)
			row += float64(v)
		}
		for j, v := range x.Row(i) {
			if mask == nil || mask.At(i, j) {
				sums[j] += float64(v)
				model[j] += row
			}
		}
	}
	h := matrix.New[T](w.Cols, x.Cols)
	for k, s := range columns {
		if !(s > 0) {
			continue
		}
		for j, v := range sums {
			if model[j] > 0 {
				h.Row(k)[j] = T(v / model[j])
			}
		}
	}
	return h
}
