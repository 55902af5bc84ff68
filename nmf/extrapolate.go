package nmf

import (
	"math"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/reg"
)

// ahead is extrapolation with restarts for HALS (Ang, Gillis, Neural Computation
// 31 (2019)). X is the factor that is updated first; from the accepted point
// (X, Y), with X° and Ŷ that are X and Y after a restart, a sweep makes
//
//	X°' ← sweeps over X, given Ŷ,   X' = max(floor, X°' + b(X°' - X°)),
//	Y'  ← sweeps over Ŷ, given X'.
//
// The objective at (X', Y') follows from the products that the update of Y' used.
// Where it is no higher than at (X, Y), that is the new accepted point, and
//
//	b ← min(b̄, γb),   b̄ ← min(1, γ̄b̄),   Ŷ = max(floor, Y' + b(Y' - Y)).
//
// Else (X, Y) stays, b̄ is the last b that went well, b ← b/η, and the next sweep
// is a plain one, which descends. When one factor is fixed, the other is Y.
type ahead[T asm.Float] struct {
	*hals[T]
	first, second *matrix.Dense[T] // first is nil when a factor is fixed
	plain         *matrix.Dense[T] // X°
	kept          *matrix.Dense[T] // X, during a sweep
	other         *matrix.Dense[T] // Ŷ, and Y during a sweep
	memory        [2]reg.Block[T]  // plain and other in the order of the balance
	task          leap[T]

	b, most, good float64
	restart       float64 // 1: the next sweep is a plain one
	best          float64 // the objective of the accepted point
	value         value   // its loss
}

// The parameters of the extrapolation; docs/decisions/007 has the trials.
const (
	aheadBegin  = .5    // b at first
	aheadShrink = 1.5   // η
	aheadGrow   = 1.01  // γ
	aheadMost   = 1.005 // γ̄
)

func newAhead[T asm.Float](h *hals[T]) *ahead[T] {
	s := h.state
	a := &ahead[T]{hals: h, b: aheadBegin, most: 1, good: aheadBegin, restart: 1, best: math.Inf(1), value: unknown()}
	a.memory = [2]reg.Block[T]{s.blockW, s.blockH}
	x, y := 0, 1
	if s.o.Order == OrderHW && !s.o.FixW || s.o.FixH {
		x, y = y, x
	}
	a.second, a.other = a.memory[y].X, a.memory[y].X.Clone()
	a.memory[y].X = a.other
	s.kept = append(s.kept, a.other)
	if !s.o.FixW && !s.o.FixH {
		a.first, a.plain, a.kept = a.memory[x].X, a.memory[x].X.Clone(), a.memory[x].X.Clone()
		a.memory[x].X = a.plain
		s.kept = append(s.kept, a.plain)
	}
	s.numbers = append(s.numbers, &a.b, &a.most, &a.good, &a.restart, &a.best)
	a.task.floor = s.eps
	return a
}

func (a *ahead[T]) begin() {
	a.task.by = a.b
	if a.restart == 1 {
		a.task.by = 0
		a.other.Copy(a.second)
	}
	if a.first != nil {
		if a.restart == 1 {
			a.plain.Copy(a.first)
		}
		a.kept.Copy(a.first)
	}
	*a.second, *a.other = *a.other, *a.second
}

// between extrapolates the first factor, unless that was done block by block.
func (a *ahead[T]) between() {
	if a.first != nil && !a.fused {
		a.task.run(a.pool, a.first, a.plain)
	}
}

func (a *ahead[T]) end(scales *balance.Scales) {
	f, within := a.objective()
	if a.restart == 0 {
		if !(f <= a.best+within) {
			*a.second, *a.other = *a.other, *a.second
			if a.first != nil {
				*a.first, *a.kept = *a.kept, *a.first
			}
			a.most, a.b, a.restart = a.good, a.b/aheadShrink, 1
			a.state.value = a.value
			return
		}
		a.good = a.b
		a.b = min(a.most, a.b*aheadGrow)
		a.most = min(1, a.most*aheadMost)
		f = min(f, a.best)
	}
	a.restart, a.best, a.value = 0, f, a.state.value
	a.follow(scales, a.memory[:])
	a.task.by = a.b
	a.task.run(a.pool, a.second, a.other)
	*a.second, *a.other = *a.other, *a.second
}

func (a *ahead[T]) accept(float64) bool { return true }

// follow scales what is remembered of the factors as those were balanced.
func (s *state[T]) follow(scales *balance.Scales, memory []reg.Block[T]) {
	if scales == nil {
		return
	}
	for i, b := range memory {
		if b.X != nil {
			b.Clear(s.eps)
			b.Scale(scales.Log[i])
			b.Floor(s.eps)
		}
	}
}

// leap extrapolates a factor: x becomes max(floor, x + by·(x - last)), and last
// what x was.
type leap[T asm.Float] struct {
	x, last []T
	by      float64
	floor   T
	up      bool // only where x has grown
}

// leapLength is the number of entries that are extrapolated as one piece of work.
const leapLength = 1 << 14

func (l *leap[T]) run(pool *par.Pool, x, last *matrix.Dense[T]) {
	l.x, l.last = x.Data, last.Data
	pool.Run((len(l.x)+leapLength-1)/leapLength, l)
}

func (l *leap[T]) Do(block, _ int) {
	i0 := block * leapLength
	i1 := min(i0+leapLength, len(l.x))
	l.over(l.x[i0:i1], l.last[i0:i1])
}

func (l *leap[T]) over(x, last []T) {
	last = last[:len(x)]
	by := T(l.by)
	for i, v := range x {
		d := v - last[i]
		if l.up {
			d = max(d, 0)
		}
		last[i] = v
		x[i] = max(v+by*d, l.floor)
	}
}
