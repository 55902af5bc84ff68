package cpd

import (
	"fmt"
	"math"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/fitting"
	"polyad/matrix"
	"polyad/reg"
)

// line is exact line search (M. Rajih, P. Comon, R. A. Harshman, Enhanced line
// search: a novel method to accelerate PARAFAC, SIAM J. Matrix Anal. Appl. 30,
// 2008) in the direction from one sweep's end to that of the next (Harshman 1970):
// when the last two models are S_n and F_n, the next sweep begins at
//
//	F_n + μ·D_n,   D_n = F_n - S_n,
//
// with the μ that minimizes the objective along that line, a polynomial of degree
// 2p when p factors are free,
//
//	½||X||² - q(μ) + ½Σ∘_n (F_n + μD_n)ᵀ(F_n + μD_n) + Σ_n l2_n·||F_n + μD_n||²,
//	q(μ) = ⟨X, [[F_0 + μD_0, …]]⟩.
//
// q has degree p. It is known at 0 and -1 from the losses of the two models, and
// p-1 products more, of 2·|X|·r flops each, tell the rest. A sweep that ends above
// the model before it, as rounding may have it when the error is small, is given
// up, and the next one begins at that model.
type line[T asm.Float] struct {
	*state[T]
	from, dir, trial []*matrix.Dense[T] // S_n, D_n, F_n + μD_n; trial has the fixed factors, too
	memory           []reg.Block[T]     // from in the order of the free modes
	product          *matrix.Dense[T]   // of the last free mode

	known  float64 // how many of the two models there are
	jumped bool    // whether the last sweep began elsewhere than at S_n
	reach  float64 // about how far the minimum was the last time
	last   struct {
		objective, inside float64       // of F_n
		before            float64       // ⟨X, S⟩
		known             fitting.Known // of F_n
	}

	nodes, newton []float64                   // of q
	square        []float64                   // coefficients of the squared norm
	part          []float64                   // of one of its terms
	squares       [][3]*matrix.Dense[float64] // FᵀF, FᵀD + DᵀF, DᵀD of each free mode
	weights       []float64                   // of the ridges
	ridge         [3]float64                  // coefficients of the penalties
}

const (
	mostSearched = 8   // free modes, so that q is interpolated well
	farthest     = 1e3 // μ
)

// checkLineSearch reports options that do not go with a line search.
func (o *settled) checkLineSearch() error {
	a, ok := o.Method.(ALS)
	if !ok || !a.LineSearch {
		return nil
	}
	free := 0
	for n, fixed := range o.fixed {
		if !fixed {
			free++
			if o.nonneg[n] {
				return fmt.Errorf("cpd: %w: a line search would leave the nonnegative mode %d; use als or hals with extrapolate", ErrOption, n)
			}
		}
	}
	switch {
	case a.Extrapolate:
		return fmt.Errorf("cpd: %w: extrapolate and line search both choose where a sweep begins; leave one of them out", ErrOption)
	case o.Balance == BalanceBlock:
		return fmt.Errorf("cpd: %w: the line search is for sweeps that are not balanced within (block); use balance every", ErrOption)
	case o.Mask != nil:
		return fmt.Errorf("cpd: %w: the line search needs complete data; use extrapolate where entries are missing", ErrOption)
	case free < 2 || free > mostSearched:
		return fmt.Errorf("cpd: %w: the line search is for 2 to %d free factors, here are %d", ErrOption, mostSearched, free)
	}
	return nil
}

func newLine[T asm.Float](s *state[T]) *line[T] {
	n, p := len(s.f), len(s.free)
	l := &line[T]{state: s, from: make([]*matrix.Dense[T], n), dir: make([]*matrix.Dense[T], n),
		trial: append([]*matrix.Dense[T](nil), s.f...), product: s.f[s.free[p-1]].Clone(), reach: 1,
		nodes: make([]float64, p+1), newton: make([]float64, p+1), square: make([]float64, 2*p+1), part: make([]float64, 2*p+1),
		squares: make([][3]*matrix.Dense[float64], n), weights: make([]float64, n)}
	for _, n := range s.free {
		b := s.blocks[n]
		b.X = b.X.Clone()
		for _, t := range b.Penalty.Active() {
			l.weights[n] += t.Weight
		}
		l.from[n], l.dir[n], l.trial[n] = b.X, b.X.Clone(), b.X.Clone()
		l.memory = append(l.memory, b)
		s.Memory = append(s.Memory, b.X)
		for k := range l.squares[n] {
			l.squares[n][k] = matrix.New[float64](s.rank, s.rank)
		}
	}
	v := &l.last.known
	s.Numbers = append(s.Numbers, &l.known, &l.reach, &l.last.objective, &l.last.inside, &l.last.before, &v.Inner, &v.Direct[0], &v.Direct[1], &v.Largest)
	return l
}

// begin goes to where the next sweep begins.
func (l *line[T]) begin() {
	by := 0.0
	if l.known == 2 {
		by = l.search()
	}
	l.jumped = by != 0
	for _, n := range l.free {
		f := l.f[n]
		l.from[n].Copy(f)
		if l.jumped {
			along(f, f, l.dir[n], by)
			l.changed(n)
		}
	}
}

func (l *line[T]) between(int) {}

// end is called after a sweep, when the factors were balanced by scales, or not,
// when that is nil.
func (l *line[T]) end(scales *balance.Scales) {
	f, rounding := l.Scaled()
	if l.jumped && !(f <= l.last.objective+rounding) {
		for _, n := range l.free {
			l.f[n].Copy(l.from[n])
			l.changed(n)
		}
		l.Known, l.known = l.last.known, 1
		return
	}
	l.last.before = l.last.inside
	l.last.objective, l.last.known, l.last.inside = f, l.Known, l.inside
	l.known = min(l.known+1, 2)
	if scales != nil {
		for i, b := range l.memory {
			b.Scale(scales.Log[i])
		}
	}
}

// search returns the μ that minimizes the objective.
func (l *line[T]) search() float64 {
	l.ridge = [3]float64{}
	for _, n := range l.free {
		along(l.dir[n], l.f[n], l.from[n], -1)
		if weight := l.weights[n]; weight > 0 {
			l.ridge[1] += 2 * weight * matrix.Inner(l.f[n], l.dir[n])
			l.ridge[2] += weight * matrix.Inner(l.dir[n], l.dir[n])
		}
	}
	l.norms()
	l.inner()
	// The best of points that lie ever farther apart, and then between its
	// neighbours.
	step := func(μ float64) float64 { return .05 + .1*math.Abs(μ) }
	best, least := 0.0, 0.0
	for μ := -1.0; μ <= math.Min(10*l.reach, farthest); μ += step(μ) {
		if f := l.at(μ); f < least {
			best, least = μ, f
		}
	}
	if !(least < 0) { // or NaN
		l.reach = 1
		return 0
	}
	const golden = .6180339887498949
	lo, hi := best-step(best), best+step(best)
	for hi-lo > 1e-4*(1+math.Abs(best)) {
		a, b := hi-golden*(hi-lo), lo+golden*(hi-lo)
		if l.at(a) < l.at(b) {
			hi = b
		} else {
			lo = a
		}
	}
	if μ := (lo + hi) / 2; l.at(μ) < least {
		best = μ
	}
	l.reach = math.Max(1, best)
	return best
}

// at returns by how much the objective at μ is above that at 0.
func (l *line[T]) at(μ float64) float64 {
	last := len(l.newton) - 1
	q := l.newton[last]
	for k := last - 1; k > 0; k-- {
		q = l.newton[k] + (μ-l.nodes[k])*q
	}
	square := 0.0
	for k := len(l.square) - 1; k > 0; k-- {
		square = (square + l.square[k]) * μ
	}
	return square/2 - μ*q + (l.ridge[1]+l.ridge[2]*μ)*μ
}

// inner interpolates q, in Newton's form with the node 0 first, so that its value
// there is not needed.
func (l *line[T]) inner() {
	p, last := len(l.free), l.free[len(l.free)-1]
	l.nodes[0], l.newton[0] = 0, l.last.inside
	l.nodes[1], l.newton[1] = -1, l.last.before
	for k := 2; k <= p; k++ {
		μ := l.reach * 2 * float64(k-1) / float64(p-1)
		for _, n := range l.free {
			along(l.trial[n], l.f[n], l.dir[n], μ)
		}
		l.x.Probe(l.product, last, l.trial)
		l.nodes[k], l.newton[k] = μ, matrix.Inner(l.product, l.trial[last])
	}
	for k := 1; k <= p; k++ { // divided differences
		for i := p; i >= k; i-- {
			l.newton[i] = (l.newton[i] - l.newton[i-1]) / (l.nodes[i] - l.nodes[i-k])
		}
	}
}

// norms computes the coefficients of the model's squared norm.
func (l *line[T]) norms() {
	for _, n := range l.free {
		g := &l.squares[n]
		along(l.trial[n], l.f[n], l.dir[n], 1)
		l.gramWork.Gram(l.pool, g[0], l.f[n], false)
		l.gramWork.Gram(l.pool, g[1], l.trial[n], false)
		l.gramWork.Gram(l.pool, g[2], l.dir[n], false)
		for i := range g[1].Data {
			g[1].Data[i] -= g[0].Data[i] + g[2].Data[i]
		}
	}
	clear(l.square)
	for n, f := range l.f { // of the fixed modes
		if l.squares[n][0] == nil && !l.fresh[n] {
			l.gramWork.Gram(l.pool, l.grams[n], f, false)
			l.fresh[n] = true
		}
	}
	for i := range l.rank * l.rank {
		clear(l.part)
		l.part[0] = 1
		for n := range l.f {
			g := &l.squares[n]
			if g[0] == nil {
				for k := range l.part {
					l.part[k] *= l.grams[n].Data[i]
				}
				continue
			}
			a, b, c := g[0].Data[i], g[1].Data[i], g[2].Data[i]
			for k := len(l.part) - 1; k >= 0; k-- {
				v := a * l.part[k]
				if k > 0 {
					v += b * l.part[k-1]
				}
				if k > 1 {
					v += c * l.part[k-2]
				}
				l.part[k] = v
			}
		}
		for k, v := range l.part {
			l.square[k] += v
		}
	}
}

// along writes x + by·d.
func along[T asm.Float](dst, x, d *matrix.Dense[T], by float64) {
	for i, v := range x.Data {
		dst.Data[i] = v + T(by)*d.Data[i]
	}
}
