// Package solver drives iterative algorithms: it owns the loop, the stop rule,
// the trace, observers, time limits and cancellation, and nothing else. The
// algorithms of packages nmf, cpd and tucker are each a [Problem]: one sweep in
// place, and the objective on demand.
//
// # When a run ends
//
// One rule for all algorithms, free of scale: over the last 10 sweeps the
// objective F (loss and penalties together) stood still, up to Tol times what it is
// now and up to rounding s,
//
//	F(k-10) - F(k)  ≤  Tol·F(k) + s,
//	max F - min F over the evaluations from sweep k-10 to k  ≤  Tol·F(k) + 16·s.
//
// The first line is what an algorithm that descends has to meet. By the second one
// an algorithm that rises, or comes back to where it was, has not converged. s is
// the change of the objective that tells nothing ([Stiller]). The fits of packages
// nmf, cpd and tucker take
//
//	s = 2⁻⁵²·D + c,
//
// where D is the size of the data, ‖X‖² for the Frobenius loss and 2·x̄^β for each
// entry, x̄ being their mean, for others, so that a run on data that a model fits
// exactly ends at a relative error of some 1e-8; and c is what rounding makes of
// the objective from one evaluation to the next, which counts in float32.
//
// The rule is tested whenever the objective is evaluated, that is after every
// TraceEvery-th sweep; where no evaluation is exactly 10 sweeps back, the
// latest one that is at least as far back stands for it. When an extrapolated
// algorithm goes back to an earlier model as it is evaluated, the window begins
// anew there. With Tol 0 a run never stops early. A run also ends after MaxIter sweeps, when MaxTime is over, when
// an observer says so, and when its context is cancelled. Not converging is a
// [Status], not an error.
package solver
