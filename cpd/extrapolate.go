package cpd

import (
	"polyad/asm"
	"polyad/balance"
	"polyad/internal/fitting"
	"polyad/matrix"
	"polyad/reg"
)

// ahead is the extrapolation of [fitting.Ahead].
type ahead[T asm.Float] struct {
	*fitting.Ahead[T]
	*state[T]
}

func newAhead[T asm.Float](s *state[T]) *ahead[T] {
	signed := make([]bool, len(s.f))
	for n := range signed {
		signed[n] = !s.o.nonneg[n]
	}
	return &ahead[T]{state: s, Ahead: fitting.NewAhead(&s.Course, s.free, signed, s.eps, func(n int, x *matrix.Dense[T]) {
		*s.f[n], *x = *x, *s.f[n]
		s.changed(n)
	})}
}

func (a *ahead[T]) begin() { a.Ahead.Begin() }

func (a *ahead[T]) between(n int) { a.Between(n) }

// end is called after a sweep, when the factors were balanced by scales, or not,
// when that is nil.
func (a *ahead[T]) end(scales *balance.Scales) {
	if scales != nil {
		for i, n := range a.free {
			a.follow(a.Ahead.Memory()[n], scales.Log[i], a.o.nonneg[n])
		}
	}
	a.End()
}

// follow scales what is remembered of a factor as that was balanced.
func (s *state[T]) follow(b reg.Block[T], log []float64, nonneg bool) {
	if nonneg {
		b.Clear(s.eps)
	}
	b.Scale(log)
	if nonneg {
		b.Floor(s.eps)
	}
}
