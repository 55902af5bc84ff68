package ndio

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"polyad/asm"
	"polyad/tensor"
)

// What the errors of this package wrap.
var (
	// ErrFormat is wrapped when the bytes do not follow the format.
	ErrFormat = errors.New("malformed array file")
	// ErrTruncated is wrapped when the input ends before the array does.
	ErrTruncated = errors.New("array file cut short")
	// ErrType is wrapped when the elements are not real numbers of a supported
	// type.
	ErrType = errors.New("element type not supported")
	// ErrShape is wrapped when a format cannot hold an array of this shape.
	ErrShape = errors.New("shape not supported")
	// ErrName is wrapped when a file of several arrays is read without a name, or
	// holds none of that name.
	ErrName = errors.New("array name")
	// ErrMemory is wrapped when a small file stands for an array that is larger
	// than the memory that is free.
	ErrMemory = errors.New("array larger than memory")
	// ErrOption is wrapped when [Options] ask for what a file has not.
	ErrOption = errors.New("option for another kind of file")
	// ErrSuffix is wrapped when the suffix of a file names no known format.
	ErrSuffix = errors.New("unknown file suffix")
)

// Array is what a file holds. Exactly one of F32 and F64 is set; it is
// row-major.
type Array struct {
	F32 *tensor.Dense[float32]
	F64 *tensor.Dense[float64]

	// Stored tells people how the elements are stored in the file, such as
	// "int16", "float32 (big endian, Fortran order)" or "text".
	Stored string

	// Names has a list for each mode: the names of its indices, nil for a mode
	// that has none. It is nil when no mode has any. A table has them in its header
	// line (mode 1) and in its index column (mode 0). They are as the file has
	// them: they may repeat, and single ones may be empty.
	Names [][]string

	// Remarks tell people how the reader took what could be taken in another way,
	// such as "took line 1 as header". Each is a sentence without its capital and
	// its full stop.
	Remarks []string
}

// arrayOf returns t as an Array.
func arrayOf[T asm.Float](t *tensor.Dense[T]) Array {
	var a Array
	switch t := any(t).(type) {
	case *tensor.Dense[float32]:
		a.F32 = t
	case *tensor.Dense[float64]:
		a.F64 = t
	}
	return a
}

// transpose exchanges the modes of a matrix and their names.
func (a *Array) transpose() error {
	if s := a.Shape(); len(s) != 2 {
		return fmt.Errorf("%w: shape %v has %d modes, and only a matrix can be transposed", ErrOption, s, len(s))
	}
	if err := weigh(a.Shape(), 8*int64(a.Shape()[0])*int64(a.Shape()[1])); err != nil {
		return err
	}
	if a.F32 != nil {
		a.F32 = tensor.FromMatrix(a.F32.Matrix().Transpose())
	} else {
		a.F64 = tensor.FromMatrix(a.F64.Matrix().Transpose())
	}
	slices.Reverse(a.Names)
	return nil
}

// Shape returns the sizes of the modes. It shares memory with the array.
func (a Array) Shape() []int {
	switch {
	case a.F32 != nil:
		return a.F32.Shape
	case a.F64 != nil:
		return a.F64.Shape
	}
	return nil
}

// ElementBytes returns how many bytes an element takes in the file, uncompressed; of
// text it is what one takes in memory.
func (a Array) ElementBytes() int {
	name := a.Stored
	if i := strings.LastIndex(name, " as "); i >= 0 {
		name = name[i+len(" as "):]
	}
	name, _, _ = strings.Cut(name, " ")
	switch name {
	case "bool", "logical", "int8", "uint8":
		return 1
	case "int16", "uint16", "float16":
		return 2
	case "int32", "uint32", "float32", "single":
		return 4
	case "int64", "uint64", "float64", "double":
		return 8
	}
	if a.F32 != nil {
		return 4
	}
	return 8
}

// DType returns the element type in memory, "float32" or "float64", and "" for
// an Array that holds nothing. [Array.Stored] tells the type in the file.
func (a Array) DType() string {
	switch {
	case a.F32 != nil:
		return "float32"
	case a.F64 != nil:
		return "float64"
	}
	return ""
}

// As returns the elements of a as type T. The result shares memory with a when a
// is of that type, else it is a copy: exact from float32 to float64, rounded to
// nearest the other way, where magnitudes above 3.4e38 become Inf. As returns nil
// for an Array that holds nothing.
func As[T asm.Float](a Array) *tensor.Dense[T] {
	switch {
	case a.F32 != nil:
		return as[T](a.F32)
	case a.F64 != nil:
		return as[T](a.F64)
	}
	return nil
}

func as[T, S asm.Float](t *tensor.Dense[S]) *tensor.Dense[T] {
	if same, ok := any(t).(*tensor.Dense[T]); ok {
		return same
	}
	c := tensor.New[T](t.Shape...)
	src := t.Contiguous()
	for i := range c.Data {
		c.Data[i] = T(src.Data[i])
	}
	return c
}
