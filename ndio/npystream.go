package ndio

import (
	"fmt"
	"io"

	"polyad/asm"
	"polyad/tensor"
)

// NPYWriter writes an array that is never in memory as a whole as .npy, as
// [WriteNPY] does: elements in row-major order, piece by piece.
type NPYWriter[T asm.Float] struct {
	w    io.Writer
	left int // elements that are still to come
}

// NewNPYWriter writes what stands before the elements of an array of the given
// shape. The error wraps [ErrShape] when there is no such array.
func NewNPYWriter[T asm.Float](w io.Writer, shape ...int) (*NPYWriter[T], error) {
	n, ok := tensor.Elements(shape)
	if !ok || len(shape) > maxModes {
		return nil, fmt.Errorf("%w: no array has the shape %v", ErrShape, shape)
	}
	_, err := w.Write(npyPreamble(asm.SizeOf[T](), shape))
	return &NPYWriter[T]{w: w, left: n}, err
}

// Write writes the next elements. More than the shape has are an error wrapping
// [ErrShape].
func (w *NPYWriter[T]) Write(x []T) error {
	if len(x) > w.left {
		return fmt.Errorf("%w: %d elements too many", ErrShape, len(x)-w.left)
	}
	w.left -= len(x)
	return writeLittleEndian(w.w, x, bigEndianHost)
}

// Close returns an error wrapping [ErrShape] when elements are missing. It does
// not close the stream.
func (w *NPYWriter[T]) Close() error {
	if w.left > 0 {
		return fmt.Errorf("%w: %d elements are missing", ErrShape, w.left)
	}
	return nil
}
