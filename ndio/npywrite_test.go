package ndio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/tensor"
)

// ramp returns an array whose element number i is i/8.
func ramp[T asm.Float](shape ...int) *tensor.Dense[T] {
	t := tensor.New[T](shape...)
	for i := range t.Data {
		t.Data[i] = T(i) / 8
	}
	return t
}

func TestWritesTheBytesThatNumpyWrites(t *testing.T) {
	var f4, f8, scalar, empty bytes.Buffer
	require.NoError(t, WriteNPY(&f4, ramp[float32](2, 3, 4)))
	require.NoError(t, WriteNPY(&f8, ramp[float64](2, 3, 4)))
	require.NoError(t, WriteNPY(&scalar, tensor.Of([]float64{2.5})))
	require.NoError(t, WriteNPY(&empty, tensor.New[float32](3, 0, 2)))
	for name, got := range map[string]*bytes.Buffer{"f4": &f4, "f8": &f8, "scalar": &scalar, "empty": &empty} {
		want, err := os.ReadFile("testdata/" + name + ".npy")
		require.NoError(t, err)
		assert.Equal(t, want, got.Bytes(), name)
	}
}

func TestNPYRoundTrip(t *testing.T) { both(t, testNPYRoundTrip[float32], testNPYRoundTrip[float64]) }

func testNPYRoundTrip[T asm.Float](t *testing.T) {
	long := []int{1, 1, 1}
	for len(long) < maxModes {
		long = append(long, 1)
	}
	for _, shape := range [][]int{{}, {0}, {7}, {3, 4}, {2, 3, 4}, {5, 0, 2}, {1, 2, 1, 2, 3}, long} {
		x := ramp[T](shape...)
		if len(x.Data) > 2 {
			x.Data[0], x.Data[1], x.Data[2] = T(math.NaN()), T(math.Inf(-1)), T(math.Copysign(0, -1))
		}
		var b bytes.Buffer
		require.NoError(t, WriteNPY(&b, x))
		assert.Zero(t, (b.Len()-len(asm.Bytes(x.Data)))%64, "payload begins at a multiple of 64")
		a, err := ReadNPY(&b)
		require.NoError(t, err)
		y := As[T](a)
		assert.Equal(t, shape, y.Shape)
		assert.Equal(t, x.Strides, y.Strides)
		assert.Equal(t, asm.Bytes(x.Data), asm.Bytes(y.Data))
		assert.Equal(t, a.DType(), a.Stored)
	}
}

func both(t *testing.T, f32, f64 func(*testing.T)) {
	t.Run("f32", f32)
	t.Run("f64", f64)
}

func TestViewsAreWrittenAsTheyRead(t *testing.T) {
	x := ramp[float64](3, 4, 5)
	for name, view := range map[string]*tensor.Dense[float64]{
		"permuted":    x.Permute(2, 0, 1),
		"sliced":      x.Slice(1, 1, 3),
		"first slice": x.Slice(0, 0, 2), // contiguous
		"nothing":     x.Slice(2, 3, 3),
	} {
		var b bytes.Buffer
		require.NoError(t, WriteNPY(&b, view))
		a, err := ReadNPY(&b)
		require.NoError(t, err, name)
		assert.Equal(t, view.Clone(), a.F64, name)
	}
}

// A big endian machine writes through the buffer; here the detour turns little
// endian memory into a big endian file.
func TestSwappedWritingReversesEveryElement(t *testing.T) {
	order := binary.ByteOrder(binary.BigEndian)
	if bigEndianHost {
		order = binary.LittleEndian
	}
	x32, x64 := ramp[float32](bufferBytes/4+3), ramp[float64](bufferBytes/8+3)
	var b bytes.Buffer
	require.NoError(t, writeLittleEndian(&b, x32.Data, true))
	assert.Equal(t, encode(t, order, x32.Data), b.Bytes())
	b.Reset()
	require.NoError(t, writeLittleEndian(&b, x64.Data, true))
	assert.Equal(t, encode(t, order, x64.Data), b.Bytes())
	assert.Equal(t, ramp[float64](bufferBytes/8+3).Data, x64.Data, "the array is left alone")
}

func TestSwapBytesReversesElements(t *testing.T) {
	for size, want := range map[int]string{1: "abcdefgh", 2: "badcfehg", 4: "dcbahgfe", 8: "hgfedcba"} {
		b := []byte("abcdefgh")
		swapBytes(b, size)
		assert.Equal(t, want, string(b))
	}
}

func TestTooManyModesAreNotWritten(t *testing.T) {
	shape := make([]int, maxModes+1)
	err := WriteNPY(&bytes.Buffer{}, tensor.New[float32](shape...))
	require.ErrorIs(t, err, ErrShape)
	assertOneLine(t, err)
}

// failingWriter takes so many bytes and then fails.
type failingWriter struct{ left int }

var errFull = errors.New("disk full")

func (w *failingWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return w.left, errFull
	}
	w.left -= len(p)
	return len(p), nil
}

func TestErrorsOfTheWriterAreKept(t *testing.T) {
	x := ramp[float64](4, 5)
	for _, left := range []int{0, 127, 128, 200} {
		assert.ErrorIs(t, WriteNPY(&failingWriter{left}, x), errFull, "%d", left)
		assert.ErrorIs(t, writeLittleEndian(&failingWriter{left / 2}, x.Data, true), errFull, "%d", left)
	}
	for _, left := range []int{0, 10} {
		assert.ErrorIs(t, WriteCSV(&failingWriter{left}, x.Matrix()), errFull, "%d", left)
		assert.ErrorIs(t, WriteCSV(&failingWriter{bufferBytes + left}, ramp[float64](400, 100).Matrix()), errFull)
	}
}

func TestHeaderSaysWhatWasWritten(t *testing.T) {
	for want, shape := range map[string][]int{"()": {}, "(3,)": {3}, "(3, 4)": {3, 4}, "(3, 4, 5)": {3, 4, 5}} {
		text := string(npyPreamble(4, shape))
		assert.Contains(t, text, "{'descr': '<f4', 'fortran_order': False, 'shape': "+want+", }")
		assert.True(t, strings.HasSuffix(text, " \n") || strings.HasSuffix(text, "}\n"))
	}
}
