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

// warm makes sure that nothing is allocated from now on, whichever worker has
// which tile of models like m.
func (r *residual[T]) warm(m tensor.Tucker[T]) {
	r.tiles.Set(m, len(r.buf))
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
func (r *residual[T]) rowsOf(block int) (lo, hi int) {
	rows := r.x.Shape[0]
	return block * rows / r.blocks(), (block + 1) * rows / r.blocks()
}

func (r *residual[T]) blocks() int { return min(mostWorkers, r.x.Shape[0]) }

// squares returns ||X - Y||².
func (r *residual[T]) squares(m tensor.Tucker[T]) (sum float64) {
	r.tiles.Set(m, len(r.buf))
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
	cols := len(r.x.Data) / r.x.Shape[0]
	lo, hi := r.rowsOf(block)
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
