package models

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"

	"polyad/asm"
	"polyad/cmd/polyad/internal/console"
	"polyad/internal/report"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
	"polyad/tucker"
)

// tuckerModel answers for a Tucker decomposition.
type tuckerModel[T asm.Float] struct{ *tucker.Model[T] }

func openTucker[T asm.Float](dir string) (ModelOf[T], error) {
	m, err := tucker.Load[T](dir)
	return tuckerModel[T]{m}, err
}

func (m tuckerModel[T]) RankList() []int             { return m.Ranks() }
func (m tuckerModel[T]) RankWords() string           { return "core " + console.Shape(m.Ranks()) }
func (m tuckerModel[T]) ModeAxes() []ndio.Axis       { return m.Axes }
func (m tuckerModel[T]) Columns() []*matrix.Dense[T] { return m.Factors }

func (m tuckerModel[T]) SetSigns() {
	if slices.ContainsFunc(m.Core.Contiguous().Data, func(v T) bool { return v < 0 }) {
		m.FixSigns()
	}
}

func (m tuckerModel[T]) Array() rowTiles[T] {
	var tiles tensor.TuckerTiles[T]
	tiles.Set(m.Tucker(), 1)
	return &tiles
}

// Leading lists the entries of the core that count most, each times the lengths of
// the columns that it brings together.
func (m tuckerModel[T]) Leading(top *Leading, count int) {
	scaled := m.Clone()
	scaled.Normalize(tucker.NormL2)
	terms := scaled.Core.Contiguous()
	column := matrix.Convert[float64](matrix.Of(terms.Len(), 1, terms.Data[:terms.Len()]))
	core := m.Core.Contiguous()
	rows, shares := report.Leading(column, 0, count)
	top.Core = []coreEntry{}
	for k, i := range rows {
		e := coreEntry{Value: float64(core.Data[i]), Share: shares[k]}
		for n, step := range core.Strides {
			e.Index = append(e.Index, i/step%core.Shape[n])
		}
		top.Core = append(top.Core, e)
	}
}

// againstTucker compares a model with another one: for each mode with a factor the
// match of its columns and its score, on average FMS and Recovered, with counts of
// columns, and for all of them the cosine of the angle between the two arrays, which
// does not depend on how a model is turned. It is null when a mode is skipped; such a
// mode has a score of null.
type againstTucker struct {
	Model     string     `json:"model"`
	Recovered float64    `json:"recovered"`
	Matched   int        `json:"matched"`
	Missing   int        `json:"missing"`
	Extra     int        `json:"extra"`
	SkipMode  []int      `json:"skip_mode,omitempty"`
	FMS       float64    `json:"fms"`
	Modes     []*float64 `json:"fms_modes"`
	Match     [][]int    `json:"match"`
	Cosine    *float64   `json:"cosine"`
	byName
}

func (m tuckerModel[T]) Measure(e *Evaluation) {
	for n, f := range m.Factors {
		if f == nil {
			e.pruned = append(e.pruned, []int{})
			continue
		}
		b := block{name: strconv.Itoa(n), factor: matrix.Convert[float64](f), stored: []int{f.Rows, f.Cols}}
		e.add(b)
		e.components([]block{b})
	}
	core := m.Core.Contiguous()
	flat := matrix.Convert[float64](matrix.Of(core.Len(), 1, core.Data[:core.Len()]))
	e.add(block{name: coreKey, factor: flat, stored: m.Ranks()})
	e.Rank, e.Pruned = m.Ranks(), e.pruned
}

// Compare compares mode by mode, where no mode is skipped.
func (m tuckerModel[T]) Compare(with ModelOf[T], of *Comparison, eps float64) (compared, error) {
	o, skip := with.(tuckerModel[T]), of.Skip
	if len(m.Factors) != len(o.Factors) {
		return nil, fmt.Errorf("it has %d modes, and %s has %d", len(o.Factors), of.Model, len(m.Factors))
	}
	if err := checkSkipped(skip, len(m.Factors)); err != nil {
		return nil, err
	}
	for n, size := range m.Shape() {
		if size != o.Shape()[n] && !slices.Contains(skip, n) {
			return nil, fmt.Errorf("it stands for %s, and %s for %s", console.Shape(o.Shape()), of.Model, console.Shape(m.Shape()))
		}
	}
	c := &againstTucker{Model: filepath.ToSlash(of.Dir), SkipMode: skip}
	scored := 0.0
	for n, f := range m.Factors {
		alone := f == nil || o.Factors[n] == nil
		if alone || slices.Contains(skip, n) {
			c.Match, c.Modes = append(c.Match, []int{}), append(c.Modes, nil)
			if alone && !slices.Contains(skip, n) {
				if (f == nil) != (o.Factors[n] == nil) {
					return nil, fmt.Errorf("mode %d has a factor in one model and is left alone in the other", n)
				}
				same := 1.0
				c.Modes[n] = &same
			}
			continue
		}
		other := block{factor: matrix.Convert[float64](o.Factors[n]), axis: AxisOf(o.Axes, n)}
		one, err := compare([]block{{factor: matrix.Convert[float64](f), axis: AxisOf(m.Axes, n)}}, []block{other}, eps, nil)
		if err != nil {
			return nil, err
		}
		o.Factors[n] = matrix.Convert[T](one.others[0].factor) // for the cosine
		for _, p := range one.Named {
			p.Mode = n
			c.Named = append(c.Named, p)
		}
		if len(one.Aligned) > 0 {
			c.Aligned = append(c.Aligned, n)
		}
		if len(one.Differ) > 0 {
			c.Differ = append(c.Differ, n)
		}
		c.Match, c.Modes = append(c.Match, one.Match), append(c.Modes, &one.FMS)
		c.FMS += one.FMS
		c.Recovered += one.Recovered
		c.Matched, c.Missing, c.Extra = c.Matched+one.Matched, c.Missing+one.Missing, c.Extra+one.Extra
		scored++
	}
	if scored == 0 {
		return nil, errors.New("no mode with a factor is left to compare; skip fewer of them")
	}
	c.FMS /= scored
	c.Recovered /= scored
	if len(skip) == 0 {
		cos := cosine(m.Model, o.Model)
		c.Cosine = &cos
	}
	return c, nil
}

// cosine returns the cosine of the angle between the arrays of two models of one
// shape, without forming them; 0 when one is zero.
func cosine[T asm.Float](a, b *tucker.Model[T]) float64 {
	turns := make([]*matrix.Dense[T], len(a.Factors))
	for n, f := range a.Factors {
		if f != nil {
			turns[n] = matrix.New[T](f.Cols, b.Factors[n].Cols)
			matrix.Gemm(nil, true, false, 1, f, b.Factors[n], 0, turns[n])
		}
	}
	p := tensor.MultiModeProduct(nil, b.Core, turns, false)
	n := p.Len()
	inner := matrix.Inner(matrix.Of(1, n, p.Data[:n]), matrix.Of(1, n, a.Core.Contiguous().Data[:n]))
	if norms := a.Norm() * b.Norm(); norms > 0 {
		return math.Max(-1, math.Min(inner/norms, 1))
	}
	return 0
}

// print prints a comparison for people.
func (g *againstTucker) print(row func(name, format string, args ...any), _ []string) {
	row("against", "%s: recovered %.6g of it (columns: %d matched, %d missing, %d extra)", g.Model, g.Recovered, g.Matched, g.Missing, g.Extra)
	if g.Cosine != nil {
		row("factor match", "score %.6g, cosine of the arrays %.6g", g.FMS, *g.Cosine)
	} else {
		row("factor match", "score %.6g", g.FMS)
	}
	for n, match := range g.Match {
		if len(match) > 0 {
			row("mode "+strconv.Itoa(n), "score %.6g, columns %s", *g.Modes[n], matches(match))
		}
	}
	g.byName.print(row)
}
