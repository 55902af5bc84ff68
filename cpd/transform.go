package cpd

import (
	"context"
	"fmt"
	"slices"
	"time"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/internal/nnls"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

// Transform finds the last factor for new data in the basis of the model: with
// weights w and all factors but the last fixed it minimizes the objective of [Fit]
// for x of shape I_0 x … x I_{N-2} x J, any number J of new samples, over
//
//	F_{N-1} (J x r),   X ≈ Σ_q w_q · f_0q ∘ … ∘ f_{N-1,q}.
//
// o may be nil; it takes the loss, the method, nonnegativity and the penalty of the
// last mode, a mask of x, and how long to go on, all but the mask best as the model
// was fitted with ([Options.ForTransform] of the options in its result), and no
// start of its own. A transform that names no method is made by [ALS] where that is
// exact: for the Frobenius loss without a floor, where nothing is missing, with
// penalties of degree 2, or 1 and 2 when the last factor is nonnegative; else by
// [DefaultMethod], and by [HALS] when degree 1 is beside both signs. The model is not written. The result has copies of its
// weights and of the factors that stay, bit for bit, so that the new factor is in
// the scale of the old one.
//
// The rows of the new factor do not depend on each other: only when to stop is
// decided for all of them together. For 1 ≤ β ≤ 2 and penalties of degrees from 1
// on the problem is convex, so what they converge to does not depend on where they
// begin. A component of which some other column is zero gets zeros, and so does a
// sample of which nothing is observed.
//
// The cost is that of a fit's sweeps over one mode, the first 2·|X|·r flops. The
// errors are those of [Fit].
func (m *Model[T]) Transform(ctx context.Context, x *tensor.Dense[T], o *Options) (*Result[T], error) {
	var opt Options
	if o != nil {
		opt = *o
	}
	if err := m.checkBasis(); err != nil {
		return nil, err
	}
	last := len(m.Factors) - 1
	for _, bad := range []struct {
		set  bool
		name string
	}{
		{opt.Init != nil, "a start"}, {opt.ScaleInit.IsSet(), "the scale of the start"}, {opt.Restarts > 1, "restarts"},
		{slices.Contains(opt.Fix, last) || slices.Contains(opt.Fix, -1), "a fixed last factor"},
	} {
		if bad.set {
			return nil, fmt.Errorf("cpd: %w: %s has no effect on a transform, which finds all of the last factor; leave it out", ErrOption, bad.name)
		}
	}
	if err := fitting.CheckShape(tensorCheck(nil), x); err != nil {
		return nil, err
	}
	var basis []int
	for _, f := range m.Factors[:last] {
		basis = append(basis, f.Rows)
	}
	if len(x.Shape) != last+1 || !slices.Equal(x.Shape[:last], basis) {
		return nil, fmt.Errorf("cpd: %w: the data have the shape %v, but the model asks for %v and then a mode of samples, of any size", ErrShape, x.Shape, basis)
	}
	nonneg, err := opt.Nonneg.marks("nonneg", len(x.Shape))
	if err != nil {
		return nil, err
	}
	opt.Nonneg = nil // of the factors that stay it says nothing
	if nonneg[last] {
		opt.Nonneg = Modes{last}
	}
	if k := opt.Mask; k != nil && k.Valid() && slices.Equal(k.Shape, x.Shape) && k.Count() == k.Len() {
		opt.Mask = nil
	}
	opt.transformMethod(last)
	start := &Model[T]{Factors: slices.Clone(m.Factors)}
	if m.Weights != nil {
		if _, mu := opt.Method.(MU); mu {
			for q, w := range m.Weights {
				if w < 0 {
					return nil, fmt.Errorf("cpd: %w: the model's weight %d is %v, and mu takes nonnegative models only; use als or hals", ErrData, q, w)
				}
			}
		}
		start.Factors[0] = weighted(m.Factors[0], m.Weights)
	}
	x = x.Contiguous()
	start.Factors[last] = matrix.New[T](x.Shape[last], start.Rank())
	if _, mu := opt.Method.(MU); mu || nonneg[last] {
		if !level(start.Factors, x, opt.Mask) {
			return nil, fmt.Errorf("cpd: %w: the new factor leaves the range of its type; rescale the data, or the model", solver.ErrNotFinite)
		}
	}
	opt.Fix = nil
	for n := range last {
		opt.Fix = append(opt.Fix, n)
	}
	opt.Init, opt.ScaleInit = start, solver.Set(false)
	r, err := Fit(ctx, x, start.Rank(), &opt)
	if r != nil {
		r.Options.Init = nil
		r.Axes = fitting.BasisAxes(m.Axes, last)
		if m.Weights != nil {
			r.Weights, r.Factors[0] = slices.Clone(m.Weights), m.Factors[0].Clone()
		}
	}
	return r, err
}

// checkBasis reports a model without the parts that a transform needs: finite
// weights and well-formed factors of one rank, of which the last need not be there.
func (m *Model[T]) checkBasis() error {
	if m == nil || len(m.Factors) < 2 {
		return fmt.Errorf("cpd: %w: the model has less than two factors", ErrShape)
	}
	rank := 0
	for n, f := range m.Factors[:len(m.Factors)-1] {
		if f == nil {
			return fmt.Errorf("cpd: %w: the model's factor %d is missing", ErrShape, n)
		}
		if err := checkLayout(n, f); err != nil {
			return err
		}
		if n == 0 {
			rank = f.Cols
		}
		if f.Cols != rank || rank < 1 {
			return fmt.Errorf("cpd: %w: the model's factor %d has %d columns and factor 0 %d; they are its components", ErrShape, n, f.Cols, rank)
		}
	}
	if m.Weights != nil && len(m.Weights) != rank {
		return fmt.Errorf("cpd: %w: the model has %d weights for rank %d", ErrShape, len(m.Weights), rank)
	}
	for q, w := range m.Weights {
		if w-w != 0 {
			return fmt.Errorf("cpd: %w: the model's weight %d is %v; it must be finite", ErrData, q, w)
		}
	}
	return nil
}

// level sets the last factor to one whose rows have equal entries and give slices
// of the model the sums of those of x, in which the mean of the observed entries of
// a slice stands for the missing ones. It reports whether they are within the range
// of T.
func level[T asm.Float](f []*matrix.Dense[T], x *tensor.Dense[T], mask *tensor.Mask) bool {
	to := f[len(f)-1]
	columns := make([]float64, to.Cols)
	for q := range columns {
		columns[q] = 1
		for _, m := range f[:len(f)-1] {
			var sum float64
			for i := range m.Rows {
				sum += float64(m.Row(i)[q])
			}
			columns[q] *= sum
		}
	}
	return fitting.LevelObserved(to, columns, x, mask)
}

// ForTransform returns what of the options of a fit, as [Result] has them, holds
// for [Model.Transform]: the loss, the nonnegativity and the penalty of the last
// mode, a multiplicative method, and how long to go on. What belongs to the data
// of the fit (Eps but where the loss needs it for the data) or to factors that
// stay is left out, and so are the other methods: they all have the same aim, and
// Transform reaches it exactly where it can.
func (o Options) ForTransform() Options {
	t := Options{Loss: o.Loss, Workers: o.Workers, Run: o.Run}
	t.Run.Start = time.Time{} // MaxTime counts anew
	if last := len(o.Penalty) - 1; last >= 0 {
		t.Penalty = Penalties{o.Penalty[last]}
		if slices.Contains(o.Nonneg, last) {
			t.Nonneg = Modes{last}
		}
	}
	if a, mu := o.Method.(MU); mu {
		t.Method = a
	}
	if o.Loss.NeedsPositive() {
		t.Eps = o.Eps
	}
	return t
}

// transformMethod settles the method of a transform that names none: ALS, which is
// exact, where nothing forbids it.
func (o *Options) transformMethod(last int) {
	if o.Method != nil {
		return
	}
	nonneg := len(o.Nonneg) > 0
	p := reg.Penalty(nil)
	if n := len(o.Penalty); n > 0 {
		p = o.Penalty[min(last, n-1)]
	}
	o.Method = DefaultMethod(o.Loss, nonneg, o.Balance, p)
	if o.Loss != loss.Frobenius {
		return
	}
	quadratic := nnls.CheckHALS(p) == nil
	signed := slices.ContainsFunc(p.Active(), func(t reg.Term) bool { return t.Degree != 2 || t.Rows != nil })
	switch {
	case o.Mask == nil && (nonneg && quadratic && o.Eps.Or(0) == 0 || !nonneg && !signed):
		o.Method = ALS{}
	case !nonneg && signed && quadratic:
		o.Method = HALS{Extrapolate: true}
	}
}
