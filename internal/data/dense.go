package data

import (
	"math"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
)

// Dense is a dense matrix in memory, times a scale that is a power of two, and
// raised to a floor if there is one. Both are folded into the products tile by
// tile, so that data of any magnitude are worked on near 1 without a copy.
type Dense[T asm.Float] struct {
	x       *matrix.Dense[T]
	scale   T
	floor   T // 0: none
	stats   Stats
	scratch []scratch[T]
}

const (
	tileRows = 4
	tileCols = 512
)

// scratch is the memory of one worker.
type scratch[T asm.Float] struct {
	v            [tileRows][]T         // a tile of the data: of its own rows, or of scaled ones
	scaled, y, p [tileRows][tileCols]T // tiles of the data, the model or quotient, a power of the model
}

// NewDense returns x times scale as data, entries of x below floor raised to it
// where floor > 0. x is not empty and never written.
func NewDense[T asm.Float](x *matrix.Dense[T], scale, floor float64, workers int) *Dense[T] {
	d := &Dense[T]{x: x, scale: T(scale), floor: T(floor), scratch: make([]scratch[T], workers)}
	d.stats = d.sum()
	return d
}

func (d *Dense[T]) sum() Stats {
	t := Stats{Min: math.Inf(1), Max: math.Inf(-1)}
	for i := 0; i < d.x.Rows; i++ {
		for j0 := 0; j0 < d.x.Cols; j0 += tileCols {
			row := d.tile(i, 1, j0, d.columns(j0), &d.scratch[0])[0]
			var sum float64
			lo, hi := row[0], row[0]
			for _, v := range row {
				sum += float64(v)
				lo, hi = min(lo, v), max(hi, v)
			}
			t.Sum += sum
			t.Squares += d.squares(i, j0, row, nil)
			t.Min, t.Max = min(t.Min, float64(lo)), max(t.Max, float64(hi))
		}
	}
	return t
}

// squares returns ||v - y||², or ||v||² when y is nil, for the part v of row i
// from column j0 on. A floor does not count here: errors are those of the data
// as they are.
func (d *Dense[T]) squares(i, j0 int, v, y []T) (s float64) {
	switch {
	case d.floor > 0:
		for j, e := range d.x.Row(i)[j0 : j0+len(v)] {
			diff := float64(e * d.scale)
			if y != nil {
				diff -= float64(y[j])
			}
			s += diff * diff
		}
		return s
	case y == nil:
		return asm.For[T]().SumSquares(v)
	}
	return 2 * loss.Divergence(loss.Frobenius, v, y)
}

// Dims returns the shape of the data.
func (d *Dense[T]) Dims() (m, n int) { return d.x.Rows, d.x.Cols }

// Stats returns the sums over the scaled data; all but Squares with the floor.
func (d *Dense[T]) Stats() Stats { return d.stats }

// Blocks returns the number of row blocks: MaxBlocks, or fewer so that each has
// at least 16 rows.
func (d *Dense[T]) Blocks() int {
	return max(1, min(MaxBlocks, d.x.Rows/16))
}

// Rows returns the rows of a block.
func (d *Dense[T]) Rows(block int) (i0, i1 int) {
	b := d.Blocks()
	return block * d.x.Rows / b, (block + 1) * d.x.Rows / b
}

// Reduce does nothing: all rows are here.
func (d *Dense[T]) Reduce([]T) {}

// ReduceFloat64 does nothing: all rows are here.
func (d *Dense[T]) ReduceFloat64([]float64) {}

// tile returns columns [j0, j1) of n ≤ tileRows rows of the data from row i on,
// scaled.
func (d *Dense[T]) tile(i, n, j0, j1 int, s *scratch[T]) [][]T {
	for u := 0; u < n; u++ {
		row := d.x.Row(i + u)[j0:j1]
		to := s.scaled[u][:len(row)]
		switch {
		case d.floor > 0:
			for j, v := range row {
				to[j] = max(v, d.floor) * d.scale
			}
			row = to
		case d.scale != 1:
			for j, v := range row {
				to[j] = v * d.scale
			}
			row = to
		}
		s.v[u] = row
	}
	return s.v[:n]
}

// columns is the number of columns from j0 on that are worked on at a time.
func (d *Dense[T]) columns(j0 int) (j1 int) { return min(j0+tileCols, d.x.Cols) }

// VHt writes the block's rows of V·Hᵀ.
func (d *Dense[T]) VHt(dst *matrix.Dense[T], block, worker int, _, h *matrix.Dense[T]) {
	ker, s := asm.For[T](), &d.scratch[worker]
	i0, i1 := d.Rows(block)
	clearRows(dst, i0, i1)
	for j0 := 0; j0 < d.x.Cols; j0 += tileCols {
		for i := i0; i < i1; i += tileRows {
			for u, v := range d.tile(i, min(tileRows, i1-i), j0, d.columns(j0), s) {
				dots(ker, dst.Row(i+u), v, h, j0)
			}
		}
	}
}

func clearRows[T asm.Float](m *matrix.Dense[T], i0, i1 int) {
	for i := i0; i < i1; i++ {
		clear(m.Row(i))
	}
}

// dots adds to out[k] the inner product of x and row k of h from column j0 on.
func dots[T asm.Float](ker *asm.Kernels[T], out, x []T, h *matrix.Dense[T], j0 int) {
	n := len(x)
	k := 0
	for ; k+4 <= len(out); k += 4 {
		o := k*h.Stride + j0
		s0, s1, s2, s3 := ker.Dot4(x, h.Data[o:o+n], h.Data[o+h.Stride:o+h.Stride+n],
			h.Data[o+2*h.Stride:o+2*h.Stride+n], h.Data[o+3*h.Stride:o+3*h.Stride+n])
		out[k] += s0
		out[k+1] += s1
		out[k+2] += s2
		out[k+3] += s3
	}
	for ; k < len(out); k++ {
		o := k*h.Stride + j0
		out[k] += ker.Dot(x, h.Data[o:o+n])
	}
}

// WtV writes the block's share of Wᵀ·V.
func (d *Dense[T]) WtV(dst *matrix.Dense[T], block, worker int, w, _ *matrix.Dense[T]) {
	ker, s := asm.For[T](), &d.scratch[worker]
	i0, i1 := d.Rows(block)
	dst.Zero()
	for j0 := 0; j0 < d.x.Cols; j0 += tileCols {
		for i := i0; i < i1; i += tileRows {
			outer(ker, dst, d.tile(i, min(tileRows, i1-i), j0, d.columns(j0), s), w, i, j0)
		}
	}
}

// outer adds to the columns of dst from j0 on the product of rows i… of w,
// transposed, and the rows x.
func outer[T asm.Float](ker *asm.Kernels[T], dst *matrix.Dense[T], x [][]T, w *matrix.Dense[T], i, j0 int) {
	n := len(x[0])
	for k := 0; k < dst.Rows; k++ {
		y := dst.Row(k)[j0 : j0+n]
		if len(x) == 4 {
			o := i*w.Stride + k
			ker.Axpy4(w.Data[o], w.Data[o+w.Stride], w.Data[o+2*w.Stride], w.Data[o+3*w.Stride], x[0], x[1], x[2], x[3], y)
			continue
		}
		for u := range x {
			ker.Axpy(w.Data[(i+u)*w.Stride+k], x[u], y)
		}
	}
}

// model writes columns [j0, j1) of row i of WH into y.
func model[T asm.Float](ker *asm.Kernels[T], y []T, w, h *matrix.Dense[T], i, j0 int) {
	clear(y)
	n := len(y)
	row := w.Row(i)
	k := 0
	for ; k+4 <= len(row); k += 4 {
		o := k*h.Stride + j0
		ker.Axpy4(row[k], row[k+1], row[k+2], row[k+3], h.Data[o:o+n], h.Data[o+h.Stride:o+h.Stride+n],
			h.Data[o+2*h.Stride:o+2*h.Stride+n], h.Data[o+3*h.Stride:o+3*h.Stride+n], y)
	}
	for ; k < len(row); k++ {
		o := k*h.Stride + j0
		ker.Axpy(row[k], h.Data[o:o+n], y)
	}
}

// Loss returns the block's share of the divergence and of the squared error.
func (d *Dense[T]) Loss(l loss.Loss, block, worker int, w, h *matrix.Dense[T]) (divergence, squares float64) {
	ker, s := asm.For[T](), &d.scratch[worker]
	floor := d.modelFloor(l)
	i0, i1 := d.Rows(block)
	for j0 := 0; j0 < d.x.Cols; j0 += tileCols {
		for i := i0; i < i1; i++ {
			v := d.tile(i, 1, j0, d.columns(j0), s)[0]
			y := s.y[0][:len(v)]
			model(ker, y, w, h, i, j0)
			squares += d.squares(i, j0, v, y)
			if l == loss.Frobenius {
				divergence += loss.Divergence(l, v, y)
			} else {
				for j, m := range y {
					if v[j] > 0 {
						y[j] = max(m, floor)
					}
				}
				divergence += loss.Divergence(l, v, y)
			}
		}
	}
	return divergence, squares
}
