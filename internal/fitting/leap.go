package fitting

import (
	"math"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
)

// Leap extrapolates a factor X: with X° its last value
//
//	X ← max(Floor, X + By·(X - X°)),   X° ← X before that.
type Leap[T asm.Float] struct {
	By     float64
	Floor  T
	Up     bool // only where X has grown
	Signed bool // no floor

	x, last []T
}

// leapLength is the number of entries that are extrapolated as one piece of work.
const leapLength = 1 << 14

// Run extrapolates all of x, which has no gaps between its rows, as last has none.
func (l *Leap[T]) Run(pool *par.Pool, x, last *matrix.Dense[T]) {
	l.x, l.last = x.Data, last.Data
	pool.Run((len(l.x)+leapLength-1)/leapLength, l)
}

// Do extrapolates a piece.
func (l *Leap[T]) Do(block, _ int) {
	i0 := block * leapLength
	i1 := min(i0+leapLength, len(l.x))
	l.Over(l.x[i0:i1], l.last[i0:i1])
}

// Over extrapolates entries of a factor.
func (l *Leap[T]) Over(x, last []T) {
	last = last[:len(x)]
	by := T(l.By)
	for i, v := range x {
		d := v - last[i]
		if l.Up {
			d = max(d, 0)
		}
		next := v + by*d
		if !l.Signed {
			next = max(next, l.Floor)
		}
		last[i], x[i] = v, next
	}
}

// Momentum is how far to extrapolate, and whether to accept where that leads (Ang,
// Gillis, Neural Computation 31, 2019): after a sweep that went well
//
//	b ← min(b̄, γb),   b̄ ← min(1, γ̄b̄),
//
// after one that did not b̄ is the last b that went well, b ← b/η, and the next
// sweep is a plain one.
type Momentum struct {
	b, most, good float64
	plain         float64 // 1: the next sweep is a plain one
	best          float64 // the objective of the accepted point
}

// The parameters of the extrapolation; docs/decisions/007 has the trials.
const (
	momentumBegin  = .5    // b at first
	momentumShrink = 1.5   // η
	momentumGrow   = 1.01  // γ
	momentumMost   = 1.005 // γ̄
)

// NewMomentum returns the momentum before the first sweep, a plain one.
func NewMomentum() Momentum {
	return Momentum{b: momentumBegin, most: 1, good: momentumBegin, plain: 1, best: math.Inf(1)}
}

// Plain reports whether the next sweep is a plain one.
func (m *Momentum) Plain() bool { return m.plain == 1 }

// B returns the b of the next sweep.
func (m *Momentum) B() float64 {
	if m.Plain() {
		return 0
	}
	return m.b
}

// Accept reports whether the sweep that ended with objective f went well, which it
// did when f is no higher than the best one but for rounding.
func (m *Momentum) Accept(f, rounding float64) bool {
	if !m.Plain() {
		if !(f <= m.best+rounding) {
			m.most, m.b, m.plain = m.good, m.b/momentumShrink, 1
			return false
		}
		m.good = m.b
		m.b = min(m.most, m.b*momentumGrow)
		m.most = min(1, m.most*momentumMost)
		f = min(f, m.best)
	}
	m.plain, m.best = 0, f
	return true
}

// Numbers returns what a saved state must hold.
func (m *Momentum) Numbers() []*float64 {
	return []*float64{&m.b, &m.most, &m.good, &m.plain, &m.best}
}
