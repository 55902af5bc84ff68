package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"polyad/loss"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

// fitFlags are the flags of every verb that fits a nonnegative matrix
// factorization.
type fitFlags struct {
	rank        int
	loss        string
	method      string
	inner       int
	extrapolate bool
	order       string
	penalties   penalties
	balance     string
	scaleInit   bool
	init        string
	fix         []string
	traceEvery  int
	maxIter     int
	tol         float64
	maxTime     seconds
	seed        uint64
	restarts    int
	hold        []string
	normalize   string
	sort        bool
	workers     int
	eps         float64

	set *pflag.FlagSet
}

func (f *fitFlags) register(cmd *cobra.Command) {
	f.set = cmd.Flags()
	fs := f.set
	fs.SortFlags = false
	fs.IntVarP(&f.rank, "rank", "r", 0, "number of components")
	fs.StringVar(&f.loss, "loss", "frobenius", "what is minimized: frobenius, kl, is, or a number: the beta of a beta-divergence")
	fs.StringVar(&f.method, "method", "", "hals, mu, als or anls; only mu takes losses other than frobenius; default hals for frobenius, else mu")
	fs.IntVar(&f.inner, "inner", 0, "inner steps per factor and sweep; 0: the method's own rule (hals: accelerated, mu: 1)")
	fs.BoolVar(&f.extrapolate, "extrapolate", false, "steps from extrapolated points (hals; mu for 1 <= beta <= 2); default false when --method is given, else true where there is that variant")
	fs.StringVar(&f.order, "order", "wh", "which factor is updated first: wh or hw; not with --fix")
	fs.Var(f.penalties.flag(penaltyL1), "l1", "penalty V·||BLOCK||_1; BLOCK is w, h or all; repeatable, the last one of a block wins")
	fs.Var(f.penalties.flag(penaltyL2), "l2", "penalty V·||BLOCK||_F^2, without 1/2")
	fs.Var(f.penalties.flag(penaltyLp), "lp", "penalty V·sum|BLOCK|^P (method mu)")
	fs.StringVar(&f.balance, "balance", "auto", "when the factors are balanced: auto (every when both are penalized), none, init, every, block (after each factor)")
	fs.BoolVar(&f.scaleInit, "scale-init", true, "scale the starting point to data and penalties; with --init DIR only when given")
	fs.StringVar(&f.init, "init", "", "starting point: random, nndsvd, nndsvda, nndsvdar, spa, or a folder with W.npy and H.npy; default nndsvda, with --restarts random")
	fs.StringArrayVar(&f.fix, "fix", nil, "keep this factor (w or h) as --init DIR gives it")
	fs.StringArrayVar(&f.hold, "hold", nil, "keep these components of a factor, such as w=0,2, as --init DIR gives them (hals, mu)")
	fs.StringVar(&f.normalize, "normalize", "none", "afterwards: columns of W with norm 1, the scale to H: none, l1, l2")
	fs.BoolVar(&f.sort, "sort", false, "afterwards: components by falling energy")
	fs.IntVar(&f.traceEvery, "trace-every", 0, "sweeps between evaluations of the objective; default 1, 10 for losses other than frobenius and with missing entries")
	f.registerStops(fs)
	fs.IntVar(&f.restarts, "restarts", 1, "runs from starts with the seeds seed, seed+1, …; the best is kept")
	fs.Float64Var(&f.eps, "eps", 0, "floor of the factors' entries, and for beta <= 0 of the data; default 0 for hals, 1e-16·sqrt(mean/rank) for mu")
}

// registerStops registers how long to go on, the seed, and the number of workers.
func (f *fitFlags) registerStops(fs *pflag.FlagSet) {
	fs.IntVar(&f.maxIter, "max-iter", 0, "largest number of sweeps; default 500, mu 2000")
	fs.Float64Var(&f.tol, "tol", 1e-6, "stop when 10 sweeps change the objective by no more than this share of what it is; 0: never")
	fs.Var(&f.maxTime, "max-time", "time limit, such as 90s or 5m")
	fs.Uint64Var(&f.seed, "seed", 0, "seed of what is random in the start")
	fs.IntVar(&f.workers, "workers", 0, "number of worker threads; 0: one per processor (results do not depend on it)")
}

// changed reports whether the user gave a flag.
func (f *fitFlags) changed(name string) bool { return f.set.Changed(name) }

// options turns the flags into options, without the starting point. Errors are
// usage errors.
func (f *fitFlags) options() (nmf.Options, error) {
	o := nmf.Options{Seed: f.seed, Workers: f.workers, Restarts: f.restarts}
	if !f.changed("rank") && f.rank == 0 {
		return o, usagef("the rank is missing; give the number of components with -r")
	}
	var err error
	if o.Loss, err = loss.Parse(f.loss); err != nil {
		return o, usagef("--loss: %w", err)
	}
	if o.Method, err = f.methodFor(o.Loss); err != nil {
		return o, err
	}
	if err := o.Order.UnmarshalText([]byte(f.order)); err != nil {
		return o, badWord("order", f.order, err)
	}
	o.W, o.H = f.penalties.of("w"), f.penalties.of("h")
	if err := o.Balance.UnmarshalText([]byte(f.balance)); err != nil {
		return o, badWord("balance", f.balance, err)
	}
	if f.changed("scale-init") {
		o.ScaleInit = solver.Set(f.scaleInit)
	}
	for _, b := range f.fix {
		switch b {
		case "w", "0":
			o.FixW = true
		case "h", "1":
			o.FixH = true
		default:
			return o, usagef("--fix %q; want w or h", b)
		}
	}
	if len(f.fix) > 0 && !f.given() {
		return o, usagef("--fix needs the factor to keep; give it with --init DIR")
	}
	if len(f.fix) > 0 && f.changed("order") {
		return o, usagef("--order has no effect with --fix, one factor alone is updated; leave it out")
	}
	if err := f.startOptions(&o); err != nil {
		return o, err
	}
	if f.changed("eps") {
		o.Eps = solver.Set(f.eps)
	}
	o.Run, err = f.run()
	return o, err
}

// methodFor returns the method that was asked for, or else the default of a loss.
func (f *fitFlags) methodFor(l loss.Loss) (nmf.Method, error) {
	if f.inner < 0 {
		return nil, usagef("--inner is %d; must be at least 0", f.inner)
	}
	name, extrapolate := f.method, f.extrapolate
	if name == "" {
		d := nmf.DefaultMethod(l, f.penalties.of("w"), f.penalties.of("h"))
		name = d.String()
		if !f.changed("extrapolate") {
			extrapolate = extrapolated(d)
		}
	}
	method, err := nmf.ParseMethod(name)
	if err != nil {
		return nil, badWord("method", f.method, err)
	}
	switch method.(type) {
	case nmf.HALS:
		return nmf.HALS{Inner: f.inner, Extrapolate: extrapolate}, nil
	case nmf.MU:
		return nmf.MU{Inner: f.inner, Extrapolate: extrapolate}, nil
	}
	switch {
	case f.inner > 0:
		return nil, usagef("--inner: %s solves for each factor once a sweep; leave it out", name)
	case extrapolate:
		return nil, usagef("--extrapolate: %s has no extrapolated variant; use hals or mu", name)
	}
	return method, nil
}

// extrapolated reports whether a method is the extrapolated variant.
func extrapolated(m nmf.Method) bool {
	switch m := m.(type) {
	case nmf.HALS:
		return m.Extrapolate
	case nmf.MU:
		return m.Extrapolate
	}
	return false
}

// run returns the options of the iteration.
func (f *fitFlags) run() (solver.Options, error) {
	r := solver.Options{MaxTime: time.Duration(f.maxTime)}
	if f.changed("trace-every") && f.traceEvery < 1 {
		return r, usagef("--trace-every is %d; must be at least 1", f.traceEvery)
	}
	r.TraceEvery = f.traceEvery
	if f.changed("max-iter") || f.maxIter > 0 {
		r.MaxIter = solver.Set(f.maxIter)
	}
	r.Tol = solver.Set(f.tol)
	if err := r.Validate(); err != nil {
		return r, usageError{err}
	}
	return r, nil
}

// penalties collects --l1, --l2 and --lp per block.
type penalties struct{ w, h []penalty }

type penaltyKind string

const (
	penaltyL1 penaltyKind = "l1"
	penaltyL2 penaltyKind = "l2"
	penaltyLp penaltyKind = "lp"
)

type penalty struct {
	kind      penaltyKind
	p, weight float64
}

// of returns the penalty of block "w" or "h".
func (ps *penalties) of(block string) (p reg.Penalty) {
	for _, q := range *ps.block(block) {
		p = p.Plus(reg.Lp(q.p, q.weight))
	}
	return p
}

func (ps *penalties) block(name string) *[]penalty {
	if name == "h" {
		return &ps.h
	}
	return &ps.w
}

// put sets the penalty of one kind of a block; a weight given before is
// replaced.
func (ps *penalties) put(block string, q penalty) {
	b := ps.block(block)
	*b = slices.DeleteFunc(*b, func(o penalty) bool { return o.kind == q.kind })
	*b = append(*b, q)
}

// any reports whether a weight was given at all, be it 0.
func (ps *penalties) any() bool { return len(ps.w)+len(ps.h) > 0 }

// other reports whether there is a penalty of another degree than 1 and 2.
func (ps *penalties) other() bool {
	return slices.ContainsFunc(slices.Concat(ps.w, ps.h), func(q penalty) bool { return q.weight > 0 && q.p != 1 && q.p != 2 })
}

// flag returns the flag of one kind of penalty.
func (ps *penalties) flag(k penaltyKind) pflag.Value { return &penaltyFlag{put: ps.give, kind: k} }

// give sets the penalty of a block, or of both, by name.
func (ps *penalties) give(block string, q penalty) error {
	switch block {
	case "w", "0":
		ps.put("w", q)
	case "h", "1":
		ps.put("h", q)
	case "all", "factors":
		ps.put("w", q)
		ps.put("h", q)
	default:
		return fmt.Errorf("block %q, want w, h or all", block)
	}
	return nil
}

// penaltyFlag is --l1, --l2 or --lp; put takes the penalty of a block.
type penaltyFlag struct {
	put   func(block string, q penalty) error
	kind  penaltyKind
	given []string
}

// words returns the flag as it was given, for the record.
func (f *penaltyFlag) words() (words []string) {
	for _, v := range f.given {
		words = append(words, "--"+string(f.kind), v)
	}
	return words
}

// Type names the form of the value in the help.
func (f *penaltyFlag) Type() string {
	if f.kind == penaltyLp {
		return "BLOCK=P:V"
	}
	return "BLOCK=V"
}

// String returns the default, which is none.
func (f *penaltyFlag) String() string { return "" }

// Set parses one value.
func (f *penaltyFlag) Set(s string) error {
	block, value, ok := strings.Cut(s, "=")
	if !ok {
		return fmt.Errorf("want %s", f.Type())
	}
	q := penalty{kind: f.kind, p: 1}
	switch f.kind {
	case penaltyL2:
		q.p = 2
	case penaltyLp:
		p, v, ok := strings.Cut(value, ":")
		if !ok {
			return fmt.Errorf("want %s", f.Type())
		}
		var err error
		if q.p, err = strconv.ParseFloat(p, 64); err != nil || !(q.p > 0) || math.IsInf(q.p, 0) {
			return fmt.Errorf("degree %q, want a positive number", p)
		}
		value = v
	}
	var err error
	if q.weight, err = strconv.ParseFloat(value, 64); err != nil || !(q.weight >= 0) || math.IsInf(q.weight, 0) {
		return fmt.Errorf("weight %q, want a number of at least 0", value)
	}
	if err := f.put(block, q); err != nil {
		return err
	}
	f.given = append(f.given, s)
	return nil
}

// seconds is a duration flag that takes a bare number as seconds.
type seconds time.Duration

// Type names the form of the value in the help.
func (s *seconds) Type() string { return "duration" }

// String returns the duration.
func (s *seconds) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

// Set parses a duration.
func (s *seconds) Set(v string) error {
	d, err := time.ParseDuration(v)
	if err != nil {
		n, e := strconv.ParseFloat(v, 64)
		if e != nil || !(math.Abs(n) < 1e9) {
			return fmt.Errorf("want a duration such as 90s or 5m")
		}
		d = time.Duration(n * float64(time.Second))
	}
	if d <= 0 {
		return fmt.Errorf("must be positive")
	}
	*s = seconds(d)
	return nil
}
