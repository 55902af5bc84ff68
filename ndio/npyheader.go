package ndio

import (
	"fmt"
	"strconv"
	"strings"
)

// npyHeader is what the header of a .npy file says: a Python dict such as
//
//	{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
type npyHeader struct {
	descr   string // element type
	fortran bool   // the first index runs fastest
	shape   []int
}

// parseHeader parses the text of a header that begins at byte start of the
// input. It takes Python literals of the kinds that occur in arrays of numbers
// and nothing else; all three keys must be there, once each.
func parseHeader(text string, start int64) (npyHeader, error) {
	p := headerParser{text: text, start: start}
	var h npyHeader
	seen := map[string]bool{"descr": false, "fortran_order": false, "shape": false}
	p.expect("{")
	for p.err == nil && !p.accept("}") {
		at := p.pos
		key := p.quoted()
		p.expect(":")
		twice, known := seen[key]
		switch {
		case p.err != nil:
		case !known:
			p.failAt(at, "key %q is none of descr, fortran_order and shape", clip(key))
		case twice:
			p.failAt(at, "key %q stands twice", key)
		case key == "descr":
			h.descr = p.descr()
		case key == "fortran_order":
			h.fortran = p.boolean()
		case key == "shape":
			h.shape = p.shape()
		}
		seen[key] = true
		if !p.accept(",") {
			p.expect("}")
			break
		}
	}
	p.space()
	if p.err == nil && p.pos < len(p.text) {
		p.failAt(p.pos, "%q stands behind the dict", clip(p.text[p.pos:]))
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if p.err == nil && !seen[key] {
			p.failAt(len(p.text), "key %q is missing", key)
		}
	}
	if p.err != nil {
		return npyHeader{}, p.err
	}
	return h, nil
}

// headerParser walks through a header. After the first error it stays where it
// is and its methods return zero values.
type headerParser struct {
	text  string
	pos   int
	start int64
	err   error
}

// failAt notes the first error, found at byte pos of the header.
func (p *headerParser) failAt(pos int, format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%w: header at byte %d: %s; %s",
			ErrFormat, p.start+int64(pos), fmt.Sprintf(format, args...), saveAgain)
	}
}

// space skips blanks.
func (p *headerParser) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// accept skips blanks and then the token, and reports whether it was there.
func (p *headerParser) accept(token string) bool {
	if p.err != nil {
		return false
	}
	p.space()
	if !strings.HasPrefix(p.text[p.pos:], token) {
		return false
	}
	p.pos += len(token)
	return true
}

// expect is accept for a token that must be there.
func (p *headerParser) expect(token string) {
	if !p.accept(token) {
		p.failAt(p.pos, "%q where %q is expected", clip(p.text[p.pos:]), token)
	}
}

// quoted parses a string in ' or " without escapes.
func (p *headerParser) quoted() string {
	quote := `'`
	if !p.accept(quote) {
		quote = `"`
		p.expect(quote)
	}
	end := strings.Index(p.text[p.pos:], quote)
	if end < 0 {
		p.failAt(p.pos, "a string is not closed")
	}
	if p.err != nil {
		return ""
	}
	s := p.text[p.pos : p.pos+end]
	if strings.ContainsRune(s, '\\') {
		p.failAt(p.pos, "an escape in the string %q", clip(s))
	}
	p.pos += end + len(quote)
	return s
}

// descr parses an element type. A list or a tuple is the type of a structure.
func (p *headerParser) descr() string {
	p.space()
	if rest := p.text[p.pos:]; strings.HasPrefix(rest, "[") || strings.HasPrefix(rest, "(") {
		p.err = fmt.Errorf("%w: a structured array; save each field as an array of its own", ErrType)
		return ""
	}
	return p.quoted()
}

// boolean parses True or False.
func (p *headerParser) boolean() bool {
	if p.accept("True") {
		return true
	}
	p.expect("False")
	return false
}

// shape parses a tuple of sizes: (), (3,), (3, 4), (3, 4,).
func (p *headerParser) shape() []int {
	p.expect("(")
	sizes := []int{}
	for p.err == nil && !p.accept(")") {
		if len(sizes) == maxModes {
			p.failAt(p.pos, "more than %d modes", maxModes)
		}
		sizes = append(sizes, p.size())
		if !p.accept(",") {
			if len(sizes) == 1 {
				p.expect(",") // without a comma it is a number in parentheses
			}
			p.expect(")")
			break
		}
	}
	return sizes
}

// size parses a size, with the L that Python 2 put behind long integers.
func (p *headerParser) size() int {
	p.space()
	if p.err == nil && strings.HasPrefix(p.text[p.pos:], "-") {
		p.failAt(p.pos, "a negative size")
	}
	rest := p.text[p.pos:]
	digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	if digits == "" {
		p.failAt(p.pos, "%q where a size is expected", clip(rest))
	}
	if p.err != nil {
		return 0
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		p.failAt(p.pos, "size %s is too large", clip(digits))
	}
	p.pos += len(digits)
	p.accept("L")
	return n
}

// clip shortens text of a file for an error message.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
