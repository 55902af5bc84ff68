package ndio

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// appender is a byte order that files are built in.
type appender interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// matBytes builds a MAT-file of elements.
func matBytes(order appender, elements ...[]byte) []byte {
	b := bytes.Repeat([]byte(" "), matHeader)
	copy(b, "MATLAB 5.0 MAT-file")
	order.PutUint16(b[124:], 0x100)
	copy(b[126:], "IM")
	if order == appender(binary.BigEndian) {
		copy(b[126:], "MI")
	}
	return append(b, bytes.Join(elements, nil)...)
}

// dataElement builds an element, in its tag when it is short.
func dataElement(order appender, kind uint32, data []byte) []byte {
	if n := len(data); n > 0 && n <= 4 {
		b := order.AppendUint32(nil, uint32(n)<<16|kind)
		return append(append(b, data...), make([]byte, 4-n)...)
	}
	b := order.AppendUint32(nil, kind)
	b = order.AppendUint32(b, uint32(len(data)))
	return append(append(b, data...), make([]byte, -len(data)&7)...)
}

// matrixOf builds a variable.
func matrixOf(order appender, name string, class, flags uint32, dims []int32, kind uint32, data []byte) []byte {
	var sizes []byte
	for _, d := range dims {
		sizes = order.AppendUint32(sizes, uint32(d))
	}
	body := dataElement(order, miUINT32, order.AppendUint32(order.AppendUint32(nil, flags<<8|class), 0))
	if class != matOpaque {
		body = append(body, dataElement(order, miINT32, sizes)...)
	}
	body = append(body, dataElement(order, miINT8, []byte(name))...)
	body = append(body, dataElement(order, kind, data)...)
	return dataElement(order, miMATRIX, body)
}

// packMAT compresses a variable.
func packMAT(t testing.TB, order appender, element []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, err := z.Write(element)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	head := order.AppendUint32(order.AppendUint32(nil, miCOMPRESSED), uint32(b.Len()))
	return append(head, b.Bytes()...)
}

func TestReadsVariablesThatScipyWrote(t *testing.T) {
	for _, file := range []string{"testdata/mixed.mat", "testdata/packed.mat"} {
		for name, want := range map[string]struct {
			stored string
			shape  []int
			last   float64
		}{
			"X": {"double", []int{2, 3, 4}, 23. / 8}, "S": {"single", []int{2, 3, 4}, 23. / 8}, "I": {"int16", []int{3, 4}, -1},
			"L": {"logical", []int{3, 4}, 0}, "U": {"uint64", []int{2, 3, 4}, 23}, "row": {"double", []int{1, 3}, 2},
			"scalar": {"double", []int{1, 1}, 2.5},
		} {
			a, err := ReadFile(file + ":" + name)
			require.NoError(t, err, "%s %s", file, name)
			assert.Equal(t, want.stored, a.Stored, name)
			assert.Equal(t, want.shape, a.Shape(), name)
			x := As[float64](a).Data
			assert.Equal(t, want.last, x[len(x)-1], name)
			if name == "X" {
				assert.Equal(t, ramp[float64](2, 3, 4), a.F64)
			}
			if name == "S" {
				assert.Equal(t, ramp[float32](2, 3, 4), a.F32)
			}
		}
		a, err := ReadFile(file + ":empty")
		require.NoError(t, err)
		assert.Equal(t, []int{0, 3}, a.Shape())
		for name, says := range map[string]string{
			"Z": "complex double", "T": "text", "C": "cell array", "R": "structure", "P": "sparse matrix; save full(P)",
		} {
			_, err := ReadFile(file + ":" + name)
			require.ErrorIs(t, err, ErrType, name)
			assert.ErrorContains(t, err, says)
			assert.ErrorContains(t, err, "save")
			assert.ErrorContains(t, err, `variable "`+name+`" at byte `)
			assertOneLine(t, err)
		}
	}
	a, err := ReadFile("testdata/one.mat")
	require.NoError(t, err, "text does not count")
	assert.Equal(t, ramp[float64](2, 3, 4), a.F64)
	_, err = ReadFile("testdata/level4.mat")
	require.ErrorIs(t, err, ErrFormat)
	assert.ErrorContains(t, err, "version 4; save it again with -v7")
}

// MATLAB stores numbers in the smallest type that holds them all.
func TestClassesAndTypesOfStorage(t *testing.T) {
	for _, order := range []appender{binary.LittleEndian, binary.BigEndian} {
		for _, c := range []struct {
			class, flags, kind uint32
			values             any
			stored             string
		}{
			{6, 0, 9, []float64{1, 0, 2, 200, 4, 5}, "double"},
			{6, 0, 2, []uint8{1, 0, 2, 200, 4, 5}, "double as uint8"},
			{6, 0, 3, []int16{1, 0, 2, 200, 4, 5}, "double as int16"},
			{6, 0, 7, []float32{1, 0, 2, 200, 4, 5}, "double as single"},
			{7, 0, 7, []float32{1, 0, 2, 200, 4, 5}, "single"},
			{7, 0, 4, []uint16{1, 0, 2, 200, 4, 5}, "single as uint16"},
			{9, 0, 2, []uint8{1, 0, 2, 200, 4, 5}, "uint8"},
			{9, matLogical, 2, []uint8{1, 0, 2, 200, 4, 5}, "logical"},
			{12, 0, 5, []int32{1, 0, 2, 200, 4, 5}, "int32"},
			{12, 0, 2, []uint8{1, 0, 2, 200, 4, 5}, "int32 as uint8"},
			{13, 0, 6, []uint32{1, 0, 2, 200, 4, 5}, "uint32"},
			{14, 0, 12, []int64{1, 0, 2, 200, 4, 5}, "int64"},
			{15, 0, 13, []uint64{1, 0, 2, 200, 4, 5}, "uint64"},
		} {
			v := matrixOf(order, "X", c.class, c.flags, []int32{2, 3}, c.kind, encode(t, order, c.values))
			for _, element := range [][]byte{v, packMAT(t, order, v)} {
				for name, r := range readers(matBytes(order, element)) {
					a, err := Decode(r)
					require.NoError(t, err, "%s %s %v", c.stored, name, order)
					assert.Equal(t, []float64{1, 2, 4, 0, 200, 5}, As[float64](a).Data)
					assert.Equal(t, c.class == matSingle, a.F32 != nil)
					stored := c.stored
					if order == appender(binary.BigEndian) && c.kind > 2 {
						stored += " (big endian)"
					}
					assert.Equal(t, stored, a.Stored)
				}
			}
		}
		short := matrixOf(order, "abcde", 6, 0, []int32{1, 3}, 2, []byte{7, 8, 9}) // in the tag
		a, err := Decode(bytes.NewReader(matBytes(order, short)))
		require.NoError(t, err)
		assert.Equal(t, []float64{7, 8, 9}, a.F64.Data)
	}
}

func TestHostileMATFiles(t *testing.T) {
	le := binary.LittleEndian
	eight := encode(t, le, []float64{1, 2, 3, 4, 5, 6, 7, 8})
	good := matrixOf(le, "X", 6, 0, []int32{2, 4}, 9, eight)
	packed := packMAT(t, le, good)
	header := func(text string, version uint16, mark string) []byte {
		b := matBytes(le, good)
		copy(b, text)
		le.PutUint16(b[124:], version)
		copy(b[126:], mark)
		return b
	}
	swap := func(b []byte, at int, to uint32) []byte {
		b = bytes.Clone(b)
		le.PutUint32(b[at:], to)
		return b
	}
	bomb := packMAT(t, le, swap(good, 4, 1<<31))
	flipped := bytes.Clone(packed)
	flipped[len(flipped)-1] ^= 1
	wrong := bytes.Clone(packed)
	wrong[8] = 0
	dims := func(dims ...int32) []byte { return matrixOf(le, "X", 6, 0, dims, 9, eight) }
	for name, c := range map[string]struct {
		file     []byte
		sentinel error
		says     string
	}{
		"empty":            {nil, ErrTruncated, "byte 0"},
		"v7.3":             {header("MATLAB 7.3 MAT-file", 0x200, "IM"), ErrFormat, "HDF5; save it again with -v7"},
		"v7.3 by number":   {header("MATLAB 5.0", 0x200, "IM"), ErrFormat, "HDF5; save it again with -v7"},
		"HDF5":             {[]byte(hdf5Magic + "...."), ErrFormat, "HDF5"},
		"version":          {header("MATLAB 9", 0x300, "IM"), ErrFormat, "version 3.0"},
		"mark":             {header("MATLAB 5", 0x100, "XX"), ErrFormat, `byte 126: "XX"`},
		"no variable":      {matBytes(le), ErrFormat, "no variable"},
		"element":          {matBytes(le, dataElement(le, 9, eight)), ErrFormat, "byte 128: element of type 9"},
		"tag cut":          {matBytes(le, []byte{1, 2}), ErrTruncated, "inside the tag"},
		"long":             {matBytes(le, swap(good, 4, math.MaxUint32)), ErrTruncated, "has 4294967295 bytes, but 112 are left"},
		"long inside":      {matBytes(le, swap(good, 12, 1<<30)), ErrFormat, "flags of type 6"},
		"bomb":             {matBytes(le, bomb), ErrFormat, "cannot come out"},
		"checksum":         {matBytes(le, flipped), ErrFormat, "checksum"},
		"zlib":             {matBytes(le, wrong), ErrFormat, "zlib"},
		"short zlib":       {matBytes(le, swap(packed, 4, 1)[:9]), ErrTruncated, "zlib stream"},
		"no matrix inside": {matBytes(le, packMAT(t, le, dataElement(le, 9, eight))), ErrFormat, "type 9 where a matrix"},
		"negative":         {matBytes(le, dims(-2, -4)), ErrFormat, "negative size, -2"},
		"huge":             {matBytes(le, dims(1<<30, 1<<30, 1<<30)), ErrFormat, "larger than any memory"},
		"too many":         {matBytes(le, dims(1<<13, 1<<13)), ErrFormat, "64 bytes of float64 for shape [8192 8192]"},
		"too few":          {matBytes(le, dims(2, 3)), ErrFormat, "for shape [2 3]"},
		"modes":            {matBytes(le, dims(make([]int32, 65)...)), ErrFormat, "sizes of type 5 and 260 bytes"},
		"strange elements": {matBytes(le, matrixOf(le, "X", 6, 0, []int32{8}, 8, eight)), ErrFormat, "elements of type 8"},
		"class 0":          {matBytes(le, matrixOf(le, "X", 0, 0, []int32{8}, 9, eight)), ErrType, "unknown class"},
		"class 99":         {matBytes(le, matrixOf(le, "X", 99, 0, []int32{8}, 9, eight)), ErrType, "unknown class"},
		"opaque":           {matBytes(le, matrixOf(le, "X", 17, 0, nil, 1, []byte("MCOS and more"))), ErrType, `variable "X" at byte 128: element type not supported: it is an object`},
		"name":             {matBytes(le, matrixOf(le, string(make([]byte, 5000)), 6, 0, []int32{8}, 9, eight)), ErrFormat, "a name of type 1 and 5000 bytes"},
		"flags":            {matBytes(le, swap(good, 12, 4)), ErrFormat, "flags of 4 bytes"},
		"small tag":        {matBytes(le, swap(good, 8, 6<<16|6)), ErrFormat, "6 bytes in a tag"},
		"two others":       {matBytes(le, matrixOf(le, "s", 1, 0, []int32{1}, 9, eight), matrixOf(le, "t", 2, 0, []int32{1}, 9, eight)), ErrType, `only "s", "t"`},
	} {
		path := filepath.Join(t.TempDir(), "x.mat")
		require.NoError(t, os.WriteFile(path, c.file, 0o666))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ReadFile(path)
		runtime.ReadMemStats(&after)
		require.Error(t, err, name)
		assert.ErrorIs(t, err, c.sentinel, name)
		assert.ErrorContains(t, err, c.says, name)
		assertOneLine(t, err)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), name)
		_, err = readMAT(&source{r: bytes.NewReader(c.file), size: -1}, "")
		require.Error(t, err, "%s as a stream", name)
	}

	unnamed := matrixOf(le, "", 9, 0, []int32{1, 8}, 2, eight[:8]) // as MATLAB keeps objects
	file := matBytes(le, good, unnamed, packed)
	for n := range file {
		for name, r := range readers(file[:n]) {
			if _, err := readAll(r); err == nil {
				assert.Contains(t, []int{matHeader + len(good), matHeader + len(good) + len(unnamed)}, n, name)
			}
		}
	}
	_, err := Decode(bytes.NewReader(file))
	require.ErrorIs(t, err, ErrName, "two of one name")
}

func TestErrorsOfTheReaderAreKeptByContainers(t *testing.T) {
	le := binary.LittleEndian
	skipped := matrixOf(le, "s", 2, 0, []int32{1}, 9, make([]byte, 80))
	good := matrixOf(le, "X", 6, 0, []int32{2}, 9, make([]byte, 16))
	file := matBytes(le, skipped, good, packMAT(t, le, good))
	for n := range file {
		_, err := readAll(io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(io.ErrClosedPipe)))
		require.ErrorIs(t, err, io.ErrClosedPipe, "%d", n)
		assertOneLine(t, err)
	}
	text := "%%MatrixMarket matrix array real general\n1 2\n1\n2\n"
	for n := range text {
		_, err := single(readMTX)(&source{r: io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(io.ErrClosedPipe)), size: -1}, "")
		require.ErrorIs(t, err, io.ErrClosedPipe, "%d", n)
		assertOneLine(t, err)
	}
}

// readAll reads a MAT-file that may have lost its mark.
func readAll(r io.Reader) (Array, error) {
	s, err := newSource(r, nil)
	if err != nil {
		return Array{}, err
	}
	return readMAT(s, "")
}

// Of a file in which a byte of a compressed variable has changed, what is read is
// what was saved, or an error.
func TestDamagedCompressedVariablesAreRefused(t *testing.T) {
	for _, c := range []struct{ file, name string }{{"one", "X"}, {"one", ""}, {"packed", "X"}, {"packed", "I"}, {"packed", "scalar"}} {
		file, err := os.ReadFile("testdata/" + c.file + ".mat")
		require.NoError(t, err)
		want, err := readMAT(mustSource(t, file), c.name)
		require.NoError(t, err)
		refused := 0
		for i := matHeader; i < len(file); i++ {
			for _, change := range []byte{1, 0x40, 0xff} {
				file[i] ^= change
				got, err := readMAT(mustSource(t, file), c.name)
				file[i] ^= change
				if err == nil {
					require.Equal(t, want, got, "%s:%s, byte %d ^ %x", c.file, c.name, i, change)
					continue
				}
				assertOneLine(t, err)
				refused++
			}
		}
		require.Positive(t, refused)
	}
	// More behind the elements than their padding.
	le := binary.LittleEndian
	long := matrixOf(le, "X", 6, 0, []int32{2}, 9, make([]byte, 16))
	long = append(long, make([]byte, 64)...)
	le.PutUint32(long[4:], uint32(len(long)-8))
	_, err := readAll(bytes.NewReader(matBytes(le, packMAT(t, le, long))))
	require.ErrorIs(t, err, ErrFormat)
}

// A sparse matrix of scipy's is no list of arrays to choose from.
func TestSparseMatricesOfScipyAreRefusedByName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.npz")
	v := ramp[float64](3)
	require.NoError(t, WriteNPZFile(path, []Named{
		{"indices", Array{F64: v}}, {"indptr", Array{F64: v}}, {"format", Array{F64: v}}, {"shape", Array{F64: v}}, {"data", Array{F64: v}}}, true))
	_, err := ReadFile(path)
	require.ErrorIs(t, err, ErrType)
	assert.ErrorContains(t, err, "toarray()")
	a, err := ReadFile(path + ":data")
	require.NoError(t, err)
	assert.Equal(t, v, a.F64)
}
