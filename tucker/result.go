package tucker

import (
	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/matrix"
	"polyad/solver"
	"polyad/tensor"
)

// Result is a fitted model and how it was found.
type Result[T asm.Float] struct {
	*Model[T]
	solver.Report

	// Loss is D_β(X, model) and RelError ||X - model||_F / ||X||_F over the observed
	// entries, both of this very model and computed directly. For data that are all zero RelError is 0
	// when the model is zero too, else 1.
	Loss, RelError float64

	// Observed is the number of entries that are not missing.
	Observed int

	// Penalty is the value of the penalty on each block: the factors in the order
	// of the modes, and then the core.
	Penalty []float64

	// KKT says how far each free block, in the same order, is from a stationary point: the largest
	// ||gradient|| of a component, divided by the sum of the norms of its positive and
	// negative parts. Where an entry is to become smaller its gradient counts by the
	// share of the component's mean that is left of it, and not at all at the floor. It
	// lies in [0, 1] and does not depend on the scale of data or components.
	// The core counts as one component. It is 0 for blocks that are fixed and modes
	// left alone.
	KKT []float64

	// Pruned lists the components of each mode whose column is zero, or nowhere
	// above the floor.
	Pruned [][]int

	// Start tells why others were tried than the start that was generated, and which
	// was taken; nil: that one was, as it was, or a start was given.
	Start *solver.Start

	// Runs are all runs when there were restarts, in the order of their seeds, and
	// Best is the index of the one whose model this is. Their agreement is the cosine
	// between the arrays of the model and of the best one. The report and the trace
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
		Pruned:   make([][]int, len(s.f)),
		Options:  s.o.Options,
		Start:    s.chosen,
	}
	r.Options.Run = fitting.RunOf(r.Options.Run)
	for n, b := range s.blocks {
		r.Penalty = append(r.Penalty, b.Value()/s.ObjScale)
		if n == len(s.f) || s.f[n] == nil {
			continue
		}
		eps := s.eps
		if !s.o.nonneg[n] {
			eps = 0
		}
		for q, zero := range b.Empty(eps) {
			if zero {
				r.Pruned[n] = append(r.Pruned[n], q)
			}
		}
	}
	return r
}

// cosine returns the cosine of the angle between the arrays of two models of one
// shape, without forming them: the core of the other one is projected onto the
// factors of this one. It is 0 when one is zero.
func (m *Model[T]) cosine(o *Model[T]) float64 {
	turns := make([]*matrix.Dense[T], len(m.Factors))
	for n, f := range m.Factors {
		if f != nil {
			turns[n] = matrix.New[T](f.Cols, o.Factors[n].Cols)
			matrix.Gemm(nil, true, false, 1, f, o.Factors[n], 0, turns[n])
		}
	}
	p := tensor.MultiModeProduct(nil, o.Core, turns, false)
	if norms := m.Norm() * o.Norm(); norms > 0 {
		return max(-1, min(dot(p.Data, m.Core.Contiguous().Data)/norms, 1))
	}
	return 0
}
