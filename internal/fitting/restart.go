package fitting

import (
	"context"
	"runtime"
	"sync"
	"time"

	"polyad/internal/par"
	"polyad/solver"
)

// Restarts are several runs of a fit from different starts, of which the best is
// wanted. R is what a run comes to.
type Restarts[R any] struct {
	Count int
	Seed  uint64 // of the first; each has the next one
	Run   solver.Options
	// Workers is how many goroutines work, 0 for as many as there are processors.
	Workers int
	// SideBySide reports whether each run is to have one of so many workers, as there is
	// little to do at once within a sweep. Else the runs follow each other, each with
	// all workers. The results are the same bits.
	SideBySide func(workers int) bool
	// One makes a run on a pool, nil: with one worker, and tells what it came to. It is
	// given the time that is left, the moment of its beginning, and observers that are
	// called by one run at a time and told which.
	One func(seed uint64, o solver.Options, pool *par.Pool) (*R, solver.Restart, error)
	// Agreement compares a result with the best one.
	Agreement func(best, other *R) float64
}

// Best makes the runs and returns the result with the lowest objective, the first of
// equals; the runs that were begun, each with its agreement with the best; the index of
// the best among them; and how many workers there were. A run is left out when the time
// is over or the context cancelled, but for the first one. Without a result the error is
// that of the first run; with one it is the cause of the end of the context, or nil.
func (r *Restarts[R]) Best(ctx context.Context) (result *R, begun []solver.Restart, at, workers int, err error) {
	t := &restarts[R]{Restarts: r, ctx: ctx, runs: make([]solver.Restart, r.Count), results: make([]*R, r.Count)}
	if workers = r.Workers; workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var outer *par.Pool // nil: the runs follow each other
	if r.Count >= workers && r.SideBySide(workers) {
		outer = par.New(workers)
		defer outer.Close()
	} else {
		workers = Workers(workers)
		t.pool = par.New(workers)
		defer t.pool.Close()
	}
	outer.Run(r.Count, t)
	best := -1
	for i, found := range t.results {
		if found != nil && (best < 0 || t.runs[i].Objective < t.runs[best].Objective) {
			best = i
		}
	}
	if best < 0 {
		return nil, nil, 0, 0, t.runs[0].Err
	}
	for i, run := range t.runs {
		switch {
		case t.results[i] != nil:
			run.Agreement = r.Agreement(t.results[best], t.results[i])
		case run.Err == nil:
			continue
		}
		if i == best {
			at = len(begun)
		}
		begun = append(begun, run)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return t.results[best], begun, at, workers, err
}

// restarts is the runs under way.
type restarts[R any] struct {
	*Restarts[R]
	ctx     context.Context
	pool    *par.Pool // of each run
	runs    []solver.Restart
	results []*R // nil: not begun, or failed
	watch   sync.Mutex
}

// Do makes one run.
func (t *restarts[R]) Do(i, _ int) {
	began, o := time.Now(), t.Run
	if o.MaxTime > 0 {
		o.MaxTime -= began.Sub(o.Start)
	}
	if i > 0 && (t.ctx.Err() != nil || t.Run.MaxTime > 0 && o.MaxTime <= 0) {
		return
	}
	o.MaxTime = max(o.MaxTime, min(t.Run.MaxTime, 1)) // 0 would be no limit
	o.Start = began
	o.Observe = nil
	for _, f := range t.Run.Observe {
		o.Observe = append(o.Observe, func(e solver.Event) bool {
			t.watch.Lock()
			defer t.watch.Unlock()
			e.Run = i
			return f(e)
		})
	}
	seed := t.Seed + uint64(i)
	var err error
	t.results[i], t.runs[i], err = t.One(seed, o, t.pool)
	t.runs[i].Seed = seed
	if t.results[i] == nil {
		t.runs[i].Err = err
	}
}

// Small is the number of entries up to which arrays count as small: each run may have
// partial products and a scaled copy of its own.
const Small = 1 << 22

// Told returns what a run with this report came to.
func Told(r *solver.Report, objective, rel float64) solver.Restart {
	return solver.Restart{Status: r.Status, Iterations: r.Iterations, Seconds: r.Seconds, Objective: objective, RelError: rel}
}

// RunOf returns the options of a run as a result keeps them: without observers, and
// without the moment from which seconds counted, so that another fit with them has
// its time anew.
func RunOf(o solver.Options) solver.Options {
	o.Observe, o.Start = nil, time.Time{}
	return o
}
