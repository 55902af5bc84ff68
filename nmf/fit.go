package nmf

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/solver"
)

// Fit factorizes the m x n nonnegative matrix x into W (m x rank) and H (rank x
// n) by minimizing the objective in the package documentation. o may be nil for
// the defaults.
//
// All checks come before any work; their errors wrap [ErrOption], [ErrShape],
// [ErrRank], [ErrData], [ErrOneSided], [reg.ErrPenalty] or [loss.ErrLoss] and
// come with a nil result. Not converging is a Status, not an error. When ctx is
// cancelled the result holds the model so far and the error is the context's
// cause. A start that is generated ends with the context and with MaxTime as
// well, but for the first 50 ms: then the result holds a random model as it is
// before the first sweep. Where the context ends while the data are looked at,
// there is no result yet. Penalties whose weights drive the factors of a start that is generated
// out of the range of T (balanced L1 weights 1e32 apart for float32, 1e300 for
// float64) are refused before the first sweep, with an error wrapping
// [reg.ErrPenalty].
//
// The objective does not rise from one point of the trace to the next, but for ALS
// and up to rounding, which for float32 is some 1e-7·||X||² (see Accuracy).
//
// A run whose objective or model leaves the range of floating point, as
// one from a start of absurd magnitude may, ends with an error wrapping
// [solver.ErrNotFinite]. When err is nil the model is finite. x and the options
// are never written, and the same call gives the same bits, for any number of
// workers.
func Fit[T asm.Float](ctx context.Context, x *matrix.Dense[T], rank int, o *Options) (*Result[T], error) {
	began := time.Now()
	if ctx == nil {
		return nil, fmt.Errorf("nmf: %w: the context is nil; pass context.Background()", ErrOption)
	}
	var m, n int
	if x != nil {
		m, n = x.Dims()
	}
	opt, err := o.effective(m, n)
	if err != nil {
		return nil, err
	}
	if opt.Run.Start.IsZero() {
		opt.Run.Start = began
	}
	limit := fitting.NewLimit(ctx, opt.Run)
	largest, err := checkData(x, &opt, limit)
	if err != nil {
		return nil, err
	}
	if err := checkRank(m, n, rank); err != nil {
		return nil, err
	}
	if err := opt.checkHold(rank); err != nil {
		return nil, err
	}
	given, err := givenStart[T](&opt, m, n, rank)
	if err != nil {
		return nil, err
	}

	scale := factorScale[T](largest, opt.Loss)
	if opt.Restarts > 1 {
		return fitRestarts(ctx, x, rank, &opt, scale)
	}
	pool := par.New(poolSize(x, workers(opt.Workers)))
	defer pool.Close()
	opt.Workers = pool.Workers()
	return fitOnce(ctx, x, rank, &opt, scale, pool, given)
}

// fitOnce makes one run on checked data; given is the start if one was given. It
// fills in opt.Eps.
func fitOnce[T asm.Float](ctx context.Context, x *matrix.Dense[T], rank int, opt *Options, scale float64, pool *par.Pool, given *Model[T]) (*Result[T], error) {
	defaultFloor := !opt.Eps.IsSet()
	if pool == nil {
		pool = par.New(1)
	}
	limit := fitting.NewLimit(ctx, opt.Run)
	s, err := setUp(x, rank, opt, scale, pool, given, limit)
	if err != nil {
		return nil, err
	}
	if err := s.checkGiven(); err != nil {
		return nil, err
	}
	if err := s.begin(limit, defaultFloor); err != nil {
		return nil, err
	}
	s.guard(limit)
	s, report, err := fitting.Run(ctx, s, opt.Run, s.doubt(), func(s *state[T], reason string, made int) (*state[T], error) {
		return s.choose(ctx, reason, made, limit)
	})
	if err != nil && report.Status != solver.Cancelled {
		return nil, fmt.Errorf("nmf: %w; rescale the data, or the start if one is given", err)
	}
	r := s.result(report)
	if !finite(r.W) || !finite(r.H) {
		return nil, fmt.Errorf("nmf: %w: the factors leave the range of their type; rescale the start", solver.ErrNotFinite)
	}
	return r, err
}

// poolSize bounds a number of workers: there is never more to do at once than
// blocks of rows or chunks of columns.
func poolSize[T asm.Float](x *matrix.Dense[T], workers int) int {
	return min(workers, max(data.MaxBlocks, (max(x.Rows, x.Cols)+chunk-1)/chunk))
}

// workers returns the number of workers that 0 stands for.
func workers(n int) int {
	if n == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return n
}

func finite[T asm.Float](m *matrix.Dense[T]) bool {
	ker := asm.For[T]()
	for i := 0; i < m.Rows; i++ {
		for j := 0; j < m.Cols; j += chunk {
			if _, _, ok := ker.Scan(m.Row(i)[j:min(j+chunk, m.Cols)]); !ok {
				return false
			}
		}
	}
	return true
}

// setUp makes the state of a fit of checked data; given is the start if one was
// given.
func setUp[T asm.Float](x *matrix.Dense[T], rank int, opt *Options, scale float64, pool *par.Pool, given *Model[T], limit *fitting.Limit) (*state[T], error) {
	floor := 0.0
	if opt.Loss.NeedsPositive() {
		floor = opt.Eps.Or(0)
	}
	v := newData(x, opt.Mask, scale*scale, floor, pool.Workers())
	v.LimitBlocks(mostBlocks(x.Rows, x.Cols, opt))
	if !opt.Eps.IsSet() {
		stats, objScale := v.Stats(), scaledObjective(opt.Loss, scale)
		mean := stats.Mean() / (scale * scale)
		eps := defaultEps[T](opt.Method, mean, rank)
		opt.Eps = solver.Set(fitting.LowerEps[T](eps, scale, fitting.LossSize(stats, opt.Loss), opt.Loss,
			fitting.Floored{Penalty: opt.W.Rescaled(objScale, scale), Entries: x.Rows * rank},
			fitting.Floored{Penalty: opt.H.Rescaled(objScale, scale), Entries: x.Cols * rank}))
	}
	start := given.Clone()
	if given == nil {
		if !limit.Within(pool, func() { start = generate(opt, v, rank, scale, pool) }) {
			start = randomModel[T](opt.Seed, x.Rows, x.Cols, rank, v.Stats())
		}
	} else {
		fitting.Rescale(start.W.Data, scale)
		fitting.Rescale(start.H.Data, scale)
	}
	s, err := newState(v, opt, scale, pool, start)
	if err == nil {
		s.given = given
	}
	return s, err
}

// mostBlocks returns the number of row blocks whose shares of H, of which there are
// two where both parts of the gradient take a pass, have no more than 14·(m+n)·r
// numbers.
func mostBlocks(m, n int, o *Options) int {
	parts := 1
	if b := o.Loss.Beta(); b != 1 && b != 2 {
		parts = 2
	}
	return 14 * (m + n) / (n * parts)
}

// result collects what is reported of the final state.
func (s *state[T]) result(report solver.Report) *Result[T] {
	r := &Result[T]{Model: s.model(), Outcome: s.Outcome(report, s.kkt()), RelError: report.Returned.RelError, Ridges: int(s.ridges), Options: *s.o}
	r.Start = s.chosen
	r.Options.Run = fitting.RunOf(r.Options.Run)
	r.Pruned = s.Pruned(func(int) T { return s.eps })
	if free := s.order(); len(free) == 2 {
		r.Beta = s.Beta([]int{0, 1}, func(q int) bool { return slices.Contains(r.Pruned, q) || s.frozen != nil && s.frozen[q] })
	}
	return r
}
