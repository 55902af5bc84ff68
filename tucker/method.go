package tucker

import (
	"fmt"
	"math"
	"slices"

	"polyad/asm"
	"polyad/internal/nnls"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
)

// Method is an algorithm: [HOOI], [HALS] or [MU]. It is sealed.
type Method interface {
	String() string
	defaults(l loss.Loss) solver.Options
}

// HOOI is higher-order orthogonal iteration: orthonormal factors, each the
// leading left singular vectors of the data projected onto the others. For the
// Frobenius loss without penalties and signs.
type HOOI struct{}

// HALS fits the factors by hierarchical alternating least squares and the core by
// accelerated projected gradient, for the Frobenius loss with penalties of degree
// 1 and 2, with and without nonnegativity.
type HALS struct {
	// Inner is the number of sweeps over a factor before the next one's turn:
	// exactly Inner when it is positive. 0 means the accelerated rule of Gillis
	// and Glineur: at most 1 + Alpha·ρ sweeps, and 50, where ρ compares the cost of
	// the products with that of a sweep, ended as soon as a sweep changes a block
	// of 512 rows by no more than Delta times what the first one did.
	Inner int `json:"inner,omitzero"`
	// Alpha and Delta belong to the accelerated rule; defaults 0.5 and 0.1.
	Alpha solver.Opt[float64] `json:"alpha,omitzero"`
	Delta solver.Opt[float64] `json:"delta,omitzero"`
	// Core is the number of gradient steps on the core: exactly Core when it is
	// positive. 0 means at most 50, ended as soon as a step changes the core by no
	// more than Delta times what the first one did.
	Core int `json:"core,omitzero"`
}

// MU is the multiplicative update by majorization-minimization, for every loss
// and penalty. All blocks are nonnegative.
type MU struct {
	// Inner is the number of steps per block and sweep; 0 means 1.
	Inner int `json:"inner,omitzero"`
	// Extrapolate lets each block begin, and the others be fitted to, a point beyond
	// the last one. A sweep that would raise the objective is given up and leaves
	// the model as it was. Every sweep evaluates the objective.
	Extrapolate bool `json:"extrapolate,omitzero"`
}

// String returns "hooi".
func (HOOI) String() string { return "hooi" }

// String returns "hals".
func (HALS) String() string { return "hals" }

// String returns "mu".
func (MU) String() string { return "mu" }

func (HOOI) defaults(loss.Loss) solver.Options { return solver.Options{TraceEvery: 1} }
func (HALS) defaults(loss.Loss) solver.Options { return solver.Options{TraceEvery: 1} }
func (MU) defaults(l loss.Loss) solver.Options {
	o := solver.Options{MaxIter: solver.Set(2000), TraceEvery: 1}
	if l != loss.Frobenius {
		o.TraceEvery = 10
	}
	return o
}

// DefaultMethod returns the method of a fit that names none: MU{} for losses other
// than Frobenius and penalties of other degrees than 1 and 2, HALS{} when a block is
// nonnegative or penalized, else HOOI{}.
func DefaultMethod(l loss.Loss, nonneg bool, penalties ...reg.Penalty) Method {
	switch {
	case l != loss.Frobenius || !nnls.Quadratic(penalties...):
		return MU{}
	case nonneg || slices.ContainsFunc(penalties, func(p reg.Penalty) bool { return len(p.Active()) > 0 }):
		return HALS{}
	}
	return HOOI{}
}

// checkMethod reports what is wrong with the method, or what of the other
// options does not go with it.
func (o *settled) checkMethod() error {
	switch a := o.Method.(type) {
	case HOOI:
		return o.checkHOOI()
	case HALS:
		return o.checkHALS(a)
	case MU:
		return o.checkMU(a)
	}
	return fmt.Errorf("tucker: %w: method %T; want tucker.HOOI, tucker.HALS or tucker.MU, not a pointer", ErrOption, o.Method)
}

func (o *settled) checkMU(a MU) error {
	if a.Inner < 0 {
		return fmt.Errorf("tucker: %w: inner is %d, must be at least 0", ErrOption, a.Inner)
	}
	for n, nonneg := range o.nonneg {
		if !nonneg && (n == len(o.alone) || !o.alone[n]) {
			if o.Loss != loss.Frobenius || !nnls.Quadratic(append([]reg.Penalty{o.Core}, o.Factors...)...) { // for mu alone
				return fmt.Errorf("tucker: %w: mu, which this loss or degree of a penalty needs, keeps every block nonnegative; leave nonneg out", ErrOption)
			}
			return fmt.Errorf("tucker: %w: mu keeps every block nonnegative; leave nonneg out, or use hals", ErrOption)
		}
	}
	return nil
}

// defaultEps returns the floor of a method for data of the given mean.
func (o *settled) defaultEps(mean float64) float64 {
	if _, ok := o.Method.(MU); !ok {
		return 0
	}
	terms := 1.0
	for n, j := range o.ranks {
		if !o.alone[n] {
			terms *= float64(j)
		}
	}
	eps := math.Pow(mean/terms, 1/float64(o.scaled()))
	if o.Loss.NeedsPositive() {
		eps = min(eps, mean) // it is the floor of the data, too
	}
	return 1e-16 * eps
}

func (o *settled) checkHOOI() error {
	order := len(o.shape)
	penalized := len(o.Core.Active()) > 0
	for _, p := range o.Factors {
		penalized = penalized || len(p.Active()) > 0
	}
	switch {
	case o.Loss != loss.Frobenius:
		return fmt.Errorf("tucker: %w: hooi minimizes the frobenius loss only, not %v; use mu", ErrOption, o.Loss)
	case len(o.Nonneg) > 0:
		return fmt.Errorf("tucker: %w: hooi gives factors of both signs; leave nonneg out, or use hals", ErrOption)
	case penalized:
		return fmt.Errorf("tucker: %w: hooi takes no penalties; leave them out, or use hals", ErrOption)
	case o.fixed[order]:
		return fmt.Errorf("tucker: %w: hooi always fits the core; take it out of fix, or use hals", ErrOption)
	case o.Eps.IsSet() && o.Eps.Or(0) != 0:
		return fmt.Errorf("tucker: %w: no factor has a floor with hooi, so eps has no effect; leave it out", ErrOption)
	}
	return nil
}

func (o *settled) checkHALS(a HALS) error {
	alpha, delta := a.Alpha.Or(0.5), a.Delta.Or(0.1)
	switch {
	case o.Loss != loss.Frobenius:
		return fmt.Errorf("tucker: %w: hals minimizes the frobenius loss only, not %v; use mu", ErrOption, o.Loss)
	case a.Inner < 0:
		return fmt.Errorf("tucker: %w: inner is %d, must be at least 0", ErrOption, a.Inner)
	case a.Core < 0:
		return fmt.Errorf("tucker: %w: core is %d steps, must be at least 0", ErrOption, a.Core)
	case !(alpha >= 0) || alpha > 1e6:
		return fmt.Errorf("tucker: %w: alpha is %v, must be from 0 to 1e6", ErrOption, alpha)
	case !(delta >= 0) || math.IsInf(delta, 0):
		return fmt.Errorf("tucker: %w: delta is %v, must be a number of at least 0", ErrOption, delta)
	case a.Inner > 0 && (a.Alpha.IsSet() || a.Delta.IsSet() && a.Core > 0):
		return fmt.Errorf("tucker: %w: alpha has no effect with inner %d, nor delta beside core %d; leave them out", ErrOption, a.Inner, a.Core)
	case o.Eps.Or(0) != 0 && len(o.Nonneg) == 0:
		return fmt.Errorf("tucker: %w: no block has a floor with hals here, so eps has no effect; leave it out", ErrOption)
	}
	for n, p := range o.Factors {
		if err := nnls.CheckHALS(p); err != nil {
			return fmt.Errorf("tucker: mode %d: %w", n, err)
		}
	}
	if err := nnls.CheckHALS(o.Core); err != nil {
		return fmt.Errorf("tucker: the core: %w", err)
	}
	return nil
}

// stepper is an algorithm at work: it updates one block, a mode's factor or after
// the last mode the core, given the others.
type stepper interface{ update(block int) }

// preparer is a stepper that has to do something before the first sweep.
type preparer interface{ prepare() }

// finisher is a stepper that leaves the model in another form at the end of a run
// than during it, as the same array.
type finisher interface{ finish() }

// newStepper returns the algorithm of a method.
func newStepper[T asm.Float](s *state[T]) (stepper, error) {
	switch a := s.o.Method.(type) {
	case HALS:
		return newHALS(s, a)
	case MU:
		return newMU(s, a)
	}
	return newHOOI(s)
}
