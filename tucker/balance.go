package tucker

import (
	"math"

	"polyad/balance"
	"polyad/reg"
)

// Balancing makes the penalties of a model as small as the scales of its blocks can
// make them (package balance), at the start and after every sweep. The array that
// the model stands for stays the same; what is known of it is scaled along.

// newBalancer sets up the balancing of the blocks.
func (s *state[T]) newBalancer() {
	if s.o.Balance == BalanceNone {
		return
	}
	// Blocks of both signs have no floor, so the floor is dealt with here.
	s.balancer = balance.NewTuckerBalancer(s.balanced(s.blocks))
	widest := 0
	for _, j := range s.core.Shape {
		widest = max(widest, j)
	}
	s.scales = make([]float64, widest)
}

// balanced returns blocks of the shape of the model's as they are balanced.
func (s *state[T]) balanced(blocks []reg.Block[T]) *balance.Tucker[T] {
	order := len(s.f)
	core := *s.core
	core.Data = blocks[order].X.Data
	return &balance.Tucker[T]{Core: &core, CorePenalty: blocks[order].Penalty, FixedCore: s.o.fixed[order],
		Factors: blocks[:order], Fixed: s.o.fixed[:order]}
}

// clear takes entries of free nonnegative blocks at the floor for zeros.
func (s *state[T]) clear(blocks []reg.Block[T]) {
	for _, n := range s.free {
		if s.o.nonneg[n] {
			blocks[n].Clear(s.eps)
		}
	}
}

// floor raises free nonnegative blocks to the floor.
func (s *state[T]) floor(blocks []reg.Block[T]) {
	for _, n := range s.free {
		if s.o.nonneg[n] {
			blocks[n].Floor(s.eps)
		}
	}
}

// balance balances the free blocks and scales along what depends on them.
func (s *state[T]) balance() (scales *balance.TuckerScales) {
	s.clear(s.blocks)
	if s.o.Balance == BalanceScalar {
		scales = s.balancer.Scalar()
	} else {
		scales = s.balancer.Sinkhorn(s.o.Sweeps)
	}
	s.floor(s.blocks)
	for _, n := range s.free {
		if n == len(s.f) || !s.projected {
			s.changed(n)
			continue
		}
		by, known := s.scales[:len(scales.Log[n])], !s.coarse
		for q, log := range scales.Log[n] {
			by[q] = math.Exp(log)
			known = known && (math.IsInf(log, -1) || math.Abs(log) < 40)
		}
		if !known {
			s.changed(n)
			continue
		}
		s.x.Scaled(n, by)
		s.grams.scaled(n, by)
	}
	return scales
}

// scaled says that the columns of the factor of a mode were multiplied by s.
func (g *grams[T]) scaled(n int, s []float64) {
	for q, f := range s {
		row := g.s[n].Row(q)
		for p, v := range s {
			row[p] *= f * v
		}
	}
}

// isCoarse reports whether the floor is large enough to be seen in the loss.
func (s *state[T]) isCoarse() bool {
	size, terms, blocks := 1.0, 1.0, 1.0
	for n, i := range s.o.shape {
		size *= float64(i)
		if s.f[n] != nil {
			terms *= float64(s.f[n].Cols)
			blocks++
		}
	}
	typical := math.Pow(math.Sqrt(s.stats.Squares/size)/terms, 1/blocks) // an entry of a block
	return float64(s.eps) > 1e-10*typical
}
