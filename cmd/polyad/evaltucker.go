package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"text/tabwriter"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// tuckerEvaluation is what eval --json prints of a Tucker model: there are
// components of their own in each mode.
type tuckerEvaluation struct {
	evaluation
	Rank    []int          `json:"rank"`
	Pruned  [][]int        `json:"pruned"`
	Against *againstTucker `json:"against,omitempty"`
	blocks  []string       // in order
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

// evaluateTucker fills in all that was asked for of a Tucker model.
func (a *app) evaluateTucker(ctx context.Context, e *tuckerEvaluation, f *cpdFlags, masks *maskFlags, args []string, against *comparison) error {
	if err := f.byMode(args[0]); err != nil {
		return err
	}
	m, err := tucker.Load[float64](args[0])
	if err != nil {
		return err
	}
	saved, err := f.savedFor(args)
	if err != nil {
		return err
	}
	if saved == nil {
		saved = &savedFit{}
	}
	eps := saved.Options.Eps
	if f.changed("eps") {
		eps = f.eps
	}
	e.Kind, e.Shape, e.Rank, e.Eps = "tucker", m.Shape(), m.Ranks(), eps
	e.Blocks = map[string]blockEval{}
	flat := m.Core.Contiguous().Data[:m.Core.Len()]
	core := block{factor: matrix.Of(len(flat), 1, flat), stored: m.Ranks()}
	for n, factor := range m.Factors {
		if factor == nil {
			e.Pruned = append(e.Pruned, []int{})
			continue
		}
		b := block{factor: factor, stored: []int{factor.Rows, factor.Cols}}
		e.Blocks[strconv.Itoa(n)] = b.measure(eps)
		e.Pruned = append(e.Pruned, prunedOf([]block{b}, eps))
		e.blocks = append(e.blocks, strconv.Itoa(n))
	}
	e.Blocks["core"] = core.measure(eps)
	e.blocks = append(e.blocks, "core")
	if against.dir != "" {
		if err := e.compare(m, against.dir, eps, against.skip); err != nil {
			return fmt.Errorf("--against %s: %w", against.dir, err)
		}
	}
	if len(args) == 1 {
		return nil
	}
	o, err := f.tuckerEvalOptions(args[0], saved, m)
	if err != nil {
		return err
	}
	if _, mu := o.Method.(tucker.MU); mu || eps > 0 && len(o.Nonneg) > 0 {
		o.Eps = solver.Set(eps)
	}
	masks.inherit(saved)
	in, err := a.readArray(args[1])
	if err != nil {
		return err
	}
	if in.array.F32 != nil {
		return evalTuckerFit(ctx, e, args[0], in, masks, in.array.F32, o)
	}
	return evalTuckerFit(ctx, e, args[0], in, masks, in.array.F64, o)
}

// compare compares a model with one in another folder, in the modes that are not
// skipped.
func (e *tuckerEvaluation) compare(m *tucker.Model[float64], against string, eps float64, skip []int) error {
	o, err := tucker.Load[float64](against)
	if err != nil {
		return err
	}
	if len(m.Factors) != len(o.Factors) {
		return fmt.Errorf("it has %d modes, and %s has %d", len(o.Factors), e.Model, len(m.Factors))
	}
	if err := checkSkipped(skip, len(m.Factors)); err != nil {
		return err
	}
	for n, size := range m.Shape() {
		if size != o.Shape()[n] && !slices.Contains(skip, n) {
			return fmt.Errorf("it stands for %s, and %s for %s", shape(o.Shape()), e.Model, shape(m.Shape()))
		}
	}
	c := &againstTucker{Model: filepath.ToSlash(against), SkipMode: skip}
	compared := 0.0
	for n, f := range m.Factors {
		alone := f == nil || o.Factors[n] == nil
		if alone || slices.Contains(skip, n) {
			c.Match, c.Modes = append(c.Match, []int{}), append(c.Modes, nil)
			if alone && !slices.Contains(skip, n) {
				if (f == nil) != (o.Factors[n] == nil) {
					return fmt.Errorf("mode %d has a factor in one model and is left alone in the other", n)
				}
				same := 1.0
				c.Modes[n] = &same
			}
			continue
		}
		other := block{factor: o.Factors[n], axis: axisOf(o.Axes, n)}
		one, err := compare([]block{{factor: f, axis: axisOf(m.Axes, n)}}, []block{other}, eps, nil)
		if err != nil {
			return err
		}
		o.Factors[n] = one.others[0].factor // for the cosine
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
		compared++
	}
	if compared == 0 {
		return errors.New("no mode with a factor is left to compare; skip fewer of them")
	}
	c.FMS /= compared
	c.Recovered /= compared
	if len(skip) == 0 {
		cos := cosine(m, o)
		c.Cosine = &cos
	}
	e.Against = c
	return nil
}

// cosine returns the cosine of the angle between the arrays of two models of one
// shape, without forming them; 0 when one is zero.
func cosine(a, b *tucker.Model[float64]) float64 {
	turns := make([]*matrix.Dense[float64], len(a.Factors))
	for n, f := range a.Factors {
		if f != nil {
			turns[n] = matrix.New[float64](f.Cols, b.Factors[n].Cols)
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

// tuckerEvalOptions returns the options under which a model is judged: those of
// its fit unless flags say otherwise.
func (f *cpdFlags) tuckerEvalOptions(dir string, saved *savedFit, m *tucker.Model[float64]) (o tucker.Options, err error) {
	s, order := &saved.Options, len(m.Factors)
	if !f.changed("loss") && s.Loss != "" {
		f.loss = s.Loss
	}
	if o.Loss, err = loss.Parse(f.loss); err != nil {
		return o, usagef("--loss: %w", err)
	}
	if len(f.modes) == 0 {
		for n, key := range blockKeys(order) {
			given, err := saved.penalties(key)
			if err != nil {
				return o, err
			}
			if n == order {
				n = coreBlock
			}
			for _, q := range given {
				f.modes = append(f.modes, modePenalty{n, q})
			}
		}
		if saved.rescaled() && f.anyWeight() {
			return o, usagef("%s was normalized after a fit with penalties, whose weights are not those of its scale any more; give --l1, --l2 or --lp (--l1 all=0 for none)", dir)
		}
	}
	o.Modes, o.Nonneg = tucker.Modes{}, append(tucker.Modes{}, s.Nonneg...)
	if s.Core {
		o.Nonneg = append(o.Nonneg, tucker.Core)
	}
	for n, factor := range m.Factors {
		if factor != nil {
			o.Modes = append(o.Modes, n)
		}
	}
	only := &tuckerFlags{cpdFlags: *f, only: modeList(o.Modes)}
	if err := only.setPenalties(&o, order); err != nil {
		return o, err
	}
	for _, key := range s.Fix { // a fixed block needs no penalty
		if n, err := strconv.Atoi(key); err == nil && n < order && len(o.Factors[n].Active()) == 0 {
			o.Fix = append(o.Fix, n)
		} else if key == "core" && len(o.Core.Active()) == 0 {
			o.Fix = append(o.Fix, tucker.Core)
		}
	}
	o.Balance, o.Workers = tucker.BalanceNone, f.workers
	o.Method = tucker.HALS{} // any method that takes loss and penalties measures alike
	if o.Loss != loss.Frobenius || f.otherDegrees() {
		o.Method, o.Nonneg = tucker.MU{}, nil
	}
	return o, nil
}

// evalTuckerFit evaluates the objective of a model for data of one element type.
func evalTuckerFit[T asm.Float](ctx context.Context, e *tuckerEvaluation, dir string, in *input, masks *maskFlags, x *tensor.Dense[T], o tucker.Options) error {
	m, err := tucker.Load[T](dir)
	if err != nil {
		return err
	}
	if !slices.Equal(x.Shape, m.Shape()) {
		return otherShape(in, dir, m.Shape())
	}
	if o.Mask, err = arrayMask(masks, in.facts.File, x); err != nil {
		return err
	}
	o.Init, o.Run = m, solver.Options{MaxIter: solver.Set(0)}
	r, err := tucker.Fit(ctx, x, m.Ranks(), &o)
	if err != nil {
		return ofModel(dir, in.facts.File, err)
	}
	e.fitEval = &fitEval{Input: in.facts, LossName: o.Loss.String(), Formula: r.Formula(), Objective: r.Objective(), Loss: r.Loss, Observed: r.Observed,
		Penalty: map[string]float64{}, RelError: r.RelError, Explained: r.Explained(), Fit: r.Fit(), KKT: map[string]float64{},
		misfit: misfitOf(tuckerModel[T]{m}, x, o.Mask, either(in.axes, m.Axes))}
	for n, key := range blockKeys(len(m.Factors)) {
		block := n
		if n == len(m.Factors) {
			block = tucker.Core
		} else if m.Factors[n] == nil {
			continue
		}
		e.Penalty[key] = r.Penalty[n]
		if !slices.Contains(r.Options.Fix, block) {
			e.KKT[key] = r.KKT[n]
		}
	}
	return nil
}

// print prints an evaluation for people.
func (e *tuckerEvaluation) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := rower(t)
	row("model", "%s, tucker, %s, core %s", e.Model, shape(e.Shape), shape(e.Rank))
	e.printBlocks(row, e.blocks)
	for n, list := range e.Pruned {
		if len(list) > 0 {
			row("pruned", "of mode %d: %s", n, listed(list))
		}
	}
	e.printFit(row, e.blocks)
	if g := e.Against; g != nil {
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
	return t.Flush()
}
