package ndio

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
)

func TestReadsArchivesThatNumpyWrote(t *testing.T) {
	for _, path := range []string{"testdata/pair.npz:X", "testdata/pair.npz:X.npy"} {
		a, err := ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, ramp[float32](2, 3, 4), a.F32)
	}
	a, err := ReadFile("testdata/pair.npz:Y")
	require.NoError(t, err)
	assert.Equal(t, "int16 (big endian, Fortran order)", a.Stored)
	assert.Equal(t, []int{3, 4}, a.Shape())
	assert.Equal(t, 11.0, a.F64.At(2, 3))
	for _, path := range []string{"testdata/one.npz", "testdata/one.npz:arr_0"} {
		a, err = ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, ramp[float64](2, 3, 4), a.F64)
	}
}

func TestArraysAreChosenByName(t *testing.T) {
	for path, says := range map[string]string{
		"testdata/pair.npz":     `there are 2, "X", "Y"; choose one by :NAME`,
		"testdata/pair.npz:Z":   `"Z" is none of "X", "Y"`,
		"testdata/pair.npz:x":   `"x" is none of "X", "Y"`,
		"testdata/mixed.mat":    `there are 8, "X", "S"`,
		"testdata/mixed.mat:no": `"no" is none of "X", "S"`,
	} {
		_, err := ReadFile(path)
		require.ErrorIs(t, err, ErrName, path)
		assert.ErrorContains(t, err, says)
		assert.ErrorContains(t, err, path+": ")
		assertOneLine(t, err)
	}
	for path, want := range map[string][2]string{
		"a.npz":         {"a.npz", ""},
		"a.npz:":        {"a.npz", ""},
		"d:/a.NPZ:x:y":  {"d:/a.NPZ", "x:y"},
		"a.mat:b.npz:c": {"a.mat", "b.npz:c"},
		"a:b.npy":       {"a:b.npy", ""},
		"a.npy:b":       {"a.npy:b", ""},
		":.mat":         {":.mat", ""},
	} {
		file, name := splitName(path)
		assert.Equal(t, want, [2]string{file, name}, path)
	}
	names := make([]string, 30)
	assert.ErrorContains(t, missing("x", names), `"" and 10 more`)
}

func TestNPZRoundTrip(t *testing.T) { both(t, testNPZRoundTrip[float32], testNPZRoundTrip[float64]) }

func testNPZRoundTrip[T asm.Float](t *testing.T) {
	dir := t.TempDir()
	sizes := map[bool]int64{}
	for _, deflate := range []bool{false, true} {
		path := filepath.Join(dir, "x.npz")
		arrays := []Named{Name("W", ramp[T](40, 30)), Name("a/b ü", ramp[T](2, 3, 4).Permute(2, 0, 1)), Name("none", ramp[T](0, 3))}
		require.NoError(t, WriteNPZFile(path, arrays, deflate))
		for _, n := range arrays {
			x, err := Load[T](path + ":" + n.Name)
			require.NoError(t, err, n.Name)
			assert.Equal(t, As[T](n.Array).Clone(), x, n.Name)
		}
		info, err := os.Stat(path)
		require.NoError(t, err)
		sizes[deflate] = info.Size()
	}
	assert.Less(t, sizes[true], sizes[false]*3/4)
	for path, read := range map[string]string{"one.npz": "one.npz:arr_0", "two.npz:X": "two.npz:X"} {
		require.NoError(t, WriteFile(filepath.Join(dir, path), ramp[T](2, 3)))
		x, err := Load[T](filepath.Join(dir, read))
		require.NoError(t, err)
		assert.Equal(t, ramp[T](2, 3), x)
	}
	assert.Equal(t, []string{"one.npz", "two.npz", "x.npz"}, names(t, dir))
}

func TestArchivesThatCannotBeWritten(t *testing.T) {
	x := ramp[float64](2)
	for says, arrays := range map[string][]Named{
		"taken":       {Name("a", x), Name("a", x)},
		"empty":       {Name("", x)},
		"line break":  {Name("a\nb", x)},
		"missing":     {{Name: "a"}},
		"at most 64 ": {Name("a", ramp[float32](make([]int, maxModes+1)...))},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "x.npz")
		err := WriteNPZFile(path, arrays, false)
		require.ErrorContains(t, err, says)
		assert.ErrorContains(t, err, path+": ")
		assertOneLine(t, err)
		assert.Empty(t, names(t, dir), "nothing is left behind")
	}
	for _, left := range []int{0, 50, 200, 270} {
		assert.ErrorIs(t, WriteNPZ(&failingWriter{left}, []Named{Name("a", ramp[float64](6))}, false), errFull, "%d", left)
	}
	for _, path := range []string{"x.mat", "x.mtx", "x.mat:X"} {
		err := WriteFile(path, x)
		require.ErrorIs(t, err, ErrSuffix, "these are only read")
		assert.ErrorContains(t, err, ".npy, .csv, .tsv, .npz")
		assert.NotContains(t, err.Error(), ".mtx,")
	}
}

func TestArchivesAreNoStreams(t *testing.T) {
	b, err := os.ReadFile("testdata/one.npz")
	require.NoError(t, err)
	padded := bytes.NewReader(append([]byte("front"), b...))
	_, err = padded.Seek(5, io.SeekStart)
	require.NoError(t, err)
	a, sum, err := DecodeSum(padded)
	require.NoError(t, err)
	assert.Equal(t, ramp[float64](2, 3, 4), a.F64)
	_, want, err := ReadFileSum("testdata/one.npz")
	require.NoError(t, err)
	assert.Equal(t, want, sum)

	_, err = Decode(onlyReader{bytes.NewReader(b)})
	require.ErrorIs(t, err, ErrFormat)
	assert.ErrorContains(t, err, "save it to a file first")
}

// member is a file of an archive whose header may say anything.
type member struct {
	name         string
	method       uint16
	flags        uint16
	data         []byte
	packed, size int64 // what the header says, -1 for the truth
	crc          uint32
}

func deflated(t testing.TB, data []byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("x")
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	raw, err := r.File[0].OpenRaw()
	require.NoError(t, err)
	packed, err := io.ReadAll(raw)
	require.NoError(t, err)
	return packed
}

func archive(t testing.TB, members ...member) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: m.method, Flags: m.flags, CRC32: m.crc,
			CompressedSize64: uint64(m.packed), UncompressedSize64: uint64(m.size)}
		if m.packed < 0 {
			h.CompressedSize64 = uint64(len(m.data))
		}
		if m.size < 0 {
			h.UncompressedSize64 = uint64(len(m.data))
		}
		w, err := z.CreateRaw(h)
		require.NoError(t, err)
		_, err = w.Write(m.data)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestHostileArchives(t *testing.T) {
	npy := npyBytes(1, dictOf("<f8", "False", "(3,)"), make([]byte, 24))
	size, crc, packed := int64(len(npy)), crc32.ChecksumIEEE(npy), deflated(t, npy)
	broken := bytes.Clone(packed)
	broken[len(broken)/2] ^= 0x55
	huge := npyBytes(1, dictOf("<f8", "False", "(100000000,)"), make([]byte, 5000))
	for name, c := range map[string]struct {
		file     []byte
		sentinel error
		says     string
	}{
		"nothing":     {archive(t), ErrFormat, "no .npy file"},
		"only text":   {archive(t, member{"a.txt", zip.Store, 0, npy, -1, -1, crc}), ErrFormat, "no .npy file"},
		"no zip":      {[]byte("PK\x03\x04 and so on"), ErrFormat, "no whole zip archive"},
		"empty":       {nil, ErrFormat, "no whole zip archive"},
		"twice":       {archive(t, member{"a.npy", zip.Store, 0, npy, -1, -1, crc}, member{"a.npy", zip.Store, 0, npy, -1, -1, crc}), ErrFormat, "2 arrays have the name"},
		"encrypted":   {archive(t, member{"a.npy", zip.Store, 1, npy, -1, -1, crc}), ErrType, "encrypted"},
		"method":      {archive(t, member{"a.npy", 12, 0, npy, -1, -1, crc}), ErrType, "compression 12"},
		"checksum":    {archive(t, member{"a.npy", zip.Store, 0, npy, -1, -1, crc + 1}), ErrFormat, "checksum"},
		"long":        {archive(t, member{"a.npy", zip.Store, 0, npy, 1 << 40, 1 << 40, crc}), ErrTruncated, "but the file has"},
		"two lengths": {archive(t, member{"a.npy", zip.Store, 0, npy, -1, 1 << 40, crc}), ErrFormat, "cannot come out"},
		"bomb":        {archive(t, member{"a.npy", zip.Deflate, 0, packed, -1, 1 << 40, crc}), ErrFormat, "cannot come out"},
		"says more":   {archive(t, member{"a.npy", zip.Deflate, 0, packed, -1, size + 8, crc}), ErrTruncated, "are there"},
		"says less":   {archive(t, member{"a.npy", zip.Deflate, 0, packed, -1, size - 1, crc}), ErrTruncated, "but 23 are there"},
		"header lies": {archive(t, member{"a.npy", zip.Deflate, 0, deflated(t, huge), -1, int64(len(huge)), crc32.ChecksumIEEE(huge)}), ErrTruncated, "takes 800000000 bytes"},
		"more behind": {archive(t, member{"a.npy", zip.Store, 0, append(bytes.Clone(npy), 0), -1, -1, crc}), ErrFormat, "more behind the array"},
		"corrupt":     {archive(t, member{"a.npy", zip.Deflate, 0, broken, -1, size, crc}), ErrFormat, ""},
		"no npy":      {archive(t, member{"a.npy", zip.Store, 0, []byte("12345678"), -1, -1, crc32.ChecksumIEEE([]byte("12345678"))}), ErrFormat, `array "a"`},
	} {
		path := filepath.Join(t.TempDir(), "x.npz")
		require.NoError(t, os.WriteFile(path, c.file, 0o666))
		_, err := ReadFile(path + ":a")
		if name == "nothing" || name == "only text" {
			_, err = ReadFile(path)
		}
		require.Error(t, err, name)
		assert.ErrorIs(t, err, c.sentinel, name)
		assert.ErrorContains(t, err, c.says, name)
		assertOneLine(t, err)
	}
	good := archive(t, member{"a.npy", zip.Deflate, 0, packed, -1, size, crc}, member{"b.txt", zip.Store, 0, nil, -1, -1, 0})
	for n := range good {
		_, err := Decode(bytes.NewReader(good[:n]))
		require.Error(t, err, "%d bytes of it", n)
		assertOneLine(t, err)
	}
	a, err := Decode(bytes.NewReader(good))
	require.NoError(t, err)
	assert.Equal(t, []float64{0, 0, 0}, a.F64.Data)
}

func TestCompressedArraysAreWeighed(t *testing.T) {
	free := freeMemory
	t.Cleanup(func() { freeMemory = free })
	assert.Positive(t, free())
	le := binary.LittleEndian
	// What follows could be the rest of so large an array, but is none.
	rest := make([]byte, weighFrom/maxInflate+100)
	npz := func(fortran string) []byte {
		head := npyBytes(1, dictOf("<f8", fortran, "(8192, 1024)"), nil)
		data := append(deflated(t, append(bytes.Clone(head), make([]byte, 5000)...)), rest...)
		return archive(t, member{"x.npy", zip.Deflate, 0, data, -1, int64(len(head)) + weighFrom, 1})
	}
	matrix := matrixOf(le, "X", 6, 0, []int32{8192, 1024}, 9, make([]byte, 5000))
	le.PutUint32(matrix[4:], weighFrom+48)
	le.PutUint32(matrix[52:], weighFrom)
	mat := append(packMAT(t, le, matrix), rest...)
	le.PutUint32(mat[4:], uint32(len(mat)-8))
	for name, c := range map[string]struct {
		file []byte
		need int64
	}{
		"npz":         {npz("False"), weighFrom},
		"npz fortran": {npz("True"), 2 * weighFrom},
		"mat":         {matBytes(le, mat), 2 * weighFrom},
		"mtx":         {[]byte("%%MatrixMarket matrix coordinate real general\n8192 1024 1\n1 1 x\n"), weighFrom},
	} {
		freeMemory = func() int64 { return c.need - 1 }
		_, err := Decode(bytes.NewReader(c.file))
		require.ErrorIs(t, err, ErrMemory, name)
		assert.ErrorContains(t, err, "shape [8192 1024] takes 0.1 GB to read")
		assertOneLine(t, err)
		freeMemory = func() int64 { return c.need }
		_, err = Decode(bytes.NewReader(c.file))
		require.Error(t, err, name)
		assert.NotErrorIs(t, err, ErrMemory, name)
	}
}
