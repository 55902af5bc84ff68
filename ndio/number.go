package ndio

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
)

var (
	// errThousands is the error for a number that is written in groups of digits.
	errThousands = errors.New("thousands separators")
	// errMarks is the error for a number whose decimal mark is not that of the
	// numbers before it.
	errMarks = errors.New("another decimal mark")
)

// missingWords are what programs write where a value is missing, besides what is
// NaN to strconv.
var missingWords = map[string]bool{
	"NA": true, "N/A": true, "n/a": true, "#N/A": true, "#NA": true, "#N/A N/A": true, "<NA>": true, "NULL": true, "null": true,
	"None": true, "-NaN": true, "-nan": true, "1.#QNAN": true, "-1.#QNAN": true, "1.#IND": true, "-1.#IND": true,
}

// groups are numbers with separators between thousands, or what may be such ones.
var groups = regexp.MustCompile(`^[+-]?[1-9]\d{0,2}([.,'’ \x{a0}\x{202f}]\d{3})+([.,]\d*)?$`)

// fortran are numbers of Fortran's double precision.
var fortran = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)[dD][+-]?\d+$`)

// numbers turns fields of a table into numbers. Decimal marks are points or
// commas: the first number that has one decides.
type numbers struct {
	separator rune // between fields
	mark      byte // '.' or ',', 0 as long as neither was seen
}

// parse returns the value of a field: a number as Go writes it, without 1_2, which
// is more likely a name; one with a decimal comma; or one of Fortran's. Empty
// fields and words for missing values are NaN. Other errors than
// strconv.ErrRange, errThousands and errMarks are strconv.ErrSyntax.
func (n *numbers) parse(field string) (float64, error) {
	field = strings.TrimSpace(field)
	if field == "" {
		return math.NaN(), nil
	}
	if n.mark != ',' || strings.IndexByte(field, ',') < 0 {
		x, err := strconv.ParseFloat(field, 64)
		switch {
		case err == nil:
			return x, n.point(field)
		case errors.Is(err, strconv.ErrRange):
			return 0, strconv.ErrRange
		case missingWords[field]:
			return math.NaN(), nil
		}
	}
	switch {
	case strings.IndexByte(field, ',') >= 0:
		return n.withComma(field)
	case fortran.MatchString(field):
		x, err := strconv.ParseFloat(strings.Map(func(r rune) rune {
			if r == 'd' || r == 'D' {
				return 'e'
			}
			return r
		}, field), 64)
		if err != nil {
			return 0, strconv.ErrRange
		}
		return x, n.point(field)
	case groups.MatchString(field):
		return 0, errThousands
	}
	return 0, strconv.ErrSyntax
}

// point takes note of the decimal point in a number that strconv takes.
func (n *numbers) point(field string) error {
	switch {
	case strings.IndexByte(field, '_') >= 0:
		return strconv.ErrSyntax
	case n.mark == '.' || strings.IndexByte(field, '.') < 0:
		return nil
	case n.mark == ',':
		if groups.MatchString(field) {
			return errThousands
		}
		return errMarks
	}
	n.mark = '.'
	return nil
}

// withComma is parse for a field that has a comma. Between fields that are
// separated by commas, 1,234 in quotes may be of either meaning.
func (n *numbers) withComma(field string) (float64, error) {
	grouped := groups.MatchString(field)
	var text [64]byte
	b := append(text[:0], field...)
	for i := range b {
		if b[i] == ',' {
			b[i] = '.'
		}
	}
	x, err := strconv.ParseFloat(string(b), 64) // two points are no number
	switch {
	case err == nil && strings.IndexByte(field, '_') < 0 && n.mark == ',':
		return x, nil
	case errors.Is(err, strconv.ErrRange):
		return 0, strconv.ErrRange
	case grouped && (err != nil || n.mark == '.' || n.separator == ','):
		return 0, errThousands
	case err != nil || strings.IndexByte(field, '_') >= 0:
		return 0, strconv.ErrSyntax
	case n.mark == '.':
		return 0, errMarks
	}
	n.mark = ','
	return x, nil
}

// isName reports whether a field is neither empty nor a number.
func (n numbers) isName(field string) bool {
	_, err := n.parse(field)
	return errors.Is(err, strconv.ErrSyntax)
}

// areNumbers reports whether all fields are numbers, and none is missing.
func (n numbers) areNumbers(fields []string) bool {
	for _, field := range fields {
		if x, err := n.parse(field); err != nil || x != x {
			return false
		}
	}
	return true
}
