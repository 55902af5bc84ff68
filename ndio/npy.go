package ndio

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"polyad/asm"
	"polyad/tensor"
)

const (
	npyMagic     = "\x93NUMPY"
	maxHeader    = 1 << 16                 // bytes; that of 64 modes has less than 2000
	maxModes     = 64                      // as numpy 2 has it
	maxBytes     = min(math.MaxInt, 1<<46) // of an array in memory
	bufferBytes  = 1 << 16                 // of what is converted on its way
	firstStep    = 1 << 20                 // bytes allocated for a stream before any has come
	alignPayload = 64                      // elements begin at a multiple of this many bytes
	saveAgain    = "save it again with numpy.save"
)

// ReadNPY reads one array in numpy's .npy format, versions 1, 2 and 3, C or
// Fortran order, either byte order, any number of modes up to 64. See the package
// documentation for the element types. Other types, such as complex numbers and
// structures, are refused with [ErrType].
//
// float32 and float64 in C order are read straight into the array. Fortran order
// of two and more modes costs a second array of the same size while it is
// reordered.
//
// When r is an io.Seeker, such as a regular file, what it has left is compared
// with the length that the header claims before the array is allocated. Of other
// streams memory is allocated as data arrive. Nothing behind the array is read,
// so arrays that stand one behind the other can be read in turn, until the error is
// io.EOF itself: r had nothing left.
func ReadNPY(r io.Reader) (Array, error) {
	s, err := newSource(r, nil)
	if err != nil {
		return Array{}, err
	}
	if first, err := s.peek(1); err != nil || len(first) == 0 {
		return Array{}, cmp.Or(err, io.EOF)
	}
	return readNPY(s)
}

func readNPY(s *source) (Array, error) {
	h, err := readHeader(s)
	if err != nil {
		return Array{}, err
	}
	e, err := parseElement(h.descr)
	if err != nil {
		return Array{}, err
	}
	n, ok := tensor.Elements(h.shape)
	if !ok || n > maxBytes/e.inMemory() {
		return Array{}, fmt.Errorf("%w: shape %v of %s is larger than any memory; %s", ErrFormat, h.shape, e.name, saveAgain)
	}
	p := payload{source: s, header: h, element: e, start: s.pos, n: n}
	if s.size >= 0 && s.size-s.pos < p.bytes() {
		return Array{}, p.short(s.size - s.pos)
	}
	return p.read()
}

// readHeader reads everything that stands before the elements.
func readHeader(s *source) (npyHeader, error) {
	var b [12]byte
	if err := s.full(b[:8], "the magic"); err != nil {
		return npyHeader{}, err
	}
	if string(b[:6]) != npyMagic {
		return npyHeader{}, fmt.Errorf("%w: it begins with %q where .npy has %q; %s", ErrFormat, b[:6], npyMagic, saveAgain)
	}
	major, minor := b[6], b[7]
	if major < 1 || major > 3 || minor != 0 {
		return npyHeader{}, fmt.Errorf("%w: .npy version %d.%d, known are 1.0, 2.0 and 3.0; %s", ErrFormat, major, minor, saveAgain)
	}
	field := b[8:10]
	if major > 1 {
		field = b[8:12]
	}
	if err := s.full(field, "the header's length"); err != nil {
		return npyHeader{}, err
	}
	length := uint64(binary.LittleEndian.Uint16(field))
	if major > 1 {
		length = uint64(binary.LittleEndian.Uint32(field))
	}
	if length > maxHeader {
		return npyHeader{}, fmt.Errorf("%w: a header of %d bytes, at most %d are read; %s", ErrFormat, length, maxHeader, saveAgain)
	}
	start := s.pos
	text := make([]byte, length)
	if err := s.full(text, "the header"); err != nil {
		return npyHeader{}, err
	}
	if major == 3 && !utf8.Valid(text) {
		return npyHeader{}, fmt.Errorf("%w: the header is not UTF-8, which version 3.0 asks for; %s", ErrFormat, saveAgain)
	}
	return parseHeader(string(text), start)
}

// payload is the part of a file that holds the elements.
type payload struct {
	source  *source
	header  npyHeader
	element element
	start   int64 // where in the input it begins
	n       int   // elements
}

// read reads the elements.
func (p *payload) read() (a Array, err error) {
	need := int64(p.n) * int64(p.element.inMemory())
	if p.header.fortran && len(p.header.shape) > 1 {
		need *= 2
	}
	check := weighLimits
	if p.source.packed {
		check = weigh
	}
	if err := check(p.header.shape, need); err != nil {
		return Array{}, err
	}
	a.Stored = p.element.stored(p.header.fortran)
	switch p.element.name {
	case "float32":
		a.F32, err = readElements(p, readFloats[float32])
	case "float64":
		a.F64, err = readElements(p, readFloats[float64])
	case "float16":
		a.F32, err = readElements(p, readConverted[float32])
	default:
		a.F64, err = readElements(p, readConverted[float64])
	}
	if err != nil {
		return Array{}, err
	}
	return a, nil
}

// bytes returns the length of the payload in the file.
func (p *payload) bytes() int64 { return int64(p.n) * int64(p.element.size) }

// short is the error for a payload of which only have bytes exist.
func (p *payload) short(have int64) error {
	return fmt.Errorf("%w: shape %v of %s takes %d bytes behind the header, but %d are there; copy or save it again",
		ErrTruncated, p.header.shape, p.element.name, p.bytes(), have)
}

// full fills b with the next bytes of the payload.
func (p *payload) full(b []byte) error {
	_, err := io.ReadFull(p.source, b)
	switch {
	case err == nil:
		return nil
	case isEnd(err):
		return p.short(p.source.pos - p.start)
	}
	return p.source.readError(err)
}

// readElements reads the whole payload, each piece with next, and returns it in
// row-major order.
func readElements[T asm.Float](p *payload, next func(p *payload, dst []T) error) (*tensor.Dense[T], error) {
	size := p.n
	if p.source.size < 0 {
		size = min(size, firstStep/asm.SizeOf[T]())
	}
	x := make([]T, size)
	if err := next(p, x); err != nil {
		return nil, err
	}
	for len(x) < p.n { // only what has come so far lets the array grow
		y := make([]T, min(2*len(x), p.n))
		if err := next(p, y[copy(y, x):]); err != nil {
			return nil, err
		}
		x = y
	}
	if p.header.fortran {
		x = rowMajor(x, p.header.shape)
	}
	return tensor.Of(x, p.header.shape...), nil
}

// readFloats fills dst from a payload of the same element type.
func readFloats[T asm.Float](p *payload, dst []T) error {
	b := asm.Bytes(dst)
	if err := p.full(b); err != nil {
		return err
	}
	if p.element.bigEndian != bigEndianHost {
		swapBytes(b, p.element.size)
	}
	return nil
}

// readConverted fills dst from a payload of another element type, through
// buffers.
func readConverted[T asm.Float](p *payload, dst []T) error {
	size := p.element.size
	buf := make([]byte, min(bufferBytes, len(dst)*size))
	wide, same := any(dst).([]float64)
	if !same {
		wide = make([]float64, len(buf)/size)
	}
	for len(dst) > 0 {
		n := min(len(dst), len(buf)/size)
		b := buf[:n*size]
		if err := p.full(b); err != nil {
			return err
		}
		if p.element.bigEndian {
			swapBytes(b, size)
		}
		p.element.convert(wide[:n], b)
		if same {
			wide = wide[n:]
		} else {
			for i, v := range wide[:n] {
				dst[i] = T(v)
			}
		}
		dst = dst[n:]
	}
	return nil
}
