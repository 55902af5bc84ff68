package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/matrix"
	"polyad/tensor"
)

func (a *app) nmfCommand() *cobra.Command {
	var f fitFlags
	var outs outFlags
	var masks maskFlags
	cmd := &cobra.Command{
		Use:   "nmf FILE",
		Short: "Nonnegative matrix factorization X ≈ W·H of an array file",
		Long: `nmf factorizes a nonnegative matrix X (m x n) into W (m x r) and H (r x n), both
nonnegative, by minimizing

    D(X, W·H) + l1 and l2 penalties on W and H

FILE is a .npy, .npz, .csv, .tsv, .txt, .dat, .mtx or .mat file (MATLAB's, up to
-v7), all but .npz and .mat also with .gz, or - for standard input; of several
arrays FILE.npz:NAME or FILE.mat:NAME chooses one. Header line and index column of
a table are found; what was taken for them is told on standard error.
With --out DIR the folder receives W.npy, H.npy, trace.csv and result.json.

A penalty on one factor alone means nothing, since the other can take over its
scale: penalize both. They are then balanced after every sweep, with --balance
block after every update of W and of H, and only the product of the two weights
matters.

Components are counted from 0 everywhere: component 0 is the first.

Entries may be missing: --missing nan takes every NaN for one, --mask FILE those
where a second file is 0. They have no part in the loss, and the model says what
they may have been.`,
		Example: `  polyad nmf X.npy -r 10 -o model
  polyad nmf X.npy -r 10 --loss kl --l1 all=0.1 -o model --report model.html
  polyad nmf counts.csv -r 4 --loss kl --max-iter 500 --tol 1e-8 --json
  polyad nmf X.npy -r 10 --method anls --l2 all=0.1 -o model
  polyad nmf ratings.csv -r 10 --missing nan -o model
  polyad nmf X.npy -r 10 --init model -o better`,
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
		run, err := a.newFitting(cmd, args, &f, &outs, false)
		if err != nil {
			return err
		}
		in, err := a.readArray(args[0])
		if err != nil {
			return err
		}
		if in.array.F32 != nil {
			return nmfOf(cmd.Context(), run, &masks, in, in.array.F32)
		}
		return nmfOf(cmd.Context(), run, &masks, in, in.array.F64)
	})
	return cmd
}

// nmfOf fits the array of one element type and writes what was asked for.
func nmfOf[T asm.Float](ctx context.Context, run *fitting, masks *maskFlags, in *input, t *tensor.Dense[T]) error {
	if err := checkMatrix(in.facts.File, t); err != nil {
		return err
	}
	x := t.Matrix()
	mask, err := maskOf(masks, in.facts.File, x)
	if err != nil {
		return err
	}
	run.options.Mask = mask
	r, ended := fit(ctx, run, in.facts.File, x)
	if r == nil {
		return ended
	}
	r.Axes = either(in.axes, r.Axes)
	res := newResult(run.command, r, in.facts, run.flags)
	res.Axes = axisResults(r.Axes)
	res.Size = storageOf[T](in.facts, (r.W.Rows+r.H.Cols)*r.Rank())
	masks.record(res)
	return run.done(ctx, res, res, r.Model, r.Report, func(w io.Writer) error {
		return writeNMFPage(w, res, r.Trace, matrix.Convert[float64](r.W), matrix.Convert[float64](r.H), r.Axes)
	})
}
