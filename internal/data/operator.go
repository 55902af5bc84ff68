package data

import (
	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
)

// Operator returns V as an operator whose products run on p, which has no more
// workers than the data were made for. Data that are x itself are multiplied by
// [matrix.Gemm], others tile by tile; a product costs 2·m·n·k flops for k columns
// and Vᵀ·X the memory of 16 results beside.
func (d *Dense[T]) Operator(p *par.Pool) matrix.Operator[T] {
	if d.plain() {
		return matrix.AsOperator(p, d.x)
	}
	return &tiledOperator[T]{Dense: d, pool: p}
}

// tiledOperator multiplies with data that are scaled or floored on the way.
type tiledOperator[T asm.Float] struct {
	*Dense[T]
	pool   *par.Pool
	dst, x *matrix.Dense[T]
	shares []*matrix.Dense[T] // of Xᵀ·V, per block; nil: the product is V·X
}

// MulTo sets dst = V·X.
func (o *tiledOperator[T]) MulTo(dst, x *matrix.Dense[T]) {
	o.dst, o.x, o.shares = dst, x, nil
	o.pool.Run(o.Blocks(), o)
}

// TMulTo sets dst = Vᵀ·X, adding the shares of the blocks in their order.
func (o *tiledOperator[T]) TMulTo(dst, x *matrix.Dense[T]) {
	o.x, o.shares = x, make([]*matrix.Dense[T], o.Blocks())
	o.pool.Run(o.Blocks(), o)
	if o.pool.Over() {
		return // shares may be missing
	}
	sum := o.shares[0]
	for _, s := range o.shares[1:] {
		for k := range s.Rows {
			asm.For[T]().Axpy(1, s.Row(k), sum.Row(k))
		}
	}
	sum.TransposeTo(dst)
}

// Do makes the product with a block's rows.
func (o *tiledOperator[T]) Do(block, worker int) {
	if o.shares != nil {
		o.shares[block] = matrix.New[T](o.x.Cols, o.Dense.x.Cols)
		o.WtV(o.shares[block], block, worker, o.x, nil)
		return
	}
	ker, s := asm.For[T](), &o.scratch[worker]
	i0, i1 := o.Rows(block)
	for j0 := 0; j0 < o.Dense.x.Cols; j0 += stripCols[T]() {
		for i := i0; i < i1; i += tileRows {
			v := o.tileAt(i, min(i+tileRows, i1), j0, stripCols[T](), s)
			ker.Mul(v.rows, o.dst.Cols, v.cols, v.data, v.stride, 1, o.x.Data[j0*o.x.Stride:], o.x.Stride,
				o.dst.Data[i*o.dst.Stride:], o.dst.Stride, j0 > 0, false)
		}
	}
}

// Columns returns the sum and the sum of squares of every column, over the
// scaled and floored data.
func (d *Dense[T]) Columns() (sums, squares []float64) {
	sums, squares = make([]float64, d.x.Cols), make([]float64, d.x.Cols)
	for j0 := 0; j0 < d.x.Cols; j0 += stripCols[T]() {
		for i0 := 0; i0 < d.x.Rows; i0 += tileRows {
			v := d.tileAt(i0, min(i0+tileRows, d.x.Rows), j0, stripCols[T](), &d.scratch[0])
			for i := range v.rows {
				for j, e := range v.row(i) {
					f := float64(e)
					sums[j0+j] += f
					squares[j0+j] += f * f
				}
			}
		}
	}
	return sums, squares
}
