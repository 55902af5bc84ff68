package tucker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"polyad/internal/fitting"
	"polyad/internal/nnls"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

// Transform finds the last factor for new data in the basis of the model: with the
// core G and all factors but the last fixed it minimizes the objective of [Fit] for
// x of shape I_0 x … x I_{N-2} x J, any number J of new samples, over
//
//	F_{N-1} (J x J_{N-1}),   X ≈ G ×_0 F_0 ×_1 … ×_{N-1} F_{N-1}.
//
// o may be nil; it takes the loss, the method (HALS or MU), nonnegativity and the
// penalty of the last mode, a mask of x, and how long to go on, all but the mask best as the model was fitted
// with ([Options.ForTransform] of the options in its result), and no start of its
// own. The method defaults to [HALS] for the Frobenius loss, else to [MU]. Without
// a floor and with penalties of degree 2, or 1 and 2 when the factor is
// nonnegative, HALS begins with the minimizer, from the normal equations with
//
//	A = X_(N-1)·Bᵀ,  S = B·Bᵀ,  B the mode-N-1 unfolding of G ×_0 F_0 ×_1 F_1 ….
//
// Else rows begin with equal entries. The model is not written. The result has
// copies of its core and of the factors that stay, bit for bit. The rows of the new
// factor do not depend on each other: only when to stop is decided for all of them
// together. Cost of the first step about 2·|X|·J_0 flops. When the context ends before
// it is made there is no result, and when MaxTime does, rows begin with equal entries.
//
// The errors are those of [Fit].
func (m *Model[T]) Transform(ctx context.Context, x *tensor.Dense[T], o *Options) (*Result[T], error) {
	var opt Options
	if o != nil {
		opt = *o
	}
	if err := m.wellFormed(); err != nil {
		return nil, fmt.Errorf("tucker: %w", err)
	}
	last := len(m.Factors) - 1
	if m.Factors[last] == nil {
		return nil, fmt.Errorf("tucker: %w: the model leaves mode %d alone, so there is no factor to be found for new samples along it", ErrShape, last)
	}
	for _, bad := range []struct {
		set  bool
		name string
	}{
		{opt.Init != nil, "a start"}, {opt.ScaleInit.IsSet(), "the scale of the start"}, {opt.Restarts > 1, "restarts"}, {opt.Target.IsSet(), "a target"},
		{opt.Modes != nil, "a choice of modes"}, {slices.Contains(opt.Fix, last) || slices.Contains(opt.Fix, -1), "a fixed last factor"},
	} {
		if bad.set {
			return nil, fmt.Errorf("tucker: %w: %s has no effect on a transform, which finds all of the last factor; leave it out", ErrOption, bad.name)
		}
	}
	if err := fitting.CheckShape(tensorCheck(nil), x); err != nil {
		return nil, err
	}
	basis := m.Shape()[:last]
	if len(x.Shape) != last+1 || !slices.Equal(x.Shape[:last], basis) {
		return nil, fmt.Errorf("tucker: %w: the data have the shape %v, but the model asks for %v and then a mode of samples, of any size", ErrShape, x.Shape, basis)
	}
	modes := Modes{}
	for n, f := range m.Factors {
		if f != nil {
			modes = append(modes, n)
		}
	}
	if k := opt.Mask; k != nil && k.Valid() && slices.Equal(k.Shape, x.Shape) && k.Count() == k.Len() {
		opt.Mask = nil
	}
	if err := opt.settleTransform(len(m.Factors), modes); err != nil {
		return nil, err
	}
	start := &Model[T]{Core: m.Core, Factors: slices.Clone(m.Factors)}
	x = x.Contiguous()
	if opt.Run.Start.IsZero() {
		opt.Run.Start = time.Now()
	}
	if ctx != nil && opt.Workers >= 0 { // Fit refuses others
		pool := par.New(fitting.Workers(opt.Workers))
		f, err := start.newSamples(pool, x, &opt, fitting.NewLimit(ctx, opt.Run))
		pool.Close()
		if err != nil {
			return nil, err
		}
		start.Factors[last] = f
	}
	opt.Init, opt.ScaleInit = start, solver.Set(false)
	r, err := Fit(ctx, x, m.Ranks(), &opt)
	if r != nil {
		r.Options.Init = nil
		r.Axes = fitting.BasisAxes(m.Axes, last)
	}
	return r, err
}

// ForTransform returns what of the options of a fit, as [Result] has them, holds
// for [Model.Transform]: the loss, the nonnegativity and the penalty of the last
// mode, a multiplicative method, and how long to go on. What belongs to the data
// of the fit (Eps but where the loss needs it for the data) or to blocks that stay
// is left out, and so are the other methods: they all have the same aim.
func (o Options) ForTransform() Options {
	t := Options{Loss: o.Loss, Workers: o.Workers, Run: o.Run, Nonneg: Modes{}}
	t.Run.Start = time.Time{} // MaxTime counts anew
	if last := len(o.Factors) - 1; last >= 0 {
		t.Factors = Penalties{o.Factors[last]}
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

// settleTransform settles the method, the blocks that stay, and the sign of the
// factor that is found, for a model of which these modes have factors.
func (o *Options) settleTransform(order int, modes Modes) error {
	last := order - 1
	nonneg, err := o.Nonneg.marks("nonneg", order, true)
	if err != nil {
		return err
	}
	if o.Method == nil {
		o.Method = DefaultMethod(o.Loss, true, o.Factors...)
	}
	switch o.Method.(type) {
	case HOOI:
		return fmt.Errorf("tucker: %w: hooi finds core and factors together, and a transform one factor; use hals", ErrOption)
	case MU:
		o.Nonneg = nil // all blocks are
	default: // of the blocks that stay it says nothing
		if o.Nonneg = (Modes{}); nonneg[last] {
			o.Nonneg = Modes{last}
		}
	}
	o.Modes, o.Fix = modes, Modes{Core}
	for _, n := range modes {
		if n != last {
			o.Fix = append(o.Fix, n)
		}
	}
	return nil
}

// newSamples returns the factor of the last mode to begin with. When the limit is over
// before it is found, that is the cause of the context's end, or equal entries.
func (m *Model[T]) newSamples(pool *par.Pool, x *tensor.Dense[T], o *Options, limit *fitting.Limit) (*matrix.Dense[T], error) {
	last := len(m.Factors) - 1
	f := matrix.New[T](x.Shape[last], m.Core.Shape[last])
	_, mu := o.Method.(MU)
	if !mu && o.Eps.Or(0) == 0 && o.Mask == nil {
		found := false
		if limit.Within(pool, func() { found = m.leastSquares(pool, f, x, o) }) && found {
			return f, nil
		}
	}
	if err := limit.Cancelled(); err != nil {
		return nil, err
	}
	if f.Zero(); !mu && len(o.Nonneg) == 0 {
		return f, nil
	}
	if !fitting.LevelObserved(f, m.sampleSums(), x, o.Mask) {
		return nil, fmt.Errorf("tucker: %w: the new factor leaves the range of its type; rescale the data, or the model", solver.ErrNotFinite)
	}
	return f, nil
}

// leastSquares sets f to the minimizer, or returns false when the penalty is not
// quadratic, or numbers leave their range.
func (m *Model[T]) leastSquares(pool *par.Pool, f *matrix.Dense[T], x *tensor.Dense[T], o *Options) bool {
	last := len(m.Factors) - 1
	var p reg.Penalty
	if n := len(o.Factors); n > 0 {
		p = o.Factors[min(last, n-1)]
	}
	signed := len(o.Nonneg) == 0
	l2 := 0.0
	for _, t := range p.Active() {
		if l2 += t.Weight; signed && (t.Degree != 2 || t.Rows != nil) {
			return false
		}
	}
	// With the data projected onto the factors that stay and the core as a matrix, a
	// column per component, A is one product.
	j, r := f.Rows, f.Cols
	stay := slices.Clone(m.Factors)
	stay[last] = nil
	projected := tensor.MultiModeProduct(pool, x, stay, true).Contiguous()
	rest := m.Core.Len() / r
	a := matrix.New[T](r, j)
	matrix.Gemm(pool, true, false, 1, matrix.Of(rest, r, m.Core.Contiguous().Data[:rest*r]), matrix.Of(rest, j, projected.Data[:rest*j]), 0, a)
	var g grams[T]
	core := m.Core.Contiguous()
	g.init(pool, m.Factors, core)
	s := matrix.New[float64](r, r)
	g.normal(s, m.Factors, core, last)
	if signed {
		free := nnls.NewFree[T](r, 0)
		free.SetGram(s, l2)
		at := matrix.New[T](j, r)
		a.TransposeTo(at)
		free.Solve(pool, f, at)
	} else {
		pivot, err := nnls.NewBPP[T](r, j, p, pool.Workers())
		if err != nil {
			return false
		}
		y := matrix.New[T](r, j)
		pivot.SetGram(s)
		pivot.Solve(pool, y, a)
		y.TransposeTo(f)
	}
	return !slices.ContainsFunc(f.Data, func(v T) bool { return v-v != 0 })
}

// sampleSums returns the sums of what one unit of each component of the last mode
// adds to a sample: the core times the column sums of the other factors.
func (m *Model[T]) sampleSums() []float64 {
	core := tensor.New[float64](m.Core.Shape...)
	for i, v := range m.Core.Contiguous().Data[:core.Len()] {
		core.Data[i] = float64(v)
	}
	last := len(m.Factors) - 1
	sums := make([]*matrix.Dense[float64], len(m.Factors))
	for n, f := range m.Factors[:last] {
		sums[n] = matrix.New[float64](1, core.Shape[n])
		for q := range sums[n].Data {
			if f == nil {
				sums[n].Data[q] = 1
				continue
			}
			for i := range f.Rows {
				sums[n].Data[q] += float64(f.Row(i)[q])
			}
		}
	}
	return tensor.MultiModeProduct(nil, core, sums, false).Contiguous().Data
}
