package cpd

import (
	"polyad/asm"
	"polyad/balance"
	"polyad/internal/fitting"
	"polyad/reg"
	"polyad/solver"
)

// Result is a fitted model and how it was found. The weights are 1 unless
// [Model.Normalize] changes them: the factors are as the algorithm left them.
type Result[T asm.Float] struct {
	*Model[T]
	solver.Report

	// Loss is D_β(X, model) and RelError ||X - model||_F / ||X||_F over the observed
	// entries, both of this very model and computed directly. For data that are all zero RelError is 0
	// when the model is zero too, else 1.
	Loss, RelError float64

	// Observed is the number of entries that are not missing.
	Observed int

	// Penalty is the value of the penalty on each factor.
	Penalty []float64

	// KKT says how far each free factor is from a stationary point: the largest
	// ||gradient|| of a component, divided by the sum of the norms of its positive and
	// negative parts. Where an entry is to become smaller its gradient counts by the
	// share of the component's mean that is left of it, and not at all at the floor. It
	// lies in [0, 1] and does not depend on the scale of data or components.
	// It is 0 for factors that are fixed.
	KKT []float64

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

	// Start tells why others were tried than the start that was generated, and which
	// was taken; nil: that one was, as it was, or a start was given.
	Start *solver.Start

	// Runs are all runs when there were restarts, in the order of their seeds, and
	// Best is the index of the one whose model this is. The report and the trace
	// are its, but Seconds counts all runs.
	Runs []solver.Restart
	Best int

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

// Objective returns the minimized objective, loss plus penalties, with the same
// bits as the point of the trace whose model this is.
func (r *Result[T]) Objective() float64 {
	var sum float64
	for _, p := range r.Penalty {
		sum += p
	}
	return r.Loss + sum
}

// Formula returns the objective as text, with the numbers of the penalties.
func (r *Result[T]) Formula() string { return r.Options.Formula() }

// result collects what is reported of the final state.
func (s *state[T]) result(report solver.Report) *Result[T] {
	last := report.Returned
	r := &Result[T]{
		Model:    s.model(),
		Report:   report,
		Loss:     last.Loss,
		RelError: last.RelError,
		Observed: s.stats.Count,
		KKT:      s.kkt(),
		Ridges:   int(s.ridges),
		Options:  s.o.Options,

		Compression: s.compression,
		Start:       s.chosen,
	}
	r.Options.Run = fitting.RunOf(r.Options.Run)
	pruned := make([]bool, s.rank)
	for n, b := range s.blocks {
		r.Penalty = append(r.Penalty, b.Value()/s.ObjScale)
		eps := s.eps
		if !s.o.nonneg[n] {
			eps = 0
		}
		for q, zero := range b.Empty(eps) {
			pruned[q] = pruned[q] || zero
		}
	}
	for q, zero := range pruned {
		if zero {
			r.Pruned = append(r.Pruned, q)
		}
	}
	definite := len(s.free) > 1
	var cols []*reg.Columns
	for _, n := range s.free {
		definite = definite && s.blocks[n].Penalty.Definite()
		cols = append(cols, s.blocks[n].Columns())
	}
	if definite {
		r.Beta = balance.Columns(cols...).Beta
		for q := range r.Beta {
			r.Beta[q] /= s.ObjScale
			if pruned[q] {
				r.Beta[q] = 0
			}
		}
	}
	return r
}
