package tucker

import (
	"context"
	"fmt"

	"polyad/internal/fitting"
	"polyad/tensor"
)

// TransformMode is [Model.Transform] for new samples along any mode: it finds the
// factor of that mode for x, of any size in it and of the model's sizes in all
// others. Penalties, nonnegativity and the mask are of the modes as x has them. It makes
// copies of x and of the core in which the mode is the last one.
func (m *Model[T]) TransformMode(ctx context.Context, x *tensor.Dense[T], mode int, o *Options) (*Result[T], error) {
	if m == nil || mode == len(m.Factors)-1 {
		return m.Transform(ctx, x, o)
	}
	if err := m.wellFormed(); err != nil {
		return nil, fmt.Errorf("tucker: %w", err)
	}
	order := len(m.Factors)
	switch {
	case mode < 0 || mode >= order:
		return nil, fmt.Errorf("tucker: %w: mode %d; the model has the modes 0 to %d", ErrOption, mode, order-1)
	case m.Factors[mode] == nil:
		return nil, fmt.Errorf("tucker: %w: the model leaves mode %d alone, so there is no factor to be found for new samples along it", ErrShape, mode)
	}
	if err := fitting.CheckShape(tensorCheck(nil), x); err != nil {
		return nil, err
	}
	for n, size := range m.Shape() {
		if n != mode && (len(x.Shape) != order || x.Shape[n] != size) {
			return nil, fmt.Errorf("tucker: %w: the data have the shape %v, but mode %d of the model is %d", ErrShape, x.Shape, n, size)
		}
	}
	var opt Options
	if o != nil {
		opt = *o
	}
	if _, err := opt.Nonneg.marks("nonneg", order, true); err != nil {
		return nil, err
	}
	for _, n := range opt.Fix {
		if n == mode || n == -1 {
			return nil, fmt.Errorf("tucker: %w: a fixed factor %d has no effect on a transform, which finds all of it; leave it out", ErrOption, mode)
		}
	}
	if opt.Nonneg != nil { // nil has a meaning of its own
		opt.Nonneg = fitting.NumberLast(opt.Nonneg, mode, order)
	}
	opt.Fix = fitting.NumberLast(opt.Fix, mode, order)
	opt.Factors = fitting.MoveLast(opt.Factors, mode, order)
	var last, back []int
	for n := range order {
		last = append(last, n)
	}
	back = fitting.MoveBack(last, mode, order)
	last = fitting.MoveLast(last, mode, order)
	opt.Run.Observe = fitting.MapSnapshots(opt.Run.Observe, func(s *Model[T]) *Model[T] {
		s.Core, s.Factors = s.Core.Permute(back...).Contiguous(), fitting.MoveBack(s.Factors, mode, order)
		return s
	})
	mask, err := fitting.CheckMask(tensorCheck(nil), opt.Mask, x.Shape)
	if err != nil {
		return nil, err
	}
	opt.Mask = fitting.MaskLast(mask, mode)
	moved := &Model[T]{Core: m.Core.Permute(last...).Contiguous(), Factors: fitting.MoveLast(m.Factors, mode, order), Axes: fitting.MoveLast(m.Axes, mode, order)}
	r, err := moved.Transform(ctx, x.Permute(last...).Contiguous(), &opt)
	fitting.MoveEntry(err, mode, order)
	if r == nil {
		return nil, err
	}
	r.Core, r.Factors, r.Axes = r.Core.Permute(back...).Contiguous(), fitting.MoveBack(r.Factors, mode, order), fitting.MoveBack(r.Axes, mode, order)
	r.Pruned = fitting.MoveBack(r.Pruned, mode, order)
	r.Penalty, r.KKT = blocksBack(r.Penalty, mode, order), blocksBack(r.KKT, mode, order)
	r.Options.Factors = fitting.MoveBack(r.Options.Factors, mode, order)
	r.Options.Nonneg, r.Options.Fix = fitting.NumberBack(r.Options.Nonneg, mode, order), fitting.NumberBack(r.Options.Fix, mode, order)
	r.Options.Mask = mask
	r.Options.Modes = fitting.NumberBack(r.Options.Modes, mode, order)
	return r, err
}

// blocksBack is [fitting.MoveBack] for lists with a number per factor and one for
// the core behind them.
func blocksBack(list []float64, mode, order int) []float64 {
	if len(list) != order+1 {
		return list
	}
	return append(fitting.MoveBack(list[:order], mode, order), list[order])
}

// ForTransformMode is [Options.ForTransform] for new samples along any mode of so
// many.
func (o Options) ForTransformMode(mode, order int) Options {
	o.Factors = fitting.MoveLast(o.Factors, mode, order)
	o.Nonneg = fitting.NumberLast(o.Nonneg, mode, order)
	t := o.ForTransform()
	if len(t.Nonneg) > 0 {
		t.Nonneg = Modes{mode}
	}
	return t
}
