package tucker

import (
	"polyad/asm"
	"polyad/balance"
	"polyad/internal/fitting"
	"polyad/matrix"
	"polyad/reg"
)

// ahead is extrapolation with restarts (A. M. S. Ang, J. E. Cohen, N. Gillis, L. T.
// K. Hien, Accelerating block coordinate descent for nonnegative tensor
// factorization, Numer. Linear Algebra Appl. 28, 2021). X_n are the free blocks in
// the order of a sweep but the last one, Y; from the accepted point (X, Y), with
// X_n° and Ŷ that are X_n and Y after a restart, a sweep makes, block by block,
//
//	X_n°' ← update of X_n given the latest others and Ŷ,
//	X_n' = max(floor, X_n°' + b(X_n°' - X_n°)),
//	Y'  ← update of Ŷ given X'.
//
// Where the objective at (X', Y') is no higher than at (X, Y), that is the new
// accepted point, and
//
//	b ← min(b̄, γb),   b̄ ← min(1, γ̄b̄),   Ŷ = max(floor, Y' + b(Y' - Y)).
//
// Else (X, Y) stays, b̄ is the last b that went well, b ← b/η, and the next sweep
// is a plain one, which descends.
type ahead[T asm.Float] struct {
	*state[T]
	last   int
	memory []reg.Block[T]     // X_n°, and for the last block Ŷ, during a sweep Y
	before []*matrix.Dense[T] // X_n during a sweep
	scaled *balance.Tucker[T] // memory
	task   fitting.Leap[T]

	momentum fitting.Momentum
	value    value // the loss of the accepted point
}

func newAhead[T asm.Float](s *state[T]) *ahead[T] {
	a := &ahead[T]{state: s, momentum: fitting.NewMomentum(), value: unknown(), last: s.free[len(s.free)-1],
		memory: make([]reg.Block[T], len(s.blocks)), before: make([]*matrix.Dense[T], len(s.blocks))}
	copy(a.memory, s.blocks)
	for _, n := range s.free {
		a.memory[n].X = s.blocks[n].X.Clone()
		s.kept = append(s.kept, a.memory[n].X)
		if n != a.last {
			a.before[n] = s.blocks[n].X.Clone()
		}
	}
	a.scaled = s.balanced(a.memory)
	s.numbers = append(s.numbers, a.momentum.Numbers()...)
	return a
}

// begin is called before a sweep.
func (a *ahead[T]) begin() {
	a.task.By = a.momentum.B()
	for _, n := range a.free {
		x := a.blocks[n].X
		if a.momentum.Plain() {
			a.memory[n].X.Copy(x)
		}
		if n != a.last {
			a.before[n].Copy(x)
		}
	}
	a.swap(a.last, a.memory[a.last].X)
}

// swap exchanges the entries of a block with those of another matrix.
func (a *ahead[T]) swap(n int, x *matrix.Dense[T]) {
	y := x.Data
	for i, v := range a.blocks[n].X.Data {
		a.blocks[n].X.Data[i], y[i] = y[i], v
	}
	a.changed(n)
}

// between is called after the update of a block but the last one.
func (a *ahead[T]) between(n int) { a.leap(n, a.blocks[n].X) }

func (a *ahead[T]) leap(n int, x *matrix.Dense[T]) {
	a.task.Signed, a.task.Floor = !a.o.nonneg[n], a.eps
	a.task.Run(a.pool, x, a.memory[n].X)
	a.changed(n)
}

// end is called after a sweep, when the blocks were balanced by scales, or not,
// when that is nil. When its model is not accepted, the model is the one before.
func (a *ahead[T]) end(scales *balance.TuckerScales) {
	if !a.momentum.Accept(a.objective()) {
		a.swap(a.last, a.memory[a.last].X)
		for n, x := range a.before {
			if x != nil {
				a.swap(n, x)
			}
		}
		a.state.value = a.value
		return
	}
	a.value = a.state.value
	if scales != nil {
		a.clear(a.memory)
		a.scaled.Apply(scales)
		a.floor(a.memory)
	}
	// The memory is Y; it becomes Ŷ, and the model keeps Y'.
	a.task.By = a.momentum.B()
	a.leap(a.last, a.blocks[a.last].X)
	a.swap(a.last, a.memory[a.last].X)
}
