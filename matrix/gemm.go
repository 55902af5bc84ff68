package matrix

import (
	"polyad/asm"
	"polyad/internal/par"
)

// gemmRows is the number of rows of C that one block of parallel work covers;
// gemmCols the number of columns of B's rows that are worked on at a time, so
// that they stay in the first-level cache.
const (
	gemmRows = 64
	gemmCols = 1024
)

// Gemm computes C = alpha·op(A)·op(B) + beta·C, where op(A) is A or, with tA,
// its transpose; beta = 0 overwrites C whatever it holds. C must not overlap A
// or B. Blocks of rows of C run in parallel on p; nil, which is what callers
// outside of polyad pass, means on the calling goroutine. The result does not
// depend on the number of workers. It panics when the shapes do not
// fit. Cost 2·m·n·k flops.
func Gemm[T Float](p *par.Pool, tA, tB bool, alpha T, a, b *Dense[T], beta T, c *Dense[T]) {
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
	t := gemm[T]{tA: tA, tB: tB, alpha: alpha, a: a, b: b, beta: beta, c: c, k: k}
	blocks := (m + gemmRows - 1) / gemmRows
	if p.Workers() == 1 || blocks <= 1 {
		t.rows(0, m)
		return
	}
	task := t
	p.Run(blocks, &task)
}

type gemm[T Float] struct {
	tA, tB      bool
	alpha, beta T
	a, b, c     *Dense[T]
	k           int
}

func (t *gemm[T]) Do(block, _ int) {
	t.rows(block*gemmRows, min((block+1)*gemmRows, t.c.Rows))
}

// rows computes rows [i0, i1) of C.
func (t *gemm[T]) rows(i0, i1 int) {
	for i := i0; i < i1; i++ {
		row := t.c.Row(i)
		switch t.beta {
		case 0:
			clear(row)
		case 1:
		default:
			for j := range row {
				row[j] *= t.beta
			}
		}
	}
	if t.alpha == 0 || t.k == 0 {
		return
	}
	if t.tB {
		t.dots(i0, i1)
	} else {
		t.axpys(i0, i1)
	}
}

// element returns element (i, l) of op(A).
func (t *gemm[T]) element(i, l int) T {
	if t.tA {
		return t.a.Data[l*t.a.Stride+i]
	}
	return t.a.Data[i*t.a.Stride+l]
}

// axpys adds multiples of rows of B to rows of C, four at a time.
func (t *gemm[T]) axpys(i0, i1 int) {
	ker := asm.For[T]()
	for j0 := 0; j0 < t.c.Cols; j0 += gemmCols {
		j1 := min(j0+gemmCols, t.c.Cols)
		for i := i0; i < i1; i++ {
			y := t.c.Row(i)[j0:j1]
			l := 0
			for ; l+4 <= t.k; l += 4 {
				ker.Axpy4(t.alpha*t.element(i, l), t.alpha*t.element(i, l+1), t.alpha*t.element(i, l+2), t.alpha*t.element(i, l+3),
					t.b.Row(l)[j0:j1], t.b.Row(l + 1)[j0:j1], t.b.Row(l + 2)[j0:j1], t.b.Row(l + 3)[j0:j1], y)
			}
			for ; l < t.k; l++ {
				ker.Axpy(t.alpha*t.element(i, l), t.b.Row(l)[j0:j1], y)
			}
		}
	}
}

// dots takes inner products of rows of op(A) and rows of B, four at a time.
func (t *gemm[T]) dots(i0, i1 int) {
	ker := asm.For[T]()
	var column []T
	if t.tA {
		column = make([]T, t.k)
	}
	for i := i0; i < i1; i++ {
		x := column
		if t.tA {
			for l := range x {
				x[l] = t.element(i, l)
			}
		} else {
			x = t.a.Row(i)
		}
		y := t.c.Row(i)
		j := 0
		for ; j+4 <= len(y); j += 4 {
			s0, s1, s2, s3 := ker.Dot4(x, t.b.Row(j), t.b.Row(j+1), t.b.Row(j+2), t.b.Row(j+3))
			y[j] += t.alpha * s0
			y[j+1] += t.alpha * s1
			y[j+2] += t.alpha * s2
			y[j+3] += t.alpha * s3
		}
		for ; j < len(y); j++ {
			y[j] += t.alpha * ker.Dot(x, t.b.Row(j))
		}
	}
}
