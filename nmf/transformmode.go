package nmf

import (
	"context"
	"fmt"
	"slices"

	"polyad/internal/fitting"
	"polyad/matrix"
)

// TransformMode is [Model.Transform] for new samples along either mode: along mode 1
// they are the columns of x and H is found, along mode 0 the rows of x (any number, as
// many columns as H has) and W is found while H stays. Penalties and the mask are of
// the modes as x has them. Along mode 0 it makes a transposed copy of x.
func (m *Model[T]) TransformMode(ctx context.Context, x *matrix.Dense[T], mode int, o *Options) (*Result[T], error) {
	switch {
	case mode == 1:
		return m.Transform(ctx, x, o)
	case mode != 0:
		return nil, fmt.Errorf("nmf: %w: mode %d; a matrix has the modes 0 and 1", ErrOption, mode)
	case m == nil || m.H == nil || m.H.Rows < 1:
		return nil, fmt.Errorf("nmf: %w: the model has no H", ErrShape)
	}
	if err := checkLayout("H", m.H); err != nil {
		return nil, err
	}
	var opt Options
	if o != nil {
		opt = *o
	}
	if opt.FixW || len(opt.HoldW)+len(opt.HoldH) > 0 {
		return nil, fmt.Errorf("nmf: %w: a fixed W or held components have no effect on a transform along mode 0, which finds all of W; leave them out", ErrOption)
	}
	if len(opt.H.Active()) > 0 {
		return nil, fmt.Errorf("nmf: %w: along mode 0 H stays, so a penalty on it has no effect; leave it out", ErrOption)
	}
	if ctx == nil || !x.Valid() || x.Rows == 0 {
		return m.Transform(ctx, x, o) // is refused there
	}
	if x.Cols != m.H.Cols {
		return nil, fmt.Errorf("nmf: %w: the data have %d columns and the model %d; along mode 0 rows are samples", ErrShape, x.Cols, m.H.Cols)
	}
	if err := opt.checkMask(x.Rows, x.Cols); err != nil {
		return nil, err
	}
	mask := opt.Mask
	if mask != nil {
		opt.Mask = transposed(mask)
	}
	opt.W, opt.H, opt.FixH = opt.H, opt.W, false
	opt.Run.Observe = fitting.MapSnapshots(opt.Run.Observe, func(m *Model[T]) *Model[T] { return m.transpose() })
	turned := &Model[T]{W: m.H.Transpose(), H: &matrix.Dense[T]{}}
	r, err := turned.Transform(ctx, x.Transpose(), &opt)
	fitting.MoveEntry(err, 0, 2)
	if r == nil {
		return nil, err
	}
	r.Model = r.Model.transpose()
	r.Axes = fitting.BasisAxes(m.Axes, 0)
	for _, v := range [][]float64{r.Penalty, r.KKT} {
		slices.Reverse(v)
	}
	r.Options.W, r.Options.H = r.Options.H, r.Options.W
	r.Options.FixW, r.Options.FixH = r.Options.FixH, r.Options.FixW
	r.Options.Mask = mask
	return r, err
}

// transpose returns the model of the transposed array.
func (m *Model[T]) transpose() *Model[T] {
	return &Model[T]{W: m.H.Transpose(), H: m.W.Transpose()}
}

// transposed returns the mask of the transposed data.
func transposed(mask *matrix.Mask) *matrix.Mask {
	t := matrix.NewMask(mask.Cols, mask.Rows)
	for i := range mask.Rows {
		row := mask.Row(i)
		for j := range mask.Cols {
			if row[j/64]>>(j%64)&1 != 0 {
				t.Set(j, i, true)
			}
		}
	}
	return t
}

// ForTransformMode is [Options.ForTransform] for new samples along either mode.
func (o Options) ForTransformMode(mode int) Options {
	if mode != 0 {
		return o.ForTransform()
	}
	o.W, o.H = o.H, o.W
	t := o.ForTransform()
	t.W, t.H = t.H, t.W
	return t
}
