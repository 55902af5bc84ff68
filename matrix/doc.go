// Package matrix holds dense row-major matrices of float32 and float64 and the
// products and solutions that decompositions are made of.
//
// A [Dense] is a plain struct with exported fields, in the field order of
// gonum's blas64.General; a view of a matrix is a Dense that shares its Data.
// Functions that write take their destination first. Wrong shapes are a
// programmer's fault and panic with an [Error] whose text carries the sizes.
//
// # Decompositions
//
// [SVD] finds the leading singular triplets of an [Operator], [GramSVD] those of
// a wide matrix from its Gram matrix, [ThinSVD] all of a dense matrix, [EigenSym]
// the eigenvectors of a symmetric one; [QR] makes columns orthonormal. They tell
// NaN and overflow instead of panicking. The pool that some functions take is for
// polyad's own packages; nil means on the calling goroutine.
//
// # Working with gonum
//
// [General] and [FromGeneral] convert between Dense[float64] and
// blas64.General, [ToMat] and [FromMat] share memory with *mat.Dense, and
// [From] brings in any mat.Matrix. Package gonumblas makes gonum compute with
// the kernels of this module.
package matrix
