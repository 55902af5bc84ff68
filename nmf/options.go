package nmf

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"polyad/internal/fitting"
	"polyad/internal/named"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
)

// Errors that errors of this package wrap; the text says which option or entry
// is meant and what to do.
var (
	// ErrOption: an option makes no sense, or would have no effect.
	ErrOption = solver.ErrOption
	// ErrShape: the data are empty, or a given model does not fit them.
	ErrShape = errors.New("wrong shape")
	// ErrRank: the rank is not positive, or so large that no memory holds it.
	ErrRank = errors.New("invalid rank")
	// ErrData: an entry is NaN, infinite, negative, zero where the loss forbids
	// it, or too large or small to be squared.
	ErrData = errors.New("invalid data")
	// ErrOneSided: one factor is penalized and the other is not.
	ErrOneSided = fitting.ErrOneSided
)

// Start is a starting point: [NNDSVD], [SPA], [Random], or a *[Model] or a
// *[Result] of the data's element type. It is sealed.
type Start interface{ start() }

// Random is a start with independent entries, uniform on (0, 1] and scaled so
// that the mean of WH is that of the data. W and H have random streams of their
// own, so they depend on nothing but seed and shape.
type Random struct{}

func (Random) start()    {}
func (*Model[T]) start() {}

// String returns "random".
func (Random) String() string { return "random" }

// Balance says when the factors are balanced (package balance).
type Balance int

// The ways of balancing.
const (
	// BalanceAuto is BalanceEvery when both factors are free and penalized, else
	// BalanceNone.
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

// Order says which factor is updated first in a sweep.
type Order int

// The orders of a sweep.
const (
	// OrderWH updates W, then H.
	OrderWH Order = iota
	// OrderHW updates H, then W.
	OrderHW
)

var orders = named.Enum[Order]{Type: "Order", Option: "order", Err: ErrOption, Words: []string{"wh", "hw"}}

// String returns wh or hw.
func (o Order) String() string { return orders.String(o) }

// MarshalText returns the word that String returns, and an error for a value that
// does not exist.
func (o Order) MarshalText() ([]byte, error) { return orders.Text(o) }

// UnmarshalText reads a word; the error wraps [ErrOption] and lists them all.
func (o *Order) UnmarshalText(text []byte) error { return orders.Set(o, text) }

// Options of a fit. The zero value is the documented default. They go through JSON
// and come back, but for observers, which JSON has no form for, and a model that is
// given as the start: it is "model", which [Fit] refuses until Init is set again.
type Options struct {
	// Loss is the divergence that is minimized; default Frobenius.
	Loss loss.Loss `json:"loss"`
	// Method is the algorithm; default [DefaultMethod]. A method that is named
	// runs as written, so plain unless it says Extrapolate.
	Method Method `json:"method,omitzero"`
	// W and H are the penalties of the factors; default none. When both factors
	// are free either both have one or neither.
	W reg.Penalty `json:"w,omitzero"`
	H reg.Penalty `json:"h,omitzero"`
	// Balance says when the factors are balanced; default BalanceAuto.
	Balance Balance `json:"balance"`
	// Init is the starting point; default NNDSVD{Fill: FillMean}, and Random{}
	// when there are restarts.
	Init Start `json:"init,omitzero"`
	// ScaleInit says whether the starting point is scaled to data and penalties;
	// default true, and false for a start that is given.
	ScaleInit solver.Opt[bool] `json:"scale_init,omitzero"`
	// Order is the order of a sweep; default OrderWH. It has no effect when a
	// factor is fixed.
	Order Order `json:"order"`
	// FixW and FixH keep a factor as Init gives it.
	FixW bool `json:"fix_w,omitzero"`
	FixH bool `json:"fix_h,omitzero"`
	// Mask says which entries of the data are observed; the others are missing and
	// may be anything, NaN too. Default nil: all are observed.
	Mask *matrix.Mask `json:"mask,omitzero"`
	// HoldW and HoldH keep columns of W and rows of H, by the index of their
	// components, as Init gives them, while the others are fitted: known parts
	// beside unknown ones. A component with a part that is held is neither
	// balanced nor scaled. For HALS and MU.
	HoldW []int `json:"hold_w,omitzero"`
	HoldH []int `json:"hold_h,omitzero"`
	// Eps is the floor of the factors' entries, and for β ≤ 0 of the data too;
	// at least 0. It is meant to be tiny beside the entries that matter:
	// balancing takes entries at the floor for zeros. ANLS and ALS have none, and
	// refuse one. Default 0 for HALS and
	// 1e-16·sqrt(mean(X)/rank) for MU, less where the penalties of entries at the
	// floor would count (weights of some 1e8 and more), the data untouched.
	Eps solver.Opt[float64] `json:"eps,omitzero"`
	// Seed of all that is random in a start; every number is a seed.
	Seed uint64 `json:"seed"`
	// Restarts is the number of runs, from starts with the seeds Seed, Seed+1 and
	// so on, of which the best is returned. 0, the default, is one
	// run, before which others may be tried than the start that is named, where sweeps are
	// cheap (Result.Start); with 1 it is from that start. The start must depend on
	// the seed: Random{}, or NNDSVD{Fill: FillRandom}. Run.MaxTime is for all of
	// them together. Observers are called by one run at a time, Event.Run telling
	// which, and end that run alone.
	Restarts int `json:"restarts,omitzero"`
	// Workers is the largest number of goroutines that work; default GOMAXPROCS.
	// It does not change the result.
	Workers int `json:"workers,omitzero"`
	// Run says how long to go on; MaxIter defaults to 500, for MU to 2000, and
	// TraceEvery to 1, or 10 where the objective costs a pass over the data: for
	// losses other than Frobenius, and with missing entries.
	Run solver.Options `json:"run,omitzero"`
}

// effective returns the options with every default that does not need the data
// filled in, or what is wrong with them.
func (o *Options) effective(m, n int) (Options, error) {
	e := o.own()
	if err := e.Loss.Validate(); err != nil {
		return e, fmt.Errorf("nmf: loss: %w", err)
	}
	if e.Method == nil {
		e.Method = DefaultMethod(e.Loss, e.W, e.H)
	}
	if err := e.checkMethod(); err != nil {
		return e, err
	}
	if err := e.checkMask(m, n); err != nil {
		return e, err
	}
	run := solver.Options{MaxIter: solver.Set(500), TraceEvery: 1}
	if _, mu := e.Method.(MU); mu {
		run.MaxIter = solver.Set(2000)
	}
	if e.Loss != loss.Frobenius || e.Mask != nil {
		run.TraceEvery = 10
	}
	generated, err := e.start()
	if err != nil {
		return e, err
	}
	e.Run = e.Run.Default(run)
	if err := e.Run.Validate(); err != nil {
		return e, fmt.Errorf("nmf: %w", err)
	}
	if eps := e.Eps.Or(0); !(eps >= 0) || math.IsInf(eps, 0) {
		return e, fmt.Errorf("nmf: %w: eps is %v, must be a finite number of at least 0", ErrOption, eps)
	}
	if e.Order != OrderWH && e.Order != OrderHW {
		return e, fmt.Errorf("nmf: %w: order %d", ErrOption, int(e.Order))
	}
	if e.Workers < 0 {
		return e, fmt.Errorf("nmf: %w: workers is %d, must be at least 0", ErrOption, e.Workers)
	}
	if generated && (e.FixW || e.FixH) {
		return e, fmt.Errorf("nmf: %w: a fixed factor needs a start that gives it; set Init to a model", ErrOption)
	}
	if e.FixW && e.FixH {
		return e, fmt.Errorf("nmf: %w: both factors are fixed, nothing is left to fit", ErrOption)
	}
	e.ScaleInit = solver.Set(e.ScaleInit.Or(generated))
	return e, e.penalties(m, n)
}

// own returns a copy of the options that shares with them the start alone; of nil
// the zero value.
func (o *Options) own() Options {
	if o == nil {
		return Options{}
	}
	e := *o
	e.W, e.H = o.W.Clone(), o.H.Clone()
	e.HoldW, e.HoldH = slices.Clone(o.HoldW), slices.Clone(o.HoldH)
	e.Mask = o.Mask.Clone()
	e.Run.Observe = slices.Clone(o.Run.Observe)
	return e
}

// penalties checks the penalties and settles the balancing.
func (o *Options) penalties(m, n int) error {
	if err := o.W.Validate(m); err != nil {
		return fmt.Errorf("nmf: penalty on W: %w", err)
	}
	if err := o.H.Validate(n); err != nil {
		return fmt.Errorf("nmf: penalty on H: %w", err)
	}
	penalized, free, err := fitting.CheckPenalties(ErrOption, fitting.Block{Name: "W", Fixed: o.FixW, Penalty: o.W}, fitting.Block{Name: "H", Fixed: o.FixH, Penalty: o.H})
	if err != nil {
		return fmt.Errorf("nmf: %w", err)
	}
	both := free == 2
	switch o.Balance {
	case BalanceAuto:
		o.Balance = BalanceNone
		if both && penalized {
			o.Balance = BalanceEvery
		}
	case BalanceNone:
	case BalanceInit, BalanceEvery, BalanceBlock:
		if !penalized {
			return fmt.Errorf("nmf: %w: balance %v without penalties; give both factors one", ErrOption, o.Balance)
		}
		if !both {
			return fmt.Errorf("nmf: %w: balance %v with a fixed factor; there is nothing to balance against", ErrOption, o.Balance)
		}
	default:
		return fmt.Errorf("nmf: %w: %v", ErrOption, o.Balance)
	}
	return nil
}

// Formula returns the objective as text, with the numbers of the penalties.
func (o *Options) Formula() string {
	if o == nil {
		o = &Options{}
	}
	s := o.Loss.Formula("W·H")
	for _, p := range []string{o.W.Formula("W"), o.H.Formula("H")} {
		if p != "" {
			s += " + " + p
		}
	}
	return s
}
