package data

import (
	"math"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
)

// Dense is a dense matrix in memory, times a scale that is a power of two, and
// raised to a floor if there is one. Both are folded into the products tile by
// tile, so that data of any magnitude are worked on near 1 without a copy.
//
// A pass works on tiles of few rows, so that the processor sees as many streams
// through the data as it can follow, of which each goes on for a while; WtV may take
// more (see depth).
type Dense[T asm.Float] struct {
	x       *matrix.Dense[T]
	scale   T
	floor   T                // 0: none
	mask    *matrix.Mask     // nil: no entry is missing
	ht      *matrix.Dense[T] // Hᵀ, n x r, of the H that is in use
	stats   Stats
	scratch []scratch[T]
	fewer   int // blocks than MaxBlocks

	shape     [2]int
	equations equations[T]
}

const (
	// tileRows is the number of rows of a tile: a multiple, or nearly one, of the
	// heights of all kernels' tiles.
	tileRows = 48
	// A strip is as many columns as have this many bytes in a row, so that the
	// parts of H and Hᵀ that belong to them stay in the second-level cache, or as
	// many more as have so many bytes in those: long runs through the data are
	// what the processor foresees.
	stripBytes, heldBytes = 8192, 256 << 10
	// The model and its quotient are made for so many bytes of a row: with the rows
	// of a tile, about as much as a first-level cache holds.
	quotBytes = 1024
	// Rows of tiles that are copies lie a little further apart, because equal
	// addresses modulo 4 KiB get in each other's way.
	tilePad = 64
)

// stripCols, quotCols and quotStride are those sizes in elements.
func stripCols[T asm.Float]() int  { return stripBytes / asm.SizeOf[T]() }
func quotCols[T asm.Float]() int   { return quotBytes / asm.SizeOf[T]() }
func quotStride[T asm.Float]() int { return (quotBytes + tilePad) / asm.SizeOf[T]() }

// columns is the number of columns of a strip for products with r components;
// copies have room for the least.
func (d *Dense[T]) columns(r int) int {
	if !d.plain() {
		return stripCols[T]()
	}
	return max(stripCols[T](), heldBytes/(max(r, 1)*asm.SizeOf[T]()))
}

// scratch is the memory of one worker: tiles of the scaled data, of the model
// or quotient, and of a power of the model, and the weights of a row.
type scratch[T asm.Float] struct{ v, y, p, weights []T }

// NewDense returns x times scale as data, entries of x below floor raised to it
// where floor > 0. x is not empty and never written.
func NewDense[T asm.Float](x *matrix.Dense[T], scale, floor float64, workers int) *Dense[T] {
	d := newDense(x, nil, scale, floor, workers)
	d.stats = d.sum()
	return d
}

func newDense[T asm.Float](x *matrix.Dense[T], mask *matrix.Mask, scale, floor float64, workers int) *Dense[T] {
	d := &Dense[T]{x: x, scale: T(scale), floor: T(floor), mask: mask, scratch: make([]scratch[T], workers)}
	for i := range d.scratch {
		s := &d.scratch[i]
		s.y = make([]T, tileRows*quotStride[T]())
		s.p = make([]T, tileRows*quotStride[T]())
		if !d.plain() {
			s.v = make([]T, tileRows*(stripCols[T]()+tilePad/asm.SizeOf[T]()))
		}
		if mask != nil {
			s.weights = make([]T, stripCols[T]())
		}
	}
	return d
}

func (d *Dense[T]) sum() Stats {
	ker, t := asm.For[T](), Stats{Count: d.x.Rows * d.x.Cols, Min: math.Inf(1), Max: math.Inf(-1)}
	for j0 := 0; j0 < d.x.Cols; j0 += stripCols[T]() {
		for i0 := 0; i0 < d.x.Rows; i0 += tileRows {
			v := d.tileAt(i0, min(i0+tileRows, d.x.Rows), j0, stripCols[T](), &d.scratch[0])
			for i := range v.rows {
				row := v.row(i)
				lo, hi, _ := ker.Scan(row)
				t.Sum += ker.Sum(row)
				t.Squares += d.squares(ker, i0+i, j0, row, nil, 0, &d.scratch[0])
				t.Min, t.Max = min(t.Min, float64(lo)), max(t.Max, float64(hi))
			}
		}
	}
	return t
}

// squares returns ||v - y||², or ||v||² when y is nil, for the part v of row i
// from column j0 on. A floor does not count here: errors are those of the data
// as they are, with missing for entries that are not there. It may write the
// powers of the scratch.
func (d *Dense[T]) squares(ker *asm.Kernels[T], i, j0 int, v, y []T, missing T, s *scratch[T]) float64 {
	if d.floor > 0 {
		x := d.x.Row(i)[j0 : j0+len(v)]
		v = s.p[:len(v)]
		ker.ScaleFloor(v, x, d.scale, noFloor[T]())
		if d.mask != nil {
			ker.Select(v, v, d.weights(i, j0, len(v), s), missing)
		}
	}
	if y == nil {
		return ker.SumSquares(v)
	}
	return ker.SqDist(v, y)
}

func noFloor[T asm.Float]() T { return T(math.Inf(-1)) }

// Dims returns the shape of the data.
func (d *Dense[T]) Dims() (m, n int) { return d.x.Rows, d.x.Cols }

// Stats returns the sums over the scaled data; all but Squares with the floor.
func (d *Dense[T]) Stats() Stats { return d.stats }

// Blocks returns the number of row blocks: MaxBlocks, or fewer, but not fewer than
// half, so that each has at least 250 rows beside which its share of WᵀV is little
// to move; and fewer so that each has at least 16 rows, or as were asked for.
func (d *Dense[T]) Blocks() int {
	rows := d.x.Rows
	return max(1, min(MaxBlocks-d.fewer, max(rows/250, MaxBlocks/2), rows/16))
}

// LimitBlocks makes no more than n row blocks: each has a share of what is summed
// over rows, which takes memory.
func (d *Dense[T]) LimitBlocks(n int) { d.fewer = max(0, MaxBlocks-n) }

// Rows returns the rows of a block.
func (d *Dense[T]) Rows(block int) (i0, i1 int) {
	b := d.Blocks()
	return block * d.x.Rows / b, (block + 1) * d.x.Rows / b
}

// Reduce does nothing: all rows are here.
func (d *Dense[T]) Reduce([]T) {}

// ReduceFloat64 does nothing: all rows are here.
func (d *Dense[T]) ReduceFloat64([]float64) {}

// Equations makes the normal equations of each row of W or Hᵀ.
func (d *Dense[T]) Equations(p *par.Pool, mode int, f []*matrix.Dense[T], do func(Equations)) {
	d.shape = [2]int{d.x.Rows, d.x.Cols}
	d.equations.run(p, d, d.shape[:], mode, f, do)
}

// UseH transposes h, so that its rows lie along memory for each column of V.
func (d *Dense[T]) UseH(h *matrix.Dense[T]) {
	if d.ht == nil || d.ht.Cols != h.Rows {
		d.ht = matrix.New[T](h.Cols, h.Rows)
	}
	h.TransposeTo(d.ht)
}

// tile is a tile of the data: rows from i0 on and columns from j0 on.
type tile[T asm.Float] struct {
	i0, j0, rows, cols int
	data               []T
	stride             int
}

func (t *tile[T]) row(i int) []T { return t.data[i*t.stride : i*t.stride+t.cols] }

// plain reports whether the data are x itself.
func (d *Dense[T]) plain() bool { return d.stored() && d.mask == nil }

// stored reports whether the entries that are not missing are those of x.
func (d *Dense[T]) stored() bool { return d.scale == 1 && d.floor == 0 }

// tileAt returns the tile of rows [i0, i1), at most tileRows, and up to cols
// columns from j0 on, scaled. Missing entries are the mean of those observed.
func (d *Dense[T]) tileAt(i0, i1, j0, cols int, s *scratch[T]) tile[T] {
	t := d.entries(i0, i1, j0, cols, s)
	if d.mask != nil {
		d.observed(&t, T(d.stats.Mean()), s)
	}
	return t
}

// entries is tileAt with whatever is stored where entries are missing.
func (d *Dense[T]) entries(i0, i1, j0, cols int, s *scratch[T]) tile[T] {
	t := tile[T]{i0: i0, j0: j0, rows: i1 - i0, cols: min(cols, d.x.Cols-j0),
		data: d.x.Data[i0*d.x.Stride+j0:], stride: d.x.Stride}
	if d.stored() {
		return t
	}
	ker, floor := asm.For[T](), noFloor[T]()
	if d.floor > 0 {
		floor = d.floor
	}
	stride := t.copyStride()
	for i := range t.rows {
		ker.ScaleFloor(s.v[i*stride:][:t.cols], t.row(i), d.scale, floor)
	}
	t.data, t.stride = s.v, stride
	return t
}

// copyStride is the distance of the rows of a tile that is a copy.
func (t *tile[T]) copyStride() int { return t.cols + tilePad/asm.SizeOf[T]() }

// VHt writes the block's rows of V·Hᵀ.
func (d *Dense[T]) VHt(dst *matrix.Dense[T], block, worker int, _, _ *matrix.Dense[T]) {
	ker, s := asm.For[T](), &d.scratch[worker]
	i0, i1 := d.Rows(block)
	cols := d.columns(dst.Cols)
	for j0 := 0; j0 < d.x.Cols; j0 += cols {
		for i := i0; i < i1; i += tileRows {
			v := d.tileAt(i, min(i+tileRows, i1), j0, cols, s)
			d.timesHt(ker, dst, &v, v.data, v.stride)
		}
	}
}

// timesHt adds to the tile's rows of dst the product of q, which has the shape
// of the tile, with the rows of Hᵀ that belong to its columns.
func (d *Dense[T]) timesHt(ker *asm.Kernels[T], dst *matrix.Dense[T], t *tile[T], q []T, stride int) {
	ker.Mul(t.rows, dst.Cols, t.cols, q, stride, 1, d.ht.Data[t.j0*d.ht.Stride:], d.ht.Stride,
		dst.Data[t.i0*dst.Stride:], dst.Stride, t.j0 > 0, false)
}

// WtV writes the block's share of Wᵀ·V.
func (d *Dense[T]) WtV(dst *matrix.Dense[T], block, worker int, w, _ *matrix.Dense[T]) {
	ker, s := asm.For[T](), &d.scratch[worker]
	i0, i1 := d.Rows(block)
	depth, cols := d.depth(ker, dst.Rows), d.columns(dst.Rows)
	tiles := (i1 - i0 + depth - 1) / depth
	for j0 := 0; j0 < d.x.Cols; j0 += cols {
		for t := range tiles {
			v := d.tileAt(i0+t*(i1-i0)/tiles, i0+(t+1)*(i1-i0)/tiles, j0, cols, s)
			wTimes(ker, dst, &v, w, v.data, v.stride, t > 0)
		}
	}
}

// depth is how many rows of V, at most, WtV works on at a time for r components.
// The more they are, the rarer the sums move. But a product that does little with
// each entry waits for memory, and gets it sooner from fewer rows; and low tiles read
// many rows more often than they save. Copies have room for tileRows.
func (d *Dense[T]) depth(ker *asm.Kernels[T], r int) int {
	high := ker.Tiles[0][0].Rows
	switch {
	case r < 16:
		return 16
	case high >= 16 && d.plain():
		return 128
	case high < 16 && r < 32:
		return 24
	default:
		return tileRows
	}
}

// wTimes writes, or adds, to the tile's columns of dst the product of the tile's
// rows of W, transposed, with q, which has the shape of the tile.
func wTimes[T asm.Float](ker *asm.Kernels[T], dst *matrix.Dense[T], t *tile[T], w *matrix.Dense[T], q []T, stride int, add bool) {
	ker.Mul(dst.Rows, t.cols, t.rows, w.Data[t.i0*w.Stride:], 1, w.Stride, q, stride,
		dst.Data[t.j0:], dst.Stride, add, true)
}

// model writes the tile's part of WH into y, rows quotStride apart.
func model[T asm.Float](ker *asm.Kernels[T], y []T, t *tile[T], w, h *matrix.Dense[T]) {
	ker.Mul(t.rows, t.cols, w.Cols, w.Data[t.i0*w.Stride:], w.Stride, 1, h.Data[t.j0:], h.Stride, y, quotStride[T](), false, true)
}

// Loss returns the block's share of the divergence and of the squared error.
func (d *Dense[T]) Loss(l loss.Loss, block, worker int, w, h *matrix.Dense[T]) (divergence, squares float64) {
	ker, s := asm.For[T](), &d.scratch[worker]
	floor := d.modelFloor(l)
	i0, i1 := d.Rows(block)
	for j0 := 0; j0 < d.x.Cols; j0 += quotCols[T]() {
		for i := i0; i < i1; i += tileRows {
			v := d.tileAt(i, min(i+tileRows, i1), j0, quotCols[T](), s)
			model(ker, s.y, &v, w, h)
			for u := range v.rows {
				x, y := v.row(u), s.y[u*quotStride[T]():][:v.cols]
				squares += d.squares(ker, i+u, j0, x, y, 0, s)
				divergence += loss.FlooredDivergence(l, x, y, floor)
			}
		}
	}
	return divergence, squares
}
