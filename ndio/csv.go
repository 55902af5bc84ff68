package ndio

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"polyad/tensor"
)

const (
	byteOrderMark = "\ufeff"
	commentMark   = '#'
	peekBytes     = 1 << 16 // how far the first line is searched for separators
)

// ReadCSV reads a table of numbers, one row a line, as float64 of order 2. Fields
// are separated by comma; with comma 0 the first line decides: commas where it
// has any, else semicolons, else tabs.
//
// A first line without any number is a header and is skipped.
// So are a UTF-8 byte order mark, empty lines, and lines that begin with #.
// Blanks around fields do not count, and fields may be quoted. An empty field,
// NaN and NA are NaN; Inf is a number. All lines must have the same number of
// fields. There must be one row at least.
func ReadCSV(r io.Reader, comma rune) (Array, error) {
	s, err := newSource(r, nil)
	if err != nil {
		return Array{}, err
	}
	return readTable(s, comma, Options{})
}

// readTable is [ReadCSV] on a source.
func readTable(s *source, comma rune, o Options) (Array, error) {
	br := bufio.NewReaderSize(s, peekBytes)
	skipped, err := skipComments(br)
	if err == nil && comma == 0 {
		comma, err = separator(br)
	}
	if err != nil {
		return Array{}, s.readError(err)
	}
	t := table{reader: csv.NewReader(br), skipped: skipped}
	t.reader.Comma = comma
	t.reader.Comment = commentMark
	t.reader.ReuseRecord = true
	t.reader.FieldsPerRecord = -1 // counted here, for the sake of the message
	t.reader.TrimLeadingSpace = !unicode.IsSpace(comma)
	sample, err := t.sample()
	if len(sample) > 0 {
		t.layout = o.layoutOf(sample)
	}
	for _, r := range sample {
		if err := t.add(r); err != nil {
			return Array{}, err
		}
	}
	for err == nil {
		var r record
		if r, err = t.next(); err == nil {
			err = t.add(r)
		}
	}
	switch {
	case err != io.EOF:
		return Array{}, err
	case t.rows == 0:
		return Array{}, t.empty()
	}
	names := t.names()
	return Array{F64: tensor.Of(t.data, t.rows, t.cols), Stored: "text", Names: names, Remarks: t.layout.remarks}, nil
}

// skipComments skips a byte order mark and the comments and empty lines before
// the first line, and returns the number of lines.
func skipComments(br *bufio.Reader) (lines int, err error) {
	mark, err := br.Peek(len(byteOrderMark))
	if string(mark) == byteOrderMark {
		_, err = br.Discard(len(mark))
	}
	for err == nil || err == io.EOF {
		var b []byte
		b, err = br.Peek(2)
		if len(b) == 0 || b[0] != commentMark && b[0] != '\n' && string(b) != "\r\n" {
			break
		}
		for more := true; more; {
			_, more, err = br.ReadLine()
		}
		lines++
	}
	if err == io.EOF {
		err = nil
	}
	return lines, err
}

// separator returns what separates the fields of the line that br is at.
func separator(br *bufio.Reader) (rune, error) {
	b, err := br.Peek(peekBytes)
	if err != nil && err != io.EOF {
		return 0, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	for _, r := range ",;\t" {
		if strings.ContainsRune(line, r) {
			return r, nil
		}
	}
	return ',', nil
}

// table is what has been read of a table.
type table struct {
	reader     *csv.Reader
	skipped    int // lines that the reader has not seen
	layout     layout
	data       []float64
	rows, cols int
	firstLine  int // number of the first line that is no comment, 0 before it
	firstLen   int // its number of fields
	header     []string
	index      []string
}

// record is a line of a table that is no comment, cut into fields.
type record struct {
	line   int // its number in the file
	fields []string
}

// next returns the next record, whose fields may be overwritten by the one after
// it, and io.EOF itself at the end.
func (t *table) next() (record, error) {
	fields, err := t.reader.Read()
	if err == io.EOF {
		return record{}, err
	} else if err != nil {
		return record{}, t.explain(err)
	}
	line, _ := t.reader.FieldPos(0)
	return record{t.skipped + line, fields}, nil
}

// sample returns the first records, and why there are no more of them.
func (t *table) sample() (sample []record, err error) {
	for len(sample) < sampleRows {
		r, err := t.next()
		if err != nil {
			return sample, err
		}
		r.fields = slices.Clone(r.fields)
		sample = append(sample, r)
	}
	return sample, nil
}

// add takes a record.
func (t *table) add(r record) error {
	if t.firstLine == 0 {
		t.firstLine, t.firstLen = r.line, len(r.fields)
		t.cols = len(r.fields)
		if t.layout.shortHeader {
			t.cols++
		}
		if t.layout.header {
			t.header = slices.Clone(r.fields)
			return nil
		}
	}
	if len(r.fields) != t.cols {
		return fmt.Errorf("%w: line %d has %d fields, line %d has %d; give all lines the same number",
			ErrFormat, r.line, len(r.fields), t.firstLine, t.firstLen)
	}
	for j, field := range r.fields {
		if j == 0 && t.layout.index {
			t.index = append(t.index, strings.TrimSpace(field))
			continue
		}
		x, err := parseNumber(field)
		if err != nil {
			return t.badField(r.line, j, field, err)
		}
		t.data = append(t.data, x)
	}
	t.rows++
	return nil
}

// names returns what names the rows and columns.
func (t *table) names() [][]string {
	if !t.layout.header && !t.layout.index {
		return nil
	}
	names := make([][]string, 2)
	if t.layout.index {
		names[0] = t.index
		t.cols--
	}
	if t.layout.header {
		names[1] = t.header[len(t.header)-t.cols:]
		for j, name := range names[1] {
			names[1][j] = strings.TrimSpace(name)
		}
	}
	return names
}

// parseNumber returns the value of a field. Of what strconv takes for a number it
// leaves out 1_2, which is more likely a name.
func parseNumber(field string) (float64, error) {
	field = strings.TrimSpace(field)
	switch {
	case field == "" || field == "NA":
		return math.NaN(), nil
	case strings.Contains(field, "_"):
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(field, 64)
}

// badField is the error for a field that is not a number.
func (t *table) badField(line, j int, field string, err error) error {
	what, mend := "is not a number", "mend it, or write NaN where a value is missing"
	switch {
	case errors.Is(err, strconv.ErrRange):
		what, mend = "does not fit a float64", "scale the data"
	case strings.ContainsAny(field, ";\t"):
		mend = "write decimal points, and one separator throughout"
	case line == t.firstLine:
		mend = "mend it, or take the line away if it is a header"
	}
	return fmt.Errorf("%w: line %d, column %d: %q %s; %s", ErrFormat, line, j+1, clip(field), what, mend)
}

// explain says where an error of the reader arose.
func (t *table) explain(err error) error {
	var pe *csv.ParseError
	switch {
	case errors.As(err, &pe):
		return fmt.Errorf("%w: line %d, byte %d: %w; mend the quotes", ErrFormat, t.skipped+pe.Line, pe.Column, pe.Err)
	}
	return fmt.Errorf("reading the table behind row %d: %w", t.rows, err)
}

// empty is the error for a table without rows.
func (t *table) empty() error {
	if t.firstLine == 0 {
		return fmt.Errorf("%w: no numbers in it; give it one row at least", ErrFormat)
	}
	return fmt.Errorf("%w: no numbers in it: line %d, the only one, is a header, as %q is not a number; give it one row at least",
		ErrFormat, t.firstLine, clip(headerField(t.header)))
}
