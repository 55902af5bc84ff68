package cpd

import (
	"slices"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/solver"
)

// Result is a fitted model and how it was found. The weights are 1 unless
// [Model.Normalize] changes them: the factors are as the algorithm left them.
type Result[T asm.Float] struct {
	*Model[T]
	solver.Outcome

	// RelError is ||X - model||_F / ||X||_F over the observed entries, of this very model
	// and computed directly. For data that are all zero it is 0 when the model is zero
	// too, else 1.
	RelError float64

	// Pruned lists the components of which some factor's column is zero, or
	// nowhere above the floor.
	Pruned []int

	// Ridges counts how many times [ALS] met a singular Gram matrix and made a
	// proximal step (a nonnegative factor: raised its diagonal a little).
	Ridges int

	// Beta is β_q of package balance for each component of the returned model as
	// balanced, when several factors are free and penalized; 0 for pruned ones.
	Beta []float64

	// Compression tells what a [Compressed] start did; nil for others.
	Compression *Compression

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

// Surviving returns the number of components that are not pruned.
func (r *Result[T]) Surviving() int { return r.Rank() - len(r.Pruned) }

// Formula returns the objective as text, with the numbers of the penalties.
func (r *Result[T]) Formula() string { return r.Options.Formula() }

// result collects what is reported of the final state.
func (s *state[T]) result(report solver.Report) *Result[T] {
	r := &Result[T]{Model: s.model(), Outcome: s.Outcome(report, s.kkt()), RelError: report.Returned.RelError, Ridges: int(s.ridges), Options: s.o.Options, Compression: s.compression}
	r.Start = s.chosen
	r.Options.Run = fitting.RunOf(r.Options.Run)
	r.Pruned = s.Pruned(func(n int) T {
		if s.o.nonneg[n] {
			return s.eps
		}
		return 0
	})
	r.Beta = s.Beta(s.free, func(q int) bool { return slices.Contains(r.Pruned, q) })
	return r
}
