package models

import (
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/input"
	"polyad/cpd"
	"polyad/internal/nnls"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
)

// CPD are canonical polyadic decompositions.
type CPD struct{}

var cpdFacts = kindFacts{
	Name:  "cpd",
	Short: "Canonical polyadic decomposition of an N-way array file",
	Long: `cpd takes an array X of two or more modes apart into a sum of r components of rank
one, X ≈ Σ_q w_q · a_q ∘ b_q ∘ …, by minimizing

    D(X, model) + l1 and l2 penalties on the factors

` + aboutFiles + `
With --out DIR the folder receives weights.npy, factor_0.npy, … (one a mode),
trace.csv and result.json.

A penalty on some factors means nothing as long as another one is free of it,
since that can take over the scale: penalize all. They are then balanced after
every sweep, and components that the data do not need become zero.

` + aboutMissing,
	Example: `  polyad cpd X.npy -r 6 -o model
  polyad cpd X.npy -r 6 --nonneg --l2 all=0.5 -o model --report model.html
  polyad cpd counts.npy -r 4 --loss kl --json
  polyad cpd fluorescence.npy -r 4 --nonneg --missing nan -o model
  polyad cpd X.npy -r 3 --restarts 10 --normalize l2 --sort -o model
  polyad cpd new.npy -r 6 --init model --fix 0 --fix 1 -o refit`,
	arrays:   []string{"factor_0.npy"},
	blocks:   "mode number, or all",
	fixed:    "a mode number from 0",
	methods:  []string{"als", "hals", "mu"},
	balances: []string{"auto", "none", "init", "every", "block"},
	starts:   []string{"svd", "random", "compressed"},
	folder:   "weights.npy and factor_0.npy, …",
	floor:    "1e-16·(mean/rank)^(1/modes)",
	random:   []string{"random"},
	help: map[string]string{
		"method":      "only mu takes losses other than frobenius; default als, hals with --nonneg, mu for other losses",
		"extrapolate": "steps from extrapolated points (als, hals); default false when --method is given or --balance is block, else true where there is that variant",
		"l1":          "penalty V·||BLOCK||_1; BLOCK is a mode number from 0, or all; repeatable, the last one of a block wins (hals, mu)",
		"balance":     "when the factors are balanced: auto (every when all free ones are penalized), none, init, every, block (after each factor)",
		"init":        "compressed: fitted to compressed data; default svd, random with --nonneg or --restarts",
		"fix":         "keep the factor of this mode as --init DIR gives it, repeatable",
		"normalize":   "afterwards: columns with norm 1, the scale to the weights, and signs in pairs so that the largest entries are positive: none, l1, l2 (penalties and objective are told as they were before)",
	},
}

// cpdFlags are those of cpd alone.
type cpdFlags struct {
	line   bool
	target float64 // of a compressed start
	ranks  []int
}

func (CPD) Facts() *kindFacts                           { return &cpdFacts }
func (CPD) Open32(dir string) (ModelOf[float32], error) { return openCPD[float32](dir) }
func (CPD) Open64(dir string) (ModelOf[float64], error) { return openCPD[float64](dir) }
func (CPD) Keys(order int) []string                     { return modeKeys(order) }

func (CPD) start(name string) bool {
	_, err := cpd.ParseStart(name)
	return err == nil
}

func (CPD) register(f *FitFlags, fs *pflag.FlagSet, help func(string) string) {
	fs.IntVarP(&f.rank, "rank", "r", 0, help("rank"))
	fs.BoolVar(&f.cpd.line, "line-search", false, "sweeps begin at the best point of the line along which the last one went (als with factors of both signs), not extrapolated")
	f.RegisterNonneg(fs, "these modes are nonnegative, such as --nonneg=0,2; without a value all (mu implies that)")
	fs.Float64Var(&f.cpd.target, "error-target", 0, "with --init compressed: the part of the data, as a relative error, that compression may leave out; default 1e-4")
	fs.IntSliceVar(&f.cpd.ranks, "ranks", nil, "with --init compressed: the shape of the compressed data, such as 4,4,3, instead of --error-target")
	fs.BoolVar(&f.sort, "sort", false, help("sort"))
}

func (CPD) block(name string) (string, error) {
	if key, ok := modeNumber(name); ok {
		return key, nil
	}
	if name == everyBlock || name == allFactors {
		return name, nil
	}
	return "", fmt.Errorf("block %q, want a mode number from 0, or all", name)
}

// options turns what a fit and a transform have in common into options.
func (CPD) options(f *FitFlags) (o cpd.Options, err error) {
	o = cpd.Options{Seed: f.seed, Workers: f.Workers, Nonneg: cpd.Modes(f.Nonneg)}
	if err := f.common(&o.Loss, &o.Balance, &o.ScaleInit, &o.Eps, &o.Run); err != nil {
		return o, err
	}
	if slices.Contains(f.Nonneg, CoreBlock) {
		return o, exit.Usagef("--nonneg=%s: the model has no core", f.Nonneg)
	}
	o.Method, err = cpdMethod(f, o.Loss, o.Balance)
	return o, err
}

func (k CPD) Fit(f *FitFlags) (*Plan, error) {
	if err := f.needRank(); err != nil {
		return nil, err
	}
	o, err := k.options(f)
	if err != nil {
		return nil, err
	}
	fixed, err := f.checkStart(k)
	if err != nil {
		return nil, err
	}
	o.Restarts, o.Fix = f.runs(), cpd.Modes(modesIn(fixed))
	o.Init, _ = cpd.ParseStart(f.Init)
	if err := compression(f, &o); err != nil {
		return nil, err
	}
	return newCPDPlan(f, &o, nil, func(in *input.Array) (err error) {
		order := len(in.Facts.Shape)
		if order < 2 {
			return fmt.Errorf("%s has shape %s; cpd takes an array of two or more modes", in.Facts.File, console.Shape(in.Facts.Shape))
		}
		o.Penalty, err = f.penaltyFlags.of(k.Keys(order), func(key string) bool { return slices.Contains(fixed, key) })
		return err
	}), nil
}

// compression sets how far a compressed start goes.
func compression(f *FitFlags, o *cpd.Options) error {
	target, ranks := f.Changed("error-target"), f.Changed("ranks")
	if !target && !ranks {
		return nil
	}
	a, ok := o.Init.(cpd.Compressed)
	switch {
	case !ok && ranks:
		return exit.Usagef("--ranks has no effect without --init compressed")
	case !ok:
		return exit.Usagef("--error-target has no effect without --init compressed")
	case target && ranks:
		return exit.Usagef("--error-target and --ranks both say how far to compress; leave one of them out")
	case ranks:
		a.Ranks = f.cpd.ranks
	default:
		a.Tol = solver.Set(f.cpd.target)
	}
	o.Init = a
	return nil
}

// cpdMethod returns the method that was asked for, or else the default.
func cpdMethod(f *FitFlags, l loss.Loss, b cpd.Balance) (cpd.Method, error) {
	name, extrapolate := f.Method, f.extrapolate
	if name == "" {
		d := cpd.DefaultMethod(l, len(f.Nonneg) > 0, b, f.asked()...)
		name = d.String()
		if !f.Changed("extrapolate") {
			extrapolate = isExtrapolated(d) && !f.cpd.line
		}
	}
	switch {
	case f.cpd.line && name != "als":
		return nil, exit.Usagef("--line-search: %s has none; use --method als, without --nonneg", name)
	case f.cpd.line && extrapolate:
		return nil, exit.Usagef("--line-search and --extrapolate both choose where a sweep begins; leave one of them out")
	}
	method, err := cpd.ParseMethod(name)
	if err != nil {
		return nil, exit.BadWord("method", f.Method, err)
	}
	switch method.(type) {
	case cpd.HALS:
		return cpd.HALS{Inner: f.inner, Extrapolate: extrapolate}, nil
	case cpd.MU:
		if extrapolate {
			return nil, exit.Usagef("--extrapolate: mu has no extrapolated variant for tensors; leave it out")
		}
		return cpd.MU{Inner: f.inner}, nil
	}
	if f.inner > 0 {
		return nil, exit.Usagef("--inner: als solves for each factor once a sweep; leave it out")
	}
	return cpd.ALS{Extrapolate: extrapolate, LineSearch: f.cpd.line}, nil
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

func (k CPD) Transform(f *FitFlags, of *SavedModel) (*Plan, error) {
	o, err := k.options(f)
	if err != nil {
		return nil, err
	}
	if !f.methodGiven() {
		o.Method = nil // Transform knows the best one
	}
	f.floor(&o.Eps, o.Loss, of)
	keys := k.Keys(len(of.Shape))
	o.Penalty, err = f.penaltyFlags.of(keys, func(key string) bool { return key != keys[f.Along] })
	return newCPDPlan(f, &o, of, nil), err
}

func (k CPD) Evaluate(f *FitFlags, of *SavedModel) (*Plan, error) {
	var o cpd.Options
	var err error
	if o.Loss, err = f.lossOf(); err != nil {
		return nil, err
	}
	if o.Penalty, err = f.penaltyFlags.of(k.Keys(len(of.Shape)), noneFixed); err != nil {
		return nil, err
	}
	o.Nonneg, o.Balance, o.Workers, o.Eps = of.Saved.Options.Nonneg, cpd.BalanceNone, f.Workers, solver.Set(of.Eps)
	o.Method = cpd.MU{} // any method that takes loss and penalties measures alike
	if o.Loss == loss.Frobenius && !slices.ContainsFunc([]reg.Penalty(o.Penalty), func(p reg.Penalty) bool { return nnls.CheckHALS(p) != nil }) {
		if o.Method = (cpd.HALS{}); len(o.Nonneg) == 0 {
			o.Eps = solver.Opt[float64]{}
		}
	}
	for _, n := range modesIn(of.Saved.Options.Fix) { // a fixed factor needs no penalty
		if n < len(o.Penalty) && len(o.Penalty[n].Active()) == 0 {
			o.Fix = append(o.Fix, n)
		}
	}
	return newCPDPlan(f, &o, of, nil), nil
}
