package main

import (
	"bytes"
	"compress/gzip"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

// idx returns a file of three pictures, 2 high and 3 wide.
func idx() []byte {
	return append([]byte{0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 3},
		1, 2, 3, 4, 5, 6,
		10, 20, 30, 40, 50, 60,
		255, 0, 0, 0, 0, 7)
}

func write(t *testing.T, name string, content []byte) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o666))
	return path
}

func TestPicturesAreColumns(t *testing.T) {
	want := matrix.Of(6, 3, []float32{1, 10, 255, 2, 20, 0, 3, 30, 0, 4, 40, 0, 5, 50, 0, 6, 60, 7})
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write(idx())
	require.NoError(t, err)
	require.NoError(t, z.Close())
	array := filepath.Join(t.TempDir(), "x.npy")
	require.NoError(t, ndio.WriteFile(array, tensor.FromMatrix(want)))
	for path, width := range map[string]int{
		write(t, "plain", idx()): 0, write(t, "zipped.gz", zipped.Bytes()): 0, array: 3,
	} {
		x, columns, err := read(path, width, 100)
		require.NoError(t, err)
		assert.Equal(t, 3, columns)
		assert.Equal(t, want.Data, x.Data)
		x, _, err = read(path, width, 2)
		require.NoError(t, err)
		assert.Equal(t, 2, x.Cols)
		assert.Equal(t, float32(60), x.At(5, 1))
	}
}

func TestBrokenFilesAreRefused(t *testing.T) {
	array := filepath.Join(t.TempDir(), "x.npy")
	require.NoError(t, ndio.WriteFile(array, tensor.New[float32](6, 3)))
	cube := filepath.Join(t.TempDir(), "x.npy")
	require.NoError(t, ndio.WriteFile(cube, tensor.New[float32](2, 2, 2)))
	huge := idx()
	huge[8] = 255
	for _, c := range []struct {
		path         string
		width, limit int
	}{
		{write(t, "empty", nil), 0, 9}, {write(t, "short", idx()[:20]), 0, 9}, {write(t, "labels", append([]byte{0, 0, 8, 1}, idx()[4:]...)), 0, 9},
		{write(t, "huge", huge), 0, 9}, {write(t, "zip", []byte{0x1f, 0x8b, 0}), 0, 9}, {write(t, "wide", idx()), 3, 9}, {"missing", 0, 9},
		{array, 0, 9}, {array, 4, 9}, {array, -1, 9}, {array, 3, 0}, {cube, 0, 9}, {"missing.npy", 0, 9},
	} {
		_, _, err := read(c.path, c.width, c.limit)
		assert.Error(t, err, c)
	}
}

func TestPartsAreDrawn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parts.png")
	x, columns, err := read(write(t, "pictures", idx()), 0, 9)
	require.NoError(t, err)
	require.NoError(t, learn(x, 2, 5, columns, path))
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	require.NoError(t, err)
	assert.Equal(t, 2*(3*3+2)+2, img.Bounds().Dx())
	assert.Equal(t, 3*2+4, img.Bounds().Dy())
	black := 0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if r, _, _, _ := img.At(x, y).RGBA(); r == 0 {
				black++
			}
		}
	}
	assert.Equal(t, 2*9, black) // one pixel of each part, drawn as 3 x 3
	assert.Error(t, learn(x, 0, 5, columns, path))
	assert.Error(t, learn(x, 2, 5, columns, filepath.Join(t.TempDir(), "missing", "parts.png")))
}
