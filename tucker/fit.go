package tucker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/solver"
	"polyad/tensor"
)

// Fit decomposes an array of two or more modes into a core of the shape ranks and
// a factor for each mode by minimizing the objective in the package documentation.
// The ranks are J_n, 0 for modes left alone, or nil when Options.Target chooses
// them; o may be nil for the defaults.
//
// All checks come before any work; their errors wrap [ErrOption], [ErrShape],
// [ErrRank], [ErrData], [ErrOneSided], [reg.ErrPenalty] or [loss.ErrLoss] and
// come with a nil result. Not converging is a Status, not an error. When ctx is
// cancelled the result holds the model so far and the error is the context's
// cause. A start that is generated ends with the context and with MaxTime as
// well, but for the first 50 ms: then the result holds a random model as it is
// before the first sweep; with a Target, for which there are no ranks yet, the
// error wraps [context.DeadlineExceeded] or is the context's cause. Where the
// context ends while the data are looked at, there is no result either. Penalties
// whose weights drive the blocks of a start out of the range of T are refused before
// the first sweep, with an error wrapping [reg.ErrPenalty]. A run whose objective or
// model leaves the range of floating point, as one from a start of absurd magnitude
// may, ends with an error wrapping [solver.ErrNotFinite]. When err is nil the model
// is finite. x and the options are never written, and the same call gives the same
// bits, for any number of workers. An x that is not contiguous is copied.
func Fit[T asm.Float](ctx context.Context, x *tensor.Dense[T], ranks []int, o *Options) (*Result[T], error) {
	began := time.Now()
	if ctx == nil {
		return nil, fmt.Errorf("tucker: %w: the context is nil; pass context.Background()", ErrOption)
	}
	if err := fitting.CheckShape(tensorCheck(nil), x); err != nil {
		return nil, err
	}
	opt, err := o.effective(x.Shape, ranks)
	if err != nil {
		return nil, err
	}
	if least := leastTarget[T](); opt.Target.Or(least) < least {
		return nil, fmt.Errorf("tucker: %w: the target %v is within the rounding errors of the data's type; use at least %v", ErrOption, opt.Target.Or(0), least)
	}
	if opt.Run.Start.IsZero() {
		opt.Run.Start = began
	}
	x = x.Contiguous()
	limit := fitting.NewLimit(ctx, opt.Run)
	largest, err := fitting.CheckEntries(tensorCheck(opt), x, limit)
	if err != nil {
		return nil, err
	}
	given, err := givenStart[T](opt)
	if err != nil {
		return nil, err
	}

	scale := fitting.FactorScale[T](largest, opt.Loss, opt.scaled())
	if opt.Restarts > 1 {
		return fitRestarts(ctx, x, opt, scale)
	}
	pool := par.New(fitting.Workers(opt.Workers))
	defer pool.Close()
	opt.Workers = pool.Workers()
	return fitOnce(ctx, x, opt, scale, pool, given)
}

// fitOnce makes one run on checked data; given is the start if one was given. It
// fills in opt.Eps.
func fitOnce[T asm.Float](ctx context.Context, x *tensor.Dense[T], opt *settled, scale float64, pool *par.Pool, given *Model[T]) (*Result[T], error) {
	if pool == nil {
		pool = par.New(1)
	}
	limit, defaultFloor := fitting.NewLimit(ctx, opt.Run), !opt.Eps.IsSet()
	s, err := setUp(ctx, x, opt, scale, pool, given, limit)
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
		return nil, fmt.Errorf("tucker: %w; rescale the data, or the start if one is given", err)
	}
	r := s.result(report)
	if !r.finite() {
		return nil, fmt.Errorf("tucker: %w: the model leaves the range of its type; rescale the data, or the start if one is given", solver.ErrNotFinite)
	}
	return r, err
}

// finite reports whether all entries are.
func (m *Model[T]) finite() bool {
	bad := func(v T) bool { return v-v != 0 }
	for _, f := range m.Factors {
		if f != nil && slices.ContainsFunc(f.Data, bad) {
			return false
		}
	}
	return !slices.ContainsFunc(m.Core.Data, bad)
}

// floorFor returns the default floor for data that are worked on with blocks scale
// times as large and their product all times.
func floorFor[T asm.Float](stats data.Stats, opt *settled, scale, all float64) float64 {
	eps := opt.defaultEps(stats.Mean() / all)
	if eps == 0 {
		return 0
	}
	objScale := fitting.ScaledObjective(opt.Loss, all)
	entries, _ := tensor.Elements(opt.ranks)
	blocks := []fitting.Floored{{Penalty: opt.Core.Rescaled(objScale, scale), Entries: entries}}
	for n, p := range opt.Factors {
		if !opt.alone[n] {
			blocks = append(blocks, fitting.Floored{Penalty: p.Rescaled(objScale, scale), Entries: opt.shape[n] * opt.ranks[n]})
		}
	}
	return fitting.LowerEps[T](eps, scale, fitting.LossSize(stats, opt.Loss), opt.Loss, blocks...)
}

// setUp makes the state of a fit of checked data; given is the start if one was
// given.
func setUp[T asm.Float](ctx context.Context, x *tensor.Dense[T], opt *settled, scale float64, pool *par.Pool, given *Model[T], limit *fitting.Limit) (*state[T], error) {
	all := 1.0
	for range opt.scaled() {
		all *= scale
	}
	floor := 0.0
	if opt.Loss.NeedsPositive() {
		floor = opt.Eps.Or(0)
	}
	v := newData(pool, x, opt, all, floor)
	if !opt.Eps.IsSet() {
		opt.Eps = solver.Set(floorFor[T](v.Stats(), opt, scale, all))
	}
	var start *Model[T]
	if given != nil {
		start = working(opt, given, scale)
	} else {
		var err error
		if start, err = generate(context.WithoutCancel(ctx), opt, v, pool, limit); err != nil {
			return nil, err
		}
	}
	s, err := newState(v, opt, scale, pool, start)
	if err != nil {
		return nil, err
	}
	if s.given = given; s.balancer != nil {
		s.balancer.Until(limit.Over)
	}
	return s, err
}
