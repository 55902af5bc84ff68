package ndio

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/tensor"
)

func TestEveryPrefixIsCutShort(t *testing.T) {
	for _, descr := range []string{"<f4", ">f8", "<i2"} {
		file := npyBytes(2, dictOf(descr, "True", "(2, 3)"), make([]byte, 6*int(descr[2]-'0')))
		for n := range file {
			for name, r := range readers(file[:n]) {
				_, err := ReadNPY(r)
				if n == 0 { // a clean end
					require.True(t, err == io.EOF, "%s %s: %v", descr, name, err)
					continue
				}
				require.ErrorIs(t, err, ErrTruncated, "%s %d %s", descr, n, name)
				assertOneLine(t, err)
			}
		}
	}
	file := npyBytes(1, dictOf("<f8", "False", "(2, 3)"), make([]byte, 40))
	for name, r := range readers(file) {
		_, err := ReadNPY(r)
		assert.ErrorContains(t, err, "takes 48 bytes behind the header, but 40 are there", name)
	}
	long := npyBytes(1, dictOf("<f8", "False", "(1000000,)"), make([]byte, 3*firstStep+5))
	_, err := ReadNPY(onlyReader{bytes.NewReader(long)})
	require.ErrorIs(t, err, ErrTruncated)
	assert.ErrorContains(t, err, fmt.Sprintf("takes 8000000 bytes behind the header, but %d are there", 3*firstStep+5))
}

func TestAbsurdSizesFailWithoutTheMemory(t *testing.T) {
	const allowed = 8 << 20
	for _, c := range []struct {
		descr, shape string
		sentinel     error
	}{
		{"<f8", "(1024, 1024, 128, 1024)", ErrTruncated}, // 1 TiB
		{"<f4", "(1024, 1024, 256, 1024)", ErrTruncated},
		{">i2", "(1024, 1024, 512, 1024)", ErrTruncated},
		{"|u1", "(1024, 1024, 1024, 1024)", ErrTruncated},
		{"<f8", "(4611686018427387904, 4)", ErrFormat},
		{"|u1", "(9223372036854775807,)", ErrFormat},
	} {
		if math.MaxInt == math.MaxInt32 {
			c.sentinel = ErrFormat // a 32-bit machine cannot even address them
		}
		file := npyBytes(1, dictOf(c.descr, "True", c.shape), make([]byte, 10))
		path := filepath.Join(t.TempDir(), "absurd.npy")
		require.NoError(t, os.WriteFile(path, file, 0o666))

		inputs := map[string]func() error{
			"file":   func() error { _, err := ReadFile(path); return err },
			"summed": func() error { _, _, err := ReadFileSum(path); return err },
			"stream": func() error { _, err := ReadNPY(onlyReader{bytes.NewReader(file)}); return err },
			"decode": func() error { _, err := Decode(onlyReader{bytes.NewReader(file)}); return err },
		}
		for name, read := range inputs {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := read()
			runtime.ReadMemStats(&after)
			require.ErrorIs(t, err, c.sentinel, "%s %s", c.shape, name)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(allowed), "%s %s", c.shape, name)
		}
	}
}

func TestErrorsOfTheReaderAreKept(t *testing.T) {
	file := npyBytes(1, dictOf("<i4", "False", "(20,)"), make([]byte, 80))
	for _, n := range []int{0, 7, 9, 30, 100} {
		r := io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(io.ErrClosedPipe))
		_, err := ReadNPY(r)
		require.ErrorIs(t, err, io.ErrClosedPipe, "%d", n)
		assert.NotErrorIs(t, err, ErrTruncated)
		assertOneLine(t, err)
	}
}

func assertOneLine(t *testing.T, err error) {
	t.Helper()
	assert.NotContains(t, err.Error(), "\n")
}

func TestArraysOneBehindTheOtherEndWithEOF(t *testing.T) {
	var b bytes.Buffer
	for n := 1; n <= 3; n++ {
		require.NoError(t, WriteNPY(&b, tensor.New[float64](n, 2)))
	}
	whole := b.Bytes()
	for name, r := range map[string]io.Reader{"seeker": bytes.NewReader(whole), "stream": onlyReader{bytes.NewReader(whole)}} {
		for n := 1; n <= 3; n++ {
			a, err := ReadNPY(r)
			require.NoError(t, err, name)
			require.Equal(t, []int{n, 2}, a.F64.Shape)
		}
		_, err := ReadNPY(r)
		require.True(t, err == io.EOF, "%s: %v", name, err)
	}
	_, err := ReadNPY(bytes.NewReader(whole[:1]))
	require.ErrorIs(t, err, ErrTruncated, "a byte is no clean end")
}
