package cpd

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"polyad/internal/fitting"
	"polyad/internal/named"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

// Errors that errors of this package wrap; the text says which option, mode or
// entry is meant and what to do.
var (
	// ErrOption: an option makes no sense, or would have no effect.
	ErrOption = solver.ErrOption
	// ErrShape: the data are empty or have less than two modes, or a given model
	// does not fit them.
	ErrShape = errors.New("wrong shape")
	// ErrRank: the rank is not positive, or so large that no memory holds it.
	ErrRank = errors.New("invalid rank")
	// ErrData: an entry is NaN, infinite, negative or zero where the loss forbids
	// it, or too large or small to be squared.
	ErrData = errors.New("invalid data")
	// ErrOneSided: one free factor is penalized and another one is not.
	ErrOneSided = fitting.ErrOneSided
)

// Modes is a set of modes, counted from 0; [All] stands for all of them.
type Modes []int

// All are all modes.
var All = Modes{-1}

var modes = named.Modes{Words: map[int]string{-1: "all"}, Err: ErrOption}

// String returns the modes as the command line has them, such as 0,2 or all.
func (m Modes) String() string { return modes.String(m) }

// MarshalText returns what String does, and an error for a number that is no mode.
func (m Modes) MarshalText() ([]byte, error) { return modes.Text(m) }

// UnmarshalText reads it; the error wraps [ErrOption].
func (m *Modes) UnmarshalText(text []byte) error {
	list, err := modes.Parse(string(text))
	if err == nil {
		*m = list
	}
	return err
}

// Penalties are the penalties of the factors: none, one for all free factors
// ([Each]), or one for each mode.
type Penalties []reg.Penalty

// Each gives every free factor the same penalty.
func Each(p reg.Penalty) Penalties { return Penalties{p} }

// Balance says when the factors are balanced (package balance).
type Balance int

// The ways of balancing.
const (
	// BalanceAuto is BalanceEvery when all free factors, at least two, are
	// penalized, else BalanceNone.
	BalanceAuto Balance = iota
	// BalanceNone never balances.
	BalanceNone
	// BalanceInit balances the starting point only.
	BalanceInit
	// BalanceEvery balances the starting point and after every sweep.
	BalanceEvery
	// BalanceBlock balances the starting point and after every update of a factor.
	BalanceBlock
)

var balances = named.Enum[Balance]{Type: "Balance", Option: "balance", Err: ErrOption, Words: []string{"auto", "none", "init", "every", "block"}}

// String returns auto, none, init, every or block.
func (b Balance) String() string { return balances.String(b) }

// MarshalText returns the word that String returns, and an error for a value that
// does not exist.
func (b Balance) MarshalText() ([]byte, error) { return balances.Text(b) }

// UnmarshalText reads a word; the error wraps [ErrOption] and lists them all.
func (b *Balance) UnmarshalText(text []byte) error { return balances.Set(b, text) }

// Options of a fit. The zero value is the documented default. They go through JSON
// and come back, but for observers, which JSON has no form for, and a model that is
// given as the start: it is "model", which [Fit] refuses until Init is set again.
type Options struct {
	// Loss is the divergence that is minimized; default Frobenius.
	Loss loss.Loss `json:"loss"`
	// Method is the algorithm; default [DefaultMethod]. A method that is named
	// runs as written, so plain unless it says Extrapolate.
	Method Method `json:"method,omitzero"`
	// Nonneg are the modes whose factors are nonnegative; default none, all for
	// MU.
	Nonneg Modes `json:"nonneg,omitzero"`
	// Penalty are the penalties of the factors; default none. Either all free
	// factors have one or none has, if more than one is free.
	Penalty Penalties `json:"penalty,omitzero"`
	// Balance says when the factors are balanced; default BalanceAuto.
	Balance Balance `json:"balance"`
	// Init is the starting point; default SVD{}, but Random{} when a factor is
	// nonnegative or there are restarts.
	Init Start `json:"init,omitzero"`
	// ScaleInit says whether the starting point is scaled to data and penalties;
	// default true, and false for a start that is given.
	ScaleInit solver.Opt[bool] `json:"scale_init,omitzero"`
	// Fix are the modes whose factors stay as Init gives them.
	Fix Modes `json:"fix,omitzero"`
	// Mask says which entries are observed; nil: all are. What is stored for the
	// others has no effect, be it NaN. Loss and errors are those of the observed
	// entries.
	Mask *tensor.Mask `json:"mask,omitzero"`
	// Eps is the floor of the entries of nonnegative factors, and for β ≤ 0 of the
	// data too; at least 0. It is meant to be tiny beside the entries that matter:
	// balancing takes entries at the floor for zeros. ALS has none, and refuses
	// one. Default 0 for HALS and 1e-16·(mean(X)/rank)^(1/N) for MU with N modes,
	// the data untouched.
	Eps solver.Opt[float64] `json:"eps,omitzero"`
	// Seed of all that is random in a start; every number is a seed.
	Seed uint64 `json:"seed"`
	// Restarts is the number of runs, from random starts with the seeds Seed,
	// Seed+1 and so on, of which the best is returned. 0, the default, is one
	// run, before which others may be tried than the start that is named, where sweeps are
	// cheap (Result.Start); with 1 it is from that start. Run.MaxTime is
	// for all of them together. Observers are called by one run at a time,
	// Event.Run telling which, and end that run alone.
	Restarts int `json:"restarts,omitzero"`
	// Workers is the largest number of goroutines that work; default GOMAXPROCS.
	// It does not change the result.
	Workers int `json:"workers,omitzero"`
	// Run says how long to go on; MaxIter defaults to 500, for MU to 2000, and
	// TraceEvery to 1, to 10 for losses other than Frobenius and with a mask.
	Run solver.Options `json:"run,omitzero"`
}

// settled are options with every default that does not need the data filled in,
// in the form in which a fit uses them.
type settled struct {
	Options
	shape     []int
	nonneg    []bool
	fixed     []bool
	generated bool // the start
	tied      bool // its singular vectors are arbitrary ones
}

// effective settles the options for data of the given shape, or says what is
// wrong with them.
func (o *Options) effective(shape []int) (*settled, error) {
	e := &settled{shape: shape, Options: o.own()}
	if err := e.Loss.Validate(); err != nil {
		return nil, fmt.Errorf("cpd: loss: %w", err)
	}
	var err error
	if e.nonneg, err = e.Nonneg.marks("nonneg", len(shape)); err != nil {
		return nil, err
	}
	if e.fixed, err = e.Fix.marks("fix", len(shape)); err != nil {
		return nil, err
	}
	if e.Method == nil {
		e.Method = DefaultMethod(e.Loss, slices.Contains(e.nonneg, true), e.Balance, e.Penalty...)
	}
	if _, mu := e.Method.(MU); mu {
		e.nonneg, _ = All.marks("", len(shape))
	}
	e.Nonneg, e.Fix = marked(e.nonneg), marked(e.fixed)
	if e.Mask, err = fitting.CheckMask(tensorCheck(nil), e.Mask, shape); err != nil {
		return nil, err
	}
	if err := e.start(); err != nil {
		return nil, err
	}
	if err := e.penalties(); err != nil {
		return nil, err
	}
	if err := e.checkMethod(); err != nil {
		return nil, err
	}
	if err := e.checkCompressed(); err != nil {
		return nil, err
	}
	run := solver.Options{MaxIter: solver.Set(500), TraceEvery: 1}
	if _, mu := e.Method.(MU); mu {
		run.MaxIter = solver.Set(2000)
	}
	if e.Loss != loss.Frobenius || e.Mask != nil {
		run.TraceEvery = 10
	}
	e.Run = e.Run.Default(run)
	if err := e.Run.Validate(); err != nil {
		return nil, fmt.Errorf("cpd: %w", err)
	}
	if eps := e.Eps.Or(0); !(eps >= 0) || math.IsInf(eps, 0) {
		return nil, fmt.Errorf("cpd: %w: eps is %v, must be a finite number of at least 0", ErrOption, eps)
	}
	if e.Workers < 0 {
		return nil, fmt.Errorf("cpd: %w: workers is %d, must be at least 0", ErrOption, e.Workers)
	}
	e.ScaleInit = solver.Set(e.ScaleInit.Or(e.generated))
	return e, nil
}

// own returns a copy of the options that shares with them the start alone, unless
// it is generated; of nil the zero value.
func (o *Options) own() Options {
	if o == nil {
		return Options{}
	}
	e := *o
	e.Nonneg, e.Fix = slices.Clone(o.Nonneg), slices.Clone(o.Fix)
	e.Penalty = o.Penalty.clone()
	e.Mask = o.Mask.Clone()
	if a, ok := o.Init.(Compressed); ok {
		a.Ranks = slices.Clone(a.Ranks)
		e.Init = a
	}
	e.Run.Observe = slices.Clone(o.Run.Observe)
	return e
}

// clone returns a copy that shares nothing with p.
func (p Penalties) clone() Penalties {
	q := slices.Clone(p)
	for n := range q {
		q[n] = q[n].Clone()
	}
	return q
}

// marks returns which modes a set holds.
func (m Modes) marks(option string, order int) ([]bool, error) {
	in := make([]bool, order)
	for _, n := range m {
		switch {
		case n == -1:
			for k := range in {
				in[k] = true
			}
		case n < 0 || n >= order:
			return nil, fmt.Errorf("cpd: %w: %s names mode %d, but the data have the modes 0 to %d", ErrOption, option, n, order-1)
		default:
			in[n] = true
		}
	}
	return in, nil
}

// marked returns the modes that are marked.
func marked(in []bool) (m Modes) {
	for n, yes := range in {
		if yes {
			m = append(m, n)
		}
	}
	return m
}

// penalties checks the penalties, fills in one for each mode, and settles the
// balancing.
func (o *settled) penalties() error {
	order := len(o.shape)
	all := make(Penalties, order)
	switch given := o.Penalty; len(given) {
	case 0:
	case 1:
		for n := range all {
			if !o.fixed[n] {
				all[n] = given[0].Clone()
			}
		}
	case order:
		copy(all, given)
	default:
		return fmt.Errorf("cpd: %w: %d penalties for %d modes; give one for all, or one a mode", ErrOption, len(given), order)
	}
	o.Penalty = all
	blocks := make([]fitting.Block, order)
	for n, p := range all {
		if err := p.Validate(o.shape[n]); err != nil {
			return fmt.Errorf("cpd: penalty on mode %d: %w", n, err)
		}
		blocks[n] = fitting.Block{Name: "mode " + strconv.Itoa(n), Fixed: o.fixed[n], Penalty: p}
	}
	penalized, free, err := fitting.CheckPenalties(ErrOption, blocks...)
	if err != nil {
		return fmt.Errorf("cpd: %w", err)
	}
	if free == 0 {
		return fmt.Errorf("cpd: %w: all factors are fixed, nothing is left to fit", ErrOption)
	}
	switch o.Balance {
	case BalanceAuto:
		o.Balance = BalanceNone
		if penalized && free > 1 {
			o.Balance = BalanceEvery
		}
	case BalanceNone:
	case BalanceInit, BalanceEvery, BalanceBlock:
		if !penalized {
			return fmt.Errorf("cpd: %w: balance %v without penalties; give every free factor one", ErrOption, o.Balance)
		}
		if free < 2 {
			return fmt.Errorf("cpd: %w: balance %v with one free factor; there is nothing to balance against", ErrOption, o.Balance)
		}
	default:
		return fmt.Errorf("cpd: %w: %v", ErrOption, o.Balance)
	}
	return nil
}

// Formula returns the objective as text, with the numbers of the penalties of
// options as they took effect.
func (o *Options) Formula() string {
	if o == nil {
		o = &Options{}
	}
	s := o.Loss.Formula("[[F0, F1, …]]")
	for n, p := range o.Penalty {
		if f := p.Formula("F" + strconv.Itoa(n)); f != "" {
			s += " + " + f
		}
	}
	return s
}
