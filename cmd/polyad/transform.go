package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"polyad/asm"
	"polyad/nmf"
	"polyad/solver"
	"polyad/tensor"
)

// transformFlags are the flags of fits that mean something when all but one factor
// stay.
var transformFlags = []string{"loss", "method", "inner", "extrapolate", "l1", "l2", "lp", "trace-every", "max-iter", "tol", "max-time", "seed", "workers", "eps"}

// registerSome registers some of the flags of nmf for a verb that takes models of
// all kinds; penalties are collected by name and by mode.
func (f *cpdFlags) registerSome(fs *pflag.FlagSet, names ...string) {
	var all cobra.Command
	f.fitFlags.register(&all)
	for _, name := range names {
		fs.AddFlag(all.Flags().Lookup(name))
	}
	fs.SortFlags = false
	f.set = fs
	for _, name := range []string{"l1", "l2", "lp"} {
		f.listen(fs.Lookup(name).Value.(*penaltyFlag))
	}
	fs.Lookup("l1").Usage = "penalty V·||BLOCK||_1; BLOCK is w, h, a mode number, or all; repeatable, the last one of a block wins"
}

func (a *app) transformCommand() *cobra.Command {
	var f cpdFlags
	var outs outFlags
	var masks maskFlags
	cmd := &cobra.Command{
		Use:   "transform MODEL FILE",
		Short: "New data in the basis of an old model: one factor is found",
		Long: `transform finds one factor for the data in FILE, new samples, in the basis of
the model in the folder MODEL, whose other factors stay:

    nmf      H (r x n) for the columns of FILE (m x n), W stays; with --mode 0 W for its rows
    cpd      the factor of the last mode, or of --mode; weights and other factors stay
    tucker   likewise; core and other factors stay

--out receives the whole model, trace.csv and result.json, as a fit leaves them.

The loss, the penalty on what is found, whether that is nonnegative, and --missing
are what MODEL/result.json tells of, so that the data of the fit get the factor of the fit;
flags replace them. Each sample is found on its own, for frobenius exactly (by anls
and als; in a Tucker model hals begins there) where nothing forbids it: missing
entries, a floor (--eps), l1 on a factor of both signs.`,
		Example: `  polyad nmf old.npy -r 10 -o model
  polyad transform model new.npy -o coded
  polyad transform model newrows.csv --mode 0 -o coded
  polyad transform model new.npy --loss kl --l1 h=0 --tol 1e-9 -o coded
  polyad transform parts subjects.npy --mode 0 -o coded
  polyad transform parts week2.npy --nonneg --l1 2=0.1 -o coded`,
		Args: cobra.MaximumNArgs(2),
	}
	f.registerSome(cmd.Flags(), transformFlags...)
	cmd.Flags().Lookup("method").Usage = "nmf: hals, mu, als or anls; cpd: als, hals or mu; tucker: hals or mu; only mu takes losses other than frobenius; default: see above"
	cmd.Flags().Var(&f.nonneg, "nonneg", "cpd, tucker: the new factor is nonnegative")
	cmd.Flags().Lookup("nonneg").NoOptDefVal = "all"
	cmd.Flags().IntVar(&f.along, "mode", -1, "the mode along which the samples are new; default the last one, in nmf 1, the columns")
	masks.register(cmd.Flags(), &a.data)
	a.data.registerType(cmd.Flags())
	a.names.register(cmd.Flags())
	outs.registerFolder(cmd.Flags())
	cmd.RunE = a.verb(func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < 2:
			return usagef("transform takes the folder of a MODEL and a FILE of new data")
		case outs.out == "" && !cmd.Flags().Changed("out"):
			return usagef("the folder for the model is missing; give it with -o")
		}
		if err := masks.check(); err != nil {
			return err
		}
		kind, err := kindOf(args[0])
		if err != nil {
			return err
		}
		switch kind.name {
		case "cpd":
			return a.transformCPD(cmd, args, &f, &masks, &outs)
		case "tucker":
			return a.transformTucker(cmd, args, &f, &masks, &outs)
		}
		return a.transformNMF(cmd, args, &f, &masks, &outs)
	})
	return cmd
}

// transformNMF is transform for a nonnegative matrix factorization.
func (a *app) transformNMF(cmd *cobra.Command, args []string, f *cpdFlags, masks *maskFlags, outs *outFlags) error {
	if err := checkModel(args[0]); err != nil {
		return err
	}
	if err := f.noModes(); err != nil {
		return err
	}
	block := "h"
	switch {
	case !f.changed("mode"):
		f.along = 1
	case f.along == 0:
		block = "w"
	case f.along != 1:
		return usagef("--mode %d: a matrix has the modes 0, rows, and 1, columns", f.along)
	}
	eps, err := f.inherit(args[0], block)
	if err != nil {
		return err
	}
	if err := masks.inheritFrom(args[0], &f.fitFlags); err != nil {
		return err
	}
	f.chooseMethod()
	f.rank = 1 // as many as the model has
	run, err := a.newFitting(cmd, args, &f.fitFlags, outs, false)
	if err != nil {
		return err
	}
	if o := &run.options; o.Loss.NeedsPositive() && !o.Eps.IsSet() && eps > 0 {
		o.Eps = solver.Set(eps)
	}
	run.remark = f.supposed(args[0])
	in, err := a.readArray(args[1])
	if err != nil {
		return err
	}
	if in.array.F32 != nil {
		return transformNMFOf(cmd.Context(), run, masks, args[0], f.along, in, in.array.F32)
	}
	return transformNMFOf(cmd.Context(), run, masks, args[0], f.along, in, in.array.F64)
}

// transformNMFOf finds one factor for the array of one element type and writes the model.
func transformNMFOf[T asm.Float](ctx context.Context, run *fitting, masks *maskFlags, dir string, along int, in *input, t *tensor.Dense[T]) error {
	if err := checkMatrix(in.facts.File, t); err != nil {
		return err
	}
	m, err := nmf.Load[T](dir)
	if err != nil {
		return err
	}
	if err := checkFinite(dir, m); err != nil {
		return err
	}
	x := t.Matrix()
	o := run.options
	if o.Mask, err = maskOf(masks, in.facts.File, x); err != nil {
		return err
	}
	o.Restarts = 0
	if !run.flags.methodGiven() {
		o.Method = nil // Transform knows the best one
	}
	bar := run.watch(&o.Run)
	r, ended := m.TransformMode(ctx, x, along, &o)
	bar.clear()
	if r == nil {
		return ofModel(dir, in.facts.File, ended)
	}
	run.flags.init = dir
	run.app.otherNames(in.facts.File, m.Axes, in.axes, along)
	r.Axes = sampled(m.Axes, in.axes, along)
	res := newResult(run.command, r, in.facts, run.flags)
	res.Axes, res.Options["mode"] = axisResults(r.Axes), along
	masks.record(res)
	return run.done(ctx, res, res, r.Model, r.Report, nil)
}

// methodGiven reports whether flags say by what method to fit.
func (f *fitFlags) methodGiven() bool {
	return f.method != "" || f.changed("inner") || f.changed("extrapolate")
}

// onlyLast settles along which mode of so many the samples are new, and refuses flags
// about modes that stay.
func (f *cpdFlags) onlyLast(order int) error {
	end := order - 1
	switch {
	case !f.changed("mode"):
		f.along = end
	case f.along < 0 || f.along > end:
		return usagef("--mode %d: the model has the modes 0 to %d", f.along, end)
	}
	last := f.along
	for _, n := range f.nonneg {
		if n >= order {
			return usagef("--nonneg=%s: the model has the modes 0 to %d", f.nonneg, end)
		}
	}
	for _, p := range f.modes {
		if p.mode >= order {
			return usagef("--%s: block %d, but the model has the modes 0 to %d", p.kind, p.mode, end)
		}
		if p.mode == coreBlock && p.weight > 0 {
			return usagef("--%s: the core stays as the model has it, so a penalty on it has no effect; only mode %d is found", p.kind, last)
		}
		if p.mode >= 0 && p.mode != last && p.weight > 0 {
			return usagef("--%s: mode %d stays as the model has it, so a penalty on it has no effect; only mode %d is found", p.kind, p.mode, last)
		}
	}
	if len(f.nonneg) > 0 && !f.nonneg.has(last) {
		return usagef("--nonneg=%s has no effect: only mode %d is found; give --nonneg", f.nonneg, last)
	}
	return nil
}

// inheritLast takes over from a saved fit what flags do not say: the loss, and the
// penalty and nonnegativity of the mode of the new samples, of so many. It returns the floor of
// that fit.
func (f *cpdFlags) inheritLast(dir string, order int) (eps float64, err error) {
	if err := f.onlyLast(order); err != nil {
		return 0, err
	}
	s, err := f.readOwn(dir)
	if s == nil {
		return 0, err
	}
	o := &s.Options
	if !f.changed("loss") && o.Loss != "" {
		f.loss = o.Loss
	}
	for _, n := range o.Nonneg {
		if n == f.along && !f.changed("nonneg") {
			f.nonneg = modeList{n}
		}
	}
	if len(f.modes) > 0 {
		return o.Eps, nil
	}
	given, err := s.penalties(strconv.Itoa(f.along))
	if err != nil {
		return 0, err
	}
	for _, p := range given {
		f.modes = append(f.modes, modePenalty{f.along, p})
	}
	if s.rescaled() && f.anyWeight() {
		return 0, usagef("%s was normalized after a fit with penalties, whose weights are not those of its scale any more; give --l1, --l2 or --lp (--l1 all=0 for none)", dir)
	}
	return o.Eps, nil
}
