// Package console writes for people and their terminals.
package console

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Writer passes text on without what would steer a terminal: names of files
// and arrays come from others, and an escape sequence among them could hide or
// forge what is printed. Control characters, marks that turn the direction of
// text, and bytes that are no text are written as escapes. In JSON, which is
// well-formed before, they are the same strings as before.
type Writer struct{ w io.Writer }

// NewWriter returns a writer that cleans what it passes on to w.
func NewWriter(w io.Writer) Writer { return Writer{w} }

// Write implements io.Writer.
func (c Writer) Write(p []byte) (int, error) {
	if _, err := io.WriteString(c.w, Clean(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Clean returns text in which nothing steers a terminal but ends of lines and tabs.
func Clean(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r == utf8.RuneError || Steers(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case Steers(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		s = s[n:]
	}
	return b.String()
}

// Steers reports whether a character does something else than be seen.
func Steers(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// Line returns text as part of one line of a table.
func Line(s string) string {
	return strings.NewReplacer("\n", `\u000a`, "\t", `\u0009`).Replace(Clean(s))
}

// Rows returns a function that prints a row of a table with a name and a value.
func Rows(w io.Writer) func(name, format string, args ...any) {
	return func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, Line(fmt.Sprintf(format, args...)))
	}
}

// Plain returns a text that does nothing to a terminal: without control characters
// and marks of direction.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, s)
}
