package fitting

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
	"time"

	"polyad/asm"
	"polyad/solver"
)

// ErrLost is the error of a sweep after which components of a generated start are
// gone, so that the fit has to begin again.
var ErrLost = errors.New("components of the start were lost")

// Of a generated start the first watched sweeps are watched. When it is doubted, Tries
// starts are tried at least, at first for TrySweeps sweeps each.
const (
	watched   = 20
	Tries     = 4
	TrySweeps = 5
)

// Nothing is the part of the data, by norms, below which a component is gone: its
// square is nothing for the objective, and under a penalty it goes on shrinking.
func Nothing[T asm.Float]() float64 { return max(1e-6, 16*Precision[T]()) }

// Tied is why other starts are tried than one of singular vectors; [Vigil] gives
// another reason.
const Tied = "singular values are equal, so that the vectors are arbitrary"

// cheap is why other starts are tried where that costs little, see [Plan].
const cheap = "sweeps are cheap here, and a single start may end in a local minimum"

// TryWork is about how many floating-point operations may go into the choice of a start
// where nothing else is wrong with it. Tests of what single fits do set it to 0.
var TryWork = 2e8

// mostTries is how many starts are tried at most.
const mostTries = 32

// Plan says how many starts of a fit are tried whose sweeps take about so many
// floating-point operations, 0 where one alone is taken unless it is doubted. It is a
// matter of shapes, and never of time (docs/decisions/013).
func Plan(work float64) (count int) {
	for count = mostTries; count >= Tries; count /= 2 {
		rounds := bits.Len(uint(count)) - 1 // of TrySweeps sweeps of each of them
		if float64(count*TrySweeps*rounds)*(work+sweepOverhead) <= TryWork {
			return count
		}
	}
	return 0
}

// sweepOverhead is what a sweep takes beside its work on entries.
const sweepOverhead = 1e4

// NewCandidates returns those of a fit whose sweeps take so much work: more of them where
// they are cheap, and for longer where scarce says that few entries are observed.
func NewCandidates(fit Watched, name, reason string, seed uint64, made int, work float64, scarce bool) *Candidates {
	c := &Candidates{Fit: fit, Name: name, Reason: reason, Seed: seed, Made: made, Count: max(Tries, Plan(work)), Sweeps: TrySweeps}
	if scarce {
		c.Count, c.Sweeps = ScarceTries, ScarceSweeps
	}
	return c
}

// Doubt says why the start of a fit whose sweeps take so much work is not simply taken, or
// "". alone says that one run is asked for, tied that the vectors of the start are
// arbitrary, scarce that few entries are observed for so many parameters.
func Doubt(work float64, alone, tied, scarce bool, observed, parameters int) string {
	switch {
	case scarce:
		return Scarce(observed, parameters)
	case tied:
		return Tied
	case !alone && Plan(work) > 0:
		return cheap
	}
	return ""
}

// Vigil watches the first sweeps from a generated start. Its zero value does not.
type Vigil struct {
	left int // sweeps
	gone []string
}

// NewVigil returns a watch over the first sweeps.
func NewVigil() Vigil { return Vigil{left: watched} }

// On reports whether the next sweep is watched.
func (w *Vigil) On() bool { return w.left > 0 }

// Look is told which components are gone after a sweep. It returns [ErrLost] when
// some of them were gone after the sweep before as well: by then every block had its
// turn to bring them back.
func (w *Vigil) Look(gone []string) error {
	before := w.gone
	w.gone = gone
	if w.left--; w.Reason(before) != "" {
		return ErrLost
	}
	return nil
}

// Reason says which components are gone, of those that are among others, or "".
func (w *Vigil) Reason(others []string) string {
	var list []string
	for _, q := range w.gone {
		if slices.Contains(others, q) {
			list = append(list, q)
		}
	}
	switch len(list) {
	case 0:
		return ""
	case 1:
		return "component " + list[0] + " vanished in the first sweeps"
	}
	return "components " + strings.Join(list, ", ") + " vanished in the first sweeps"
}

// Watched is a fit whose start can be replaced.
type Watched interface {
	solver.Problem
	solver.Checkpointer
	// Lost says which components are gone.
	Lost() string
}

// Run runs a fit. When there is a reason to doubt its start, or sweeps end with
// [ErrLost], replace makes a fit of the same data at the best of several starts, and
// that one is run, from its beginning. made is how many sweeps were for nothing.
func Run[S Watched](ctx context.Context, s S, o solver.Options, doubt string, replace func(s S, reason string, made int) (S, error)) (S, solver.Report, error) {
	var err error
	if doubt != "" && o.MaxIter.Or(1) > 0 && ctx.Err() == nil {
		if s, err = replace(s, doubt, 0); err != nil {
			return s, solver.Report{}, err
		}
	}
	report, err := solver.Run(ctx, s, o)
	if errors.Is(err, ErrLost) {
		if s, err = replace(s, s.Lost(), report.Iterations+1); err != nil {
			return s, solver.Report{}, err
		}
		report, err = solver.Run(ctx, s, o)
	}
	return s, report, err
}

// Candidates are starts of a fit that are tried for some sweeps each (successive
// halving: K. Jamieson, A. Talwalkar, Non-stochastic best arm identification and
// hyperparameter optimization, AISTATS 2016): all of them for Sweeps sweeps, the
// better half for twice as many more, and so on until one is left.
type Candidates struct {
	Fit Watched
	// Begin sets the fit to candidate i before its first sweep: the start that is
	// doubted, or a random one of a seed. The seeds are those after Seed.
	Begin func(i int, seed uint64) error
	Seed  uint64
	// Name is that of the first one.
	Name string
	// Reason is why they are tried.
	Reason string
	// Count is how many there are, and Sweeps those of the first round. Made is how
	// many sweeps there were before.
	Count, Sweeps, Made int
}

// candidate is one of them.
type candidate struct {
	index     int
	state     []byte
	objective float64 // infinite: it is not known, or none
}

// Choose leaves the fit at the beginning of the best candidate and tells what was
// done. A candidate
// from which the fit fails, or its objective is not finite, is left out; that all
// are is an error. When the context is cancelled or the time is over, the best one
// so far is taken.
func (c *Candidates) Choose(ctx context.Context, o solver.Options) (*solver.Start, error) {
	sweeps := min(c.Sweeps, o.MaxIter.Or(c.Sweeps))
	over := func() bool {
		return ctx.Err() != nil || o.MaxTime > 0 && time.Since(o.Start) > o.MaxTime
	}
	var err error
	told := &solver.Start{Reason: c.Reason, Tried: c.Count, Sweeps: c.Made, Chosen: c.Name, Seed: c.Seed}
	left := make([]candidate, c.Count)
	for i := range left {
		left[i] = candidate{index: i, objective: math.Inf(1)}
	}
	for ; len(left) > 1; sweeps *= 2 {
		for k := range left {
			a := &left[k]
			if over() && left[0].objective < math.Inf(1) {
				break
			}
			var made int
			made, err = c.try(a, sweeps, over)
			told.Sweeps += made
		}
		slices.SortStableFunc(left, func(a, b candidate) int { return cmp.Compare(a.objective, b.objective) })
		if math.IsInf(left[0].objective, 1) {
			if err == nil {
				err = solver.ErrNotFinite
			}
			return nil, fmt.Errorf("no fit from any of %d starts: %w", c.Count, err)
		}
		if left = left[:(len(left)+1)/2]; over() {
			break
		}
	}
	best := left[0].index
	if best > 0 {
		told.Chosen, told.Seed = "random", c.Seed+uint64(best)
	}
	return told, c.begin(best)
}

func (c *Candidates) begin(i int) error { return c.Begin(i, c.Seed+uint64(i)) }

// try sweeps over a candidate.
func (c *Candidates) try(a *candidate, sweeps int, over func() bool) (made int, err error) {
	if a.state != nil {
		err = c.Fit.RestoreState(a.state)
	} else {
		err = c.begin(a.index)
	}
	for err == nil && made < sweeps && !over() {
		err = c.Fit.Sweep()
		made++
	}
	a.objective = math.Inf(1)
	if err != nil {
		return made, err
	}
	loss, penalty, rel := c.Fit.Objective(false)
	if f := loss + penalty; f-f == 0 && rel-rel == 0 {
		a.objective = f
	}
	a.state = c.Fit.SaveState()
	return made, nil
}

// Where fewer entries are observed than ScarceBelow times the parameters of the model,
// ScarceTries starts are tried, at first for ScarceSweeps sweeps each.
const (
	ScarceBelow  = 5
	ScarceTries  = 16
	ScarceSweeps = 20
)

// IsScarce reports whether so few entries are observed for the parameters of a model, but
// not fewer, which any model fits.
func IsScarce(observed, parameters int) bool {
	return observed >= parameters && observed < ScarceBelow*parameters
}

// Scarce is why other starts are tried where few entries are observed.
func Scarce(observed, parameters int) string {
	return fmt.Sprintf("%d entries are observed for %d parameters, so that many starts end in a local minimum", observed, parameters)
}
