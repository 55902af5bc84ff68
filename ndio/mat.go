package ndio

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

const (
	matMagic   = "MATLAB "
	hdf5Magic  = "\x89HDF\r\n\x1a\n"
	matHeader  = 128
	maxMATName = 4096 // bytes
	saveMAT    = "save it again with -v7"
)

// The types of data elements in a level 5 MAT-file.
const (
	miINT8       = 1
	miUINT8      = 2
	miINT32      = 5
	miUINT32     = 6
	miMATRIX     = 14
	miCOMPRESSED = 15
	miUTF8       = 16
)

// matFile walks through a level 5 MAT-file, as MATLAB saves it with -v6 and -v7
// (MathWorks, MAT-File Format, R2024a): a header of 128 bytes, and one element
// for each variable, a matrix or a matrix in a zlib stream.
type matFile struct {
	source *source
	order  binary.ByteOrder
}

// matTag stands before a data element. What has 4 bytes at most may stand in the
// tag itself.
type matTag struct {
	kind  uint32
	size  int64
	small []byte // its data, nil when they follow
}

// readMAT reads the array of the given name, or the only one when the name is
// empty, from a MAT-file. Variables that are no arrays of real numbers do not
// count, except that they are told of when they are asked for.
func readMAT(s *source, name string) (Array, error) {
	m := &matFile{source: s}
	if err := m.header(); err != nil {
		return Array{}, err
	}
	var found Array
	var names, others []string
	var refused error // of the first variable that is no array of real numbers
	for {
		v, err := m.next()
		if err == io.EOF {
			break
		} else if err != nil {
			return Array{}, err
		}
		refusal := v.refuse()
		switch {
		case v.name == "": // MATLAB's own
		case name != "" && v.name != name:
			names = append(names, v.name)
		case refusal == nil:
			if names = append(names, v.name); name != "" || len(names) == 1 {
				if found, err = v.read(); err != nil {
					return Array{}, v.explain(err)
				}
				if name != "" {
					return found, nil
				}
			}
		case name != "":
			return Array{}, v.explain(refusal)
		default:
			others = append(others, v.name)
			if refused == nil {
				refused = v.explain(refusal)
			}
		}
		if err := m.skip(v); err != nil {
			return Array{}, err
		}
	}
	switch {
	case name != "":
		return Array{}, missing(name, names)
	case len(names) == 1:
		return found, nil
	case len(names) > 1:
		return Array{}, several(names)
	case len(others) > 1:
		return Array{}, fmt.Errorf("%w: there are only %s; %w", ErrType, list(others), refused)
	case refused != nil:
		return Array{}, refused
	}
	return Array{}, fmt.Errorf("%w: there is no variable in it; %s", ErrFormat, saveMAT)
}

// header reads what stands before the variables, and refuses other formats.
func (m *matFile) header() error {
	b := make([]byte, matHeader)
	n, err := io.ReadFull(m.source, b)
	if err != nil && !isEnd(err) {
		return m.source.readError(err)
	}
	b = b[:n]
	text := string(b)
	version := ""
	switch {
	case strings.HasPrefix(text, hdf5Magic), strings.HasPrefix(text, "MATLAB 7.3 "):
		version = "7.3, which is HDF5"
	case n >= 20 && bytes.IndexByte(b[:4], 0) >= 0:
		version = "4" // text in a later one
	case n < matHeader:
		return fmt.Errorf("%w: it ends at byte %d, inside the header; copy it again", ErrTruncated, n)
	}
	if version == "" {
		switch mark := text[126:]; mark {
		case "IM":
			m.order = binary.LittleEndian
		case "MI":
			m.order = binary.BigEndian
		default:
			return fmt.Errorf("%w: byte 126: %q where a MAT-file has IM or MI; %s", ErrFormat, mark, saveMAT)
		}
		switch v := m.order.Uint16(b[124:]); v {
		case 0x100:
			return nil
		case 0x200:
			version = "7.3, which is HDF5"
		default:
			version = fmt.Sprintf("%d.%d", v>>8, v&0xff)
		}
	}
	return fmt.Errorf("%w: a MAT-file of version %s; %s", ErrFormat, version, saveMAT)
}

// next returns the next variable, its elements unread. At the end of the file it
// returns io.EOF.
func (m *matFile) next() (*matVariable, error) {
	s := m.source
	start := s.pos
	var b [8]byte
	if n, err := io.ReadFull(s, b[:]); err == io.EOF && n == 0 {
		return nil, io.EOF
	} else if isEnd(err) {
		return nil, fmt.Errorf("%w: it ends at byte %d, inside the tag of a variable; copy it again", ErrTruncated, s.pos)
	} else if err != nil {
		return nil, s.readError(err)
	}
	kind, size := m.order.Uint32(b[:]), int64(m.order.Uint32(b[4:]))
	if kind != miMATRIX && kind != miCOMPRESSED {
		return nil, fmt.Errorf("%w: byte %d: element of type %d where a variable is expected; %s", ErrFormat, start, kind, saveMAT)
	}
	if s.size >= 0 && size > s.size-s.pos {
		return nil, fmt.Errorf("%w: the variable at byte %d has %d bytes, but %d are left; copy it again",
			ErrTruncated, start, size, s.size-s.pos)
	}
	v := &matVariable{matFile: matFile{s.section(size), m.order}, at: start, end: s.pos + size}
	if kind == miMATRIX {
		v.pad = -size & 7
	} else if err := v.inflate(size); err != nil {
		return nil, v.explain(err)
	}
	if err := v.describe(); err != nil {
		return nil, v.explain(err)
	}
	return v, nil
}

// inflate makes the source that of the matrix in a zlib stream of the given
// length.
func (m *matFile) inflate(size int64) error {
	z, err := zlib.NewReader(m.source)
	if isEnd(err) {
		return fmt.Errorf("%w: a zlib stream of %d bytes; copy it again", ErrTruncated, size)
	} else if err != nil {
		return m.source.readError(unpackError(err))
	}
	m.source = &source{r: unpacker{z}, size: -1, packed: true}
	tag, err := m.tag()
	switch {
	case err != nil:
		return err
	case tag.kind != miMATRIX:
		return fmt.Errorf("%w: compressed element of type %d where a matrix is expected; %s", ErrFormat, tag.kind, saveMAT)
	case tag.size/maxInflate > size:
		return fmt.Errorf("%w: %d bytes cannot come out of %d; %s", ErrFormat, tag.size, size, saveMAT)
	}
	m.source.size = m.source.pos + tag.size
	return nil
}

// section returns the next n bytes of s as a source that ends there. Positions
// are those in s.
func (s *source) section(n int64) *source {
	sub := &source{r: io.LimitReader(s, n), pos: s.pos, size: -1, packed: s.packed}
	if s.size >= 0 {
		sub.size = s.pos + n
	}
	return sub
}

// skip goes on behind a variable.
func (m *matFile) skip(v *matVariable) error {
	_, err := io.CopyN(io.Discard, m.source, v.end-m.source.pos)
	if isEnd(err) {
		return v.explain(fmt.Errorf("%w: it ends at byte %d; copy it again", ErrTruncated, m.source.pos))
	}
	if err == nil {
		_, err = io.CopyN(io.Discard, m.source, v.pad) // which may be missing at the end
	}
	if err != nil && !isEnd(err) {
		return m.source.readError(err)
	}
	return nil
}

// tag reads the tag of an element inside a variable, with what it has in itself.
func (m *matFile) tag() (matTag, error) {
	b := make([]byte, 8)
	if err := m.source.full(b, "a tag"); err != nil {
		return matTag{}, err
	}
	t := matTag{kind: m.order.Uint32(b), size: int64(m.order.Uint32(b[4:]))}
	if n := t.kind >> 16; n > 4 {
		return matTag{}, fmt.Errorf("%w: byte %d: %d bytes in a tag; %s", ErrFormat, m.source.pos-8, n, saveMAT)
	} else if n > 0 {
		return matTag{kind: t.kind & 0xffff, size: int64(n), small: b[4 : 4+n]}, nil
	}
	return t, nil
}

// content reads an element of one of the given types, with its padding.
func (m *matFile) content(what string, most int64, kinds ...uint32) ([]byte, error) {
	at := m.source.pos
	t, err := m.tag()
	if err != nil {
		return nil, err
	}
	ok := t.size <= most
	for _, k := range kinds {
		if t.kind == k && ok {
			if t.small != nil {
				return t.small, nil
			}
			b := make([]byte, (t.size+7)&^7)
			return b[:t.size], m.source.full(b, what)
		}
	}
	return nil, fmt.Errorf("%w: byte %d: %s of type %d and %d bytes; %s", ErrFormat, at, what, t.kind, t.size, saveMAT)
}
