package nmf

import (
	"polyad/asm"
	"polyad/balance"
	"polyad/internal/fitting"
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
	other         *matrix.Dense[T] // Ŷ, and Y, scaled as Ŷ is, during a sweep
	keptX, keptY  *matrix.Dense[T] // X and Y as they were, during a sweep
	memory        [2]reg.Block[T]  // plain and other in the order of the balance
	task          fitting.Leap[T]

	momentum fitting.Momentum
	value    value // the loss of the accepted point
}

func newAhead[T asm.Float](h *hals[T]) *ahead[T] {
	s := h.state
	a := &ahead[T]{hals: h, momentum: fitting.NewMomentum(), value: unknown()}
	a.memory = [2]reg.Block[T]{s.blockW, s.blockH}
	x, y := 0, 1
	if s.o.Order == OrderHW && !s.o.FixW || s.o.FixH {
		x, y = y, x
	}
	a.second, a.other, a.keptY = a.memory[y].X, a.memory[y].X.Clone(), a.memory[y].X.Clone()
	a.memory[y].X = a.other
	s.kept = append(s.kept, a.other)
	if !s.o.FixW && !s.o.FixH {
		a.first, a.plain, a.keptX = a.memory[x].X, a.memory[x].X.Clone(), a.memory[x].X.Clone()
		a.memory[x].X = a.plain
		s.kept = append(s.kept, a.plain)
	}
	s.numbers = append(s.numbers, a.momentum.Numbers()...)
	a.task.Floor = s.eps
	return a
}

func (a *ahead[T]) begin() {
	a.task.By = a.momentum.B()
	if a.momentum.Plain() {
		a.other.Copy(a.second)
	}
	if a.first != nil {
		if a.momentum.Plain() {
			a.plain.Copy(a.first)
		}
		a.keptX.Copy(a.first)
	}
	a.keptY.Copy(a.second)
	*a.second, *a.other = *a.other, *a.second
}

// between extrapolates the first factor, unless that was done block by block.
func (a *ahead[T]) between() {
	if a.first != nil && !a.fused {
		a.task.Run(a.pool, a.first, a.plain)
	}
}

// balanced scales X° and Y along, between which and the model the next points lie.
func (a *ahead[T]) balanced(scales *balance.Scales) { a.follow(scales, a.memory[:]) }

func (a *ahead[T]) end() {
	if !a.momentum.Accept(a.objective()) {
		*a.second, *a.keptY = *a.keptY, *a.second
		if a.first != nil {
			*a.first, *a.keptX = *a.keptX, *a.first
		}
		a.state.value = a.value
		return
	}
	a.value = a.state.value
	a.task.By = a.momentum.B()
	a.task.Run(a.pool, a.second, a.other)
	*a.second, *a.other = *a.other, *a.second
}

func (a *ahead[T]) accept(float64) bool { return true }

// follow scales what is remembered of the factors as those were balanced.
func (s *state[T]) follow(scales *balance.Scales, memory []reg.Block[T]) {
	for i, b := range memory {
		if b.X != nil {
			b.Clear(s.eps)
			b.Scale(scales.Log[i])
			b.Floor(s.eps)
		}
	}
}
