// Package fitting holds what the fits of packages nmf, cpd and tucker do alike,
// whatever the model: which penalties make sense together, the power of two that
// brings data near 1, how a starting point is scaled and balanced, several runs
// from different starts, the optimality conditions at the end, and saved states.
package fitting
