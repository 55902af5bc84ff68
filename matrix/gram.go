package matrix

import (
	"sync"

	"polyad/asm"
)

// gramDepth is the length over which the products of a Gram matrix are summed
// in the element type before they are added up in float64.
const gramDepth = 256

// Sums of squares in float32 are taken for good between these bounds, within its
// range with room for products of unlike columns.
const gramLeast, gramMost = 0x1p-60, 0x1p60

// Gram writes XᵀX (r x r for X of shape I x r) into dst, or XXᵀ for X of shape
// r x I when rows is set. Sums over 256 products are taken in the element type
// and added up in float64; where squares leave the range of float32, all are
// taken in float64. NaN and Inf propagate as in [Gemm]. It panics when dst is not
// r x r. Cost I·r·(r+1) flops.
func Gram[T Float](dst *Dense[float64], x *Dense[T], rows bool) {
	pool := &gramPools[asm.SizeOf[T]()/8]
	g, _ := pool.Get().(*GramWork[T])
	if g == nil {
		g = &GramWork[T]{}
	}
	g.Gram(dst, x, rows)
	pool.Put(g)
}

var gramPools [2]sync.Pool

// GramWork is the memory that [Gram] works with. One that is kept makes sure that
// nothing is allocated; it serves one computation at a time.
type GramWork[T Float] struct {
	ker          *asm.Kernels[T]
	r            int
	turned, part []T // gramDepth x r and r x r

	wide *GramWork[float64] // for float32, where it will not do; else nil
}

// NewGramWork returns the memory for Gram matrices of r components.
func NewGramWork[T Float](r int) *GramWork[T] {
	g := &GramWork[T]{}
	g.reserve(r)
	return g
}

func (g *GramWork[T]) reserve(r int) {
	if len(g.part) < r*r || len(g.turned) < gramDepth*r {
		g.part, g.turned = make([]T, r*r), make([]T, gramDepth*r)
	}
	g.r, g.ker = r, asm.For[T]()
	if asm.SizeOf[T]() == 4 {
		if g.wide == nil {
			g.wide = &GramWork[float64]{}
		}
		g.wide.reserve(r)
	}
}

// Gram is the function [Gram] in this memory.
func (g *GramWork[T]) Gram(dst *Dense[float64], x *Dense[T], rows bool) {
	r, length := x.Cols, x.Rows
	if rows {
		r, length = length, r
	}
	if dst.Rows != r || dst.Cols != r {
		fail("Gram", "%d x %d for %d components", dst.Rows, dst.Cols, r)
	}
	dst.Zero()
	if r == 0 {
		return
	}
	g.reserve(r)
	for i0 := 0; i0 < length; i0 += gramDepth {
		n := min(gramDepth, length-i0)
		if rows {
			part := x.block(0, i0, r, n)
			turned := Dense[T]{Rows: n, Cols: r, Stride: r, Data: g.turned}
			part.TransposeTo(&turned)
			g.add(dst, g.turned, r, n)
		} else {
			g.add(dst, x.Data[i0*x.Stride:], x.Stride, n)
		}
	}
	for k := 0; k < r; k++ {
		for l := 0; l < k; l++ {
			dst.Data[k*dst.Stride+l] = dst.Data[l*dst.Stride+k]
		}
	}
}

// add adds the products of n rows of x, stride apart, to the upper triangle of
// dst: strip by strip of columns, down to the diagonal.
func (g *GramWork[T]) add(dst *Dense[float64], x []T, stride, n int) {
	r := g.r
	width := g.ker.Narrow()
	for j := 0; j < r; j += width {
		w := min(width, r-j)
		g.ker.Mul(j+w, w, n, x, 1, stride, x[j:], stride, g.part[j:], r, false, true)
	}
	if g.wide != nil && !g.inRange() {
		wide := g.wide.turned
		for i := range n {
			for k, v := range x[i*stride : i*stride+r] {
				wide[i*r+k] = float64(v)
			}
		}
		g.wide.add(dst, wide, r, n)
		return
	}
	for k := 0; k < r; k++ {
		to, from := dst.Row(k)[k:], g.part[k*r+k:(k+1)*r]
		for l := range to {
			to[l] += float64(from[l])
		}
	}
}

// inRange reports whether the products that were just made neither left the range
// of float32 nor came near its ends. Columns of zeros count as out of it, since
// squares may have vanished.
func (g *GramWork[T]) inRange() bool {
	for k := range g.r {
		if d := g.part[k*g.r+k]; !(d > gramLeast && d < gramMost) {
			return false
		}
	}
	return true
}

// chunk is how many numbers a kernel gets at once: some microseconds, within
// which it cannot be interrupted.
const chunk = 8192

// Inner returns the inner product Σ a_ij·b_ij, accumulated in float64. It
// panics when the shapes differ.
func Inner[S, T Float](a *Dense[S], b *Dense[T]) float64 {
	if a.Rows != b.Rows || a.Cols != b.Cols {
		fail("Inner", "%d x %d and %d x %d", a.Rows, a.Cols, b.Rows, b.Cols)
	}
	var s float64
	if b, ok := any(b).(*Dense[S]); ok {
		ker := asm.For[S]()
		for i := 0; i < a.Rows; i++ {
			x, y := a.Row(i), b.Row(i)
			for j := 0; j < len(x); j += chunk {
				end := min(j+chunk, len(x))
				s += ker.Dot(x[j:end], y[j:end])
			}
		}
		return s
	}
	for i := 0; i < a.Rows; i++ {
		x, y := a.Row(i), b.Row(i)
		for j, v := range x {
			s += float64(v) * float64(y[j])
		}
	}
	return s
}

// Sum returns Σ m_ij, accumulated in float64.
func Sum[T Float](m *Dense[T]) float64 {
	var s float64
	ker := asm.For[T]()
	for i := 0; i < m.Rows; i++ {
		row := m.Row(i)
		for j := 0; j < len(row); j += chunk {
			s += ker.Sum(row[j:min(j+chunk, len(row))])
		}
	}
	return s
}
