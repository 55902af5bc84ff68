package data

import (
	"math/bits"
	"slices"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/tensor"
)

// Residual computes ||X - Y||² for models Y of the same data, tile by tile: rows
// of mode 0 at a time. Cost 2·|X|·J flops, with J the rank of the mode that is
// multiplied last.
type Residual[T asm.Float] struct {
	pool  *par.Pool
	x     *tensor.Dense[T] // contiguous
	tiles tensor.TuckerTiles[T]
	ranks []int        // of the models that nothing is allocated for
	rows  int          // of a tile
	fill  *matrix.Mask // not nil: the missing entries of x are set to those of the model
	part  [MaxBlocks]float64
	buf   [][]T // per worker
}

// residualTile is the number of elements of a tile, unless a row has more.
const residualTile = 1 << 15

// NewResidual takes contiguous data, which [Residual.Squares] never writes.
func NewResidual[T asm.Float](pool *par.Pool, x *tensor.Dense[T]) *Residual[T] {
	r := &Residual[T]{pool: pool, x: x}
	cols := len(x.Data) / x.Shape[0]
	r.rows = max(1, min(residualTile/cols, (x.Shape[0]+MaxBlocks-1)/MaxBlocks))
	for range pool.Workers() {
		r.buf = append(r.buf, make([]T, r.rows*cols))
	}
	return r
}

// set takes a model. It makes sure that nothing is allocated for models of the same
// ranks from now on, whichever worker has which tile.
func (r *Residual[T]) set(m tensor.Tucker[T]) {
	r.tiles.Set(m, len(r.buf))
	if slices.Equal(r.ranks, m.Core.Shape) {
		return
	}
	r.ranks = slices.Clone(m.Core.Shape)
	cols := len(r.x.Data) / r.x.Shape[0]
	last := 0
	for b := range r.blocks() {
		lo, hi := r.rowsOf(b)
		for _, n := range [2]int{min(r.rows, hi-lo), (hi - lo) % r.rows} {
			if n == 0 || n == last {
				continue
			}
			last = n
			for worker, y := range r.buf {
				r.tiles.Tile(y[:n*cols], 0, n, worker)
			}
		}
	}
}

// rowsOf returns the rows of a block.
func (r *Residual[T]) rowsOf(block int) (lo, hi int) {
	rows := r.x.Shape[0]
	return block * rows / r.blocks(), (block + 1) * rows / r.blocks()
}

func (r *Residual[T]) blocks() int { return min(MaxBlocks, r.x.Shape[0]) }

// Squares returns ||X - Y||².
func (r *Residual[T]) Squares(m tensor.Tucker[T]) (sum float64) {
	r.set(m)
	r.pool.Run(r.blocks(), r)
	for _, s := range r.part[:r.blocks()] {
		sum += s
	}
	return sum
}

// Fill sets the entries of the data that a mask misses, I_0 rows of it, to those of
// the model.
func (r *Residual[T]) Fill(m tensor.Tucker[T], mask *matrix.Mask) {
	r.set(m)
	r.fill = mask
	r.pool.Run(r.blocks(), r)
	r.fill = nil
}

// Do works on one block of rows.
func (r *Residual[T]) Do(block, worker int) {
	cols := len(r.x.Data) / r.x.Shape[0]
	lo, hi := r.rowsOf(block)
	var sum float64
	for i := lo; i < hi; i += r.rows {
		end := min(i+r.rows, hi)
		y := r.buf[worker][:(end-i)*cols]
		r.tiles.Tile(y, i, end, worker)
		x := r.x.Data[i*cols : end*cols]
		if r.fill == nil {
			sum += squaresBetween(x, y)
			continue
		}
		for u := range end - i {
			fillRow(x[u*cols:(u+1)*cols], y[u*cols:], r.fill.Row(i+u))
		}
	}
	r.part[block] = sum
}

// squaresBetween returns ||x - y||².
func squaresBetween[T asm.Float](x, y []T) (sum float64) {
	const most = 8192
	ker := asm.For[T]()
	for j := 0; j < len(x); j += most {
		k := min(j+most, len(x))
		sum += ker.SqDist(x[j:k], y[j:k])
	}
	return sum
}

// fillRow sets the entries of x that are missing to those of y.
func fillRow[T asm.Float](x, y []T, words []uint64) {
	for k, word := range words {
		n := min(64, len(x)-k*64)
		for rest := ^word & first(n); rest != 0; rest &= rest - 1 {
			j := k*64 + bits.TrailingZeros64(rest)
			x[j] = y[j]
		}
	}
}
