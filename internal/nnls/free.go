package nnls

import (
	"math"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
)

// Free minimizes ½||V - X·Uᵀ||_F² + l2·||X||_F² over X (n x r) of any sign: with G =
// UᵀU, A = V·U and S = G + 2·l2·I
//
//	X = A·S⁻¹.
//
// Components are scaled by powers of two that bring the diagonal near 1, so that
// a singular S is told from one of components of very different sizes. With the
// ridge λ that it gets ([matrix.SPD]) there is also a proximal step,
//
//	X ← X + (A - X·S)·(S + λ·I)⁻¹,
//
// the minimizer of the objective plus λ/2·||X - what it was||²: it neither raises the
// objective nor moves what the data say nothing about, where A·(S + λ·I)⁻¹ would lose
// part of a good fit, and components would drift out of range. A component whose
// diagonal is 0, or too small to divide by, becomes 0. A step costs r³/3 flops and 2r²
// for each row, a proximal one twice that.
type Free[T asm.Float] struct {
	spd    *matrix.SPD[T]
	gram   *matrix.Dense[float64] // the last G
	ridge  float64                // 2·l2
	system *matrix.Dense[float64]
	scales []float64 // of components; 0: the component becomes 0
	turn   []T       // the same
	ok     bool
	weak   bool    // S needed a ridge
	anchor float64 // λ of a proximal step
	rest   []T     // A - X·S
}

// NewFree returns the solver for factors with r components; those of up to
// rows rows make proximal steps without allocating.
func NewFree[T asm.Float](r, rows int) *Free[T] {
	s := &Free[T]{spd: matrix.NewSPD[T](r), system: matrix.New[float64](r, r), scales: make([]float64, r), turn: make([]T, r), rest: make([]T, rows*r)}
	s.anchor = 128 * float64(r+10) * 0x1p-52
	if asm.SizeOf[T]() == 4 {
		s.anchor *= 0x1p29
	}
	return s
}

// SetGram sets G, which is kept and must not change meanwhile, and l2, and reports
// whether S is singular: it needed a ridge, or a component was left out.
func (s *Free[T]) SetGram(g *matrix.Dense[float64], l2 float64) (singular bool) {
	s.gram, s.ridge = g, 2*l2
	least := 0x1p-1000 // its root can be divided by
	if asm.SizeOf[T]() == 4 {
		least = 0x1p-120
	}
	for q := range s.scales {
		d := g.At(q, q) + s.ridge
		s.scales[q] = 1
		if _, e := math.Frexp(d); d >= least && !math.IsInf(d, 0) {
			s.scales[q] = math.Ldexp(1, -e/2)
		} else if d < least {
			s.scales[q], singular = 0, true
		}
		s.turn[q] = T(s.scales[q])
	}
	for q, c := range s.scales {
		from, to := g.Row(q), s.system.Row(q)
		for p, v := range from {
			to[p] = v * c * s.scales[p]
		}
		if c == 0 {
			to[q] = 1
		} else {
			to[q] += s.ridge * c * c
		}
	}
	tries, ok := s.spd.Factor(s.system)
	s.ok, s.weak = ok, tries > 0
	return s.weak || singular
}

// Solve sets x to the minimizer for the last G and the right sides a, both n x r;
// they may be the same. When G is not finite x becomes NaN.
func (s *Free[T]) Solve(pool *par.Pool, x, a *matrix.Dense[T]) {
	if !s.ok {
		s.fail(x)
		return
	}
	s.scaleTo(x, a)
	s.spd.Solve(pool, x, true)
	s.scaleTo(x, x)
}

// Step is [Free.Solve] from the x that is there: the proximal step where S needed
// a ridge. x and a do not overlap.
func (s *Free[T]) Step(pool *par.Pool, x, a *matrix.Dense[T]) {
	if !s.ok || !s.weak {
		s.Solve(pool, x, a)
		return
	}
	for q := range s.scales {
		s.system.Row(q)[q] += s.anchor
	}
	if _, s.ok = s.spd.Factor(s.system); !s.ok {
		s.fail(x)
		return
	}
	if n := x.Rows * x.Cols; len(s.rest) < n {
		s.rest = make([]T, n)
	}
	rest := matrix.Dense[T]{Rows: x.Rows, Cols: x.Cols, Stride: x.Cols, Data: s.rest}
	for i := range x.Rows {
		f, b, to := x.Row(i), a.Row(i), rest.Row(i)
		for q := range to {
			row := s.gram.Row(q)
			if s.scales[q] == 0 {
				f[q] = 0
			}
			sum := float64(b[q]) - s.ridge*float64(f[q])
			for p, v := range f {
				sum -= float64(v) * row[p]
			}
			to[q] = T(sum * s.scales[q])
		}
	}
	s.spd.Solve(pool, &rest, true)
	for i := range x.Rows {
		f, by := x.Row(i), rest.Row(i)
		for q, c := range s.turn {
			f[q] += by[q] * c
		}
	}
}

func (s *Free[T]) fail(x *matrix.Dense[T]) {
	for i := range x.Rows {
		for q := range x.Row(i) {
			x.Row(i)[q] = T(math.NaN())
		}
	}
}

// scaleTo writes from with its columns scaled.
func (s *Free[T]) scaleTo(to, from *matrix.Dense[T]) {
	for i := range to.Rows {
		x, y := to.Row(i), from.Row(i)
		for q, c := range s.turn {
			x[q] = y[q] * c
		}
	}
}
