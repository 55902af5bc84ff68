package nmf

import (
	"fmt"
	"math"

	"polyad/asm"
	"polyad/internal/nnls"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
)

// Method is an algorithm: [HALS], [MU], [ANLS] or [ALS]. It is sealed.
type Method interface {
	method()
	String() string
}

// MU is the multiplicative update by majorization-minimization, for every loss
// and penalty.
type MU struct {
	// Inner is the number of steps per factor and sweep; 0 means 1.
	Inner int `json:"inner,omitzero"`
	// Extrapolate makes the steps from points beyond the last ones, for losses
	// with 1 ≤ β ≤ 2. Whenever the objective is evaluated and has risen, the run
	// returns to the best point so far and starts anew from there.
	Extrapolate bool `json:"extrapolate,omitzero"`
}

// HALS is hierarchical alternating least squares, for the Frobenius loss with
// penalties of degree 1 and 2.
type HALS struct {
	// Inner is the number of sweeps over a factor before the other one's turn:
	// exactly Inner when it is positive. 0 means the accelerated rule of Gillis
	// and Glineur: at most 1 + Alpha·ρ sweeps, where ρ compares the cost of the
	// products with that of a sweep, ended as soon as a sweep changes a block
	// by no more than Delta times what the first one did. A block is 512
	// columns of H, or at most 512 rows of W (a sixteenth of them if fewer).
	Inner int `json:"inner,omitzero"`
	// Alpha and Delta belong to the accelerated rule; defaults 0.5 and 0.1.
	Alpha solver.Opt[float64] `json:"alpha,omitzero"`
	Delta solver.Opt[float64] `json:"delta,omitzero"`
	// Exact applies the accelerated rule to the whole factor instead of blocks.
	Exact bool `json:"exact,omitzero"`
	// Extrapolate lets each factor begin, and the other one be fitted to, a point
	// beyond the last one. A sweep that would raise the objective by more than
	// rounding is given up and leaves the model as it was.
	Extrapolate bool `json:"extrapolate,omitzero"`
}

// ANLS is alternating nonnegative least squares, each factor minimized exactly
// by block principal pivoting, for the Frobenius loss with penalties of degree
// 1 and 2.
type ANLS struct{}

// ALS is projected alternating least squares: the minimizer without the
// constraint, its negative entries set to 0; for the Frobenius loss with
// penalties of degree 1 and 2. The objective may rise and the run may cycle; the best
// model that was evaluated is returned (Report.Returned).
type ALS struct{}

func (MU) method()   {}
func (HALS) method() {}
func (ANLS) method() {}
func (ALS) method()  {}

// String returns "mu".
func (MU) String() string { return "mu" }

// String returns "hals".
func (HALS) String() string { return "hals" }

// String returns "anls".
func (ANLS) String() string { return "anls" }

// String returns "als".
func (ALS) String() string { return "als" }

// DefaultMethod returns the method of a fit that names none: HALS{Extrapolate:
// true} for the Frobenius loss and penalties of the degrees 1 and 2, else
// MU{Extrapolate: true} for 1 ≤ β ≤ 2, and MU{} for other β.
func DefaultMethod(l loss.Loss, penalties ...reg.Penalty) Method {
	switch b := l.Beta(); {
	case l == loss.Frobenius && nnls.Quadratic(penalties...):
		return HALS{Extrapolate: true}
	case b >= 1 && b <= 2:
		return MU{Extrapolate: true}
	}
	return MU{}
}

// checkMethod reports what is wrong with the method, or what of the other
// options does not go with it.
func (o *Options) checkMethod() error {
	var err error
	switch a := o.Method.(type) {
	case MU:
		if a.Inner < 0 {
			return fmt.Errorf("nmf: %w: inner is %d, must be at least 0", ErrOption, a.Inner)
		}
		if b := o.Loss.Beta(); a.Extrapolate && (b < 1 || b > 2) {
			return fmt.Errorf("nmf: %w: mu can be extrapolated for losses with 1 <= beta <= 2 only, not %v; leave extrapolate false", ErrOption, o.Loss)
		}
		return nil
	case HALS:
		if err := a.validate(); err != nil {
			return err
		}
		err = nnls.CheckHALS(o.W.Plus(o.H))
	case ANLS:
		err = nnls.CheckBPP(o.W.Plus(o.H))
	case ALS:
		err = nnls.CheckLS(o.W.Plus(o.H))
	default:
		return fmt.Errorf("nmf: %w: method %T; want nmf.HALS, nmf.MU, nmf.ANLS or nmf.ALS, not a pointer", ErrOption, o.Method)
	}
	if o.Loss != loss.Frobenius {
		return fmt.Errorf("nmf: %w: %v minimizes the frobenius loss only, not %v; use mu", ErrOption, o.Method, o.Loss)
	}
	if err != nil {
		return fmt.Errorf("nmf: %w", err)
	}
	if _, hals := o.Method.(HALS); !hals && o.Eps.Or(0) != 0 {
		return fmt.Errorf("nmf: %w: %v has no floor, so eps has no effect; leave it out", ErrOption, o.Method)
	}
	return nil
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

// newStepper returns the algorithm of a method.
func newStepper[T asm.Float](s *state[T], m Method) (stepper, error) {
	if s.exact() {
		return newObserved(s)
	}
	switch a := m.(type) {
	case HALS:
		return newHALS(s, a)
	case ANLS:
		return newANLS(s)
	case ALS:
		return newALS(s)
	}
	return newMU(s, m.(MU))
}

// defaultEps is the floor of a method for data of the given mean.
func defaultEps[T asm.Float](a Method, mean float64, rank int) float64 {
	if _, ok := a.(MU); ok {
		return 1e-16 * math.Sqrt(mean/float64(rank))
	}
	return 0
}
