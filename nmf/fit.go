package nmf

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/data"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/reg"
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
// cause. When err is nil the model is finite. x and the options are never
// written, and the same call gives the same bits, for any number of workers.
func Fit[T asm.Float](ctx context.Context, x *matrix.Dense[T], rank int, o *Options) (*Result[T], error) {
	began := time.Now()
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
	largest, err := checkData(x, &opt)
	if err != nil {
		return nil, err
	}
	if err := checkRank(m, n, rank); err != nil {
		return nil, err
	}

	pool := par.New(opt.Workers)
	defer pool.Close()
	opt.Workers = pool.Workers()
	s, err := setUp(x, rank, &opt, factorScale[T](largest, opt.Loss), pool)
	if err != nil {
		return nil, err
	}
	s.begin()
	report, err := solver.Run(ctx, s, opt.Run)
	if err != nil && report.Status != solver.Cancelled {
		return nil, fmt.Errorf("nmf: %w", err)
	}
	return s.result(report), err
}

// setUp makes the state of a fit of checked data.
func setUp[T asm.Float](x *matrix.Dense[T], rank int, opt *Options, scale float64, pool *par.Pool) (*state[T], error) {
	floor := 0.0
	if opt.Loss.NeedsPositive() {
		floor = opt.Eps.Or(0)
	}
	v := data.NewDense(x, scale*scale, floor, pool.Workers())
	if !opt.Eps.IsSet() {
		m, n := v.Dims()
		mean := v.Stats().Sum / (float64(m) * float64(n)) / (scale * scale)
		opt.Eps = solver.Set(defaultEps[T](opt.Method, mean, rank))
	}
	start, err := startModel(opt, v, rank, scale)
	if err != nil {
		return nil, err
	}
	for _, p := range slices.Concat(opt.W, opt.H) {
		w := reg.Penalty{p}.Rescaled(scaledObjective(opt.Loss, scale), scale)[0].Weight
		if math.IsInf(w, 0) {
			return nil, fmt.Errorf("nmf: %w: weight %v is out of range for data of this size", reg.ErrPenalty, p.Weight)
		}
	}
	return newState(v, opt, scale, pool, start)
}

// result collects what is reported of the final state.
func (s *state[T]) result(report solver.Report) *Result[T] {
	last := report.Trace.Last()
	r := &Result[T]{
		Model:    s.model(),
		Report:   report,
		Loss:     last.Loss,
		RelError: last.RelError,
		Penalty:  map[string]float64{"w": s.blockW.Value() / s.objScale, "h": s.blockH.Value() / s.objScale},
		KKT:      s.kkt(),
		Options:  *s.o,
	}
	emptyW, emptyH := s.blockW.Empty(s.eps), s.blockH.Empty(s.eps)
	for q := range emptyW {
		if emptyW[q] || emptyH[q] {
			r.Pruned = append(r.Pruned, q)
		}
	}
	if !s.o.FixW && !s.o.FixH && s.blockW.Penalty.Definite() && s.blockH.Penalty.Definite() {
		r.Beta = balance.Columns(s.blockW.Columns(), s.blockH.Columns()).Beta
		for _, q := range r.Pruned {
			r.Beta[q] = 0
		}
		for q := range r.Beta {
			r.Beta[q] /= s.objScale
		}
	}
	return r
}
