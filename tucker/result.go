package tucker

import (
	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/solver"
)

// Result is a fitted model and how it was found.
type Result[T asm.Float] struct {
	*Model[T]
	solver.Outcome // of its runs the agreement is the cosine between the arrays of the models

	// RelError is ||X - model||_F / ||X||_F over the observed entries, of this very model
	// and computed directly. For data that are all zero it is 0 when the model is zero
	// too, else 1.
	RelError float64

	// Pruned lists the components of each mode whose column is zero, or nowhere
	// above the floor.
	Pruned [][]int

	// Options are the options as they took effect, all defaults filled in, but
	// without observers and Run.Start. They keep a model that was given as the start alive.
	Options Options

	normalized bool // since the fit
}

// Fit returns 1 - RelError.
func (r *Result[T]) Fit() float64 { return 1 - r.RelError }

// Explained returns 1 - RelError²: the share of the data's sum of squares that the
// model explains. It is negative when the model is worse than zeros.
func (r *Result[T]) Explained() float64 { return 1 - r.RelError*r.RelError }

// Formula returns the objective as text, with the numbers of the penalties.
func (r *Result[T]) Formula() string { return r.Options.Formula() }

// result collects what is reported of the final state.
func (s *state[T]) result(report solver.Report) *Result[T] {
	r := &Result[T]{Model: s.model(), Outcome: s.Outcome(report, s.kkt()), RelError: report.Returned.RelError, Pruned: make([][]int, len(s.f)), Options: s.o.Options}
	r.Start = s.chosen
	r.Options.Run = fitting.RunOf(r.Options.Run)
	for n, f := range s.f {
		if f == nil {
			continue
		}
		eps := s.eps
		if !s.o.nonneg[n] {
			eps = 0
		}
		for q, zero := range s.blocks[n].Empty(eps) {
			if zero {
				r.Pruned[n] = append(r.Pruned[n], q)
			}
		}
	}
	return r
}

// Surviving returns the number of components of each mode that are not pruned, of modes
// left alone their sizes.
func (r *Result[T]) Surviving() []int {
	left := r.Ranks()
	for n, pruned := range r.Pruned {
		left[n] -= len(pruned)
	}
	return left
}

// cosine returns the cosine of the angle between the arrays of two models of one shape,
// without forming them. It is 0 when one is zero.
func (m *Model[T]) cosine(o *Model[T]) float64 {
	if norms := m.Norm() * o.Norm(); norms > 0 {
		return max(-1, min(m.Inner(o)/norms, 1))
	}
	return 0
}
