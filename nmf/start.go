package nmf

import (
	"fmt"
	"math"
	"math/rand/v2"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
)

// start settles the starting point and reports whether it is generated.
func (o *Options) start() (generated bool, err error) {
	if o.Restarts < 0 {
		return false, fmt.Errorf("nmf: %w: restarts is %d, must be at least 0", ErrOption, o.Restarts)
	}
	if o.Init == nil {
		o.Init = Start(NNDSVD{Fill: FillMean})
		if o.Restarts > 1 {
			o.Init = Random{}
		}
	}
	seeded := false
	switch a := o.Init.(type) {
	case Random:
		generated, seeded = true, true
	case NNDSVD:
		generated, seeded = true, a.Fill == FillRandom
		err = a.validate(o.Method)
	case SPA:
		generated = true
	}
	if err == nil && o.Restarts > 1 && !seeded {
		err = fmt.Errorf("nmf: %w: %d restarts would all begin alike, the start does not depend on the seed; use a random one (Random{} or NNDSVD{Fill: FillRandom})", ErrOption, o.Restarts)
	}
	return generated, err
}

// givenStart returns the model that the options give as a start, after a look at
// all its entries, or nil for a start that is generated.
func givenStart[T asm.Float](o *Options, m, n, rank int) (*Model[T], error) {
	var given *Model[T]
	switch a := o.Init.(type) {
	case Random, NNDSVD, SPA:
		return nil, nil
	case lostModel:
		return nil, errLost
	case *Model[T]:
		given = a
	case *Result[T]:
		if a != nil {
			given = a.Model
		}
	default:
		var zero T
		return nil, fmt.Errorf("nmf: %w: the start is a %T; for %T data give a *Model[%T], a *Result[%T], NNDSVD{}, SPA{} or Random{}", ErrOption, a, zero, zero, zero)
	}
	return given, given.check(m, n, rank)
}

// generate makes the start for data that are worked on at a scale.
func generate[T asm.Float](o *Options, v data.Matrix[T], rank int, scale float64, pool *par.Pool) *Model[T] {
	switch a := o.Init.(type) {
	case NNDSVD:
		return nndsvd(v, rank, a.Fill, o.Seed, scale, pool)
	case SPA:
		_, isMU := o.Method.(MU)
		return spa(v, rank, isMU, o.Eps.Or(0) > 0, o.Seed, scale, pool)
	}
	m, n := v.Dims()
	return randomModel[T](o.Seed, m, n, rank, v.Stats())
}

// randomModel returns independent uniform entries on (0, s] with s so that the
// mean of WH is that of the data. W and H have streams of their own.
func randomModel[T asm.Float](seed uint64, m, n, rank int, stats data.Stats) *Model[T] {
	s := 2 * math.Sqrt(stats.Mean()/float64(rank))
	fill := func(rows, cols int, stream uint64) *matrix.Dense[T] {
		r := rand.New(rand.NewPCG(seed, stream))
		f := matrix.New[T](rows, cols)
		for i := range f.Data {
			f.Data[i] = T((1 - r.Float64()) * s)
		}
		return f
	}
	return &Model[T]{W: fill(m, rank, 0), H: fill(rank, n, 1)}
}

// begin scales and balances the starting point. Scaling takes passes over the data
// and is left out when the limit is over. Penalties that drive the factors out of
// the range of their type, or below a floor that is the default one, are an error.
func (s *state[T]) begin(limit *fitting.Limit, defaultFloor bool) error {
	var scale func() float64
	if s.o.ScaleInit.Or(false) && !limit.Over() {
		scale = s.initialScale
	}
	var even func()
	if s.balancer != nil {
		even = func() { s.balancer.Balance() }
	}
	s.Touched = scale != nil || even != nil
	r := fitting.Range[T]{Package: "nmf", Given: s.given != nil, Size: s.Size}
	if defaultFloor {
		r.Eps = float64(s.eps)
	}
	if !s.o.FixW {
		r.Blocks = append(r.Blocks, fitting.Ranged[T]{Name: "W", Block: s.blockW, Penalty: s.o.W, Floored: true})
	}
	if !s.o.FixH {
		r.Blocks = append(r.Blocks, fitting.Ranged[T]{Name: "H", Block: s.blockH, Penalty: s.o.H, Floored: true})
	}
	fitting.Begin(s.given == nil, fitting.Mixed(s.blockW.Penalty, s.blockH.Penalty), scale, even, r.Finite)
	if s.given != nil && !s.Touched || s.stats.Squares == 0 {
		return nil
	}
	return r.Check()
}

// initialScale multiplies the free factors, but for components with a part that
// is held, by the common factor that fits them to data and penalties best, and
// returns its logarithm.
func (s *state[T]) initialScale() (logEta float64) {
	var blocks []reg.Block[T]
	if !s.o.FixW {
		blocks = append(blocks, s.blockW)
	}
	if !s.o.FixH {
		blocks = append(blocks, s.blockH)
	}
	sums := s.startSums()
	var cols []*reg.Columns
	for _, b := range blocks {
		c := b.Columns()
		for q, frozen := range s.frozen {
			for t := range c.Log {
				if frozen {
					c.Log[t][q] = math.Inf(-1)
				}
			}
		}
		cols = append(cols, c)
	}
	logEta = balance.InitialScale(s.l, sums, len(blocks), cols...)
	scale := make([]float64, s.h.Rows)
	for k := range scale {
		if s.frozen == nil || !s.frozen[k] {
			scale[k] = logEta
		}
	}
	for _, b := range blocks {
		b.Scale(scale)
	}
	return logEta
}

// startSums computes what the initial scale needs to know. Components with a
// part that is held are not scaled: they count as a part of the data that is
// explained already.
func (s *state[T]) startSums() balance.Sums {
	if s.masked {
		return s.observedSums()
	}
	sums := balance.Sums{X: s.stats.Sum}
	for k := 0; k < s.h.Rows; k++ {
		var w, h float64
		for i := 0; i < s.w.Rows; i++ {
			w += float64(s.w.Row(i)[k])
		}
		for _, v := range s.h.Row(k) {
			h += float64(v)
		}
		if s.frozen != nil && s.frozen[k] {
			sums.X -= w * h
		} else {
			sums.M += w * h
		}
	}
	if s.l != loss.Frobenius {
		return sums
	}
	s.prepareW()
	s.prepareH()
	s.hTotals(false, true)
	if s.frozen == nil {
		sums.XM = matrix.Inner(s.hNum, s.h)
		sums.MM = matrix.Inner(s.gramW, s.gramH)
		return sums
	}
	for k, frozen := range s.frozen {
		if frozen {
			continue
		}
		for j, v := range s.h.Row(k) {
			sums.XM += float64(v) * float64(s.hNum.Row(k)[j])
		}
		for l, other := range s.frozen {
			inner := s.gramW.At(k, l) * s.gramH.At(k, l)
			if other {
				sums.XM -= inner
			} else {
				sums.MM += inner
			}
		}
	}
	return sums
}
