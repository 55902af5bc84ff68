package ndio

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
)

// What ReadNPY accepts it reads alike from a file and from a stream, and it comes
// back from WriteNPY bit for bit.
func FuzzReadNPY(f *testing.F) {
	files, err := filepath.Glob("testdata/*.npy")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, name := range files {
		b, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Add(npyBytes(1, `{"shape": (1L, 2L,), "fortran_order": True, "descr": ">u2"}`, []byte{1, 2, 3, 4, 5}))
	f.Add(npyBytes(2, dictOf("<f8", "False", "(1024, 1024, 1024, 128)"), make([]byte, 10)))
	f.Add(npyBytes(3, dictOf("<f4", "True", "(-1, 0)"), nil))
	f.Add(npyBytes(1, dictOf("|b1", "False", "(0, 9223372036854775807)"), nil))
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := ReadNPY(bytes.NewReader(file))
		s, streamErr := ReadNPY(onlyReader{bytes.NewReader(file)})
		if err != nil {
			require.Error(t, streamErr)
			require.Equal(t, err.Error(), streamErr.Error())
			assertOneLine(t, err)
			return
		}
		require.NoError(t, streamErr)
		requireSame(t, a, s)

		var b bytes.Buffer
		require.NoError(t, writeNPY(&b, a))
		back, err := ReadNPY(&b)
		require.NoError(t, err)
		requireSame(t, a, back)
	})
}

func requireSame(t *testing.T, a, b Array) {
	t.Helper()
	require.Equal(t, a.DType(), b.DType())
	require.Equal(t, a.Shape(), b.Shape())
	if a.F32 != nil {
		require.Equal(t, asm.Bytes(a.F32.Data), asm.Bytes(b.F32.Data))
	} else {
		require.Equal(t, asm.Bytes(a.F64.Data), asm.Bytes(b.F64.Data))
	}
}

// What ReadCSV accepts comes back from WriteCSV number for number.
func FuzzReadCSV(f *testing.F) {
	for _, text := range []string{
		"1,2\n3,4\n", "a;b\r\n1;\r\n", "\ufeff# x\n\n1\t2\n", "\"1\",NA\n-inf,nan\n", "1,2\n3\n", "\"", "1e999", "0x1p-2,1_0\n", "\n\r\n#",
	} {
		f.Add([]byte(text), ',')
		f.Add([]byte(text), rune(0))
	}
	f.Add(binary.LittleEndian.AppendUint64([]byte("1\t2\n"), 7), '\t')
	f.Fuzz(func(t *testing.T, text []byte, comma rune) {
		a, err := ReadCSV(bytes.NewReader(text), comma)
		if err != nil {
			assertOneLine(t, err)
			return
		}
		requireNames(t, a)
		if comma == 0 {
			again, err := Decode(bytes.NewReader(packed(t, text)))
			if err == nil { // it is no other format
				requireSame(t, a, again)
				require.Equal(t, a.Names, again.Names)
			}
		}
		var b bytes.Buffer
		require.NoError(t, WriteCSV(&b, a.F64.Matrix()))
		back, err := ReadCSV(&b, 0)
		require.NoError(t, err)
		require.Equal(t, a.Shape(), back.Shape())
		require.True(t, sameBits(a.F64.Data, back.F64.Data))
	})
}

// requireNames checks that there is a name for each index of a mode that has names.
func requireNames(t *testing.T, a Array) {
	t.Helper()
	for n, names := range a.Names {
		if names != nil {
			require.Len(t, names, a.Shape()[n])
		}
	}
}

// Whatever is said of header and index, names fit the shape, and a transposed table
// is that table.
func FuzzTableOptions(f *testing.F) {
	for _, text := range []string{
		",a,b\n0,1,2\n", "a b\nx 1 2\ny 3 4\n", "1,2,\n3,4,\n", "a,b,\n1,2\n", "0;1,5\n#N/A;2\n", "\xff\xfe1\x00,\x002\x00", "1\r2\r", "\n\"a\nb\",c\n1,2",
	} {
		for o := range uint8(9) {
			f.Add([]byte(text), o)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, o uint8) {
		options := Options{Header: Presence(o % 3), Index: Presence(o / 3 % 3)}
		a, err := options.Decode(bytes.NewReader(text))
		options.Transpose = true
		b, errT := options.Decode(bytes.NewReader(text))
		if err != nil {
			require.Error(t, errT)
			assertOneLine(t, err)
			return
		}
		requireNames(t, a)
		if len(a.Shape()) != 2 {
			require.ErrorIs(t, errT, ErrOption)
			return
		}
		require.NoError(t, errT)
		requireNames(t, b)
		require.NoError(t, b.transpose())
		requireSame(t, a, b)
		require.Equal(t, a.Names, b.Names)
	})
}

// What is hostile is refused in one line, and what is accepted is whole.
func fuzzContainer(f *testing.F, pattern string, read func(s *source, name string) (Array, error)) {
	files, err := filepath.Glob(pattern)
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, name := range files {
		b, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(b, "")
		f.Add(b, "X")
	}
	f.Fuzz(func(t *testing.T, file []byte, name string) {
		a, err := read(mustSource(t, file), name)
		if err != nil {
			assertOneLine(t, err)
			return
		}
		again, err := read(mustSource(t, file), name)
		require.NoError(t, err)
		requireSame(t, a, again)
		require.Len(t, As[float64](a).Data, As[float64](a).Len())
	})
}

func FuzzReadNPZ(f *testing.F) { fuzzContainer(f, "testdata/*.npz", readNPZ) }
func FuzzReadMTX(f *testing.F) { fuzzContainer(f, "testdata/*.mtx", single(readMTX)) }
func FuzzReadMAT(f *testing.F) { fuzzContainer(f, "testdata/*.mat", readMAT) }
