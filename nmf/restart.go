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

// fitRestarts fits checked data from opt.Restarts starts.
func fitRestarts[T asm.Float](ctx context.Context, x *matrix.Dense[T], rank int, opt *Options, scale float64) (*Result[T], error) {
	began := opt.Run.Start
	r := fitting.Restarts[Result[T]]{Count: opt.Restarts, Seed: opt.Seed, Run: opt.Run, Workers: opt.Workers,
		SideBySide: func(workers int) bool { return sideBySide[T](x.Rows, x.Cols, rank, workers) },
		One: func(seed uint64, run solver.Options, pool *par.Pool) (*Result[T], solver.Restart, error) {
			o := *opt
			o.Run, o.Seed = run, seed
			f, err := fitOnce(ctx, x, rank, &o, scale, pool, nil)
			if f == nil {
				return nil, solver.Restart{}, err
			}
			return f, fitting.Told(&f.Report, f.Objective(), f.RelError), err
		},
		Agreement: func(a, b *Result[T]) float64 { return agreement(a.Model, b.Model, a.Options.Eps.Or(0)) },
	}
	result, runs, best, workers, err := r.Best(ctx)
	if result == nil {
		return nil, err
	}
	o := *opt
	o.Eps, o.Workers, o.Run = result.Options.Eps, workers, fitting.RunOf(o.Run)
	result.Options, result.Runs, result.Best = o, runs, best
	result.Seconds = time.Since(began).Seconds()
	return result, err
}

// sideBySide reports whether runs are to have one worker each: which takes the memory of
// so many fits, about that of 20 factors each, so it is left when those are large beside
// the data.
func sideBySide[T asm.Float](m, n, rank, workers int) bool {
	const fine = 64 << 20 // bytes that nobody misses
	one := float64(asm.SizeOf[T]()) * float64(rank) * (2*float64(m) + (2+data.MaxBlocks)*float64(n))
	whole := float64(asm.SizeOf[T]()) * float64(m) * float64(n)
	return float64(workers)*one <= max(whole, fine)
}

// agreement is the factor match score of two models of the same shape.
func agreement[T asm.Float](a, b *Model[T], eps float64) float64 {
	score, _, err := metrics.FMS(a.factors(), b.factors(), metrics.FMSOptions{Eps: eps})
	if err != nil {
		return 0
	}
	return score
}
