package models

import (
	"encoding"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/loss"
	"polyad/solver"
	"polyad/tucker"
)

// FitFlags are the flags of the verbs that fit, transform and judge models, in groups.
// Those that a single kind of model has are under its name.
type FitFlags struct {
	runFlags
	startFlags
	penaltyFlags
	afterFlags

	rank   int
	Nonneg ModeList
	Along  int // of transform: the mode of the new samples
	nmf    nmfFlags
	cpd    cpdFlags
	tucker tuckerFlags

	set *pflag.FlagSet
}

// runFlags say what is minimized, how, and how long.
type runFlags struct {
	loss        string
	Method      string
	inner       int
	extrapolate bool
	traceEvery  int
	maxIter     int
	tol         float64
	maxTime     seconds
	seed        uint64
	Workers     int
	Eps         float64
}

// startFlags say where a fit starts, and what it keeps of that.
type startFlags struct {
	Init      string
	scaleInit bool
	restarts  int
	fix       []string
}

// afterFlags say what is done with a model that is fitted.
type afterFlags struct {
	normalize string
	sort      bool
}

// flagHelp is what help says of flags; what differs from one kind of model to another
// is among the facts of the kind.
var flagHelp = map[string]string{
	"rank":        "number of components",
	"loss":        "what is minimized: frobenius, kl, is, or a number: the beta of a beta-divergence",
	"inner":       "inner steps per block and sweep; 0: the method's own rule (hals: accelerated, mu: 1)",
	"l1":          "penalty V·||BLOCK||_1; BLOCK is w, h, a mode number, core, factors or all; repeatable, the last one of a block wins",
	"l2":          "penalty V·||BLOCK||_F^2, without 1/2",
	"lp":          "penalty V·sum|BLOCK|^P (method mu)",
	"scale-init":  "scale the starting point to data and penalties; default false with --init DIR",
	"trace-every": "sweeps between evaluations of the objective; default 1, 10 for losses other than frobenius and with missing entries",
	"max-iter":    "largest number of sweeps; default 500, mu 2000",
	"tol":         "stop when 10 sweeps change the objective by no more than this share of what it is; 0: never",
	"max-time":    "time limit, such as 90s or 5m",
	"seed":        "seed of what is random in the start",
	"workers":     "number of worker threads; 0: one per processor (results do not depend on it)",
	"restarts":    "runs from random starts with the seeds seed, seed+1, …; the best is kept; 1: from the start that is named, without others being tried",
	"eps":         "floor of the nonnegative blocks' entries, and for beta <= 0 of the data; default 0 for hals, for mu ",
	"sort":        "afterwards: components by falling norm",
}

// Register registers the flags of a fit by a kind of model.
func (f *FitFlags) Register(fs *pflag.FlagSet, k Kind) {
	f.set, fs.SortFlags = fs, false
	help := func(name string) string {
		if own, ok := k.Facts().help[name]; ok {
			return own
		}
		return flagHelp[name]
	}
	k.register(f, fs, help)
	fs.StringVar(&f.loss, "loss", "frobenius", help("loss"))
	fs.StringVar(&f.Method, "method", "", k.Facts().methodWords()+"; "+help("method"))
	fs.IntVar(&f.inner, "inner", 0, help("inner"))
	fs.BoolVar(&f.extrapolate, "extrapolate", false, help("extrapolate"))
	f.penaltyFlags.register(fs, k, help)
	fs.BoolVar(&f.scaleInit, "scale-init", true, help("scale-init"))
	fs.StringVar(&f.Init, "init", "", "starting point: "+k.Facts().startWords()+"; "+help("init"))
	fs.StringArrayVar(&f.fix, "fix", nil, help("fix"))
	fs.StringVar(&f.normalize, "normalize", "none", help("normalize"))
	fs.IntVar(&f.traceEvery, "trace-every", 0, help("trace-every"))
	fs.IntVar(&f.maxIter, "max-iter", 0, help("max-iter"))
	fs.Float64Var(&f.tol, "tol", 1e-6, help("tol"))
	fs.Var(&f.maxTime, "max-time", help("max-time"))
	fs.Uint64Var(&f.seed, "seed", 0, help("seed"))
	fs.IntVar(&f.Workers, "workers", 0, help("workers"))
	fs.IntVar(&f.restarts, "restarts", 1, help("restarts"))
	fs.Float64Var(&f.Eps, "eps", 0, help("eps")+k.Facts().floor)
}

// RegisterSome registers some of them for a verb that takes models of all kinds.
func (f *FitFlags) RegisterSome(fs *pflag.FlagSet, names ...string) {
	var all cobra.Command
	f.Register(all.Flags(), anyKind{})
	for _, name := range names {
		fs.AddFlag(all.Flags().Lookup(name))
	}
	f.set, fs.SortFlags = fs, false
}

func (f *FitFlags) RegisterNonneg(fs *pflag.FlagSet, help string) {
	fs.Var(&f.Nonneg, "nonneg", help)
	fs.Lookup("nonneg").NoOptDefVal = "all"
}

// Changed reports whether the user gave a flag.
func (f *FitFlags) Changed(name string) bool { return f.set.Changed(name) }

// methodGiven reports whether flags say by what method to fit.
func (f *FitFlags) methodGiven() bool {
	return f.Method != "" || f.Changed("inner") || f.Changed("extrapolate")
}

// lossOf returns the loss that is minimized.
func (f *FitFlags) lossOf() (loss.Loss, error) {
	l, err := loss.Parse(f.loss)
	if err != nil {
		return l, exit.Usagef("--loss: %w", err)
	}
	return l, nil
}

// common sets the options that all kinds of models have. Errors are usage errors.
func (f *FitFlags) common(l *loss.Loss, balance encoding.TextUnmarshaler, scale *solver.Opt[bool], eps *solver.Opt[float64], run *solver.Options) (err error) {
	if *l, err = f.lossOf(); err != nil {
		return err
	}
	if f.inner < 0 {
		return exit.Usagef("--inner is %d; must be at least 0", f.inner)
	}
	if err := balance.UnmarshalText([]byte(f.balance)); err != nil {
		return exit.BadWord("balance", f.balance, err)
	}
	if f.Changed("scale-init") {
		*scale = solver.Set(f.scaleInit)
	}
	if f.Changed("eps") {
		*eps = solver.Set(f.Eps)
	}
	*run, err = f.run()
	return err
}

// run returns the options of the iteration.
func (f *FitFlags) run() (solver.Options, error) {
	r := solver.Options{MaxTime: time.Duration(f.maxTime), TraceEvery: f.traceEvery, Tol: solver.Set(f.tol)}
	if f.Changed("trace-every") && f.traceEvery < 1 {
		return r, exit.Usagef("--trace-every is %d; must be at least 1", f.traceEvery)
	}
	if f.Changed("max-iter") || f.maxIter > 0 {
		r.MaxIter = solver.Set(f.maxIter)
	}
	if err := r.Validate(); err != nil {
		return r, exit.AsUsage(err)
	}
	return r, nil
}

// needRank refuses a fit of which nobody says how many components there are.
func (f *FitFlags) needRank() error {
	if !f.Changed("rank") && f.rank == 0 {
		return exit.Usagef("the rank is missing; give the number of components with -r")
	}
	return nil
}

// fromFolder reports whether the starting point is a folder, not one that has a name.
func (f *FitFlags) fromFolder(k Kind) bool { return f.Init != "" && !k.start(f.Init) }

// checkStart checks what there is to say of the start and of what is done afterwards,
// and returns the keys of the blocks that stay as the start has them.
func (f *FitFlags) checkStart(k Kind) (fixed []string, err error) {
	about := k.Facts()
	for _, b := range f.fix {
		key, err := k.block(b)
		if err != nil || key == everyBlock || key == allFactors {
			return nil, exit.Usagef("--fix %q; want %s", b, about.fixed)
		}
		fixed = append(fixed, key)
	}
	switch {
	case len(f.fix) > 0 && !f.fromFolder(k):
		return nil, exit.Usagef("--fix needs the block to keep; give it with --init DIR")
	case f.Init == "" && f.Changed("init"):
		return nil, exit.Usagef("--init is empty; give the name of a start or of a folder")
	case f.restarts < 1:
		return nil, exit.Usagef("--restarts is %d; must be at least 1", f.restarts)
	case f.restarts > 1 && f.Init != "" && !slices.Contains(about.random, f.Init):
		return nil, exit.Usagef("--restarts %d would all begin alike with --init %s; take --init %s", f.restarts, console.Quote(f.Init), strings.Join(about.random, " or "))
	case !slices.Contains([]string{"none", "l1", "l2"}, f.normalize):
		return nil, exit.Usagef("--normalize %q; want none, l1 or l2", f.normalize)
	}
	if f.fromFolder(k) {
		if info, err := os.Stat(f.Init); err != nil || !info.IsDir() {
			return nil, exit.Usagef("--init %s: want %s", console.Quote(f.Init), about.startWords())
		}
	}
	return fixed, nil
}

// after names a flag that changes the model once it is fitted, if one does.
func (f *afterFlags) after() string {
	switch {
	case f.sort:
		return "sort"
	case f.normalize != "none":
		return "normalize"
	}
	return ""
}

// modeNumber returns a mode number in the one form that keys have.
func modeNumber(word string) (key string, ok bool) {
	n, err := strconv.Atoi(word)
	return strconv.Itoa(n), err == nil && n >= 0
}

// modeKeys are the keys of the blocks of a tensor decomposition that belong to modes.
func modeKeys(order int) (keys []string) {
	for n := range order {
		keys = append(keys, strconv.Itoa(n))
	}
	return keys
}

// ModeList is a flag of mode numbers, and core, or all.
type ModeList tucker.Modes

// CoreBlock stands for the core in a modeList.
const CoreBlock = tucker.Core

// Type names the form of the value in the help.
func (m *ModeList) Type() string { return "I,J,..." }

// String returns the numbers with commas between them.
func (m ModeList) String() string { return tucker.Modes(m).String() }

// Set parses a list of mode numbers.
func (m *ModeList) Set(s string) error {
	if err := (*tucker.Modes)(m).UnmarshalText([]byte(s)); err != nil || len(*m) == 0 {
		return fmt.Errorf("want mode numbers from 0 with commas between them, or all")
	}
	return nil
}

// Has reports whether a list holds a mode.
func (m ModeList) Has(n int) bool { return slices.Contains(m, n) || slices.Contains(m, -1) }

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

// modesIn returns the mode numbers among keys.
func modesIn(keys []string) (modes []int) {
	for _, key := range keys {
		if n, err := strconv.Atoi(key); err == nil {
			modes = append(modes, n)
		}
	}
	return modes
}

// What the help of all fits says.
const (
	aboutFiles = `FILE is a .npy, .npz, .csv, .tsv, .txt, .dat, .mtx or .mat file (MATLAB's, up to
-v7), all but .npz and .mat also with .gz, or - for standard input; of several
arrays FILE.npz:NAME or FILE.mat:NAME chooses one. Header line and index column of
a table are found; what was taken for them is told on standard error.`
	aboutMissing = `Entries may be missing: --missing nan takes every NaN for one, --mask FILE those
where a second file is 0. They have no part in the loss, and the model says what
they may have been.`
)

// Sizes is a flag of positive numbers with commas between them.
type Sizes []int

// Type names the form of the value in the help.
func (s *Sizes) Type() string { return "I,J,..." }

// String returns the numbers with commas between them.
func (s Sizes) String() string {
	words := make([]string, len(s))
	for i, n := range s {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ",")
}

// Set parses a list of numbers.
func (s *Sizes) Set(v string) error {
	*s = nil
	for _, w := range strings.Split(v, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(w))
		if err != nil || n < 1 {
			return fmt.Errorf("want positive numbers with commas between them")
		}
		*s = append(*s, n)
	}
	return nil
}

// runs is the number of runs that are asked for, 0 where none is: then others may be tried
// than the start that is named.
func (f *FitFlags) runs() int {
	if !f.Changed("restarts") {
		return 0
	}
	return f.restarts
}
