package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/models"
)

func (a *app) topCommand() *cobra.Command {
	var count int
	var only models.ModeList
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "top MODEL",
		Short: "The leading entries of every component, by name",
		Long: `top lists the entries of largest magnitude in every column of every factor of the
model in the folder MODEL: the index, counted from 0, the name or the place on the
axis where the folder has them (names_N.txt, axis_N.csv), the value, and its share of
the sum of the column's magnitudes.

Before them stand the shares of the components in the model: the inner product of a
component with the whole, over the square of the model's norm, so that they sum to 1
(100 %). Of a Tucker model these are instead the leading entries of the core with the
components that they bring together, a component of each mode; their share is that of
the sum of magnitudes, each times the lengths of its columns.

Of H of nmf the rows are listed, as mode 1. The signs of components of both signs are
turned in pairs so that the largest entries are positive in all modes but one, which
changes nothing of the array (R. Bro, E. Acar, T. Kolda, J. Chemometrics 22, 2008).`,
		Example: `  polyad top model
  polyad top model --count 10 --mode 1
  polyad top model --json`,
		Args: cobra.MaximumNArgs(1),
	}
	cmd.Flags().IntVar(&count, "count", 5, "how many entries of each column")
	cmd.Flags().Var(&only, "mode", "only these modes, such as 0 or 0,2")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = a.verb(func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return exit.Usagef("top takes the folder of a MODEL")
		case count < 1:
			return exit.Usagef("--count is %d; must be at least 1", count)
		}
		k, m, err := models.OpenModel(args[0])
		if err != nil {
			return err
		}
		m.SetSigns()
		shape := m.Shape()
		for _, n := range only {
			if n == models.CoreBlock || n >= len(shape) {
				return exit.Usagef("--mode=%s: the model has the modes 0 to %d", only, len(shape)-1)
			}
		}
		top := models.Leading{Schema: models.TopSchema, Model: filepath.ToSlash(args[0]), Kind: k.Facts().Name, Shape: shape, Modes: []models.LeadingMode{}}
		m.Leading(&top, count)
		for n, f := range m.Columns() {
			if f != nil && (len(only) == 0 || only.Has(n)) {
				top.Modes = append(top.Modes, models.LeadingOf(n, f, models.AxisOf(m.ModeAxes(), n), count))
			}
		}
		if asJSON {
			return console.JSON(a.out, top)
		}
		return top.Print(a.out)
	})
	return cmd
}
