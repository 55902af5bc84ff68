package data

import (
	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
)

// Tensor is an N-way data array X as fits of models with one factor I_n x r for
// each mode see it. f are the current factors, one for each mode; of the methods
// one may be called at a time. Products run on the pool that the array was made
// with and do not depend on the number of its workers.
//
// Of data of which entries are missing, Stats, Quotients and Loss sum over the
// observed ones alone, and MTTKRP takes the model for the others: what lowers the
// loss of the filled data lowers the observed loss at least as much.
type Tensor[T asm.Float] interface {
	Shape() []int
	Stats() Stats

	// Changed says that the factor of a mode has changed, other than by Scaled;
	// partial products that belong to it are not used any more.
	Changed(mode int)
	// Scaled says that the columns of the factor of a mode were multiplied by s.
	Scaled(mode int, s []float64)
	// Reset forgets all partial products and which of them there have been.
	Reset()

	// MTTKRP writes X_(n) times the Khatri-Rao product of the other modes'
	// factors into dst (I_n x r). It is for losses with β = 2. f[mode] counts only
	// where entries are missing.
	MTTKRP(dst *matrix.Dense[T], mode int, f []*matrix.Dense[T])
	// Equations makes the normal equations of each row of the factor of a mode over the
	// observed entries, and hands them to do: on several goroutines at once, one row
	// after the other on each. It costs r² + N·r flops for each observed entry.
	Equations(mode int, f []*matrix.Dense[T], do func(Equations))
	// Probe is MTTKRP of complete data for other factors than the current ones: it
	// neither uses nor changes partial products.
	Probe(dst *matrix.Dense[T], mode int, f []*matrix.Dense[T])

	// Quotients makes a pass of the beta-divergence: with Y the model, it writes
	// the MTTKRP of X∘Y^(β-2) into num and that of Y^(β-1) into den (both I_n x r);
	// nil: it is not computed. At β = 1 leave den nil unless entries are missing, as
	// its rows are all alike. No array of the shape of X is stored.
	Quotients(num, den *matrix.Dense[T], l loss.Loss, mode int, f []*matrix.Dense[T])

	// Loss returns D_β(X, Y) and ||X - Y||_F², the latter with the data as they
	// are, without a floor.
	Loss(l loss.Loss, f []*matrix.Dense[T]) (divergence, squares float64)

	// ReduceFloat64 turns sums over the entries that are here into sums over all.
	ReduceFloat64(sums []float64)
}
