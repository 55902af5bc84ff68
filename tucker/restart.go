package tucker

import (
	"context"
	"time"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/solver"
	"polyad/tensor"
)

// Run is what one of several runs from different starts came to. Its Agreement is
// the cosine between the arrays of the model and of the best one.
type Run = solver.Restart

// restarts runs a fit from several starts. Small data are fitted side by side,
// with one worker each, as there is little to do at once within a sweep; else the
// runs follow each other, each with all workers. The results are the same bits.
type restarts[T asm.Float] struct {
	ctx    context.Context
	x      *tensor.Dense[T]
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
func fitRestarts[T asm.Float](ctx context.Context, x *tensor.Dense[T], opt *settled, scale float64) (*Result[T], error) {
	n, began := opt.Restarts, opt.Run.Start
	r := &restarts[T]{ctx: ctx, x: x, scale: scale, opt: opt, runs: make([]Run, n), results: make([]*Result[T], n)}
	pool := par.New(fitting.Workers(opt.Workers))
	defer pool.Close()
	if x.Len() <= small && n >= pool.Workers() {
		fitting.Restart(ctx, pool, n, opt.Run, r.one)
	} else {
		r.within = pool
		fitting.Restart(ctx, nil, n, opt.Run, r.one)
	}
	result, runs, best := fitting.Best(r.runs, r.results, func(a, b *Result[T]) float64 { return a.cosine(b.Model) })
	if result == nil {
		return nil, r.runs[0].Err
	}
	o := opt.Options
	o.Eps, o.Workers = result.Options.Eps, pool.Workers()
	o.Run = fitting.RunOf(o.Run)
	result.Options, result.Runs, result.Best = o, runs, best
	result.Seconds = time.Since(began).Seconds()
	if ctx.Err() != nil {
		return result, context.Cause(ctx)
	}
	return result, nil
}

// one makes one run.
func (r *restarts[T]) one(i int, run solver.Options) {
	o := *r.opt
	o.Run = run
	o.Seed += uint64(i)
	f, err := fitOnce(r.ctx, r.x, &o, r.scale, r.within, nil)
	r.runs[i] = Run{Seed: o.Seed}
	if f == nil {
		r.runs[i].Err = err
		return
	}
	r.results[i] = f
	r.runs[i] = Run{Seed: o.Seed, Status: f.Status, Iterations: f.Iterations, Seconds: f.Seconds, Objective: f.Objective(), RelError: f.RelError}
}
