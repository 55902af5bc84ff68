package fitting

import (
	"context"
	"sync"
	"time"

	"polyad/internal/par"
	"polyad/solver"
)

// Restart makes runs 0 … n-1, side by side on pool, or one after the other when
// that is nil. one makes run i with the options it is given: the time that is
// left, the moment of its beginning, and observers that are called by one run at
// a time and told which. A run is left out when the time is over or the context
// cancelled, but for the first one, so that there is a model.
func Restart(ctx context.Context, pool *par.Pool, n int, o solver.Options, one func(i int, o solver.Options)) {
	r := &restarts{ctx: ctx, o: o, one: one}
	pool.Run(n, r)
}

type restarts struct {
	ctx   context.Context
	o     solver.Options
	one   func(i int, o solver.Options)
	watch sync.Mutex
}

// Do makes one run.
func (r *restarts) Do(i, _ int) {
	began, o := time.Now(), r.o
	if o.MaxTime > 0 {
		o.MaxTime -= began.Sub(o.Start)
	}
	if i > 0 && (r.ctx.Err() != nil || r.o.MaxTime > 0 && o.MaxTime <= 0) {
		return
	}
	o.MaxTime = max(o.MaxTime, min(r.o.MaxTime, 1)) // 0 would be no limit
	o.Start = began
	o.Observe = nil
	for _, f := range r.o.Observe {
		o.Observe = append(o.Observe, func(e solver.Event) bool {
			r.watch.Lock()
			defer r.watch.Unlock()
			e.Run = i
			return f(e)
		})
	}
	r.one(i, o)
}

// RunOf returns the options of a run as a result keeps them: without observers, and
// without the moment from which seconds counted, so that another fit with them has
// its time anew.
func RunOf(o solver.Options) solver.Options {
	o.Observe, o.Start = nil, time.Time{}
	return o
}

// Best returns the result of the run with the lowest objective, the first of
// equals, nil when there is none; the runs that were begun, each with its
// agreement with the best; and the index of the best among them. A run without a
// result, nil, has failed or was not begun.
func Best[R any](runs []solver.Restart, results []*R, agreement func(best, other *R) float64) (result *R, begun []solver.Restart, at int) {
	best := -1
	for i, r := range results {
		if r != nil && (best < 0 || runs[i].Objective < runs[best].Objective) {
			best = i
		}
	}
	if best < 0 {
		return nil, nil, 0
	}
	for i, run := range runs {
		switch {
		case results[i] != nil:
			run.Agreement = agreement(results[best], results[i])
		case run.Err == nil:
			continue
		}
		if i == best {
			at = len(begun)
		}
		begun = append(begun, run)
	}
	return results[best], begun, at
}
