package models

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"polyad/cmd/polyad/internal/console"
	"polyad/internal/report"
	"polyad/matrix"
	"polyad/ndio"
)

// TopSchema names the form of what top prints.
const TopSchema = "polyad/top/1"

// Leading is what top --json prints: the leading entries of each mode's components.
type Leading struct {
	Schema string        `json:"schema"`
	Model  string        `json:"model"`
	Kind   string        `json:"kind"`
	Shape  []int         `json:"shape"`
	Shares []float64     `json:"shares,omitempty"` // of each component in the model: nmf, cpd
	Core   []coreEntry   `json:"core,omitempty"`   // tucker
	Modes  []LeadingMode `json:"modes"`
}

// coreEntry is an entry of the core. Share is its part of the sum of the magnitudes
// of all, each times the lengths of the columns that it brings together.
type coreEntry struct {
	Index []int   `json:"index"`
	Value float64 `json:"value"`
	Share float64 `json:"share"`
}

type LeadingMode struct {
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

// AxisOf returns what is known of a mode.
func AxisOf(axes []ndio.Axis, n int) ndio.Axis {
	if n < len(axes) {
		return axes[n]
	}
	return ndio.Axis{}
}

// LeadingOf lists the leading entries of each column.
func LeadingOf(mode int, f *matrix.Dense[float64], axis ndio.Axis, count int) LeadingMode {
	m := LeadingMode{Mode: mode, Title: axis.Title, Unit: axis.Unit, Components: []leadingComponent{}, axis: axis}
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

// Print prints the entries for people, a line each.
func (l *Leading) Print(w io.Writer) error {
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
func (l *Leading) printParts(w io.Writer) error {
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
		fmt.Fprintf(t, "  %s\t%.4g\t%.1f %%\t\n", Sizes(e.Index), e.Value, 100*e.Share)
	}
	return t.Flush()
}
