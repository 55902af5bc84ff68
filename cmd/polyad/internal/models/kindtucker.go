package models

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/input"
	"polyad/loss"
	"polyad/solver"
	"polyad/tucker"
)

// Tucker are Tucker decompositions.
type Tucker struct{}

var tuckerFacts = kindFacts{
	Name:  "tucker",
	Short: "Tucker decomposition of an N-way array file, also nonnegative",
	Long: `tucker takes an array X of two or more modes apart into a core G of the shape
R0 x R1 x … and a factor for each mode, X ≈ G ×₀ A ×₁ B …, by minimizing

    D(X, model) + l1 and l2 penalties on core and factors

` + aboutFiles + `
With --out DIR the folder receives core.npy, factor_0.npy, … (one a mode, none for
modes left alone), trace.csv and result.json.

Methods: hosvd projects onto singular vectors, once; hooi goes on from there to
orthonormal factors that fit better; hals and mu fit nonnegative parts, with
penalties. --error-target E chooses the ranks with which core and factors store the
fewest numbers at a relative error of at most E.

A penalty on some blocks means nothing as long as another one is free of it, since
that can take over the scale: penalize all, the core too. They are then balanced
after every sweep.

` + aboutMissing + `
An HOSVD alone, and ranks that are chosen for an error, need all entries.`,
	Example: `  polyad tucker X.npy -r 20 -o model
  polyad tucker X.npy --error-target 0.05 --method hosvd -o small
  polyad tucker video.npy -r 10,10 --modes 0,1 -o frames
  polyad tucker X.npy -r 4,4,3 --missing nan -o filled
  polyad tucker X.npy -r 6,4,4 --nonneg -o parts --report parts.html
  polyad tucker X.npy -r 6,4,4 --l1 core=0.1 --l2 factors=0.05 -o sparse`,
	arrays:   []string{"core.npy"},
	blocks:   "mode number, core, factors or all",
	fixed:    "a mode number from 0, or core",
	methods:  []string{"hosvd", "hooi", "hals", "mu"},
	balances: []string{"auto", "none", "scalar", "sinkhorn"},
	starts:   []string{"svd", "random"},
	folder:   "core.npy and factor_0.npy, …",
	floor:    "1e-16·(mean/product of ranks)^(1/blocks)",
	random:   []string{"random"},
	help: map[string]string{
		"method":      "only mu takes losses other than frobenius; default hooi, hals with --nonneg or penalties, mu for other losses",
		"extrapolate": "steps from extrapolated points (mu); default false",
		"l1":          "penalty V·||BLOCK||_1; BLOCK is a mode number from 0, core, factors (all but the core) or all; repeatable, the last one of a block wins",
		"balance":     "how core and factors are balanced: auto (sinkhorn when all free blocks are penalized), none, scalar (a number for each block), sinkhorn (for each column)",
		"init":        "svd: the HOSVD, nonnegative blocks by absolute value; default svd, random with --restarts",
		"fix":         "keep this block, a mode number or core, as --init DIR gives it, repeatable",
		"normalize":   "afterwards: columns with norm 1, the scale to the core: none, l1, l2",
	},
}

// tuckerFlags are those of tucker alone.
type tuckerFlags struct {
	ranks  rankList
	target float64
	only   ModeList
	hosvd  string
}

func (Tucker) Facts() *kindFacts                           { return &tuckerFacts }
func (Tucker) Open32(dir string) (ModelOf[float32], error) { return openTucker[float32](dir) }
func (Tucker) Open64(dir string) (ModelOf[float64], error) { return openTucker[float64](dir) }
func (Tucker) Keys(order int) []string                     { return append(modeKeys(order), coreKey) }

func (Tucker) start(name string) bool {
	_, err := tucker.ParseStart(name)
	return err == nil
}

func (Tucker) register(f *FitFlags, fs *pflag.FlagSet, _ func(string) string) {
	fs.VarP(&f.tucker.ranks, "rank", "r", "shape of the core; one number: in every mode; of modes left alone 0")
	fs.Float64Var(&f.tucker.target, "error-target", 0, "instead of ranks (hosvd, hooi): those with the fewest stored numbers, core and factors, that have at most this relative error")
	fs.Var(&f.tucker.only, "modes", "only these modes are compressed, such as --modes 0,2; the others are left alone")
	fs.StringVar(&f.tucker.hosvd, "hosvd", "sequential", "sequential: along a mode the data are what earlier ones left of them; truncated: all of them (hosvd, hooi)")
	f.RegisterNonneg(fs, "these blocks are nonnegative, such as --nonneg=0,2,core; without a value all (hals and mu imply that)")
	fs.IntVar(&f.sweeps, "sweeps", 0, "exactly so many sinkhorn sweeps a time; 0: scalar first, then as many as it takes, at most 500")
}

func (Tucker) block(name string) (string, error) {
	if key, ok := modeNumber(name); ok {
		return key, nil
	}
	if name == coreKey || name == everyBlock || name == allFactors {
		return name, nil
	}
	return "", fmt.Errorf("block %q, want a mode number from 0, core, factors or all", name)
}

// numbered returns blocks as the library counts them.
func numbered(keys []string) (blocks tucker.Modes) {
	for _, key := range keys {
		if key == coreKey {
			blocks = append(blocks, tucker.Core)
		} else {
			blocks = append(blocks, modesIn([]string{key})...)
		}
	}
	return blocks
}

// takePenalties sets the penalties of the blocks of data with so many modes.
func (k Tucker) takePenalties(f *FitFlags, o *tucker.Options, order int, stays func(key string) bool) error {
	p, err := f.penaltyFlags.of(k.Keys(order), stays)
	if err == nil {
		o.Factors, o.Core = p[:order], p[order]
	}
	return err
}

func (k Tucker) Fit(f *FitFlags) (*Plan, error) {
	own := &f.tucker
	switch target := f.Changed("error-target"); {
	case !f.Changed("rank") && !target:
		return nil, exit.Usagef("the ranks are missing; give the shape of the core with -r, or --error-target")
	case f.Changed("rank") && target:
		return nil, exit.Usagef("-r and --error-target both give the ranks; leave one out")
	case target && !(own.target > 0 && own.target < 1):
		return nil, exit.Usagef("--error-target is %v; must be above 0 and below 1", own.target)
	case own.only.Has(tucker.Core):
		return nil, exit.Usagef("--modes %s: the core is no mode", own.only)
	case f.sweeps < 0:
		return nil, exit.Usagef("--sweeps is %d; must be at least 0", f.sweeps)
	case own.hosvd != "sequential" && own.hosvd != "truncated":
		return nil, exit.Usagef("--hosvd %q; want sequential or truncated", own.hosvd)
	}
	o := tucker.Options{Seed: f.seed, Workers: f.Workers, Restarts: f.runs(), Sweeps: f.sweeps, Modes: tucker.Modes(own.only), Nonneg: tucker.Modes(f.Nonneg)}
	o.Init, _ = tucker.ParseStart(f.Init)
	if f.Changed("error-target") {
		o.Target = solver.Set(own.target)
	}
	if err := f.common(&o.Loss, &o.Balance, &o.ScaleInit, &o.Eps, &o.Run); err != nil {
		return nil, err
	}
	w := tuckerWork[float64]{f: f, o: &o}
	var err error
	if o.Method, w.once, err = tuckerMethod(f, o.Loss); err != nil {
		return nil, err
	}
	fixed, err := f.checkStart(k)
	if err != nil {
		return nil, err
	}
	o.Fix = numbered(fixed)
	switch truncated, chosen := own.hosvd == "truncated", f.Init != "" && f.Init != "svd" || f.restarts > 1; {
	case len(fixed) > 0 && f.normalize != "none":
		return nil, exit.Usagef("--normalize would move the block that --fix keeps; leave one of them out")
	case truncated && chosen:
		return nil, exit.Usagef("--hosvd truncated has no effect, as no HOSVD is the start; leave it out")
	case (truncated || f.Changed("error-target")) && (f.Changed("mask") || f.Changed("missing")):
		return nil, exit.Usagef("--mask and --missing: an HOSVD needs all entries; give ranks with -r, and leave --hosvd out")
	case f.Changed("error-target") && chosen:
		return nil, exit.Usagef("--error-target: the ranks come from the start svd; leave --init and --restarts out")
	}
	w.ranks = new([]int)
	return w.plan(func(in *input.Array) (err error) {
		order := len(in.Facts.Shape)
		if order < 2 {
			return fmt.Errorf("%s has shape %s; tucker takes an array of two or more modes", in.Facts.File, console.Shape(in.Facts.Shape))
		}
		if *w.ranks, err = tuckerRanks(f, order); err != nil {
			return err
		}
		return k.takePenalties(f, &o, order, func(key string) bool {
			n, err := strconv.Atoi(key)
			return slices.Contains(fixed, key) || err == nil && len(own.only) > 0 && !own.only.Has(n)
		})
	}), nil
}

// tuckerMethod returns the method that was asked for, or else the default; once says
// that it is an HOSVD.
func tuckerMethod(f *FitFlags, l loss.Loss) (m tucker.Method, once bool, err error) {
	name := f.Method
	if name == "" {
		name = tucker.DefaultMethod(l, len(f.Nonneg) > 0 || slices.Contains(f.fix, "core"), f.asked()...).String()
	}
	if name != "hosvd" && name != "hooi" && f.Changed("error-target") {
		return nil, false, exit.Usagef("--error-target is for hosvd and hooi, not for %s; give ranks with -r", name)
	}
	if name != "hosvd" && name != "hooi" && f.tucker.hosvd == "truncated" {
		return nil, false, exit.Usagef("--hosvd truncated is for hosvd and hooi, not for %s; leave it out", name)
	}
	if f.extrapolate && name != "mu" {
		return nil, false, exit.Usagef("--extrapolate: %s has no extrapolated variant; leave it out", name)
	}
	switch name {
	case "hosvd":
		return nil, true, checkOnce(f, l)
	case "hooi":
		if f.inner > 0 {
			return nil, false, exit.Usagef("--inner: hooi finds each factor once a sweep; leave it out")
		}
		return tucker.HOOI{}, false, nil
	case "hals":
		return tucker.HALS{Inner: f.inner}, false, nil
	case "mu":
		return tucker.MU{Inner: f.inner, Extrapolate: f.extrapolate}, false, nil
	}
	return nil, false, exit.Usagef("--method %q; want %s", f.Method, tuckerFacts.methodWords())
}

// noEffect are the flags that say something of a run that an HOSVD, which is
// computed at once, has not.
var noEffect = []string{"inner", "extrapolate", "nonneg", "l1", "l2", "lp", "sweeps", "scale-init", "init", "fix", "trace-every", "max-iter", "tol", "max-time", "mask", "missing"}

// checkOnce refuses what has no effect on an HOSVD.
func checkOnce(f *FitFlags, l loss.Loss) error {
	switch {
	case l != loss.Frobenius:
		return exit.Usagef("--loss %s: hosvd is for frobenius only; use --method mu", f.loss)
	case f.balance != "auto" && f.balance != "none":
		return exit.Usagef("--balance %s: hosvd takes no penalties; leave it out", f.balance)
	case f.restarts != 1:
		return exit.Usagef("--restarts has no effect with --method hosvd; leave it out")
	case f.Eps != 0:
		return exit.Usagef("--eps has no effect with --method hosvd; leave it out")
	}
	for _, name := range noEffect {
		if f.Changed(name) {
			return exit.Usagef("--%s has no effect with --method hosvd; leave it out", name)
		}
	}
	return nil
}

// tuckerRanks returns the ranks for data of so many modes, nil when they are chosen
// for an error.
func tuckerRanks(f *FitFlags, order int) ([]int, error) {
	if !f.Changed("rank") {
		return nil, nil
	}
	alone := func(n int) bool { return len(f.tucker.only) > 0 && !f.tucker.only.Has(n) }
	compressed := 0
	for n := range order {
		if !alone(n) {
			compressed++
		}
	}
	if len(f.tucker.ranks) == order {
		return f.tucker.ranks, nil
	}
	if len(f.tucker.ranks) != 1 && len(f.tucker.ranks) != compressed {
		if compressed < order {
			return nil, exit.Usagef("-r %s: %d ranks, but --modes %s names %d of the %d modes; give one for each of these, or one for all", f.tucker.ranks, len(f.tucker.ranks), &f.tucker.only, compressed, order)
		}
		return nil, exit.Usagef("-r %s: %d ranks for %d modes; give one for each, or one for all", f.tucker.ranks, len(f.tucker.ranks), order)
	}
	ranks, next := make([]int, order), 0
	for n := range ranks {
		if alone(n) {
			continue
		}
		ranks[n] = f.tucker.ranks[min(next, len(f.tucker.ranks)-1)]
		next++
	}
	return ranks, nil
}

// rankList is a flag of ranks, 0 for modes left alone.
type rankList []int

// Type names the form of the value in the help.
func (r *rankList) Type() string { return "R0,R1,..." }

// String returns the numbers with commas between them.
func (r rankList) String() string { return Sizes(r).String() }

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

func (k Tucker) Transform(f *FitFlags, of *SavedModel) (*Plan, error) {
	o := tucker.Options{Nonneg: tucker.Modes{}, Seed: f.seed, Workers: f.Workers}
	if len(f.Nonneg) > 0 {
		o.Nonneg = tucker.Modes{f.Along}
	}
	if err := f.common(&o.Loss, &o.Balance, &o.ScaleInit, &o.Eps, &o.Run); err != nil {
		return nil, err
	}
	switch {
	case f.Method == "" && o.Loss != loss.Frobenius:
		f.Method = "mu"
	case f.Method == "":
		f.Method = "hals"
	case f.Method != "hals" && f.Method != "mu":
		return nil, exit.Usagef("--method %q; want hals or mu", f.Method)
	}
	f.tucker.hosvd = "sequential"
	var err error
	if o.Method, _, err = tuckerMethod(f, o.Loss); err != nil {
		return nil, err
	}
	free := strconv.Itoa(f.Along)
	if err := k.takePenalties(f, &o, len(of.Shape), func(key string) bool { return key != free }); err != nil {
		return nil, err
	}
	f.floor(&o.Eps, o.Loss, of)
	return tuckerWork[float64]{f: f, o: &o, of: of}.plan(nil), nil
}

func (k Tucker) Evaluate(f *FitFlags, of *SavedModel) (*Plan, error) {
	s, order := &of.Saved.Options, len(of.Shape)
	o := tucker.Options{Modes: tucker.Modes{}, Nonneg: append(tucker.Modes{}, s.Nonneg...), Balance: tucker.BalanceNone, Workers: f.Workers}
	var err error
	if o.Loss, err = f.lossOf(); err != nil {
		return nil, err
	}
	if s.Core {
		o.Nonneg = append(o.Nonneg, tucker.Core)
	}
	for n, factor := range of.columns {
		if factor != nil {
			o.Modes = append(o.Modes, n)
		}
	}
	if err := k.takePenalties(f, &o, order, func(key string) bool {
		n, err := strconv.Atoi(key)
		return err == nil && !slices.Contains(o.Modes, n)
	}); err != nil {
		return nil, err
	}
	for _, key := range s.Fix { // a fixed block needs no penalty
		if n, err := strconv.Atoi(key); err == nil && n < order && len(o.Factors[n].Active()) == 0 {
			o.Fix = append(o.Fix, n)
		} else if key == coreKey && len(o.Core.Active()) == 0 {
			o.Fix = append(o.Fix, tucker.Core)
		}
	}
	o.Method = tucker.HALS{} // any method that takes loss and penalties measures alike
	if o.Loss != loss.Frobenius || f.OtherDegrees() {
		o.Method, o.Nonneg = tucker.MU{}, nil
	}
	if _, mu := o.Method.(tucker.MU); mu || of.Eps > 0 && len(o.Nonneg) > 0 {
		o.Eps = solver.Set(of.Eps)
	}
	return tuckerWork[float64]{f: f, o: &o, of: of}.plan(nil), nil
}
