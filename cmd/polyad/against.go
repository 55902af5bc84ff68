package main

import (
	"fmt"
	"slices"
	"strings"

	"polyad/matrix"
	"polyad/metrics"
)

// againstEval compares a model with another one. Match lists the component of
// the other one that belongs to each of ours, or -1.
type againstEval struct {
	Model       string             `json:"model"`
	FMS         float64            `json:"fms"`
	FMSWeighted float64            `json:"fms_weighted"`
	Match       []int              `json:"match"`
	SIR         map[string]sirEval `json:"sir"`
}

// sirEval is the signal to interference ratio of a factor in dB, at most
// metrics.MaxSIR: of each component, null for one without a partner, and their mean.
// Match is that of this factor alone.
type sirEval struct {
	Mean  float64    `json:"mean"`
	Each  []*float64 `json:"each"`
	Match []int      `json:"match"`
}

// compare scores how far two models have the same components.
func compare(a, b []block, eps float64) (*againstEval, error) {
	factors := func(blocks []block) (f []*matrix.Dense[float64]) {
		for _, x := range blocks {
			f = append(f, x.factor)
		}
		return f
	}
	var e againstEval
	var err error
	if e.FMS, e.Match, err = metrics.FMS(factors(a), factors(b), metrics.FMSOptions{Eps: eps}); err != nil {
		return nil, err
	}
	if e.FMSWeighted, _, err = metrics.FMS(factors(a), factors(b), metrics.FMSOptions{Eps: eps, Weighted: true}); err != nil {
		return nil, err
	}
	e.SIR = map[string]sirEval{}
	for n, x := range a {
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
	return &e, nil
}

// print prints a comparison for people.
func (g *againstEval) print(row func(name, format string, args ...any), names []string) {
	row("against", "%s: factor match score %.6g, with weights %.6g", g.Model, g.FMS, g.FMSWeighted)
	row("components", "%s", matches(g.Match))
	for _, name := range names {
		s, others := g.SIR[name], ""
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
