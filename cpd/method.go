package cpd

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

// Method is an algorithm: [ALS], [HALS] or [MU]. It is sealed.
type Method interface {
	method()
	String() string
}

// ALS is alternating least squares, each factor minimized exactly: by a linear
// system, nonnegative factors by block principal pivoting. For the Frobenius loss
// with penalties of degree 2 without row weights; nonnegative factors take
// degree 1 and row weights, too.
type ALS struct {
	// Extrapolate lets each factor begin, and the others be fitted to, a point
	// beyond the last one. A sweep that would raise the objective is given up
	// and leaves the model as it was.
	Extrapolate bool `json:"extrapolate,omitzero"`
	// LineSearch lets a sweep begin at the best point of the line along which the
	// last one went, which helps most where progress is slow for long (swamps). It
	// takes N-1 passes over the data more for each sweep of N free factors, all of
	// both signs and of complete data.
	LineSearch bool `json:"line_search,omitzero"`
}

// HALS is hierarchical alternating least squares, for the Frobenius loss with
// penalties of degree 1 and 2, with and without nonnegativity.
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
	// Extrapolate is that of [ALS].
	Extrapolate bool `json:"extrapolate,omitzero"`
}

// MU is the multiplicative update by majorization-minimization, for every loss
// and penalty. All factors are nonnegative.
type MU struct {
	// Inner is the number of steps per factor and sweep; 0 means 1.
	Inner int `json:"inner,omitzero"`
}

func (ALS) method()  {}
func (HALS) method() {}
func (MU) method()   {}

// String returns "als".
func (ALS) String() string { return "als" }

// String returns "hals".
func (HALS) String() string { return "hals" }

// String returns "mu".
func (MU) String() string { return "mu" }

// DefaultMethod returns the method of a fit that names none: MU{}, which makes all
// factors nonnegative, for losses other than Frobenius and penalties of other degrees
// than 1 and 2; HALS{Extrapolate: true} when a factor is nonnegative, or a penalty
// has degree 1 or row weights; else ALS{Extrapolate: true}. They are plain when
// factors are balanced within a sweep (BalanceBlock).
func DefaultMethod(l loss.Loss, nonneg bool, b Balance, penalties ...reg.Penalty) Method {
	switch {
	case l != loss.Frobenius || !nnls.Quadratic(penalties...):
		return MU{}
	case nonneg || slices.ContainsFunc(penalties, func(p reg.Penalty) bool { return !isRidge(p) }):
		return HALS{Extrapolate: b != BalanceBlock}
	}
	return ALS{Extrapolate: b != BalanceBlock}
}

// checkMethod reports what is wrong with the method, or what of the other
// options does not go with it.
func (o *settled) checkMethod() error {
	eps := o.Eps.Or(0) != 0
	switch a := o.Method.(type) {
	case MU:
		if a.Inner < 0 {
			return fmt.Errorf("cpd: %w: inner is %d, must be at least 0", ErrOption, a.Inner)
		}
		return nil
	case HALS:
		if err := a.validate(); err != nil {
			return err
		}
		eps = eps && len(o.Nonneg) == 0
	case ALS:
	default:
		return fmt.Errorf("cpd: %w: method %T; want cpd.ALS, cpd.HALS or cpd.MU, not a pointer", ErrOption, o.Method)
	}
	if o.Loss != loss.Frobenius {
		return fmt.Errorf("cpd: %w: %v minimizes the frobenius loss only, not %v; use mu", ErrOption, o.Method, o.Loss)
	}
	if extrapolated(o.Method) && o.Balance == BalanceBlock {
		return fmt.Errorf("cpd: %w: an extrapolated sweep cannot be balanced within (block); use balance every, or leave extrapolate false", ErrOption)
	}
	if err := o.checkLineSearch(); err != nil {
		return err
	}
	if eps {
		return fmt.Errorf("cpd: %w: no factor has a floor with %v here, so eps has no effect; leave it out", ErrOption, o.Method)
	}
	for n, p := range o.Penalty {
		if err := o.checkQuadratic(p, o.nonneg[n]); err != nil {
			return fmt.Errorf("cpd: mode %d: %w", n, err)
		}
	}
	return nil
}

// checkQuadratic checks the penalty of one mode for HALS and ALS.
func (o *settled) checkQuadratic(p reg.Penalty, nonneg bool) error {
	if _, hals := o.Method.(HALS); hals || nonneg {
		return nnls.CheckHALS(p)
	}
	if !nnls.Quadratic(p) { // hals could not either
		return fmt.Errorf("%w: als knows degree 2 without row weights where entries may be negative, and mu, with nonnegative factors, every degree", reg.ErrPenalty)
	}
	if !isRidge(p) {
		return fmt.Errorf("%w: als knows degree 2 without row weights where entries may be negative; use hals", reg.ErrPenalty)
	}
	return nil
}

// isRidge reports whether all terms of a penalty have degree 2 and no row weights.
func isRidge(p reg.Penalty) bool {
	return !slices.ContainsFunc(p.Active(), func(t reg.Term) bool { return t.Degree != 2 || t.Rows != nil })
}

func (a HALS) validate() error {
	alpha, delta := a.Alpha.Or(0.5), a.Delta.Or(0.1)
	switch {
	case a.Inner < 0:
		return fmt.Errorf("cpd: %w: inner is %d, must be at least 0", ErrOption, a.Inner)
	case !(alpha >= 0) || alpha > 1e6:
		return fmt.Errorf("cpd: %w: alpha is %v, must be from 0 to 1e6", ErrOption, alpha)
	case !(delta >= 0) || math.IsInf(delta, 0):
		return fmt.Errorf("cpd: %w: delta is %v, must be a number of at least 0", ErrOption, delta)
	case a.Inner > 0 && (a.Alpha.IsSet() || a.Delta.IsSet()):
		return fmt.Errorf("cpd: %w: alpha and delta have no effect with inner %d; leave inner 0", ErrOption, a.Inner)
	}
	return nil
}

// newStepper returns the algorithm of a method.
func newStepper[T asm.Float](s *state[T]) (stepper, error) {
	if extrapolated(s.o.Method) {
		s.ahead = newAhead(s)
	}
	switch a := s.o.Method.(type) {
	case MU:
		return newMU(s, a)
	case HALS:
		if !s.exact() {
			return newHALS(s, a)
		}
	case ALS:
		if a.LineSearch {
			s.ahead = newLine(s)
		}
	}
	if s.exact() {
		return newObserved(s)
	}
	return newALS(s)
}

// extrapolated reports whether a method is the extrapolated variant.
func extrapolated(m Method) bool {
	switch m := m.(type) {
	case ALS:
		return m.Extrapolate
	case HALS:
		return m.Extrapolate
	}
	return false
}

// defaultEps is the floor of a method for data of the given mean.
func defaultEps(a Method, mean float64, rank, order int) float64 {
	if _, ok := a.(MU); ok {
		return 1e-16 * math.Pow(mean/float64(rank), 1/float64(order))
	}
	return 0
}
