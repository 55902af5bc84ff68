package audio

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/matrix"
)

type buffer struct{ bytes.Buffer }

func (*buffer) Close() error { return nil }

func TestStemsAddUpAndSilenceStays(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	x := make([]float64, 5000)
	for i := range x {
		x[i] = math.Round(r.NormFloat64()*3000) / (1 << 15)
	}
	for _, e := range []Encoding{PCM8, PCM16, PCM24, Float32, Float64} {
		sound := Sound{Rate: 8000, Channels: [][]float64{x}, Encoding: e}
		if e == PCM8 {
			sound.Channels = [][]float64{make([]float64, len(x))}
			for i, v := range x {
				sound.Channels[0][i] = math.Round(v*128) / 128
			}
		}
		mix, err := TransformAll(sound, Options{Size: 256})
		require.NoError(t, err)
		w, h := matrix.New[float64](mix[0].Bins, 5), matrix.New[float64](5, mix[0].Frames)
		for i := range w.Data {
			w.Data[i] = r.Float64()
		}
		for i := range h.Data {
			h.Data[i] = r.Float64()
		}
		clear(h.Row(2)) // a component that was pruned
		masks, err := NewMasks(w, h, 1)
		require.NoError(t, err)
		files := map[int]*buffer{}
		used, err := WriteStems(context.Background(), masks, sound, mix, func(q int) (io.WriteCloser, error) {
			files[q] = &buffer{}
			return files[q], nil
		})
		require.NoError(t, err)
		require.Len(t, files, 5)
		if e == Float64 {
			assert.Equal(t, Float32, used)
		} else {
			assert.Equal(t, e, used)
		}
		sum := make([]float64, len(x))
		for q := range 5 {
			stem, err := ReadWAV(files[q])
			require.NoError(t, err)
			assert.Equal(t, used, stem.Encoding)
			exact, err := masks.Stem(q, mix...)
			require.NoError(t, err)
			for i, v := range stem.Channels[0] {
				sum[i] += v
				code := 0x1p-23
				if !used.float() {
					code = 1 / used.fullScale()
				}
				require.InDelta(t, exact.Channels[0][i], v, 1.001*code, "%s: at most one code off", e)
				if q == 2 {
					require.Zero(t, v)
				}
			}
		}
		for i, v := range sum {
			require.InDelta(t, sound.Channels[0][i], v, map[bool]float64{true: 1e-8, false: 0}[used.float()], e)
		}
	}
}

func TestStemsAreWrittenAgainWhenOneDoesNotFit(t *testing.T) {
	x := make([]float64, 4000)
	for i := range x {
		x[i] = 0.9 * math.Sin(0.3*float64(i))
	}
	sound := Sound{Rate: 8000, Channels: [][]float64{x}}
	mix, err := TransformAll(sound, Options{Size: 256})
	require.NoError(t, err)
	ones := func(rows, cols int) *matrix.Dense[float64] {
		m := matrix.New[float64](rows, cols)
		for i := range m.Data {
			m.Data[i] = 1
		}
		return m
	}
	masks, err := NewMasks(ones(mix[0].Bins, 3), ones(3, mix[0].Frames), 1)
	require.NoError(t, err)
	var order []int
	create := func(q int) (io.WriteCloser, error) {
		order = append(order, q)
		return &buffer{}, nil
	}
	e, err := WriteStems(context.Background(), masks, sound, mix, create)
	require.NoError(t, err)
	assert.Equal(t, PCM16, e)
	assert.Equal(t, []int{0, 1, 2}, order)

	// Frames four times as loud: each stem is beyond full scale.
	for i := range mix[0].data {
		mix[0].data[i] *= 4
	}
	order = nil
	e, err = WriteStems(context.Background(), masks, sound, mix, create)
	require.NoError(t, err)
	assert.Equal(t, Float32, e)
	assert.Equal(t, []int{0, 1, 2}, order)

	full := errors.New("disk full")
	_, err = WriteStems(context.Background(), masks, sound, mix, func(int) (io.WriteCloser, error) { return nil, full })
	assert.ErrorIs(t, err, full)
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(full)
	_, err = WriteStems(ctx, masks, sound, mix, create)
	assert.ErrorIs(t, err, full)
}
