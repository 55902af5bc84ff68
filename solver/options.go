package solver

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Opt is an option whose zero is a legal wish: unset, it stands for the
// documented default.
type Opt[T any] struct {
	value T
	set   bool
}

// Set returns an option with the given value. For a float64 option write
// Set(0.0), not Set(0).
func Set[T any](v T) Opt[T] { return Opt[T]{value: v, set: true} }

// Or returns the value of the option, or d when it is unset.
func (o Opt[T]) Or(d T) T {
	if o.set {
		return o.value
	}
	return d
}

// IsSet reports whether the option has a value of its own.
func (o Opt[T]) IsSet() bool { return o.set }

// Options say how long a run may go on and who watches it. The zero value is
// the documented default.
type Options struct {
	// Tol is the tolerance of the stop rule, the share of the objective by which ten
	// sweeps may still change it, at least 0; 0 means never stop early. Default 1e-6.
	Tol Opt[float64] `json:"tol,omitzero"`

	// MaxIter is the largest number of sweeps, at least 0; 0 only evaluates the
	// starting point. Default 500, or what the algorithm's documentation says.
	MaxIter Opt[int] `json:"max_iter,omitzero"`

	// MaxTime ends a run after the sweep in which it is exceeded; it counts from
	// Start. 0 means no limit. In JSON it is a number of seconds.
	MaxTime time.Duration `json:"max_time,omitzero"`

	// TraceEvery says after how many sweeps the objective is evaluated: for the
	// trace, the stop rule and the observers. The starting point and the last
	// sweep always are. Default 1, and 10 for losses whose objective costs a
	// pass over the data of its own.
	TraceEvery int `json:"trace_every,omitzero"`

	// Observe is called with every evaluated point, the start included. JSON has no
	// functions, and leaves observers out.
	Observe []Observer `json:"-"`

	// Start is the moment from which seconds count. Default: when the entry
	// point is called.
	Start time.Time `json:"start,omitzero"`
}

// ErrOption is wrapped by errors about options that make no sense.
var ErrOption = errors.New("invalid option")

// ErrNotFinite is wrapped by the error of a run whose objective became NaN or
// infinite.
var ErrNotFinite = errors.New("objective is not finite")

// Default fills unset options in from d and returns the result.
func (o Options) Default(d Options) Options {
	o.Tol = Set(o.Tol.Or(d.Tol.Or(1e-6)))
	o.MaxIter = Set(o.MaxIter.Or(d.MaxIter.Or(500)))
	if o.TraceEvery == 0 {
		o.TraceEvery = max(d.TraceEvery, 1)
	}
	if o.Start.IsZero() {
		o.Start = d.Start
	}
	return o
}

// Validate returns an error wrapping [ErrOption] when an option makes no sense.
func (o Options) Validate() error {
	if t := o.Tol.Or(0); !(t >= 0) || math.IsInf(t, 0) {
		return fmt.Errorf("%w: tol is %v, must be a number of at least 0", ErrOption, t)
	}
	if n := o.MaxIter.Or(0); n < 0 {
		return fmt.Errorf("%w: max-iter is %d, must be at least 0", ErrOption, n)
	}
	if o.MaxTime < 0 {
		return fmt.Errorf("%w: max-time is %v, must be at least 0", ErrOption, o.MaxTime)
	}
	if o.TraceEvery < 0 {
		return fmt.Errorf("%w: trace-every is %d, must be at least 1", ErrOption, o.TraceEvery)
	}
	for i, f := range o.Observe {
		if f == nil {
			return fmt.Errorf("%w: observer %d is nil", ErrOption, i)
		}
	}
	return nil
}
