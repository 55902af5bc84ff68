package data

import (
	"slices"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/tensor"
)

// DenseTensor is a dense array in memory, times a scale that is a power of two
// and with a floor, as [Dense] has them.
//
// Passes of a divergence see it as a matrix: the indices of the leading modes are
// its rows, those of the trailing ones its columns, so that a model with factors
// F_n is a product of two Khatri-Rao products,
//
//	Y = L·Rᵀ,  L = F_0 ⊙ … ⊙ F_{m-1},  R = F_m ⊙ … ⊙ F_{N-1}.
//
// R, transposed, is at hand; of L the rows of a tile are formed when it is worked
// on. As many modes are trailing as make rows long enough to be worth a product,
// but not the first one: with one row there is no product, and R alone costs as much
// as the pass.
//
// Where entries are missing MTTKRP is such a pass, too, over tiles that the model
// fills.
type DenseTensor[T asm.Float] struct {
	x        *tensor.Dense[T] // contiguous, scaled where MTTKRP is for
	rank     int
	pool     *par.Pool
	flat     *Dense[T]
	products bool // whether there is MTTKRP
	tree     *tensor.Tree[T]
	probes   tensor.Work[T]
	first    int // of the trailing modes
	rt, r    *matrix.Dense[T]
	pass     cpPass[T]

	equations equations[T]
}

const (
	cpCols  = 512     // rows of at least this many columns, if there are
	cpWords = 1 << 17 // R has at most so many elements, unless it is a factor
)

// NewTensor returns x times scale as data for models of the given rank, entries
// of x below floor raised to it where floor > 0. x is not empty and never written;
// products says that MTTKRP will be asked for. x is copied when it is not
// contiguous, and with products when scale is not 1: that is for data so far from
// 1 that sums of their products would leave the range of T.
func NewTensor[T asm.Float](pool *par.Pool, x *tensor.Dense[T], rank int, scale, floor float64, products bool) *DenseTensor[T] {
	d := &DenseTensor[T]{x: x.Contiguous(), rank: rank, pool: pool, products: products}
	if products && scale != 1 {
		if d.x == x {
			d.x = x.Clone()
		}
		for i := range d.x.Data {
			d.x.Data[i] *= T(scale)
		}
		scale, floor = 1, floor*scale
	}
	d.lay(nil, scale, floor)
	return d
}

// NewMaskedTensor is [NewTensor] for data of which the entries are missing where
// mask says so; see [Masked]. The mask has the shape of x and observes an entry at
// least; it is never written. There is MTTKRP, and x is copied when it is not
// contiguous alone. A pass for MTTKRP costs 4·|X|·r flops.
func NewMaskedTensor[T asm.Float](pool *par.Pool, x *tensor.Dense[T], mask *tensor.Mask, rank int, scale, floor float64) *DenseTensor[T] {
	d := &DenseTensor[T]{x: x.Contiguous(), rank: rank, pool: pool}
	d.lay(mask, scale, floor)
	return d
}

// lay sees the array as a matrix and makes the memory of the passes.
func (d *DenseTensor[T]) lay(mask *tensor.Mask, scale, floor float64) {
	d.Reset()
	rank := d.rank
	d.first = len(d.x.Shape) - 1
	cols := d.x.Shape[d.first]
	for d.first > 1 && cols < cpCols && cols*d.x.Shape[d.first-1]*rank <= cpWords {
		d.first--
		cols *= d.x.Shape[d.first]
	}
	rows := d.x.Len() / cols
	flat := matrix.Of(rows, cols, d.x.Data)
	if mask == nil {
		d.flat = NewDense(flat, scale, floor, d.pool.Workers())
	} else {
		d.flat = NewMasked(flat, mask.Matrix(rows, cols), scale, floor, d.pool.Workers()).Dense
	}
	d.rt, d.r = matrix.New[T](rank, cols), matrix.New[T](cols, rank)
	d.flat.ht = d.r
	d.pass.init(d)
}

// Shape returns the sizes of the modes.
func (d *DenseTensor[T]) Shape() []int { return d.x.Shape }

// Stats returns the sums over the scaled data; all but Squares with the floor.
func (d *DenseTensor[T]) Stats() Stats { return d.flat.Stats() }

// ReduceFloat64 does nothing: all entries are here.
func (d *DenseTensor[T]) ReduceFloat64([]float64) {}

// Reset begins with a new tree.
func (d *DenseTensor[T]) Reset() {
	if d.products {
		d.tree = tensor.NewTree[T](d.x.Shape, d.rank)
	}
}

// Changed drops the partial products that the factor of a mode is part of.
func (d *DenseTensor[T]) Changed(mode int) {
	if d.tree != nil {
		d.tree.Changed(mode)
	}
}

// Scaled scales the partial products that the factor of a mode is part of.
func (d *DenseTensor[T]) Scaled(mode int, s []float64) {
	if d.tree != nil {
		d.tree.Scaled(mode, s)
	}
}

// MTTKRP is that of [tensor.Tree], or a pass where entries are missing.
func (d *DenseTensor[T]) MTTKRP(dst *matrix.Dense[T], mode int, f []*matrix.Dense[T]) {
	if d.flat.mask != nil {
		d.useTrailing(f)
		d.pass.run(dst, nil, loss.Frobenius, mode, f, true)
		return
	}
	d.tree.MTTKRP(d.pool, dst, d.x, f, mode)
}

// Equations makes the normal equations of each row of a factor.
func (d *DenseTensor[T]) Equations(mode int, f []*matrix.Dense[T], do func(Equations)) {
	d.equations.run(d.pool, d.flat, d.x.Shape, mode, f, do)
}

// Probe is [tensor.MTTKRP].
func (d *DenseTensor[T]) Probe(dst *matrix.Dense[T], mode int, f []*matrix.Dense[T]) {
	d.probes.MTTKRP(d.pool, dst, d.x, f, mode)
}

// Quotients makes a pass: for every tile the model, its quotients, and straight
// into the products.
func (d *DenseTensor[T]) Quotients(num, den *matrix.Dense[T], l loss.Loss, mode int, f []*matrix.Dense[T]) {
	d.useTrailing(f)
	d.pass.run(num, den, l, mode, f, false)
}

// Loss makes a pass for the loss.
func (d *DenseTensor[T]) Loss(l loss.Loss, f []*matrix.Dense[T]) (divergence, squares float64) {
	d.useTrailing(f)
	p := &d.pass
	p.l, p.f, p.mode, p.num, p.den, p.filled = l, f, -1, nil, nil, false
	d.pool.Run(d.flat.Blocks(), p)
	for _, s := range p.sums[:d.flat.Blocks()] {
		divergence += s[0]
		squares += s[1]
	}
	return divergence, squares
}

// useTrailing computes R and Rᵀ.
func (d *DenseTensor[T]) useTrailing(f []*matrix.Dense[T]) {
	for c := range d.r.Rows {
		krRow(d.r.Row(c), f[d.first:], c, -1)
	}
	d.r.TransposeTo(d.rt)
}

// krRow writes row i of the Khatri-Rao product of f, the last matrix running
// fastest, without the factor of index skip.
func krRow[T asm.Float](dst []T, f []*matrix.Dense[T], i, skip int) {
	for q := range dst {
		dst[q] = 1
	}
	for n, m := range slices.Backward(f) {
		if n != skip {
			row := m.Row(i % m.Rows)
			for q := range dst {
				dst[q] *= row[q]
			}
		}
		i /= m.Rows
	}
}
