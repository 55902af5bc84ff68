// Package matrix holds dense row-major matrices of float32 and float64 and the
// products and solutions that decompositions are made of.
//
// A [Dense] is a plain struct with exported fields, in the field order of
// gonum's blas64.General; a view of a matrix is a Dense that shares its Data.
// Functions that write take their destination first, but for those in the
// manner of BLAS, where it is last. Wrong shapes are a programmer's fault and
// panic with an [Error] whose text carries the sizes.
//
// # Products and solutions
//
// [Gemm] multiplies matrices, [Gram] and [GramStack] one with its own transpose;
// [Inner] and [Sum] are accumulated in float64. [Cholesky], [CholeskySolve] and
// [TriSolve] solve for many right sides, and [SPD] also where the matrix is
// singular. The pool that many functions take is for polyad's own packages; nil
// means on the calling goroutine. Other programs have the products of gonum on all
// processors, through package gonumblas.
//
// # Decompositions
//
// [SVD] finds the leading singular triplets of an [Operator], [GramSVD] those of
// a wide matrix from its Gram matrix, [ThinSVD] all of a dense matrix, [EigenSym]
// the eigenvectors of a symmetric one; [QR] makes columns orthonormal. They tell
// NaN and overflow instead of panicking.
//
// # Working with gonum
//
// [General] and [FromGeneral] convert between Dense[float64] and
// blas64.General, [ToMat] and [FromMat] share memory with *mat.Dense, and
// [From] brings in any mat.Matrix. Package gonumblas makes gonum compute with
// the kernels of this module.
package matrix
