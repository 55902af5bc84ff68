package cpd

import (
	"context"
	"fmt"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/tensor"
)

// TransformMode is [Model.Transform] for new samples along any mode: it finds the
// factor of that mode for x, of any size in it and of the model's sizes in all
// others. Penalties, nonnegativity and the mask are of the modes as x has them. It
// makes a copy of x in which the mode is the last one.
func (m *Model[T]) TransformMode(ctx context.Context, x *tensor.Dense[T], mode int, o *Options) (*Result[T], error) {
	if m == nil || len(m.Factors) < 2 || mode == len(m.Factors)-1 {
		return m.Transform(ctx, x, o)
	}
	order := len(m.Factors)
	if mode < 0 || mode >= order {
		return nil, fmt.Errorf("cpd: %w: mode %d; the model has the modes 0 to %d", ErrOption, mode, order-1)
	}
	if err := fitting.CheckShape(tensorCheck(nil), x); err != nil {
		return nil, err
	}
	var opt Options
	if o != nil {
		opt = *o
	}
	for n, f := range m.Factors {
		if n != mode && f != nil && (len(x.Shape) != order || x.Shape[n] != f.Rows) {
			return nil, fmt.Errorf("cpd: %w: the data have the shape %v, but mode %d of the model is %d", ErrShape, x.Shape, n, f.Rows)
		}
	}
	if opt.Nonneg != nil {
		if _, err := opt.Nonneg.marks("nonneg", order); err != nil {
			return nil, err
		}
	}
	for _, n := range opt.Fix {
		if n == mode || n == -1 {
			return nil, fmt.Errorf("cpd: %w: a fixed factor %d has no effect on a transform, which finds all of it; leave it out", ErrOption, mode)
		}
	}
	opt.Nonneg = fitting.NumberLast(opt.Nonneg, mode, order)
	opt.Fix = fitting.NumberLast(opt.Fix, mode, order)
	opt.Penalty = fitting.MoveLast(opt.Penalty, mode, order)
	opt.Run.Observe = fitting.MapSnapshots(opt.Run.Observe, func(s *Model[T]) *Model[T] {
		s.Factors = fitting.MoveBack(s.Factors, mode, order)
		return s
	})
	mask, err := fitting.CheckMask(tensorCheck(nil), opt.Mask, x.Shape)
	if err != nil {
		return nil, err
	}
	opt.Mask = fitting.MaskLast(mask, mode)
	moved := &Model[T]{Weights: m.Weights, Factors: fitting.MoveLast(m.Factors, mode, order), Axes: fitting.MoveLast(m.Axes, mode, order)}
	r, err := moved.Transform(ctx, modeLast(x, mode), &opt)
	fitting.MoveEntry(err, mode, order)
	if r == nil {
		return nil, err
	}
	r.Factors, r.Axes = fitting.MoveBack(r.Factors, mode, order), fitting.MoveBack(r.Axes, mode, order)
	r.Penalty, r.KKT = fitting.MoveBack(r.Penalty, mode, order), fitting.MoveBack(r.KKT, mode, order)
	r.Options.Penalty = fitting.MoveBack(r.Options.Penalty, mode, order)
	r.Options.Nonneg, r.Options.Fix = fitting.NumberBack(r.Options.Nonneg, mode, order), fitting.NumberBack(r.Options.Fix, mode, order)
	r.Options.Mask = mask
	return r, err
}

// modeLast returns a copy of x in which a mode is the last one.
func modeLast[T asm.Float](x *tensor.Dense[T], mode int) *tensor.Dense[T] {
	var modes []int
	for n := range x.Shape {
		modes = append(modes, n)
	}
	return x.Permute(fitting.MoveLast(modes, mode, len(modes))...).Contiguous()
}

// ForTransformMode is [Options.ForTransform] for new samples along any mode of so
// many.
func (o Options) ForTransformMode(mode, order int) Options {
	o.Penalty = fitting.MoveLast(o.Penalty, mode, order)
	o.Nonneg = fitting.NumberLast(o.Nonneg, mode, order)
	t := o.ForTransform()
	if len(t.Nonneg) > 0 {
		t.Nonneg = Modes{mode}
	}
	return t
}
