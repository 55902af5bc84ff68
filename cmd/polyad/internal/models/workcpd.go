package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"

	"polyad/asm"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/input"
	"polyad/cpd"
	"polyad/internal/report"
	"polyad/matrix"
	"polyad/solver"
	"polyad/tensor"
)

// cpdWork computes with data of one element type.
type cpdWork[T asm.Float] struct {
	f  *FitFlags
	o  *cpd.Options
	of *SavedModel // that is transformed or evaluated
}

func newCPDPlan(f *FitFlags, o *cpd.Options, of *SavedModel, settle func(*input.Array) error) *Plan {
	return &Plan{settle, cpdWork[float32]{f, o, of}, cpdWork[float64]{f, o, of}}
}

func (w cpdWork[T]) Fit(ctx context.Context, run *Fitting, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*Outcome, error) {
	o := *w.o
	o.Mask = mask
	if w.f.fromFolder(CPD{}) {
		m, err := cpd.Load[T](w.f.Init)
		if err != nil {
			return nil, fmt.Errorf("--init: %w", err)
		}
		o.Init = m
	}
	bar := run.watch(&o.Run)
	r, err := cpd.Fit(ctx, x, w.f.rank, &o)
	bar.Clear()
	if r == nil {
		return nil, exit.OfFit(err, in.Facts.File, w.f.Init)
	}
	switch w.f.normalize {
	case "l1":
		r.Normalize(cpd.NormL1)
	case "l2":
		r.Normalize(cpd.NormL2)
	}
	if w.f.normalize != "none" {
		r.FixSigns()
	}
	if w.f.sort {
		r.Sort()
	}
	r.Axes = input.Either(in.Axes, r.Axes)
	out := w.outcome(run, in, r)
	out.Size = storageOf[T](in.Facts, r.Stored())
	out.page = func(to io.Writer) error { return writeCPDPage(to, out.Result, r) }
	return out, nil
}

func (w cpdWork[T]) Transform(ctx context.Context, run *Fitting, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*Outcome, error) {
	m, err := cpd.Load[T](w.of.Dir)
	if err != nil {
		return nil, err
	}
	o := *w.o
	o.Mask = mask
	bar := run.watch(&o.Run)
	r, err := m.TransformMode(ctx, x, w.f.Along, &o)
	bar.Clear()
	if r == nil {
		return nil, exit.OfModel(w.of.Dir, in.Facts.File, err)
	}
	r.Axes = input.Sampled(m.Axes, in.Axes, w.f.Along)
	return w.outcome(run, in, r), nil
}

func (w cpdWork[T]) Evaluate(ctx context.Context, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*FitEval, error) {
	m, err := cpd.Load[T](w.of.Dir)
	if err != nil {
		return nil, err
	}
	o := *w.o
	o.Mask, o.Init, o.Run = mask, m, solver.Options{MaxIter: solver.Set(0)}
	r, err := cpd.Fit(ctx, x, m.Rank(), &o)
	if err != nil {
		return nil, exit.OfModel(w.of.Dir, in.Facts.File, err)
	}
	e := newFitEval(in, o.Loss, &r.Outcome, r.RelError, r.Formula(), w.blocks(r))
	e.misfit = misfitOf(cpdModel[T]{m}, x, mask, input.Either(in.Axes, m.Axes))
	if mask != nil {
		x = filled(m.Reconstruct(), x, mask)
	}
	switch c, err := m.CoreConsistency(x); {
	case err == nil:
		e.CoreConsistency = &c
	case !errors.Is(err, cpd.ErrRank): // a core that is too large is left out
		return nil, fmt.Errorf("%s: %w", in.Facts.File, err)
	}
	return e, nil
}

// blocks lists the blocks of a result.
func (cpdWork[T]) blocks(r *cpd.Result[T]) blockList {
	return blockList{modeKeys(len(r.Factors)), noneFixed, func(key string) bool {
		return slices.Contains(r.Options.Fix, modesIn([]string{key})[0])
	}}
}

// outcome collects what is reported of a fit.
func (w cpdWork[T]) outcome(run *Fitting, in *input.Array, r *cpd.Result[T]) *Outcome {
	o := &r.Options
	res := run.result(in, &r.Outcome, r.RelError, r.Formula(), w.blocks(r))
	res.Options = run.options(o.Loss, o.Balance, o.ScaleInit, w.f.startName(CPD{}, o.Init), max(o.Restarts, 1), o.Eps, o.Run, o.Seed, res.blocks, o.Penalty)
	res.set(map[string]any{"rank": r.Rank(), "method": o.Method.String(), "extrapolate": isExtrapolated(o.Method), "nonneg": indices(o.Nonneg), "fix": w.blocks(r).fixedOnes(), "sort": w.f.sort})
	switch m := o.Method.(type) {
	case cpd.ALS:
		res.Options["line_search"] = m.LineSearch
	case cpd.HALS:
		res.Options["inner"] = m.Inner
	case cpd.MU:
		res.Options["inner"] = max(m.Inner, 1)
	}
	res.Seed, res.Workers, res.Ridges, res.Pruned, res.Balance = o.Seed, o.Workers, r.Ridges, indices(r.Pruned), balanceOf(o.Balance, r.Beta)
	of := newCPDEval(r.Model, len(r.Pruned))
	res.Surviving, res.Shares, res.Degenerate = &of.Surviving, of.Shares, of.Degenerate
	if c := r.Compression; c != nil {
		res.Compression = &compressionResult{c.Ranks, c.Left, c.Iterations, c.RelError}
	}
	res.Axes = input.AxisResults(r.Axes)
	return &Outcome{Result: res, all: res, model: r.Model, report: r.Report}
}

// filled returns y, an array of the shape of x, with the entries of x that are
// observed: for the core consistency of data with missing entries, which are taken
// to be what the model says (R. Bro, H. Kiers, J. Chemometrics 17, 2003).
func filled[T asm.Float](y, x *tensor.Dense[T], mask *tensor.Mask) *tensor.Dense[T] {
	for i, v := range x.Contiguous().Data {
		if mask.Word(i)&1 != 0 {
			y.Data[i] = v
		}
	}
	return y
}

// writeCPDPage writes the report of a decomposition.
func writeCPDPage[T asm.Float](w io.Writer, res *Result, r *cpd.Result[T]) error {
	p := report.CPDPage{
		Title:   "Decomposition of " + path.Base(res.Input.File),
		Command: res.Command, Facts: Facts(res), Formula: res.Formula, Trace: r.Trace,
		Axes: r.Axes, Penalty: penaltyOf(res), Beta: res.Balance.Beta, Pruned: res.Pruned,
	}
	m := r.Model.Clone()
	m.FixSigns()
	p.Weights = m.Weights
	for _, f := range m.Factors {
		p.Factors = append(p.Factors, matrix.Convert[float64](f))
	}
	return report.CPD(w, p)
}
