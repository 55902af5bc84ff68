package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"polyad/cpd"
	"polyad/internal/report"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/nmf"
	"polyad/tucker"
)

// topSchema names the form of what top prints.
const topSchema = "polyad/top/1"

// leading is what top --json prints: the leading entries of each mode's components.
type leading struct {
	Schema string        `json:"schema"`
	Model  string        `json:"model"`
	Kind   string        `json:"kind"`
	Shape  []int         `json:"shape"`
	Modes  []leadingMode `json:"modes"`
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
			return usagef("top takes the folder of a MODEL")
		case count < 1:
			return usagef("--count is %d; must be at least 1", count)
		}
		shape, axes, factors, kind, err := columnsOf(args[0])
		if err != nil {
			return err
		}
		for _, n := range only {
			if n == coreBlock || n >= len(shape) {
				return usagef("--mode=%s: the model has the modes 0 to %d", only, len(shape)-1)
			}
		}
		top := leading{Schema: topSchema, Model: filepath.ToSlash(args[0]), Kind: kind, Shape: shape, Modes: []leadingMode{}}
		for n, f := range factors {
			if f == nil || len(only) > 0 && !only.has(n) {
				continue
			}
			var axis ndio.Axis
			if n < len(axes) {
				axis = axes[n]
			}
			top.Modes = append(top.Modes, leadingOf(n, f, axis, count))
		}
		if asJSON {
			return writeJSON(a.out, top)
		}
		return top.print(a.out)
	})
	return cmd
}

// columnsOf returns the factors of a model with a column per component, nil for
// modes that are left alone, and what is known of its modes.
func columnsOf(dir string) (shape []int, axes []ndio.Axis, factors []*matrix.Dense[float64], kind string, err error) {
	if kind, err = kindOf(dir); err != nil {
		return
	}
	switch kind {
	case "cpd":
		var m *cpd.Model[float64]
		if m, err = cpd.Load[float64](dir); err != nil {
			return
		}
		m.FixSigns()
		return m.Shape(), m.Axes, m.Factors, kind, nil
	case "tucker":
		var m *tucker.Model[float64]
		if m, err = tucker.Load[float64](dir); err != nil {
			return
		}
		if slices.ContainsFunc(m.Core.Data, func(v float64) bool { return v < 0 }) {
			m.FixSigns()
		}
		return m.Shape(), m.Axes, m.Factors, kind, nil
	}
	if err = checkModel(dir); err != nil {
		return
	}
	var m *nmf.Model[float64]
	if m, err = nmf.Load[float64](dir); err != nil {
		return
	}
	return []int{m.W.Rows, m.H.Cols}, m.Axes, []*matrix.Dense[float64]{m.W, m.H.Transpose()}, kind, nil
}

// leadingOf lists the leading entries of each column; zeros lead nothing.
func leadingOf(mode int, f *matrix.Dense[float64], axis ndio.Axis, count int) leadingMode {
	m := leadingMode{Mode: mode, Title: axis.Title, Unit: axis.Unit, Components: []leadingComponent{}, axis: axis}
	for q := range f.Cols {
		c := leadingComponent{Component: q, Entries: []leadingEntry{}}
		rows, shares := report.Leading(f, q, count)
		for k, i := range rows {
			e := leadingEntry{Index: i, Value: f.At(i, q), Share: shares[k]}
			if i < len(axis.Names) {
				e.Name = axis.Names[i]
			}
			if i < len(axis.Values) {
				e.At = &axis.Values[i]
			}
			c.Entries = append(c.Entries, e)
		}
		m.Components = append(m.Components, c)
	}
	return m
}

// widestName is how much of a name a line of 80 columns has room for.
const widestName = 40

// print prints the entries for people, a line each.
func (l *leading) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, %s, %s\n", plain(l.Model), l.Kind, shape(l.Shape))
	for _, m := range l.Modes {
		if name, first, second, count := m.axis.Repeated(); count > 0 {
			fmt.Fprintf(w, "\nmode %d: names repeat earlier ones %d times, as %s of index %d and of %d; indices tell them apart\n", m.Mode, count, strconv.Quote(report.Shortened(plain(name), widestName)), first, second)
		}
		for _, c := range m.Components {
			fmt.Fprintf(w, "\ncomponent %d, mode %d", c.Component, m.Mode)
			if h := (ndio.Axis{Title: m.Title, Unit: m.Unit}).Heading(); h != "" {
				fmt.Fprintf(w, ": %s", plain(h))
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
					fmt.Fprintf(t, "  %s", report.Shortened(plain(label), widestName))
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

// explained tells a relative error with the share of the data that is explained.
func explained(relError float64) string {
	return fmt.Sprintf("%.6g (%s explained)", relError, percent(relError))
}

// percent tells the share of the data that a relative error leaves explained, with
// two digits of what is not: 100 % stands for rounding alone.
func percent(relError float64) string {
	rest := 100 * relError * relError
	digits := 2
	if rest < 1 && rest > 1e-13 {
		digits = 1 - int(math.Floor(math.Log10(rest)))
	}
	text := strconv.FormatFloat(100-rest, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " %"
}
