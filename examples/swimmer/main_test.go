package main

import (
	"image/png"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/internal/synth"
	"polyad/nmf"
)

// found are the parts, found once.
var found = sync.OnceValues(func() (*nmf.Result[float64], error) { return parts(pictures()) })

func TestPicturesAreSwimmer(t *testing.T) {
	d, err := synth.Swimmer[float64](synth.Options{})
	require.NoError(t, err)
	assert.Equal(t, d.X.Data, pictures().Data)
}

// TestPartsAreFound looks for every true part among those found: the pixels that
// are bright.
func TestPartsAreFound(t *testing.T) {
	d, err := synth.Swimmer[float64](synth.Options{})
	require.NoError(t, err)
	r, err := found()
	require.NoError(t, err)
	pixels := func(w interface {
		At(i, j int) float64
	}, q int) (s [side * side]bool) {
		largest := 0.0
		for i := range s {
			largest = max(largest, w.At(i, q))
		}
		for i := range s {
			s[i] = w.At(i, q) > largest/2
		}
		return s
	}
	sets := map[[side * side]bool]bool{}
	for q := range 17 {
		sets[pixels(r.W, q)] = true
	}
	for q := range 17 {
		assert.True(t, sets[pixels(d.Truth.W, q)], "part %d", q)
	}
}

func TestPartsAreDrawn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parts.png")
	r, err := found()
	require.NoError(t, err)
	require.NoError(t, draw(path, r.W))
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	require.NoError(t, err)
	assert.Equal(t, 4*(6*33+1), img.Bounds().Dx())
	assert.Equal(t, 4*(3*33+1), img.Bounds().Dy())
	bright := 0 // pixels of parts, each drawn as 4 x 4
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if r, _, _, _ := img.At(x, y).RGBA(); r > 0x8000 {
				bright++
			}
		}
	}
	assert.Equal(t, (16+16*5)*16, bright)
	assert.Error(t, draw(filepath.Join(t.TempDir(), "missing", "parts.png"), r.W))
}
