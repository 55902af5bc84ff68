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
//
// # Factor match score and signal to interference ratio
//
// [FMS] compares two models of the same data: 1 when they are equal up to the
// order and the scale of their components, 0 when they have nothing in common.
// [SIR] compares single factors, in dB: how far each column of one is from the
// direction of the column of the other that it is matched with.
//
// [Assign] finds which component of one belongs to which of the other.
package metrics
