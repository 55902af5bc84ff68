package ndio

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// element is an element type in a file.
type element struct {
	name      string // as numpy calls it
	size      int    // bytes
	bigEndian bool
	convert   func(dst []float64, src []byte) // src is little endian; nil for float32 and float64
}

// elements maps numpy's codes, without byte order, to the supported types.
var elements = map[string]element{
	"f4": {name: "float32", size: 4},
	"f8": {name: "float64", size: 8},
	"f2": {"float16", 2, false, func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = half(binary.LittleEndian.Uint16(src[2*i:]))
		}
	}},
	"b1": {"bool", 1, false, func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = 0
			if src[i] != 0 {
				dst[i] = 1
			}
		}
	}},
	"i1": {"int8", 1, false, func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = float64(int8(src[i]))
		}
	}},
	"u1": {"uint8", 1, false, func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = float64(src[i])
		}
	}},
	"i2": {"int16", 2, false, func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = float64(int16(binary.LittleEndian.Uint16(src[2*i:])))
		}
	}},
	"u2": {"uint16", 2, false, func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = float64(binary.LittleEndian.Uint16(src[2*i:]))
		}
	}},
	"i4": {"int32", 4, false, func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = float64(int32(binary.LittleEndian.Uint32(src[4*i:])))
		}
	}},
	"u4": {"uint32", 4, false, func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = float64(binary.LittleEndian.Uint32(src[4*i:]))
		}
	}},
	"i8": {"int64", 8, false, func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = float64(int64(binary.LittleEndian.Uint64(src[8*i:])))
		}
	}},
	"u8": {"uint64", 8, false, func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = float64(binary.LittleEndian.Uint64(src[8*i:]))
		}
	}},
}

// half returns the value of an IEEE 754 binary16, which float32 holds exactly.
func half(b uint16) float64 {
	sign, exponent, fraction := 1-2*float64(b>>15), int(b>>10&0x1f), float64(b&0x3ff)
	switch {
	case exponent == 0x1f && fraction != 0:
		return math.NaN()
	case exponent == 0x1f:
		return math.Inf(int(sign))
	case exponent == 0: // subnormal, or 0 with its sign
		return math.Copysign(math.Ldexp(fraction, -24), sign)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// bigEndianHost tells the byte order of this machine.
var bigEndianHost = binary.NativeEndian.Uint16([]byte{1, 0}) != 1

// parseElement returns the type that a descr such as '<f4' names. The orders
// '|', '=' and none mean that of the machine that reads, as in numpy.
func parseElement(descr string) (element, error) {
	code, bigEndian := descr, bigEndianHost
	if descr != "" && strings.IndexByte("<>|=", descr[0]) >= 0 {
		code = descr[1:]
		switch descr[0] {
		case '<':
			bigEndian = false
		case '>':
			bigEndian = true
		}
	}
	e, ok := elements[code]
	if !ok {
		return element{}, refuse(code, descr)
	}
	e.bigEndian = bigEndian && e.size > 1
	return e, nil
}

// refuse is the error for an element type that is not supported.
func refuse(code, descr string) error {
	kind, digits := byte(0), ""
	if code != "" {
		kind, digits = code[0], code[1:]
	}
	n, _ := strconv.Atoi(digits)
	name, mend := "an unknown element type", "save it as float64: a.astype('f8')"
	switch {
	case kind == 'c' && n > 0 && n <= 32:
		name, mend = fmt.Sprintf("complex%d", 8*n), "save abs(a), or a.real and a.imag, as arrays of their own"
	case kind == 'f' && n > 8 && n <= 32:
		name = fmt.Sprintf("float%d", 8*n)
	case kind == 'O':
		name = "Python objects"
	case kind == 'S' || kind == 'a' || kind == 'U':
		name = "strings"
	case kind == 'M' || kind == 'm':
		name = "dates or times"
	case kind == 'V':
		name, mend = "raw bytes", "save each field as an array of its own"
	}
	return fmt.Errorf("%w: %s (%q); %s", ErrType, name, clip(descr), mend)
}

// inMemory returns the bytes that an element takes once it is read.
func (e element) inMemory() int {
	if e.name == "float32" || e.name == "float16" {
		return 4
	}
	return 8
}

// stored describes the type and what is unusual about its storage.
func (e element) stored(fortran bool) string {
	var notes []string
	if e.bigEndian {
		notes = append(notes, "big endian")
	}
	if fortran {
		notes = append(notes, "Fortran order")
	}
	if notes == nil {
		return e.name
	}
	return e.name + " (" + strings.Join(notes, ", ") + ")"
}

// swapBytes reverses the bytes of every element of the given size, 1, 2, 4 or 8,
// in b.
func swapBytes(b []byte, size int) {
	switch size {
	case 2:
		for ; len(b) >= 2; b = b[2:] {
			binary.NativeEndian.PutUint16(b, bits.ReverseBytes16(binary.NativeEndian.Uint16(b)))
		}
	case 4:
		for ; len(b) >= 4; b = b[4:] {
			binary.NativeEndian.PutUint32(b, bits.ReverseBytes32(binary.NativeEndian.Uint32(b)))
		}
	case 8:
		for ; len(b) >= 8; b = b[8:] {
			binary.NativeEndian.PutUint64(b, bits.ReverseBytes64(binary.NativeEndian.Uint64(b)))
		}
	}
}
