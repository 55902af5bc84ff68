package ndio

import (
	"bytes"
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
)

func TestFilesRoundTripBySuffix(t *testing.T) {
	both(t, testFilesRoundTrip[float32], testFilesRoundTrip[float64])
}

func testFilesRoundTrip[T asm.Float](t *testing.T) {
	x := ramp[T](3, 4)
	for _, name := range []string{"x.npy", "x.csv", "x.tsv", "x.NPY", "x.Csv", "two.dots.npy", ".npy"} {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, WriteFile(path, x), name)
		y, err := Load[T](path)
		require.NoError(t, err, name)
		assert.Equal(t, x, y, name)
	}
	path := filepath.Join(t.TempDir(), "x.npy")
	require.NoError(t, WriteFile(path, ramp[T](2, 3, 4).Permute(1, 2, 0)))
	y, err := Load[T](path)
	require.NoError(t, err)
	assert.Equal(t, ramp[T](2, 3, 4).Permute(1, 2, 0).Clone(), y)
}

func TestTabsSeparateTheFieldsOfATSVFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.tsv")
	require.NoError(t, WriteFile(path, ramp[float64](1, 3)))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "0\t0.125\t0.25\n", string(b))
}

func TestUnknownSuffixesAreRefusedByName(t *testing.T) {
	for _, path := range []string{"dir.npy/x.xlsx", "x", "", "x.gz", "x.rds.gz", "x.", "npy"} {
		_, err := ReadFile(path)
		require.ErrorIs(t, err, ErrSuffix)
		assert.True(t, strings.HasPrefix(err.Error(), path+": "), err)
		assert.ErrorContains(t, err, ".npy, .csv, .tsv")
		_, err = Load[float32](path)
		assert.ErrorIs(t, err, ErrSuffix)
		_, _, err = ReadFileSum(path)
		assert.ErrorIs(t, err, ErrSuffix)
		assert.ErrorIs(t, WriteFile(path, ramp[float32](1, 1)), ErrSuffix)
	}
}

func TestErrorsOfFilesBeginWithThePathOnce(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		return path
	}
	folder := filepath.Join(dir, "folder.npy")
	require.NoError(t, os.Mkdir(folder, 0o777))
	for path, sentinel := range map[string]error{
		filepath.Join(dir, "none.npy"): fs.ErrNotExist,
		write("empty.npy", ""):         ErrTruncated,
		write("empty.csv", ""):         ErrFormat,
		write("text.npy", "1,2,3,4\n"): ErrFormat,
		write("ragged.tsv", "1\n2\t3"): ErrFormat,
		folder:                         nil,
	} {
		for _, read := range []func(string) error{
			func(p string) error { _, err := ReadFile(p); return err },
			func(p string) error { _, err := Load[float64](p); return err },
			func(p string) error { _, _, err := ReadFileSum(p); return err },
		} {
			err := read(path)
			require.Error(t, err, path)
			if sentinel != nil {
				assert.ErrorIs(t, err, sentinel)
			}
			assert.True(t, strings.HasPrefix(err.Error(), path+": "), err)
			assert.Equal(t, 1, strings.Count(err.Error(), path), err)
			assertOneLine(t, err)
		}
	}
}

func TestStreamsAreKnownByTheirFirstBytes(t *testing.T) {
	var npy bytes.Buffer
	require.NoError(t, WriteNPY(&npy, ramp[float32](2, 3)))
	for name, r := range readers(npy.Bytes()) {
		a, err := Decode(r)
		require.NoError(t, err, name)
		assert.Equal(t, ramp[float32](2, 3), a.F32)
	}
	for _, text := range []string{"1,2\n", "1;2", "1\t2", "# x\n1;2\n"} {
		for name, r := range readers([]byte(text)) {
			a, err := Decode(r)
			require.NoError(t, err, name)
			assert.Equal(t, []float64{1, 2}, a.F64.Data)
		}
	}
	for _, text := range []string{"", "x", "\x93NUM"} {
		_, err := Decode(strings.NewReader(text))
		require.ErrorIs(t, err, ErrFormat)
	}
	_, err := Decode(iotest.ErrReader(io.ErrClosedPipe))
	assert.ErrorIs(t, err, io.ErrClosedPipe)
}

func TestSumsCoverTheWholeInput(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, WriteNPY(&b, ramp[float64](hashStep/8, 3)))
	b.WriteString(strings.Repeat("behind the array", 1000))
	ints := npyBytes(1, dictOf(">i2", "True", "(2, 2)"), append(make([]byte, 8), "rest"...))
	for name, content := range map[string][]byte{
		"long.npy": b.Bytes(), "ints.npy": ints, "x.csv": []byte("# c\n1,2\n3,4\n#"), "x.tsv": []byte("1\t2"),
	} {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, content, 0o666))
		plain, err := ReadFile(path)
		require.NoError(t, err)
		want := sha256.Sum256(content)

		a, sum, err := ReadFileSum(path)
		require.NoError(t, err)
		assert.Equal(t, want, sum, name)
		assert.Equal(t, plain, a)
		for how, r := range readers(content) {
			if how == "one byte" && len(content) > 1<<20 {
				continue
			}
			a, sum, err := DecodeSum(r)
			require.NoError(t, err, "%s %s", name, how)
			assert.Equal(t, want, sum, "%s %s", name, how)
			assert.Equal(t, plain, a)
		}
	}

	r := io.MultiReader(bytes.NewReader(ints), iotest.ErrReader(io.ErrClosedPipe))
	_, _, err := DecodeSum(r)
	assert.ErrorIs(t, err, io.ErrClosedPipe, "an error behind the array leaves no sum")
}

// brokenSeeker cannot seek in the way that mode says.
type brokenSeeker struct {
	*bytes.Reader
	whence int
}

func (s brokenSeeker) Seek(offset int64, whence int) (int64, error) {
	if whence == s.whence {
		return 0, io.ErrNoProgress
	}
	return s.Reader.Seek(offset, whence)
}

func TestLengthIsWhatIsLeft(t *testing.T) {
	r := strings.NewReader("0123456789")
	_, err := r.Seek(4, io.SeekStart)
	require.NoError(t, err)
	n, err := remaining(r)
	require.NoError(t, err)
	assert.Equal(t, int64(6), n)
	rest, _ := io.ReadAll(r)
	assert.Equal(t, "456789", string(rest), "asking does not move the reader")

	for _, whence := range []int{io.SeekCurrent, io.SeekEnd} {
		n, err := remaining(brokenSeeker{bytes.NewReader(nil), whence})
		require.NoError(t, err)
		assert.Equal(t, int64(-1), n)
	}
	lost := brokenSeeker{bytes.NewReader(nil), io.SeekStart}
	_, err = ReadNPY(lost)
	require.ErrorIs(t, err, io.ErrNoProgress)
	_, err = ReadCSV(lost, 0)
	require.ErrorIs(t, err, io.ErrNoProgress)
	_, err = Decode(lost)
	require.ErrorIs(t, err, io.ErrNoProgress)
}

func TestPipesHaveNoLength(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	go func() {
		defer w.Close()
		_ = WriteNPY(w, ramp[float64](100, 50))
	}()
	n, err := remaining(r)
	require.NoError(t, err)
	assert.Equal(t, int64(-1), n)
	a, err := Decode(r)
	require.NoError(t, err)
	assert.Equal(t, ramp[float64](100, 50), a.F64)
}
