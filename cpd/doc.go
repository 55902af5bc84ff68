// Package cpd decomposes an N-way array into a sum of components of rank one, the
// canonical polyadic decomposition (CPD, CANDECOMP/PARAFAC): for X of shape I_0 x
// … x I_{N-1}, N ≥ 2,
//
//	X ≈ [[F_0, …, F_{N-1}]] = Σ_q f_0q ∘ f_1q ∘ … ∘ f_{N-1,q}
//
// with factors F_n (I_n x r). [Fit] minimizes
//
//	D_β(X, [[F_0, …]]) + Σ_n R_n(F_n)
//
// where D_β is a beta-divergence (package loss; D_2 = ½||X - model||_F²) and the
// R_n are sums of terms mu·Σ|x|^p (package reg; no ½ in front). Any factors may be
// nonnegative (Options.Nonneg), or fixed (Options.Fix).
//
// # Algorithms
//
//	ALS{}    Frobenius, degree 2           a linear system for each factor
//	HALS{}   Frobenius, degrees 1 and 2    column by column, with and without nonnegativity
//	MU{}     every β, every degree         multiplicative, nonnegative
//
// A sweep updates the free factors in order, each given the latest others. [ALS]
// minimizes exactly over a factor (over a nonnegative one by block principal
// pivoting), [HALS] over one column after the other, [MU] minimizes a majorizer of
// the whole objective, so that it never rises in any of them.
//
// ALS and HALS can be extrapolated: they go beyond the last model along the way it
// took, and come back where that does not pay (Ang, Cohen, Gillis, Hien). Only
// models that did not raise the objective are traced and returned. A fit that
// names no method takes [DefaultMethod], which is extrapolated where that is
// possible. ALS can search along a line instead: each sweep begins at the best
// point of the line on which the last two models lie, the objective there being a
// polynomial in one unknown (Rajih, Comon, Harshman). Where components are alike
// and plain sweeps hardly move, it needs a fraction of them, each with N-1 passes
// more.
//
// ALS, HALS and MU for β = 2 need the MTTKRP of each mode, 2·|X|·r flops. Modes
// share partial products, also across sweeps, so that a sweep takes between
// N/(N-1) and 2 passes over the data (tensor.Tree). For other β MU makes a pass
// for each mode, in which model, quotients and products are made tile by tile:
// 4·|X|·r flops for β = 1, 6·|X|·r for others. No unfolding, Khatri-Rao product or
// quotient of the size of the data is stored.
//
// # Missing entries
//
// Options.Mask says which entries are observed; what is stored for the others has
// no effect, be it NaN. Loss, errors, starts and floors are those of the observed
// entries. MU leaves the others out of every sum, exactly, and so do ALS and HALS where
// much is missing: each row of a factor has normal equations of its own, of r² + N·r
// flops for each observed entry, and sweeps are extrapolated. Where little is, or the
// rank is high, they take the model for the others before each update, which majorizes
// the observed loss, so that it never rises; the more is missing, the more sweeps that
// takes (docs/decisions/014). Nothing of the size
// of the data is filled: each product is a pass over tiles, of 4·|X|·r flops, and
// modes share none. Slices of which nothing is observed stay as they are where they
// have no penalty.
//
// # Penalties and balancing
//
// The model does not change when the columns of a component are scaled by numbers
// whose product is 1. So penalties act only through a mean of theirs: Fit refuses
// penalties that leave some free factor out ([ErrOneSided]), and balances the
// columns after every sweep when all have one (package balance), which only ever
// lowers the objective. With ridges (reg.L2) on all factors it is the implicit
// penalty Σ_q ||f_0q ∘ f_1q ∘ …||^(2/N), which drives components to zero that are
// not needed.
//
// # Starts
//
// The default is [SVD], leading singular vectors of the unfoldings; where factors
// are nonnegative it is [Random]. [Compressed] does most of the work on data
// compressed to their multilinear rank (CANDELINC): the core is fitted first, its
// factors are expanded, and the fit goes on with all data. Options.Restarts keeps the best of several random
// ones and tells how far the others agree with it ([Run]). These starts are
// balanced and scaled to data and penalties (Options.ScaleInit). A given start is
// left as it is, unless asked; its weights go into the first free mode. Point 0 of
// the trace is the start after scaling and balancing.
//
// # Models
//
// A fit leaves scale, signs and order of the components as they came and the
// weights 1; [Model.Normalize], [Model.FixSigns] and [Model.Sort] change them when
// asked. Norms, inner products and errors of models need no array of their shape.
// [Model.Transform] finds the last factor for new data in the basis of the others.
//
// # Zeros
//
// HALS and nonnegative ALS give exact zeros. Under MU entries are kept above a
// floor (Options.Eps) that is far below anything that matters; a 0/0 in a step
// counts as 0. A component that penalties or data drive to zero stays in the model
// and is reported as pruned.
//
// # Accuracy
//
// Losses for β = 2 come from inner products during the run and are computed from
// the residual, tile by tile, where those would cancel (below 1e-6, for float32
// 1e-4, of ||X||², or of Σ|⟨component, component⟩| where that is larger) and at the
// end. Norms, objectives, Gram matrices and scales are
// accumulated in float64 for both element types. Data far from 1 are worked on
// times a power of two, which is undone exactly; for β = 2 that takes a copy of
// them. Where a Gram matrix is singular, ALS makes a proximal step instead of an
// exact one, which is counted (Result.Ridges), and where rounding has driven the
// columns of a component far apart that no penalty holds, it evens them out.
// Descent holds up to rounding; with float32 and a Gram matrix that is nearly
// singular, or components hundreds of times the data that cancel, the objective of ALS
// was seen to rise by up to 3e-2 of itself. Results do not depend on the number of
// workers.
//
// # References
//
//  1. J. D. Carroll, J.-J. Chang, Analysis of individual differences in
//     multidimensional scaling via an N-way generalization of "Eckart-Young"
//     decomposition, Psychometrika 35 (1970).
//  2. R. A. Harshman, Foundations of the PARAFAC procedure, UCLA Working Papers in
//     Phonetics 16 (1970).
//  3. T. G. Kolda, B. W. Bader, Tensor decompositions and applications, SIAM
//     Review 51 (2009).
//  4. A. Cichocki, A.-H. Phan, Fast local algorithms for large scale nonnegative
//     matrix and tensor factorizations, IEICE Trans. E92-A (2009).
//  5. C. Févotte, J. Idier, Algorithms for nonnegative matrix factorization with
//     the β-divergence, Neural Computation 23 (2011).
//  6. A.-H. Phan, P. Tichavský, A. Cichocki, Fast alternating LS algorithms for
//     high order CANDECOMP/PARAFAC tensor factorizations, IEEE TSP 61 (2013).
//  7. A. M. S. Ang, J. E. Cohen, N. Gillis, L. T. K. Hien, Accelerating block
//     coordinate descent for nonnegative tensor factorization, Numer. Linear
//     Algebra Appl. 28 (2021).
//  8. M. Rajih, P. Comon, R. A. Harshman, Enhanced line search: a novel method to
//     accelerate PARAFAC, SIAM J. Matrix Anal. Appl. 30 (2008).
//  9. J. D. Carroll, S. Pruzansky, J. B. Kruskal, CANDELINC: a general approach to
//     multidimensional analysis of many-way arrays with linear constraints on
//     parameters, Psychometrika 45 (1980).
//  10. J. E. Cohen, V. Leplat, Efficient Algorithms for Regularized Nonnegative
//     Scale-invariant Low-rank Approximation Models, SIAM J. Math. Data Sci. 7
//     (2025).
package cpd
