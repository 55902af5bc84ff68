package nmf

import (
	"polyad/asm"
	"polyad/balance"
	"polyad/internal/fitting"
	"polyad/matrix"
	"polyad/reg"
)

// ahead is the extrapolation of [fitting.Ahead] for HALS.
type ahead[T asm.Float] struct {
	*fitting.Ahead[T]
	s     *state[T]
	fused *bool // whether the first factor was extrapolated block by block; nil: it was not
}

func newAhead[T asm.Float](s *state[T], fused *bool) *ahead[T] {
	return &ahead[T]{s: s, fused: fused, Ahead: fitting.NewAhead(&s.Course, s.order(), nil, s.eps, func(n int, x *matrix.Dense[T]) {
		y := s.Blocks[n].X
		*x, *y = *y, *x
	})}
}

func (a *ahead[T]) begin() { a.Begin() }

// between extrapolates the first factor, unless that was done block by block.
func (a *ahead[T]) between() {
	if a.fused == nil || !*a.fused {
		a.Between(a.s.order()[0])
	}
}

// balanced scales along the points between which and the model the next points lie.
func (a *ahead[T]) balanced(scales *balance.Scales) { a.s.follow(scales, a.Memory()) }

func (a *ahead[T]) end() { a.End() }

func (a *ahead[T]) accept(float64) bool { return true }

// follow scales what is remembered of the factors as those were balanced.
func (s *state[T]) follow(scales *balance.Scales, memory []reg.Block[T]) {
	for i, b := range memory {
		b.Clear(s.eps)
		b.Scale(scales.Log[i])
		b.Floor(s.eps)
	}
}
