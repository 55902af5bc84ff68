package asm

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// pages returns n elements that end, or begin, at a page that cannot be
// accessed: reading or writing beyond them ends the program.
func pages[T Float](t *testing.T, n int, atEnd bool) []T {
	t.Helper()
	page := syscall.Getpagesize()
	size := (n*SizeOf[T]() + page - 1) / page * page
	mem, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Munmap(mem) })
	require.NoError(t, syscall.Mprotect(mem[:page], syscall.PROT_NONE))
	require.NoError(t, syscall.Mprotect(mem[page+size:], syscall.PROT_NONE))
	o := page
	if atEnd {
		o = page + size - n*SizeOf[T]()
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&mem[o])), n)
}

func TestKernelsStayWithinTheirMemory(t *testing.T) {
	both(t, testGuards[float32], testGuards[float64])
}

func testGuards[T Float](t *testing.T, ker *Kernels[T]) {
	ker, missing := recorded(ker)
	defer func() { require.Empty(t, missing(), "kernels that no test calls beside a guard page") }()
	const longest = 147
	for _, atEnd := range []bool{false, true} {
		var v [5][]T
		for i := range v {
			v[i] = pages[T](t, longest, atEnd)
		}
		wide := pages[float64](t, longest, atEnd)
		for n := 1; n <= longest; n++ {
			var x [5][]T
			for i := range x {
				if x[i] = v[i][:n]; atEnd {
					x[i] = v[i][longest-n:]
				}
			}
			for _, c := range vectorCases[T]() {
				c.call(ker, x, 1, .5)
			}
			for _, c := range sumCases[T]() {
				c.call(ker, x[0], x[1])
			}
			s := wide[:n]
			if atEnd {
				s = wide[longest-n:]
			}
			ker.AddAbs(s, x[0])
			ker.AddSquares(s, x[0])
			ker.ScaleBy(x[0], s)
		}
		side := 2*ker.Lanes + 2
		from, to := pages[T](t, side*side, atEnd), pages[T](t, side*side, atEnd)
		for rows := 1; rows <= side; rows++ {
			for cols := 1; cols <= side; cols++ {
				n := rows * cols
				src, dst := from[:n], to[:n]
				if atEnd {
					src, dst = from[len(from)-n:], to[len(to)-n:]
				}
				ker.Transpose(dst, rows, src, cols, rows, cols)
			}
		}
	}
	ker.Peak(2) // has no memory
	// Tiles end at the guard with their last row; with one column more than the
	// last vector has they would touch it.
	for last := 1; 2*last <= ker.Lanes && len(ker.Half) > 0; last++ {
		for _, tile := range ker.Half {
			const k = 3
			a, b, c := pages[T](t, tile.Rows*k, true), pages[T](t, k*last, true), pages[T](t, tile.Rows*last, true)
			tile.Edge(k, &a[0], k, 1, &b[0], last, &c[0], last, 1, last, 0, 0, 0, 0, 1, 0, 0, 0)
			tile.DownEdge(k, &a[0], tile.Rows, &b[0], last, &c[0], last, 1, last, 0, 1, 1, 1<<20, 1, 0, 0, 0)
			if 2*last == ker.Lanes {
				tile.Full(k, &a[0], k, 1, &b[0], last, &c[0], last, 1, 0, 64, 8, 8, 0, 1, 0, 0, 0)
				tile.Stream(k, &a[0], k, 1, &b[0], last, &c[0], last, 0, 0, 64, 8, 8, 0, 1, 0, 0, 0)
				tile.Down(k, &a[0], tile.Rows, &b[0], last, &c[0], last, 1, 0, 0, 1, 1, 1<<20, 1, 0, 0, 0)
			}
		}
	}
	for w, tiles := range ker.DownHalf {
		for _, tile := range tiles {
			for last := 1; 2*last <= ker.Lanes; last++ {
				const k = 3
				cols := (w+1)*ker.Lanes + last
				a, b, c := pages[T](t, tile.Rows*k, true), pages[T](t, k*cols, true), pages[T](t, tile.Rows*cols, true)
				tile.DownEdge(k, &a[0], tile.Rows, &b[0], cols, &c[0], cols, 1, last, 0, 1, 1, 1<<20, 1, 0, 0, 0)
			}
		}
	}
	for w, tiles := range ker.Tiles {
		for _, tile := range tiles {
			for last := 1; last <= ker.Lanes; last++ {
				const k = 3
				cols := w*ker.Lanes + last
				a, b, c := pages[T](t, tile.Rows*k, true), pages[T](t, k*cols, true), pages[T](t, tile.Rows*cols, true)
				tile.Edge(k, &a[0], k, 1, &b[0], cols, &c[0], cols, 1, last, 0, 0, 0, 0, 1, 0, 0, 0)
				tile.DownEdge(k, &a[0], tile.Rows, &b[0], cols, &c[0], cols, 1, last, 0, 1, 1, 1<<20, 1, 0, 0, 0)
				if last == ker.Lanes {
					tile.Full(k, &a[0], k, 1, &b[0], cols, &c[0], cols, 1, 0, 64, 8, 8, 0, 1, 0, 0, 0)
					tile.Stream(k, &a[0], k, 1, &b[0], cols, &c[0], cols, 0, 0, 64, 8, 8, 0, 1, 0, 0, 0)
					tile.Down(k, &a[0], tile.Rows, &b[0], cols, &c[0], cols, 1, 0, 0, 1, 1, 1<<20, 1, 0, 0, 0)
				}
			}
		}
	}
	for _, ratio := range ker.Ratios {
		const k = 3
		cols := ratio.Vectors * ker.Lanes
		a, b := pages[T](t, ratio.Rows*k, true), pages[T](t, k*cols, true)
		y, p, v := pages[T](t, ratio.Rows*cols, true), pages[T](t, ratio.Rows*cols, true), pages[T](t, ratio.Rows*cols, true)
		ratio.KL(k, &a[0], k, 1, &b[0], cols, &y[0], cols, &v[0], cols, 1, ker.Lanes, 64, 1, 0, 0, 0)
		ratio.IS(k, &a[0], k, 1, &b[0], cols, &y[0], &p[0], cols, &v[0], cols, 1, ker.Lanes, 64, 1, 0, 0, 0)
	}
	for half, tiles := range [][]Ratio[T]{ker.RatioEdge, ker.RatioHalf} {
		for _, ratio := range tiles {
			for cols := 1; cols <= ker.Lanes>>half; cols++ {
				const k = 3
				a, b := pages[T](t, ratio.Rows*k, true), pages[T](t, k*cols, true)
				y, p, v := pages[T](t, ratio.Rows*cols, true), pages[T](t, ratio.Rows*cols, true), pages[T](t, ratio.Rows*cols, true)
				ratio.KL(k, &a[0], k, 1, &b[0], cols, &y[0], cols, &v[0], cols, 1, cols, 64, 1, 0, 0, 0)
				ratio.IS(k, &a[0], k, 1, &b[0], cols, &y[0], &p[0], cols, &v[0], cols, 1, cols, 64, 1, 0, 0, 0)
			}
		}
	}
	// Strips begin or end at guards with all their operands.
	for _, atEnd := range []bool{false, true} {
		for _, r := range []int{1, 2, 3, 4, 7} {
			g, inv := pages[T](t, r*r, atEnd), pages[T](t, r, atEnd)
			for n := 1; n <= 5*ker.Lanes+3; n++ {
				a, x := pages[T](t, r*n, atEnd), pages[T](t, r*n, atEnd)
				ker.HALS(r, n, g, r, a, n, x, n, inv, 1, 0)
				ker.Fill(inv, 1)
				ker.HALS(r, n, g, r, a, n, x, n, inv, 1, 0)
				ker.SolveLower(r, n, g, r, false, inv, x, n)
				ker.SolveLower(r, n, g, r, true, inv, x, n)
			}
		}
	}
}

func TestProductsStayWithinTheirMemory(t *testing.T) {
	both(t, testProductGuards[float32], testProductGuards[float64])
}

// testProductGuards lets the drivers cover products of which every operand begins
// or ends at a guard, with many tiles to a call.
func testProductGuards[T Float](t *testing.T, ker *Kernels[T]) {
	const most, deepest = 70, 20
	r := rand.New(rand.NewPCG(15, 16))
	height, width := ker.Panel()
	for _, atEnd := range []bool{false, true} {
		var mem [5][]T
		for i := range mem {
			mem[i] = pages[T](t, 2*most*(most+8*ker.Lanes), atEnd)
		}
		operand := func(i, n int) []T {
			if atEnd {
				return mem[i][len(mem[i])-n:]
			}
			return mem[i][:n]
		}
		for range 300 {
			m, n, k := 1+r.IntN(most), 1+r.IntN(8*ker.Lanes), 1+r.IntN(deepest)
			a, aRow, aCol := operand(0, m*k), k, 1
			if r.IntN(2) == 0 {
				aRow, aCol = 1, m
			}
			b, c := operand(1, k*n), operand(2, m*n)
			ker.Mul(m, n, k, a, aRow, aCol, b, n, c, n, r.IntN(2) == 0, r.IntN(2) == 0)
			ker.RatioKL(m, n, k, a, aRow, aCol, b, n, c, n, operand(3, m*n), n, 1)
			ker.RatioIS(m, n, k, a, aRow, aCol, b, n, c, operand(4, m*n), n, operand(3, m*n), n, 1)
			row := (n + ker.Lanes - 1) / ker.Lanes * ker.Lanes
			ker.MulPast(m, n, k, a, aRow, aCol, b, n, operand(2, (m-1)*row+n), row)
			ker.MulPast(m, n, k, a, aRow, aCol, b, n, operand(2, m*row), row) // aligned at either end
			n = min(n, width)
			last := (m - 1) % height
			ker.MulPacked(m, n, k, operand(0, (m-1-last)*k+(k-1)*height+last+1), operand(1, k*n), operand(2, m*n), n, r.IntN(2) == 0)
		}
	}
}
