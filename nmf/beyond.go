package nmf

import (
	"math"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/fitting"
	"polyad/matrix"
	"polyad/reg"
)

// beyond is extrapolation for MU (Hien, Leplat, Gillis 2024): a factor X takes
// its k-th step from
//
//	X + a_k·max(X - X_last, 0),  a_k = (t_k - 1)/t_{k+1},
//	t_1 = 1,  t_{k+1} = (1 + √(1 + 4t_k²))/2,
//
// the other factor being the plain one. The objective may rise. Where it is
// evaluated and has, the model returns to the best one that was evaluated, with
// t = 1 and X_last = X; and when it has risen again by the next evaluation, the
// steps up to the one after that are plain ones, which descend.
type beyond[T asm.Float] struct {
	*state[T]
	lastW, lastH *matrix.Dense[T]
	bestW, bestH *matrix.Dense[T]
	last         [2]reg.Block[T]
	task         fitting.Leap[T]

	t     float64
	begun float64       // 1: sweeps have been made, so that the last factors count
	start float64       // objective of the first model
	best  float64       // and of the best one
	mode  float64       // ongoing, returned to it, or making plain steps
	known fitting.Known // the loss of the best model
}

// The modes of beyond.
const (
	ongoing  = 0.
	returned = 1.
	plainly  = 2.
)

func newBeyond[T asm.Float](s *state[T]) *beyond[T] {
	b := &beyond[T]{state: s, t: 1, start: math.Inf(1), best: math.Inf(1),
		lastW: s.w.Clone(), lastH: s.h.Clone(), bestW: s.w.Clone(), bestH: s.h.Clone()}
	b.last = [2]reg.Block[T]{s.blockW, s.blockH}
	b.last[0].X, b.last[1].X = b.lastW, b.lastH
	b.task = fitting.Leap[T]{Floor: s.eps, Up: true}
	s.Memory = append(s.Memory, b.lastW, b.lastH, b.bestW, b.bestH)
	s.Numbers = append(s.Numbers, &b.t, &b.begun, &b.start, &b.best, &b.mode)
	return b
}

func (b *beyond[T]) begin() {
	if b.begun == 0 {
		b.lastW.Copy(b.w)
		b.lastH.Copy(b.h)
		b.begun = 1
	}
	b.task.By = 0
	if b.mode != plainly {
		next := (1 + math.Sqrt(1+4*b.t*b.t)) / 2
		b.task.By = (b.t - 1) / next
		b.t = next
	}
}

func (b *beyond[T]) between() {}

func (b *beyond[T]) balanced(scales *balance.Scales) { b.follow(scales, b.last[:]) }

func (b *beyond[T]) end() {}

func (b *beyond[T]) accept(f float64) bool {
	switch {
	case math.IsInf(b.start, 1):
		b.start, b.best = f, f
	case b.mode == plainly:
		b.best = f
	case !(f <= b.best+4*fitting.Precision[T]()*b.start):
		b.w.Copy(b.bestW)
		b.h.Copy(b.bestH)
		b.t, b.begun, b.Known, b.fresh = 1, 0, b.known, false
		b.mode++
		return false
	}
	b.bestW.Copy(b.w)
	b.bestH.Copy(b.h)
	b.best, b.known, b.mode = min(f, b.best), b.Known, ongoing
	return true
}
