package tensor

import (
	"math/bits"
	"slices"

	"polyad/matrix"
)

// Mask says which entries of an array are observed; the others are missing,
// whatever is stored there. It takes a bit for each entry: bit i%64 of word i/64 is
// set where entry i, counted in row-major order, is observed, and bits behind the
// last entry mean nothing.
type Mask struct {
	Shape []int    `json:"shape"`
	Bits  []uint64 `json:"bits"`
}

// NewMask returns a mask by which every entry is missing. It panics when a size is
// negative or the number of entries does not fit an int.
func NewMask(shape ...int) *Mask {
	n, ok := Elements(shape)
	if !ok || n > maxElements {
		fail("NewMask", "shape %v", shape)
	}
	return &Mask{Shape: slices.Clone(shape), Bits: make([]uint64, maskWords(n))}
}

// maskWords is the number of words for n bits.
func maskWords(n int) int { return n/64 + (n%64+63)/64 }

// Clone returns a copy of the mask, nil for nil.
func (m *Mask) Clone() *Mask {
	if m == nil {
		return nil
	}
	return &Mask{Shape: slices.Clone(m.Shape), Bits: slices.Clone(m.Bits)}
}

// MaskOf returns the mask by which the entries are observed where t is not 0.
func MaskOf[T Float](t *Dense[T]) *Mask { return maskWhere(t, func(v T) bool { return v != 0 }) }

// MaskNaN returns the mask by which the entries of t that are NaN are missing.
func MaskNaN[T Float](t *Dense[T]) *Mask { return maskWhere(t, func(v T) bool { return v == v }) }

func maskWhere[T Float](t *Dense[T], observed func(T) bool) *Mask {
	t.checkFields("Mask")
	m := NewMask(t.Shape...)
	for i, v := range t.Contiguous().Data {
		if observed(v) {
			m.Bits[i/64] |= 1 << (i % 64)
		}
	}
	return m
}

// At reports whether an entry is observed. There must be one index per mode.
func (m *Mask) At(index ...int) bool {
	i := m.offset("Mask.At", index)
	return m.Bits[i/64]>>(i%64)&1 != 0
}

// Set says whether an entry is observed. There must be one index per mode.
func (m *Mask) Set(observed bool, index ...int) {
	i := m.offset("Mask.Set", index)
	m.Bits[i/64] &^= 1 << (i % 64)
	if observed {
		m.Bits[i/64] |= 1 << (i % 64)
	}
}

func (m *Mask) offset(op string, index []int) (i int) {
	m.checkFields(op)
	if len(index) != len(m.Shape) {
		fail(op, "%d indices for shape %v", len(index), slices.Clone(m.Shape))
	}
	for n, k := range index {
		if uint(k) >= uint(m.Shape[n]) {
			fail(op, "index %d of mode %d outside shape %v", k, n, slices.Clone(m.Shape))
		}
		i = i*m.Shape[n] + k
	}
	return i
}

// checkFields panics where m is not [Mask.Valid].
func (m *Mask) checkFields(op string) {
	if m == nil {
		fail(op, "a mask is nil")
	}
	if !m.Valid() {
		fail(op, "shape %v with %d words", slices.Clone(m.Shape), len(m.Bits))
	}
}

// Len returns the number of entries, observed or not; 0 of nil.
func (m *Mask) Len() int {
	if m == nil {
		return 0
	}
	n, _ := Elements(m.Shape)
	return n
}

// Valid reports whether the mask has as many words as its shape asks for. Nil is not
// valid.
func (m *Mask) Valid() bool {
	if m == nil {
		return false
	}
	n, ok := Elements(m.Shape)
	return ok && len(m.Bits) == maskWords(n)
}

// Count returns the number of entries that are observed.
func (m *Mask) Count() (observed int) {
	m.checkFields("Mask.Count")
	n := m.Len()
	for k, word := range m.Bits {
		if rest := n - k*64; rest < 64 {
			word &= 1<<rest - 1
		}
		observed += bits.OnesCount64(word)
	}
	return observed
}

// Word returns the bits of 64 entries from entry i on, the first one lowest; bits
// behind the last entry mean nothing.
func (m *Mask) Word(i int) uint64 {
	word := m.Bits[i/64] >> (i % 64)
	if i%64 > 0 && i/64+1 < len(m.Bits) {
		word |= m.Bits[i/64+1] << (64 - i%64)
	}
	return word
}

// Matrix returns the mask of the array seen as a rows x cols matrix, both in
// row-major order, as a copy. It panics when the number of entries is another one.
func (m *Mask) Matrix(rows, cols int) *matrix.Mask {
	m.checkFields("Mask.Matrix")
	if n, ok := Elements([]int{rows, cols}); !ok || n != m.Len() {
		fail("Mask.Matrix", "%d x %d for shape %v with %d words", rows, cols, m.Shape, len(m.Bits))
	}
	to := matrix.NewMask(rows, cols)
	for i := range rows {
		row := to.Row(i)
		for k := range row {
			row[k] = m.Word(i*cols + k*64)
		}
	}
	return to
}
