package cpd

import (
	"polyad/asm"
	"polyad/balance"
	"polyad/internal/fitting"
	"polyad/matrix"
	"polyad/reg"
)

// ahead is extrapolation with restarts (A. M. S. Ang, J. E. Cohen, N. Gillis, L. T.
// K. Hien, Accelerating block coordinate descent for nonnegative tensor
// factorization, Numer. Linear Algebra Appl. 28, 2021). X_n are the free factors in
// the order of a sweep but the last one, Y; from the accepted point (X, Y), with
// X_n° and Ŷ that are X_n and Y after a restart, a sweep makes, mode by mode,
//
//	X_n°' ← update of X_n given the latest others and Ŷ,
//	X_n' = max(floor, X_n°' + b(X_n°' - X_n°)),
//	Y'  ← update of Ŷ given X'.
//
// The objective at (X', Y') follows from the products that the update of Y' used.
// Where it is no higher than at (X, Y), that is the new accepted point, and
//
//	b ← min(b̄, γb),   b̄ ← min(1, γ̄b̄),   Ŷ = max(floor, Y' + b(Y' - Y)).
//
// Else (X, Y) stays, b̄ is the last b that went well, b ← b/η, and the next sweep
// is a plain one, which descends. Factors of both signs have no floor.
type ahead[T asm.Float] struct {
	*state[T]
	last   int
	plain  []*matrix.Dense[T] // X_n°, nil for the last and for fixed modes
	before []*matrix.Dense[T] // X_n during a sweep
	other  *matrix.Dense[T]   // Ŷ, and Y during a sweep
	memory []reg.Block[T]     // plain and other in the order of the free modes
	task   fitting.Leap[T]

	momentum fitting.Momentum
	value    value // the loss of the accepted point
}

func newAhead[T asm.Float](s *state[T]) *ahead[T] {
	a := &ahead[T]{state: s, momentum: fitting.NewMomentum(), value: unknown(),
		last: s.free[len(s.free)-1], plain: make([]*matrix.Dense[T], len(s.f)), before: make([]*matrix.Dense[T], len(s.f))}
	for _, n := range s.free {
		b := s.blocks[n]
		b.X = b.X.Clone()
		s.kept = append(s.kept, b.X)
		a.memory = append(a.memory, b)
		if n == a.last {
			a.other = b.X
			continue
		}
		a.plain[n], a.before[n] = b.X, b.X.Clone()
	}
	s.numbers = append(s.numbers, a.momentum.Numbers()...)
	s.numbers = append(s.numbers, &a.value.gram, &a.value.direct[0], &a.value.direct[1], &a.value.largest)
	return a
}

// begin is called before a sweep.
func (a *ahead[T]) begin() {
	a.task.By = a.momentum.B()
	if a.momentum.Plain() {
		a.other.Copy(a.f[a.last])
	}
	for n, plain := range a.plain {
		if plain == nil {
			continue
		}
		if a.momentum.Plain() {
			plain.Copy(a.f[n])
		}
		a.before[n].Copy(a.f[n])
	}
	a.swap(a.last, a.other)
}

// swap exchanges the content of a factor with that of another matrix.
func (a *ahead[T]) swap(n int, x *matrix.Dense[T]) {
	*a.f[n], *x = *x, *a.f[n]
	a.changed(n)
}

// between is called after the update of a mode but the last one.
func (a *ahead[T]) between(n int) {
	a.leap(n, a.f[n], a.plain[n])
}

func (a *ahead[T]) leap(n int, x, last *matrix.Dense[T]) {
	a.task.Signed, a.task.Floor = !a.o.nonneg[n], a.eps
	a.task.Run(a.pool, x, last)
}

// end is called after a sweep, when the factors were balanced by scales, or not,
// when that is nil. When its model is not accepted, the model is the one before.
func (a *ahead[T]) end(scales *balance.Scales) {
	if !a.momentum.Accept(a.objective()) {
		a.swap(a.last, a.other)
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
		for i, b := range a.memory {
			n := a.free[i]
			if a.o.nonneg[n] {
				b.Clear(a.eps)
			}
			b.Scale(scales.Log[i])
			if a.o.nonneg[n] {
				b.Floor(a.eps)
			}
		}
	}
	// other is Y; it becomes Ŷ, and the model keeps Y'.
	a.task.By = a.momentum.B()
	a.leap(a.last, a.f[a.last], a.other)
	a.swap(a.last, a.other)
}
