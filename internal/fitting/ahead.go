package fitting

import (
	"slices"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/reg"
)

// Ahead is extrapolation with restarts (A. M. S. Ang, N. Gillis, Accelerating
// nonnegative matrix factorization algorithms using extrapolation, Neural Computation
// 31, 2019; A. M. S. Ang, J. E. Cohen, N. Gillis, L. T. K. Hien, Accelerating block
// coordinate descent for nonnegative tensor factorization, Numer. Linear Algebra Appl.
// 28, 2021). X_n are the free blocks in the order of a sweep but the last one, Y; from
// the accepted point (X, Y), with X_n° and Ŷ that are X_n and Y after a restart, a sweep
// makes, block by block,
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
// is a plain one, which descends. Blocks of both signs have no floor.
type Ahead[T asm.Float] struct {
	course *Course[T]
	pool   *par.Pool
	free   []int // blocks in the order of a sweep
	last   int   // of them
	signed []bool
	floor  T
	memory []reg.Block[T]     // X_n°, and for the last block Ŷ, during a sweep Y; scaled along
	before []*matrix.Dense[T] // X_n and Y during a sweep, as they were
	swap   func(n int, x *matrix.Dense[T])
	task   Leap[T]

	momentum Momentum
	known    Known // the loss of the accepted point
}

// NewAhead extrapolates the free blocks of a fit, which sweeps go over in this order.
// signed marks blocks of both signs; nil: none. swap exchanges the content of a block
// with that of another matrix.
func NewAhead[T asm.Float](c *Course[T], free []int, signed []bool, floor T, swap func(n int, x *matrix.Dense[T])) *Ahead[T] {
	a := &Ahead[T]{course: c, pool: c.pool, free: slices.Clone(free), last: free[len(free)-1], signed: signed, floor: floor, swap: swap,
		memory: slices.Clone(c.Blocks), before: make([]*matrix.Dense[T], len(c.Blocks)), momentum: NewMomentum(), known: Unknown()}
	for _, n := range free {
		a.memory[n].X, a.before[n] = c.Blocks[n].X.Clone(), c.Blocks[n].X.Clone()
		c.Memory = append(c.Memory, a.memory[n].X)
	}
	c.Numbers = append(c.Numbers, a.momentum.Numbers()...)
	c.Numbers = append(c.Numbers, &a.known.Inner, &a.known.Largest, &a.known.Direct[0], &a.known.Direct[1])
	return a
}

// Memory are the blocks as they were before the last leap, which lie where the model
// does: who scales it scales them along. Blocks that are not free are those of the model.
func (a *Ahead[T]) Memory() []reg.Block[T] { return a.memory }

// Begin is called before a sweep.
func (a *Ahead[T]) Begin() {
	a.task.By = a.momentum.B()
	for _, n := range a.free {
		x := a.course.Blocks[n].X
		if a.momentum.Plain() {
			a.memory[n].X.Copy(x)
		}
		a.before[n].Copy(x)
	}
	a.swap(a.last, a.memory[a.last].X)
}

// Between is called after the update of a block, and extrapolates it if it is free and
// not the last one.
func (a *Ahead[T]) Between(n int) {
	if n != a.last && a.before[n] != nil {
		a.leap(n)
	}
}

func (a *Ahead[T]) leap(n int) {
	a.set(n)
	a.task.Run(a.pool, a.course.Blocks[n].X, a.memory[n].X)
}

func (a *Ahead[T]) set(n int) {
	a.task.Signed, a.task.Floor = a.signed != nil && a.signed[n], a.floor
}

// Part is Between for entries [from, to) of a nonnegative block, of which several may
// be worked on at once.
func (a *Ahead[T]) Part(n, from, to int) {
	task := Leap[T]{By: a.task.By, Floor: a.floor}
	task.Over(a.course.Blocks[n].X.Data[from:to], a.memory[n].X.Data[from:to])
}

// End is called after a sweep. When its model is not accepted, the model is the one
// before.
func (a *Ahead[T]) End() {
	if !a.momentum.Accept(a.course.Scaled()) {
		for _, n := range a.free {
			a.swap(n, a.before[n])
		}
		a.course.Known = a.known
		return
	}
	a.known = a.course.Known
	// The memory is Y; it becomes Ŷ, and the model keeps Y'.
	a.task.By = a.momentum.B()
	a.leap(a.last)
	a.swap(a.last, a.memory[a.last].X)
}
