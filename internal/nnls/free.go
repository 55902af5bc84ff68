package nnls

import (
	"math"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
)

// Free minimizes ½||V - X·Uᵀ||_F² + l2·||X||_F² over X (n x r) of any sign: with G =
// UᵀU and A = V·U
//
//	X = A·(G + 2·l2·I)⁻¹.
//
// Components are scaled by powers of two that bring the diagonal near 1, so that
// a singular matrix is told from one of components of very different sizes, and
// gets a ridge ([matrix.SPD]). A component whose diagonal is 0 becomes 0. A step
// costs r³/3 flops and 2r² for each row.
type Free[T asm.Float] struct {
	spd    *matrix.SPD[T]
	system *matrix.Dense[float64]
	scales []float64 // of components
	turn   []T       // the same
	ok     bool
}

// NewFree returns the solver for factors with r components.
func NewFree[T asm.Float](r int) *Free[T] {
	return &Free[T]{spd: matrix.NewSPD[T](r), system: matrix.New[float64](r, r), scales: make([]float64, r), turn: make([]T, r)}
}

// SetGram sets G and l2 and reports whether the matrix is singular: it needed a
// ridge, or a component with a diagonal of 0 was left out.
func (s *Free[T]) SetGram(g *matrix.Dense[float64], l2 float64) (singular bool) {
	ridge := 2 * l2
	for q := range s.scales {
		d := g.At(q, q) + ridge
		s.scales[q] = 1
		if _, e := math.Frexp(d); d > 0 && !math.IsInf(d, 0) {
			s.scales[q] = math.Ldexp(1, -e/2)
		}
		s.turn[q] = T(s.scales[q])
	}
	for q, c := range s.scales {
		from, to := g.Row(q), s.system.Row(q)
		for p, v := range from {
			to[p] = v * c * s.scales[p]
		}
		if from[q]+ridge == 0 {
			to[q], singular = 1, true
		} else {
			to[q] += ridge * c * c
		}
	}
	tries, ok := s.spd.Factor(s.system)
	s.ok = ok
	return tries > 0 || singular
}

// Solve sets x to the minimizer for the last G and the right sides a, both n x r;
// they may be the same. When G is not finite x becomes NaN.
func (s *Free[T]) Solve(pool *par.Pool, x, a *matrix.Dense[T]) {
	if !s.ok {
		for i := range x.Rows {
			for q := range x.Row(i) {
				x.Row(i)[q] = T(math.NaN())
			}
		}
		return
	}
	s.scaleTo(x, a)
	s.spd.Solve(pool, x, true)
	s.scaleTo(x, x)
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
