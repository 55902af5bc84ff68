package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/input"
	"polyad/cmd/polyad/internal/models"
	"polyad/cmd/polyad/internal/output"
	"polyad/tensor"
)

// transformFlags are the flags of fits that mean something when all but one factor
// stay.
var transformFlags = []string{"loss", "method", "inner", "extrapolate", "l1", "l2", "lp", "trace-every", "max-iter", "tol", "max-time", "seed", "workers", "eps"}

func (a *app) transformCommand() *cobra.Command {
	var f models.FitFlags
	var outs output.Flags
	var masks input.MaskFlags
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
	f.RegisterSome(cmd.Flags(), transformFlags...)
	cmd.Flags().Lookup("method").Usage = "nmf: hals, mu, als or anls; cpd: als, hals or mu; tucker: hals or mu; only mu takes losses other than frobenius; default: see above"
	f.RegisterNonneg(cmd.Flags(), "cpd, tucker: the new factor is nonnegative")
	cmd.Flags().IntVar(&f.Along, "mode", -1, "the mode along which the samples are new; default the last one, in nmf 1, the columns")
	masks.Register(cmd.Flags(), &a.input.Data)
	a.input.Data.RegisterType(cmd.Flags())
	a.input.Names.Register(cmd.Flags())
	outs.RegisterFolder(cmd.Flags())
	cmd.RunE = a.verb(func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < 2:
			return exit.Usagef("transform takes the folder of a MODEL and a FILE of new data")
		case outs.Out == "" && !cmd.Flags().Changed("out"):
			return exit.Usagef("the folder for the model is missing; give it with -o")
		}
		if err := masks.Check(); err != nil {
			return err
		}
		return a.transform(cmd, args, &f, &masks, &outs)
	})
	return cmd
}

// transform finds one factor for new data.
func (a *app) transform(cmd *cobra.Command, args []string, f *models.FitFlags, masks *input.MaskFlags, outs *output.Flags) error {
	k, m, err := models.OpenModel(args[0])
	if err != nil {
		return err
	}
	if err := f.CheckBlocks(k, args[0]); err != nil {
		return err
	}
	keys := k.Keys(len(m.Shape()))
	if err := f.ChooseMode(keys, len(m.Shape())); err != nil {
		return err
	}
	of, err := f.Saved(args[0], m)
	if err != nil {
		return err
	}
	if !f.Changed("nonneg") && slices.Contains(of.Saved.Options.Nonneg, f.Along) {
		f.Nonneg = models.ModeList{f.Along}
	}
	if err := f.Inherit(of, keys[f.Along:f.Along+1]); err != nil {
		return err
	}
	if !f.Changed("method") && f.OtherDegrees() { // which no other method takes
		f.Method = "mu"
	}
	masks.Inherit(of.Saved.Options.Missing)
	p, err := k.Transform(f, of)
	if err != nil {
		return err
	}
	run, err := a.host().NewRun(cmd, args, k, f, outs, false)
	if err != nil {
		return err
	}
	run.Remark = f.Supposed(of)
	in, err := a.input.Read(args[1])
	if err != nil {
		return err
	}
	a.input.OtherNames(in.Facts.File, m.ModeAxes(), in.Axes, f.Along)
	f.Init = args[0]
	if in.Array.F32 != nil {
		return models.Compute(cmd.Context(), run, p, transformation(p.Work32, f.Along), in, masks, in.Array.F32)
	}
	return models.Compute(cmd.Context(), run, p, transformation(p.Work64, f.Along), in, masks, in.Array.F64)
}

// transformation is a transform that records its mode.
func transformation[T asm.Float](w models.Work[T], along int) models.Computation[T] {
	return func(ctx context.Context, run *models.Fitting, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*models.Outcome, error) {
		out, err := w.Transform(ctx, run, in, x, mask)
		if err == nil {
			out.Options["mode"] = along
		}
		return out, err
	}
}
