package ndio

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// sampleRows is how many lines of a table are looked at before header and index
// are told from data.
const sampleRows = 100

// layout is what the lines of a table consist of.
type layout struct {
	header      bool // the first line names the columns
	index       bool // the first column names the rows
	shortHeader bool // the header has no field above the index
	remarks     []string
}

// layoutOf tells header and index from data by the first lines of a table, of
// which there is one at least (docs/decisions/019-header-and-index.md).
func (o Options) layoutOf(sample []record) (l layout) {
	first, rest := sample[0].fields, sample[1:]
	l.shortHeader = o.Header != Absent && o.Index != Absent && shortHeader(first, rest, o)
	named := len(rest) > 0 && len(rest[0].fields) > 1 && namesRows(rest)
	l.header = l.shortHeader || o.Header == Present || o.Header == Guess && isHeader(first, rest, named)
	switch {
	case l.shortHeader || o.Index == Present:
		l.index = true
	case o.Index == Absent:
	case l.header:
		l.index = len(first) > 1 && (named || nameless(first[0]))
	default:
		l.index = len(first) > 1 && namesRows(sample)
	}
	l.remark(sample)
	return l
}

// remark says what was taken for what, where that was not plain.
func (l *layout) remark(sample []record) {
	line := sample[0].line
	switch {
	case l.header && l.index:
		l.say("took line %d as header and the first column as index", line)
	case l.header:
		l.say("took line %d as header", line)
	case l.index:
		l.say("took the first column as index, and no line as header")
	}
	if first := sample[0].fields; !l.header && len(sample) > 1 && counts(first) && !counts(sample[1].fields) {
		l.say("took line %d for data, though its numbers count up as a header may", line)
	}
}

func (l *layout) say(format string, args ...any) {
	l.remarks = append(l.remarks, fmt.Sprintf(format, args...))
}

// isHeader reports whether the first line of a table names the columns. named
// says that the first field of all other lines is a name.
func isHeader(first []string, rest []record, named bool) bool {
	if headerField(first) != "" {
		return true
	}
	if len(first) < 2 || len(rest) == 0 {
		return false
	}
	// Numbers, then, in all fields but perhaps the first.
	corner := strings.TrimSpace(first[0])
	switch {
	case headerField(first[1:]) != "" || !isNumbers(first[1:]):
		return false
	case corner == "" && (named || countsDown(rest)):
		return true
	}
	return named && isName(corner) && len(first) > 3 && counts(first[1:]) && !counts(rest[0].fields[1:])
}

// nameless reports whether the field above a column of row names is what programs
// write there that have no name for the column.
func nameless(corner string) bool {
	corner = strings.TrimSpace(corner)
	return corner == "" || corner == "Unnamed: 0"
}

// shortHeader reports whether the first line has a name for each column but the
// first, as R's write.table leaves it.
func shortHeader(first []string, rest []record, o Options) bool {
	if len(rest) == 0 {
		return false
	}
	for _, r := range rest {
		if len(r.fields) != len(first)+1 {
			return false
		}
	}
	return o.Header == Present || headerField(first) != "" || namesRows(rest)
}

// namesRows reports whether the first field of every record is a name.
func namesRows(records []record) bool {
	for _, r := range records {
		if !isName(r.fields[0]) {
			return false
		}
	}
	return true
}

// isName reports whether a field is neither empty nor a number.
func isName(field string) bool {
	_, err := parseNumber(field)
	return errors.Is(err, strconv.ErrSyntax)
}

// isNumbers reports whether all fields are numbers, and none is missing.
func isNumbers(fields []string) bool {
	for _, field := range fields {
		if x, err := parseNumber(field); err != nil || x != x {
			return false
		}
	}
	return true
}

// headerField returns the first field that is no number when the record is a
// header: when it has such a field, and no number.
func headerField(fields []string) (name string) {
	for _, field := range fields {
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

// counts reports whether the fields are numbers that are spaced evenly: 0, 1 or 1,
// 2 where there are two, and of any distance where there are more.
func counts(fields []string) bool {
	if len(fields) < 2 || !isNumbers(fields) {
		return false
	}
	var x []float64
	for _, field := range fields {
		v, _ := parseNumber(field)
		x = append(x, v)
	}
	step := x[1] - x[0]
	if len(x) == 2 {
		return step == 1 && (x[0] == 0 || x[0] == 1)
	}
	if step == 0 || math.IsInf(step, 0) {
		return false
	}
	for i := 1; i < len(x); i++ {
		if !(math.Abs(x[i]-x[i-1]-step) <= 1e-6*math.Abs(step)) {
			return false
		}
	}
	return true
}

// countsDown reports whether the first fields of the records are spaced evenly.
func countsDown(records []record) bool {
	var column []string
	for _, r := range records {
		column = append(column, r.fields[0])
	}
	return counts(column)
}
