// Package nnls holds the nonnegative steps on one factor, given the others, that
// the algorithms of packages nmf, cpd and tucker share: the multiplicative step
// by majorization-minimization for every beta-divergence, sweeps of hierarchical
// alternating least squares (HALS), the exact minimizer by block principal
// pivoting (BPP), and the projected least squares step (LS). All take the penalties of package reg into account exactly.
package nnls
