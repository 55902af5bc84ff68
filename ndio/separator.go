package ndio

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// blanks is the separator of fields between which there are blanks or tabs, one or
// more.
const blanks = ' '

// sniffLines is how many lines are looked at for their separator.
const sniffLines = 20

// separatorOf returns what separates the fields of a text of which this is the
// beginning, whole when the text has no more: comma, semicolon, tab or blanks. It
// is that with which the lines behind the first, which may be a header, have the
// same number of fields, two at least, and most of them are numbers.
func separatorOf(text string, whole bool) rune {
	var lines []string
	for line := range strings.Lines(text) {
		if whole || strings.HasSuffix(line, "\n") || len(lines) == 0 {
			if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) != "" {
				lines = append(lines, line)
			}
		}
		if len(lines) == sniffLines {
			break
		}
	}
	if len(lines) > 1 {
		lines = lines[1:]
	}
	best, most := ',', 0.0
	for _, sep := range []rune{',', ';', '\t', blanks} {
		if score := scoreOf(lines, sep); score > most {
			best, most = sep, score
		}
	}
	return best
}

// scoreOf tells how well lines are cut by a separator: the share of numbers among
// the fields, and 1 more when all lines have as many.
func scoreOf(lines []string, sep rune) float64 {
	width, all, good := 0, 0, 0
	even := 1.0
	for i, line := range lines {
		fields := splitLine(nil, line, sep)
		if i == 0 {
			width = len(fields)
		} else if len(fields) != width {
			even = 0
		}
		n := numbers{separator: sep}
		for _, f := range fields {
			if all++; !n.isName(f) {
				good++
			}
		}
	}
	if width < 2 {
		return 0
	}
	return even + float64(good)/float64(all)
}

// splitLine cuts a line into its fields, without quotes and the blanks around.
// Quotes inside of a field in quotes are doubled, or stand behind a backslash, as
// R's write.table has them. They are appended to fields.
func splitLine(fields []string, line string, sep rune) []string {
	isSep := func(c byte) bool { return rune(c) == sep || sep == blanks && c == '\t' }
	for i := 0; ; {
		for i < len(line) && (line[i] == ' ' || line[i] == '\t' && sep != '\t') {
			i++
		}
		if sep == blanks && i == len(line) {
			return fields
		}
		if i < len(line) && line[i] == '"' {
			j := i + 1
			for j < len(line) && line[j] != '"' || j+1 < len(line) && line[j+1] == '"' {
				if line[j] == '"' || line[j] == '\\' && j+1 < len(line) && line[j+1] == '"' {
					j++
				}
				j++
			}
			if j < len(line) {
				fields = append(fields, unquoted.Replace(line[i+1:j]))
				for i = j + 1; i < len(line) && !isSep(line[i]); i++ {
				}
				if i == len(line) {
					return fields
				}
				i++
				continue
			}
		}
		j := i
		for j < len(line) && !isSep(line[j]) {
			j++
		}
		fields = append(fields, line[i:j])
		if j == len(line) {
			return fields
		}
		i = j + 1
	}
}

var unquoted = strings.NewReplacer(`""`, `"`, `\"`, `"`)

// recordReader cuts a text into records.
type recordReader interface {
	// read returns the fields of the next record, which may be overwritten by
	// those of the next, and the number of the line where it begins. At the end it
	// returns io.EOF itself.
	read() (fields []string, line int, err error)
}

// newRecordReader returns a reader of records with the given separator.
func newRecordReader(r *bufio.Reader, sep rune) recordReader {
	if sep == blanks {
		return &blankRecords{r: r}
	}
	c := csv.NewReader(r)
	c.Comma = sep
	c.ReuseRecord = true
	c.FieldsPerRecord = -1 // counted by the table, for the sake of the message
	c.TrimLeadingSpace = !unicode.IsSpace(sep)
	return csvRecords{c}
}

// csvRecords reads what has single separators.
type csvRecords struct{ *csv.Reader }

func (c csvRecords) read() ([]string, int, error) {
	fields, err := c.Read()
	var pe *csv.ParseError
	switch {
	case err == io.EOF:
		return nil, 0, err
	case errors.As(err, &pe):
		return nil, 0, fmt.Errorf("%w: line %d, byte %d: %w; mend the quotes", ErrFormat, pe.Line, pe.Column, pe.Err)
	case err != nil:
		return nil, 0, err
	}
	line, _ := c.FieldPos(0)
	return fields, line, nil
}

// blankRecords reads what has blanks between fields.
type blankRecords struct {
	r      *bufio.Reader
	line   int
	fields []string
}

func (b *blankRecords) read() ([]string, int, error) {
	for {
		text, err := b.r.ReadString('\n')
		b.line++
		if err != nil && (err != io.EOF || text == "") {
			return nil, 0, err
		}
		if b.fields = splitLine(b.fields[:0], strings.TrimRight(text, "\r\n"), blanks); len(b.fields) > 0 {
			return b.fields, b.line, nil
		}
	}
}
