package ndio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"polyad/tensor"
)

// Flags of a matrix in a MAT-file.
const (
	matComplex = 0x08
	matLogical = 0x02
)

// matClasses are the classes of variables by number.
var matClasses = [...]string{
	1: "a cell array", 2: "a structure", 3: "an object", 4: "text", 5: "a sparse matrix",
	6: "double", 7: "single", 8: "int8", 9: "uint8", 10: "int16", 11: "uint16", 12: "int32", 13: "uint32",
	14: "int64", 15: "uint64", 16: "a function", 17: "an object",
}

const (
	matSparse = 5
	matDouble = 6
	matSingle = 7
	matUint64 = 15
	matOpaque = 17
)

// matTypes are the element types of package ndio by type of data element. Small
// integers may be stored in fewer bytes than their class has.
var matTypes = map[uint32]string{
	1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}

// matVariable is a variable whose header was read, and whose source stands before
// its elements.
type matVariable struct {
	matFile
	at    int64 // where in the file it begins
	end   int64 // where its bytes end
	pad   int64 // bytes between that and the next
	name  string
	class int
	flags byte
	shape []int
}

// describe reads the header: flags and class, sizes, and name.
func (v *matVariable) describe() error {
	b, err := v.content("flags", 8, miUINT32)
	if err != nil {
		return err
	}
	if len(b) != 8 {
		return fmt.Errorf("%w: byte %d: flags of %d bytes; %s", ErrFormat, v.source.pos, len(b), saveMAT)
	}
	word := v.order.Uint32(b)
	v.class, v.flags = int(word&0xff), byte(word>>8)
	if v.class != matOpaque { // which has no sizes
		if b, err = v.content("sizes", 4*maxModes, miINT32); err != nil {
			return err
		}
		for ; len(b) >= 4; b = b[4:] {
			n := int(int32(v.order.Uint32(b)))
			if n < 0 {
				return fmt.Errorf("%w: a negative size, %d; %s", ErrFormat, n, saveMAT)
			}
			v.shape = append(v.shape, n)
		}
	}
	if b, err = v.content("a name", maxMATName, miINT8, miUINT8, miUTF8); err != nil {
		return err
	}
	v.name = string(bytes.TrimRight(b, "\x00"))
	return nil
}

// refuse returns why a variable is no array of real numbers, and nil when it is.
func (v *matVariable) refuse() error {
	kind := "of an unknown class"
	if v.class > 0 && v.class < len(matClasses) {
		kind = matClasses[v.class]
	}
	switch {
	case v.class == matSparse:
		return fmt.Errorf("%w: it is %s; save full(%s)", ErrType, kind, clip(v.name))
	case v.class < matDouble || v.class > matUint64:
		return fmt.Errorf("%w: it is %s; save the numbers in it as an array of their own", ErrType, kind)
	case v.flags&matComplex != 0:
		return fmt.Errorf("%w: it is complex %s; save abs(%s), or real and imaginary parts, as arrays of their own", ErrType, kind, clip(v.name))
	}
	return nil
}

// explain says which variable an error is about.
func (v *matVariable) explain(err error) error {
	if v.name == "" {
		return fmt.Errorf("variable at byte %d: %w", v.at, err)
	}
	return fmt.Errorf("variable %q at byte %d: %w", clip(v.name), v.at, err)
}

// read reads the elements, first index fastest: single stays float32, all else
// becomes float64.
func (v *matVariable) read() (Array, error) {
	at := v.source.pos
	t, err := v.tag()
	if err != nil {
		return Array{}, err
	}
	code, ok := matTypes[t.kind]
	if !ok {
		return Array{}, fmt.Errorf("%w: byte %d: elements of type %d; %s", ErrFormat, at, t.kind, saveMAT)
	}
	e := elements[code]
	e.bigEndian = v.order == binary.ByteOrder(binary.BigEndian) && e.size > 1
	n, ok := tensor.Elements(v.shape)
	if !ok || n > maxBytes/8 {
		return Array{}, fmt.Errorf("%w: shape %v is larger than any memory; %s", ErrFormat, v.shape, saveMAT)
	}
	if int64(n)*int64(e.size) != t.size {
		return Array{}, fmt.Errorf("%w: byte %d: %d bytes of %s for shape %v; %s", ErrFormat, at, t.size, e.name, v.shape, saveMAT)
	}
	p := payload{source: v.source, header: npyHeader{fortran: true, shape: v.shape}, element: e, start: v.source.pos, n: n}
	if t.small != nil {
		p.source, p.start = &source{r: bytes.NewReader(t.small), size: t.size}, 0
	}
	if p.source.size >= 0 && p.source.size-p.source.pos < t.size {
		return Array{}, p.short(p.source.size - p.source.pos)
	}
	a, err := p.read()
	if err != nil {
		return Array{}, err
	}
	if v.source.packed { // to the end, where the checksum is compared
		pad := -t.size & 7
		if t.small != nil {
			pad = 0
		}
		n, err := io.CopyN(io.Discard, v.source, pad+1)
		switch {
		case err == nil || n != pad && n != 0:
			return Array{}, fmt.Errorf("%w: byte %d: %d elements are not all that the variable holds; %s", ErrFormat, at, p.n, saveMAT)
		case err != io.EOF:
			return Array{}, v.source.readError(err)
		}
	}
	a.Stored = v.stored(e)
	if v.class == matSingle {
		return Array{F32: As[float32](a), Stored: a.Stored}, nil
	}
	return Array{F64: As[float64](a), Stored: a.Stored}, nil
}

// stored describes the class, and the type of the elements where it is another.
func (v *matVariable) stored(e element) string {
	class := matClasses[v.class]
	if v.flags&matLogical != 0 {
		return "logical"
	}
	name := map[string]string{"float64": "double", "float32": "single"}[e.name]
	if name == "" {
		name = e.name
	}
	if name != class {
		class += " as " + name
	}
	if e.bigEndian {
		class += " (big endian)"
	}
	return class
}
