package matrix

import (
	"math"

	"polyad/asm"
	"polyad/internal/par"
)

// SPD solves the normal equations of least squares, G·x = b with a Gram matrix G
// that is positive semidefinite and may be singular:
//
//	(G + λI)·x = b,  λ = 0, or the first of t·2^0, t·2^7, … that does,
//
// where t is the mean of the diagonal times r+10 times the machine epsilon of T.
// G counts as singular when a pivot of the Cholesky factor shows that a component
// is, up to r+10 times that epsilon of its square, a combination of the components
// before it: Gram matrices of columns in T are not known any better. The factor
// is computed in float64 and rounded to T. Keep an SPD: once made, it allocates
// nothing.
type SPD[T Float] struct {
	wide     *Dense[float64] // the factor
	l        *Dense[T]
	ok       bool
	cholesky choleskyWork[float64]
	solver   solver[T]
}

// NewSPD returns the memory for systems of r unknowns. It panics when r is
// negative.
func NewSPD[T Float](r int) *SPD[T] {
	if !isSize(r, r) {
		fail("NewSPD", "%d unknowns", r)
	}
	return &SPD[T]{wide: New[float64](r, r), l: New[T](r, r)}
}

// unknowns returns their number.
func (s *SPD[T]) unknowns(op string) int {
	if s == nil || s.l == nil {
		fail(op, "memory that NewSPD has not made")
	}
	return s.l.Rows
}

// ridgeGrowth is the factor from one ridge to the next.
const ridgeGrowth = 1 << 7

// Factor sets G, reading its lower triangle. It returns how many ridges were
// tried, 0 for a G that needs none, and false when no ridge up to the mean of the
// diagonal does, which means that G is zero, not semidefinite, or not finite in
// T: solve by a pseudoinverse then. It panics when G does not have the size of
// the SPD. Cost r³/3 flops per try.
func (s *SPD[T]) Factor(g *Dense[float64]) (ridges int, ok bool) {
	g.checkFields("SPD.Factor")
	r := s.unknowns("SPD.Factor")
	if g.Rows != r || g.Cols != r {
		fail("SPD.Factor", "%d x %d for %d unknowns", g.Rows, g.Cols, r)
	}
	tol := 0x1p-52
	if asm.SizeOf[T]() == 4 {
		tol = 0x1p-23
	}
	tol *= float64(r + 10)
	var mean float64
	for k := range r {
		mean += g.Data[k*g.Stride+k] / float64(r)
	}
	s.ok = s.try(g, 0, tol)
	for ridge := tol * mean; !s.ok && ridge > 0 && ridge <= min(mean, math.MaxFloat64); ridge *= ridgeGrowth {
		ridges++
		s.ok = s.try(g, ridge, tol)
	}
	return ridges, s.ok
}

// try factors G + ridge·I and rounds the factor to T.
func (s *SPD[T]) try(g *Dense[float64], ridge, tol float64) bool {
	r := s.l.Rows
	for i := range r {
		row := s.wide.Data[i*r : i*r+i+1]
		copy(row, g.Data[i*g.Stride:])
		row[i] += ridge
	}
	if !s.cholesky.factor(nil, s.wide) {
		return false
	}
	for i := range r {
		row, to := s.wide.Data[i*r:i*r+i+1], s.l.Data[i*r:]
		for j, v := range row {
			to[j] = T(v)
			if math.IsInf(float64(to[j]), 0) {
				return false
			}
		}
		// The root: squares of what is within range may be out of it.
		if !(row[i] > math.Sqrt(tol)*math.Sqrt(g.Data[i*g.Stride+i]+ridge)) || to[i] == 0 || math.IsInf(float64(1/to[i]), 0) {
			return false
		}
	}
	return true
}

// Solve replaces the columns of B (r x n), or with rows its rows (n x r), by the
// solutions for the G that Factor was given last. Blocks of right sides run in
// parallel on p, as with [CholeskySolve]. It panics when that G could not be
// factored or B does not fit. Cost 2·r² flops per right side.
func (s *SPD[T]) Solve(p *par.Pool, b *Dense[T], rows bool) {
	if r := s.unknowns("SPD.Solve"); !s.ok {
		fail("SPD.Solve", "without a factor of %d unknowns", r)
	}
	s.solver.solve("SPD.Solve", p, s.l, true, true, rows, b)
}
