package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/internal/report"
	"polyad/matrix"
	"polyad/ndio"
)

// topSchema names the form of what top prints.
const topSchema = "polyad/top/1"

// leading is what top --json prints: the leading entries of each mode's components.
type leading struct {
	Schema string        `json:"schema"`
	Model  string        `json:"model"`
	Kind   string        `json:"kind"`
	Shape  []int         `json:"shape"`
	Shares []float64     `json:"shares,omitempty"` // of each component in the model: nmf, cpd
	Core   []coreEntry   `json:"core,omitempty"`   // tucker
	Modes  []leadingMode `json:"modes"`
}

// coreEntry is an entry of the core. Share is its part of the sum of the magnitudes
// of all, each times the lengths of the columns that it brings together.
type coreEntry struct {
	Index []int   `json:"index"`
	Value float64 `json:"value"`
	Share float64 `json:"share"`
}

type leadingMode struct {
	Mode       int                `json:"mode"`
	Title      string             `json:"title,omitempty"`
	Unit       string             `json:"unit,omitempty"`
	Components []leadingComponent `json:"components"`

	axis ndio.Axis
}

type leadingComponent struct {
	Component int            `json:"component"`
	Entries   []leadingEntry `json:"entries"`
}

// leadingEntry is an entry of a column. Share is its part of the column's sum of
// magnitudes.
type leadingEntry struct {
	Index int      `json:"index"`
	Name  string   `json:"name,omitempty"`
	At    *float64 `json:"at,omitempty"` // its place on the axis
	Value float64  `json:"value"`
	Share float64  `json:"share"`
}

func (a *app) topCommand() *cobra.Command {
	var count int
	var only modeList
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
		k, m, err := openModel(args[0])
		if err != nil {
			return err
		}
		m.fixSigns()
		shape := m.Shape()
		for _, n := range only {
			if n == coreBlock || n >= len(shape) {
				return exit.Usagef("--mode=%s: the model has the modes 0 to %d", only, len(shape)-1)
			}
		}
		top := leading{Schema: topSchema, Model: filepath.ToSlash(args[0]), Kind: k.facts().name, Shape: shape, Modes: []leadingMode{}}
		m.leading(&top, count)
		for n, f := range m.columns() {
			if f != nil && (len(only) == 0 || only.has(n)) {
				top.Modes = append(top.Modes, leadingOf(n, f, axisOf(m.axes(), n), count))
			}
		}
		if asJSON {
			return console.JSON(a.out, top)
		}
		return top.print(a.out)
	})
	return cmd
}

// axisOf returns what is known of a mode.
func axisOf(axes []ndio.Axis, n int) ndio.Axis {
	if n < len(axes) {
		return axes[n]
	}
	return ndio.Axis{}
}

// leadingOf lists the leading entries of each column.
func leadingOf(mode int, f *matrix.Dense[float64], axis ndio.Axis, count int) leadingMode {
	m := leadingMode{Mode: mode, Title: axis.Title, Unit: axis.Unit, Components: []leadingComponent{}, axis: axis}
	for q := range f.Cols {
		m.Components = append(m.Components, leadingComponent{q, leadingEntries(f, q, axis, count)})
	}
	return m
}

// leadingEntries lists the leading entries of a column; zeros lead nothing.
func leadingEntries(f *matrix.Dense[float64], q int, axis ndio.Axis, count int) []leadingEntry {
	entries := []leadingEntry{}
	rows, shares := report.Leading(f, q, count)
	for k, i := range rows {
		e := leadingEntry{Index: i, Value: f.At(i, q), Share: shares[k]}
		if i < len(axis.Names) {
			e.Name = axis.Names[i]
		}
		if i < len(axis.Values) {
			e.At = &axis.Values[i]
		}
		entries = append(entries, e)
	}
	return entries
}

// widestName is how much of a name a line of 80 columns has room for.
const widestName = 40

// print prints the entries for people, a line each.
func (l *leading) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, %s, %s\n", console.Plain(l.Model), l.Kind, console.Shape(l.Shape))
	if err := l.printParts(w); err != nil {
		return err
	}
	for _, m := range l.Modes {
		if name, first, second, count := m.axis.Repeated(); count > 0 {
			fmt.Fprintf(w, "\nmode %d: names repeat earlier ones %d times, as %s of index %d and of %d; indices tell them apart\n", m.Mode, count, strconv.Quote(report.Shortened(console.Plain(name), widestName)), first, second)
		}
		for _, c := range m.Components {
			fmt.Fprintf(w, "\ncomponent %d, mode %d", c.Component, m.Mode)
			if h := (ndio.Axis{Title: m.Title, Unit: m.Unit}).Heading(); h != "" {
				fmt.Fprintf(w, ": %s", console.Plain(h))
			}
			fmt.Fprintln(w)
			if len(c.Entries) == 0 {
				fmt.Fprintln(w, "  nothing but zeros")
				continue
			}
			t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
			fmt.Fprintln(t, "  index\tvalue\tshare\t")
			for _, e := range c.Entries {
				fmt.Fprintf(t, "  %d\t%.4g\t%.1f %%\t", e.Index, e.Value, 100*e.Share)
				if label := m.axis.Label(e.Index); label != "" {
					fmt.Fprintf(t, "  %s", report.Shortened(console.Plain(label), widestName))
				}
				fmt.Fprintln(t)
			}
			if err := t.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// printParts prints what each component, or each of the leading entries of a core, has
// of the model.
func (l *leading) printParts(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(l.Shares) > 0 {
		fmt.Fprintln(t, "\n  component\tshare\t")
	}
	for q, share := range l.Shares {
		fmt.Fprintf(t, "  %d\t%.1f %%\t\n", q, 100*share)
	}
	if len(l.Core) > 0 {
		fmt.Fprintln(t, "\n  components\tcore\tshare\t")
	}
	for _, e := range l.Core {
		fmt.Fprintf(t, "  %s\t%.4g\t%.1f %%\t\n", sizes(e.Index), e.Value, 100*e.Share)
	}
	return t.Flush()
}
