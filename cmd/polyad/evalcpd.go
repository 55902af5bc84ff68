package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"polyad/asm"
	"polyad/cpd"
	"polyad/internal/nnls"
	"polyad/loss"
	"polyad/solver"
	"polyad/tensor"
)

// listen also collects the penalties of a flag by mode, and lets it take blocks
// that a matrix has not.
func (f *cpdFlags) listen(flag *penaltyFlag) {
	f.core = true
	byName := flag.put
	flag.put = func(block string, q penalty) error {
		err := byName(block, q)
		if e := f.give(block, q); e != nil {
			f.named = true
			return err
		} else if err != nil {
			f.beyond = true
		}
		return nil
	}
}

// noModes refuses penalties on modes that a matrix has not.
func (f *cpdFlags) noModes() error {
	if f.beyond {
		return usagef("a penalty is on a block that the model has not, which is one of nmf: give w, h or all")
	}
	return nil
}

// byMode refuses penalties on w and h.
func (f *cpdFlags) byMode(dir string) error {
	if f.named {
		return usagef("%s is a tensor decomposition: give penalties by mode number, or all", dir)
	}
	return nil
}

// coreless also refuses penalties on the core.
func (f *cpdFlags) coreless(dir string) error {
	for _, p := range f.modes {
		if p.mode == coreBlock {
			return usagef("--%s core: %s has no core; give penalties by mode number, or all", p.kind, dir)
		}
	}
	return f.byMode(dir)
}

// evaluateCPD fills in all that was asked for of a tensor decomposition.
func (a *app) evaluateCPD(ctx context.Context, e *evaluation, f *cpdFlags, masks *maskFlags, args []string, against *comparison) error {
	if err := f.coreless(args[0]); err != nil {
		return err
	}
	m, err := cpd.Load[float64](args[0])
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
	e.Kind, e.Shape, e.Rank, e.Eps = "cpd", m.Shape(), m.Rank(), eps
	e.Blocks = map[string]blockEval{}
	blocks := cpdBlocks(m)
	for n, factor := range m.Factors {
		b := block{factor: factor, stored: []int{factor.Rows, factor.Cols}}
		e.Blocks[strconv.Itoa(n)] = b.measure(eps)
	}
	e.Pruned = prunedOf(blocks, eps)
	e.cpdEval = newCPDEval(m, len(e.Pruned))
	if against.dir != "" {
		other, err := cpd.Load[float64](against.dir)
		if err != nil {
			return fmt.Errorf("--against: %w", err)
		}
		if e.Against, err = against.compare(blocks, cpdBlocks(other), eps); err != nil {
			return err
		}
	}
	if len(args) == 1 {
		return nil
	}
	o, err := f.evalOptions(args[0], saved, len(m.Factors))
	if err != nil {
		return err
	}
	o.Eps = solver.Set(eps)
	if h, ok := o.Method.(cpd.HALS); ok && len(o.Nonneg) == 0 {
		o.Method, o.Eps = h, solver.Opt[float64]{}
	}
	masks.inherit(saved)
	in, err := a.readArray(args[1])
	if err != nil {
		return err
	}
	if in.array.F32 != nil {
		return evalCPDFit(ctx, e, args[0], in, masks, in.array.F32, o)
	}
	return evalCPDFit(ctx, e, args[0], in, masks, in.array.F64, o)
}

// cpdBlocks returns the factors of a model, the weights in the first one.
func cpdBlocks(m *cpd.Model[float64]) (blocks []block) {
	for n, factor := range m.Factors {
		if n == 0 {
			factor = factor.Clone()
			for i := range factor.Rows {
				for q, w := range m.Weights {
					factor.Row(i)[q] *= w
				}
			}
		}
		blocks = append(blocks, block{name: strconv.Itoa(n), factor: factor, stored: []int{factor.Rows, factor.Cols}, axis: axisOf(m.Axes, n)})
	}
	return blocks
}

// evalOptions returns the options under which a model is judged: those of its fit
// unless flags say otherwise.
func (f *cpdFlags) evalOptions(dir string, saved *savedFit, order int) (o cpd.Options, err error) {
	s := &saved.Options
	if !f.changed("loss") && s.Loss != "" {
		f.loss = s.Loss
	}
	if o.Loss, err = loss.Parse(f.loss); err != nil {
		return o, usagef("--loss: %w", err)
	}
	if len(f.modes) == 0 {
		for n := range order {
			given, err := saved.penalties(strconv.Itoa(n))
			if err != nil {
				return o, err
			}
			for _, q := range given {
				f.modes = append(f.modes, modePenalty{n, q})
			}
		}
		if saved.rescaled() && f.anyWeight() {
			return o, usagef("%s was normalized after a fit with penalties, whose weights are not those of its scale any more; give --l1, --l2 or --lp (--l1 all=0 for none)", dir)
		}
	}
	for _, key := range s.Fix {
		if n, err := strconv.Atoi(key); err == nil {
			o.Fix = append(o.Fix, n)
		}
	}
	if o.Penalty, err = f.penalties(order, nil); err != nil {
		return o, err
	}
	o.Fix = slices.DeleteFunc(o.Fix, func(n int) bool { return len(o.Penalty[n].Active()) > 0 })
	o.Nonneg, o.Balance, o.Workers = s.Nonneg, cpd.BalanceNone, f.workers
	o.Method = cpd.Method(cpd.HALS{})
	for _, p := range o.Penalty {
		if nnls.CheckHALS(p) != nil {
			o.Method = cpd.MU{}
		}
	}
	if o.Loss != loss.Frobenius {
		o.Method = cpd.MU{}
	}
	return o, nil
}

// evalCPDFit evaluates the objective of a model for data of one element type.
func evalCPDFit[T asm.Float](ctx context.Context, e *evaluation, dir string, in *input, masks *maskFlags, x *tensor.Dense[T], o cpd.Options) error {
	m, err := cpd.Load[T](dir)
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
	r, err := cpd.Fit(ctx, x, m.Rank(), &o)
	if err != nil {
		return ofModel(dir, in.facts.File, err)
	}
	e.fitEval = &fitEval{Input: in.facts, LossName: o.Loss.String(), Formula: r.Formula(), Objective: r.Objective(), Loss: r.Loss,
		Penalty: map[string]float64{}, Observed: r.Observed, RelError: r.RelError, Explained: r.Explained(), Fit: r.Fit(), KKT: map[string]float64{},
		misfit: misfitOf(cpdModel[T]{m}, x, o.Mask, either(in.axes, m.Axes))}
	for n, v := range r.Penalty {
		e.Penalty[strconv.Itoa(n)] = v
		if !slices.Contains(r.Options.Fix, n) {
			e.KKT[strconv.Itoa(n)] = r.KKT[n]
		}
	}
	if r.Options.Mask != nil {
		x = filled(m.Reconstruct(), x, r.Options.Mask)
	}
	switch c, err := m.CoreConsistency(x); {
	case err == nil:
		e.CoreConsistency = &c
	case !errors.Is(err, cpd.ErrRank): // a core that is too large is left out
		return fmt.Errorf("%s: %w", in.facts.File, err)
	}
	return nil
}

// filled returns y, an array of the shape of x, with the entries of x that are
// observed: for the core consistency of data with missing entries, which are taken
// to be what the model says (R. Bro, H. Kiers, J. Chemometrics 17, 2003).
func filled[T asm.Float](y, x *tensor.Dense[T], mask *tensor.Mask) *tensor.Dense[T] {
	for i, v := range x.Contiguous().Data {
		if mask.Word(i)&1 != 0 {
			y.Data[i] = v
		}
	}
	return y
}
