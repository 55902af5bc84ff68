package ndio

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"polyad/asm"
	"polyad/tensor"
)

// WriteNPY writes t in numpy's .npy format: version 1.0, C order, little endian,
// float32 ('<f4') or float64 ('<f8'), the elements beginning at a multiple of 64
// bytes. A contiguous array goes out in one Write; a strided view is copied
// first. Arrays of more than 64 modes are refused.
func WriteNPY[T asm.Float](w io.Writer, t *tensor.Dense[T]) error {
	if t.Order() > maxModes {
		return fmt.Errorf("%w: .npy holds at most %d modes, not %d; reshape the array", ErrShape, maxModes, t.Order())
	}
	if _, err := w.Write(npyPreamble(asm.SizeOf[T](), t.Shape)); err != nil {
		return err
	}
	return writeLittleEndian(w, t.Contiguous().Data[:t.Len()], bigEndianHost)
}

func writeNPY(w io.Writer, a Array) error {
	if a.F32 != nil {
		return WriteNPY(w, a.F32)
	}
	return WriteNPY(w, a.F64)
}

// npyPreamble returns all that stands before floats of the given size.
func npyPreamble(size int, shape []int) []byte {
	var dict strings.Builder
	fmt.Fprintf(&dict, "{'descr': '<f%d', 'fortran_order': False, 'shape': (", size)
	for n, s := range shape {
		if n > 0 {
			dict.WriteByte(' ')
		}
		fmt.Fprintf(&dict, "%d,", s)
	}
	text := dict.String()
	if len(shape) > 1 {
		text = strings.TrimSuffix(text, ",") // as Python writes tuples
	}
	text += "), }"

	const before = len(npyMagic) + 2 + 2 // magic, version, length
	total := before + len(text) + 1
	total += (alignPayload - total%alignPayload) % alignPayload
	text += strings.Repeat(" ", total-before-len(text)-1) + "\n"

	b := append(make([]byte, 0, total), npyMagic...)
	b = append(b, 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(text)))
	return append(b, text...)
}

// writeLittleEndian writes x, on a big endian machine (swap) through a buffer.
func writeLittleEndian[T asm.Float](w io.Writer, x []T, swap bool) error {
	b := asm.Bytes(x)
	if !swap {
		_, err := w.Write(b)
		return err
	}
	buf := make([]byte, min(bufferBytes, len(b)))
	for len(b) > 0 {
		n := copy(buf, b)
		swapBytes(buf[:n], asm.SizeOf[T]())
		if _, err := w.Write(buf[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
