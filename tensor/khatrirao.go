package tensor

// The Khatri-Rao product of matrices with r columns each has a row for every
// choice of one row from each of them, their elementwise product; the row of
// the last matrix runs fastest:
//
//	K[(i_0·I_1 + i_1)·I_2 + …, q] = Π_n F_n[i_n, q]
//
// With this order X_(n)·K is the MTTKRP for the unfolding of [Dense.Unfold].

import (
	"polyad/asm"
	"polyad/matrix"
)

// KhatriRao returns the Khatri-Rao product of the matrices but the one with
// index skip (-1: of all), Π I_n x r, the row of the last matrix running
// fastest. It panics when there is none, or the numbers of columns differ. No
// product of this package forms it; it is for small matrices and for tests.
// Cost Π I_n · r flops for each matrix.
func KhatriRao[T Float](f []*matrix.Dense[T], skip int) *matrix.Dense[T] {
	list := make([]*matrix.Dense[T], 0, len(f))
	rows := 1
	for n, m := range f {
		if n != skip {
			checkFields("KhatriRao", m)
			list = append(list, m)
			if m.Cols != list[0].Cols || (m.Rows > 0 && rows > maxInt/m.Rows) {
				fail("KhatriRao", "%d x %d beside %d x %d", m.Rows, m.Cols, list[0].Rows, list[0].Cols)
			}
			rows *= m.Rows
		}
	}
	if len(list) == 0 {
		fail("KhatriRao", "no matrices")
	}
	k := matrix.New[T](rows, list[0].Cols)
	krPanel(k.Data, k.Cols, list, 0, rows, make([]T, k.Cols))
	return k
}

// HadamardGram writes the elementwise product of the Gram matrices but the one with
// index skip (-1: of all) into dst: what belongs to the left of the normal equations of
// one factor, whose right is its MTTKRP. With nothing to multiply dst is all ones. It
// panics when a shape differs from that of dst, or dst is one of the matrices. Cost r²
// flops for each matrix.
func HadamardGram(dst *matrix.Dense[float64], grams []*matrix.Dense[float64], skip int) {
	checkFields("HadamardGram", dst)
	for n, g := range grams {
		if n != skip && g != nil && len(g.Data) > 0 && len(dst.Data) > 0 && &g.Data[0] == &dst.Data[0] {
			fail("HadamardGram", "dst is matrix %d of the product", n)
		}
	}
	for i := range dst.Rows {
		row := dst.Row(i)
		for j := range row {
			row[j] = 1
		}
	}
	for n, g := range grams {
		if n == skip {
			continue
		}
		checkFields("HadamardGram", g)
		if g.Rows != dst.Rows || g.Cols != dst.Cols {
			fail("HadamardGram", "%d x %d into %d x %d", g.Rows, g.Cols, dst.Rows, dst.Cols)
		}
		for i := range dst.Rows {
			times(dst.Row(i), dst.Row(i), g.Row(i))
		}
	}
}

// times writes the elementwise product of a and b.
func times[T Float](dst, a, b []T) { asm.For[T]().Hadamard(dst, a, b) }

// addTimes adds the elementwise product of a and b to dst.
func addTimes[T Float](dst, a, b []T) { asm.For[T]().HadamardAdd(dst, a, b) }

// krRow writes row i of the Khatri-Rao product of f, ones when f is empty.
func krRow[T Float](dst []T, f []*matrix.Dense[T], i int) {
	if len(f) == 0 {
		for q := range dst {
			dst[q] = 1
		}
		return
	}
	last := len(f) - 1
	copy(dst, f[last].Row(i%f[last].Rows))
	i /= f[last].Rows
	for n := last - 1; n >= 0; n-- {
		times(dst, dst, f[n].Row(i%f[n].Rows))
		i /= f[n].Rows
	}
}

// krPanel writes rows [k0, k1) of the Khatri-Rao product of f, one after the
// other; left is room for one row or, which is faster, krLeft.
func krPanel[T Float](dst []T, r int, f []*matrix.Dense[T], k0, k1 int, left []T) {
	last := f[len(f)-1]
	most := 1
	if last.Stride == r {
		most = max(1, len(left)/max(r, 1))
	}
	for k := k0; k < k1; {
		i := k % last.Rows
		n := min(last.Rows-i, k1-k)
		krRow(left[:r], f[:len(f)-1], k/last.Rows)
		copyRow(left, r, min(most, n))
		for n > 0 {
			rows := min(n, most)
			times(dst[(k-k0)*r:(k-k0+rows)*r], left, last.Data[i*last.Stride:])
			i, k, n = i+rows, k+rows, n-rows
		}
	}
}

// copyRow makes the first n rows of r elements equal to the first one.
func copyRow[T Float](x []T, r, n int) {
	for have := 1; have < n; have *= 2 {
		copy(x[have*r:n*r], x[:have*r])
	}
}

// krLeft returns the number of equal rows of r elements that it pays to multiply
// by at once.
func krLeft(r int) int { return max(1, 256/r) }

// krRun is the Khatri-Rao product of a run of neighbouring factors as products
// need it: rows o·in + k, of which the part of k is at hand and that of o is
// multiplied in afterwards, so that it costs one multiplication for in of them.
type krRun[T Float] struct {
	f      []*matrix.Dense[T]
	outer  int // how many of f belong to o
	rows   int
	in     int
	inner  []T // in rows, stride apart; nil when panels are formed as they are used
	stride int
	buf    []T
}

const (
	krWords  = 1 << 18 // at hand at most, unless it is a factor as it is
	krSaving = 128     // forming a row must serve this many rows of data
	krDeep   = 64      // products below this depth do not pay for folding
)

// set prepares the product of f for use with an array of size elements.
func (k *krRun[T]) set(f []*matrix.Dense[T], rank, size int) {
	k.f, k.rows = f, 1
	for _, m := range f {
		k.rows *= m.Rows
	}
	if len(f) == 0 {
		k.reserve(rank)
		krRow(k.buf[:rank], f, 0)
		k.outer, k.in, k.inner, k.stride = 0, 1, k.buf, rank
		return
	}
	n := len(f) - 1
	k.outer, k.in = n, f[n].Rows
	for n > 0 && k.in*f[n-1].Rows*rank <= krWords && k.in*f[n-1].Rows <= size/krSaving {
		n--
		k.in *= f[n].Rows
	}
	switch {
	case n == len(f)-1 && (n == 0 || k.in >= krDeep):
		k.inner, k.stride = f[n].Data, f[n].Stride
	case n > 0 && k.in < krDeep:
		k.outer, k.in, k.inner, k.stride = 0, k.rows, nil, rank
	default:
		k.outer, k.stride = n, rank
		k.reserve((k.in + 1) * rank)
		krPanel(k.buf[rank:], rank, f[n:], 0, k.in, k.buf[:rank])
		k.inner = k.buf[rank:]
	}
}

// whole lets a matrix with the given rows, all at hand, take the place of a
// product.
func (k *krRun[T]) whole(data []T, rows int) {
	k.f, k.outer, k.rows, k.in, k.inner = nil, 0, rows, rows, data
}

func (k *krRun[T]) reserve(words int) {
	if len(k.buf) < words {
		k.buf = make([]T, words)
	}
}

// weights writes the part of row o that is not at hand.
func (k *krRun[T]) weights(dst []T, o int) { krRow(dst, k.f[:k.outer], o) }
