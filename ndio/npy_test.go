package ndio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/tensor"
)

// npyBytes builds a .npy file by hand.
func npyBytes(major byte, dict string, payload []byte) []byte {
	b := append([]byte("\x93NUMPY"), major, 0)
	if major == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(dict)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(dict)))
	}
	return append(append(b, dict...), payload...)
}

func dictOf(descr, fortran, shape string) string {
	return fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr, fortran, shape)
}

// encode returns values in the given byte order.
func encode(t testing.TB, order binary.ByteOrder, values any) []byte {
	var b bytes.Buffer
	require.NoError(t, binary.Write(&b, order, values))
	return b.Bytes()
}

// onlyReader hides every method of a reader but Read.
type onlyReader struct{ io.Reader }

// readers are the ways in which an input may arrive.
func readers(b []byte) map[string]io.Reader {
	return map[string]io.Reader{
		"seeker":   bytes.NewReader(b),
		"stream":   onlyReader{bytes.NewReader(b)},
		"one byte": iotest.OneByteReader(bytes.NewReader(b)),
		"half":     iotest.HalfReader(bytes.NewReader(b)),
		"data err": iotest.DataErrReader(bytes.NewReader(b)),
		"buffer":   bytes.NewBuffer(bytes.Clone(b)),
	}
}

func TestReadsEveryElementType(t *testing.T) {
	for _, c := range []struct {
		code   string
		values any
		want   []float64
		name   string
	}{
		{"f4", []float32{-1.5, 0, 3.25, float32(math.Inf(1))}, []float64{-1.5, 0, 3.25, math.Inf(1)}, "float32"},
		{"f8", []float64{-1.5, 0, 1e300, math.Inf(-1)}, []float64{-1.5, 0, 1e300, math.Inf(-1)}, "float64"},
		{"f2", []uint16{0xbe00, 0x0001, 0x7bff, 0xfc00}, []float64{-1.5, 0x1p-24, 65504, math.Inf(-1)}, "float16"},
		{"i1", []int8{-128, -1, 0, 127}, []float64{-128, -1, 0, 127}, "int8"},
		{"i2", []int16{math.MinInt16, -2, 258, math.MaxInt16}, []float64{math.MinInt16, -2, 258, math.MaxInt16}, "int16"},
		{"i4", []int32{math.MinInt32, -2, 0x10203, math.MaxInt32}, []float64{math.MinInt32, -2, 0x10203, math.MaxInt32}, "int32"},
		{"i8", []int64{math.MinInt64, -2, 1<<53 - 1, 1<<53 + 1}, []float64{math.MinInt64, -2, 1<<53 - 1, 1 << 53}, "int64"},
		{"u1", []uint8{0, 1, 128, 255}, []float64{0, 1, 128, 255}, "uint8"},
		{"u2", []uint16{0, 1, 258, math.MaxUint16}, []float64{0, 1, 258, math.MaxUint16}, "uint16"},
		{"u4", []uint32{0, 1, 0x10203, math.MaxUint32}, []float64{0, 1, 0x10203, math.MaxUint32}, "uint32"},
		{"u8", []uint64{0, 1, 0x10203, math.MaxUint64}, []float64{0, 1, 0x10203, 1 << 64}, "uint64"},
		{"b1", []uint8{0, 1, 2, 0}, []float64{0, 1, 1, 0}, "bool"},
	} {
		for _, o := range []struct {
			mark  string
			order binary.ByteOrder
		}{
			{"<", binary.LittleEndian}, {">", binary.BigEndian}, {"=", binary.NativeEndian},
			{"|", binary.NativeEndian}, {"", binary.NativeEndian},
		} {
			file := npyBytes(1, dictOf(o.mark+c.code, "False", "(2, 2)"), encode(t, o.order, c.values))
			for name, r := range readers(file) {
				a, err := ReadNPY(r)
				require.NoError(t, err, "%s%s %s", o.mark, c.code, name)
				assert.Equal(t, []int{2, 2}, a.Shape())
				assert.Equal(t, c.want, As[float64](a).Data, "%s%s %s", o.mark, c.code, name)
				if c.code[0] == 'f' && c.code != "f8" {
					assert.Equal(t, "float32", a.DType())
					assert.Nil(t, a.F64)
				} else {
					assert.Equal(t, "float64", a.DType())
					assert.Nil(t, a.F32)
				}
				if o.mark == "<" || o.mark == ">" && c.code[1] == '1' {
					assert.Equal(t, c.name, a.Stored)
				} else if o.mark == ">" {
					assert.Equal(t, c.name+" (big endian)", a.Stored)
				}
			}
		}
	}
}

func TestReadsWhatNumpyWrote(t *testing.T) {
	eighths := func(i int) float64 { return float64(i) / 8 }
	minus12 := func(i int) float64 { return float64(i - 12) }
	for _, c := range []struct {
		file, stored, dtype string
		value               func(i int) float64
	}{
		{"f4", "float32", "float32", eighths},
		{"f8", "float64", "float64", eighths},
		{"f8_fortran", "float64 (Fortran order)", "float64", eighths},
		{"f4_big_fortran", "float32 (big endian, Fortran order)", "float32", eighths},
		{"i2_big", "int16 (big endian)", "float64", minus12},
		{"u8", "uint64", "float64", func(i int) float64 { return float64(i) }},
		{"bool", "bool", "float64", func(i int) float64 { return []float64{1, 0, 0}[i%3] }},
		{"f8_version2", "float64", "float64", eighths},
		{"i4_version3", "int32", "float64", minus12},
	} {
		a, err := ReadFile(filepath.Join("testdata", c.file+".npy"))
		require.NoError(t, err, c.file)
		assert.Equal(t, c.stored, a.Stored, c.file)
		assert.Equal(t, c.dtype, a.DType(), c.file)
		assert.Equal(t, []int{2, 3, 4}, a.Shape(), c.file)
		want := make([]float64, 24)
		for i := range want {
			want[i] = c.value(i)
		}
		assert.Equal(t, want, As[float64](a).Data, c.file)
	}

	a, err := ReadFile("testdata/scalar.npy")
	require.NoError(t, err)
	assert.Equal(t, 0, a.F64.Order())
	assert.Equal(t, 2.5, a.F64.At())

	a, err = ReadFile("testdata/empty.npy")
	require.NoError(t, err)
	assert.Equal(t, []int{3, 0, 2}, a.F32.Shape)
	assert.Empty(t, a.F32.Data)
}

func TestRefusesElementTypesByName(t *testing.T) {
	for _, c := range []struct{ descr, name string }{
		{"<c8", "complex64"}, {">c16", "complex128"}, {"<f16", "float128"}, {"|O", "Python objects"},
		{"<U5", "strings"}, {"|S3", "strings"}, {"<M8[ns]", "dates or times"}, {"|V16", "raw bytes"},
		{"", "unknown"}, {"<", "unknown"}, {"<f", "unknown"}, {"<f4x", "unknown"}, {"<i3", "unknown"}, {"<<f4", "unknown"},
	} {
		_, err := ReadNPY(bytes.NewReader(npyBytes(1, dictOf(c.descr, "False", "(1,)"), make([]byte, 64))))
		require.ErrorIs(t, err, ErrType, c.descr)
		assert.ErrorContains(t, err, c.name)
		assert.ErrorContains(t, err, "save")
		assertOneLine(t, err)
	}
	for file, name := range map[string]string{"complex": "complex64", "struct": "structured"} {
		_, err := ReadFile("testdata/" + file + ".npy")
		require.ErrorIs(t, err, ErrType)
		assert.ErrorContains(t, err, name)
	}
}

func TestVersionsDifferInTheHeaderOnly(t *testing.T) {
	want := []float64{1, 2, 3}
	for major := byte(1); major <= 3; major++ {
		for name, r := range readers(npyBytes(major, dictOf("<f8", "False", "(3,)"), encode(t, binary.LittleEndian, want))) {
			a, err := ReadNPY(r)
			require.NoError(t, err, "%d %s", major, name)
			assert.Equal(t, want, a.F64.Data)
		}
	}
}

// The element (i, j, …) of the test array is its index read as decimal digits.
func TestFortranOrderGivesTheSameElements(t *testing.T) {
	for _, shape := range [][]int{
		{}, {1}, {5}, {2, 3}, {3, 1}, {1, 3}, {40, 33}, {2, 3, 4}, {4, 1, 3}, {1, 4, 3}, {17, 2, 18},
		{2, 3, 4, 5}, {3, 1, 2, 1, 4}, {2, 0, 3}, {0}, {3, 2, 2, 3, 2},
	} {
		n, _ := tensor.Elements(shape)
		want := tensor.New[float64](shape...)
		file := make([]float64, n)
		index := make([]int, len(shape))
		for k := range file { // the first index runs fastest
			v := 0.0
			for _, i := range index {
				v = 100*v + float64(i)
			}
			file[k] = v
			want.Set(v, index...)
			for m := range index {
				if index[m]++; index[m] < shape[m] {
					break
				}
				index[m] = 0
			}
		}
		text := "("
		for _, s := range shape {
			text += fmt.Sprint(s, ",")
		}
		text += ")"
		for name, r := range readers(npyBytes(1, dictOf("<f8", "True", text), encode(t, binary.LittleEndian, file))) {
			a, err := ReadNPY(r)
			require.NoError(t, err, name)
			assert.Equal(t, want, a.F64, "%v %s", shape, name)
		}
	}
}

// More than one buffer of integers and more than one step of a stream.
func TestLongPayloadsArriveWhole(t *testing.T) {
	const n = 3*firstStep/2 + 7
	ints, floats := make([]int16, n), make([]float32, n)
	for i := range ints {
		ints[i] = int16(i * 31)
		floats[i] = float32(ints[i])
	}
	shape := fmt.Sprintf("(%d,)", n)
	for name, order := range map[string]binary.ByteOrder{"<": binary.LittleEndian, ">": binary.BigEndian} {
		intFile := npyBytes(1, dictOf(name+"i2", "False", shape), encode(t, order, ints))
		floatFile := npyBytes(1, dictOf(name+"f4", "False", shape), encode(t, order, floats))
		for _, hidden := range []bool{false, true} {
			for _, file := range [][]byte{intFile, floatFile} {
				var r io.Reader = bytes.NewReader(file)
				if hidden {
					r = onlyReader{r}
				}
				a, err := ReadNPY(r)
				require.NoError(t, err)
				require.True(t, slices.Equal(floats, As[float32](a).Data))
			}
		}
	}
}

func TestArraysBehindEachOtherAreReadInTurn(t *testing.T) {
	one := npyBytes(1, dictOf("<i2", "False", "(2,)"), encode(t, binary.LittleEndian, []int16{1, 2}))
	two := npyBytes(2, dictOf(">f4", "False", "(1,)"), encode(t, binary.BigEndian, []float32{3}))
	for name, r := range readers(append(append(bytes.Clone(one), two...), "rest"...)) {
		a, err := ReadNPY(r)
		require.NoError(t, err, name)
		assert.Equal(t, []float64{1, 2}, a.F64.Data)
		a, err = ReadNPY(r)
		require.NoError(t, err, name)
		assert.Equal(t, []float32{3}, a.F32.Data)
		rest, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.Equal(t, "rest", string(rest), name)
	}
}
