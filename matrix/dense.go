package matrix

import (
	"fmt"

	"polyad/asm"
)

// Float is the set of element types, float32 and float64.
type Float = asm.Float

// Dense is a row-major matrix. Element (i, j) is Data[i*Stride+j]; Stride is at
// least Cols. The zero value is an empty matrix. [New] and [Of] set Stride;
// functions panic when one gets a matrix in which it is missing, or which is
// not [Dense.Valid] for another reason.
type Dense[T Float] struct {
	Rows, Cols int
	Data       []T
	Stride     int
}

// Error is what this package panics with when shapes do not fit.
type Error struct{ Op, Msg string }

// Error returns the operation and what was wrong, with the sizes.
func (e Error) Error() string { return "matrix: " + e.Op + ": " + e.Msg }

func fail(op, format string, args ...any) {
	panic(Error{Op: op, Msg: fmt.Sprintf(format, args...)})
}

const maxInt = int(^uint(0) >> 1)

// Valid reports whether the fields of m fit each other: neither size is negative,
// and where there are elements, Stride is at least Cols and Data long enough. Nil is
// not valid.
func (m *Dense[T]) Valid() bool {
	if m == nil {
		return false
	}
	if m.Rows <= 0 || m.Cols <= 0 {
		return m.Rows >= 0 && m.Cols >= 0
	}
	if m.Stride < m.Cols || len(m.Data) < m.Cols {
		return false
	}
	return m.Rows == 1 || m.Rows-1 <= (len(m.Data)-m.Cols)/m.Stride // (Rows-1)*Stride may overflow
}

// checkFields panics where m is not [Dense.Valid]: rows that overlap would give
// wrong numbers, and kernels do not look for what is not there.
func (m *Dense[T]) checkFields(op string) {
	if m == nil {
		fail(op, "a matrix is nil")
	}
	if !m.Valid() {
		fail(op, "%d x %d with Stride %d and %d elements of Data", m.Rows, m.Cols, m.Stride, len(m.Data))
	}
}

// maxElements is more than any memory holds, and less than what Go has a slice for.
const maxElements = maxInt >> (3 + ^uint(0)>>63<<4)

// isSize reports whether a matrix can have this size.
func isSize(rows, cols int) bool {
	return rows >= 0 && cols >= 0 && (cols == 0 || rows <= maxElements/cols)
}

// New returns a rows x cols matrix of zeros. It panics when a size is negative
// or the number of elements one that no memory holds.
func New[T Float](rows, cols int) *Dense[T] {
	if !isSize(rows, cols) {
		fail("New", "size %d x %d", rows, cols)
	}
	return &Dense[T]{Rows: rows, Cols: cols, Data: make([]T, rows*cols), Stride: cols}
}

// Of returns a rows x cols matrix whose rows follow each other in data, which
// it shares. It panics when len(data) is not rows*cols.
func Of[T Float](rows, cols int, data []T) *Dense[T] {
	if !isSize(rows, cols) || len(data) != rows*cols {
		fail("Of", "%d elements for %d x %d", len(data), rows, cols)
	}
	return &Dense[T]{Rows: rows, Cols: cols, Data: data[:len(data):len(data)], Stride: cols}
}

// At returns element (i, j).
func (m *Dense[T]) At(i, j int) T {
	return m.Data[m.offset("At", i, j)]
}

// Set writes element (i, j).
func (m *Dense[T]) Set(i, j int, v T) {
	m.Data[m.offset("Set", i, j)] = v
}

func (m *Dense[T]) offset(op string, i, j int) int {
	if m == nil {
		m.checkFields(op)
	}
	if i < 0 || i >= m.Rows || j < 0 || j >= m.Cols {
		fail(op, "index (%d, %d) outside %d x %d", i, j, m.Rows, m.Cols)
	}
	o := i*m.Stride + j
	if uint(o) >= uint(len(m.Data)) {
		m.checkFields(op)
	}
	return o
}

// Dims returns the number of rows and columns, 0 of nil.
func (m *Dense[T]) Dims() (rows, cols int) {
	if m == nil {
		return 0, 0
	}
	return m.Rows, m.Cols
}

// Row returns row i, 0 ≤ i < Rows, as a slice that shares memory with m. It does
// not check i, so that it is inlined.
func (m *Dense[T]) Row(i int) []T {
	if m.Cols == 0 { // there need not be Data for it
		return nil
	}
	o := i * m.Stride
	return m.Data[o : o+m.Cols : o+m.Cols]
}

// View returns the rows x cols block whose first element is (i, j), sharing
// memory with m. It panics when the block is not inside m.
func (m *Dense[T]) View(i, j, rows, cols int) *Dense[T] {
	v := m.block(i, j, rows, cols)
	return &v
}

func (m *Dense[T]) block(i, j, rows, cols int) Dense[T] {
	m.checkFields("View")
	if i < 0 || j < 0 || rows < 0 || cols < 0 || i > m.Rows-rows || j > m.Cols-cols {
		fail("View", "block %d x %d at (%d, %d) outside %d x %d", rows, cols, i, j, m.Rows, m.Cols)
	}
	v := Dense[T]{Rows: rows, Cols: cols, Stride: m.Stride}
	if rows > 0 && cols > 0 {
		end := (i+rows-1)*m.Stride + j + cols
		v.Data = m.Data[i*m.Stride+j : end : end]
	}
	return v
}

// Clone returns a copy of m with Stride equal to Cols.
func (m *Dense[T]) Clone() *Dense[T] {
	m.checkFields("Copy")
	c := New[T](m.Rows, m.Cols)
	c.Copy(m)
	return c
}

// Copy copies src into m. It panics when the shapes differ.
func (m *Dense[T]) Copy(src *Dense[T]) {
	src.checkFields("Copy")
	m.checkFields("Copy")
	if m.Rows != src.Rows || m.Cols != src.Cols {
		fail("Copy", "%d x %d from %d x %d", m.Rows, m.Cols, src.Rows, src.Cols)
	}
	for i := 0; i < m.Rows; i++ {
		copy(m.Row(i), src.Row(i))
	}
}

// Zero sets every element to 0.
func (m *Dense[T]) Zero() {
	m.checkFields("Zero")
	for i := 0; i < m.Rows; i++ {
		clear(m.Row(i))
	}
}

// TransposeTo writes the transpose of m into dst, which must not overlap it.
// It panics when dst is not Cols x Rows.
func (m *Dense[T]) TransposeTo(dst *Dense[T]) {
	m.checkFields("TransposeTo")
	dst.checkFields("TransposeTo")
	if dst.Rows != m.Cols || dst.Cols != m.Rows {
		fail("TransposeTo", "%d x %d from %d x %d", dst.Rows, dst.Cols, m.Rows, m.Cols)
	}
	const tileRows, tileCols = 256, 32 // of both, they stay in the cache
	ker := asm.For[T]()
	for i := 0; i < m.Rows; i += tileRows {
		for j := 0; j < m.Cols; j += tileCols {
			rows, cols := min(tileRows, m.Rows-i), min(tileCols, m.Cols-j)
			ker.Transpose(span(dst.Data[j*dst.Stride+i:], cols, dst.Stride, rows), dst.Stride,
				span(m.Data[i*m.Stride+j:], rows, m.Stride, cols), m.Stride, rows, cols)
		}
	}
}

// span returns x up to the end of a matrix with the given stride that begins
// there, and so panics when x is shorter: kernels do not look.
func span[T Float](x []T, rows, stride, cols int) []T {
	return x[:(rows-1)*stride+cols]
}

// Transpose returns the transpose of m as a new matrix.
func (m *Dense[T]) Transpose() *Dense[T] {
	m.checkFields("TransposeTo")
	t := New[T](m.Cols, m.Rows)
	m.TransposeTo(t)
	return t
}

// Convert returns a copy of src with elements of type T, rounded to nearest.
func Convert[T, S Float](src *Dense[S]) *Dense[T] {
	src.checkFields("Convert")
	dst := New[T](src.Rows, src.Cols)
	for i := 0; i < src.Rows; i++ {
		d, s := dst.Row(i), src.Row(i)
		for j := range d {
			d[j] = T(s[j])
		}
	}
	return dst
}
