package models

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/internal/report"
	"polyad/matrix"
	"polyad/metrics"
)

// AgainstEval compares a model with another one. Match lists the component of
// the other one that belongs to each of ours, or -1. Recovered and the counts are
// those of metrics.Recovered; skipped modes have no part in the scores and no SIR.
type AgainstEval struct {
	Model       string             `json:"model"`
	Recovered   float64            `json:"recovered"`
	Matched     int                `json:"matched"`
	Missing     int                `json:"missing"`
	Extra       int                `json:"extra"`
	SkipMode    []int              `json:"skip_mode,omitempty"`
	FMS         float64            `json:"fms"`
	FMSWeighted float64            `json:"fms_weighted"`
	Match       []int              `json:"match"`
	SIR         map[string]sirEval `json:"sir"`
	byName

	others []block // the factors of the other model as they were compared
}

// byName tells of a comparison what the names of rows have to do with it: the modes
// whose rows were put in order by them, and what matched components lead.
type byName struct {
	Aligned []int      `json:"aligned,omitempty"`
	Differ  []int      `json:"names_differ,omitempty"` // modes with other names there
	Named   []namedOne `json:"named,omitempty"`
}

// namedOne is a component and its match by the labels of their leading entries.
type namedOne struct {
	Component int      `json:"component"`
	Match     int      `json:"match"`
	Mode      int      `json:"mode"`
	Here      []string `json:"here"`
	There     []string `json:"there"`
}

// ordered returns the factor b with its rows in the order of the names of a, and
// whether that is another one than it had: where both have the same names, each once.
func (b block) ordered(a block) (block, bool) {
	if len(a.axis.Names) != len(b.axis.Names) || slices.Equal(a.axis.Names, b.axis.Names) {
		return b, false
	}
	at := map[string]int{}
	for i, name := range b.axis.Names {
		at[name] = i
	}
	f := matrix.New[float64](b.factor.Rows, b.factor.Cols)
	for i, name := range a.axis.Names {
		k, ok := at[name]
		if !ok || name == "" {
			return b, false
		}
		copy(f.Row(i), b.factor.Row(k))
		delete(at, name)
	}
	b.factor, b.axis = f, a.axis
	return b, true
}

// name tells by which labels matched components lead, in the first mode that has any.
func (e *byName) name(a, b []block, match, skip []int) {
	labels := func(x block, q int) (names []string) {
		for _, l := range leadingEntries(x.factor, q, x.axis, worstCount) {
			names = append(names, x.axis.Label(l.Index))
		}
		return names
	}
	for n, x := range a {
		if slices.Contains(skip, n) || x.axis.IsZero() || b[n].axis.IsZero() {
			continue
		}
		for q, p := range match {
			if p >= 0 {
				e.Named = append(e.Named, namedOne{q, p, n, labels(x, q), labels(b[n], p)})
			}
		}
		return
	}
}

func (e *byName) print(row func(name, format string, args ...any)) {
	for _, n := range e.Aligned {
		row("order", "the rows of mode %d of the other model were put into the order of these names", n)
	}
	for _, n := range e.Differ {
		row("names", "the models have not the same names in mode %d, whose rows are compared by index", n)
	}
	list := func(names []string) string {
		var short []string
		for _, s := range names {
			short = append(short, report.Shortened(console.Plain(s), 20))
		}
		return strings.Join(short, ", ")
	}
	for _, o := range e.Named {
		row(fmt.Sprint("component ", o.Component), "mode %d: %s; its match %d there: %s", o.Mode, list(o.Here), o.Match, list(o.There))
	}
}

// sirEval is the signal to interference ratio of a factor in dB, at most
// metrics.MaxSIR: of each component, null for one without a partner, and their mean.
// Match is that of this factor alone.
type sirEval struct {
	Mean  float64    `json:"mean"`
	Each  []*float64 `json:"each"`
	Match []int      `json:"match"`
}

// Comparison is the model that eval compares with, and the modes that it leaves out.
type Comparison struct {
	Dir   string
	Skip  []int
	Model string // that is compared
}

// compared is what a comparison gives, as JSON and for people.
type compared interface {
	print(row func(name, format string, args ...any), names []string)
}

func (c *Comparison) Register(fs *pflag.FlagSet) {
	fs.StringVar(&c.Dir, "against", "", "folder of a model to compare with")
	fs.IntSliceVar(&c.Skip, "skip-mode", nil, "with --against: leave this mode out (0: the rows of X), repeatable")
}

// checkSkipped refuses modes that a model of this order has not, and all of them.
func checkSkipped(skip []int, order int) error {
	left := order
	for n := range order {
		if slices.Contains(skip, n) {
			left--
		}
	}
	for _, n := range skip {
		if n < 0 || n >= order {
			return exit.Usagef("--skip-mode %d: the model has the modes 0 to %d", n, order-1)
		}
	}
	if left == 0 {
		return exit.Usagef("--skip-mode leaves no mode to compare")
	}
	return nil
}

// Compare compares two models by their factors.
func (c *Comparison) Compare(a, b []block, eps float64) (compared, error) {
	if err := checkSkipped(c.Skip, len(a)); err != nil {
		return nil, err
	}
	e, err := compare(a, b, eps, c.Skip)
	if err != nil {
		return nil, err
	}
	e.Model = filepath.ToSlash(c.Dir)
	return e, nil
}

// compare scores how far two models have the same components in the modes that are
// not skipped.
func compare(a, b []block, eps float64, skip []int) (*AgainstEval, error) {
	factors := func(blocks []block) (f []*matrix.Dense[float64]) {
		for _, x := range blocks {
			f = append(f, x.factor)
		}
		return f
	}
	e := AgainstEval{SkipMode: skip, SIR: map[string]sirEval{}}
	b = slices.Clone(b)
	for n := range b {
		if len(a) == len(b) && !slices.Contains(skip, n) {
			var yes bool
			if b[n], yes = b[n].ordered(a[n]); yes {
				e.Aligned = append(e.Aligned, n)
			} else if x, y := a[n].axis.Names, b[n].axis.Names; x != nil && y != nil && !slices.Equal(x, y) {
				e.Differ = append(e.Differ, n)
			}
		}
	}
	e.others = b
	o := metrics.FMSOptions{Eps: eps, Skip: skip}
	var err error
	if e.FMS, e.Match, err = metrics.FMS(factors(a), factors(b), o); err != nil {
		return nil, err
	}
	found, err := metrics.Recovered(factors(a), factors(b), o)
	if err != nil {
		return nil, err
	}
	e.Recovered, e.Matched, e.Missing, e.Extra = found.Score, found.Matched, found.Missing, found.Extra
	o.Weighted = true
	if e.FMSWeighted, _, err = metrics.FMS(factors(a), factors(b), o); err != nil {
		return nil, err
	}
	for n, x := range a {
		if slices.Contains(skip, n) {
			continue
		}
		var s sirEval
		var each []float64
		if s.Mean, each, s.Match, err = metrics.SIR(x.factor, b[n].factor, eps); err != nil {
			return nil, err
		}
		for q := range each {
			s.Each = append(s.Each, nil)
			if s.Match[q] >= 0 {
				s.Each[q] = &each[q]
			}
		}
		e.SIR[x.name] = s
	}
	e.name(a, b, e.Match, skip)
	return &e, nil
}

// print prints a comparison for people.
func (g *AgainstEval) print(row func(name, format string, args ...any), names []string) {
	row("against", "%s: recovered %.6g of it (%d matched, %d missing, %d extra)", g.Model, g.Recovered, g.Matched, g.Missing, g.Extra)
	row("factor match", "score %.6g, with weights %.6g", g.FMS, g.FMSWeighted)
	row("components", "%s", matches(g.Match))
	g.byName.print(row)
	for _, name := range names {
		s, ok := g.SIR[name]
		if !ok { // a mode that is skipped
			continue
		}
		others := ""
		if !slices.Equal(s.Match, g.Match) {
			others = " (components " + matches(s.Match) + ")"
		}
		row("sir of "+blockTitle(name), "%.4g dB on average: %s%s", s.Mean, s.words(), others)
	}
}

// words lists the ratios of the components for people.
func (s *sirEval) words() string {
	var words []string
	for _, v := range s.Each {
		if v == nil {
			words = append(words, "none")
		} else {
			words = append(words, fmt.Sprintf("%.4g", *v))
		}
	}
	return strings.Join(words, ", ")
}

// matches lists the partners of the components for people.
func matches(match []int) string {
	var s []string
	for _, q := range match {
		if q < 0 {
			s = append(s, "none")
		} else {
			s = append(s, fmt.Sprint(q))
		}
	}
	return strings.Join(s, ", ")
}
