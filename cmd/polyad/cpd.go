package main

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/cpd"
	"polyad/internal/report"
	"polyad/matrix"
	"polyad/reg"
	"polyad/tensor"
)

func (a *app) cpdCommand() *cobra.Command {
	var f cpdFlags
	var outs outFlags
	var masks maskFlags
	cmd := &cobra.Command{
		Use:   "cpd FILE",
		Short: "Canonical polyadic decomposition of an N-way array file",
		Long: `cpd takes an array X of two or more modes apart into a sum of r components of rank
one, X ≈ Σ_q w_q · a_q ∘ b_q ∘ …, by minimizing

    D(X, model) + l1 and l2 penalties on the factors

FILE is a .npy, .npz, .csv, .tsv, .txt, .dat, .mtx or .mat file (MATLAB's, up to
-v7), all but .npz and .mat also with .gz, or - for standard input; of several
arrays FILE.npz:NAME or FILE.mat:NAME chooses one. Header line and index column of
a table are found; what was taken for them is told on standard error.
With --out DIR the folder receives weights.npy, factor_0.npy, … (one a mode),
trace.csv and result.json.

A penalty on some factors means nothing as long as another one is free of it,
since that can take over the scale: penalize all. They are then balanced after
every sweep, and components that the data do not need become zero.

Entries may be missing: --missing nan takes every NaN for one, --mask FILE those
where a second file is 0. They have no part in the loss, and the model says what
they may have been.`,
		Example: `  polyad cpd X.npy -r 6 -o model
  polyad cpd X.npy -r 6 --nonneg --l2 all=0.5 -o model --report model.html
  polyad cpd counts.npy -r 4 --loss kl --json
  polyad cpd fluorescence.npy -r 4 --nonneg --missing nan -o model
  polyad cpd X.npy -r 3 --restarts 10 --normalize l2 --sort -o model
  polyad cpd new.npy -r 6 --init model --fix 0 --fix 1 -o refit`,
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
		o, err := f.options()
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
			return fmt.Errorf("%s has shape %s; cpd takes an array of two or more modes", in.facts.File, shape(in.facts.Shape))
		}
		if o.Penalty, err = f.penalties(order, o.Fix); err != nil {
			return err
		}
		if in.array.F32 != nil {
			return cpdOf(cmd.Context(), run, &f, &masks, o, in, in.array.F32)
		}
		return cpdOf(cmd.Context(), run, &f, &masks, o, in, in.array.F64)
	})
	return cmd
}

// cpdOf fits the array of one element type and writes what was asked for.
func cpdOf[T asm.Float](ctx context.Context, run *fitting, f *cpdFlags, masks *maskFlags, o cpd.Options, in *input, x *tensor.Dense[T]) (err error) {
	if o.Mask, err = arrayMask(masks, in.facts.File, x); err != nil {
		return err
	}
	if f.given() {
		m, err := cpd.Load[T](f.init)
		if err != nil {
			return fmt.Errorf("--init: %w", err)
		}
		o.Init = m
	}
	bar := run.watch(&o.Run)
	r, err := cpd.Fit(ctx, x, f.rank, &o)
	bar.clear()
	if r == nil {
		return failed(err, in.facts.File, f.init)
	}
	run.speak(r.Options.Workers)
	switch f.normalize {
	case "l1":
		r.Normalize(cpd.NormL1)
	case "l2":
		r.Normalize(cpd.NormL2)
	}
	if f.normalize != "none" {
		r.FixSigns()
	}
	if f.sort {
		r.Sort()
	}
	r.Axes = either(in.axes, r.Axes)
	res := newCPDResult(run.command, r, in.facts, f)
	res.Axes = axisResults(r.Axes)
	res.Size = storageOf[T](in.facts, r.Stored())
	masks.record(res)
	return run.done(ctx, res, res, r.Model, r.Report, func(w io.Writer) error { return writeCPDPage(w, res, r) })
}

// newCPDResult collects what is reported of a fit.
func newCPDResult[T asm.Float](command string, r *cpd.Result[T], in inputFacts, f *cpdFlags) *result {
	o := &r.Options
	start := f.init
	if s, ok := o.Init.(fmt.Stringer); ok && !f.given() {
		start = s.String()
	}
	fix := []string{}
	for _, n := range o.Fix {
		fix = append(fix, strconv.Itoa(n))
	}
	options := map[string]any{
		"rank": r.Rank(), "loss": o.Loss.String(), "method": o.Method.String(), "extrapolate": isExtrapolated(o.Method), "nonneg": indices(o.Nonneg), "fix": fix,
		"balance": o.Balance.String(), "scale_init": o.ScaleInit.Or(false), "init": start, "restarts": o.Restarts,
		"normalize": f.normalize, "sort": f.sort, "eps": o.Eps.Or(0),
		"tol": o.Run.Tol.Or(0), "max_iter": o.Run.MaxIter.Or(0), "max_time": o.Run.MaxTime.Seconds(), "trace_every": o.Run.TraceEvery,
		"seed": o.Seed,
	}
	switch m := o.Method.(type) {
	case cpd.ALS:
		options["line_search"] = m.LineSearch
	case cpd.HALS:
		options["inner"] = m.Inner
	case cpd.MU:
		options["inner"] = max(m.Inner, 1)
	}
	for _, kind := range []string{"l1", "l2", "lp"} {
		options[kind] = byMode(o.Penalty, func(p reg.Penalty) any { return weightOf(p, kind) })
	}
	res := &result{
		Schema: resultSchema, Command: command, Kind: "cpd", Options: options, Seed: o.Seed,
		Status: r.Status.String(), Iterations: r.Iterations, Returned: r.Returned.Iter, Objective: r.Objective(), Formula: r.Formula(),
		Loss: r.Loss, Penalty: map[string]float64{}, RelError: r.RelError, Explained: r.Explained(), Observed: r.Observed, KKT: map[string]float64{}, Pruned: indices(r.Pruned), Ridges: r.Ridges,
		Balance: balanceResult{Mode: o.Balance.String(), Beta: r.Beta}, Restarts: runsOf(r.Runs), Best: r.Best, Start: startOf(r.Start),
		Seconds: r.Seconds, CPU: asm.CPU(), SIMD: asm.Current().String(), Workers: o.Workers, Version: version, Input: in,
	}
	of := newCPDEval(r.Model, len(r.Pruned))
	res.Surviving, res.Shares, res.Degenerate = &of.Surviving, of.Shares, of.Degenerate
	if c := r.Compression; c != nil {
		res.Compression = &compressionResult{c.Ranks, c.Left, c.Iterations, c.RelError}
	}
	if res.Balance.Beta == nil {
		res.Balance.Beta = []float64{}
	}
	for n, v := range r.Penalty {
		key := strconv.Itoa(n)
		res.blocks = append(res.blocks, key)
		res.Penalty[key] = v
		if !slices.Contains(o.Fix, n) {
			res.KKT[key] = r.KKT[n]
		}
	}
	return res
}

// writeCPDPage writes the report of a decomposition.
func writeCPDPage[T asm.Float](w io.Writer, res *result, r *cpd.Result[T]) error {
	p := report.CPDPage{
		Title:   "Decomposition of " + path.Base(res.Input.File),
		Command: res.Command, Facts: facts(res), Formula: res.Formula, Trace: r.Trace,
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
