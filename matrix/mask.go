package matrix

import (
	"math/bits"
	"slices"
)

// Mask says which entries of a Rows x Cols matrix are observed; the others are
// missing, whatever is stored there. It takes a bit for each entry: bit j%64 of
// word j/64 of row i is set where entry (i, j) is observed, a row has
// (Cols+63)/64 words, and bits behind the last column mean nothing. The zero value
// is the mask of an empty matrix.
type Mask struct {
	Rows int      `json:"rows"`
	Cols int      `json:"cols"`
	Bits []uint64 `json:"bits"`
}

// NewMask returns a mask by which every entry is missing. It panics when a size
// is negative or the number of entries does not fit an int.
func NewMask(rows, cols int) *Mask {
	if !isSize(rows, cols) {
		fail("NewMask", "size %d x %d", rows, cols)
	}
	m := &Mask{Rows: rows, Cols: cols}
	m.Bits = make([]uint64, rows*m.words())
	return m
}

// Clone returns a copy of the mask, nil for nil.
func (m *Mask) Clone() *Mask {
	if m == nil {
		return nil
	}
	return &Mask{Rows: m.Rows, Cols: m.Cols, Bits: slices.Clone(m.Bits)}
}

// MaskOf returns the mask by which the entries are observed where m is not 0.
func MaskOf[T Float](m *Dense[T]) *Mask { return maskWhere(m, func(v T) bool { return v != 0 }) }

// MaskNaN returns the mask by which the entries of x that are NaN are missing.
func MaskNaN[T Float](x *Dense[T]) *Mask { return maskWhere(x, func(v T) bool { return v == v }) }

func maskWhere[T Float](x *Dense[T], observed func(T) bool) *Mask {
	x.checkFields("Mask")
	m := NewMask(x.Rows, x.Cols)
	for i := range x.Rows {
		row := m.Row(i)
		for j, v := range x.Row(i) {
			if observed(v) {
				row[j/64] |= 1 << (j % 64)
			}
		}
	}
	return m
}

// words is the number of words of a row.
func (m *Mask) words() int { return m.Cols/64 + (m.Cols%64+63)/64 }

// Row returns the words of row i, sharing memory with m.
func (m *Mask) Row(i int) []uint64 {
	n := m.words()
	return m.Bits[i*n : (i+1)*n : (i+1)*n]
}

// At reports whether entry (i, j) is observed.
func (m *Mask) At(i, j int) bool {
	m.check("Mask.At", i, j)
	return m.Row(i)[j/64]>>(j%64)&1 != 0
}

// Set says whether entry (i, j) is observed.
func (m *Mask) Set(i, j int, observed bool) {
	m.check("Mask.Set", i, j)
	word := &m.Row(i)[j/64]
	*word &^= 1 << (j % 64)
	if observed {
		*word |= 1 << (j % 64)
	}
}

func (m *Mask) check(op string, i, j int) {
	m.checkFields(op)
	if i < 0 || i >= m.Rows || j < 0 || j >= m.Cols {
		fail(op, "index (%d, %d) outside %d x %d", i, j, m.Rows, m.Cols)
	}
}

// checkFields panics where m is not [Mask.Valid].
func (m *Mask) checkFields(op string) {
	if m == nil {
		fail(op, "a mask is nil")
	}
	if !m.Valid() {
		fail(op, "%d x %d with %d words", m.Rows, m.Cols, len(m.Bits))
	}
}

// Valid reports whether the mask has as many words as its shape asks for. Nil is not
// valid.
func (m *Mask) Valid() bool {
	if m == nil || !isSize(m.Rows, m.Cols) {
		return false
	}
	n := m.words()
	return n == 0 && len(m.Bits) == 0 || n > 0 && len(m.Bits)%n == 0 && len(m.Bits)/n == m.Rows
}

// Count returns the number of entries that are observed.
func (m *Mask) Count() (observed int) {
	m.checkFields("Mask.Count")
	n, last := m.words(), ^uint64(0)
	if rest := m.Cols % 64; rest > 0 {
		last = 1<<rest - 1
	}
	for i := range m.Rows {
		for k, word := range m.Row(i) {
			if k == n-1 {
				word &= last
			}
			observed += bits.OnesCount64(word)
		}
	}
	return observed
}
