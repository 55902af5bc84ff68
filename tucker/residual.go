package tucker

import (
	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/par"
	"polyad/tensor"
)

// residual computes ||X - Y||² for models Y of the same data, tile by tile: rows
// of mode 0 at a time. Cost 2·|X|·J flops, with J the rank of the mode that is
// multiplied last.
type residual[T asm.Float] struct {
	pool  *par.Pool
	x     *tensor.Dense[T] // contiguous
	all   float64          // ||X||²
	tiles tensor.TuckerTiles[T]
	rows  int // of a tile
	part  [mostWorkers]float64
	buf   [][]T // per worker
}

// mostWorkers is the number of pieces that the work is cut into at most.
const mostWorkers = data.MaxBlocks

// residualTile is the number of elements of a tile, unless a row has more.
const residualTile = 1 << 15

func newResidual[T asm.Float](pool *par.Pool, x *tensor.Dense[T]) *residual[T] {
	r := &residual[T]{pool: pool, x: x, all: squaresOf(x)}
	cols := len(x.Data) / x.Shape[0]
	r.rows = max(1, min(residualTile/cols, (x.Shape[0]+mostWorkers-1)/mostWorkers))
	for range pool.Workers() {
		r.buf = append(r.buf, make([]T, r.rows*cols))
	}
	return r
}

func (r *residual[T]) blocks() int { return min(mostWorkers, r.x.Shape[0]) }

// squares returns ||X - Y||².
func (r *residual[T]) squares(m *Model[T]) (sum float64) {
	r.tiles.Set(tensor.Tucker[T]{Core: m.Core, Factors: m.Factors}, len(r.buf))
	r.pool.Run(r.blocks(), r)
	for _, s := range r.part[:r.blocks()] {
		sum += s
	}
	return sum
}

// Do sums up one block of rows.
func (r *residual[T]) Do(block, worker int) {
	const most = 8192
	ker := asm.For[T]()
	rows := r.x.Shape[0]
	cols := len(r.x.Data) / rows
	lo, hi := block*rows/r.blocks(), (block+1)*rows/r.blocks()
	var sum float64
	for i := lo; i < hi; i += r.rows {
		end := min(i+r.rows, hi)
		y := r.buf[worker][:(end-i)*cols]
		r.tiles.Tile(y, i, end, worker)
		x := r.x.Data[i*cols : end*cols]
		for j := 0; j < len(x); j += most {
			k := min(j+most, len(x))
			sum += ker.SqDist(x[j:k], y[j:k])
		}
	}
	r.part[block] = sum
}
