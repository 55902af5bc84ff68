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

// fitRestarts fits checked data from opt.Restarts starts.
func fitRestarts[T asm.Float](ctx context.Context, x *tensor.Dense[T], opt *settled, scale float64) (*Result[T], error) {
	began := opt.Run.Start
	r := fitting.Restarts[Result[T]]{Count: opt.Restarts, Seed: opt.Seed, Run: opt.Run, Workers: opt.Workers,
		SideBySide: func(int) bool { return x.Len() <= fitting.Small },
		One: func(seed uint64, run solver.Options, pool *par.Pool) (*Result[T], solver.Restart, error) {
			o := *opt
			o.Run, o.Seed = run, seed
			f, err := fitOnce(ctx, x, &o, scale, pool, nil)
			if f == nil {
				return nil, solver.Restart{}, err
			}
			return f, fitting.Told(&f.Report, f.Objective(), f.RelError), err
		},
		Agreement: func(a, b *Result[T]) float64 { return a.cosine(b.Model) }, // of the arrays
	}
	result, runs, best, workers, err := r.Best(ctx)
	if result == nil {
		return nil, err
	}
	o := opt.Options
	o.Eps, o.Workers, o.Run = result.Options.Eps, workers, fitting.RunOf(o.Run)
	result.Options, result.Runs, result.Best = o, runs, best
	result.Seconds = time.Since(began).Seconds()
	return result, err
}
