// Package nmf factorizes a nonnegative matrix: X (m x n) ≈ W·H with W (m x r)
// and H (r x n) nonnegative. [Fit] minimizes
//
//	D_β(X, WH) + R_W(W) + R_H(H)
//
// where D_β is a beta-divergence (package loss; D_2 = ½||X - WH||_F²) and R_W,
// R_H are sums of terms mu·Σ|x|^p (package reg; no ½ in front).
//
// # Algorithms
//
//	HALS{}   Frobenius, degrees 1 and 2   4mnr + 2(m+n)r²·inner flops a sweep
//	MU{}     every β, every degree        4mnr (β = 2), 8mnr (β = 1), 12mnr (else)
//	ANLS{}   Frobenius, degrees 1 and 2   4mnr + a factorization per passive set
//	ALS{}    Frobenius, degrees 1 and 2   4mnr + 2(m+n)r²
//
// [HALS] minimizes exactly over one column of W or row of H after the other,
// repeating its sweeps over a factor while that is cheap compared with the
// products (Gillis, Glineur). [MU] minimizes a majorizer of the whole objective,
// penalties included, so that it never rises. [ANLS] minimizes exactly over a
// whole factor at a time, by block principal pivoting (Kim, Park). A sweep
// updates W given H and then H given the new W, or the other way round
// ([OrderHW]). [ALS] solves without the constraint and sets negative entries to 0;
// it alone may raise the objective by more than rounding (see Accuracy), as
// balancing may where a floor counts, and then the best model that was evaluated is
// returned.
//
// HALS and MU (for 1 ≤ β ≤ 2) can be extrapolated: they go beyond the last model
// along the way it took, and come back where that does not pay (Ang, Gillis;
// Hien, Leplat, Gillis). Only models that did not raise the objective are traced
// and returned: HALS looks after every sweep, at no cost but near an exact fit,
// where the residual has to be computed; MU looks whenever the objective is
// evaluated (Options.Run.TraceEvery). A fit that names no method takes
// [DefaultMethod], which is extrapolated where that is possible.
//
// # Penalties and balancing
//
// X ≈ WH does not change when a column of W is divided by what a row of H is
// multiplied with. So penalties act only through their product: Fit refuses a
// penalty on one free factor alone ([ErrOneSided]), and balances the columns
// after every sweep when both have one (package balance), which only ever lowers
// the objective, but for a floor (Options.Eps) that counts. [BalanceBlock] also balances them within a sweep, so that the second
// factor is fitted to a balanced first one; every method updates one factor after
// the other, so with each that is another path, though to the same minima. An
// extrapolated method scales the points along that it remembers. Weights far apart
// drive the factors far apart; where T cannot hold that Fit returns an error that
// says so ([reg.ErrPenalty]).
//
// # Starts
//
// The default is [NNDSVD] with its zeros filled: leading singular vectors, the same
// for every seed. [SPA] takes extreme columns of the data, [Random] depends on the
// seed, and Options.Restarts keeps the best of several such runs and tells how far
// the others agree with it ([Run]). These starts are balanced and scaled to data
// and penalties (Options.ScaleInit). A given start is left as it is, unless asked,
// so the reconstruction of a model that is given as a start comes back exactly.
// Point 0 of the trace is the start after scaling and balancing. A factor of a
// given start may be fixed (Options.FixW), or single components of it held
// (Options.HoldW).
//
// # Models
//
// [Model.Transform] finds H for new data in the basis W. A fit leaves scale and
// order of the components as they came; [Model.Normalize] and [Model.Sort] change
// them when asked. [Model.ReconstructTo] and [Model.SoftMasks] work tile by tile.
//
// # Missing entries
//
// Entries that Options.Mask calls missing have no part in loss, relative error,
// KKT residual and the scale of a start, and nothing that is stored there has any
// effect. MU sums over the observed entries alone, and so do HALS and ANLS where much is
// missing: each row of W and column of H has normal equations of its own, of r² flops for
// each observed entry, and sweeps are extrapolated. Where little is, or the rank is high,
// and with ALS, they fill the missing ones with the model before each
// factor's turn, and so work on a majorizer of the observed loss; it takes 4mnr flops
// more a sweep. The loss of
// any method is computed directly, by default every 10 sweeps
// (Options.Run.TraceEvery), but extrapolated HALS needs it after each. [NNDSVD]
// and [SPA] take the mean of what is observed for what is missing. A row or column
// of which no entry is observed keeps its part of the start (but for MU up to
// rounding), unless there are penalties, which then drive it to zero.
//
// # Zeros
//
// HALS, ANLS and ALS give exact zeros. Under MU an entry that is zero would stay
// zero, so entries are kept above a floor (Options.Eps) that is far below
// anything that matters; a 0/0 in a step counts as 0, and rows or columns of
// zeros in the data give factors at the floor. A component that penalties or
// data drive to zero stays in the model and is reported as pruned.
//
// # Accuracy
//
// Losses for β = 2 come from inner products during the run and are computed from
// the residual where those would cancel (below 1e-6·||X||², for float32 1e-4)
// and at the end. Descent holds up to rounding: the objective at a traced point may
// lie above the one before by some 1e-7·||X||² for float32 and less for
// float64, since products and inner products are rounded. Norms, objectives, Gram matrices and scales
// are accumulated in float64 for both element types. Data far from 1 are worked
// on times a power of two, which is undone exactly. Results do not depend on the
// number of workers.
//
// # References
//
//  1. D. D. Lee, H. S. Seung, Algorithms for non-negative matrix factorization,
//     NIPS 13 (2000).
//  2. A. Cichocki, A.-H. Phan, Fast local algorithms for large scale nonnegative
//     matrix and tensor factorizations, IEICE Trans. E92-A (2009).
//  3. C. Févotte, J. Idier, Algorithms for nonnegative matrix factorization with
//     the β-divergence, Neural Computation 23 (2011).
//  4. N. Gillis, F. Glineur, Accelerated multiplicative updates and hierarchical
//     ALS algorithms for nonnegative matrix factorization, Neural Computation 24
//     (2012).
//  5. J. Kim, H. Park, Fast nonnegative matrix factorization: an active-set-like
//     method and comparisons, SIAM J. Sci. Comput. 33 (2011).
//  6. A. M. S. Ang, N. Gillis, Accelerating nonnegative matrix factorization
//     algorithms using extrapolation, Neural Computation 31 (2019).
//  7. L. T. K. Hien, V. Leplat, N. Gillis, Block majorization minimization with
//     extrapolation and application to β-NMF, arXiv:2401.06646 (2024).
//  8. C. Boutsidis, E. Gallopoulos, SVD based initialization: a head start for
//     nonnegative matrix factorization, Pattern Recognition 41 (2008).
//  9. N. Gillis, S. A. Vavasis, Fast and robust recursive algorithms for separable
//     nonnegative matrix factorization, IEEE TPAMI 36 (2014).
//  10. J. E. Cohen, V. Leplat, Efficient Algorithms for Regularized Nonnegative
//     Scale-invariant Low-rank Approximation Models, SIAM J. Math. Data Sci. 7
//     (2025).
package nmf
