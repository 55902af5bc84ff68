package nmf

import (
	"fmt"
	"math"
	"math/rand/v2"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/data"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
)

// givenStart returns the model that the options give as a start, after a look at
// all its entries, or nil for a random start.
func givenStart[T asm.Float](o *Options, m, n, rank int) (*Model[T], error) {
	var given *Model[T]
	switch a := o.Init.(type) {
	case Random:
		return nil, nil
	case *Model[T]:
		given = a
	case *Result[T]:
		if a != nil {
			given = a.Model
		}
	default:
		var zero T
		return nil, fmt.Errorf("nmf: %w: the start is a %T; for %T data give a *Model[%T], a *Result[%T] or Random{}", ErrOption, a, zero, zero, zero)
	}
	return given, given.check(m, n, rank)
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

// begin scales and balances the starting point. With mixed degrees the two
// depend on each other and alternate until the scale stands still.
func (s *state[T]) begin() {
	scaled := s.o.ScaleInit.Or(false)
	s.touched = scaled || s.balancer != nil
	rounds := 1
	if scaled && s.balancer != nil && mixed(s.blockW.Penalty.Plus(s.blockH.Penalty)) {
		rounds = 50
	}
	for range rounds {
		eta := 0.0
		if scaled {
			eta = s.initialScale()
		}
		if s.balancer != nil {
			s.balancer.Balance()
		}
		if math.Abs(eta) < 1e-12 {
			break
		}
	}
}

// mixed reports whether a penalty has terms of different degrees.
func mixed(p reg.Penalty) bool {
	a := p.Active()
	return len(a) > 0 && a[0].Degree != a[len(a)-1].Degree
}

// initialScale multiplies the free factors by the common factor that fits them
// to data and penalties best, and returns its logarithm.
func (s *state[T]) initialScale() (logEta float64) {
	var blocks []reg.Block[T]
	if !s.o.FixW {
		blocks = append(blocks, s.blockW)
	}
	if !s.o.FixH {
		blocks = append(blocks, s.blockH)
	}
	sums := s.sums()
	var cols []*reg.Columns
	for _, b := range blocks {
		cols = append(cols, b.Columns())
	}
	logEta = balance.InitialScale(s.l, sums, len(blocks), cols...)
	scale := make([]float64, s.h.Rows)
	for k := range scale {
		scale[k] = logEta
	}
	for _, b := range blocks {
		b.Scale(scale)
	}
	return logEta
}

// sums returns what the initial scale needs to know of data and model.
func (s *state[T]) sums() balance.Sums {
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
		sums.M += w * h
	}
	if s.l == loss.Frobenius {
		s.prepareW()
		s.prepareH()
		s.hTotals(false, true)
		sums.XM = matrix.Inner(s.hNum, s.h)
		sums.MM = matrix.Inner(s.gramW, s.gramH)
	}
	return sums
}
