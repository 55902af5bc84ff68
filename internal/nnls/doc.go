// Package nnls holds the nonnegative steps on one factor, given the others, that
// the algorithms of packages nmf, cpd and tucker share: the multiplicative step
// by majorization-minimization for every beta-divergence, sweeps of hierarchical
// alternating least squares (HALS), and the exact minimizer by block principal
// pivoting (BPP). All take the penalties of package reg into account exactly.
package nnls
