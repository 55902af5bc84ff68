package main

import (
	"context"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/loss"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// transformTucker is transform for a Tucker model.
func (a *app) transformTucker(cmd *cobra.Command, args []string, f *cpdFlags, masks *maskFlags, outs *outFlags) error {
	if err := f.byMode(args[0]); err != nil {
		return err
	}
	m, err := tucker.Load[float64](args[0])
	if err != nil {
		return err
	}
	order := len(m.Factors)
	eps, err := f.inheritLast(args[0], order)
	if err != nil {
		return err
	}
	o := tucker.Options{Nonneg: tucker.Modes{}, Seed: f.seed, Workers: f.workers}
	if len(f.nonneg) > 0 {
		o.Nonneg = tucker.Modes{f.along}
	}
	if o.Loss, err = loss.Parse(f.loss); err != nil {
		return usagef("--loss: %w", err)
	}
	t := &tuckerFlags{cpdFlags: *f, hosvd: "sequential"}
	t.balance, t.normalize = "auto", "none"
	if f.method == "" && (f.otherDegrees() || o.Loss != loss.Frobenius) {
		t.method = "mu"
	} else if f.method == "" {
		t.method = "hals"
	}
	if t.method != "hals" && t.method != "mu" {
		return usagef("--method %q; want hals or mu", t.method)
	}
	if o.Method, _, err = t.methodFor(o.Loss); err != nil {
		return err
	}
	stay := tucker.Modes{tucker.Core}
	for n := range order {
		if n != f.along {
			stay = append(stay, n)
		}
	}
	o.Fix = stay // of several blocks penalties are on the free ones
	if err := t.setPenalties(&o, order); err != nil {
		return err
	}
	o.Fix = nil
	switch {
	case f.changed("eps"):
		o.Eps = solver.Set(f.eps)
	case o.Loss.NeedsPositive() && eps > 0:
		o.Eps = solver.Set(eps)
	}
	if o.Run, err = f.run(); err != nil {
		return err
	}
	if err := masks.inheritFrom(args[0], &f.fitFlags); err != nil {
		return err
	}
	run, err := a.newRun(cmd, args, &f.fitFlags, outs, false)
	if err != nil {
		return err
	}
	run.remark = f.supposed(args[0])
	in, err := a.readArray(args[1])
	if err != nil {
		return err
	}
	if in.array.F32 != nil {
		return transformTuckerOf(cmd.Context(), run, t, o, masks, args[0], in, in.array.F32)
	}
	return transformTuckerOf(cmd.Context(), run, t, o, masks, args[0], in, in.array.F64)
}

// transformTuckerOf finds one factor for the array of one element type and
// writes the model.
func transformTuckerOf[T asm.Float](ctx context.Context, run *fitting, f *tuckerFlags, o tucker.Options, masks *maskFlags, dir string, in *input, x *tensor.Dense[T]) error {
	m, err := tucker.Load[T](dir)
	if err != nil {
		return err
	}
	if o.Mask, err = arrayMask(masks, in.facts.File, x); err != nil {
		return err
	}
	bar := run.watch(&o.Run)
	r, err := m.TransformMode(ctx, x, f.along, &o)
	bar.clear()
	if r == nil {
		return ofModel(dir, in.facts.File, err)
	}
	f.init = dir
	run.app.otherNames(in.facts.File, m.Axes, in.axes, f.along)
	r.Axes = sampled(m.Axes, in.axes, f.along)
	res := newTuckerResult(run.command, r, [][]float64{}, in.facts, f)
	res.Axes, res.Options["mode"] = axisResults(r.Axes), f.along
	masks.record(&res.result)
	return run.done(ctx, &res.result, res, r.Model, r.Report, nil)
}
