package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/input"
	"polyad/cmd/polyad/internal/models"
	"polyad/tensor"
)

func (a *app) evalCommand() *cobra.Command {
	var f models.FitFlags
	var masks input.MaskFlags
	var other models.Comparison
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "eval MODEL [FILE]",
		Short: "How well a model fits data, how dense it is, how like another one",
		Long: `eval measures the model in the folder MODEL: the norms and densities of its
factors; the loss, penalties and relative error for the data in FILE; and with
--against the factor match score with another model (1: the same components). Of a
tensor decomposition it also tells each component's part of the model, which
components nearly cancel, and with FILE the core consistency (100: no interactions).

With --against the first row says how much of the other model's components was
found: the sum of the scores of matched components over the number of components of
the other model that are not zero, so that one that is missing costs its share. The
factor match score is the mean over matched pairs, and the same in both directions.
--skip-mode leaves a mode out, as that of the samples of two halves of the data.

Where both models have names of a mode, the same ones in another order, the rows of the
other model are put into the order of MODEL first; by which entries matched components
lead is told by name.

With --against each factor also gets the signal to interference ratio of the
components of the two models that are most alike in it: -20·log10 of their distance
as columns of length 1, in dB, at most 300, which means equal; those that have
nothing in common have -3. Instead, the columns of a Tucker model's factors are
matched mode by mode, and the arrays that the models stand for compared by the cosine
of the angle between them.

With FILE the indices of each mode are named that have most of the squared error, and
with --mask the error over the entries that it leaves out, which are held out, stands
beside that over the others.

Loss, penalties and floor are those that MODEL/result.json tells of, unless flags
say otherwise; so is --missing, while --mask is to be given again. Entries at the
floor count as zeros, and a component that is zero matches nothing.`,
		Example: `  polyad eval model X.npy
  polyad eval model X.npy --loss kl --l1 all=0 --json
  polyad eval model --against truth
  polyad eval half --against other-half --skip-mode 0`,
		Args: cobra.MaximumNArgs(2),
	}
	f.RegisterSome(cmd.Flags(), "loss", "l1", "l2", "lp", "eps", "workers")
	masks.Register(cmd.Flags(), &a.input.Data)
	other.Register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = a.verb(func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return exit.Usagef("eval takes the folder of a MODEL, and a FILE of data")
		}
		if err := masks.Check(); err != nil {
			return err
		}
		if len(other.Skip) > 0 && other.Dir == "" {
			return exit.Usagef("--skip-mode has no effect without --against")
		}
		e := &models.Evaluation{Schema: models.EvalSchema, Command: console.CommandLine(cmd, args), Model: filepath.ToSlash(args[0]), Blocks: map[string]models.BlockEval{}}
		if err := a.evaluate(cmd, e, &f, &masks, args, &other); err != nil {
			return err
		}
		if err := console.JSON(io.Discard, e); err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		if asJSON {
			return console.JSON(a.out, e)
		}
		return e.Print(a.out)
	})
	return cmd
}

// evaluate fills in all that was asked for.
func (a *app) evaluate(cmd *cobra.Command, e *models.Evaluation, f *models.FitFlags, masks *input.MaskFlags, args []string, other *models.Comparison) error {
	k, m, err := models.OpenModel(args[0])
	if err != nil {
		return err
	}
	var with models.ModelOf[float64]
	if cmd.Flags().Changed("against") {
		theirs, opened, err := models.OpenModel(other.Dir)
		switch {
		case err != nil:
			return fmt.Errorf("--against: %w", err)
		case theirs != k:
			return fmt.Errorf("%s and %s are models of different kinds", args[0], other.Dir)
		}
		with, other.Model = opened, e.Model
	}
	if len(args) == 1 {
		for _, name := range append([]string{"loss", "l1", "l2", "lp", "workers", "mask", "missing"}, input.DataFlagNames...) {
			if f.Changed(name) {
				return exit.Usagef("--%s has no effect without a FILE of data", name)
			}
		}
	}
	if err := f.CheckBlocks(k, args[0]); err != nil {
		return err
	}
	of, err := f.Saved(args[0], m)
	if err != nil && !(errors.Is(err, models.ErrStale) && len(args) == 1) {
		return err
	}
	if f.Changed("eps") {
		of.Eps = f.Eps
	}
	e.Kind, e.Shape, e.Eps, e.RankWords = k.Facts().Name, m.Shape(), of.Eps, m.RankWords()
	m.Measure(e)
	if with != nil {
		if e.Against, err = m.Compare(with, other, of.Eps); err != nil {
			return fmt.Errorf("--against %s: %w", other.Dir, err)
		}
	}
	if len(args) == 1 {
		return nil
	}
	if err := f.Inherit(of, k.Keys(len(e.Shape))); err != nil {
		return err
	}
	masks.Inherit(of.Saved.Options.Missing)
	p, err := k.Evaluate(f, of)
	if err != nil {
		return err
	}
	in, err := a.input.Read(args[1])
	if err != nil {
		return err
	}
	if in.Array.F32 != nil {
		e.FitEval, err = evaluateData(cmd.Context(), p, p.Work32, of, in, masks, in.Array.F32)
	} else {
		e.FitEval, err = evaluateData(cmd.Context(), p, p.Work64, of, in, masks, in.Array.F64)
	}
	return err
}

// evaluateData evaluates the objective of a model for data of one element type.
func evaluateData[T asm.Float](ctx context.Context, p *models.Plan, w models.Work[T], of *models.SavedModel, in *input.Array, masks *input.MaskFlags, x *tensor.Dense[T]) (*models.FitEval, error) {
	if p.Settle != nil {
		if err := p.Settle(in); err != nil {
			return nil, err
		}
	}
	if !slices.Equal(x.Shape, of.Shape) {
		return nil, models.OtherShape(in, of.Dir, of.Shape)
	}
	mask, err := input.ArrayMask(masks, in.Facts.File, x)
	if err != nil {
		return nil, err
	}
	return w.Evaluate(ctx, in, x, mask)
}
