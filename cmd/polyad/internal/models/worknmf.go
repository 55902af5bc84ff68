package models

import (
	"context"
	"fmt"
	"io"
	"path"

	"polyad/asm"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/input"
	"polyad/internal/report"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

// nmfWork computes with data of one element type.
type nmfWork[T asm.Float] struct {
	f  *FitFlags
	o  *nmf.Options
	of *SavedModel // that is transformed or evaluated
}

// NmfOf returns the work of a fit of float64 data.
func NmfOf(f *FitFlags, o *nmf.Options) nmfWork[float64] { return nmfWork[float64]{f: f, o: o} }

func newNMFPlan(f *FitFlags, o *nmf.Options, of *SavedModel) *Plan {
	return &Plan{func(in *input.Array) error {
		if s := in.Facts.Shape; len(s) != 2 {
			return fmt.Errorf("%s has shape %s; nmf takes a matrix (2 modes): unfold or reshape it", in.Facts.File, console.Shape(s))
		}
		return nil
	}, nmfWork[float32]{f, o, of}, nmfWork[float64]{f, o, of}}
}

// with returns the options for data with what is missing of them.
func (w nmfWork[T]) with(mask *tensor.Mask) nmf.Options {
	o := *w.o
	if mask != nil {
		o.Mask = mask.Matrix(mask.Shape[0], mask.Shape[1])
	}
	return o
}

func (w nmfWork[T]) Fit(ctx context.Context, run *Fitting, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*Outcome, error) {
	r, err := w.Model(ctx, run, in.Facts.File, x.Matrix(), w.with(mask))
	if err != nil {
		return nil, err
	}
	r.Axes = input.Either(in.Axes, r.Axes)
	out := w.Outcome(run, in, r)
	out.Size = storageOf[T](in.Facts, (r.W.Rows+r.H.Cols)*r.Rank())
	out.page = func(to io.Writer) error {
		return report.NMF(to, report.NMFPage{
			Title:   "Factorization of " + path.Base(out.Input.File),
			Command: out.Command, Facts: Facts(out.Result), Formula: out.Formula, Trace: r.Trace,
			W: matrix.Convert[float64](r.W), H: matrix.Convert[float64](r.H), Axes: r.Axes,
			Penalty: penaltyOf(out.Result), Beta: out.Balance.Beta, Pruned: out.Pruned,
		})
	}
	return out, nil
}

// Model fits a matrix. There is a result, and no error, also when the run was
// interrupted.
func (w nmfWork[T]) Model(ctx context.Context, run *Fitting, file string, x *matrix.Dense[T], o nmf.Options) (*nmf.Result[T], error) {
	if w.f.fromFolder(NMF{}) {
		m, err := nmf.Load[T](w.f.Init)
		if err != nil {
			return nil, fmt.Errorf("--init: %w", err)
		}
		o.Init = m
	}
	bar := run.watch(&o.Run)
	r, err := nmf.Fit(ctx, x, w.f.rank, &o)
	bar.Clear()
	if r == nil {
		return nil, exit.OfFit(err, file, w.f.Init)
	}
	switch w.f.normalize {
	case "l1":
		r.Normalize(nmf.NormL1)
	case "l2":
		r.Normalize(nmf.NormL2)
	}
	if w.f.sort {
		r.Sort()
	}
	return r, nil
}

func (w nmfWork[T]) Transform(ctx context.Context, run *Fitting, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*Outcome, error) {
	m, err := nmf.Load[T](w.of.Dir)
	if err != nil {
		return nil, err
	}
	o := w.with(mask)
	bar := run.watch(&o.Run)
	r, err := m.TransformMode(ctx, x.Matrix(), w.f.Along, &o)
	bar.Clear()
	if r == nil {
		return nil, exit.OfModel(w.of.Dir, in.Facts.File, err)
	}
	r.Axes = input.Sampled(m.Axes, in.Axes, w.f.Along)
	return w.Outcome(run, in, r), nil
}

func (w nmfWork[T]) Evaluate(ctx context.Context, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*FitEval, error) {
	m, err := nmf.Load[T](w.of.Dir)
	if err != nil {
		return nil, err
	}
	o := w.with(mask)
	o.Init, o.Run = m, solver.Options{MaxIter: solver.Set(0)}
	r, err := nmf.Fit(ctx, x.Matrix(), m.Rank(), &o)
	if err != nil {
		return nil, exit.OfModel(w.of.Dir, in.Facts.File, err)
	}
	e := newFitEval(in, o.Loss, &r.Outcome, r.RelError, r.Formula(), w.blocks(&o))
	e.misfit = misfitOf(nmfModel[T]{m}, x, mask, input.Either(in.Axes, m.Axes))
	return e, nil
}

// blocks lists the blocks of a fit.
func (nmfWork[T]) blocks(o *nmf.Options) blockList {
	return blockList{NMF{}.Keys(2), noneFixed, func(key string) bool { return key == "w" && o.FixW || key == "h" && o.FixH }}
}

// Outcome collects what is reported of a fit.
func (w nmfWork[T]) Outcome(run *Fitting, in *input.Array, r *nmf.Result[T]) *Outcome {
	o := &r.Options
	res := run.result(in, &r.Outcome, r.RelError, r.Formula(), w.blocks(o))
	res.Options = run.options(o.Loss, o.Balance, o.ScaleInit, w.f.startName(NMF{}, o.Init), max(o.Restarts, 1), o.Eps, o.Run, o.Seed, res.blocks, []reg.Penalty{o.W, o.H})
	res.set(map[string]any{"rank": r.Rank(), "method": o.Method.String(), "extrapolate": extrapolated(o.Method), "order": o.Order.String(), "fix": w.blocks(o).fixedOnes(),
		"sort": w.f.sort, "hold": map[string]any{"w": indices(o.HoldW), "h": indices(o.HoldH)}})
	switch m := o.Method.(type) {
	case nmf.HALS:
		res.Options["inner"] = m.Inner
	case nmf.MU:
		res.Options["inner"] = max(m.Inner, 1)
	}
	res.Seed, res.Workers, res.Ridges, res.Pruned, res.Balance = o.Seed, o.Workers, r.Ridges, indices(r.Pruned), balanceOf(o.Balance, r.Beta)
	res.Axes = input.AxisResults(r.Axes)
	return &Outcome{Result: res, all: res, model: r.Model, report: r.Report}
}
