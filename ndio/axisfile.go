package ndio

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"polyad/internal/wholefile"
)

// maxName is the largest number of bytes of a name.
const maxName = 1 << 16

// ReadNames reads the names of so many indices, one a line, in UTF-8. White space
// around a name is left out. A line without a name is an index without one; behind
// the last index such lines do not count. The errors wrap [ErrFormat], or [ErrShape]
// for another number of names.
func ReadNames(r io.Reader, size int) (names []string, err error) {
	err = eachLine(r, func(_ int, line string) error {
		names = append(names, line)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for len(names) > size && names[len(names)-1] == "" {
		names = names[:len(names)-1]
	}
	if len(names) != size {
		return nil, fmt.Errorf("%w: there are %d names for %d indices; give one a line", ErrShape, len(names), size)
	}
	return names, nil
}

// WriteNames writes names, one a line. Line breaks and other control characters
// inside of a name become spaces.
func WriteNames(w io.Writer, names []string) error {
	bw := bufio.NewWriterSize(w, bufferBytes)
	for _, name := range names {
		bw.WriteString(oneLine(name))
		bw.WriteByte('\n')
	}
	return bw.Flush()
}

// ReadAxis reads the values of an axis, one a line, below a header such as
// "wavelength [nm]", which may be missing. Lines without a value are left out. The
// errors wrap [ErrFormat].
func ReadAxis(r io.Reader) (a Axis, err error) {
	first := true
	err = eachLine(r, func(line int, text string) error {
		if text == "" {
			return nil
		}
		v, err := strconv.ParseFloat(strings.Trim(text, `"`), 64)
		switch {
		case err == nil && v-v == 0:
			a.Values = append(a.Values, v)
		case first && errors.Is(err, strconv.ErrSyntax):
			a.Title, a.Unit = heading(strings.Trim(text, `"`))
		default:
			return fmt.Errorf("%w: line %d: %q is not a finite number; give one value a line, below a header such as wavelength [nm]", ErrFormat, line, clip(text))
		}
		first = false
		return nil
	})
	if err == nil && len(a.Values) == 0 {
		err = fmt.Errorf("%w: there are no values in it; write one a line, below a header such as wavelength [nm]", ErrFormat)
	}
	if err != nil {
		return Axis{}, err
	}
	return a, nil
}

// heading cuts "wavelength [nm]" into title and unit.
func heading(text string) (title, unit string) {
	if open := strings.LastIndexByte(text, '['); open >= 0 && strings.HasSuffix(text, "]") {
		return strings.TrimSpace(text[:open]), strings.TrimSpace(text[open+1 : len(text)-1])
	}
	return text, ""
}

// WriteAxis writes the values of an axis as [ReadAxis] reads them, each with the
// fewest digits that give it back.
func WriteAxis(w io.Writer, a Axis) error {
	bw := bufio.NewWriterSize(w, bufferBytes)
	head := oneLine(a.Heading())
	if _, err := strconv.ParseFloat(head, 64); err == nil {
		head = "" // it would be read as a value
	}
	if head != "" {
		bw.WriteString(head)
		bw.WriteByte('\n')
	}
	var field []byte
	for _, v := range a.Values {
		field = strconv.AppendFloat(field[:0], v, 'g', -1, 64)
		bw.Write(append(field, '\n'))
	}
	return bw.Flush()
}

// oneLine returns a text without control characters.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s))
}

// eachLine calls f with each line of a text and its number, without its end and
// without white space around it.
func eachLine(r io.Reader, f func(line int, text string) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxName)
	line := 0
	for s.Scan() {
		text := s.Text()
		if line++; line == 1 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return fmt.Errorf("%w: line %d is no text in UTF-8; save it as such", ErrFormat, line)
		}
		if err := f(line, strings.TrimSpace(text)); err != nil {
			return err
		}
	}
	if err := s.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("%w: line %d has more than %d bytes; is it a list with one entry a line?", ErrFormat, line+1, maxName)
	} else if err != nil {
		return err
	}
	return nil
}

// NamesFile and AxisFile are the names of the files of a model's folder that tell
// what the indices of a mode stand for.
func NamesFile(mode int) string { return fmt.Sprintf("names_%d.txt", mode) }

// AxisFile is the file with the values; see [NamesFile].
func AxisFile(mode int) string { return fmt.Sprintf("axis_%d.csv", mode) }

// SaveAxes writes names_N.txt and axis_N.csv for each mode of which something is
// known into a folder that exists. Files of modes of which nothing is known stay.
func SaveAxes(dir string, axes []Axis) error {
	for n, a := range axes {
		if slices.ContainsFunc(a.Names, func(name string) bool { return name != "" }) {
			if err := writeText(filepath.Join(dir, NamesFile(n)), func(w io.Writer) error { return WriteNames(w, a.Names) }); err != nil {
				return err
			}
		}
		if a.Values != nil {
			if err := writeText(filepath.Join(dir, AxisFile(n)), func(w io.Writer) error { return WriteAxis(w, a) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeText(path string, write func(io.Writer) error) error {
	if err := wholefile.Write(path, write); err != nil {
		return pathError(path, err)
	}
	return nil
}

// LoadAxes reads what [SaveAxes] wrote of an array of the given shape; nil when
// there is nothing. Names and values that are not as many as a mode has indices are
// an error that wraps [ErrShape] and names the file.
func LoadAxes(dir string, shape []int) ([]Axis, error) {
	axes, any := make([]Axis, len(shape)), false
	for n, size := range shape {
		a, err := loadAxis(dir, n, size)
		if err != nil {
			return nil, err
		}
		axes[n], any = a, any || !a.IsZero()
	}
	if !any {
		return nil, nil
	}
	return axes, nil
}

// loadAxis reads what is known of one mode.
func loadAxis(dir string, mode, size int) (a Axis, err error) {
	path := filepath.Join(dir, AxisFile(mode))
	if err := readText(path, func(r io.Reader) (err error) { a, err = ReadAxis(r); return err }); err != nil {
		return a, err
	}
	if err := a.Check(size); err != nil {
		return a, pathError(path, err)
	}
	path = filepath.Join(dir, NamesFile(mode))
	err = readText(path, func(r io.Reader) (err error) { a.Names, err = ReadNames(r, size); return err })
	return a, err
}

// readText reads a file that may be missing.
func readText(path string, read func(io.Reader) error) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := read(f); err != nil {
		return pathError(path, err)
	}
	return nil
}
