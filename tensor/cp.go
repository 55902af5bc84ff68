package tensor

// The canonical polyadic model, a sum of r arrays of rank one:
//
//	x[i_0, …, i_{N-1}] = Σ_q w_q · Π_n F_n[i_n, q]

import (
	"math"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
)

// CP is a canonical polyadic model: factors I_n x r, one for each mode, and the
// weights of their columns; nil weights are ones.
type CP[T Float] struct {
	Weights []float64
	Factors []*matrix.Dense[T]
}

// Rank returns the number of components. It panics when there are no factors.
func (m CP[T]) Rank() int {
	if len(m.Factors) == 0 {
		fail("CP.Rank", "a model without factors")
	}
	_, r := m.Factors[0].Dims()
	return r
}

// Shape returns the sizes of the modes.
func (m CP[T]) Shape() []int {
	shape := make([]int, len(m.Factors))
	for n, f := range m.Factors {
		shape[n], _ = f.Dims()
	}
	return shape
}

// Check panics with an [Error] of the given operation when the parts of the model do
// not fit each other.
func (m CP[T]) Check(op string) {
	if len(m.Factors) == 0 {
		fail(op, "a model without factors")
	}
	for n, f := range m.Factors {
		checkFields(op, f)
		if f.Cols != m.Rank() || m.Weights != nil && len(m.Weights) != m.Rank() {
			fail(op, "factor %d is %d x %d beside %d components and %d weights", n, f.Rows, f.Cols, m.Rank(), len(m.Weights))
		}
	}
}

func (m CP[T]) weight(q int) float64 {
	if m.Weights == nil {
		return 1
	}
	return m.Weights[q]
}

// Norm returns the Frobenius norm of the model without forming it, by the Gram
// matrices of the factors: √(wᵀ·(∘_n F_nᵀF_n)·w), in float64. It panics when the
// parts do not fit. It is Inf or 0 where squares leave the range of float64. Cost
// Σ I_n·r² flops.
func (m CP[T]) Norm() float64 {
	m.Check("CP.Norm")
	r := m.Rank()
	all, gram := matrix.New[float64](r, r), matrix.New[float64](r, r)
	HadamardGram(all, nil, -1)
	for _, f := range m.Factors {
		matrix.Gram(nil, gram, f, false)
		for q := range r {
			times(all.Row(q), all.Row(q), gram.Row(q))
		}
	}
	var s float64
	for q := range r {
		for p, v := range all.Row(q) {
			s += m.weight(q) * v * m.weight(p)
		}
	}
	return math.Sqrt(math.Max(s, 0)) // rounding may leave less than nothing
}

// Inner returns the inner product of two models, which may have different ranks,
// without forming them, in float64. It panics when the shapes differ. Cost
// 2·Σ I_n·r_1·r_2 flops.
func (m CP[T]) Inner(o CP[T]) float64 {
	m.Check("CP.Inner")
	o.Check("CP.Inner")
	if len(m.Factors) != len(o.Factors) {
		fail("CP.Inner", "shapes %v and %v", m.Shape(), o.Shape())
	}
	all := make([]float64, m.Rank()*o.Rank())
	for q := range m.Rank() {
		for p := range o.Rank() {
			all[q*o.Rank()+p] = m.weight(q) * o.weight(p)
		}
	}
	gram := make([]float64, len(all))
	for n, f := range m.Factors {
		g := o.Factors[n]
		if f.Rows != g.Rows {
			fail("CP.Inner", "shapes %v and %v", m.Shape(), o.Shape())
		}
		clear(gram)
		for i := range f.Rows {
			for q, v := range f.Row(i) {
				to := gram[q*g.Cols : (q+1)*g.Cols]
				for p, w := range g.Row(i) {
					to[p] += float64(v) * float64(w)
				}
			}
		}
		for q := range m.Rank() {
			row := all[q*g.Cols : (q+1)*g.Cols]
			times(row, row, gram[q*g.Cols:])
		}
	}
	var s float64
	for _, v := range all {
		s += v
	}
	return s
}

// InnerDense returns the inner product of the model with t, by the MTTKRP of
// mode 0, with the last sums in float64. A solver that has the MTTKRP of some
// mode n gets it from there: Σ_iq w_q·F_n[i, q]·M[i, q]. It panics when the
// shapes differ. Cost 2·|X|·r flops.
func (m CP[T]) InnerDense(p *par.Pool, t *Dense[T]) float64 {
	m.Check("CP.InnerDense")
	t.checkMode("CP.InnerDense", 0)
	prod := matrix.New[T](t.Shape[0], m.Rank())
	t.checkFactors("CP.InnerDense", prod, m.Factors, 0)
	if m.Factors[0].Rows != t.Shape[0] {
		fail("CP.InnerDense", "shapes %v and %v", m.Shape(), t.Shape)
	}
	MTTKRP(p, prod, t, m.Factors, 0)
	var s float64
	for i := range prod.Rows {
		f := m.Factors[0].Row(i)
		for q, v := range prod.Row(i) {
			s += m.weight(q) * float64(f[q]) * float64(v)
		}
	}
	return s
}

// Reconstruct returns the array that the model stands for. Cost 2·|X|·r flops.
func (m CP[T]) Reconstruct(p *par.Pool) *Dense[T] {
	m.Check("CP.Reconstruct")
	t := New[T](m.Shape()...)
	m.ReconstructTo(p, t)
	return t
}

// ReconstructTo writes the array that the model stands for into dst, which has
// its shape and is contiguous.
func (m CP[T]) ReconstructTo(p *par.Pool, dst *Dense[T]) {
	m.Check("CP.Reconstruct")
	fits := dst.IsContiguous() && len(dst.Shape) == len(m.Factors)
	for n := 0; fits && n < len(m.Factors); n++ {
		fits = dst.Shape[n] == m.Factors[n].Rows
	}
	if !fits {
		fail("CP.Reconstruct", "shape %v into shape %v, strides %v", m.Shape(), dst.Shape, dst.Strides)
	}
	if dst.Len() == 0 {
		return
	}
	all := &cpAll[T]{dst: dst.Data}
	all.tiles.Set(m, p.Workers())
	rows, _ := all.tiles.Size()
	p.Run(ceil(rows, cpTile), all)
}

// cpAll writes a whole model, as a task over tiles.
type cpAll[T Float] struct {
	tiles CPTiles[T]
	dst   []T
}

func (t *cpAll[T]) Do(block, worker int) {
	rows, cols := t.tiles.Size()
	lo, hi := block*cpTile, min((block+1)*cpTile, rows)
	t.tiles.Tile(t.dst[lo*cols:hi*cols], lo, hi, worker)
}

// CPTiles gives a canonical polyadic model tile by tile, so that a pass over data
// can meet it without memory for all of it. The array is seen as a matrix, its
// rows the indices of the leading modes, its columns those of the trailing ones,
// so that rows [lo, hi) are elements lo·cols to hi·cols in memory. The columns'
// Khatri-Rao product is kept, transposed; they are as many of the last modes as
// make rows long enough to be worth a product.
type CPTiles[T Float] struct {
	m     CP[T]
	first int // of the trailing modes
	rows  int
	cols  int
	right []T // r x cols
	lead  [][]T
}

const (
	cpTile = 48 // rows that are worked on at a time
	cpCols = 64 // rows of at least this many columns, if there are
)

// Set takes the model as it is now, for tiles that up to the given number of
// workers ask for at the same time. It is to be called again when the factors
// have changed, and allocates only when sizes have grown.
func (t *CPTiles[T]) Set(m CP[T], workers int) {
	m.Check("CPTiles.Set")
	if t == nil || workers < 1 {
		fail("CPTiles.Set", "tiles that are nil, or for %d workers", workers)
	}
	r := m.Rank()
	t.m, t.first = m, len(m.Factors)-1
	t.rows, t.cols = 1, m.Factors[t.first].Rows
	for t.first > 0 && t.cols < cpCols && t.cols*m.Factors[t.first-1].Rows*r <= krWords {
		t.first--
		t.cols *= m.Factors[t.first].Rows
	}
	for _, f := range m.Factors[:t.first] {
		t.rows *= f.Rows
	}
	t.lead = growAll(t.lead, workers, (cpTile+2)*r)
	t.right = grow(t.right, r*t.cols)
	row, left := t.lead[0][:r], t.lead[0][r:2*r]
	for c := range t.cols {
		krPanel(row, r, m.Factors[t.first:], c, c+1, left)
		for q, v := range row {
			t.right[q*t.cols+c] = v
		}
	}
}

// Size returns the number of rows and columns of the model as a matrix.
func (t *CPTiles[T]) Size() (rows, cols int) {
	if t == nil {
		return 0, 0
	}
	return t.rows, t.cols
}

// Tile writes rows [lo, hi) into dst, one after the other. Each worker may ask for
// one tile at a time. Cost 2·(hi-lo)·cols·r flops.
func (t *CPTiles[T]) Tile(dst []T, lo, hi, worker int) {
	if t == nil || uint(worker) >= uint(len(t.lead)) {
		fail("CPTiles.Tile", "worker %d, which Set was not told of", worker)
	}
	if lo < 0 || hi < lo || hi > t.rows || len(dst) != (hi-lo)*t.cols {
		fail("CPTiles.Tile", "rows [%d, %d) of %d x %d into %d elements", lo, hi, t.rows, t.cols, len(dst))
	}
	ker, r := asm.For[T](), t.m.Rank()
	lead := t.lead[worker]
	for ; lo < hi; lo += cpTile {
		n := min(cpTile, hi-lo)
		for i := range n {
			row := lead[i*r : (i+1)*r]
			krRow(row, t.m.Factors[:t.first], lo+i)
			for q := range t.m.Weights {
				row[q] = T(t.m.Weights[q] * float64(row[q]))
			}
		}
		for q := 0; q < max(r, 1); q += outsideDepth {
			ker.Mul(n, t.cols, min(outsideDepth, r-q), lead[q:], r, 1, t.right[q*t.cols:], t.cols, dst, t.cols, q > 0, true)
		}
		dst = dst[n*t.cols:]
	}
}
