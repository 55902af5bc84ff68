package data

import (
	"polyad/asm"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
)

// MaxBlocks is the largest number of row blocks, and so of partial sums.
const MaxBlocks = 16

// Stats are sums over the observed entries.
type Stats struct {
	Count        int     // the number of observed entries
	Sum, Squares float64 // ΣV and ||V||_F²
	Min, Max     float64
}

// Mean returns the mean of the observed entries.
func (s Stats) Mean() float64 { return s.Sum / float64(s.Count) }

// Matrix is an m x n data matrix V. w (m x r) and h (r x n) are the current
// model. Of data of which entries are missing, Stats, Quotients and Loss sum over
// the observed ones alone, and VHt and WtV take the model for the others: so they
// give the gradient of the observed loss, and what lowers the loss of the filled
// data lowers the observed loss at least as much. A worker runs one block at a time; different workers may run different
// blocks at once.
type Matrix[T asm.Float] interface {
	Dims() (m, n int)
	Stats() Stats

	// Blocks returns the number of row blocks, Rows the rows [i0, i1) of one.
	Blocks() int
	Rows(block int) (i0, i1 int)
	// LimitBlocks makes no more than n of them, before anything else is asked.
	LimitBlocks(n int)

	// UseH says that h has changed, so that what all blocks need of it can be
	// prepared. It must be called before VHt, and before Quotients that are to
	// give WNum or WDen.
	UseH(h *matrix.Dense[T])

	// VHt writes the block's rows of V·Hᵀ into the same rows of dst (m x r).
	VHt(dst *matrix.Dense[T], block, worker int, w, h *matrix.Dense[T])

	// WtV writes the block's share W_bᵀ·V_b of Wᵀ·V into dst (r x n).
	WtV(dst *matrix.Dense[T], block, worker int, w, h *matrix.Dense[T])

	// Quotients makes a pass of the beta-divergence over the block; see
	// [Quotients].
	Quotients(l loss.Loss, block, worker int, w, h *matrix.Dense[T], out *Quotients[T])

	// Loss returns the block's share of D_β(V, WH) and of ||V - WH||_F², the
	// latter with the data as they are, without a floor.
	Loss(l loss.Loss, block, worker int, w, h *matrix.Dense[T]) (divergence, squares float64)

	// Equations makes the normal equations of each row of W, for mode 0, or of Hᵀ, for mode
	// 1, over the observed entries, and hands them to do: on several goroutines of the
	// pool at once, one row after the other on each. f are W and Hᵀ. It costs r² + 2·r
	// flops for each observed entry.
	Equations(p *par.Pool, mode int, f []*matrix.Dense[T], do func(Equations))

	// Operator returns V as an operator, for singular vectors; its products run
	// on p. Here and in Columns missing entries are the mean of the observed ones.
	Operator(p *par.Pool) matrix.Operator[T]
	// Columns returns the sum and the sum of squares of every column.
	Columns() (sums, squares []float64)

	// Reduce turns sums over the rows that are here into sums over all rows.
	Reduce(sums []T)
	// ReduceFloat64 is Reduce for sums in float64.
	ReduceFloat64(sums []float64)
}

// Quotients is what a divergence pass leaves, with Y = WH: the two parts of the
// gradient of D_β with respect to the rows of W in the block, and the block's
// share of those with respect to H. A nil field is not computed; at β = 1 leave
// the denominators nil unless entries are missing: they are the row sums of H and
// the column sums of W, which need no pass.
type Quotients[T asm.Float] struct {
	WNum, WDen *matrix.Dense[T] // m x r: (V∘Y^(β-2))Hᵀ, Y^(β-1)Hᵀ, the block's rows
	HNum, HDen *matrix.Dense[T] // r x n: Wᵀ(V∘Y^(β-2)), WᵀY^(β-1), overwritten

	// Loss is added what [Matrix.Loss] returns. Complete data only.
	Loss *[2]float64
}
