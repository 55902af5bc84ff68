package matrix

import (
	"sync"

	"polyad/asm"
	"polyad/internal/par"
)

// Sizes of Gram matrices, in numbers of columns, rows and flops.
const (
	// gramDepth is the length over which products are summed in the element type
	// before they are added up in float64.
	gramDepth = 256

	// Up to gramNarrow columns the length is cut into 2, 4, … up to gramParts parts
	// where there are gramLarge flops, as long as each part has about gramPart of
	// them; rows of fewer than gramFew columns take as long as those of so many. Of
	// more than gramNarrow columns, panels of gramPanel are what is shared out.
	gramNarrow = 192
	gramFew    = 6
	gramParts  = 16
	gramPart   = 1 << 20
	gramLarge  = 1 << 22
	gramPanel  = 48
)

// Sums of squares in float32 are taken for good between these bounds, within its
// range with room for products of unlike columns.
const gramLeast, gramMost = 0x1p-60, 0x1p60

// Gram writes XᵀX (r x r for X of shape I x r) into dst, or XXᵀ for X of shape
// r x I when rows is set. Sums over 256 products are taken in the element type
// and added up in float64; where squares leave the range of float32, all are
// taken in float64. NaN and Inf propagate as in [Gemm]. Parts of X, or blocks of
// dst, are computed in parallel on p; nil, which is what callers outside of polyad
// pass, means on the calling goroutine. The result does not depend on the number
// of workers. It panics when dst is not r x r. Cost I·r·(r+1) flops.
func Gram[T Float](p *par.Pool, dst *Dense[float64], x *Dense[T], rows bool) {
	g := pooledGram[T]()
	g.Gram(p, dst, x, rows)
	gramPools[asm.SizeOf[T]()/8].Put(g)
}

// GramStack writes Σ X_i·X_iᵀ into dst (r x r), where the X_i are the blocks of r
// rows of X that lie below each other: XXᵀ for [X_0, X_1, …] side by side. It
// panics when dst is not square or X has other rows. Otherwise it is like [Gram].
func GramStack[T Float](p *par.Pool, dst *Dense[float64], x *Dense[T]) {
	x.checkFields("GramStack")
	dst.checkFields("GramStack")
	r := dst.Rows
	if dst.Cols != r || r == 0 && x.Rows > 0 || r > 0 && x.Rows%r != 0 {
		fail("GramStack", "%d x %d for blocks of %d x %d", dst.Rows, dst.Cols, x.Rows, x.Cols)
	}
	g := pooledGram[T]()
	if r > 0 {
		g.sum(p, dst, x, true, x.Rows/r*x.Cols)
	}
	gramPools[asm.SizeOf[T]()/8].Put(g)
}

var gramPools [2]sync.Pool

func pooledGram[T Float]() *GramWork[T] {
	if g, _ := gramPools[asm.SizeOf[T]()/8].Get().(*GramWork[T]); g != nil {
		return g
	}
	return &GramWork[T]{}
}

// GramWork is the memory that [Gram] works with. The zero value is ready; one that
// is kept makes sure that nothing is allocated once it has served such a shape. It
// serves one computation at a time.
type GramWork[T Float] struct {
	ker    *asm.Kernels[T]
	dst    *Dense[float64]
	x      *Dense[T]
	rows   bool
	r      int
	length int // of the sums
	stage  int

	parts   int
	partial []float64 // the parts' sums but for the first, r x r each

	i0, n  int    // the rows of XᵀX's X that are multiplied
	turned []T    // they, where X's lie the other way: one panel after the other
	far    []bool // panels out of float32's range

	lent []gramScratch[T] // by worker
}

// What a task of a [GramWork] is: to sum up one part of the length, to compute the
// block of a panel of columns on the diagonal, or those above it.
const (
	gramByPart = iota
	gramDiagonal
	gramAbove
)

// gramScratch is what one worker works with.
type gramScratch[T Float] struct {
	turned []T       // gramDepth rows
	sums   []T       // for float32: products before they are added
	wide   []float64 // for float32: rows where it will not do
}

// Gram is the function [Gram] in this memory.
func (g *GramWork[T]) Gram(p *par.Pool, dst *Dense[float64], x *Dense[T], rows bool) {
	if g == nil {
		fail("Gram", "the memory is nil")
	}
	x.checkFields("Gram")
	dst.checkFields("Gram")
	r, length := x.Cols, x.Rows
	if rows {
		r, length = length, r
	}
	if dst.Rows != r || dst.Cols != r {
		fail("Gram", "%d x %d for %d components", dst.Rows, dst.Cols, r)
	}
	g.sum(p, dst, x, rows, length)
}

func (g *GramWork[T]) sum(p *par.Pool, dst *Dense[float64], x *Dense[T], rows bool, length int) {
	if length == 0 || dst.Rows == 0 {
		dst.Zero()
		return
	}
	g.ker, g.dst, g.x, g.rows, g.r, g.length = asm.For[T](), dst, x, rows, dst.Rows, length
	if g.r <= gramNarrow {
		g.byParts(p)
	} else {
		g.byPanels(p)
	}
	g.dst, g.x = nil, nil
	mirrorUp(dst)
}

// byParts adds up the sums over parts of the length.
func (g *GramWork[T]) byParts(p *par.Pool) {
	r, few := g.r, max(g.r, gramFew)
	chunks, work := (g.length+gramDepth-1)/gramDepth, few*(few+1)
	g.parts = 1
	if g.length >= gramLarge/work {
		for g.parts < gramParts && 2*g.parts <= chunks && g.length/(2*g.parts) >= gramPart/work {
			g.parts *= 2
		}
	}
	g.partial = atLeast(g.partial, (g.parts-1)*r*r)
	g.reserve(p.Workers(), r*gramDepth, r*r, r*gramDepth)
	g.stage = gramByPart
	p.Run(g.parts, g)
	ker := asm.For[float64]()
	for part := 1; part < g.parts; part++ {
		from := g.partial[(part-1)*r*r:]
		for k := range r {
			ker.Axpy(1, from[k*r+k:(k+1)*r], g.dst.Row(k)[k:])
		}
	}
}

// byPanels adds the products of gramDepth rows after the other, panel by panel of
// the columns of dst.
func (g *GramWork[T]) byPanels(p *par.Pool) {
	panels := (g.r + gramPanel - 1) / gramPanel
	g.far = atLeast(g.far, panels)
	if g.rows {
		g.turned = atLeast(g.turned, g.r*gramDepth)
	}
	g.reserve(p.Workers(), 0, gramPanel*gramPanel, 2*gramPanel*gramDepth)
	for g.i0 = 0; g.i0 < g.length; g.i0 += gramDepth {
		g.n = min(gramDepth, g.length-g.i0)
		g.stage = gramDiagonal
		p.Run(panels, g)
		g.stage = gramAbove
		p.Run(panels-1, g)
	}
}

// reserve makes room for as many numbers for each worker.
func (g *GramWork[T]) reserve(workers, turned, sums, wide int) {
	for len(g.lent) < workers {
		g.lent = append(g.lent, gramScratch[T]{})
	}
	for i := range g.lent {
		s := &g.lent[i]
		if g.rows {
			s.turned = atLeast(s.turned, turned)
		}
		if asm.SizeOf[T]() == 4 {
			s.sums, s.wide = atLeast(s.sums, sums), atLeast(s.wide, wide)
		}
	}
}

// atLeast returns x, or a new slice if x is shorter than n.
func atLeast[E any](x []E, n int) []E {
	if len(x) < n {
		return make([]E, n)
	}
	return x
}

// Do runs one task of the current stage.
func (g *GramWork[T]) Do(task, worker int) {
	s := &g.lent[worker]
	switch g.stage {
	case gramByPart:
		g.part(s, task)
	case gramDiagonal:
		q, w := g.panel(task)
		x, stride := g.columns(q, w)
		if g.rows {
			g.turn(x, q, w, g.i0, g.n)
		}
		to := g.dst.block(q, q, w, w)
		g.far[task] = g.triangle(s, &to, x, stride, g.n, g.i0 > 0)
	default: // the highest first
		j := (g.r-1)/gramPanel - task
		for i := range j {
			g.block(s, i, j)
		}
	}
}

// columns returns the rows that are multiplied, from column q on, and their
// distance.
func (g *GramWork[T]) columns(q, w int) (x []T, stride int) {
	if g.rows {
		return g.turned[q*gramDepth:], w
	}
	return g.x.Data[g.i0*g.x.Stride+q:], g.x.Stride
}

// panel returns the first column of a panel and their number.
func (g *GramWork[T]) panel(k int) (q, w int) {
	return k * gramPanel, min(gramPanel, g.r-k*gramPanel)
}

// part sums up one part of the length.
func (g *GramWork[T]) part(s *gramScratch[T], part int) {
	to := *g.dst
	if part > 0 {
		to = Dense[float64]{Rows: g.r, Cols: g.r, Stride: g.r, Data: g.partial[(part-1)*g.r*g.r : part*g.r*g.r]}
	}
	chunks := (g.length + gramDepth - 1) / gramDepth
	first, end := part*chunks/g.parts, (part+1)*chunks/g.parts
	for c := first; c < end; c++ {
		i0 := c * gramDepth
		n := min(gramDepth, g.length-i0)
		if g.rows {
			g.turn(s.turned, 0, g.r, i0, n)
			g.triangle(s, &to, s.turned, g.r, n, c > first)
		} else {
			g.triangle(s, &to, g.x.Data[i0*g.x.Stride:], g.x.Stride, n, c > first)
		}
	}
}

// turn copies w columns of n rows of the X of XᵀX, from row i0 and column q on,
// where X's own rows are these columns, to rows of dst without gaps.
func (g *GramWork[T]) turn(dst []T, q, w, i0, n int) {
	x := g.x
	for done := 0; done < n; {
		block, j := (i0+done)/x.Cols, (i0+done)%x.Cols
		m := min(n-done, x.Cols-j)
		from := span(x.Data[(block*g.r+q)*x.Stride+j:], w, x.Stride, m)
		g.ker.Transpose(dst[done*w:], w, from, x.Stride, w, m)
		done += m
	}
}

// triangle writes, or adds, the products of n rows of x, stride apart, with
// themselves to the upper triangle of to: strip by strip of columns, down to the
// diagonal. It reports whether they leave the range of float32.
func (g *GramWork[T]) triangle(s *gramScratch[T], to *Dense[float64], x []T, stride, n int, add bool) (far bool) {
	if same, ok := any(to).(*Dense[T]); ok {
		triangle(g.ker, same, x, stride, n, add)
		return false
	}
	r := to.Rows
	sums := Dense[T]{Rows: r, Cols: r, Stride: r, Data: s.sums[:r*r]}
	triangle(g.ker, &sums, x, stride, n, false)
	if far = !inRange(&sums); far {
		widen(s.wide, r, x, stride, n)
		triangle(asm.For[float64](), to, s.wide, r, n, add)
		return true
	}
	for k := range r {
		addWide(to.Row(k)[k:], sums.Row(k)[k:], add)
	}
	return false
}

// block does the same for the products of panel i with panel j behind it.
func (g *GramWork[T]) block(s *gramScratch[T], i, j int) {
	qi, h := g.panel(i)
	qj, w := g.panel(j)
	xi, si := g.columns(qi, h)
	xj, sj := g.columns(qj, w)
	n, add := g.n, g.i0 > 0
	to := g.dst.block(qi, qj, h, w)
	if same, ok := any(&to).(*Dense[T]); ok {
		g.ker.Mul(h, w, n, xi, 1, si, xj, sj, same.Data, same.Stride, add, true)
		return
	}
	if g.far[i] || g.far[j] {
		wi, wj := s.wide, s.wide[h*gramDepth:]
		widen(wi, h, xi, si, n)
		widen(wj, w, xj, sj, n)
		asm.For[float64]().Mul(h, w, n, wi, 1, h, wj, w, to.Data, to.Stride, add, true)
		return
	}
	g.ker.Mul(h, w, n, xi, 1, si, xj, sj, s.sums, w, false, true)
	for k := range h {
		addWide(to.Row(k), s.sums[k*w:(k+1)*w], add)
	}
}

// triangle writes, or adds, the upper triangle of XᵀX for n rows of x.
func triangle[T Float](ker *asm.Kernels[T], to *Dense[T], x []T, stride, n int, add bool) {
	r, width := to.Rows, ker.Narrow()
	for j := 0; j < r; j += width {
		w := min(width, r-j)
		ker.Mul(j+w, w, n, x, 1, stride, x[j:], stride, to.Data[j:], to.Stride, add, true)
	}
}

// inRange reports whether the products that were just made neither left the range
// of float32 nor came near its ends. Columns of zeros count as out of it, since
// squares may have vanished.
func inRange[T Float](sums *Dense[T]) bool {
	for k := range sums.Rows {
		if d := sums.Data[k*sums.Stride+k]; !(d > gramLeast && d < gramMost) {
			return false
		}
	}
	return true
}

// widen copies n rows of r numbers of x to rows without gaps.
func widen[T Float](dst []float64, r int, x []T, stride, n int) {
	for i := range n {
		to := dst[i*r : (i+1)*r]
		for k, v := range x[i*stride : i*stride+r] {
			to[k] = float64(v)
		}
	}
}

// addWide writes or adds numbers of float32.
func addWide[T Float](to []float64, from []T, add bool) {
	to = to[:len(from)]
	if !add {
		for l, v := range from {
			to[l] = float64(v)
		}
		return
	}
	for l, v := range from {
		to[l] += float64(v)
	}
}

// mirrorUp makes a square matrix symmetric by its upper triangle.
func mirrorUp(m *Dense[float64]) {
	ker := asm.For[float64]()
	for i := 0; i < m.Rows; i += gramPanel {
		h := min(gramPanel, m.Rows-i)
		for k := i; k < i+h; k++ {
			for l := i; l < k; l++ {
				m.Data[k*m.Stride+l] = m.Data[l*m.Stride+k]
			}
		}
		for j := i + h; j < m.Rows; j += gramPanel {
			w := min(gramPanel, m.Rows-j)
			ker.Transpose(span(m.Data[j*m.Stride+i:], w, m.Stride, h), m.Stride, span(m.Data[i*m.Stride+j:], h, m.Stride, w), m.Stride, h, w)
		}
	}
}
