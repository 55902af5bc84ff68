package models

import (
	"context"
	"fmt"
	"io"
	"math"
	"path"
	"runtime"
	"slices"
	"time"

	"polyad/asm"
	"polyad/balance"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/input"
	"polyad/internal/report"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// tuckerWork computes with data of one element type.
type tuckerWork[T asm.Float] struct {
	f     *FitFlags
	o     *tucker.Options
	of    *SavedModel // that is transformed or evaluated
	ranks *[]int      // nil: they are chosen for an error
	once  bool        // an HOSVD is asked for, and nothing else
}

func (w tuckerWork[T]) plan(settle func(*input.Array) error) *Plan {
	return &Plan{settle, tuckerWork[float32](w), tuckerWork[float64](w)}
}

func (w tuckerWork[T]) Fit(ctx context.Context, run *Fitting, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*Outcome, error) {
	o := *w.o
	o.Mask = mask
	if w.f.fromFolder(Tucker{}) {
		m, err := tucker.Load[T](w.f.Init)
		if err != nil {
			return nil, fmt.Errorf("--init: %w", err)
		}
		o.Init = m
	}
	r, err := w.decompose(ctx, run, x, &o)
	if r == nil {
		return nil, exit.OfFit(err, in.Facts.File, w.f.Init)
	}
	scales := scalesOf(r)
	switch w.f.normalize {
	case "l1":
		r.Normalize(tucker.NormL1)
	case "l2":
		r.Normalize(tucker.NormL2)
	}
	r.Axes = input.Either(in.Axes, r.Axes)
	if w.f.normalize != "none" && !slices.Contains(r.Options.Nonneg, tucker.Core) {
		r.FixSigns()
	}
	out := w.outcome(run, in, r, scales)
	out.Size = storageOf[T](in.Facts, r.Stored())
	if w.once {
		out.Options["method"] = "hosvd"
	}
	out.page = func(to io.Writer) error { return writeTuckerPage(to, out.Result, r) }
	return out, nil
}

// decompose makes the decomposition.
func (w tuckerWork[T]) decompose(ctx context.Context, run *Fitting, x *tensor.Dense[T], o *tucker.Options) (*tucker.Result[T], error) {
	ranks, truncated := *w.ranks, w.f.tucker.hosvd == "truncated"
	o.Run.Start = time.Now()
	bar := run.watch(&o.Run)
	defer bar.Clear()
	if w.once || truncated && !o.Target.IsSet() { // hooi itself finds ranks for a target
		h, err := tucker.HOSVD(ctx, x, ranks, &tucker.HOSVDOptions{Target: o.Target, Truncated: truncated, Modes: o.Modes, Workers: o.Workers})
		switch {
		case err != nil:
			return nil, err
		case w.once:
			return ofHOSVD(x, h, o), nil
		}
		o.Init, o.Target, ranks = h, solver.Opt[float64]{}, h.Ranks()
	}
	return tucker.Fit(ctx, x, ranks, o)
}

// ofHOSVD returns an HOSVD as a result of a fit that took no sweep.
func ofHOSVD[T asm.Float](x *tensor.Dense[T], h *tucker.HOSVDResult[T], o *tucker.Options) *tucker.Result[T] {
	var squares float64
	for _, v := range x.Contiguous().Data {
		squares += float64(v) * float64(v)
	}
	order := len(x.Shape)
	r := &tucker.Result[T]{Model: h.Model, RelError: h.RelError, Options: *o, Pruned: make([][]int, order),
		Outcome: solver.Outcome{Loss: h.RelError * h.RelError * squares / 2, Observed: x.Len(), Penalty: make([]float64, order+1)}}
	r.Options.Init, r.Options.Balance, r.Options.Restarts = tucker.SVD{}, tucker.BalanceNone, 1
	r.Options.Run = solver.Options{TraceEvery: 1}
	if o.Workers == 0 {
		r.Options.Workers = runtime.GOMAXPROCS(0)
	}
	r.Options.Modes = tucker.Modes{}
	for n, f := range h.Factors {
		if f != nil {
			r.Options.Modes = append(r.Options.Modes, n)
		}
	}
	r.Status, r.Seconds = solver.Converged, time.Since(o.Run.Start).Seconds()
	r.Trace = solver.Trace{{Seconds: r.Seconds, Loss: r.Loss, RelError: r.RelError}}
	r.Returned = r.Trace.Last()
	return r
}

func (w tuckerWork[T]) Transform(ctx context.Context, run *Fitting, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*Outcome, error) {
	m, err := tucker.Load[T](w.of.Dir)
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
	return w.outcome(run, in, r, [][]float64{}), nil
}

func (w tuckerWork[T]) Evaluate(ctx context.Context, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*FitEval, error) {
	m, err := tucker.Load[T](w.of.Dir)
	if err != nil {
		return nil, err
	}
	o := *w.o
	o.Mask, o.Init, o.Run = mask, m, solver.Options{MaxIter: solver.Set(0)}
	r, err := tucker.Fit(ctx, x, m.Ranks(), &o)
	if err != nil {
		return nil, exit.OfModel(w.of.Dir, in.Facts.File, err)
	}
	e := newFitEval(in, o.Loss, &r.Outcome, r.RelError, r.Formula(), w.blocks(r))
	e.misfit = misfitOf(tuckerModel[T]{m}, x, mask, input.Either(in.Axes, m.Axes))
	return e, nil
}

// blocks lists the blocks of a result.
func (tuckerWork[T]) blocks(r *tucker.Result[T]) blockList {
	all, order := Tucker{}.Keys(len(r.Factors)), len(r.Factors)
	return blockList{all, func(key string) bool {
		n := slices.Index(all, key)
		return n < order && r.Factors[n] == nil
	}, func(key string) bool { return slices.Contains(r.Options.Fix, numbered([]string{key})[0]) }}
}

// tuckerResult is the result of a Tucker decomposition: components are pruned mode
// by mode.
type tuckerResult struct {
	*Result
	Pruned [][]int `json:"pruned"`
}

// outcome collects what is reported of a fit; scales are those of [scalesOf], before
// the model is normalized.
func (w tuckerWork[T]) outcome(run *Fitting, in *input.Array, r *tucker.Result[T], scales [][]float64) *Outcome {
	o := &r.Options
	start, b := w.f.startName(Tucker{}, o.Init), w.blocks(r)
	if start == "" {
		start = "svd"
	}
	nonneg := []int{}
	for _, n := range o.Nonneg {
		if n != tucker.Core {
			nonneg = append(nonneg, n)
		}
	}
	method := ""
	if o.Method != nil {
		method = o.Method.String()
	}
	res := run.result(in, &r.Outcome, r.RelError, r.Formula(), b)
	res.Options = run.options(o.Loss, o.Balance, o.ScaleInit, start, max(o.Restarts, 1), o.Eps, o.Run, o.Seed, b.keys, append(slices.Clone(o.Factors), o.Core))
	inner, has, ahead := innerOf(o.Method)
	res.set(map[string]any{"rank": r.Ranks(), "modes": indices(o.Modes), "method": method, "extrapolate": ahead, "hosvd": w.f.tucker.hosvd,
		"nonneg": nonneg, "nonneg_core": slices.Contains(o.Nonneg, tucker.Core), "fix": b.fixedOnes(), "sweeps": o.Sweeps})
	if has {
		res.Options["inner"] = inner
	}
	if w.f.Changed("error-target") {
		res.Options["error_target"] = w.f.tucker.target
	}
	res.Seed, res.Workers, res.prunedModes = o.Seed, o.Workers, r.Pruned
	res.Balance = balanceOf(o.Balance, nil)
	res.Balance.Scales = scales
	res.Axes = input.AxisResults(r.Axes)
	all := &tuckerResult{Result: res}
	for _, p := range r.Pruned {
		all.Pruned = append(all.Pruned, indices(p))
	}
	return &Outcome{Result: res, all: all, model: r.Model, report: r.Report}
}

// innerOf returns how many inner steps a method makes, when it has any, and whether
// it is the extrapolated variant.
func innerOf(m tucker.Method) (inner int, has, ahead bool) {
	switch a := m.(type) {
	case tucker.HALS:
		return a.Inner, true, false
	case tucker.MU:
		return max(a.Inner, 1), true, a.Extrapolate
	}
	return 0, false, false
}

// scalesOf returns for each mode of a model what balancing would multiply the
// columns of its factor with: 1 when it is balanced, 0 for pruned components. There
// are none when there is nothing to balance: unless all free blocks, at least two,
// are penalized.
func scalesOf[T asm.Float](r *tucker.Result[T]) (scales [][]float64) {
	scales = [][]float64{}
	o, order := &r.Options, len(r.Factors)
	m := r.Clone()
	m.Core = m.Core.Contiguous()
	t := &balance.Tucker[T]{Core: m.Core, CorePenalty: o.Core, FixedCore: slices.Contains(o.Fix, tucker.Core), Fixed: make([]bool, order), Eps: T(o.Eps.Or(0))}
	free := 0
	if !t.FixedCore {
		free++
		if !o.Core.Definite() {
			return scales
		}
	}
	for n, f := range m.Factors {
		t.Fixed[n] = f == nil || slices.Contains(o.Fix, n)
		if f == nil {
			f = matrix.New[T](0, m.Core.Shape[n])
		}
		var p reg.Penalty
		if !t.Fixed[n] {
			free++
			if p = o.Factors[n]; !p.Definite() {
				return scales
			}
		}
		t.Factors = append(t.Factors, reg.Block[T]{X: f, Penalty: p})
	}
	if free < 2 {
		return scales
	}
	found := balance.Sinkhorn(t, 0)
	if o.Balance == tucker.BalanceScalar {
		found = balance.Scalar(t)
	}
	for _, logs := range found.Log {
		scale := make([]float64, len(logs))
		for q, log := range logs {
			scale[q] = math.Exp(log)
		}
		scales = append(scales, scale)
	}
	return scales
}

// writeTuckerPage writes the report of a decomposition.
func writeTuckerPage[T asm.Float](w io.Writer, res *Result, r *tucker.Result[T]) error {
	m := r.Model.Clone()
	if slices.ContainsFunc(m.Core.Data, func(v T) bool { return v < 0 }) {
		m.FixSigns()
	}
	p := report.TuckerPage{
		Title:   "Tucker decomposition of " + path.Base(res.Input.File),
		Command: res.Command, Facts: Facts(res), Formula: res.Formula, Trace: r.Trace, Penalty: penaltyOf(res),
		Core: tensor.New[float64](m.Core.Shape...), Pruned: res.prunedModes, Axes: r.Axes,
	}
	for i, v := range m.Core.Contiguous().Data[:p.Core.Len()] {
		p.Core.Data[i] = float64(v)
	}
	for _, f := range m.Factors {
		if f == nil {
			p.Factors = append(p.Factors, nil)
			continue
		}
		p.Factors = append(p.Factors, matrix.Convert[float64](f))
	}
	return report.Tucker(w, p)
}
