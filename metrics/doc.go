// Package metrics measures fitted models.
//
// # Density
//
// [Density] is the fraction of entries of a factor that are not zero,
//
//	#{(i, j) : |x_ij| > 2·eps} / (rows·cols),
//
// where eps is the floor that a multiplicative update keeps entries above:
// entries at the floor stand for zeros. 1 means dense, 0 all zero. Some papers
// plot this number under the name of sparsity.
package metrics
