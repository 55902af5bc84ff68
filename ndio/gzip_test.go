package ndio

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// packed returns b as gzip packs it.
func packed(t testing.TB, b []byte) []byte {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, err := w.Write(b)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return z.Bytes()
}

// What gzip has packed is read as what it was, whatever it is called, and its hash
// is that of the file.
func TestPackedFilesRead(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"f4_big_fortran.npy", "table.csv", "table.tsv", "coordinate.mtx", "array.mtx"} {
		b, err := os.ReadFile("testdata/" + name)
		require.NoError(t, err)
		want, err := ReadFile("testdata/" + name)
		require.NoError(t, err)
		z := packed(t, b)
		for _, file := range []string{name + ".gz", name} {
			path := filepath.Join(dir, file)
			require.NoError(t, os.WriteFile(path, z, 0o600))
			got, sum, err := ReadFileSum(path)
			require.NoError(t, err, file)
			assert.Equal(t, want, got, file)
			assert.Equal(t, sha256.Sum256(z), sum, file)
		}
		for how, r := range readers(z) {
			if filepath.Ext(name) == ".tsv" {
				continue // a stream has no suffix
			}
			got, err := Decode(r)
			require.NoError(t, err, "%s %s", name, how)
			assert.Equal(t, want, got, name)
		}
		for n := range len(z) - 1 {
			_, err := Decode(bytes.NewReader(z[:n+1]))
			if n > 1 {
				require.Error(t, err, "%s cut to %d bytes", name, n+1)
				assertOneLine(t, err)
			}
		}
		for i := len(z) - 8; i < len(z); i++ { // checksum and length
			bad := bytes.Clone(z)
			bad[i] ^= 1
			_, err := Decode(bytes.NewReader(bad))
			require.ErrorIs(t, err, ErrFormat, "%s, byte %d", name, i)
		}
	}
}

// Little that unpacks to much is weighed against memory.
func TestBombsArePutOut(t *testing.T) {
	if testing.Short() {
		t.Skip("unpacks for seconds")
	}
	defer func(f func() int64) { freeMemory = f }(freeMemory)
	freeMemory = func() int64 { return 1 << 26 }
	for name, text := range map[string]string{
		"rows":   strings.Repeat("0,0,0,0,0,0,0,0\n", 1<<21),
		"quotes": "\"" + strings.Repeat("\n", 1<<26),
		"zeros":  string(make([]byte, 1<<26)),
		"matrix": "%%MatrixMarket matrix array real general\n100000 1000\n" + strings.Repeat("0\n", 1<<20),
	} {
		_, err := Decode(bytes.NewReader(packed(t, []byte(text))))
		require.Error(t, err, name)
		assertOneLine(t, err)
	}
}

// Files of other kinds, or under a wrong suffix, are refused by name.
func TestForeignFilesAreRefusedByName(t *testing.T) {
	dir := t.TempDir()
	npz, err := os.ReadFile("testdata/pair.npz")
	require.NoError(t, err)
	npy, err := os.ReadFile("testdata/f8.npy")
	require.NoError(t, err)
	for _, c := range []struct{ name, begins, says string }{
		{"a.csv", string(npz), "Excel workbook"},
		{"b.csv", string(npy), "a .npy file by its first bytes"},
		{"c.mat", "Octave-1-L\x00", "save -v7"},
		{"d.mat", "# Created by Octave 8.4.0, Sun Jan 07 2024 <a@b>\n# name: X\n# type: matrix\n# rows: 1\n# columns: 1\n 1\n\n\n", "save -v7"},
		{"e.txt", "# Created by Octave 8.4.0, Sun Jan 07 2024 <a@b>\n# name: X\n# type: matrix\n# rows: 1\n# columns: 1\n 1\n\n\n", "Octave's text format"},
		{"f.csv", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel workbook"},
		{"g.csv", "<!DOCTYPE html>\n<html>", "a web page"},
		{"h.npy", "\x89HDF\r\n\x1a\n", "HDF5"},
		{"i.csv", "\xff\xfe\x00\x001\x00\x00\x00", "UTF-32"},
	} {
		path := filepath.Join(dir, c.name)
		require.NoError(t, os.WriteFile(path, []byte(c.begins), 0o600))
		_, err := ReadFile(path)
		require.ErrorIs(t, err, ErrFormat, c.name)
		assert.ErrorContains(t, err, c.says)
		assertOneLine(t, err)
	}
	_, err = ReadFile("x.mat.gz")
	assert.ErrorContains(t, err, "undo gzip")
}

// Each of the 65536 numbers of 16 bits is the float32 it stands for, and the other
// way round by the definition of the format.
func TestHalfPrecisionIsExact(t *testing.T) {
	for b := range 1 << 16 {
		x := half(uint16(b))
		sign := float64(1 - 2*(b>>15))
		switch e, f := b>>10&31, float64(b&1023); {
		case e == 31 && f > 0:
			require.True(t, math.IsNaN(x))
		case e == 31:
			require.True(t, math.IsInf(x, int(sign)))
		case e == 0:
			require.Equal(t, math.Float64bits(math.Copysign(f*math.Pow(2, -24), sign)), math.Float64bits(x), b)
		default:
			require.Equal(t, sign*(1+f/1024)*math.Pow(2, float64(e-15)), x, b)
		}
		require.True(t, x != x || float64(float32(x)) == x)
	}
	a, err := ReadFile("testdata/half.npy")
	require.NoError(t, err)
	assert.Equal(t, "float16", a.Stored)
	for i, v := range a.F32.Data {
		assert.Equal(t, float32(i), v)
	}
}
