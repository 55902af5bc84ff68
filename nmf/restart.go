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
	best := r.best()
	if best < 0 {
		return nil, r.runs[0].Err
	}
	result := r.results[best]
	o := *opt
	o.Eps, o.Workers = result.Options.Eps, w
	o.Run.Observe = nil
	result.Options = o
	result.Seconds = time.Since(r.began).Seconds()
	for i := range r.runs {
		if r.results[i] == nil && r.runs[i].Err == nil {
			continue // not begun
		}
		if i == best {
			result.Best = len(result.Runs)
		}
		if r.results[i] != nil {
			r.runs[i].Agreement = agreement(result.Model, r.results[i].Model, o.Eps.Or(0))
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
