package matrix

import (
	"sync"

	"polyad/asm"
	"polyad/internal/par"
)

// Sizes of the packed product: a strip of B, gemmDepth rows deep, stays in the
// first-level cache while a block of gemmRows rows of A, packed, passes it from
// the second level; gemmCols columns of B are packed at a time.
const (
	gemmDepth = 256
	gemmRows  = 96
	gemmCols  = 1536

	// Where there are fewer blocks of rows than gemmTasks, strips of columns are
	// shared out as well, gemmStrips or more at a time.
	gemmTasks, gemmStrips = 16, 8

	// Products of up to so many multiplications are not worth a plan.
	gemmTiny = 4096

	// Up to this depth the rows of B are read where they lie.
	gemmShallow = 64

	// A shallow product with so many bytes or more is written past the caches,
	// which could not keep it.
	gemmPast = 16 << 20
)

// Gemm computes C = alpha·op(A)·op(B) + beta·C, where op(A) is A or, with tA,
// its transpose; beta = 0 overwrites C whatever it holds, and alpha = 0 looks at
// neither A nor B. NaN and Inf otherwise reach just the elements whose sums have
// them, also times a zero. C must not overlap A or B. Blocks of C run in parallel on p; nil, which is what callers outside of
// polyad pass, means on the calling goroutine. The result does not depend on the
// number of workers. It panics when the shapes do not fit. Cost 2·m·n·k flops.
//
// A tiny product reads its operands where they lie, and so does one with few
// columns or few rows, unless B is transposed; otherwise both are copied into
// panels that fit the caches (K. Goto, R. van de Geijn, Anatomy of
// high-performance matrix multiplication, ACM TOMS 34, 2008).
func Gemm[T Float](p *par.Pool, tA, tB bool, alpha T, a, b *Dense[T], beta T, c *Dense[T]) {
	a.checkFields("Gemm")
	b.checkFields("Gemm")
	c.checkFields("Gemm")
	m, k := a.Rows, a.Cols
	if tA {
		m, k = k, m
	}
	kb, n := b.Rows, b.Cols
	if tB {
		kb, n = n, kb
	}
	if k != kb || c.Rows != m || c.Cols != n {
		fail("Gemm", "%d x %d · %d x %d into %d x %d", m, k, kb, n, c.Rows, c.Cols)
	}
	if alpha == 0 || m == 0 || n == 0 || k == 0 {
		scale(c, beta)
		return
	}
	if beta != 0 {
		scale(c, beta)
	}
	if alpha == 1 && !tB && m*n <= gemmTiny/k {
		aRow, aCol := a.Stride, 1
		if tA {
			aRow, aCol = aCol, aRow
		}
		asm.For[T]().Mul(m, n, k, a.Data, aRow, aCol, b.Data, b.Stride, c.Data, c.Stride, beta != 0, false)
		return
	}
	g := newGemm[T](p.Workers())
	defer g.release()
	g.tA, g.tB, g.alpha, g.a, g.b, g.c = tA, tB, alpha, a, b, c
	g.share(m)
	for g.j0 = 0; g.j0 < n; g.j0 += gemmCols {
		g.j1 = min(g.j0+gemmCols, n)
		for g.k0 = 0; g.k0 < k; g.k0 += gemmDepth {
			g.k1 = min(g.k0+gemmDepth, k)
			g.add = beta != 0 || g.k0 > 0
			g.plan()
			if !g.direct {
				p.Run(g.strips, &g.packer)
			}
			p.Run(g.blocks*g.groups, g)
		}
	}
}

// scale multiplies c by beta.
func scale[T Float](c *Dense[T], beta T) {
	if beta == 1 {
		return
	}
	ker := asm.For[T]()
	for i := 0; i < c.Rows; i++ {
		row := c.Row(i)
		if beta == 0 {
			clear(row)
			continue
		}
		for j := 0; j < len(row); j += chunk {
			ker.Scale(row[j:min(j+chunk, len(row))], beta)
		}
	}
}

// gemm is a product under way: the part of it with depth [k0, k1) and columns
// [j0, j1).
type gemm[T Float] struct {
	tA, tB         bool
	alpha          T
	a, b, c        *Dense[T]
	k0, k1, j0, j1 int
	add            bool // to C; the first part overwrites it when beta is 0

	ker    *asm.Kernels[T]
	rows   int  // of a block
	blocks int  // of rows
	height int  // rows of a panel of A
	width  int  // columns of a strip of B
	strips int  // of the part
	groups int  // of strips, which are tasks of their own
	direct bool // B's rows are read where they lie
	packed []T  // the strips, one after the other
	packA  [][]T
	packer gemmPacker[T]
}

// gemmPools keep the panels of products that are done.
var gemmPools = [2]sync.Pool{}

func gemmPool[T Float]() *sync.Pool { return &gemmPools[asm.SizeOf[T]()/8] }

func newGemm[T Float](workers int) *gemm[T] {
	g, _ := gemmPool[T]().Get().(*gemm[T])
	if g == nil {
		g = &gemm[T]{}
	}
	for len(g.packA) < workers {
		g.packA = append(g.packA, make([]T, gemmRows*gemmDepth))
	}
	g.ker = asm.For[T]()
	g.packer.gemm = g
	return g
}

func (g *gemm[T]) release() {
	g.a, g.b, g.c = nil, nil, nil
	gemmPool[T]().Put(g)
}

// share cuts the rows into blocks of whole panels that are about equally high,
// an even number of them, so that two workers have the same to do.
func (g *gemm[T]) share(m int) {
	g.height, g.width = g.ker.Panel()
	blocks := (m + gemmRows - 1) / gemmRows
	if blocks > 1 {
		blocks += blocks % 2
	}
	panels := (m + g.height - 1) / g.height
	g.rows = (panels + blocks - 1) / blocks * g.height
	g.blocks = (m + g.rows - 1) / g.rows
}

// plan decides how the part is computed. Rows of B that lie along memory are
// read in place when the part is too small for packing to pay.
func (g *gemm[T]) plan() {
	n, depth := g.j1-g.j0, g.k1-g.k0
	_, g.width = g.ker.Panel()
	g.width = min(g.width, n)
	g.strips = (n + g.width - 1) / g.width
	g.groups = max(1, min(gemmTasks/g.blocks, g.strips/gemmStrips))
	g.direct = !g.tB && (g.c.Rows < 4*g.ker.Lanes || n <= 4*g.ker.Lanes || depth <= gemmShallow)
	if size := g.strips * g.width * depth; !g.direct && len(g.packed) < size {
		g.packed = make([]T, size)
	}
}

// gemmPacker copies one strip of op(B), its rows one after the other.
type gemmPacker[T Float] struct{ *gemm[T] }

func (t *gemmPacker[T]) Do(strip, _ int) {
	j0 := t.j0 + strip*t.width
	w, depth := min(t.width, t.j1-j0), t.k1-t.k0
	dst := t.packed[strip*t.width*depth:]
	if !t.tB {
		for l := range depth {
			copy(dst[l*w:(l+1)*w], t.b.Data[(t.k0+l)*t.b.Stride+j0:])
		}
		return
	}
	b := span(t.b.Data[j0*t.b.Stride+t.k0:], w, t.b.Stride, depth)
	t.ker.Transpose(dst, w, b, t.b.Stride, w, depth)
}

// Do adds the part's share to one block of rows of C and one group of strips.
func (g *gemm[T]) Do(task, worker int) {
	i0, group := task/g.groups*g.rows, task%g.groups
	first, end := group*g.strips/g.groups, (group+1)*g.strips/g.groups
	m, depth := min(g.rows, g.c.Rows-i0), g.k1-g.k0
	j0, j1 := g.j0+first*g.width, min(g.j0+end*g.width, g.j1)
	c := g.c.Data[i0*g.c.Stride+j0:]
	if g.direct {
		a, aRow, aCol := g.rowsOfA(i0, m, depth, worker)
		b := g.b.Data[g.k0*g.b.Stride+j0:]
		// A shallow product mostly writes C: along its rows.
		if shallow := depth <= gemmShallow; shallow && !g.add && len(g.c.Data)*asm.SizeOf[T]() >= gemmPast {
			g.ker.MulPast(m, j1-j0, depth, a, aRow, aCol, b, g.b.Stride, c, g.c.Stride)
		} else {
			g.ker.Mul(m, j1-j0, depth, a, aRow, aCol, b, g.b.Stride, c, g.c.Stride, g.add, !shallow)
		}
		return
	}
	a := g.panelsOfA(i0, m, depth, worker)
	for j := j0; j < j1; j += g.width {
		w := min(g.width, j1-j)
		g.ker.MulPacked(m, w, depth, a, g.packed[(j-g.j0)*depth:], c[j-j0:], g.c.Stride, g.add)
	}
}

// lieOfA returns op(A) from row i0 and the part's first column on, and the steps
// between its elements.
func (g *gemm[T]) lieOfA(i0 int) (a []T, row, col int) {
	if g.tA {
		return g.a.Data[g.k0*g.a.Stride+i0:], 1, g.a.Stride
	}
	return g.a.Data[i0*g.a.Stride+g.k0:], g.a.Stride, 1
}

// rowsOfA returns m rows of alpha·op(A) from row i0 on and the steps between its
// elements: in place when there is nothing to multiply.
func (g *gemm[T]) rowsOfA(i0, m, depth, worker int) (a []T, row, col int) {
	a, row, col = g.lieOfA(i0)
	if g.alpha == 1 {
		return a, row, col
	}
	dst := g.packA[worker]
	if g.tA {
		g.ker.Transpose(dst, depth, span(a, depth, col, m), col, depth, m)
	} else {
		for i := range m {
			copy(dst[i*depth:(i+1)*depth], a[i*row:])
		}
	}
	g.ker.Scale(dst[:m*depth], g.alpha)
	return dst, depth, 1
}

// panelsOfA copies m rows of alpha·op(A) from row i0 on into panels.
func (g *gemm[T]) panelsOfA(i0, m, depth, worker int) []T {
	a, row, col := g.lieOfA(i0)
	dst := g.packA[worker]
	for p := 0; p < m; p += g.height {
		rows, to := min(g.height, m-p), dst[p*depth:]
		if !g.tA {
			g.ker.Transpose(to, g.height, span(a[p*row:], rows, row, depth), row, rows, depth)
		} else {
			for l := range depth {
				copy(to[l*g.height:l*g.height+rows], a[p+l*col:])
			}
		}
		if g.alpha != 1 {
			g.ker.Scale(to[:min(len(to), g.height*depth)], g.alpha)
		}
	}
	return dst
}
