package ndio

import (
	"archive/zip"
	"compress/flate"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	zipMagic = "PK\x03\x04"

	// maxInflate is what deflate makes of a byte at most: 258 of 2 bits.
	maxInflate = 1032

	npyMember  = ".npy" // what numpy.savez appends to the names
	savezAgain = "save it again with numpy.savez"
)

// readNPZ reads one array of a .npz file, a zip archive of .npy files, stored or
// deflated: that of the given name, or the only one when the name is empty.
func readNPZ(s *source, name string) (Array, error) {
	archive, err := openZip(s)
	if err != nil {
		return Array{}, err
	}
	var names []string
	var chosen []*zip.File
	for _, f := range archive.File {
		member, ok := strings.CutSuffix(f.Name, npyMember)
		if !ok {
			continue // numpy does not write such, and reads them as bytes
		}
		names = append(names, member)
		if name == "" || name == member || name == f.Name {
			chosen = append(chosen, f)
		}
	}
	switch {
	case len(names) == 0:
		return Array{}, fmt.Errorf("%w: no .npy file in the archive; %s", ErrFormat, savezAgain)
	case len(chosen) == 0:
		return Array{}, missing(name, names)
	case len(chosen) > 1 && name == "" && isSparse(names):
		return Array{}, fmt.Errorf("%w: it is a sparse matrix of scipy's; save it as .npy with numpy.save(FILE, X.toarray()), or as .mtx with scipy.io.mmwrite(FILE, X)", ErrType)
	case len(chosen) > 1 && name == "":
		return Array{}, several(names)
	case len(chosen) > 1:
		return Array{}, fmt.Errorf("%w: %d arrays have the name %q; %s", ErrFormat, len(chosen), clip(name), savezAgain)
	}
	a, err := readMember(s, chosen[0])
	if err != nil {
		return Array{}, fmt.Errorf("array %q: %w", clip(strings.TrimSuffix(chosen[0].Name, npyMember)), err)
	}
	return a, nil
}

// isSparse reports whether arrays of these names are what scipy.sparse.save_npz
// makes of a matrix.
func isSparse(names []string) bool {
	for _, name := range []string{"format", "shape", "data"} {
		if !slices.Contains(names, name) {
			return false
		}
	}
	return true
}

// openZip returns the archive that s is, of which at most the head was read.
func openZip(s *source) (*zip.Reader, error) {
	file, ok := s.r.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok || s.size < 0 {
		return nil, fmt.Errorf("%w: a .npz archive is read from its end, which a stream does not show; save it to a file first", ErrFormat)
	}
	here, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, s.readError(err)
	}
	start := here - s.pos - int64(len(s.head))
	archive, err := zip.NewReader(io.NewSectionReader(file, start, s.size), s.size)
	switch {
	case errors.Is(err, zip.ErrFormat) || isEnd(err):
		return nil, fmt.Errorf("%w: no whole zip archive (%v); copy it again, or %s", ErrFormat, err, savezAgain)
	case err != nil:
		return nil, s.readError(err)
	}
	return archive, nil
}

// readMember reads the array in a file of an archive. Nothing that the archive
// says of it is believed.
func readMember(s *source, f *zip.File) (Array, error) {
	packed, size := f.CompressedSize64, f.UncompressedSize64
	stored := f.Method == zip.Store
	switch {
	case f.Flags&1 != 0:
		return Array{}, fmt.Errorf("%w: it is encrypted; %s", ErrType, savezAgain)
	case !stored && f.Method != zip.Deflate:
		return Array{}, fmt.Errorf("%w: zip compression %d; %s_compressed", ErrType, f.Method, savezAgain)
	}
	start, err := f.DataOffset()
	if err != nil {
		return Array{}, unpackError(err)
	}
	switch {
	case start > s.size || packed > uint64(s.size-start):
		return Array{}, fmt.Errorf("%w: %d bytes at byte %d, but the file has %d; copy it again", ErrTruncated, packed, start, s.size)
	case stored && size != packed, size/maxInflate > packed:
		return Array{}, fmt.Errorf("%w: %d bytes cannot come out of %d; %s", ErrFormat, size, packed, savezAgain)
	}
	r, err := f.Open()
	if err != nil {
		return Array{}, unpackError(err)
	}
	defer r.Close()
	in := &source{r: unpacker{r}, size: int64(size), packed: !stored}
	a, err := readNPY(in)
	if err != nil {
		return Array{}, err
	}
	n, err := io.ReadFull(in, make([]byte, 1)) // the end, where the checksum is compared
	switch {
	case n > 0:
		return Array{}, fmt.Errorf("%w: there is more behind the array, at byte %d; %s", ErrFormat, in.pos-1, savezAgain)
	case err != io.EOF:
		return Array{}, in.readError(err)
	}
	return a, nil
}

// unpacker reads from a decompressor and says of its errors that it is the
// file's fault.
type unpacker struct{ r io.Reader }

func (u unpacker) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	return n, unpackError(err)
}

func unpackError(err error) error {
	var corrupt flate.CorruptInputError
	for _, e := range []error{zip.ErrChecksum, zip.ErrFormat, zip.ErrAlgorithm, zlib.ErrChecksum, zlib.ErrHeader, zlib.ErrDictionary} {
		if errors.Is(err, e) {
			return fmt.Errorf("%w: %w; copy it again", ErrFormat, err)
		}
	}
	if errors.As(err, &corrupt) {
		return fmt.Errorf("%w: %w; copy it again", ErrFormat, err)
	}
	return err
}
