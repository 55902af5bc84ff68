package ndio

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"polyad/tensor"
)

// ReadCSV reads a table of numbers, one row a line, as float64 of order 2. Fields
// are separated by comma, of which ' ' stands for blanks and tabs, one or more;
// with comma 0 the lines tell: commas, semicolons, tabs or blanks, whichever cuts
// them into the same number of fields, numbers as far as possible.
//
// A header line and an index column are found as far as they differ from data, and
// become [Array.Names]; [Options] say otherwise. [Array.Remarks] tell what was
// found.
//
// The text is UTF-8 or UTF-16; a byte order mark, empty lines, and lines that begin
// with # are skipped, and lines may end in \n, \r\n or \r. Blanks around fields do
// not count, and fields may be quoted. Decimal marks are points or commas, the
// same throughout; thousands are not separated. An empty field, NaN, NA, #N/A, NULL
// and the like are NaN; Inf is a number. All lines must have the same number of
// fields, but a column at the end that is empty in all of them is none, as
// separators at the ends of lines make it. There must be one row at least.
func ReadCSV(r io.Reader, comma rune) (Array, error) {
	s, err := newSource(r, nil)
	if err != nil {
		return Array{}, err
	}
	return readTable(s, comma, Options{})
}

// readTable is [ReadCSV] on a source.
func readTable(s *source, comma rune, o Options) (Array, error) {
	if comma == commentMark {
		return Array{}, fmt.Errorf("%w: fields cannot be separated by %q, which begins a comment", ErrFormat, comma)
	}
	lines, err := textLines(s)
	if err != nil {
		return Array{}, s.readError(err)
	}
	br := bufio.NewReaderSize(lines, peekBytes)
	if comma == 0 {
		head, err := br.Peek(peekBytes)
		if err != nil && err != io.EOF {
			return Array{}, s.readError(err)
		}
		comma = separatorOf(string(head), err == io.EOF)
	}
	t := table{records: newRecordReader(br, comma), lines: lines, numbers: numbers{separator: comma}}
	sample, err := t.sample()
	if len(sample) > 0 {
		t.layout = o.layoutOf(sample, t.numbers)
		if o.Index == Present && !t.layout.index {
			return Array{}, fmt.Errorf("%w: line %d has %d field, so without its index nothing is left", ErrFormat, sample[0].line, len(sample[0].fields))
		}
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
	return t.array(), nil
}

// table is what has been read of a table.
type table struct {
	records recordReader
	lines   *lineReader
	layout  layout
	numbers numbers
	data    []float64
	index   []string // names of rows
	rows    int
	tail    int // empty fields at the end of every line so far
	first   record
}

// record is a line of a table that is no comment, cut into fields.
type record struct {
	line   int // its number in the file
	fields []string
}

// next returns the next record, whose fields may be overwritten by the one after
// it, and io.EOF itself at the end.
func (t *table) next() (record, error) {
	fields, line, err := t.records.read()
	if err != nil && err != io.EOF && !errors.Is(err, ErrFormat) {
		err = fmt.Errorf("reading the table behind row %d: %w", t.rows, err)
	}
	t.lines.budget = 0
	return record{line, fields}, err
}

// sample returns the first records, and why there are no more of them.
func (t *table) sample() (sample []record, err error) {
	for size := 0; len(sample) < sampleRows && (len(sample) < 2 || size < sampleFields); {
		r, err := t.next()
		if err != nil {
			return sample, err
		}
		r.fields = slices.Clone(r.fields)
		sample = append(sample, r)
		size += len(r.fields)
	}
	return sample, nil
}

// add takes a record.
func (t *table) add(r record) error {
	l := &t.layout
	if t.first.line == 0 {
		t.first, t.tail = r, len(r.fields)
		if l.header != nil {
			return nil
		}
	}
	if len(r.fields) != l.width {
		return fmt.Errorf("%w: line %d has %d fields, line %d has %d; give all lines the same number",
			ErrFormat, r.line, len(r.fields), t.first.line, len(t.first.fields))
	}
	if len(t.data)+len(r.fields) > cap(t.data) {
		if err := weigh([]int{t.rows, l.width}, 8*int64(cap(t.data)+cap(t.data)/4)); err != nil {
			return err
		}
	}
	fields := r.fields
	if l.index {
		if t.rows%weighRows == weighRows-1 {
			if err := weigh([]int{t.rows, l.width}, weighFrom); err != nil {
				return err
			}
		}
		t.index = append(t.index, strings.Clone(strings.TrimSpace(fields[0]))) // not the whole line
		fields = fields[1:]
	}
	for j, field := range fields {
		x, err := t.numbers.parse(field)
		if err != nil {
			return t.badField(r, len(r.fields)-len(fields)+j, err)
		}
		t.data = append(t.data, x)
	}
	if t.tail > 0 {
		t.tail = min(t.tail, emptyTail(fields))
	}
	t.rows++
	return nil
}

// array returns what was read.
func (t *table) array() Array {
	l := &t.layout
	cols := len(t.data) / t.rows
	var header []string
	if l.header != nil {
		header = l.header[len(l.header)-cols:]
		t.tail = min(t.tail, emptyTail(header))
	}
	if t.tail > 0 && t.tail < cols { // separators at the ends of the lines
		keep := cols - t.tail
		for i := range t.rows {
			copy(t.data[i*keep:(i+1)*keep], t.data[i*cols:])
		}
		t.data, cols = t.data[:t.rows*keep], keep
		header = header[:min(keep, len(header))]
	}
	a := Array{F64: tensor.Of(t.data, t.rows, cols), Stored: "text", Remarks: l.remarks}
	if t.numbers.mark == ',' {
		a.Remarks = append(a.Remarks, "took commas as decimal marks")
	}
	if remark := triplets(a.F64); remark != "" && !l.index {
		a.Remarks = append(a.Remarks, remark)
	}
	if header != nil || l.index {
		a.Names = [][]string{readable(t.index), readable(header)}
	}
	return a
}

// readable returns names without blanks around them, and as UTF-8: where they are
// not they are taken to be of Windows' code page 1252, as spreadsheets save it.
func readable(names []string) []string {
	latin := slices.ContainsFunc(names, func(name string) bool { return !utf8.ValidString(name) })
	for i, name := range names {
		if latin {
			if text, err := charmap.Windows1252.NewDecoder().String(name); err == nil {
				name = text
			}
		}
		names[i] = strings.Clone(strings.TrimSpace(name))
	}
	return names
}

// badField is the error for a field that is not a number.
func (t *table) badField(r record, j int, err error) error {
	field := strings.TrimSpace(r.fields[j])
	what, mend := "is not a number", "mend it, or write NaN where a value is missing"
	switch {
	case errors.Is(err, strconv.ErrRange):
		what, mend = "does not fit a float64", "scale the data"
	case errors.Is(err, errThousands):
		what, mend = "may have separators between thousands", "write numbers without them"
	case errors.Is(err, errMarks):
		what, mend = "has another decimal mark than the numbers before it", "write the same mark throughout, and none between thousands"
	case strings.ContainsAny(field, ";\t"):
		mend = "write one separator throughout"
	case r.line == t.first.line:
		mend = "mend it, or take the line away if it is a header"
	case t.layout.header != nil && t.rows == 0 && t.numbers.headerField(r.fields) != "":
		mend = "mend it, or take the line away if it belongs to the header"
	case j == 0 && len(r.fields) > 1:
		mend = "mend it, or say that the first column is an index if it names rows"
	case strings.HasSuffix(field, "%"):
		mend = "write it without the sign"
	case j == 1 && len(r.fields) > 2 && t.layout.index && strings.ContainsFunc(field, unicode.IsLetter):
		mend = "mend it: one column alone may name rows; a list of entries (row, column, value) is read as a .mtx file"
	}
	return fmt.Errorf("%w: line %d, column %d: %q %s; %s", ErrFormat, r.line, j+1, clip(field), what, mend)
}

// empty is the error for a table without rows.
func (t *table) empty() error {
	name := t.numbers.headerField(t.first.fields)
	switch {
	case t.first.line == 0:
		return fmt.Errorf("%w: no numbers in it; give it one row at least", ErrFormat)
	case name == "":
		return fmt.Errorf("%w: no numbers behind line %d, which is the header; give it one row at least", ErrFormat, t.first.line)
	}
	return fmt.Errorf("%w: no numbers in it: line %d, the only one, is a header, as %q is not a number; give it one row at least",
		ErrFormat, t.first.line, clip(name))
}

// parseNumber returns the value of a word of a format that has one way to write
// numbers, but may miss them.
func parseNumber(word string) (float64, error) {
	n := numbers{mark: '.', separator: ','}
	return n.parse(word)
}
