package ndio

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
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
	return readTable(s, comma)
}

// readTable is [ReadCSV] on a source.
func readTable(s *source, comma rune) (Array, error) {
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
	for {
		record, err := t.reader.Read()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = t.add(record)
		}
		if err != nil {
			return Array{}, t.explain(err)
		}
	}
	if t.rows == 0 {
		return Array{}, t.empty()
	}
	return Array{F64: tensor.Of(t.data, t.rows, t.cols), Stored: "text"}, nil
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
	data       []float64
	rows, cols int
	firstLine  int    // number of the first line that is no comment, 0 before it
	header     string // the field that made the first line a header
}

// line returns the number of the line in the file at which the record begins.
func (t *table) line() int {
	line, _ := t.reader.FieldPos(0)
	return t.skipped + line
}

// add takes a record.
func (t *table) add(record []string) error {
	if t.firstLine == 0 {
		t.firstLine, t.cols = t.line(), len(record)
		if t.header = headerField(record); t.header != "" {
			return nil
		}
	}
	if len(record) != t.cols {
		return fmt.Errorf("%w: line %d has %d fields, line %d has %d; give all lines the same number",
			ErrFormat, t.line(), len(record), t.firstLine, t.cols)
	}
	for j, field := range record {
		x, err := parseNumber(field)
		if err != nil {
			return t.badField(j, field, err)
		}
		t.data = append(t.data, x)
	}
	t.rows++
	return nil
}

// headerField returns the first field that is no number when the record is a
// header: when it has such a field, and no number.
func headerField(record []string) (name string) {
	for _, field := range record {
		switch x, err := parseNumber(field); {
		case errors.Is(err, strconv.ErrSyntax):
			if name == "" {
				name = field
			}
		case x == x: // NaN and empty fields say nothing
			return ""
		}
	}
	return name
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
func (t *table) badField(j int, field string, err error) error {
	what, mend := "is not a number", "mend it, or write NaN where a value is missing"
	switch {
	case errors.Is(err, strconv.ErrRange):
		what, mend = "does not fit a float64", "scale the data"
	case strings.ContainsAny(field, ";\t"):
		mend = "write decimal points, and one separator throughout"
	case t.line() == t.firstLine:
		mend = "mend it, or take the line away if it is a header"
	}
	return fmt.Errorf("%w: line %d, column %d: %q %s; %s", ErrFormat, t.line(), j+1, clip(field), what, mend)
}

// explain says where an error of the reader arose.
func (t *table) explain(err error) error {
	var pe *csv.ParseError
	switch {
	case errors.Is(err, ErrFormat):
		return err
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
		ErrFormat, t.firstLine, clip(t.header))
}
