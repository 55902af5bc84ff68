package ndio

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"polyad/tensor"
)

const mtxMagic = "%%MatrixMarket"

// mtxReader reads a Matrix Market file (Boisvert, Pozo, Remington, NISTIR 5935,
// 1996): a line that says what it holds, comments, a line of sizes, and either an
// entry "i j value" a line, indices from 1, or all elements column by column.
type mtxReader struct {
	source     *source
	lines      *bufio.Reader
	number     int // of the last line read
	coordinate bool
	field      string // real, double, integer, unsigned-integer or pattern
	symmetry   string // general, symmetric or skew-symmetric
	rows, cols int
}

// readMTX reads a matrix as float64. Entries that stand twice are added up, as
// is the custom, and the other half of a symmetric matrix is filled in.
func readMTX(s *source) (Array, error) {
	m := &mtxReader{source: s, lines: bufio.NewReaderSize(s, bufferBytes)}
	if err := m.banner(); err != nil {
		return Array{}, err
	}
	read, layout := m.elements, "array"
	if m.coordinate {
		read, layout = m.entries, "coordinate"
	}
	x, err := read()
	if err != nil {
		return Array{}, err
	}
	if line, err := m.line(); err == nil {
		return Array{}, m.fail("%q stands behind the last entry; mend the sizes, or take it away", clip(line))
	} else if err != io.EOF {
		return Array{}, err
	}
	stored := fmt.Sprintf("%s (%s, %s)", m.field, layout, m.symmetry)
	return Array{F64: tensor.Of(x, m.rows, m.cols), Stored: stored}, nil
}

// banner reads the first line.
func (m *mtxReader) banner() error {
	text, err := m.read()
	if err == io.EOF {
		return fmt.Errorf("%w: it is empty", ErrTruncated)
	} else if err != nil {
		return err
	}
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 || words[0] != strings.ToLower(mtxMagic) {
		return m.fail("%q where %s is expected", clip(text), mtxMagic)
	}
	if len(words) != 5 {
		return m.fail("%d words, 5 are expected: %s matrix, format, field, symmetry", len(words), mtxMagic)
	}
	m.field, m.symmetry = words[3], words[4]
	switch {
	case words[1] != "matrix":
		return m.fail("%q where matrix is expected", clip(words[1]))
	case words[2] != "array" && words[2] != "coordinate":
		return m.fail("format %q is neither array nor coordinate", clip(words[2]))
	case m.field == "complex":
		return fmt.Errorf("%w: line 1: complex numbers; write their magnitudes, or real and imaginary parts, as matrices of their own", ErrType)
	}
	m.coordinate = words[2] == "coordinate"
	switch m.field {
	case "real", "double", "integer", "unsigned-integer":
	case "pattern":
		if !m.coordinate || m.symmetry == "skew-symmetric" {
			return m.fail("a pattern is of format coordinate, and general or symmetric")
		}
	default:
		return m.fail("field %q is none of real, integer and pattern", clip(m.field))
	}
	if m.symmetry != "general" && m.symmetry != "symmetric" && m.symmetry != "skew-symmetric" {
		return m.fail("symmetry %q is none of general, symmetric and skew-symmetric", clip(m.symmetry))
	}
	return nil
}

// sizes reads the line of sizes into the given places, rows and columns first.
func (m *mtxReader) sizes(places ...*int) error {
	text, err := m.line()
	if err == io.EOF {
		return fmt.Errorf("%w: it ends at line %d, before the sizes", ErrTruncated, m.number)
	} else if err != nil {
		return err
	}
	words := strings.Fields(text)
	if len(words) != len(places) {
		return m.fail("%d sizes, %d are expected", len(words), len(places))
	}
	for i, word := range words {
		if *places[i], err = strconv.Atoi(word); err != nil || *places[i] < 0 {
			return m.fail("size %q is no number from 0 to %d", clip(word), maxBytes)
		}
	}
	if m.symmetry != "general" && m.rows != m.cols {
		return m.fail("%d x %d cannot be %s", m.rows, m.cols, m.symmetry)
	}
	if n, ok := tensor.Elements([]int{m.rows, m.cols}); !ok || n > maxBytes/8 {
		return m.fail("%d x %d is larger than any memory", m.rows, m.cols)
	}
	return nil
}

// enough refuses a number of items, each of so many bytes with its separator,
// that what is left cannot hold.
func (m *mtxReader) enough(items, size int) error {
	if m.source.size < 0 {
		return nil
	}
	left := m.source.size - m.source.pos + int64(m.lines.Buffered())
	if int64(items) > (left+1)/int64(size) {
		return fmt.Errorf("%w: line %d says %d entries, but %d bytes are left; copy it again", ErrTruncated, m.number, items, left)
	}
	return nil
}

// entries reads a matrix of format coordinate.
func (m *mtxReader) entries() ([]float64, error) {
	var count int
	if err := m.sizes(&m.rows, &m.cols, &count); err != nil {
		return nil, err
	}
	least, columns := len("1 1 1\n"), 3
	if m.field == "pattern" {
		least, columns = len("1 1\n"), 2
	}
	if err := m.enough(count, least); err != nil {
		return nil, err
	}
	if err := weigh([]int{m.rows, m.cols}, 8*int64(m.rows)*int64(m.cols)); err != nil {
		return nil, err
	}
	x := make([]float64, m.rows*m.cols)
	for k := range count {
		text, err := m.line()
		if err == io.EOF {
			return nil, m.ends(k, count)
		} else if err != nil {
			return nil, err
		}
		var words [4]string
		n := cut(text, words[:])
		if n != columns {
			return nil, m.fail("%q has not %d fields", clip(text), columns)
		}
		i, err := m.index(words[0], m.rows)
		if err != nil {
			return nil, err
		}
		j, err := m.index(words[1], m.cols)
		if err != nil {
			return nil, err
		}
		v := 1.0
		if columns == 3 {
			if v, err = m.value(words[2]); err != nil {
				return nil, err
			}
		}
		x[i*m.cols+j] += v
		switch {
		case m.symmetry == "general" || i == j && m.symmetry == "symmetric":
		case m.symmetry == "symmetric":
			x[j*m.cols+i] += v
		case i == j:
			return nil, m.fail("an entry on the diagonal of a skew-symmetric matrix")
		default:
			x[j*m.cols+i] -= v
		}
	}
	return x, nil
}

// elements reads a matrix of format array: all elements column by column, of
// symmetric ones those on and below the diagonal, of skew-symmetric ones those
// below.
func (m *mtxReader) elements() ([]float64, error) {
	if err := m.sizes(&m.rows, &m.cols); err != nil {
		return nil, err
	}
	below := 0 // rows from the diagonal to where a column begins
	count := m.rows * m.cols
	switch m.symmetry {
	case "symmetric":
		count = m.rows * (m.rows + 1) / 2
	case "skew-symmetric":
		below = 1
		count = m.rows * (m.rows - 1) / 2
	}
	if err := m.enough(count, len("1\n")); err != nil {
		return nil, err
	}
	if err := weigh([]int{m.rows, m.cols}, 8*int64(count)); err != nil {
		return nil, err
	}
	room := count
	if m.source.size < 0 {
		room = min(room, firstStep/8)
	}
	x := make([]float64, 0, room)
	for len(x) < count {
		text, err := m.line()
		if err == io.EOF {
			return nil, m.ends(len(x), count)
		} else if err != nil {
			return nil, err
		}
		for word := range strings.FieldsSeq(text) {
			v, err := m.value(word)
			if err != nil {
				return nil, err
			}
			if len(x) == count {
				return nil, m.fail("%q stands behind the last of %d elements; mend the sizes", clip(word), count)
			}
			x = append(x, v)
		}
	}
	if m.symmetry == "general" {
		return rowMajor(x, []int{m.rows, m.cols}), nil
	}
	y := make([]float64, m.rows*m.cols)
	for j := range m.cols {
		for i := j + below; i < m.rows; i++ {
			v := x[0]
			x = x[1:]
			y[i*m.cols+j], y[j*m.cols+i] = v, v
			if below > 0 {
				y[j*m.cols+i] = -v
			}
		}
	}
	return y, nil
}

// cut puts the words of a line into words, and returns how many there are, at
// most one more than fit.
func cut(text string, words []string) (n int) {
	for word := range strings.FieldsSeq(text) {
		if n == len(words) {
			return n + 1
		}
		words[n] = word
		n++
	}
	return n
}

// index returns a row or column, from 0.
func (m *mtxReader) index(word string, size int) (int, error) {
	i, err := strconv.Atoi(word)
	if err != nil || i < 1 || i > size {
		return 0, m.fail("index %q is none of 1 to %d", clip(word), size)
	}
	return i - 1, nil
}

func (m *mtxReader) value(word string) (float64, error) {
	v, err := parseNumber(word)
	if errors.Is(err, strconv.ErrRange) {
		return 0, m.fail("%q does not fit a float64; scale the data", clip(word))
	} else if err != nil {
		return 0, m.fail("%q is not a number", clip(word))
	}
	return v, nil
}

// line returns the next line that is neither a comment nor blank, and io.EOF
// itself at the end.
func (m *mtxReader) line() (string, error) {
	for {
		text, err := m.read()
		if err != nil {
			return "", err
		}
		if text = strings.TrimSpace(text); text != "" && text[0] != '%' {
			return text, nil
		}
	}
}

func (m *mtxReader) read() (string, error) {
	text, err := m.lines.ReadSlice('\n')
	m.number++
	switch {
	case err == io.EOF && len(text) == 0:
		m.number--
		return "", err
	case err == nil || err == io.EOF:
		return string(text), nil
	case err == bufio.ErrBufferFull:
		return "", m.fail("it has more than %d bytes", bufferBytes)
	}
	return "", m.source.readError(err)
}

func (m *mtxReader) fail(format string, args ...any) error {
	return fmt.Errorf("%w: line %d: %s", ErrFormat, m.number, fmt.Sprintf(format, args...))
}

// ends is the error for a file that has only some of its entries.
func (m *mtxReader) ends(have, want int) error {
	return fmt.Errorf("%w: it ends at line %d, after %d of %d entries; copy it again", ErrTruncated, m.number, have, want)
}
