// Package tensor holds dense N-way arrays of float32 and float64.
//
// A [Dense] has a shape, a stride per mode (in elements) and data that may be
// shared with other arrays: slices, permutations and reshapes are views. New
// arrays are row-major, the last index running fastest. Modes count from 0.
//
// # Unfolding
//
// [Dense.Unfold] turns mode n into the rows of a matrix; its columns run over
// the other modes in increasing order, the last one fastest. With this order
// mode 0 of a row-major array is a reshape, the last mode the transpose of a
// reshape, and a middle mode a batch of L matrices I_n x R, where L and R are
// the products of the sizes before and behind the mode ([Dense.Split]). It is
// the order of TensorLy. The papers of Kolda and Bader (SIAM Review 51, 2009)
// let the first of the other modes run fastest; [Dense.UnfoldKolda] gives that
// order. The two differ by a permutation of columns, so products that sum over
// the columns, such as the MTTKRP and Gram matrices, are the same for both.
//
// Wrong shapes and modes are a programmer's fault and panic with an [Error]
// whose text carries the sizes.
package tensor
