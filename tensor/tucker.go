package tensor

// The Tucker model: a small core times a matrix along each mode,
//
//	X = G ×_0 U_0 ×_1 U_1 … ,  U_n of shape I_n x J_n, G of shape J_0 x J_1 x …

import (
	"math"
	"slices"

	"polyad/internal/par"
	"polyad/matrix"
)

// Tucker is a Tucker model: a core J_0 x J_1 x … and factors I_n x J_n, nil for
// a mode that is left as it is in the core.
type Tucker[T Float] struct {
	Core    *Dense[T]
	Factors []*matrix.Dense[T]
}

// Shape returns the sizes of the modes.
func (m Tucker[T]) Shape() []int {
	m.Check("Tucker.Shape")
	shape := append([]int(nil), m.Core.Shape...)
	for n, f := range m.Factors {
		if f != nil {
			shape[n] = f.Rows
		}
	}
	return shape
}

// rows returns the size of a mode.
func (m Tucker[T]) rows(n int) int {
	if f := m.Factors[n]; f != nil {
		return f.Rows
	}
	return m.Core.Shape[n]
}

// Check panics with an [Error] of the given operation when the parts of the model do
// not fit each other.
func (m Tucker[T]) Check(op string) {
	m.Core.checkFields(op)
	if len(m.Factors) != len(m.Core.Shape) {
		fail(op, "%d factors for a core of shape %v", len(m.Factors), m.Core.Shape)
	}
	for n, f := range m.Factors {
		if f != nil {
			checkFields(op, f)
		}
		if f != nil && f.Cols != m.Core.Shape[n] {
			fail(op, "factor %d is %d x %d for a core of shape %v", n, f.Rows, f.Cols, m.Core.Shape)
		}
	}
}

// Reconstruct returns the array that the model stands for, the core times the
// factors along all modes. See [MultiModeProductTo] for the cost.
func (m Tucker[T]) Reconstruct(p *par.Pool) *Dense[T] {
	m.Check("Tucker.Reconstruct")
	return MultiModeProduct(p, m.Core, m.Factors, false)
}

// Norm returns the Frobenius norm of the model without forming it, by the Gram
// matrices of the factors: √⟨G ×_0 U_0ᵀU_0 …, G⟩, in float64. It panics when the
// parts do not fit. It is Inf or 0 where squares leave the range of float64. Cost
// Σ I_n·J_n² + 2·|G|·Σ J_n flops.
func (m Tucker[T]) Norm() float64 {
	m.Check("Tucker.Norm")
	core := wideCore(m.Core)
	grams := make([]*matrix.Dense[float64], len(m.Factors))
	for n, f := range m.Factors {
		if f != nil {
			grams[n] = matrix.New[float64](f.Cols, f.Cols)
			matrix.Gram(nil, grams[n], f, false)
		}
	}
	return math.Sqrt(math.Max(dot64(MultiModeProduct(nil, core, grams, false).Data, core.Data), 0))
}

// Inner returns the inner product of two models, which may have cores of different
// shapes, without forming them: ⟨G ×_0 V_0ᵀU_0 …, H⟩ for another model with core H
// and factors V_n, in float64. It panics when the shapes differ. Cost
// 2·Σ I_n·J_n·K_n flops for H of shape K_0 x K_1 x …, and a [MultiModeProduct].
func (m Tucker[T]) Inner(o Tucker[T]) float64 {
	m.Check("Tucker.Inner")
	o.Check("Tucker.Inner")
	if !slices.Equal(m.Shape(), o.Shape()) {
		fail("Tucker.Inner", "shapes %v and %v", m.Shape(), o.Shape())
	}
	cross := make([]*matrix.Dense[float64], len(m.Factors))
	for n, u := range m.Factors {
		v := o.Factors[n]
		switch {
		case u != nil && v != nil:
			cross[n] = matrix.New[float64](v.Cols, u.Cols)
			matrix.Gemm(nil, true, false, 1, matrix.Convert[float64](v), matrix.Convert[float64](u), 0, cross[n])
		case u != nil:
			cross[n] = matrix.Convert[float64](u)
		case v != nil:
			cross[n] = matrix.Convert[float64](v).Transpose()
		}
	}
	return dot64(MultiModeProduct(nil, wideCore(m.Core), cross, false).Data, wideCore(o.Core).Data)
}

// wideCore returns a copy in float64, without gaps.
func wideCore[T Float](core *Dense[T]) *Dense[float64] {
	wide := New[float64](core.Shape...)
	for i, v := range core.Contiguous().Data[:wide.Len()] {
		wide.Data[i] = float64(v)
	}
	return wide
}

// InnerDense returns the inner product of the model with t: that of the core with
// the projection of t, t ×_0 U_0ᵀ ×_1 U_1ᵀ …, with the last sums in float64. It
// panics when the shapes differ.
func (m Tucker[T]) InnerDense(p *par.Pool, t *Dense[T]) float64 {
	m.Check("Tucker.InnerDense")
	t.checkFields("Tucker.InnerDense")
	return dot64(MultiModeProduct(p, t, m.Factors, true).Data, m.Core.Contiguous().Data[:m.Core.Len()])
}

func dot64[T Float](a, b []T) float64 {
	return matrix.Inner(matrix.Of(1, len(a), a), matrix.Of(1, len(b), b))
}

// TuckerTiles gives a Tucker model tile by tile: rows [lo, hi) are the elements
// whose index in mode 0 is in this range, as they lie in memory.
type TuckerTiles[T Float] struct {
	m          Tucker[T]
	rows, cols int
	lent       []tuckerTile[T]
}

// tuckerTile is what one worker works with.
type tuckerTile[T Float] struct {
	work Work[T]
	dst  Dense[T]
	core Dense[T] // its slices that belong to the rows where factor 0 is nil
	head matrix.Dense[T]
	f    []*matrix.Dense[T]
}

// Set takes the model as it is now, for tiles that up to the given number of
// workers ask for at the same time.
func (t *TuckerTiles[T]) Set(m Tucker[T], workers int) {
	m.Check("TuckerTiles.Set")
	if t == nil || workers < 1 {
		fail("TuckerTiles.Set", "tiles that are nil, or for %d workers", workers)
	}
	if len(m.Factors) == 0 {
		fail("TuckerTiles.Set", "a model without modes")
	}
	t.m = m
	t.m.Core = m.Core.Contiguous()
	t.rows, t.cols = m.rows(0), 1
	for n := range m.Factors[1:] {
		t.cols *= m.rows(n + 1)
	}
	for len(t.lent) < workers {
		t.lent = append(t.lent, tuckerTile[T]{})
	}
	for i := range t.lent {
		w := &t.lent[i]
		w.f = append(w.f[:0], m.Factors...)
		w.dst.Shape = w.dst.Shape[:0]
		for n := range m.Factors {
			w.dst.Shape = append(w.dst.Shape, m.rows(n))
		}
		w.core.Shape = append(w.core.Shape[:0], m.Core.Shape...)
	}
}

// Size returns the number of rows and columns of the model as a matrix.
func (t *TuckerTiles[T]) Size() (rows, cols int) {
	if t == nil {
		return 0, 0
	}
	return t.rows, t.cols
}

// Tile writes rows [lo, hi) into dst, one after the other: the core times the
// rows of factor 0 and the other factors, in the order of fewest flops. Each
// worker may ask for one tile at a time. Tiles of several rows cost less for
// each.
func (t *TuckerTiles[T]) Tile(dst []T, lo, hi, worker int) {
	if t == nil || uint(worker) >= uint(len(t.lent)) {
		fail("TuckerTiles.Tile", "worker %d, which Set was not told of", worker)
	}
	if lo < 0 || hi < lo || hi > t.rows || len(dst) != (hi-lo)*t.cols {
		fail("TuckerTiles.Tile", "rows [%d, %d) of %d x %d into %d elements", lo, hi, t.rows, t.cols, len(dst))
	}
	w := &t.lent[worker]
	core := t.m.Core
	if f := t.m.Factors[0]; f != nil {
		w.head = matrix.Dense[T]{Rows: hi - lo, Cols: f.Cols, Stride: f.Stride, Data: f.Data[min(lo*f.Stride, len(f.Data)):]}
		w.f[0] = &w.head
	} else {
		size := 1
		for _, j := range core.Shape[1:] {
			size *= j
		}
		w.core.Shape[0], w.core.Data = hi-lo, core.Data[lo*size:hi*size]
		w.core.Strides = rowMajor(w.core.Strides, w.core.Shape)
		core = &w.core
	}
	w.dst.Shape[0], w.dst.Data = hi-lo, dst
	w.dst.Strides = rowMajor(w.dst.Strides, w.dst.Shape)
	w.work.MultiModeProductTo(nil, &w.dst, core, w.f, false)
	w.dst.Data, w.core.Data = nil, nil
}
