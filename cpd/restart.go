package cpd

import (
	"context"
	"time"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/metrics"
	"polyad/solver"
	"polyad/tensor"
)

// Run is one of several runs from different starts.
type Run struct {
	Seed       uint64
	Status     solver.Status
	Iterations int
	Seconds    float64 // of this run alone
	Objective  float64
	RelError   float64
	// Agreement is the factor match score ([metrics.FMS], without weights) of the
	// model with the best one: 1 when both have the same components.
	Agreement float64
	// Err is why the run failed, nil when it did not. A failed run takes no part.
	Err error
}

// restarts runs a fit from several starts. Small data are fitted side by side,
// with one worker each, as there is little to do at once within a sweep; else the
// runs follow each other, each with all workers. The results are the same bits.
type restarts[T asm.Float] struct {
	ctx    context.Context
	x      *tensor.Dense[T]
	rank   int
	scale  float64
	opt    *settled
	within *par.Pool // of each run

	runs    []Run
	results []*Result[T] // nil: not begun, or failed
}

// small is the number of entries up to which data count as small: each run has
// partial products and perhaps a scaled copy of its own.
const small = 1 << 22

// fitRestarts fits checked data from opt.Restarts starts.
func fitRestarts[T asm.Float](ctx context.Context, x *tensor.Dense[T], rank int, opt *settled, scale float64) (*Result[T], error) {
	n, began := opt.Restarts, opt.Run.Start
	r := &restarts[T]{ctx: ctx, x: x, rank: rank, scale: scale, opt: opt, runs: make([]Run, n), results: make([]*Result[T], n)}
	pool := par.New(poolSize(opt.Workers))
	defer pool.Close()
	if x.Len() <= small && n >= pool.Workers() {
		fitting.Restart(ctx, pool, n, opt.Run, r.one)
	} else {
		r.within = pool
		fitting.Restart(ctx, nil, n, opt.Run, r.one)
	}
	best := r.best()
	if best < 0 {
		return nil, r.runs[0].Err
	}
	result := r.results[best]
	o := opt.Options
	o.Eps, o.Workers = result.Options.Eps, pool.Workers()
	o.Run.Observe = nil
	result.Options = o
	result.Seconds = time.Since(began).Seconds()
	for i := range r.runs {
		if r.results[i] == nil && r.runs[i].Err == nil {
			continue // not begun
		}
		if i == best {
			result.Best = len(result.Runs)
		}
		if f := r.results[i]; f != nil {
			// Both have the same shape, so there is no error.
			r.runs[i].Agreement, _, _ = metrics.FMS(result.Factors, f.Factors, metrics.FMSOptions{Eps: o.Eps.Or(0)})
		}
		result.Runs = append(result.Runs, r.runs[i])
	}
	if ctx.Err() != nil {
		return result, context.Cause(ctx)
	}
	return result, nil
}

// best returns the run with the lowest objective, the first of equals, or -1.
func (r *restarts[T]) best() int {
	best := -1
	for i, f := range r.results {
		if f != nil && (best < 0 || r.runs[i].Objective < r.runs[best].Objective) {
			best = i
		}
	}
	return best
}

// one makes one run.
func (r *restarts[T]) one(i int, run solver.Options) {
	o := *r.opt
	o.Run = run
	o.Seed += uint64(i)
	f, err := fitOnce(r.ctx, r.x, r.rank, &o, r.scale, r.within, nil)
	r.runs[i] = Run{Seed: o.Seed}
	if f == nil {
		r.runs[i].Err = err
		return
	}
	r.results[i] = f
	r.runs[i] = Run{Seed: o.Seed, Status: f.Status, Iterations: f.Iterations, Seconds: f.Seconds, Objective: f.Objective(), RelError: f.RelError}
}
