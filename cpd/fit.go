package cpd

import (
	"context"
	"fmt"
	"math"
	"time"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/solver"
	"polyad/tensor"
)

// Fit decomposes an array of two or more modes into a sum of rank components by
// minimizing the objective in the package documentation. o may be nil for the
// defaults.
//
// All checks come before any work; their errors wrap [ErrOption], [ErrShape],
// [ErrRank], [ErrData], [ErrOneSided], [reg.ErrPenalty] or [loss.ErrLoss] and
// come with a nil result. Not converging is a Status, not an error. When ctx is
// cancelled the result holds the model so far and the error is the context's
// cause. A start that is generated ends with the context and with MaxTime as
// well, but for the first 50 ms: then the result holds a random model as it is
// before the first sweep. Where the context ends while the data are looked at,
// there is no result yet. Penalties whose weights drive the factors of a start out of
// the range of T are refused before the first sweep, with an error wrapping
// [reg.ErrPenalty]. A run whose objective or model leaves the range of floating
// point, as one from a start of absurd magnitude may, ends with an error wrapping
// [solver.ErrNotFinite]. When err is nil the model is finite. x and the options are
// never written, and the same call gives the same bits, for any number of workers. An
// x that is not contiguous is copied.
func Fit[T asm.Float](ctx context.Context, x *tensor.Dense[T], rank int, o *Options) (*Result[T], error) {
	began := time.Now()
	if ctx == nil {
		return nil, fmt.Errorf("cpd: %w: the context is nil; pass context.Background()", ErrOption)
	}
	if err := fitting.CheckShape(tensorCheck(nil), x); err != nil {
		return nil, err
	}
	opt, err := o.effective(x.Shape)
	if err != nil {
		return nil, err
	}
	if opt.Run.Start.IsZero() {
		opt.Run.Start = began
	}
	if err := checkRank(x.Shape, rank); err != nil {
		return nil, err
	}
	x = x.Contiguous()
	limit := fitting.NewLimit(ctx, opt.Run)
	largest, err := fitting.CheckEntries(tensorCheck(opt), x, limit)
	if err != nil {
		return nil, err
	}
	given, err := givenStart[T](opt, rank)
	if err != nil {
		return nil, err
	}

	scale := fitting.FactorScale[T](largest, opt.Loss, len(x.Shape))
	if opt.Restarts > 1 {
		return fitRestarts(ctx, x, rank, opt, scale)
	}
	pool := par.New(fitting.Workers(opt.Workers))
	defer pool.Close()
	opt.Workers = pool.Workers()
	return fitOnce(ctx, x, rank, opt, scale, pool, given)
}

// fitOnce makes one run on checked data; given is the start if one was given. It
// fills in opt.Eps.
func fitOnce[T asm.Float](ctx context.Context, x *tensor.Dense[T], rank int, opt *settled, scale float64, pool *par.Pool, given *Model[T]) (*Result[T], error) {
	if pool == nil {
		pool = par.New(1)
	}
	limit, defaultFloor := fitting.NewLimit(ctx, opt.Run), !opt.Eps.IsSet()
	s, err := setUp(ctx, x, rank, opt, scale, pool, given, limit)
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
		return nil, fmt.Errorf("cpd: %w; rescale the data, or the start if one is given", err)
	}
	r := s.result(report)
	for _, f := range r.Factors {
		if !finite(f) {
			return nil, fmt.Errorf("cpd: %w: the factors leave the range of their type; rescale the start", solver.ErrNotFinite)
		}
	}
	return r, err
}

func finite[T asm.Float](m *matrix.Dense[T]) bool {
	for i := range m.Rows {
		for _, v := range m.Row(i) {
			if v-v != 0 {
				return false
			}
		}
	}
	return true
}

// setUp makes the state of a fit of checked data; given is the start if one was
// given.
func setUp[T asm.Float](ctx context.Context, x *tensor.Dense[T], rank int, opt *settled, scale float64, pool *par.Pool, given *Model[T], limit *fitting.Limit) (*state[T], error) {
	floor := 0.0
	if opt.Loss.NeedsPositive() {
		floor = opt.Eps.Or(0)
	}
	order := len(opt.shape)
	all := math.Pow(scale, float64(order))
	v := newData(pool, x, opt, rank, all, floor)
	if !opt.Eps.IsSet() {
		stats := v.Stats()
		eps := defaultEps(opt.Method, stats.Mean()/all, rank, order)
		var blocks []fitting.Floored
		for n, p := range opt.Penalty {
			blocks = append(blocks, fitting.Floored{Penalty: p.Rescaled(fitting.ScaledObjective(opt.Loss, all), scale), Entries: opt.shape[n] * rank})
		}
		opt.Eps = solver.Set(fitting.LowerEps[T](eps, scale, fitting.LossSize(stats, opt.Loss), opt.Loss, blocks...))
	}
	var start []*matrix.Dense[T]
	var report *Compression
	if given != nil {
		start = working(given, opt, scale)
	} else {
		var err error
		if start, report, err = generate(ctx, opt, x, v, rank, scale, pool, limit); err != nil {
			return nil, err
		}
	}
	s, err := newState(v, opt, rank, scale, pool, start)
	if err == nil {
		s.given, s.compression = given, report
	}
	return s, err
}
