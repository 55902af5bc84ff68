package ndio

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"polyad/asm"
	"polyad/matrix"
	"polyad/tensor"
)

// WriteCSV writes m as a table, a row a line, fields separated by commas, each
// number with the fewest digits that give it back as type T. NaN and Inf are
// written as NaN, +Inf and -Inf. A matrix without elements is refused, as it could
// not be read back.
func WriteCSV[T asm.Float](w io.Writer, m *matrix.Dense[T]) error {
	return writeTable(w, m, ',')
}

func writeTable[T asm.Float](w io.Writer, m *matrix.Dense[T], comma byte) error {
	t, err := NewTableWriter[T](w, m.Rows, m.Cols, comma, nil)
	if err != nil {
		return err
	}
	for i := range m.Rows {
		if err := t.Write(m.Row(i)); err != nil {
			return err
		}
	}
	return t.Close()
}

// TableWriter writes a matrix as a table, rows as they come.
type TableWriter[T asm.Float] struct {
	w          *bufio.Writer
	rows, cols int
	row, col   int // of the next number
	comma      byte
	index      []string // what the rows are called, nil: nothing
	field      []byte
}

// NewTableWriter begins a table of rows x cols numbers with the separator comma, as
// [WriteCSV] writes them. Axes tell what rows and columns are called, by names or by
// values; where they do there is a header line, and where the rows have names an index
// column, whose field in the header is empty: the form of data frames. A matrix without
// elements, and axes of other sizes, are refused.
func NewTableWriter[T asm.Float](w io.Writer, rows, cols int, comma byte, axes []Axis) (*TableWriter[T], error) {
	if rows < 1 || cols < 1 {
		return nil, fmt.Errorf("%w: a table cannot hold an empty matrix, %d x %d; write .npy", ErrShape, rows, cols)
	}
	t := &TableWriter[T]{w: bufio.NewWriterSize(w, bufferBytes), rows: rows, cols: cols, comma: comma}
	var header []string
	for n, size := range []int{rows, cols} {
		if n >= len(axes) {
			break
		}
		if err := axes[n].Check(size); err != nil {
			return nil, fmt.Errorf("mode %d: %w", n, err)
		}
		if n == 0 {
			t.index = axes[n].labels()
		} else {
			header = axes[n].labels()
		}
	}
	if header == nil && t.index != nil { // a header is what tells an index from data
		for j := range cols {
			header = append(header, strconv.Itoa(j))
		}
	}
	if header == nil {
		return t, nil
	}
	if t.index != nil {
		header = slices.Insert(header, 0, "")
	}
	for j, name := range header {
		if j > 0 {
			t.field = append(t.field, comma)
		}
		t.field = appendName(t.field, name, comma)
	}
	_, err := t.w.Write(append(t.field, '\n'))
	return t, err
}

// labels returns the names of an axis, or its values as text; nil when it has none.
func (a Axis) labels() []string {
	if a.Names != nil {
		return slices.Clone(a.Names)
	}
	var list []string
	for _, v := range a.Values {
		list = append(list, strconv.FormatFloat(v, 'g', -1, 64))
	}
	return list
}

// appendName appends a field of text, in quotation marks where it needs them (RFC
// 4180).
func appendName(b []byte, name string, comma byte) []byte {
	if !strings.ContainsAny(name, string(comma)+"\"\r\n\t;#") && strings.TrimSpace(name) == name {
		return append(b, name...)
	}
	return append(append(append(b, '"'), strings.ReplaceAll(name, `"`, `""`)...), '"')
}

// Write writes the next numbers, in row-major order.
func (t *TableWriter[T]) Write(x []T) error {
	bits := 8 * asm.SizeOf[T]()
	for _, v := range x {
		if t.row == t.rows {
			return fmt.Errorf("%w: more numbers than a table of %d x %d has", ErrShape, t.rows, t.cols)
		}
		t.field = t.field[:0]
		if t.col == 0 && t.index != nil {
			t.field = append(appendName(t.field, t.index[t.row], t.comma), t.comma)
		} else if t.col > 0 {
			t.field = append(t.field, t.comma)
		}
		t.field = strconv.AppendFloat(t.field, float64(v), 'g', -1, bits)
		if t.col++; t.col == t.cols {
			t.field = append(t.field, '\n')
			t.row, t.col = t.row+1, 0
		}
		if _, err := t.w.Write(t.field); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the table; it does not close what the table is written to.
func (t *TableWriter[T]) Close() error {
	if t.row < t.rows {
		return fmt.Errorf("%w: %d rows and %d numbers of a table of %d x %d", ErrShape, t.row, t.col, t.rows, t.cols)
	}
	return t.w.Flush()
}

// tableWriter returns a function that writes arrays of order 2 as tables.
func tableWriter(comma byte) func(w io.Writer, a Array) error {
	return func(w io.Writer, a Array) error {
		if a.F32 != nil {
			return writeArray(w, a.F32, comma)
		}
		return writeArray(w, a.F64, comma)
	}
}

func writeArray[T asm.Float](w io.Writer, t *tensor.Dense[T], comma byte) error {
	if t.Order() != 2 {
		return fmt.Errorf("%w: a table holds 2 modes, not %v; write .npy, or reshape the array", ErrShape, t.Shape)
	}
	return writeTable(w, t.Matrix(), comma)
}
