package ndio

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

const (
	commentMark = '#'
	peekBytes   = 1 << 16 // how far a table is searched for its separator
	maxRecord   = 1 << 25 // bytes of a line, which is in memory a few times
)

// hashWords are words of spreadsheets that begin like a comment.
var hashWords = []string{"#N/A", "#NA", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"}

// textLines returns the text in r as UTF-8, its lines ending in \n or \r\n, and
// comments emptied, so that the numbers of lines are kept. Text is UTF-8 with or
// without its mark, or UTF-16.
func textLines(r io.Reader) (*lineReader, error) {
	br := bufio.NewReaderSize(r, peekBytes)
	head, err := br.Peek(64)
	if err != nil && err != io.EOF {
		return nil, err
	}
	order, mark, wide := wideText(head)
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")) || bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")):
		return nil, fmt.Errorf("%w: text in UTF-32; save it as UTF-8", ErrFormat)
	case wide:
		br.Discard(mark)
		utf16 := unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder()
		br = bufio.NewReaderSize(transform.NewReader(br, utf16), peekBytes)
	case bytes.HasPrefix(head, []byte("\ufeff")):
		br.Discard(len("\ufeff"))
	}
	return &lineReader{br: br, start: true}, nil
}

// wideText reports whether text that begins so is UTF-16, of what byte order, and
// how long its mark is. Without a mark numbers and separators show it, of which
// every other byte is 0.
func wideText(head []byte) (order unicode.Endianness, mark int, yes bool) {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return unicode.LittleEndian, 2, true
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return unicode.BigEndian, 2, true
	}
	var zeros [2]int
	n := len(head) / 2
	for i, b := range head[:2*n] {
		if b == 0 {
			zeros[i%2]++
		}
	}
	return unicode.Endianness(zeros[1] == n), 0, n > 1 && max(zeros[0], zeros[1]) == n && min(zeros[0], zeros[1]) == 0
}

// lineReader makes lines of text uniform.
type lineReader struct {
	br      *bufio.Reader
	start   bool // of a line
	comment bool // inside of a comment
	budget  int  // bytes that may come before the record is said to be complete
}

// Read implements io.Reader.
func (l *lineReader) Read(p []byte) (n int, err error) {
	for n == 0 && err == nil && len(p) > 0 {
		n, err = l.br.Read(p)
		if n > 0 && p[n-1] == '\r' {
			if next, _ := l.br.Peek(1); len(next) == 0 || next[0] != '\n' {
				p[n-1] = '\n'
			}
		}
		oldEnds(p[:n])
		n = l.uncomment(p[:n])
		if l.budget += n; l.budget > maxRecord && err == nil {
			err = fmt.Errorf("%w: a line, or a field in quotes, of more than %d bytes; is it a table?", ErrFormat, maxRecord)
		}
	}
	return n, err
}

// oldEnds replaces \r by \n where none follows. The last byte stays.
func oldEnds(b []byte) {
	for {
		i := bytes.IndexByte(b, '\r')
		if i < 0 || i == len(b)-1 {
			return
		}
		if b[i+1] != '\n' {
			b[i] = '\n'
		}
		b = b[i+1:]
	}
}

// uncomment takes comments out of b, which goes on where the last one ended, and
// returns the number of bytes that are left at its beginning.
func (l *lineReader) uncomment(b []byte) (n int) {
	if !l.comment && (!l.start || len(b) == 0 || b[0] != commentMark) && !bytes.Contains(b, []byte{'\n', commentMark}) {
		l.start = len(b) == 0 && l.start || len(b) > 0 && b[len(b)-1] == '\n'
		return len(b)
	}
	for i := 0; i < len(b); {
		if l.start && b[i] == commentMark && !l.hashWord(b[i:]) {
			l.comment = true
		}
		end := len(b)
		if k := bytes.IndexByte(b[i:], '\n'); k >= 0 {
			end = i + k
		}
		if !l.comment {
			n += copy(b[n:], b[i:end])
		}
		l.start = end < len(b)
		if l.start {
			l.comment = false
			b[n] = '\n'
			n++
			end++
		}
		i = end
	}
	return n
}

// hashWord reports whether a line begins with a word for a value that is missing
// or wrong, rather than with a comment. b is the beginning of the line.
func (l *lineReader) hashWord(b []byte) bool {
	const most = len("#DIV/0!") + 8
	if len(b) < most {
		next, _ := l.br.Peek(most)
		b = append(slices.Clone(b), next...)
	}
	for _, w := range hashWords {
		rest, ok := bytes.CutPrefix(b, []byte(w))
		if !ok {
			continue
		}
		rest, blank := bytes.CutPrefix(rest, []byte{' '})
		if blank {
			rest = bytes.TrimLeft(rest, " ")
		}
		if len(rest) == 0 || bytes.IndexByte([]byte(",;\t\r\n"), rest[0]) >= 0 ||
			blank && bytes.IndexByte([]byte("0123456789+-.#N"), rest[0]) >= 0 {
			return true
		}
	}
	return false
}
