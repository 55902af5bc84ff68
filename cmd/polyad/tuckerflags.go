package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
	"polyad/tucker"
)

// tuckerFlags are the flags of a Tucker decomposition; those that it shares with
// others are the fields of cpdFlags and fitFlags.
type tuckerFlags struct {
	cpdFlags
	ranks  rankList
	target float64
	only   modeList
	hosvd  string
	sweeps int
}

func (f *tuckerFlags) register(cmd *cobra.Command) {
	f.set, f.core = cmd.Flags(), true
	fs := f.set
	fs.SortFlags = false
	put := func(k penaltyKind) *penaltyFlag { return &penaltyFlag{put: f.give, kind: k} }
	fs.VarP(&f.ranks, "rank", "r", "shape of the core; one number: in every mode; of modes left alone 0")
	fs.Float64Var(&f.target, "error-target", 0, "instead of ranks (hosvd, hooi): those with the fewest stored numbers, core and factors, that have at most this relative error")
	fs.Var(&f.only, "modes", "only these modes are compressed, such as --modes 0,2; the others are left alone")
	fs.StringVar(&f.loss, "loss", "frobenius", "what is minimized: frobenius, kl, is, or a number: the beta of a beta-divergence")
	fs.StringVar(&f.method, "method", "", "hosvd, hooi, hals or mu; only mu takes losses other than frobenius; default hooi, hals with --nonneg or penalties, mu for other losses")
	fs.StringVar(&f.hosvd, "hosvd", "sequential", "sequential: along a mode the data are what earlier ones left of them; truncated: all of them (hosvd, hooi)")
	fs.IntVar(&f.inner, "inner", 0, "inner steps per block and sweep; 0: the method's own rule (hals: accelerated, mu: 1)")
	fs.BoolVar(&f.extrapolate, "extrapolate", false, "steps from extrapolated points (mu); default false")
	fs.Var(&f.nonneg, "nonneg", "these blocks are nonnegative, such as --nonneg=0,2,core; without a value all (hals and mu imply that)")
	fs.Lookup("nonneg").NoOptDefVal = "all"
	fs.Var(put(penaltyL1), "l1", "penalty V·||BLOCK||_1; BLOCK is a mode number from 0, core, factors (all but the core) or all; repeatable, the last one of a block wins")
	fs.Var(put(penaltyL2), "l2", "penalty V·||BLOCK||_F^2, without 1/2")
	fs.Var(put(penaltyLp), "lp", "penalty V·sum|BLOCK|^P (method mu)")
	fs.StringVar(&f.balance, "balance", "auto", "how core and factors are balanced: auto (sinkhorn when all free blocks are penalized), none, scalar (a number for each block), sinkhorn (for each column)")
	fs.IntVar(&f.sweeps, "sweeps", 0, "exactly so many sinkhorn sweeps a time; 0: scalar first, then as many as it takes, at most 500")
	fs.BoolVar(&f.scaleInit, "scale-init", true, "scale the starting point to data and penalties; default false with --init DIR")
	fs.StringVar(&f.init, "init", "", "starting point: svd (the HOSVD; nonnegative blocks by absolute value), random, or a folder with core.npy and factor_0.npy, …; default svd, random with --restarts")
	fs.StringArrayVar(&f.fix, "fix", nil, "keep this block, a mode number or core, as --init DIR gives it, repeatable")
	fs.StringVar(&f.normalize, "normalize", "none", "afterwards: columns with norm 1, the scale to the core: none, l1, l2")
	fs.IntVar(&f.traceEvery, "trace-every", 0, "sweeps between evaluations of the objective; default 1, 10 for losses other than frobenius")
	f.registerStops(fs)
	fs.IntVar(&f.restarts, "restarts", 1, "runs from random starts with the seeds seed, seed+1, …; the best is kept")
	fs.Float64Var(&f.eps, "eps", 0, "floor of the nonnegative blocks' entries, and for beta <= 0 of the data; default 0 for hals, 1e-16·(mean/product of ranks)^(1/blocks) for mu")
}

// given reports whether the starting point is a folder, not one that has a name.
func (f *tuckerFlags) given() bool {
	_, err := tucker.ParseStart(f.init)
	return f.init != "" && err != nil
}

// noEffect are the flags that say something of a run that an HOSVD, which is
// computed at once, has not.
var noEffect = []string{"inner", "extrapolate", "nonneg", "l1", "l2", "lp", "sweeps", "scale-init", "init", "fix", "trace-every", "max-iter", "tol", "max-time", "mask", "missing"}

// options turns the flags into options, without a starting point that is given
// and without what needs the number of modes. once says that an HOSVD is asked
// for, and nothing else. Errors are usage errors.
func (f *tuckerFlags) options() (o tucker.Options, once bool, err error) {
	o = tucker.Options{Seed: f.seed, Workers: f.workers, Restarts: f.restarts, Sweeps: f.sweeps, Modes: tucker.Modes(f.only), Nonneg: tucker.Modes(f.nonneg)}
	o.Init, _ = tucker.ParseStart(f.init)
	switch {
	case !f.changed("rank") && !f.changed("error-target"):
		return o, false, usagef("the ranks are missing; give the shape of the core with -r, or --error-target")
	case f.changed("rank") && f.changed("error-target"):
		return o, false, usagef("-r and --error-target both give the ranks; leave one out")
	case f.changed("error-target") && !(f.target > 0 && f.target < 1):
		return o, false, usagef("--error-target is %v; must be above 0 and below 1", f.target)
	case f.only.has(tucker.Core):
		return o, false, usagef("--modes %s: the core is no mode", f.only)
	case f.sweeps < 0:
		return o, false, usagef("--sweeps is %d; must be at least 0", f.sweeps)
	case f.hosvd != "sequential" && f.hosvd != "truncated":
		return o, false, usagef("--hosvd %q; want sequential or truncated", f.hosvd)
	}
	if f.changed("error-target") {
		o.Target = solver.Set(f.target)
	}
	if o.Loss, err = loss.Parse(f.loss); err != nil {
		return o, false, usagef("--loss: %w", err)
	}
	if err := o.Balance.UnmarshalText([]byte(f.balance)); err != nil {
		return o, false, badWord("balance", f.balance, err)
	}
	if o.Method, once, err = f.methodFor(o.Loss); err != nil {
		return o, once, err
	}
	if f.changed("scale-init") {
		o.ScaleInit = solver.Set(f.scaleInit)
	}
	for _, b := range f.fix {
		n, err := strconv.Atoi(b)
		if b == "core" {
			n, err = tucker.Core, nil
		} else if n < 0 {
			err = strconv.ErrRange
		}
		if err != nil {
			return o, once, usagef("--fix %q; want a mode number from 0, or core", b)
		}
		o.Fix = append(o.Fix, n)
	}
	if err := f.checkStart(); err != nil {
		return o, once, err
	}
	if f.changed("eps") {
		o.Eps = solver.Set(f.eps)
	}
	o.Run, err = f.run()
	return o, once, err
}

// checkStart checks what there is to say of the start.
func (f *tuckerFlags) checkStart() error {
	truncated := f.hosvd == "truncated"
	switch {
	case len(f.fix) > 0 && !f.given():
		return usagef("--fix needs the block to keep; give it with --init DIR")
	case len(f.fix) > 0 && f.normalize != "none":
		return usagef("--normalize would move the block that --fix keeps; leave one of them out")
	case f.init == "" && f.changed("init"):
		return usagef("--init is empty; give the name of a start or of a folder")
	case f.restarts < 1:
		return usagef("--restarts is %d; must be at least 1", f.restarts)
	case f.restarts > 1 && f.init != "" && f.init != "random":
		return usagef("--restarts %d would all begin alike with --init %s; take --init random", f.restarts, quote(f.init))
	case truncated && (f.init != "" && f.init != "svd" || f.restarts > 1):
		return usagef("--hosvd truncated has no effect, as no HOSVD is the start; leave it out")
	case (truncated || f.changed("error-target")) && (f.changed("mask") || f.changed("missing")):
		return usagef("--mask and --missing: an HOSVD needs all entries; give ranks with -r, and leave --hosvd out")
	case f.changed("error-target") && (f.init != "" && f.init != "svd" || f.restarts > 1):
		return usagef("--error-target: the ranks come from the start svd; leave --init and --restarts out")
	case !slices.Contains([]string{"none", "l1", "l2"}, f.normalize):
		return usagef("--normalize %q; want none, l1 or l2", f.normalize)
	}
	if f.given() {
		if info, err := os.Stat(f.init); err != nil || !info.IsDir() {
			return usagef("--init %s: want svd, random, or a folder with core.npy and factor_0.npy, …", quote(f.init))
		}
	}
	return nil
}

// methodFor returns the method that was asked for, or else the default; once says
// that it is an HOSVD.
func (f *tuckerFlags) methodFor(l loss.Loss) (m tucker.Method, once bool, err error) {
	if f.inner < 0 {
		return nil, false, usagef("--inner is %d; must be at least 0", f.inner)
	}
	name := f.method
	if name == "" {
		name = tucker.DefaultMethod(l, len(f.nonneg) > 0 || slices.Contains(f.fix, "core"), f.asked()...).String()
	}
	if name != "hosvd" && name != "hooi" && f.changed("error-target") {
		return nil, false, usagef("--error-target is for hosvd and hooi, not for %s; give ranks with -r", name)
	}
	if name != "hosvd" && name != "hooi" && f.hosvd == "truncated" {
		return nil, false, usagef("--hosvd truncated is for hosvd and hooi, not for %s; leave it out", name)
	}
	if f.extrapolate && name != "mu" {
		return nil, false, usagef("--extrapolate: %s has no extrapolated variant; leave it out", name)
	}
	switch name {
	case "hosvd":
		return nil, true, f.checkOnce(l)
	case "hooi":
		if f.inner > 0 {
			return nil, false, usagef("--inner: hooi finds each factor once a sweep; leave it out")
		}
		return tucker.HOOI{}, false, nil
	case "hals":
		return tucker.HALS{Inner: f.inner}, false, nil
	case "mu":
		return tucker.MU{Inner: f.inner, Extrapolate: f.extrapolate}, false, nil
	}
	return nil, false, usagef("--method %q; want hosvd, hooi, hals or mu", f.method)
}

// checkOnce refuses what has no effect on an HOSVD.
func (f *tuckerFlags) checkOnce(l loss.Loss) error {
	switch {
	case l != loss.Frobenius:
		return usagef("--loss %s: hosvd is for frobenius only; use --method mu", f.loss)
	case f.balance != "auto" && f.balance != "none":
		return usagef("--balance %s: hosvd takes no penalties; leave it out", f.balance)
	case f.restarts != 1:
		return usagef("--restarts has no effect with --method hosvd; leave it out")
	case f.eps != 0:
		return usagef("--eps has no effect with --method hosvd; leave it out")
	}
	for _, name := range noEffect {
		if f.changed(name) {
			return usagef("--%s has no effect with --method hosvd; leave it out", name)
		}
	}
	return nil
}

// ranksFor returns the ranks for data of so many modes, nil when they are chosen
// for an error.
func (f *tuckerFlags) ranksFor(order int) ([]int, error) {
	if !f.changed("rank") {
		return nil, nil
	}
	alone := func(n int) bool { return len(f.only) > 0 && !f.only.has(n) }
	compressed := 0
	for n := range order {
		if !alone(n) {
			compressed++
		}
	}
	if len(f.ranks) == order {
		return f.ranks, nil
	}
	if len(f.ranks) != 1 && len(f.ranks) != compressed {
		if compressed < order {
			return nil, usagef("-r %s: %d ranks, but --modes %s names %d of the %d modes; give one for each of these, or one for all", f.ranks, len(f.ranks), &f.only, compressed, order)
		}
		return nil, usagef("-r %s: %d ranks for %d modes; give one for each, or one for all", f.ranks, len(f.ranks), order)
	}
	ranks, next := make([]int, order), 0
	for n := range ranks {
		if alone(n) {
			continue
		}
		ranks[n] = f.ranks[min(next, len(f.ranks)-1)]
		next++
	}
	return ranks, nil
}

// setPenalties sets the penalties for data of so many modes.
func (f *tuckerFlags) setPenalties(o *tucker.Options, order int) error {
	stays := func(n int) bool {
		return slices.Contains(o.Fix, n) || n >= 0 && len(f.only) > 0 && !f.only.has(n)
	}
	all := make([]penalties, order+1) // the core last
	for _, p := range f.modes {
		if p.mode >= order {
			return usagef("--%s: block %d, but the data have the modes 0 to %d", p.kind, p.mode, order-1)
		}
		for n := range order {
			if p.on(n, stays(n)) {
				all[n].put("w", p.penalty)
			}
		}
		if p.on(coreBlock, stays(coreBlock)) {
			all[order].put("w", p.penalty)
		}
	}
	for _, p := range all[:order] {
		o.Factors = append(o.Factors, p.of("w"))
	}
	o.Core = all[order].of("w")
	return nil
}

// byBlock returns what a function says of each block's penalty, by its name.
func byBlock(o *tucker.Options, of func(reg.Penalty) any) map[string]any {
	m := map[string]any{"core": of(o.Core)}
	for n, p := range o.Factors {
		m[strconv.Itoa(n)] = of(p)
	}
	return m
}

// blockKeys are the names of the blocks of a Tucker model in the order of the
// library: the modes, and then the core.
func blockKeys(order int) (keys []string) {
	for n := range order {
		keys = append(keys, strconv.Itoa(n))
	}
	return append(keys, "core")
}

// rankList is a flag of ranks, 0 for modes left alone.
type rankList []int

// Type names the form of the value in the help.
func (r *rankList) Type() string { return "R0,R1,..." }

// String returns the numbers with commas between them.
func (r rankList) String() string { return sizes(r).String() }

// Set parses a list of ranks.
func (r *rankList) Set(v string) error {
	*r = nil
	for _, w := range strings.Split(v, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(w))
		if err != nil || n < 0 {
			return fmt.Errorf("want numbers with commas between them")
		}
		*r = append(*r, n)
	}
	return nil
}
