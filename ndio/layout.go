package ndio

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

const (
	sampleRows   = 100     // lines of a table that are looked at before header and index are told from data
	sampleFields = 1 << 20 // fields of them
	weighRows    = 1 << 16 // rows between looks whether there is memory for more names
)

// layout is what the lines of a table consist of.
type layout struct {
	width   int      // fields of a row
	header  []string // the fields of the first line, one for each column at least; nil when it is a row
	index   bool     // the first field of every row is its name
	remarks []string
}

// layoutOf tells header and index from data by the first lines of a table, of
// which there is one at least (docs/decisions/019-header-and-index.md).
func (o Options) layoutOf(sample []record, n numbers) layout {
	first, rest := sample[0].fields, sample[1:]
	l := layout{width: len(first)}
	named := len(rest) > 0 && n.nameRows(rest) || o.Index == Present
	header := o.Header == Present || o.Header == Guess && n.isHeader(first, rest, named)
	short := false
	if width, tail := widthOf(rest); width > 0 && width != l.width && o.Header != Absent {
		switch more := width - l.width; {
		case header && more > 0 && tail >= more: // the rows end in separators
			first = append(slices.Clone(first), make([]string, more)...)
			l.width = width
		case header && more < 0 && emptyTail(first) >= -more: // or the header does
			first, l.width = first[:width], width
		case more == 1 && o.Index != Absent && (header || named || n.counts(column(rest, 0))): // as R's write.table has it
			header, short = true, true
			l.width = width
		}
	}
	if header {
		l.header = slices.Clone(first)
	}
	switch {
	case l.width < 2 || o.Index == Absent:
	case o.Index == Present || short:
		l.index = true
	case header:
		l.index = named || nameless(first[0])
	default:
		l.index = n.nameRows(sample)
	}
	l.remark(sample, n, o)
	return l
}

// widthOf returns the number of fields that all records have, 0 where they differ,
// and how many of the last are empty in all of them.
func widthOf(records []record) (width, tail int) {
	for i, r := range records {
		switch {
		case i == 0:
			width, tail = len(r.fields), emptyTail(r.fields)
		case len(r.fields) != width:
			return 0, 0
		default:
			tail = min(tail, emptyTail(r.fields))
		}
	}
	return width, tail
}

// emptyTail returns how many of the last fields are empty.
func emptyTail(fields []string) (n int) {
	for n < len(fields) && strings.TrimSpace(fields[len(fields)-1-n]) == "" {
		n++
	}
	return n
}

// remark says what was taken for what.
func (l *layout) remark(sample []record, n numbers, o Options) {
	line, rows := sample[0].line, sample
	say := func(format string, args ...any) { l.remarks = append(l.remarks, fmt.Sprintf(format, args...)) }
	switch {
	case l.header != nil && l.index:
		say("took line %d as header and the first column as index", line)
	case l.header != nil:
		say("took line %d as header", line)
	case l.index:
		say("took the first column as index, and no line as header")
	}
	if l.header != nil {
		rows = sample[1:]
	}
	if width, _ := widthOf(rows); width == 0 || len(rows) < 2 {
		return
	}
	from := 0
	if l.index {
		from = 1
	}
	if first := rows[0].fields[from:]; o.Header == Guess && l.header == nil && len(first) > 2 && n.counts(first) && !n.counts(rows[1].fields[from:]) {
		say("took line %d as data, though it counts as a header may", line)
	}
	if o.Index == Guess && !l.index && len(rows) > 2 && n.counts(column(rows, 0)) && len(rows[0].fields) > 1 && !n.counts(column(rows, 1)) {
		say("took the first column as data, though it counts as an index may")
	}
}

// column returns a field of every record.
func column(records []record, j int) []string {
	var fields []string
	for _, r := range records {
		fields = append(fields, r.fields[j])
	}
	return fields
}

// isHeader reports whether the first line of a table names the columns. named
// says that the first fields of the others name rows.
func (n numbers) isHeader(first []string, rest []record, named bool) bool {
	if n.headerField(first) != "" {
		// A row of which all is missing but its name is none.
		return !(named && len(first) > 1 && n.headerField(first[1:]) == "" && emptyTail(first) == 0)
	}
	if len(first) < 2 || len(rest) == 0 || !n.areNumbers(first[1:]) {
		return false
	}
	switch corner := strings.TrimSpace(first[0]); {
	case corner == "":
		return named || n.counts(column(rest, 0))
	case !named || !n.isName(corner):
		return false
	}
	return len(first) > 3 && n.counts(first[1:]) && !n.counts(rest[0].fields[1:])
}

// nameless reports whether the field above a column of row names is what programs
// write there that have no name for the column.
func nameless(corner string) bool {
	corner = strings.TrimSpace(corner)
	return corner == "" || corner == "Unnamed: 0"
}

// nameRows reports whether the first field of every record is a name, and others
// follow it.
func (n numbers) nameRows(records []record) bool {
	for _, r := range records {
		if len(r.fields) < 2 || !n.isName(r.fields[0]) {
			return false
		}
	}
	return true
}

// headerField returns the first field that is no number when the record is a
// header: when it has such a field, and no number.
func (n numbers) headerField(fields []string) (name string) {
	for _, field := range fields {
		switch x, err := n.parse(field); {
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
func (n numbers) counts(fields []string) bool {
	if len(fields) < 2 || !n.areNumbers(fields) {
		return false
	}
	at := func(i int) float64 {
		x, _ := n.parse(fields[i])
		return x
	}
	step := at(1) - at(0)
	if len(fields) == 2 {
		return step == 1 && (at(0) == 0 || at(0) == 1)
	}
	for i := 1; i < len(fields); i++ {
		if !(math.Abs(at(i)-at(i-1)-step) <= 1e-6*math.Abs(step)) {
			return false
		}
	}
	return step != 0
}
