package nmf

import (
	"context"
	"time"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/metrics"
	"polyad/solver"
)

// Run is what one of several runs from different starts came to.
type Run = solver.Restart

// restarts runs a fit from several starts. With no fewer runs than workers, each
// run has one worker and they go side by side, which loses nothing to the short
// loops within a sweep; that takes the memory of so many fits, which is about
// that of 20 factors each, so it is left when those are large beside the data.
// Otherwise the runs follow each other, each with all workers. The results are
// the same bits.
type restarts[T asm.Float] struct {
	ctx    context.Context
	x      *matrix.Dense[T]
	rank   int
	scale  float64
	opt    *Options
	began  time.Time
	within *par.Pool // of each run

	runs    []Run
	results []*Result[T] // nil: not begun, or failed
}

// sideBySide reports whether runs are to have one worker each.
func sideBySide[T asm.Float](m, n, rank, runs, workers int) bool {
	const fine = 64 << 20 // bytes that nobody misses
	one := float64(asm.SizeOf[T]()) * float64(rank) * (2*float64(m) + (2+data.MaxBlocks)*float64(n))
	whole := float64(asm.SizeOf[T]()) * float64(m) * float64(n)
	return runs >= workers && float64(workers)*one <= max(whole, fine)
}

// fitRestarts fits checked data from opt.Restarts starts.
func fitRestarts[T asm.Float](ctx context.Context, x *matrix.Dense[T], rank int, opt *Options, scale float64) (*Result[T], error) {
	n := opt.Restarts
	r := &restarts[T]{ctx: ctx, x: x, rank: rank, scale: scale, opt: opt, began: opt.Run.Start,
		runs: make([]Run, n), results: make([]*Result[T], n)}
	w := workers(opt.Workers)
	if sideBySide[T](x.Rows, x.Cols, rank, n, w) {
		pool := par.New(w)
		defer pool.Close()
		fitting.Restart(ctx, pool, n, opt.Run, r.one)
	} else {
		w = poolSize(x, w)
		r.within = par.New(w)
		defer r.within.Close()
		fitting.Restart(ctx, nil, n, opt.Run, r.one)
	}
	result, runs, best := fitting.Best(r.runs, r.results, func(a, b *Result[T]) float64 { return agreement(a.Model, b.Model, a.Options.Eps.Or(0)) })
	if result == nil {
		return nil, r.runs[0].Err
	}
	o := *opt
	o.Eps, o.Workers = result.Options.Eps, w
	o.Run = fitting.RunOf(o.Run)
	result.Options, result.Runs, result.Best = o, runs, best
	result.Seconds = time.Since(r.began).Seconds()
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
	f, err := fitOnce(r.ctx, r.x, r.rank, &o, r.scale, r.within, nil)
	r.runs[i] = Run{Seed: o.Seed}
	if f == nil {
		r.runs[i].Err = err
		return
	}
	r.results[i] = f
	r.runs[i] = Run{Seed: o.Seed, Status: f.Status, Iterations: f.Iterations, Seconds: f.Seconds, Objective: f.Objective(), RelError: f.RelError}
}

// agreement is the factor match score of two models of the same shape.
func agreement[T asm.Float](a, b *Model[T], eps float64) float64 {
	score, _, err := metrics.FMS(a.factors(), b.factors(), metrics.FMSOptions{Eps: eps})
	if err != nil {
		return 0
	}
	return score
}

// factors returns W and Hᵀ: a column per component in both.
func (m *Model[T]) factors() []*matrix.Dense[T] {
	return []*matrix.Dense[T]{m.W, m.H.Transpose()}
}
