// Package gonumblas makes gonum compute with the kernels of this module.
//
// [Register] replaces gonum's BLAS for float64 and float32 in the whole program:
// mat.Dense.Mul and all that package mat computes, the LAPACK routines below it,
// and what package matrix leaves to gonum. Importing the package changes nothing.
//
// Matrix products (Dgemm, Sgemm, and Dsyrk, Ssyrk for a matrix with its own
// transpose) and products with a vector (Dgemv, Sgemv) are computed here, from
// the sizes on at which that is faster, if this processor has kernels in
// assembly; everything else is gonum's own code. So are the checks of arguments
// and their panics: a call whose arguments are wrong is handed to gonum. Results
// differ from gonum's in rounding alone, and do not depend on the number of
// processors. NaN and Inf come out as they do with gonum, which passes over zeros
// of A, so that 0·NaN counts as 0 there: products whose B is not finite are left
// to it. As always in BLAS, a destination must not overlap an operand.
package gonumblas
