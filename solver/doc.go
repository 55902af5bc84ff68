// Package solver drives iterative algorithms: it owns the loop, the stop rule,
// the trace, observers, time limits and cancellation, and nothing else. The
// algorithms of packages nmf, cpd and tucker are each a [Problem]: one sweep in
// place, and the objective on demand.
//
// # When a run ends
//
// One rule for all algorithms, free of scale: over the last 10 sweeps the
// objective F (loss and penalties together) fell by no more than Tol times the
// objective of the starting point,
//
//	F(k-10) - F(k) ≤ Tol · F(0).
//
// It is tested whenever the objective is evaluated, that is after every
// TraceEvery-th sweep; where no evaluation is exactly 10 sweeps back, the
// latest one that is at least as far back stands for it. With Tol 0 a run never
// stops early. A run also ends after MaxIter sweeps, when MaxTime is over, when
// an observer says so, and when its context is cancelled. Not converging is a
// [Status], not an error.
package solver
