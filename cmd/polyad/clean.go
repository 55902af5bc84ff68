package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cleanWriter passes text on without what would steer a terminal: names of files
// and arrays come from others, and an escape sequence among them could hide or
// forge what is printed. Control characters, marks that turn the direction of
// text, and bytes that are no text are written as escapes. In JSON, which is
// well-formed before, they are the same strings as before.
type cleanWriter struct{ w io.Writer }

// Write implements io.Writer.
func (c cleanWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(c.w, clean(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// clean returns text in which nothing steers a terminal but ends of lines and tabs.
func clean(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r == utf8.RuneError || steers(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case steers(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		s = s[n:]
	}
	return b.String()
}

// steers reports whether a character does something else than be seen.
func steers(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// line returns text as part of one line of a table.
func line(s string) string {
	return strings.NewReplacer("\n", `\u000a`, "\t", `\u0009`).Replace(clean(s))
}

// rower returns a function that prints a row of a table with a name and a value.
func rower(w io.Writer) func(name, format string, args ...any) {
	return func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, line(fmt.Sprintf(format, args...)))
	}
}
