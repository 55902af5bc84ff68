package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"polyad/cpd"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
	"polyad/tucker"
)

// cpdFlags are the flags of a canonical polyadic decomposition; those that it
// shares with nmf are the fields of fitFlags.
type cpdFlags struct {
	fitFlags
	nonneg modeList
	modes  []modePenalty
	line   bool
	target float64 // of a compressed start
	ranks  []int

	core bool // there is one, as in a Tucker model

	along int // of transform: the mode of the new samples; negative: the last one

	named, beyond bool // of eval: penalties on w or h, and on blocks that nmf has not
}

// modePenalty is a penalty on one mode, or on several blocks.
type modePenalty struct {
	mode int
	penalty
}

// What a penalty may be on besides a mode. The core counts as -2 in the library,
// too.
const (
	everyBlock = -1
	coreBlock  = -2
	allFactors = -3
)

// on reports whether a penalty is on a block, a mode or the core, that may be
// fixed: several blocks are the free ones.
func (p modePenalty) on(block int, fixed bool) bool {
	return p.mode == block || !fixed && (p.mode == everyBlock || p.mode == allFactors && block >= 0)
}

func (f *cpdFlags) register(cmd *cobra.Command) {
	f.set = cmd.Flags()
	fs := f.set
	fs.SortFlags = false
	put := func(k penaltyKind) *penaltyFlag { return &penaltyFlag{put: f.give, kind: k} }
	fs.IntVarP(&f.rank, "rank", "r", 0, "number of components")
	fs.StringVar(&f.loss, "loss", "frobenius", "what is minimized: frobenius, kl, is, or a number: the beta of a beta-divergence")
	fs.StringVar(&f.method, "method", "", "als, hals or mu; only mu takes losses other than frobenius; default als, hals with --nonneg, mu for other losses")
	fs.IntVar(&f.inner, "inner", 0, "inner steps per factor and sweep; 0: the method's own rule (hals: accelerated, mu: 1)")
	fs.BoolVar(&f.extrapolate, "extrapolate", false, "steps from extrapolated points (als, hals); default false when --method is given or --balance is block, else true where there is that variant")
	fs.BoolVar(&f.line, "line-search", false, "sweeps begin at the best point of the line along which the last one went (als with factors of both signs), not extrapolated")
	fs.Var(&f.nonneg, "nonneg", "these modes are nonnegative, such as --nonneg=0,2; without a value all (mu implies that)")
	fs.Lookup("nonneg").NoOptDefVal = "all"
	fs.Var(put(penaltyL1), "l1", "penalty V·||BLOCK||_1; BLOCK is a mode number from 0, or all; repeatable, the last one of a block wins (hals, mu)")
	fs.Var(put(penaltyL2), "l2", "penalty V·||BLOCK||_F^2, without 1/2")
	fs.Var(put(penaltyLp), "lp", "penalty V·sum|BLOCK|^P (method mu)")
	fs.StringVar(&f.balance, "balance", "auto", "when the factors are balanced: auto (every when all free ones are penalized), none, init, every, block (after each factor)")
	fs.BoolVar(&f.scaleInit, "scale-init", true, "scale the starting point to data and penalties; default false with --init DIR")
	fs.StringVar(&f.init, "init", "", "starting point: svd, random, compressed (fitted to compressed data), or a folder with weights.npy and factor_0.npy, …; default svd, random with --nonneg or --restarts")
	fs.Float64Var(&f.target, "error-target", 0, "with --init compressed: the part of the data, as a relative error, that compression may leave out; default 1e-4")
	fs.IntSliceVar(&f.ranks, "ranks", nil, "with --init compressed: the shape of the compressed data, such as 4,4,3, instead of --error-target")
	fs.StringArrayVar(&f.fix, "fix", nil, "keep the factor of this mode as --init DIR gives it, repeatable")
	fs.StringVar(&f.normalize, "normalize", "none", "afterwards: columns with norm 1, the scale to the weights, and signs in pairs so that the largest entries are positive: none, l1, l2 (penalties and objective are told as they were before)")
	fs.BoolVar(&f.sort, "sort", false, "afterwards: components by falling norm")
	fs.IntVar(&f.traceEvery, "trace-every", 0, "sweeps between evaluations of the objective; default 1, 10 for losses other than frobenius")
	f.registerStops(fs)
	fs.IntVar(&f.restarts, "restarts", 1, "runs from random starts with the seeds seed, seed+1, …; the best is kept")
	fs.Float64Var(&f.eps, "eps", 0, "floor of the nonnegative factors' entries, and for beta <= 0 of the data; default 0 for hals, 1e-16·(mean/rank)^(1/modes) for mu")
}

// give takes the penalty of a block by its name.
func (f *cpdFlags) give(block string, q penalty) error {
	mode := everyBlock
	switch block {
	case "all":
	case "factors":
		mode = allFactors
	case "core":
		mode = coreBlock
	default:
		var err error
		if mode, err = strconv.Atoi(block); err != nil || mode < 0 {
			return f.noBlock(block)
		}
	}
	if mode == coreBlock && !f.core {
		return f.noBlock(block)
	}
	f.modes = append(f.modes, modePenalty{mode, q})
	return nil
}

func (f *cpdFlags) noBlock(block string) error {
	if f.core {
		return fmt.Errorf("block %q, want a mode number from 0, core, factors or all", block)
	}
	return fmt.Errorf("block %q, want a mode number from 0, or all", block)
}

// given reports whether the starting point is a folder, not one that has a name.
func (f *cpdFlags) given() bool {
	_, err := cpd.ParseStart(f.init)
	return f.init != "" && err != nil
}

// options turns the flags into options, without a starting point that is given
// and without what needs the number of modes. Errors are usage errors.
func (f *cpdFlags) options() (cpd.Options, error) {
	o := cpd.Options{Seed: f.seed, Workers: f.workers, Restarts: f.restarts, Nonneg: cpd.Modes(f.nonneg)}
	o.Init, _ = cpd.ParseStart(f.init)
	if !f.changed("rank") && f.rank == 0 {
		return o, usagef("the rank is missing; give the number of components with -r")
	}
	var err error
	if o.Loss, err = loss.Parse(f.loss); err != nil {
		return o, usagef("--loss: %w", err)
	}
	if slices.Contains(f.nonneg, coreBlock) {
		return o, usagef("--nonneg=%s: the model has no core", f.nonneg)
	}
	if err := f.compression(&o); err != nil {
		return o, err
	}
	if err := o.Balance.UnmarshalText([]byte(f.balance)); err != nil {
		return o, badWord("balance", f.balance, err)
	}
	if o.Method, err = f.methodFor(o.Loss, o.Balance); err != nil {
		return o, err
	}
	if f.changed("scale-init") {
		o.ScaleInit = solver.Set(f.scaleInit)
	}
	for _, b := range f.fix {
		n, err := strconv.Atoi(b)
		if err != nil || n < 0 {
			return o, usagef("--fix %q; want a mode number from 0", b)
		}
		o.Fix = append(o.Fix, n)
	}
	switch {
	case len(f.fix) > 0 && !f.given():
		return o, usagef("--fix needs the factor to keep; give it with --init DIR")
	case f.init == "" && f.changed("init"):
		return o, usagef("--init is empty; give the name of a start or of a folder")
	case f.restarts < 1:
		return o, usagef("--restarts is %d; must be at least 1", f.restarts)
	case f.restarts > 1 && f.init != "" && f.init != "random":
		return o, usagef("--restarts %d would all begin alike with --init %s; take --init random", f.restarts, quote(f.init))
	case !slices.Contains([]string{"none", "l1", "l2"}, f.normalize):
		return o, usagef("--normalize %q; want none, l1 or l2", f.normalize)
	}
	if f.given() {
		if info, err := os.Stat(f.init); err != nil || !info.IsDir() {
			return o, usagef("--init %s: want svd, random, compressed, or a folder with weights.npy and factor_0.npy, …", quote(f.init))
		}
	}
	if f.changed("eps") {
		o.Eps = solver.Set(f.eps)
	}
	o.Run, err = f.run()
	return o, err
}

// compression sets how far a compressed start goes.
func (f *cpdFlags) compression(o *cpd.Options) error {
	target, ranks := f.changed("error-target"), f.changed("ranks")
	if !target && !ranks {
		return nil
	}
	a, ok := o.Init.(cpd.Compressed)
	switch {
	case !ok && ranks:
		return usagef("--ranks has no effect without --init compressed")
	case !ok:
		return usagef("--error-target has no effect without --init compressed")
	case target && ranks:
		return usagef("--error-target and --ranks both say how far to compress; leave one of them out")
	case ranks:
		a.Ranks = f.ranks
	default:
		a.Tol = solver.Set(f.target)
	}
	o.Init = a
	return nil
}

// methodFor returns the method that was asked for, or else the default.
func (f *cpdFlags) methodFor(l loss.Loss, b cpd.Balance) (cpd.Method, error) {
	if f.inner < 0 {
		return nil, usagef("--inner is %d; must be at least 0", f.inner)
	}
	name, extrapolate := f.method, f.extrapolate
	if name == "" {
		d := cpd.DefaultMethod(l, len(f.nonneg) > 0, b, f.asked()...)
		name = d.String()
		if !f.changed("extrapolate") {
			extrapolate = isExtrapolated(d) && !f.line
		}
	}
	switch {
	case f.line && name != "als":
		return nil, usagef("--line-search: %s has none; use --method als, without --nonneg", name)
	case f.line && extrapolate:
		return nil, usagef("--line-search and --extrapolate both choose where a sweep begins; leave one of them out")
	}
	method, err := cpd.ParseMethod(name)
	if err != nil {
		return nil, badWord("method", f.method, err)
	}
	switch method.(type) {
	case cpd.HALS:
		return cpd.HALS{Inner: f.inner, Extrapolate: extrapolate}, nil
	case cpd.MU:
		if extrapolate {
			return nil, usagef("--extrapolate: mu has no extrapolated variant for tensors; leave it out")
		}
		return cpd.MU{Inner: f.inner}, nil
	}
	if f.inner > 0 {
		return nil, usagef("--inner: als solves for each factor once a sweep; leave it out")
	}
	return cpd.ALS{Extrapolate: extrapolate, LineSearch: f.line}, nil
}

// isExtrapolated reports whether a method is the extrapolated variant.
func isExtrapolated(m cpd.Method) bool {
	switch m := m.(type) {
	case cpd.ALS:
		return m.Extrapolate
	case cpd.HALS:
		return m.Extrapolate
	}
	return false
}

// penalties returns the penalties of so many modes; fixed ones are not among all.
func (f *cpdFlags) penalties(order int, fixed cpd.Modes) (cpd.Penalties, error) {
	of := make([]penalties, order)
	for _, p := range f.modes {
		if p.mode >= order {
			return nil, usagef("--%s: block %d, but the data have the modes 0 to %d", p.kind, p.mode, order-1)
		}
		for n := range of {
			if p.on(n, slices.Contains(fixed, n)) {
				of[n].put("w", p.penalty)
			}
		}
	}
	all := make(cpd.Penalties, order)
	for n := range all {
		all[n] = of[n].of("w")
	}
	return all, nil
}

// asked returns the penalties that the flags ask for, of whatever mode: for the
// choice of a method.
func (f *cpdFlags) asked() (p cpd.Penalties) {
	for _, m := range f.modes {
		p = append(p, reg.Lp(m.p, m.weight))
	}
	return p
}

// anyWeight reports whether some penalty is above 0.
func (f *cpdFlags) anyWeight() bool {
	return slices.ContainsFunc(f.modes, func(p modePenalty) bool { return p.weight > 0 })
}

// otherDegrees reports whether there is a penalty of another degree than 1 and 2.
func (f *cpdFlags) otherDegrees() bool {
	return slices.ContainsFunc(f.modes, func(p modePenalty) bool { return p.weight > 0 && p.p != 1 && p.p != 2 })
}

// modeList is a flag of mode numbers, and core, or all.
type modeList tucker.Modes

// Type names the form of the value in the help.
func (m *modeList) Type() string { return "I,J,..." }

// String returns the numbers with commas between them.
func (m modeList) String() string { return tucker.Modes(m).String() }

// Set parses a list of mode numbers.
func (m *modeList) Set(s string) error {
	if err := (*tucker.Modes)(m).UnmarshalText([]byte(s)); err != nil || len(*m) == 0 {
		return fmt.Errorf("want mode numbers from 0 with commas between them, or all")
	}
	return nil
}

// has reports whether a list holds a mode.
func (m modeList) has(n int) bool { return slices.Contains(m, n) || slices.Contains(m, -1) }

// byMode returns what a function says of each mode's penalty, by its number.
func byMode(p cpd.Penalties, of func(reg.Penalty) any) map[string]any {
	m := map[string]any{}
	for n, q := range p {
		m[strconv.Itoa(n)] = of(q)
	}
	return m
}
