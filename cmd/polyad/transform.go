package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/ndio"
	"polyad/nmf"
	"polyad/solver"
	"polyad/tensor"
)

// transformFlags are the flags of fits that mean something when W stays.
var transformFlags = []string{"loss", "method", "inner", "extrapolate", "l1", "l2", "lp", "trace-every", "max-iter", "tol", "max-time", "seed", "workers", "eps"}

func (a *app) transformCommand() *cobra.Command {
	var f fitFlags
	var outs outFlags
	var masks maskFlags
	cmd := &cobra.Command{
		Use:   "transform MODEL FILE",
		Short: "New data in the basis of an old model: H for the columns of FILE, W stays",
		Long: `transform finds H for the columns of FILE (m x n, new samples) in the basis of a
model that polyad nmf or polyad audio has written into the folder MODEL: W stays,
and --out receives H.npy (r x n), trace.csv and result.json.

The loss and the penalty on H are those that MODEL/result.json tells of, so that
the data of the fit get the H of the fit; flags replace them. Each column is found
on its own, for frobenius exactly (method anls) unless entries are missing.`,
		Example: `  polyad nmf old.npy -r 10 -o model
  polyad transform model new.npy -o coded
  polyad transform model new.npy --loss kl --l1 h=0 --tol 1e-9 -o coded`,
		Args: cobra.MaximumNArgs(2),
	}
	var all cobra.Command
	f.register(&all)
	for _, name := range transformFlags {
		cmd.Flags().AddFlag(all.Flags().Lookup(name))
	}
	cmd.Flags().SortFlags = false
	f.set = cmd.Flags()
	masks.register(cmd.Flags())
	outs.registerFolder(cmd.Flags())
	cmd.RunE = a.verb(func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < 2:
			return usagef("transform takes the folder of a MODEL and a FILE of new data")
		case outs.out == "" && !cmd.Flags().Changed("out"):
			return usagef("the folder for H.npy is missing; give it with -o")
		}
		if err := masks.check(); err != nil {
			return err
		}
		if err := checkModel(args[0]); err != nil {
			return err
		}
		eps, err := f.inherit(args[0], "h")
		if err != nil {
			return err
		}
		f.chooseMethod()
		f.rank = 1 // as many as the model has
		run, err := a.newFitting(cmd, args, &f, &outs, false)
		if err != nil {
			return err
		}
		if o := &run.options; o.Loss.NeedsPositive() && !o.Eps.IsSet() && eps > 0 {
			o.Eps = solver.Set(eps)
		}
		in, err := a.readArray(args[1])
		if err != nil {
			return err
		}
		if in.array.F32 != nil {
			return transformOf(cmd.Context(), run, &masks, args[0], in, in.array.F32)
		}
		return transformOf(cmd.Context(), run, &masks, args[0], in, in.array.F64)
	})
	return cmd
}

// transformOf finds H for the array of one element type and writes it.
func transformOf[T asm.Float](ctx context.Context, run *fitting, masks *maskFlags, dir string, in *input, t *tensor.Dense[T]) error {
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
	if f := run.flags; f.method == "" && !f.changed("inner") && !f.changed("extrapolate") {
		o.Method = nil // Transform knows the best one
	}
	run.app.working.Store(true)
	bar := newProgress(run.app.err, run.outs.progress, run.outs.quiet)
	if bar != nil {
		o.Run.Observe = []solver.Observer{bar.observe}
	}
	r, ended := m.Transform(ctx, x, &o)
	bar.clear()
	if r == nil {
		if ended = ofModel(dir, ended); exitCode(ended) == exitUsage {
			return ended
		}
		return fmt.Errorf("%s: %w", in.facts.File, ended)
	}
	run.flags.init = dir
	res := newResult(run.command, r, in.facts, run.flags)
	masks.record(res)
	err = run.dir.fill(func(out string) error {
		if err := ndio.WriteFile(filepath.Join(out, "H.npy"), tensor.FromMatrix(r.H)); err != nil {
			return err
		}
		if err := writeTo(filepath.Join(out, "trace.csv"), func(w io.Writer) error { return writeTrace(w, r.Trace) }); err != nil {
			return err
		}
		return writeTo(filepath.Join(out, "result.json"), func(w io.Writer) error { return writeJSON(w, res) })
	})
	if err != nil {
		return err
	}
	if err := run.tell(res, res); err != nil {
		return err
	}
	return run.ending(ctx, r.Status)
}
