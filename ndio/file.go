package ndio

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"polyad/asm"
	"polyad/internal/wholefile"
	"polyad/tensor"
)

// format is a kind of file that this package knows.
type format struct {
	suffix string // in lower case, with its dot
	magic  string // what a stream of this format begins with, "" when it has no mark
	named  bool   // a file holds several arrays, each with a name
	table  bool   // a text table, which may have header and index
	read   func(s *source, name string, o Options) (Array, error)
	write  func(w io.Writer, a Array, name string) error // nil when it is only read
}

// formats lists what can be read and written. A stream that begins with no
// magic is read as the first format that has none.
var formats = []format{
	{".npy", npyMagic, false, false, plain(single(readNPY)), unnamed(writeNPY)},
	{".csv", "", false, true, tableOf(0), unnamed(tableWriter(','))},
	{".tsv", "", false, true, tableOf('\t'), unnamed(tableWriter('\t'))},
	{".txt", "", false, true, tableOf(0), nil},
	{".dat", "", false, true, tableOf(0), nil},
	{".npz", zipMagic, true, false, plain(readNPZ), writeNPZ},
	{".mtx", mtxMagic, false, false, plain(single(readMTX)), nil},
	{".mat", matMagic, true, false, plain(readMAT), nil},
}

// single is for formats that hold one array, which needs no name.
func single(read func(s *source) (Array, error)) func(*source, string) (Array, error) {
	return func(s *source, _ string) (Array, error) { return read(s) }
}

// plain is for formats that can be read in one way only.
func plain(read func(s *source, name string) (Array, error)) func(*source, string, Options) (Array, error) {
	return func(s *source, name string, _ Options) (Array, error) { return read(s, name) }
}

// tableOf is for tables whose fields are separated as in [ReadCSV].
func tableOf(comma rune) func(*source, string, Options) (Array, error) {
	return func(s *source, _ string, o Options) (Array, error) { return readTable(s, comma, o) }
}

func unnamed(write func(w io.Writer, a Array) error) func(io.Writer, Array, string) error {
	return func(w io.Writer, a Array, _ string) error { return write(w, a) }
}

// bySuffix returns the format of a path, which is to be written or read, and the
// file and the name that the path consists of.
func bySuffix(path string, writing bool) (form *format, file, name string, err error) {
	file, name = splitName(path)
	bare := file
	if cut := len(file) - len(gzipSuffix); !writing && cut > 0 && strings.EqualFold(file[cut:], gzipSuffix) {
		bare = file[:cut]
	}
	suffix := filepath.Ext(bare)
	var known []string
	for i := range formats {
		f := &formats[i]
		if writing && f.write == nil {
			continue
		}
		switch known = append(known, f.suffix); {
		case !strings.EqualFold(suffix, f.suffix):
		case f.named && bare != file:
			return nil, "", "", fmt.Errorf("%s: %w: %q; such a file is packed in itself, so undo gzip", path, ErrSuffix, suffix+gzipSuffix)
		default:
			return f, file, name, nil
		}
	}
	if suffix == "" {
		suffix = filepath.Ext(file)
	}
	mend := foreignSuffixes[strings.ToLower(suffix)]
	if mend != "" {
		mend += ", or "
	}
	return nil, "", "", fmt.Errorf("%s: %w: %q; "+mend+"convert the array to one of %s",
		path, ErrSuffix, suffix, strings.Join(known, ", "))
}

// ReadFile reads the array in a file: .npy, .csv, .tsv, .txt, .dat, .npz, .mtx or
// .mat by its suffix, in upper or lower case; all but .npz and .mat may be packed by
// gzip, with .gz behind the suffix or without. How the fields of .csv, .txt and .dat
// files are separated is found out, as in [ReadCSV]; those of .tsv files are by
// tabs. Bytes behind the array of a .npy file are ignored, as numpy does. Of several arrays in a .npz or .mat file one is chosen by its name
// behind a colon, such as data.npz:X.
func ReadFile(path string) (Array, error) {
	return Options{}.ReadFile(path)
}

// ReadFileSum is [ReadFile] that also returns the SHA-256 of the whole file,
// bytes behind the array included. The file is read once, a .npz file twice.
func ReadFileSum(path string) (a Array, sum [sha256.Size]byte, err error) {
	return Options{}.ReadFileSum(path)
}

// readFile reads a file and hashes its bytes into h, which may be nil.
func (o Options) readFile(path string, h hash.Hash) (Array, error) {
	form, file, name, err := bySuffix(path, false)
	if err != nil {
		return Array{}, err
	}
	f, err := os.Open(file)
	if err != nil {
		return Array{}, pathError(path, err)
	}
	defer f.Close()
	a, err := o.decode(f, h, form, name)
	if err != nil {
		return Array{}, pathError(path, err)
	}
	return a, nil
}

// Decode reads an array from a stream: .npy, .mtx or .mat when it begins as such a
// file does, else a table as [ReadCSV] reads it. It may read further than the
// array goes. Of .npz it reads r only when that is an io.ReaderAt and io.Seeker.
func Decode(r io.Reader) (Array, error) {
	return Options{}.Decode(r)
}

// DecodeSum is [Decode] that reads r to its end and also returns the SHA-256 of
// all bytes.
func DecodeSum(r io.Reader) (a Array, sum [sha256.Size]byte, err error) {
	return Options{}.DecodeSum(r)
}

// decode reads an array of the given format, which is found out when it is nil,
// and name, and hashes all bytes of r into h, which may be nil.
func (o Options) decode(r io.Reader, h hash.Hash, form *format, name string) (Array, error) {
	s, err := newSource(r, h)
	if err != nil {
		return Array{}, err
	}
	in, head, err := s.unpacked()
	if err != nil {
		return Array{}, err
	}
	if form == nil {
		form = byMagic(head)
	}
	if err := foreign(form, head); err != nil {
		return Array{}, err
	}
	if !form.table && (o.Header != Guess || o.Index != Guess) {
		return Array{}, fmt.Errorf("%w: only tables have a header and an index, and this is a %s file", ErrOption, form.suffix)
	}
	a, err := form.read(in, name, o)
	if err == nil && o.Transpose {
		err = a.transpose()
	}
	if err != nil {
		return Array{}, err
	}
	if in != s { // to the end, where the checksum is compared
		if _, err := io.Copy(io.Discard, in); err != nil {
			return Array{}, in.readError(err)
		}
	}
	if err := s.drain(); err != nil {
		return Array{}, err
	}
	return a, nil
}

// byMagic returns the format of a stream that begins so.
func byMagic(head []byte) *format {
	var plain *format
	for i := range formats {
		f := &formats[i]
		switch {
		case f.magic != "" && strings.HasPrefix(string(head), f.magic):
			return f
		case f.magic == "" && plain == nil:
			plain = f
		}
	}
	return plain
}

// Load is [ReadFile] for a caller who wants elements of type T, converted as by
// [As] where the file holds others.
func Load[T asm.Float](path string) (*tensor.Dense[T], error) {
	a, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	return As[T](a), nil
}

// WriteFile writes t as .npy, .npz, .csv or .tsv by the suffix of path. Tables
// hold arrays of order 2 that are not empty; .npy and .npz hold any, .npz under
// the name that stands in the path behind a colon, or arr_0, as numpy.savez has
// it. [WriteNPZFile] writes several.
//
// The file appears whole or not at all: the array goes to a temporary file in
// the same folder, which then takes the place of path and, where there was such a
// file, its permissions. After an error the temporary file is gone and what was
// at path is still there.
func WriteFile[T asm.Float](path string, t *tensor.Dense[T]) error {
	form, file, name, err := bySuffix(path, true)
	if err != nil {
		return err
	}
	err = wholefile.Write(file, func(w io.Writer) error { return form.write(w, arrayOf(t), name) })
	if err != nil {
		return pathError(path, err)
	}
	return nil
}

// pathError puts path in front of err, in the place of the operation and path
// that the os package has put there.
func pathError(path string, err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		err = pe.Err
	case errors.As(err, &le):
		err = le.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}
