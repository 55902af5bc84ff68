package tucker

import (
	"fmt"
	"math"

	"polyad/asm"
	"polyad/internal/nnls"
	"polyad/loss"
	"polyad/solver"
)

// Method is an algorithm: [HOOI] or [HALS]. It is sealed.
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
	Inner int
	// Alpha and Delta belong to the accelerated rule; defaults 0.5 and 0.1.
	Alpha, Delta solver.Opt[float64]
	// Core is the number of gradient steps on the core: exactly Core when it is
	// positive. 0 means at most 50, ended as soon as a step changes the core by no
	// more than Delta times what the first one did.
	Core int
}

// String returns "hooi".
func (HOOI) String() string { return "hooi" }

// String returns "hals".
func (HALS) String() string { return "hals" }

func (HOOI) defaults(loss.Loss) solver.Options { return solver.Options{TraceEvery: 1} }
func (HALS) defaults(loss.Loss) solver.Options { return solver.Options{TraceEvery: 1} }

// DefaultMethod returns the method of a fit that names none: HALS{} when a block
// is nonnegative, else HOOI{}. Other losses than Frobenius have none.
func DefaultMethod(l loss.Loss, nonneg bool) (Method, error) {
	switch {
	case l != loss.Frobenius:
		return nil, fmt.Errorf("tucker: %w: no method minimizes the loss %q", ErrOption, l.String())
	case nonneg:
		return HALS{}, nil
	}
	return HOOI{}, nil
}

// checkMethod reports what is wrong with the method, or what of the other
// options does not go with it.
func (o *settled) checkMethod() error {
	switch a := o.Method.(type) {
	case HOOI:
		return o.checkHOOI()
	case HALS:
		return o.checkHALS(a)
	}
	return fmt.Errorf("tucker: %w: method %T; want tucker.HOOI or tucker.HALS, not a pointer", ErrOption, o.Method)
}

func (o *settled) checkHOOI() error {
	order := len(o.shape)
	penalized := len(o.Core.Active()) > 0
	for _, p := range o.Factors {
		penalized = penalized || len(p.Active()) > 0
	}
	switch {
	case o.Loss != loss.Frobenius:
		return fmt.Errorf("tucker: %w: hooi minimizes the frobenius loss only, not %v", ErrOption, o.Loss)
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
		return fmt.Errorf("tucker: %w: hals minimizes the frobenius loss only, not %v", ErrOption, o.Loss)
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

// finisher is a stepper that leaves the model in another form at the end of a run
// than during it, as the same array.
type finisher interface{ finish() }

// newStepper returns the algorithm of a method.
func newStepper[T asm.Float](s *state[T]) (stepper, error) {
	if a, ok := s.o.Method.(HALS); ok {
		return newHALS(s, a)
	}
	return newHOOI(s)
}
