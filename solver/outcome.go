package solver

// Outcome is what a fit came to beside its model. Blocks are the parts of the model that
// penalties belong to: of package nmf W and H, of cpd the factors in the order of the
// modes, of tucker the factors and then the core.
type Outcome struct {
	Report

	// Loss is D_β(X, model) over the observed entries, of this very model and computed
	// directly.
	Loss float64

	// Observed is the number of entries that are not missing.
	Observed int

	// Penalty is the value of the penalty on each block.
	Penalty []float64

	// KKT says how far each free block is from a stationary point: the largest
	// ||gradient|| of a component, divided by the sum of the norms of its positive and
	// negative parts. Where an entry is to become smaller its gradient counts by the
	// share of the component's mean that is left of it, and not at all at the floor. It
	// lies in [0, 1] and does not depend on the scale of data or components. A core
	// counts as one component. It is 0 for blocks that are fixed, or not there.
	KKT []float64

	// Start tells why others were tried than the start that was generated, and which
	// was taken; nil: that one was, as it was, or a start was given.
	Start *Start

	// Runs are all runs when there were restarts, in the order of their seeds, and
	// Best is the index of the one whose model this is. The report and the trace
	// are its, but Seconds counts all runs.
	Runs []Restart
	Best int
}

// Objective returns the minimized objective, loss plus penalties, with the same
// bits as the point of the trace whose model this is.
func (o *Outcome) Objective() float64 {
	var sum float64
	for _, p := range o.Penalty {
		sum += p
	}
	return o.Loss + sum
}
