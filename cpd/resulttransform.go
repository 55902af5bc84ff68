package cpd

import (
	"context"
	"fmt"
	"slices"

	"polyad/reg"
	"polyad/tensor"
)

// Transform is [Model.Transform] that without options, for nil, takes those of the
// fit ([Options.ForTransform]), so that new data are judged as the old ones were.
// The error wraps [ErrOption] when the result was normalized since and the last factor
// carried penalties, whose weights belong to the scale of the fit.
func (r *Result[T]) Transform(ctx context.Context, x *tensor.Dense[T], o *Options) (*Result[T], error) {
	last := -1
	if r != nil && r.Model != nil {
		last = len(r.Factors) - 1
	}
	return r.TransformMode(ctx, x, last, o)
}

// TransformMode is [Model.TransformMode] that takes the options of the fit, as
// Transform does.
func (r *Result[T]) TransformMode(ctx context.Context, x *tensor.Dense[T], mode int, o *Options) (*Result[T], error) {
	if r == nil {
		return nil, fmt.Errorf("cpd: %w: the result is nil", ErrShape)
	}
	if o == nil && r.Model != nil && mode >= 0 && mode < len(r.Factors) { // Model refuses others
		own := r.Options.ForTransformMode(mode, len(r.Factors))
		if r.normalized && slices.ContainsFunc(own.Penalty, func(p reg.Penalty) bool { return len(p.Active()) > 0 }) {
			return nil, fmt.Errorf("cpd: %w: the model was normalized after a fit with penalties, whose weights are not those of its scale any more; give options", ErrOption)
		}
		o = &own
	}
	return r.Model.TransformMode(ctx, x, mode, o)
}

// Normalize is [Model.Normalize], after which [Result.Transform] knows that the
// penalties of the fit belong to another scale.
func (r *Result[T]) Normalize(n Norm) {
	r.Model.Normalize(n)
	r.normalized = true
}
