// Package tucker decomposes an N-way array into a small core and a factor for each
// mode: for X of shape I_0 x … x I_{N-1}, N ≥ 2,
//
//	X ≈ [[G; F_0, …, F_{N-1}]] = G ×_0 F_0 ×_1 F_1 … ×_{N-1} F_{N-1}
//
// with a core G (J_0 x … x J_{N-1}) and factors F_n (I_n x J_n). [HOSVD] truncates
// singular values, to given ranks or to an error. [Fit] minimizes
//
//	D_β(X, [[G; F_0, …]]) + Σ_n R_n(F_n) + R_G(G)
//
// where D_β is a beta-divergence (package loss; D_2 = ½||X - model||_F²) and the R
// are sums of terms mu·Σ|x|^p (package reg; no ½ in front). Any blocks, factors
// and core, may be nonnegative (Options.Nonneg), or fixed (Options.Fix), and modes
// may be left alone (Options.Modes): they have no factor, as if it were an identity.
//
// # Algorithms
//
//	HOSVD()  Frobenius                     orthonormal factors, no iteration
//	HOOI{}   Frobenius                     orthonormal factors
//	HALS{}   Frobenius, degrees 1 and 2    with and without nonnegativity
//	MU{}     every loss and degree         nonnegative blocks
//
// A sweep updates the free factors in order, each given the latest others, and
// then the core. [HOOI] takes the leading singular vectors of the data projected
// onto the other factors, [HALS] minimizes over one column after the other, and
// over the core by accelerated projected gradient steps, [MU] makes exact steps of
// majorization-minimization; the objective never rises.
//
// For β = 2 they need the data projected onto all factors but one, in every mode. Projections
// are shared between modes and across sweeps: what counts is the first product of
// each, 2·|X|·J flops, of which there are N/(N-1) in a sweep, or two along the modes
// of the smallest ranks where that is less. All else is of the size of the
// projections. No unfolding of the data is stored.
//
// For other β each step of MU is a pass over the data, 4·|X|·J flops for β = 1 and
// 6·|X|·J else, along the one mode for which that is least; model and quotients are
// formed tile by tile. What follows for the block is of the size |X|·J/I.
//
// # Missing entries
//
// Options.Mask says which entries are observed; what is stored for the others has
// no effect, be it NaN. Loss, errors, starts and floors are those of the observed
// entries. MU leaves the others out of every sum, exactly. HOOI and HALS take for them
// the model at the beginning of each sweep, which majorizes the observed loss, so that
// it never rises; the more is missing, the more sweeps that takes. They work on a copy
// of the data.
//
// # Balancing
//
// When the free blocks are penalized, only a mean of their weights matters, and
// Options.Balance brings the model to the scales at which the penalties are least
// (package balance), at the start and after every sweep: one scale for each block, or
// by Sinkhorn sweeps one for each column of a factor. The array that the model stands
// for stays the same. A component whose column or slice of the core is zero is pruned.
//
// # Starts
//
// The default is [SVD], the sequentially truncated HOSVD, from which HOOI can only
// improve; nonnegative blocks begin with its absolute value, raised to a hundredth
// of the mean, so that no entry begins at a zero that it could not leave.
// Options.Restarts keeps the best of several random starts. Generated starts are
// scaled to data and penalties (Options.ScaleInit). A given start is left as it is,
// unless asked.
//
// # Models
//
// The model is not unique: any invertible matrix may be moved from a factor into
// the core. HOOI and HOSVD return orthonormal factors and a core whose slices along
// each mode are orthogonal and in the order of their norms, with signs as package
// matrix has them; what HALS returns is as the algorithm left it. [Model.Normalize]
// and [Model.Orthogonalize] change the form and not the array. [Model.Transform]
// finds the last factor for new data in the basis of core and other factors.
//
// Ranks that no orthonormal factor can have, above the size of their mode or above
// the product of the other ranks, are errors for HOSVD and HOOI; others may go
// beyond.
//
// # Accuracy
//
// Losses for β = 2 come from inner products during the run and are computed from
// the residual, tile by tile, where those would cancel (below 1e-6·||X||², for
// float32 1e-4) and at the end. Descent holds up to rounding: with float32 and factors
// whose columns nearly depend on each other, the objective of HALS was seen to rise by
// up to 4e-4 of itself from sweep to sweep, with float64 by less than 1e-12·||X||².
// Norms, objectives, Gram matrices and scales are
// accumulated in float64 for both element types. Data far from 1 are worked on
// times a power of two, which is undone exactly. Results do not depend on the number
// of workers.
//
// # References
//
//  1. L. R. Tucker, Some mathematical notes on three-mode factor analysis,
//     Psychometrika 31 (1966).
//  2. L. De Lathauwer, B. De Moor, J. Vandewalle, A multilinear singular value
//     decomposition; On the best rank-1 and rank-(R_1, R_2, …, R_N) approximation of
//     higher-order tensors, SIAM J. Matrix Anal. Appl. 21 (2000).
//  3. N. Vannieuwenhoven, R. Vandebril, K. Meerbergen, A new truncation strategy for
//     the higher-order singular value decomposition, SIAM J. Sci. Comput. 34 (2012).
//  4. T. G. Kolda, B. W. Bader, Tensor decompositions and applications, SIAM Review
//     51 (2009).
//  5. A.-H. Phan, A. Cichocki, Extended HALS algorithm for nonnegative Tucker
//     decomposition and its applications for multiway analysis and classification,
//     Neurocomputing 74 (2011).
//  6. M. Mørup, L. K. Hansen, S. M. Arnfred, Algorithms for sparse nonnegative
//     Tucker decompositions, Neural Computation 20 (2008).
//  7. J. E. Cohen, V. Leplat, Efficient Algorithms for Regularized Nonnegative
//     Scale-invariant Low-rank Approximation Models, SIAM J. Math. Data Sci. 7
//     (2025).
package tucker
