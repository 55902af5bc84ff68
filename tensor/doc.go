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
// # Products
//
// For X of shape I_0 x … x I_{N-1}, |X| elements, and matrices of r (or J) columns:
//
//	function                    computes                              flops
//	ModeProduct                 X ×_n U                               2·|X|·J
//	MultiModeProduct            X ×_0 U_0 ×_1 U_1 …, best order       Σ 2·(what is left)·J_n
//	MTTKRP                      X_(n) · Khatri-Rao product            2·|X|·r
//	Tree.MTTKRP                 the same, sharing partial products    2·|X|·r a pass, N/(N-1) to 2 passes a sweep
//	KhatriRao                   columnwise Kronecker products         (N-1)·Π I_n·r
//	HadamardGram                ∘ F_nᵀF_n                             N·r²
//	CP, Tucker Reconstruct      the model as an array                 2·|X|·r; as MultiModeProduct
//	CP, Tucker Norm             without the array                     Σ I_n·r²; Σ I_n·J_n² + 2·|G|·Σ J_n
//	CP, Tucker Inner            of two models, likewise               2·Σ I_n·r_1·r_2; see there
//	CP, Tucker InnerDense       with an array                         one MTTKRP; one MultiModeProduct
//	CPTiles, TuckerTiles        the model tile by tile
//
// None of them makes an unfolding, nor do the MTTKRPs make a Khatri-Rao product
// larger than a few modes of it; the array is read once for each product. They
// work on contiguous arrays, and copy others first. Blocks run in parallel on a
// pool; nil, which is what callers outside of polyad pass, means on the calling
// goroutine. Results do not depend on the number of workers. [Work] keeps the memory of products between calls.
//
// Wrong shapes and modes are a programmer's fault and panic with an [Error]
// whose text carries the sizes, and so are matrices that are not Valid.
package tensor
