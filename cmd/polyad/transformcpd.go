package main

import (
	"context"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/cpd"
	"polyad/solver"
	"polyad/tensor"
)

// transformCPD is transform for a canonical polyadic model.
func (a *app) transformCPD(cmd *cobra.Command, args []string, f *cpdFlags, masks *maskFlags, outs *outFlags) error {
	if err := f.coreless(args[0]); err != nil {
		return err
	}
	m, err := cpd.Load[float64](args[0])
	if err != nil {
		return err
	}
	order := len(m.Factors)
	eps, err := f.inheritLast(args[0], order)
	if err != nil {
		return err
	}
	if !f.changed("method") && f.otherDegrees() {
		f.method = "mu"
	}
	f.rank, f.init, f.balance, f.restarts, f.normalize = m.Rank(), "", "auto", 1, "none"
	o, err := f.options()
	if err != nil {
		return err
	}
	if !f.methodGiven() {
		o.Method = nil // Transform knows the best one
	}
	if o.Loss.NeedsPositive() && !o.Eps.IsSet() && eps > 0 {
		o.Eps = solver.Set(eps)
	}
	if err := masks.inheritFrom(args[0], &f.fitFlags); err != nil {
		return err
	}
	var fixed cpd.Modes
	for n := range order {
		if n != f.along {
			fixed = append(fixed, n)
		}
	}
	if o.Penalty, err = f.penalties(order, fixed); err != nil {
		return err
	}
	o.Restarts = 0
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
		return transformCPDOf(cmd.Context(), run, f, o, masks, args[0], in, in.array.F32)
	}
	return transformCPDOf(cmd.Context(), run, f, o, masks, args[0], in, in.array.F64)
}

// transformCPDOf finds one factor for the array of one element type and
// writes the model.
func transformCPDOf[T asm.Float](ctx context.Context, run *fitting, f *cpdFlags, o cpd.Options, masks *maskFlags, dir string, in *input, x *tensor.Dense[T]) error {
	m, err := cpd.Load[T](dir)
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
	res := newCPDResult(run.command, r, in.facts, f)
	res.Axes, res.Options["mode"] = axisResults(r.Axes), f.along
	masks.record(res)
	return run.done(ctx, res, res, r.Model, r.Report, nil)
}
