package ndio

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

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
	if m.Rows == 0 || m.Cols == 0 {
		return fmt.Errorf("%w: a table cannot hold an empty matrix, %d x %d; write .npy", ErrShape, m.Rows, m.Cols)
	}
	bw := bufio.NewWriterSize(w, bufferBytes)
	bits := 8 * asm.SizeOf[T]()
	var field []byte
	for i := 0; i < m.Rows; i++ {
		for j, x := range m.Row(i) {
			field = field[:0]
			if j > 0 {
				field = append(field, comma)
			}
			field = strconv.AppendFloat(field, float64(x), 'g', -1, bits)
			if _, err := bw.Write(field); err != nil {
				return err
			}
		}
		if err := bw.WriteByte('\n'); err != nil {
			return err
		}
	}
	return bw.Flush()
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
