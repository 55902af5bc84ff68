package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"path"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/report"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

func (a *app) tuckerCommand() *cobra.Command {
	var f tuckerFlags
	var outs outFlags
	var masks maskFlags
	cmd := &cobra.Command{
		Use:   "tucker FILE",
		Short: "Tucker decomposition of an N-way array file, also nonnegative",
		Long: `tucker takes an array X of two or more modes apart into a core G of the shape
R0 x R1 x … and a factor for each mode, X ≈ G ×₀ A ×₁ B …, by minimizing

    D(X, model) + l1 and l2 penalties on core and factors

FILE is a .npy, .npz, .csv, .tsv, .txt, .dat, .mtx or .mat file (MATLAB's, up to
-v7), all but .npz and .mat also with .gz, or - for standard input; of several
arrays FILE.npz:NAME or FILE.mat:NAME chooses one. Header line and index column of
a table are found; what was taken for them is told on standard error.
With --out DIR the folder receives core.npy, factor_0.npy, … (one a mode, none for
modes left alone), trace.csv and result.json.

Methods: hosvd projects onto singular vectors, once; hooi goes on from there to
orthonormal factors that fit better; hals and mu fit nonnegative parts, with
penalties. --error-target E chooses the ranks with which core and factors store the
fewest numbers at a relative error of at most E.

A penalty on some blocks means nothing as long as another one is free of it, since
that can take over the scale: penalize all, the core too. They are then balanced
after every sweep.

Entries may be missing (hooi, hals, mu): --missing nan takes every NaN for one, --mask
FILE those where a second file is 0. They have no part in the loss, and the model says
what they may have been.`,
		Example: `  polyad tucker X.npy -r 20 -o model
  polyad tucker X.npy --error-target 0.05 --method hosvd -o small
  polyad tucker video.npy -r 10,10 --modes 0,1 -o frames
  polyad tucker X.npy -r 4,4,3 --missing nan -o filled
  polyad tucker X.npy -r 6,4,4 --nonneg -o parts --report parts.html
  polyad tucker X.npy -r 6,4,4 --l1 core=0.1 --l2 factors=0.05 -o sparse`,
		Args: oneFile(false),
	}
	f.register(cmd)
	masks.register(cmd.Flags(), &a.data)
	a.data.registerType(cmd.Flags())
	a.names.register(cmd.Flags())
	outs.register(cmd.Flags())
	cmd.RunE = a.verb(func(cmd *cobra.Command, args []string) error {
		if err := masks.check(); err != nil {
			return err
		}
		o, once, err := f.options()
		if err != nil {
			return err
		}
		run, err := a.newRun(cmd, args, &f.fitFlags, &outs, false)
		if err != nil {
			return err
		}
		in, err := a.readArray(args[0])
		if err != nil {
			return err
		}
		order := len(in.facts.Shape)
		if order < 2 {
			return fmt.Errorf("%s has shape %s; tucker takes an array of two or more modes", in.facts.File, shape(in.facts.Shape))
		}
		ranks, err := f.ranksFor(order)
		if err != nil {
			return err
		}
		if err := f.setPenalties(&o, order); err != nil {
			return err
		}
		if in.array.F32 != nil {
			return tuckerOf(cmd.Context(), run, &f, &masks, ranks, o, once, in, in.array.F32)
		}
		return tuckerOf(cmd.Context(), run, &f, &masks, ranks, o, once, in, in.array.F64)
	})
	return cmd
}

// tuckerOf fits the array of one element type and writes what was asked for.
func tuckerOf[T asm.Float](ctx context.Context, run *fitting, f *tuckerFlags, masks *maskFlags, ranks []int, o tucker.Options, once bool, in *input, x *tensor.Dense[T]) (err error) {
	if o.Mask, err = arrayMask(masks, in.facts.File, x); err != nil {
		return err
	}
	if f.given() {
		m, err := tucker.Load[T](f.init)
		if err != nil {
			return fmt.Errorf("--init: %w", err)
		}
		o.Init = m
	}
	r, err := tuckerFit(ctx, run, f, ranks, o, once, x)
	if r == nil {
		return failed(err, in.facts.File, f.init)
	}
	run.speak(r.Options.Workers)
	scales := scalesOf(r)
	switch f.normalize {
	case "l1":
		r.Normalize(tucker.NormL1)
	case "l2":
		r.Normalize(tucker.NormL2)
	}
	r.Axes = either(in.axes, r.Axes)
	if f.normalize != "none" && !slices.Contains(r.Options.Nonneg, tucker.Core) {
		r.FixSigns()
	}
	res := newTuckerResult(run.command, r, scales, in.facts, f)
	res.Axes = axisResults(r.Axes)
	res.Size = storageOf[T](in.facts, r.Stored())
	masks.record(&res.result)
	if once {
		res.Options["method"] = "hosvd"
	}
	return run.done(ctx, &res.result, res, r.Model, r.Report, func(w io.Writer) error { return writeTuckerPage(w, res, r) })
}

// tuckerFit makes the decomposition.
func tuckerFit[T asm.Float](ctx context.Context, run *fitting, f *tuckerFlags, ranks []int, o tucker.Options, once bool, x *tensor.Dense[T]) (*tucker.Result[T], error) {
	o.Run.Start = time.Now()
	bar := run.watch(&o.Run)
	defer bar.clear()
	if once || f.hosvd == "truncated" && !o.Target.IsSet() { // hooi itself finds ranks for a target
		h, err := tucker.HOSVD(ctx, x, ranks, &tucker.HOSVDOptions{Target: o.Target, Truncated: f.hosvd == "truncated", Modes: o.Modes, Workers: o.Workers})
		switch {
		case err != nil:
			return nil, err
		case once:
			return ofHOSVD(x, h, &o), nil
		}
		o.Init, o.Target, ranks = h, solver.Opt[float64]{}, h.Ranks()
	}
	return tucker.Fit(ctx, x, ranks, &o)
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

// tuckerResult is the result of a Tucker decomposition: components are pruned mode
// by mode.
type tuckerResult struct {
	result
	Pruned [][]int `json:"pruned"`
}

// newTuckerResult collects what is reported of a fit; scales are those of
// [scalesOf], before the model is normalized.
func newTuckerResult[T asm.Float](command string, r *tucker.Result[T], scales [][]float64, in inputFacts, f *tuckerFlags) *tuckerResult {
	o := &r.Options
	start := f.init
	if s, ok := o.Init.(fmt.Stringer); ok && !f.given() {
		start = s.String()
	}
	if start == "" {
		start = "svd"
	}
	keys := blockKeys(len(r.Factors))
	named := func(n int) string {
		if n == tucker.Core {
			return "core"
		}
		return strconv.Itoa(n)
	}
	fix, nonneg := []string{}, []int{}
	for _, n := range o.Fix {
		fix = append(fix, named(n))
	}
	for _, n := range o.Nonneg {
		if n != tucker.Core {
			nonneg = append(nonneg, n)
		}
	}
	method := ""
	if o.Method != nil {
		method = o.Method.String()
	}
	options := map[string]any{
		"rank": r.Ranks(), "modes": indices(o.Modes), "loss": o.Loss.String(), "method": method, "hosvd": f.hosvd,
		"nonneg": nonneg, "nonneg_core": slices.Contains(o.Nonneg, tucker.Core), "fix": fix,
		"balance": o.Balance.String(), "sweeps": o.Sweeps, "scale_init": o.ScaleInit.Or(false), "init": start, "restarts": o.Restarts,
		"normalize": f.normalize, "eps": o.Eps.Or(0),
		"tol": o.Run.Tol.Or(0), "max_iter": o.Run.MaxIter.Or(0), "max_time": o.Run.MaxTime.Seconds(), "trace_every": o.Run.TraceEvery,
		"seed": o.Seed,
	}
	if f.changed("error-target") {
		options["error_target"] = f.target
	}
	inner, has, ahead := innerOf(o.Method)
	if options["extrapolate"] = ahead; has {
		options["inner"] = inner
	}
	for _, kind := range []string{"l1", "l2", "lp"} {
		options[kind] = byBlock(o, func(p reg.Penalty) any { return weightOf(p, kind) })
	}
	res := &tuckerResult{result: result{
		Schema: resultSchema, Command: command, Kind: "tucker", Options: options, Seed: o.Seed,
		Status: r.Status.String(), Iterations: r.Iterations, Returned: r.Returned.Iter, Objective: r.Objective(), Formula: r.Formula(),
		Loss: r.Loss, Penalty: map[string]float64{}, RelError: r.RelError, Explained: r.Explained(), KKT: map[string]float64{}, Observed: r.Observed,
		Balance: balanceResult{o.Balance.String(), []float64{}, scales}, Restarts: runsOf(r.Runs), Best: r.Best, Start: startOf(r.Start),
		Seconds: r.Seconds, CPU: asm.CPU(), SIMD: asm.Current().String(), Workers: o.Workers, Version: version, Input: in,
	}}
	for n, key := range keys {
		if n < len(r.Factors) && r.Factors[n] == nil {
			continue
		}
		res.blocks = append(res.blocks, key)
		res.Penalty[key] = r.Penalty[n]
		if len(r.KKT) > 0 && !slices.Contains(fix, key) {
			res.KKT[key] = r.KKT[n]
		}
	}
	for _, p := range r.Pruned {
		res.Pruned = append(res.Pruned, indices(p))
	}
	res.prunedModes = r.Pruned
	return res
}

// size is the number of entries of a shape.
func size(shape []int) int {
	n := 1
	for _, k := range shape {
		n *= k
	}
	return n
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
func writeTuckerPage[T asm.Float](w io.Writer, res *tuckerResult, r *tucker.Result[T]) error {
	m := r.Model.Clone()
	if slices.ContainsFunc(m.Core.Data, func(v T) bool { return v < 0 }) {
		m.FixSigns()
	}
	p := report.TuckerPage{
		Title:   "Tucker decomposition of " + path.Base(res.Input.File),
		Command: res.Command, Facts: facts(&res.result), Formula: res.Formula, Trace: r.Trace, Penalty: penaltyOf(&res.result),
		Core: tensor.New[float64](m.Core.Shape...), Pruned: res.Pruned, Axes: r.Axes,
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
