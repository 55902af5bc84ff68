package models

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/loss"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

// NMF are nonnegative matrix factorizations.
type NMF struct{}

var nmfFacts = kindFacts{
	Name:  "nmf",
	Short: "Nonnegative matrix factorization X ≈ W·H of an array file",
	Long: `nmf factorizes a nonnegative matrix X (m x n) into W (m x r) and H (r x n), both
nonnegative, by minimizing

    D(X, W·H) + l1 and l2 penalties on W and H

` + aboutFiles + `
With --out DIR the folder receives W.npy, H.npy, trace.csv and result.json.

A penalty on one factor alone means nothing, since the other can take over its
scale: penalize both. They are then balanced after every sweep, with --balance
block after every update of W and of H, and only the product of the two weights
matters.

Components are counted from 0 everywhere: component 0 is the first.

` + aboutMissing,
	Example: `  polyad nmf X.npy -r 10 -o model
  polyad nmf X.npy -r 10 --loss kl --l1 all=0.1 -o model --report model.html
  polyad nmf counts.csv -r 4 --loss kl --max-iter 500 --tol 1e-8 --json
  polyad nmf X.npy -r 10 --method anls --l2 all=0.1 -o model
  polyad nmf ratings.csv -r 10 --missing nan -o model
  polyad nmf X.npy -r 10 --init model -o better`,
	arrays:   []string{"W.npy", "H.npy"},
	blocks:   "w, h or all",
	fixed:    "w or h",
	methods:  []string{"hals", "mu", "als", "anls"},
	balances: []string{"auto", "none", "init", "every", "block"},
	starts:   []string{"random", "nndsvd", "nndsvda", "nndsvdar", "spa"},
	folder:   "W.npy and H.npy",
	floor:    "1e-16·sqrt(mean/rank)",
	random:   []string{"random", "nndsvdar"},
	help: map[string]string{
		"method":      "only mu takes losses other than frobenius; default hals for frobenius, else mu",
		"extrapolate": "steps from extrapolated points (hals; mu for 1 <= beta <= 2); default false when --method is given, else true where there is that variant",
		"l1":          "penalty V·||BLOCK||_1; BLOCK is w, h or all; repeatable, the last one of a block wins",
		"balance":     "when the factors are balanced: auto (every when both are penalized), none, init, every, block (after each factor)",
		"init":        "default nndsvda, with --restarts random",
		"fix":         "keep this factor (w or h) as --init DIR gives it",
		"normalize":   "afterwards: columns of W with norm 1, the scale to H: none, l1, l2",
		"restarts":    "runs from starts with the seeds seed, seed+1, …; the best is kept",
	},
}

// nmfFlags are those of nmf alone.
type nmfFlags struct {
	order string
	hold  []string
}

func (NMF) Facts() *kindFacts                           { return &nmfFacts }
func (NMF) Open32(dir string) (ModelOf[float32], error) { return openNMF[float32](dir) }
func (NMF) Open64(dir string) (ModelOf[float64], error) { return openNMF[float64](dir) }
func (NMF) Keys(int) []string                           { return []string{"w", "h"} }

func (NMF) start(name string) bool {
	_, err := nmf.ParseStart(name)
	return err == nil
}

func (NMF) register(f *FitFlags, fs *pflag.FlagSet, help func(string) string) {
	fs.IntVarP(&f.rank, "rank", "r", 0, help("rank"))
	fs.StringVar(&f.nmf.order, "order", "wh", "which factor is updated first: wh or hw; not with --fix")
	fs.StringArrayVar(&f.nmf.hold, "hold", nil, "keep these components of a factor, such as w=0,2, as --init DIR gives them (hals, mu)")
	fs.BoolVar(&f.sort, "sort", false, help("sort"))
}

func (NMF) block(name string) (string, error) {
	switch name {
	case "w", "0":
		return "w", nil
	case "h", "1":
		return "h", nil
	case everyBlock, allFactors:
		return name, nil
	}
	return "", fmt.Errorf("block %q, want w, h or all", name)
}

// options turns what a fit and a transform have in common into options.
func (k NMF) options(f *FitFlags, stays func(key string) bool) (o nmf.Options, err error) {
	o = nmf.Options{Seed: f.seed, Workers: f.Workers}
	if err := f.common(&o.Loss, &o.Balance, &o.ScaleInit, &o.Eps, &o.Run); err != nil {
		return o, err
	}
	p, err := f.penaltyFlags.of(k.Keys(2), stays)
	if err != nil {
		return o, err
	}
	o.W, o.H = p[0], p[1]
	o.Method, err = nmfMethod(f, o.Loss, p)
	return o, err
}

func (k NMF) Fit(f *FitFlags) (*Plan, error) {
	o, err := k.FitOptions(f)
	return newNMFPlan(f, &o, nil), err
}

// FitOptions returns the options of a fit, without a starting point that is given.
func (k NMF) FitOptions(f *FitFlags) (o nmf.Options, err error) {
	if err := f.needRank(); err != nil {
		return o, err
	}
	if o, err = k.options(f, noneFixed); err != nil {
		return o, err
	}
	if err := o.Order.UnmarshalText([]byte(f.nmf.order)); err != nil {
		return o, exit.BadWord("order", f.nmf.order, err)
	}
	if len(f.fix) > 0 && f.Changed("order") {
		return o, exit.Usagef("--order has no effect with --fix, one factor alone is updated; leave it out")
	}
	fixed, err := f.checkStart(k)
	if err != nil {
		return o, err
	}
	o.Init, _ = nmf.ParseStart(f.Init)
	o.Restarts, o.FixW, o.FixH = f.runs(), slices.Contains(fixed, "w"), slices.Contains(fixed, "h")
	switch after := f.after(); {
	case len(fixed) > 0 && after != "":
		return o, exit.Usagef("--%s would move the factor that --fix keeps; leave one of them out", after)
	case len(f.nmf.hold) > 0 && after != "":
		return o, exit.Usagef("--%s would move the components that --hold keeps; leave one of them out", after)
	case len(f.nmf.hold) > 0 && !f.fromFolder(k):
		return o, exit.Usagef("--hold needs the components to keep; give them with --init DIR")
	}
	return o, k.hold(f, &o)
}

// hold sets the components that stay.
func (k NMF) hold(f *FitFlags, o *nmf.Options) error {
	for _, s := range f.nmf.hold {
		name, list, ok := strings.Cut(s, "=")
		key, err := k.block(name)
		to := map[string]*[]int{"w": &o.HoldW, "h": &o.HoldH}[key]
		switch {
		case !ok:
			return exit.Usagef("--hold %s: want BLOCK=K,K,… such as w=0,2", console.Quote(s))
		case err != nil || to == nil:
			return exit.Usagef("--hold %s: block %q, want w or h", console.Quote(s), name)
		}
		for _, word := range strings.Split(list, ",") {
			q, err := strconv.Atoi(word)
			if err != nil || q < 0 {
				return exit.Usagef("--hold %s: component %q, want a number from 0", console.Quote(s), word)
			}
			*to = append(*to, q)
		}
	}
	return nil
}

// nmfMethod returns the method that was asked for, or else the default.
func nmfMethod(f *FitFlags, l loss.Loss, p []reg.Penalty) (nmf.Method, error) {
	name, extrapolate := f.Method, f.extrapolate
	if name == "" {
		d := nmf.DefaultMethod(l, p...)
		name = d.String()
		if !f.Changed("extrapolate") {
			extrapolate = extrapolated(d)
		}
	}
	method, err := nmf.ParseMethod(name)
	if err != nil {
		return nil, exit.BadWord("method", f.Method, err)
	}
	switch method.(type) {
	case nmf.HALS:
		return nmf.HALS{Inner: f.inner, Extrapolate: extrapolate}, nil
	case nmf.MU:
		return nmf.MU{Inner: f.inner, Extrapolate: extrapolate}, nil
	}
	switch {
	case f.inner > 0:
		return nil, exit.Usagef("--inner: %s solves for each factor once a sweep; leave it out", name)
	case extrapolate:
		return nil, exit.Usagef("--extrapolate: %s has no extrapolated variant; use hals or mu", name)
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

func (k NMF) Transform(f *FitFlags, of *SavedModel) (*Plan, error) {
	free := k.Keys(2)[f.Along]
	o, err := k.options(f, func(key string) bool { return key != free })
	if err != nil {
		return nil, err
	}
	if !f.methodGiven() {
		o.Method = nil // Transform knows the best one
	}
	f.floor(&o.Eps, o.Loss, of)
	return newNMFPlan(f, &o, of), nil
}

func (k NMF) Evaluate(f *FitFlags, of *SavedModel) (*Plan, error) {
	o, err := k.options(f, noneFixed)
	if err != nil {
		return nil, err
	}
	o.Eps, o.Balance = solver.Set(of.Eps), nmf.BalanceNone
	fixed := func(key string, p reg.Penalty) bool { // such a factor needs no penalty
		return slices.Contains(of.Saved.Options.Fix, key) && len(p.Active()) == 0
	}
	o.FixW, o.FixH = fixed("w", o.W), fixed("h", o.H)
	return newNMFPlan(f, &o, of), nil
}
