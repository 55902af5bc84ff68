package hosvd

import (
	"math/bits"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/tensor"
)

// LeadingMasked is [Leading] for an array of which the entries are missing where
// mask says so, taken for fill; what is stored there has no effect. Slabs of the
// array, a sixteenth of it or one index of the first mode, are filled one at a time.
// All vectors come from [matrix.SVD].
func LeadingMasked[T asm.Float](p *par.Pool, x *tensor.Dense[T], mask *tensor.Mask, fill T, mode, rank int, seed uint64) (u *matrix.Dense[T], s []float64, ok bool) {
	m := &masked[T]{p: p, x: x.Contiguous(), mask: mask, fill: fill, mode: mode}
	m.first = m.x.Shape[0]
	m.high = (m.first + 15) / 16
	m.size = m.x.Shape[mode]
	m.slab = tensor.New[T](append([]int{m.high}, m.x.Shape[1:]...)...)
	m.behind = len(m.slab.Data) / m.high
	rows, cols := m.Dims()
	u, s, _ = matrix.SVD(p, matrix.Operator[T](m), min(rank, rows, cols), seed)
	for _, v := range s {
		if v-v != 0 {
			return nil, nil, false
		}
	}
	return u, s, true
}

// masked is the mode-n unfolding of an array of which entries are filled, slab by
// slab along the first mode.
type masked[T asm.Float] struct {
	p    *par.Pool
	x    *tensor.Dense[T]
	mask *tensor.Mask
	fill T
	mode int

	first, high, behind, size int // indices of the first mode, those of a slab, entries of one, I_n
	slab                      *tensor.Dense[T]
}

// Dims returns the shape of the unfolding.
func (m *masked[T]) Dims() (rows, cols int) { return m.size, len(m.x.Data) / m.size }

// at fills the slab from index i of the first mode on and returns it, with the
// number of its indices.
func (m *masked[T]) at(i int) (*unfolding[T], int) {
	n := min(m.high, m.first-i)
	shape := append([]int{n}, m.x.Shape[1:]...)
	t := tensor.Of(m.slab.Data[:n*m.behind], shape...)
	from := i * m.behind
	copy(t.Data, m.x.Data[from:])
	for k := 0; k < len(t.Data); k += 64 {
		rest := ^m.mask.Word(from + k)
		if left := len(t.Data) - k; left < 64 {
			rest &= 1<<left - 1
		}
		for ; rest != 0; rest &= rest - 1 {
			t.Data[k+bits.TrailingZeros64(rest)] = m.fill
		}
	}
	l, size, r := t.Split(m.mode)
	return &unfolding[T]{p: m.p, x: t.Data, l: l, size: size, r: r}, n
}

// MulTo writes X_(n)·y.
func (m *masked[T]) MulTo(dst, y *matrix.Dense[T]) {
	if m.mode == 0 {
		for i := 0; i < m.first; i += m.high {
			u, n := m.at(i)
			u.MulTo(dst.View(i, 0, n, dst.Cols), y)
		}
		return
	}
	dst.Zero()
	part := matrix.New[T](dst.Dims())
	for i := 0; i < m.first; i += m.high {
		u, _ := m.at(i)
		_, cols := u.Dims()
		u.MulTo(part, y.View(m.column(i), 0, cols, y.Cols))
		add(dst, part)
	}
}

// TMulTo writes X_(n)ᵀ·y.
func (m *masked[T]) TMulTo(dst, y *matrix.Dense[T]) {
	if m.mode == 0 {
		for i := 0; i < m.first; i += m.high {
			u, n := m.at(i)
			beta := T(1)
			if i == 0 {
				beta = 0
			}
			matrix.Gemm(m.p, true, false, 1, matrix.Of(n, m.behind, u.x), y.View(i, 0, n, y.Cols), beta, dst)
		}
		return
	}
	for i := 0; i < m.first; i += m.high {
		u, _ := m.at(i)
		_, cols := u.Dims()
		u.TMulTo(dst.View(m.column(i), 0, cols, dst.Cols), y)
	}
}

// column returns the first column of the slab from index i on.
func (m *masked[T]) column(i int) int { return i * (m.behind / m.size) }

func add[T asm.Float](dst, x *matrix.Dense[T]) {
	for i := range dst.Rows {
		to := dst.Row(i)
		for j, v := range x.Row(i) {
			to[j] += v
		}
	}
}
