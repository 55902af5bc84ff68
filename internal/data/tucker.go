package data

import (
	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
	"polyad/tensor"
)

// Tucker is an N-way data array X as fits of Tucker models see it: a core J_0 x J_1
// x … and factors I_n x J_n, nil for modes that are left as they are in the core. m is
// the current model, always of the same ranks but for Loss at β = 2. One method may be
// called at a time; results do not depend on the number of workers.
//
// Of data of which entries are missing, Stats, Quotients, CoreQuotients and Loss sum
// over the observed ones alone, and Project takes for the others those of the model
// that Fill was last told of, before that the mean of the observed ones: what lowers
// the loss of data that were filled at a model lowers the observed loss from there at
// least as much.
type Tucker[T asm.Float] interface {
	Shape() []int
	Stats() Stats

	// Changed says that the factor of a mode has changed, or for the mode N the
	// core; products that it is part of are not used any more. Scaled says that the
	// columns of a factor were multiplied by s. Reset says Changed of all.
	Changed(mode int)
	Scaled(mode int, s []float64)
	Reset()

	// Fill takes the entries of the model where entries are missing, for Project.
	Fill(m tensor.Tucker[T])
	// Project returns X ×_{k≠mode} F_kᵀ, for the mode N the data projected onto all
	// factors. It is valid until the next call and must not be written.
	Project(mode int, f []*matrix.Dense[T]) *tensor.Dense[T]

	// Quotients makes a pass of the beta-divergence: with Y the model and B the
	// core times the factors of all other modes, it writes (X∘Y^(β-2))_(n)·B_(n)ᵀ
	// into num and Y^(β-1)_(n)·B_(n)ᵀ into den (both I_n x J_n); nil: it is not
	// computed. At β = 1 leave den nil unless entries are missing, its rows are all
	// alike.
	Quotients(num, den *matrix.Dense[T], l loss.Loss, mode int, m tensor.Tucker[T])
	// CoreQuotients does the same for the core: X∘Y^(β-2), and Y^(β-1), times the
	// transposed factors along all modes.
	CoreQuotients(num, den *tensor.Dense[T], l loss.Loss, m tensor.Tucker[T])

	// Loss returns D_β(X, Y) and ||X - Y||_F², the latter with the data as they
	// are, without a floor.
	Loss(l loss.Loss, m tensor.Tucker[T]) (divergence, squares float64)

	// Unfoldings begins a higher-order singular value decomposition.
	Unfoldings() Unfoldings[T]

	// ReduceFloat64 turns sums over the entries that are here into sums over all.
	ReduceFloat64(sums []float64)
}

// Unfoldings are what is left of the data, scaled as they are, after they were
// projected along some modes. Singular vectors are those of package internal/hosvd.
type Unfoldings[T asm.Float] interface {
	// Leading returns the leading left singular vectors of the mode-n unfolding of
	// what is left, their singular values and the next one, NaN when it is not known.
	// ok is false where numbers leave their range.
	Leading(mode, rank int, seed uint64) (u *matrix.Dense[T], s []float64, next float64, ok bool)
	// All returns all singular vectors and values, from orthogonal factorizations
	// when their last digits count.
	All(mode int, orthogonal bool) (u *matrix.Dense[T], s []float64, ok bool)
	// Project projects what is left along a mode: times uᵀ.
	Project(mode int, u *matrix.Dense[T])
	// Rest returns what is left.
	Rest() *tensor.Dense[T]
}
