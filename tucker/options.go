package tucker

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
	// ErrRank: a rank is not positive, no orthonormal factor can have it, or no
	// memory holds the core.
	ErrRank = errors.New("invalid rank")
	// ErrData: an entry is NaN, infinite, negative or zero where the loss forbids
	// it, or too large or small to be squared.
	ErrData = errors.New("invalid data")
	// ErrOneSided: one free block is penalized and another one is not.
	ErrOneSided = fitting.ErrOneSided
)

// Modes is a set of modes, counted from 0. Where blocks of the model are meant
// [Core] stands for the core, and [All] for all modes and the core.
type Modes []int

// Core is the core in a set of modes.
const Core = -2

// All are all modes, and the core where blocks are meant.
var All = Modes{-1}

var modes = named.Modes{Words: map[int]string{-1: "all", Core: "core"}, Err: ErrOption}

// String returns the modes as the command line has them, such as 0,2,core or all.
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

// Balance says how factors and core are balanced, at the start and after every
// sweep (package balance).
type Balance int

// The ways of balancing.
const (
	// BalanceAuto is BalanceSinkhorn when all free blocks, at least two, are
	// penalized, else BalanceNone.
	BalanceAuto Balance = iota
	// BalanceNone never balances.
	BalanceNone
	// BalanceScalar multiplies each block by one number.
	BalanceScalar
	// BalanceSinkhorn scales the columns of the factors against the slices of the
	// core.
	BalanceSinkhorn
)

var balances = named.Enum[Balance]{Type: "Balance", Option: "balance", Err: ErrOption, Words: []string{"auto", "none", "scalar", "sinkhorn"}}

// String returns auto, none, scalar or sinkhorn.
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
	// Method is the algorithm; default [DefaultMethod].
	Method Method `json:"method,omitzero"`
	// Modes are the modes that get a factor; the others are left alone, as with
	// an identity that is never formed. Default all.
	Modes Modes `json:"modes,omitzero"`
	// Target is the relative error that the ranks are chosen for, with HOOI and
	// ranks nil: they are those with which a model that meets it stores the fewest
	// numbers ([Model.Stored]), as far as fits have found them. Of small arrays all
	// ranks are tried that may do; of larger ones it is those of [HOSVD] and then
	// fewer of them, to some percent, as far as ten sweeps of HOOI meet the target.
	Target solver.Opt[float64] `json:"target,omitzero"`
	// Nonneg are the modes whose factors are nonnegative, with [Core] the core.
	// Default (nil) none for HOOI, all of them and the core for other methods.
	Nonneg Modes `json:"nonneg,omitzero"`
	// Core is the penalty of the core, without row weights, and Factors are those
	// of the factors; default none. Either all free blocks have one or none has, if
	// more than one is free.
	Core    reg.Penalty `json:"core,omitzero"`
	Factors Penalties   `json:"factors,omitzero"`
	// Mask says which entries are observed; nil: all are. What is stored for the
	// others has no effect, be it NaN. Loss and errors are those of the observed
	// entries.
	Mask *tensor.Mask `json:"mask,omitzero"`
	// Balance says how the blocks are balanced; default BalanceAuto.
	Balance Balance `json:"balance"`
	// Sweeps is the number of Sinkhorn sweeps each time; 0 means a scalar step and
	// then as many as it takes.
	Sweeps int `json:"sweeps,omitzero"`
	// Init is the starting point; default SVD{}, but Random{} when there are
	// restarts.
	Init Start `json:"init,omitzero"`
	// ScaleInit says whether the starting point is scaled to data and penalties;
	// default true, and false for a start that is given.
	ScaleInit solver.Opt[bool] `json:"scale_init,omitzero"`
	// Fix are the modes whose factors, with [Core] the core, stay as Init gives
	// them.
	Fix Modes `json:"fix,omitzero"`
	// Eps is the floor of the entries of nonnegative blocks, and for β ≤ 0 of the
	// data too; at least 0. It is meant to be tiny beside the entries that matter:
	// balancing takes entries at the floor for zeros. HOOI has none, and refuses
	// one. Default 0 for HALS, and for MU
	// 1e-16·(mean(X)/ΠJ_n)^(1/blocks), for β ≤ 0 at most 1e-16·mean(X).
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
	// TraceEvery to 1, for other losses than Frobenius to 10.
	Run solver.Options `json:"run,omitzero"`
}

// settled are options with every default that does not need the data filled in,
// in the form in which a fit uses them. Blocks are the modes and then the core.
type settled struct {
	Options
	shape     []int
	ranks     []int // those of modes left alone are their sizes; nil: from Target
	alone     []bool
	nonneg    []bool // of blocks
	fixed     []bool // of blocks; modes left alone are
	generated bool   // the start
	tied      bool   // its singular vectors are arbitrary ones
}

// effective settles the options for data of the given shape, or says what is
// wrong with them.
func (o *Options) effective(shape, ranks []int) (*settled, error) {
	e := &settled{shape: shape, Options: o.own()}
	if err := e.Loss.Validate(); err != nil {
		return nil, fmt.Errorf("tucker: loss: %w", err)
	}
	var err error
	if e.Mask, err = fitting.CheckMask(tensorCheck(nil), e.Mask, shape); err != nil {
		return nil, err
	}
	if e.Method == nil {
		e.Method = DefaultMethod(e.Loss, len(e.Nonneg) > 0 || e.fixesCore(), append(Penalties{e.Core}, e.Factors...)...)
	}
	if err := e.blocks(); err != nil {
		return nil, err
	}
	if err := e.settleRanks(ranks); err != nil {
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
	e.Run = e.Run.Default(e.Method.defaults(e.Loss))
	if err := e.Run.Validate(); err != nil {
		return nil, fmt.Errorf("tucker: %w", err)
	}
	if eps := e.Eps.Or(0); !(eps >= 0) || math.IsInf(eps, 0) {
		return nil, fmt.Errorf("tucker: %w: eps is %v, must be a finite number of at least 0", ErrOption, eps)
	}
	if e.Workers < 0 {
		return nil, fmt.Errorf("tucker: %w: workers is %d, must be at least 0", ErrOption, e.Workers)
	}
	e.ScaleInit = solver.Set(e.ScaleInit.Or(e.generated))
	return e, nil
}

// own returns a copy of the options that shares with them the start alone; of nil
// the zero value.
func (o *Options) own() Options {
	if o == nil {
		return Options{}
	}
	e := *o
	e.Modes, e.Nonneg, e.Fix = slices.Clone(o.Modes), slices.Clone(o.Nonneg), slices.Clone(o.Fix)
	e.Core, e.Factors, e.Mask = o.Core.Clone(), slices.Clone(o.Factors), o.Mask.Clone()
	for n := range e.Factors {
		e.Factors[n] = e.Factors[n].Clone()
	}
	e.Run.Observe = slices.Clone(o.Run.Observe)
	return e
}

// fixesCore reports whether the core stays as it is given, which HOOI cannot do.
func (o *settled) fixesCore() bool {
	return slices.Contains(o.Fix, Core) || slices.Contains(o.Fix, All[0])
}

// blocks settles which modes have a factor, which blocks are nonnegative and
// which are fixed.
func (o *settled) blocks() error {
	order := len(o.shape)
	var err error
	if o.alone, err = o.Modes.leaves(order); err != nil {
		return err
	}
	if _, hooi := o.Method.(HOOI); o.Nonneg == nil && !hooi {
		o.Nonneg = All
	}
	if o.nonneg, err = o.Nonneg.marks("nonneg", order, true); err != nil {
		return err
	}
	if o.fixed, err = o.Fix.marks("fix", order, true); err != nil {
		return err
	}
	for n, alone := range o.alone {
		switch {
		case alone && slices.Contains(o.Fix, n):
			return fmt.Errorf("tucker: %w: mode %d is left alone, so it has no factor that fix could mean; take it out of fix, or into modes", ErrOption, n)
		case alone && slices.Contains(o.Nonneg, n):
			return fmt.Errorf("tucker: %w: mode %d is left alone, so it has no factor that nonneg could mean; take it out of nonneg, or into modes", ErrOption, n)
		case alone:
			o.fixed[n], o.nonneg[n] = true, false
		}
	}
	o.Nonneg, o.Modes = marked(o.nonneg), nil
	o.Fix = nil
	for n, fixed := range o.fixed {
		switch {
		case n < order && o.alone[n]:
			continue
		case fixed && n == order:
			o.Fix = append(o.Fix, Core)
		case fixed:
			o.Fix = append(o.Fix, n)
		}
		if n < order {
			o.Modes = append(o.Modes, n)
		}
	}
	return nil
}

// leaves returns which modes are left alone when those of m get factors.
func (m Modes) leaves(order int) (alone []bool, err error) {
	if m == nil {
		m = All
	}
	if alone, err = m.marks("modes", order, false); err != nil {
		return nil, err
	}
	alone = alone[:order]
	if !slices.Contains(alone, true) {
		return nil, fmt.Errorf("tucker: %w: modes is empty, so no mode would get a factor", ErrOption)
	}
	for n := range alone {
		alone[n] = !alone[n]
	}
	return alone, nil
}

// marks returns which blocks a set holds.
func (m Modes) marks(option string, order int, core bool) ([]bool, error) {
	in := make([]bool, order+1)
	for _, n := range m {
		switch {
		case n == -1:
			for k := range in {
				in[k] = true
			}
		case n == Core && core:
			in[order] = true
		case n < 0 || n >= order:
			return nil, fmt.Errorf("tucker: %w: %s names mode %d, but the data have the modes 0 to %d", ErrOption, option, n, order-1)
		default:
			in[n] = true
		}
	}
	return in, nil
}

// marked returns the blocks that are marked.
func marked(in []bool) Modes {
	m := Modes{}
	for n, yes := range in {
		switch {
		case yes && n == len(in)-1:
			m = append(m, Core)
		case yes:
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
	switch given := o.Factors; len(given) {
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
		return fmt.Errorf("tucker: %w: %d penalties for the factors of %d modes; give one for all, or one a mode", ErrOption, len(given), order)
	}
	o.Factors = all
	var blocks []fitting.Block
	for n, p := range all {
		if err := p.Validate(o.shape[n]); err != nil {
			return fmt.Errorf("tucker: penalty on mode %d: %w", n, err)
		}
		blocks = append(blocks, fitting.Block{Name: "mode " + strconv.Itoa(n), Fixed: o.fixed[n], Penalty: p})
	}
	if slices.ContainsFunc(o.Core, func(t reg.Term) bool { return t.Rows != nil }) {
		return fmt.Errorf("tucker: penalty on the core: %w: row weights mean nothing for a core; leave them out", reg.ErrPenalty)
	}
	if err := o.Core.Validate(1); err != nil {
		return fmt.Errorf("tucker: penalty on the core: %w", err)
	}
	blocks = append(blocks, fitting.Block{Name: "the core", Fixed: o.fixed[order], Penalty: o.Core})
	penalized, free, err := fitting.CheckPenalties(ErrOption, blocks...)
	if err != nil {
		return fmt.Errorf("tucker: %w", err)
	}
	if free == 0 {
		return fmt.Errorf("tucker: %w: all blocks are fixed, nothing is left to fit", ErrOption)
	}
	return o.settleBalance(penalized, free)
}

// settleBalance settles the balancing.
func (o *settled) settleBalance(penalized bool, free int) error {
	switch o.Balance {
	case BalanceAuto:
		o.Balance = BalanceNone
		if penalized && free > 1 {
			o.Balance = BalanceSinkhorn
		}
	case BalanceNone:
	case BalanceScalar, BalanceSinkhorn:
		if !penalized {
			return fmt.Errorf("tucker: %w: balance %v without penalties; give every free block one", ErrOption, o.Balance)
		}
		if free < 2 {
			return fmt.Errorf("tucker: %w: balance %v with one free block; there is nothing to balance against", ErrOption, o.Balance)
		}
	default:
		return fmt.Errorf("tucker: %w: %v", ErrOption, o.Balance)
	}
	if o.Sweeps < 0 {
		return fmt.Errorf("tucker: %w: sweeps is %d, must be at least 0", ErrOption, o.Sweeps)
	}
	if o.Sweeps > 0 && o.Balance != BalanceSinkhorn {
		return fmt.Errorf("tucker: %w: sweeps has no effect with balance %v; leave it 0", ErrOption, o.Balance)
	}
	return nil
}

// Formula returns the objective as text, with the numbers of the penalties of
// options as they took effect.
func (o *Options) Formula() string {
	if o == nil {
		o = &Options{}
	}
	s := o.Loss.Formula("[[G; F0, F1, …]]")
	for n, p := range o.Factors {
		if f := p.Formula("F" + strconv.Itoa(n)); f != "" {
			s += " + " + f
		}
	}
	if f := o.Core.Formula("G"); f != "" {
		s += " + " + f
	}
	return s
}
