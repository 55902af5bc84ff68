package nmf

import (
	"errors"
	"fmt"
	"math"

	"polyad/asm"
	"polyad/internal/nnls"
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
	ErrOneSided = errors.New("one-sided penalty")
)

// Method is an algorithm: [HALS] or [MU]. It is sealed.
type Method interface {
	method()
	String() string
}

// MU is the multiplicative update by majorization-minimization, for every loss
// and penalty. Inner is the number of steps per factor and sweep; 0 means 1.
type MU struct{ Inner int }

// HALS is hierarchical alternating least squares, for the Frobenius loss with
// penalties of degree 1 and 2.
type HALS struct {
	// Inner is the number of sweeps over a factor before the other one's turn:
	// exactly Inner when it is positive. 0 means the accelerated rule of Gillis
	// and Glineur: at most 1 + Alpha·ρ sweeps, where ρ compares the cost of the
	// products with that of a sweep, ended as soon as a sweep changes a block
	// by no more than Delta times what the first one did. A block is 512
	// columns of H, or at most 512 rows of W (a sixteenth of them if fewer).
	Inner int
	// Alpha and Delta belong to the accelerated rule; defaults 0.5 and 0.1.
	Alpha, Delta solver.Opt[float64]
	// Exact applies the accelerated rule to the whole factor instead of blocks.
	Exact bool
}

func (MU) method()   {}
func (HALS) method() {}

// String returns "mu".
func (MU) String() string { return "mu" }

// String returns "hals".
func (HALS) String() string { return "hals" }

// Start is a starting point: [Random], a *[Model] or a *[Result] of the data's
// element type. It is sealed.
type Start interface{ start() }

// Random is a start with independent entries, uniform on (0, 1] and scaled so
// that the mean of WH is that of the data. W and H have random streams of their
// own, so they depend on nothing but seed and shape.
type Random struct{}

func (Random) start()    {}
func (*Model[T]) start() {}

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
)

var balanceNames = [...]string{"auto", "none", "init", "every"}

// String returns auto, none, init or every.
func (b Balance) String() string {
	if b < 0 || int(b) >= len(balanceNames) {
		return fmt.Sprintf("Balance(%d)", int(b))
	}
	return balanceNames[b]
}

// Order says which factor is updated first in a sweep.
type Order int

// The orders of a sweep.
const (
	// OrderWH updates W, then H.
	OrderWH Order = iota
	// OrderHW updates H, then W.
	OrderHW
)

// String returns wh or hw.
func (o Order) String() string {
	if o == OrderHW {
		return "hw"
	}
	return "wh"
}

// Options of a fit. The zero value is the documented default.
type Options struct {
	// Loss is the divergence that is minimized; default Frobenius.
	Loss loss.Loss
	// Method is the algorithm; default HALS{} for Frobenius, else MU{}.
	Method Method
	// W and H are the penalties of the factors; default none. When both factors
	// are free either both have one or neither.
	W, H reg.Penalty
	// Balance says when the factors are balanced; default BalanceAuto.
	Balance Balance
	// Init is the starting point; default Random{}.
	Init Start
	// ScaleInit says whether the starting point is scaled to data and penalties;
	// default true, and false for a start that is given.
	ScaleInit solver.Opt[bool]
	// Order is the order of a sweep; default OrderWH.
	Order Order
	// FixW and FixH keep a factor as Init gives it.
	FixW, FixH bool
	// Mask says which entries of the data are observed; the others are missing and
	// may be anything, NaN too. Default nil: all are observed.
	Mask *matrix.Mask
	// Eps is the floor of the factors' entries, and for β ≤ 0 of the data too;
	// at least 0. It is meant to be tiny beside the entries that matter:
	// balancing takes entries at the floor for zeros. Default 0 for HALS and
	// 1e-16·sqrt(mean(X)/rank) for MU, the data untouched.
	Eps solver.Opt[float64]
	// Seed of the random start; every number is a seed.
	Seed uint64
	// Workers is the largest number of goroutines that work; default GOMAXPROCS.
	// It does not change the result.
	Workers int
	// Run says how long to go on; MaxIter defaults to 500, for MU to 2000, and
	// TraceEvery to 1, or 10 where the objective costs a pass over the data: for
	// losses other than Frobenius, and with missing entries.
	Run solver.Options
}

// effective returns the options with every default that does not need the data
// filled in, or what is wrong with them.
func (o *Options) effective(m, n int) (Options, error) {
	var e Options
	if o != nil {
		e = *o
	}
	if err := e.Loss.Validate(); err != nil {
		return e, fmt.Errorf("nmf: loss: %w", err)
	}
	if e.Method == nil {
		e.Method = Method(MU{})
		if e.Loss == loss.Frobenius {
			e.Method = HALS{}
		}
	}
	if err := e.checkMask(m, n); err != nil {
		return e, err
	}
	run := solver.Options{MaxIter: solver.Set(500), TraceEvery: 1}
	if e.Loss != loss.Frobenius || e.Mask != nil {
		run.TraceEvery = 10
	}
	switch a := e.Method.(type) {
	case MU:
		if a.Inner < 0 {
			return e, fmt.Errorf("nmf: %w: inner is %d, must be at least 0", ErrOption, a.Inner)
		}
		run.MaxIter = solver.Set(2000)
	case HALS:
		if e.Loss != loss.Frobenius {
			return e, fmt.Errorf("nmf: %w: hals minimizes the frobenius loss only, not %v; use mu", ErrOption, e.Loss)
		}
		if err := a.validate(); err != nil {
			return e, err
		}
		if err := nnls.CheckHALS(e.W.Plus(e.H)); err != nil {
			return e, fmt.Errorf("nmf: %w", err)
		}
	default:
		return e, fmt.Errorf("nmf: %w: method %T; want nmf.HALS or nmf.MU, not a pointer", ErrOption, e.Method)
	}
	if e.Init == nil {
		e.Init = Random{}
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
	_, random := e.Init.(Random)
	if random && (e.FixW || e.FixH) {
		return e, fmt.Errorf("nmf: %w: a fixed factor needs a start that gives it; set Init to a model", ErrOption)
	}
	if e.FixW && e.FixH {
		return e, fmt.Errorf("nmf: %w: both factors are fixed, nothing is left to fit", ErrOption)
	}
	e.ScaleInit = solver.Set(e.ScaleInit.Or(random))
	return e, e.penalties(m, n)
}

func (a HALS) validate() error {
	alpha, delta := a.Alpha.Or(0.5), a.Delta.Or(0.1)
	switch {
	case a.Inner < 0:
		return fmt.Errorf("nmf: %w: inner is %d, must be at least 0", ErrOption, a.Inner)
	case !(alpha >= 0) || alpha > 1e6:
		return fmt.Errorf("nmf: %w: alpha is %v, must be from 0 to 1e6", ErrOption, alpha)
	case !(delta >= 0) || math.IsInf(delta, 0):
		return fmt.Errorf("nmf: %w: delta is %v, must be a number of at least 0", ErrOption, delta)
	case a.Inner > 0 && (a.Alpha.IsSet() || a.Delta.IsSet() || a.Exact):
		return fmt.Errorf("nmf: %w: alpha, delta and exact have no effect with inner %d; leave inner 0", ErrOption, a.Inner)
	}
	return nil
}

// penalties checks the penalties and settles the balancing.
func (o *Options) penalties(m, n int) error {
	if err := o.W.Validate(m); err != nil {
		return fmt.Errorf("nmf: penalty on W: %w", err)
	}
	if err := o.H.Validate(n); err != nil {
		return fmt.Errorf("nmf: penalty on H: %w", err)
	}
	for _, b := range []struct {
		name  string
		fixed bool
		p     reg.Penalty
	}{{"W", o.FixW, o.W}, {"H", o.FixH, o.H}} {
		if b.fixed && len(b.p.Active()) > 0 {
			return fmt.Errorf("nmf: %w: %s is fixed, so a penalty on it has no effect; leave it out", ErrOption, b.name)
		}
	}
	penalized := len(o.W.Active()) > 0 || len(o.H.Active()) > 0
	both := !o.FixW && !o.FixH
	if both && penalized {
		for _, b := range []struct {
			name, other string
			p           reg.Penalty
		}{{"W", "H", o.W}, {"H", "W", o.H}} {
			if !b.p.Definite() {
				return fmt.Errorf("nmf: %w: %s is penalized and %s is not (or not in every row), so the scale of the model would flee into %s; penalize %s too, or neither",
					ErrOneSided, b.other, b.name, b.name, b.name)
			}
		}
	}
	switch o.Balance {
	case BalanceAuto:
		o.Balance = BalanceNone
		if both && penalized {
			o.Balance = BalanceEvery
		}
	case BalanceNone:
	case BalanceInit, BalanceEvery:
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
	s := o.Loss.Formula("W·H")
	for _, p := range []string{o.W.Formula("W"), o.H.Formula("H")} {
		if p != "" {
			s += " + " + p
		}
	}
	return s
}

// defaultEps is the floor of a method for data of the given mean.
func defaultEps[T asm.Float](a Method, mean float64, rank int) float64 {
	if _, ok := a.(MU); ok {
		return 1e-16 * math.Sqrt(mean/float64(rank))
	}
	return 0
}
