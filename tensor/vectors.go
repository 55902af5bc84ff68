package tensor

// Partial products hold one row-major array for each component q, over the modes
// that are not summed over yet. Summing over mode m takes column q of its factor:
//
//	y[l, c] = Σ_i F_m[i, q]·x[l, i, c]
//
// for each component by itself, so nothing but the array's own size is read.

import (
	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
)

// modeSet is a set of modes.
type modeSet uint64

func (s modeSet) has(mode int) bool { return s>>mode&1 != 0 }

// modeRange returns the modes [lo, hi).
func modeRange(lo, hi int) modeSet { return modeSet(1)<<hi - modeSet(1)<<lo }

// maxOrder is the number of modes that a set of modes can hold.
const maxOrder = 64

// vectors sums partial products over some of their modes, as a task over
// components.
type vectors[T Float] struct {
	ker   *asm.Kernels[T]
	x     []T
	rank  int
	size  int     // of one component of x
	modes modeSet // of x
	shape []int   // by mode
	f     []*matrix.Dense[T]
	keep  modeSet

	// The result is either one row for each component, or column q of dst times
	// scale[q].
	out   []T
	rest  int // elements of a component of the result
	dst   *matrix.Dense[T]
	scale []float64

	sums          int // modes that are summed over
	longest, half int // the longest of them, and what the first sum leaves
	scratch       [][]T
}

// run sums x over the modes that keep leaves out, one or more unless there is a
// dst, and writes the components of the result one after the other into out, or scaled into the columns of dst
// when that is not nil; scale nil is all ones.
func (t *vectors[T]) run(p *par.Pool, out []T, dst *matrix.Dense[T], scale []float64) {
	t.ker = asm.For[T]()
	t.out, t.dst, t.scale = out, dst, scale
	t.size, t.rest, t.longest, t.half, t.sums = 1, 1, 0, 0, 0
	for m, size := range t.shape {
		if !t.modes.has(m) {
			continue
		}
		t.size *= size
		if t.keep.has(m) {
			t.rest *= size
			continue
		}
		t.sums++
		t.longest, t.half = max(t.longest, size), size
	}
	if t.sums > 0 { // what the first sum leaves
		t.half = t.size / t.half
	}
	t.scratch = growAll(t.scratch, p.Workers(), t.longest+2*t.half)
	p.Run(t.rank, t)
	t.x, t.f, t.shape, t.out, t.dst, t.scale = nil, nil, nil, nil, nil, nil
}

// Do sums one component, from the last mode on.
func (t *vectors[T]) Do(q, worker int) {
	x := t.x[q*t.size:][:t.size]
	room := t.scratch[worker]
	var column, to, next []T
	cut(&room, &column, t.longest)
	cut(&room, &to, t.half)
	cut(&room, &next, t.half)
	left, r := t.sums, 1 // r: what is kept behind the mode
	for m := len(t.shape) - 1; m >= 0; m-- {
		if !t.modes.has(m) {
			continue
		}
		if t.keep.has(m) {
			r *= t.shape[m]
			continue
		}
		f := t.f[m]
		left--
		to = to[:len(x)/f.Rows]
		if left == 0 && t.dst == nil {
			to = t.out[q*t.rest:][:t.rest]
		}
		for i := range f.Rows {
			column[i] = f.Data[i*f.Stride+q]
		}
		sumMode(t.ker, to, x, f.Rows, r, column)
		x, to, next = to, next, to[:cap(to)]
	}
	if t.dst == nil {
		return
	}
	s := 1.0
	if t.scale != nil {
		s = t.scale[q]
	}
	for i, v := range x {
		t.dst.Data[i*t.dst.Stride+q] = T(float64(v) * s)
	}
}

// Calls of kernels are on pieces that take a few microseconds.
const longPiece = 1 << 13

// sumMode computes y[l, c] = Σ_i v[i]·x[l, i, c] for i below size and c below r.
func sumMode[T Float](ker *asm.Kernels[T], y, x []T, size, r int, v []T) {
	if r == 1 {
		sumLast(ker, y, x, v[:size])
		return
	}
	for l := 0; l*r < len(y); l++ {
		for c := 0; c < r; c += longPiece {
			n := min(longPiece, r-c)
			to, from := y[l*r+c:][:n], x[l*size*r+c:]
			clear(to)
			i := 0
			for ; i+4 <= size; i += 4 {
				ker.Axpy4(v[i], v[i+1], v[i+2], v[i+3], from[i*r:], from[(i+1)*r:], from[(i+2)*r:], from[(i+3)*r:], to)
			}
			for ; i < size; i++ {
				ker.Axpy(v[i], from[i*r:], to)
			}
		}
	}
}

// sumLast computes y[l] = Σ_i v[i]·x[l, i].
func sumLast[T Float](ker *asm.Kernels[T], y, x, v []T) {
	size := len(v)
	for l := range y {
		var sum float64
		for i := 0; i < size; i += longPiece {
			n := min(longPiece, size-i)
			sum += ker.Dot(v[i:i+n], x[l*size+i:])
		}
		y[l] = T(sum)
	}
}
