package main

import (
	"github.com/spf13/cobra"

	"polyad/cmd/polyad/internal/input"
	"polyad/cmd/polyad/internal/models"
	"polyad/cmd/polyad/internal/output"
)

// fitCommand returns the verb that fits models of a kind.
func (a *app) fitCommand(k models.Kind) *cobra.Command {
	var f models.FitFlags
	var outs output.Flags
	var masks input.MaskFlags
	about := k.Facts()
	cmd := &cobra.Command{Use: about.Name + " FILE", Short: about.Short, Long: about.Long, Example: about.Example, Args: oneFile(false)}
	f.Register(cmd.Flags(), k)
	masks.Register(cmd.Flags(), &a.input.Data)
	a.input.Data.RegisterType(cmd.Flags())
	a.input.Names.Register(cmd.Flags())
	outs.Register(cmd.Flags())
	cmd.RunE = a.verb(func(cmd *cobra.Command, args []string) error {
		if err := masks.Check(); err != nil {
			return err
		}
		p, err := k.Fit(&f)
		if err != nil {
			return err
		}
		run, err := a.host().NewRun(cmd, args, k, &f, &outs, false)
		if err != nil {
			return err
		}
		in, err := a.input.Read(args[0])
		if err != nil {
			return err
		}
		if in.Array.F32 != nil {
			return models.Compute(cmd.Context(), run, p, p.Work32.Fit, in, &masks, in.Array.F32)
		}
		return models.Compute(cmd.Context(), run, p, p.Work64.Fit, in, &masks, in.Array.F64)
	})
	return cmd
}
