package solver

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

// Problem is an iterative algorithm with its state.
type Problem interface {
	// Sweep improves the model once, in place.
	Sweep() error
	// Objective evaluates the current model. An algorithm that goes ahead of what
	// it knows to descend may first return to an earlier model here. When final is true the values are
	// those that are reported for the returned model and are computed without
	// cancellation.
	Objective(final bool) (loss, penalty, relError float64)
	// Snapshot returns a copy of the current model.
	Snapshot() any
}

// ErrInterrupted is returned by a sweep that was given up because the run is to end,
// by its context or its time. The model is then what it was before the sweep, which
// does not count.
var ErrInterrupted = errors.New("sweep interrupted")

// Checkpointer is a [Problem] whose state can be saved after a sweep and
// restored into a problem that was made from the same data and options. A
// restored run goes on with the same bits as one that was never interrupted.
type Checkpointer interface {
	SaveState() []byte
	RestoreState([]byte) error
}

// Stiller is a [Problem] that knows which change of the objective of its current
// model tells nothing, as rounding alone may make it, or as it is nothing beside
// the data. Of others that is 2⁻⁵² times the objective of the starting point.
type Stiller interface {
	Still() float64
}

// Returner is a [Problem] that may go back to an earlier model when it evaluates
// one. Returned reports whether it did so the last time; the sweeps that were given
// up by that count for nothing in the stop rule.
type Returner interface {
	Returned() bool
}

// Riser is a [Problem] whose objective may rise, if MayRise says so. Keep then
// remembers the current model, in memory that it has, and Recall makes that the
// current one again. A run keeps the best model that was evaluated and ends with
// that, unless the last one is as good by the measure of the stop rule.
type Riser interface {
	MayRise() bool
	Keep()
	Recall()
}

// window is the number of sweeps over which the stop rule looks back.
const window = 10

// Run sweeps until one of the rules in the package documentation ends the run.
// The report is valid whatever the error: when ctx is cancelled the error is
// its cause and the report describes the model so far. Report.Returned is the
// point of the trace that belongs to the state that p is left in.
func Run(ctx context.Context, p Problem, o Options) (Report, error) {
	o = o.Default(Options{Start: time.Now()})
	if err := o.Validate(); err != nil {
		return Report{}, err
	}
	r := &run{p: p, o: o, tol: o.Tol.Or(0)}
	if k, ok := p.(Riser); ok && k.MayRise() {
		r.riser = k
	}
	status, err := r.loop(ctx)
	r.Status = status
	if r.evaluated != r.Iterations || !r.final {
		// The last point is always in the trace, and always computed directly.
		if e := r.evaluate(true); err == nil {
			err = e
		}
	}
	if err == nil || status == Cancelled {
		r.recall()
	}
	r.Seconds = time.Since(o.Start).Seconds()
	return r.Report, err
}

type run struct {
	Report
	p         Problem
	o         Options
	tol       float64
	evaluated int   // iteration of the last evaluation
	final     bool  // whether that one was a final one
	stopped   bool  // an observer ended the run
	since     int   // index of the first point of the trace that the stop rule compares with
	riser     Riser // nil: the objective does not rise
	best      int   // index of the best point of the trace
}

func (r *run) loop(ctx context.Context) (Status, error) {
	maxIter := r.o.MaxIter.Or(0)
	if err := r.evaluate(maxIter == 0 || ctx.Err() != nil); err != nil {
		return Unknown, err
	}
	interrupted := false
	for {
		converged := r.converged()
		switch {
		case r.stopped:
			return Stopped, nil
		case ctx.Err() != nil:
			return Cancelled, context.Cause(ctx)
		case converged && (r.riser == nil || r.alternates()):
			return Converged, nil
		case r.Iterations >= maxIter:
			return MaxIter, nil
		case interrupted || r.o.MaxTime > 0 && time.Since(r.o.Start) > r.o.MaxTime:
			return MaxTime, nil
		}
		err := r.p.Sweep()
		if interrupted = errors.Is(err, ErrInterrupted); interrupted {
			continue
		}
		if err != nil {
			return Unknown, fmt.Errorf("sweep %d: %w", r.Iterations+1, err)
		}
		r.Iterations++
		// An objective that seems to stand still, but may go up and down in turn, is
		// looked at after the next sweep as well.
		if last := r.Iterations == maxIter; last || converged || r.Iterations%r.o.TraceEvery == 0 {
			if err := r.evaluate(last); err != nil {
				return Unknown, err
			}
		}
	}
}

// evaluate appends the current point to the trace and tells the observers. A
// final evaluation of a point that is in the trace already replaces it.
func (r *run) evaluate(final bool) error {
	loss, penalty, rel := r.p.Objective(final)
	again := len(r.Trace) > 0 && r.evaluated == r.Iterations
	if again {
		r.Trace = r.Trace[:len(r.Trace)-1]
	}
	pt := Point{Iter: r.Iterations, Seconds: time.Since(r.o.Start).Seconds(), Loss: loss, Penalty: penalty, RelError: rel}
	r.Trace = append(r.Trace, pt)
	r.evaluated, r.final = r.Iterations, final
	if f := pt.Objective() + rel; math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Errorf("%w after %d sweeps: loss %v, penalty %v, relative error %v", ErrNotFinite, pt.Iter, loss, penalty, rel)
	}
	if again {
		return nil
	}
	if r.riser != nil && pt.Objective() <= r.Trace[r.best].Objective() {
		r.riser.Keep()
		r.best = len(r.Trace) - 1
	}
	if p, ok := r.p.(Returner); ok && p.Returned() {
		r.since = len(r.Trace) - 1
	}
	r.tell(pt)
	return nil
}

// tell tells the observers of a point.
func (r *run) tell(pt Point) {
	if len(r.o.Observe) == 0 {
		return
	}
	s := &snapshots{of: r.p}
	defer s.end()
	for _, f := range r.o.Observe {
		if f(Event{Point: pt, Snapshot: s.take}) {
			r.stopped = true
		}
	}
}

// snapshots hands out copies of a model while the run stands still.
type snapshots struct {
	hold sync.Mutex
	of   Problem // nil: the run goes on
}

// take returns a copy, nil when the run goes on.
func (s *snapshots) take() any {
	s.hold.Lock()
	defer s.hold.Unlock()
	if s.of == nil {
		return nil
	}
	return s.of.Snapshot()
}

// end waits for a copy that is being made, and lets no other begin.
func (s *snapshots) end() {
	s.hold.Lock()
	defer s.hold.Unlock()
	s.of = nil
}

// recall leaves the problem with the best model that was evaluated, and the point
// of that in the report.
func (r *run) recall() {
	r.Returned = r.Trace.Last()
	if r.riser == nil {
		return
	}
	best := r.Trace[r.best].Objective()
	if !(r.Returned.Objective()-best > r.tol*best+16*r.still()) {
		return // as good
	}
	r.riser.Recall()
	pt := &r.Trace[r.best]
	pt.Loss, pt.Penalty, pt.RelError = r.p.Objective(true)
	r.Returned = *pt
}

// converged tests the stop rule at the last evaluated point.
func (r *run) converged() bool {
	if r.tol == 0 || r.evaluated != r.Iterations {
		return false
	}
	now := r.Trace.Last()
	lowest, highest := now.Objective(), now.Objective()
	for i := len(r.Trace) - 2; i >= r.since; i-- {
		f := r.Trace[i].Objective()
		lowest, highest = min(lowest, f), max(highest, f)
		if now.Iter-r.Trace[i].Iter >= window {
			tol, still := r.tol*now.Objective(), r.still()
			return f-now.Objective() <= tol+still && highest-lowest <= tol+16*still
		}
	}
	return false
}

// alternates reports whether the last points of the trace are of odd and of even
// sweeps: where the objective may rise it may go up and down in turn, and look still at
// every other sweep.
func (r *run) alternates() bool {
	now := r.Trace.Last().Iter
	for i := len(r.Trace) - 2; i >= r.since && now-r.Trace[i].Iter <= window; i-- {
		if (now-r.Trace[i].Iter)%2 == 1 {
			return true
		}
	}
	return false
}

// still returns the change of the objective that tells nothing.
func (r *run) still() float64 {
	if p, ok := r.p.(Stiller); ok {
		return p.Still()
	}
	return 0x1p-52 * r.Trace[0].Objective()
}
