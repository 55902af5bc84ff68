package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// chunk returns the bytes of a RIFF chunk with its padding.
func chunk(id string, data []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(data)))
	b = append(b, data...)
	if len(data)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// wavFile returns a RIFF/WAVE file of the given chunks.
func wavFile(chunks ...[]byte) []byte {
	return chunk("RIFF", append([]byte("WAVE"), bytes.Join(chunks, nil)...))
}

func formatChunk(tag, channels int, rate uint32, bits int) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(nil, uint16(tag))
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, rate)
	b = le.AppendUint32(b, rate*uint32(channels*bits/8))
	b = le.AppendUint16(b, uint16(channels*bits/8))
	return chunk("fmt ", le.AppendUint16(b, uint16(bits)))
}

func extensibleChunk(tag, channels int, rate uint32, bits int) []byte {
	b := formatChunk(tagExtensible, channels, rate, bits)[8:]
	b = binary.LittleEndian.AppendUint16(b, 22)
	b = binary.LittleEndian.AppendUint16(b, uint16(bits))
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(tag))
	return chunk("fmt ", append(b, subFormat[:]...))
}

func readWAV(b []byte) (Sound, error) { return ReadWAV(bytes.NewReader(b)) }

func TestReadWAVKnowsEverySampleType(t *testing.T) {
	le := binary.LittleEndian
	f32 := func(v float32) []byte { return le.AppendUint32(nil, math.Float32bits(v)) }
	f64 := func(v float64) []byte { return le.AppendUint64(nil, math.Float64bits(v)) }
	for _, c := range []struct {
		name      string
		tag, bits int
		raw       []byte
		want      []float64
		encoding  Encoding
	}{
		{"pcm8", tagPCM, 8, []byte{0, 128, 255, 64}, []float64{-1, 0, 127. / 128, -0.5}, PCM8},
		{"pcm16", tagPCM, 16, []byte{0, 0x80, 1, 0, 0xFF, 0x7F, 0, 0}, []float64{-1, 1. / 32768, 32767. / 32768, 0}, PCM16},
		{"pcm24", tagPCM, 24, []byte{0, 0, 0x80, 1, 0, 0, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF}, []float64{-1, 0x1p-23, 1 - 0x1p-23, -0x1p-23}, PCM24},
		{"pcm32", tagPCM, 32, []byte{0, 0, 0, 0x80, 1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0x40}, []float64{-1, 0x1p-31, 1 - 0x1p-31, 0.5}, PCM32},
		{"a-law", tagALaw, 8, []byte{0xD5, 0x55, 0xAA, 0x2A}, []float64{8. / 32768, -8. / 32768, 32256. / 32768, -32256. / 32768}, PCM16},
		{"mu-law", tagMuLaw, 8, []byte{0xFF, 0x7F, 0x80, 0x00}, []float64{0, 0, 32124. / 32768, -32124. / 32768}, PCM16},
		{"float32", tagFloat, 32, bytes.Join([][]byte{f32(0.5), f32(-2), f32(0), f32(1)}, nil), []float64{0.5, -2, 0, 1}, Float32},
		{"float64", tagFloat, 64, bytes.Join([][]byte{f64(math.Pi), f64(-1), f64(0), f64(1e-300)}, nil), []float64{math.Pi, -1, 0, 1e-300}, Float64},
	} {
		for name, header := range map[string][]byte{
			"plain":      formatChunk(c.tag, 2, 22050, c.bits),
			"extensible": extensibleChunk(c.tag, 2, 22050, c.bits),
		} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				s, err := readWAV(wavFile(header, chunk("data", c.raw)))
				require.NoError(t, err)
				want := Sound{Rate: 22050, Channels: [][]float64{{c.want[0], c.want[2]}, {c.want[1], c.want[3]}}, Encoding: c.encoding}
				assert.Equal(t, want, s)
			})
		}
	}
}

func TestReadWAVSkipsUnknownChunksInAnyOrder(t *testing.T) {
	format, data := formatChunk(tagPCM, 1, 8000, 8), chunk("data", []byte{0, 128, 192})
	odd, even := chunk("LIST", []byte("abc")), chunk("bext", []byte("abcd"))
	want := Sound{Rate: 8000, Channels: [][]float64{{-1, 0, 0.5}}, Encoding: PCM8}
	for i, file := range [][]byte{
		wavFile(format, data),
		wavFile(odd, format, even, odd, data),
		wavFile(data, odd, format),
		wavFile(chunk("fmt ", append(format[8:], 0, 0, 7)), data), // 19 bytes and padding
		append(wavFile(format, data), "trailing junk"...),
		bytes.TrimSuffix(wavFile(format, data), []byte{0}), // no padding at the end
	} {
		s, err := readWAV(file)
		require.NoError(t, err, i)
		assert.Equal(t, want, s, i)
	}
}

func TestReadWAVReadsAStreamToItsEnd(t *testing.T) {
	file := wavFile(formatChunk(tagPCM, 1, 8000, 16), chunk("data", []byte{0, 0x40, 0, 0xC0}))
	const riffSize, dataSize = 4, 40
	for _, c := range []struct {
		riff, data uint32
		ok         bool
	}{
		{0, 0, true}, {36, 0, true}, {math.MaxUint32, 0, true},
		{math.MaxUint32, math.MaxUint32, true}, {0x7FFFF048, 0x7FFFF000, true}, {0x80000024, 0x80000000, true},
		{40, 0x70000000, false}, {40, 6, false},
	} {
		b := bytes.Clone(file)
		binary.LittleEndian.PutUint32(b[riffSize:], c.riff)
		binary.LittleEndian.PutUint32(b[dataSize:], c.data)
		s, err := readWAV(append(b, 1)) // half a sample more, as when a recorder is switched off
		if c.ok {
			require.NoError(t, err, c)
			assert.Equal(t, [][]float64{{0.5, -0.5}}, s.Channels, c)
			assert.Empty(t, s.Warnings, c)
		} else { // no placeholder: cut short
			require.NoError(t, err, c)
			assert.Equal(t, [][]float64{{0.5, -0.5}}, s.Channels, c)
			require.Len(t, s.Warnings, 1, c)
			assert.Contains(t, s.Warnings[0], "cut short", c)
		}
	}
	empty := wavFile(formatChunk(tagPCM, 1, 8000, 16), chunk("data", nil), chunk("LIST", []byte("abcd")))
	s, err := readWAV(empty)
	require.NoError(t, err)
	assert.Zero(t, s.Frames(), "a chunk behind an empty recording is no sound")
}

func TestCutWAVIsReadWithAWarning(t *testing.T) {
	data := make([]byte, 24)
	for i := range data {
		data[i] = byte(0x3C + i/12) // two frames of three floats
	}
	file := wavFile(chunk("LIST", []byte("ab")), extensibleChunk(tagFloat, 3, 8000, 32), chunk("data", data))
	whole, err := readWAV(file)
	require.NoError(t, err)
	assert.Empty(t, whole.Warnings)
	for n := range file {
		s, err := readWAV(file[:n])
		frames := (n - (len(file) - 24)) / 12
		if frames < 1 {
			require.ErrorIs(t, err, ErrTruncated, "%d of %d bytes", n, len(file))
			require.NotContains(t, err.Error(), "\n")
			continue
		}
		require.NoError(t, err, n)
		require.Len(t, s.Warnings, 1, n)
		assert.Equal(t, fmt.Sprintf(`WAV is cut short: chunk "data" at byte 70 claims 24 bytes and %d are there, which are read`, n-(len(file)-24)), s.Warnings[0])
		for c := range s.Channels {
			assert.Equal(t, whole.Channels[c][:frames], s.Channels[c])
		}
	}
}

func TestReadWAVRefusesByName(t *testing.T) {
	data := chunk("data", make([]byte, 24))
	bad := formatChunk(tagPCM, 2, 8000, 16)
	bad[8+12]++ // bytes per frame
	guid := extensibleChunk(tagPCM, 2, 8000, 16)
	guid[len(guid)-1]++
	for _, c := range []struct {
		file []byte
		is   error
		says string
	}{
		{wavFile(formatChunk(7, 1, 8000, 16), data), ErrUnsupported, "16-bit mu-law"},
		{wavFile(formatChunk(6, 1, 8000, 4), data), ErrUnsupported, "4-bit A-law"},
		{wavFile(formatChunk(0x11, 1, 8000, 8), data), ErrUnsupported, "IMA ADPCM"},
		{wavFile(extensibleChunk(0x55, 1, 8000, 8), data), ErrUnsupported, "MP3"},
		{wavFile(formatChunk(0x1234, 1, 8000, 8), data), ErrUnsupported, "coding 0x1234"},
		{wavFile(formatChunk(tagPCM, 1, 8000, 12), data), ErrUnsupported, "12-bit PCM"},
		{wavFile(formatChunk(tagFloat, 1, 8000, 16), data), ErrUnsupported, "16-bit float"},
		{wavFile(guid, data), ErrUnsupported, "unknown subformat"},
		{wavFile(formatChunk(tagPCM, 0, 8000, 16), data), ErrFormat, "0 channels"},
		{wavFile(formatChunk(tagPCM, 1, 0, 16), data), ErrFormat, "0 Hz"},
		{wavFile(formatChunk(tagPCM, 1, 0xFFFFFFF0, 16), data), ErrFormat, "Hz"},
		{wavFile(bad, data), ErrFormat, "5 bytes per frame"},
		{wavFile(chunk("fmt ", make([]byte, 14)), data), ErrFormat, "14 bytes"},
		{wavFile(formatChunk(tagPCM, 5, 8000, 16), data), ErrFormat, "24 bytes of samples do not divide into frames of 10"},
		{append([]byte("RIFX"), make([]byte, 20)...), ErrUnsupported, "RIFX"},
		{wavFile(formatChunk(tagPCM, 1, 400_000_000, 16), data), ErrFormat, "400000000 Hz, which is outside [1, 3072000]"},
		{wavFile(formatChunk(tagPCM, 257, 8000, 8), data), ErrUnsupported, "257 channels, at most 256"},
		{[]byte("ID3\x03 and so on"), ErrFormat, `"ID3\x03"`},
		{[]byte("hello"), ErrFormat, `"hell"`},
		{chunk("RIFF", []byte("AVI abcd")), ErrFormat, "AVI"},
		{nil, ErrTruncated, "empty"},
	} {
		_, err := readWAV(c.file)
		assert.ErrorIs(t, err, c.is, c.says)
		assert.ErrorContains(t, err, c.says)
	}
}

func TestReadWAVPassesReadErrorsOn(t *testing.T) {
	boom := errors.New("boom")
	file := wavFile(formatChunk(tagPCM, 1, 8000, 16), chunk("data", make([]byte, 24)))
	for n := range file {
		_, err := ReadWAV(io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(boom)))
		require.ErrorIs(t, err, boom, n)
		require.NotErrorIs(t, err, ErrTruncated, n)
	}
}

func TestHostileSizesTakeNoMemory(t *testing.T) {
	huge := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		binary.LittleEndian.PutUint32(b[at:], 0xFFFFFFFE)
		return b
	}
	format, data := formatChunk(tagPCM, 65535, 8000, 8), chunk("data", nil)
	for i, file := range [][]byte{
		wavFile(format, huge(data, 4)), wavFile(huge(format, 4), data), wavFile(huge(chunk("LIST", nil), 4)), huge(wavFile(format, data), 4),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = readWAV(file)
		runtime.ReadMemStats(&after)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), i)
	}
}

func randomSound(channels, frames int, r *rand.Rand) Sound {
	s := Sound{Rate: 44100}
	for range channels {
		x := make([]float64, frames)
		for i := range x {
			x[i] = 2*r.Float64() - 1
		}
		s.Channels = append(s.Channels, x)
	}
	return s
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for e, step := range map[Encoding]float64{PCM8: 0x1p-7, PCM16: 0x1p-15, PCM24: 0x1p-23, PCM32: 0x1p-31, Float32: 0x1p-24, Float64: 0} {
		for _, channels := range []int{1, 2, 3, 7} {
			for _, frames := range []int{0, 1, 2, 1001} {
				name := fmt.Sprint(e, " ", channels, " x ", frames)
				s := randomSound(channels, frames, r)
				var b bytes.Buffer
				clipped, err := WriteWAV(&b, s, e)
				require.NoError(t, err, name)
				assert.Zero(t, clipped, name)
				assert.Zero(t, b.Len()%2, name)
				assert.EqualValues(t, b.Len()-8, binary.LittleEndian.Uint32(b.Bytes()[4:]), name)
				assert.Equal(t, e >= Float32 && e != PCM8 && e != PCM32, bytes.Contains(b.Bytes(), []byte("fact")), name)

				first := bytes.Clone(b.Bytes())
				back, err := ReadWAV(&b)
				require.NoError(t, err, name)
				require.Equal(t, s.Rate, back.Rate)
				require.Equal(t, e, back.Encoding)
				require.Len(t, back.Channels, channels)
				for c := range s.Channels {
					assert.InDeltaSlice(t, s.Channels[c], back.Channels[c], step, name)
				}
				var again bytes.Buffer
				_, err = WriteWAV(&again, back, e)
				require.NoError(t, err)
				assert.True(t, bytes.Equal(first, again.Bytes()), "%s: the second file differs", name)
			}
		}
	}
}

func TestSixteenBitRoundTripIsExact(t *testing.T) {
	x := make([]float64, 1<<16)
	for i := range x {
		x[i] = float64(i-1<<15) / (1 << 15)
	}
	var b bytes.Buffer
	_, err := WriteWAV(&b, Sound{Rate: 8000, Channels: [][]float64{x}}, PCM16)
	require.NoError(t, err)
	back, err := ReadWAV(&b)
	require.NoError(t, err)
	assert.True(t, assert.ObjectsAreEqual(x, back.Channels[0]))
}

func TestWriteWAVRoundsAndClips(t *testing.T) {
	const lsb = 0x1p-15
	x := []float64{1, 1.5, -1, -7, 0.5 * lsb, -0.5 * lsb, 0.49 * lsb, 1 - 0.4*lsb, math.MaxFloat64}
	var b bytes.Buffer
	clipped, err := WriteWAV(&b, Sound{Rate: 8000, Channels: [][]float64{x}}, PCM16)
	require.NoError(t, err)
	assert.Equal(t, 3, clipped)
	back, err := ReadWAV(&b)
	require.NoError(t, err)
	assert.Equal(t, []float64{1 - lsb, 1 - lsb, -1, -1, lsb, -lsb, 0, 1 - lsb, 1 - lsb}, back.Channels[0])
}

func TestWriteWAVRefuses(t *testing.T) {
	many := Sound{Rate: 8000, Channels: make([][]float64, 256)} // 4.5 GB as PCM16
	long := make([]float64, 70000*125)
	for c := range many.Channels {
		many.Channels[c] = long
	}
	mono := func(x ...float64) Sound { return Sound{Rate: 8000, Channels: [][]float64{x}} }
	for _, c := range []struct {
		s    Sound
		e    Encoding
		is   error
		says string
	}{
		{mono(0, math.NaN()), PCM16, ErrData, "sample 1 of channel 0 is NaN"},
		{mono(math.Inf(-1)), Float32, ErrData, "-Inf"},
		{mono(1e39), Float32, ErrData, "1e+39"},
		{Sound{Rate: 8000}, PCM16, ErrData, "without channels"},
		{Sound{Rate: 8000, Channels: [][]float64{{0}, {}}}, PCM16, ErrData, "channel 1 has 0 samples"},
		{Sound{Channels: [][]float64{{0}}}, PCM16, ErrUnsupported, "rate 0"},
		{Sound{Rate: math.MaxInt32, Channels: [][]float64{{0}}}, Float32, ErrUnsupported, "Hz"},
		{Sound{Rate: 8000, Channels: make([][]float64, 40000)}, PCM16, ErrUnsupported, "40000 channels"},
		{many, PCM16, ErrUnsupported, "4480000000 bytes of samples exceed the 4 GiB of WAV"},
		{mono(0), Encoding(9), ErrOption, "Encoding(9)"},
		{mono(0), Encoding(-1), ErrOption, "Encoding(-1)"},
	} {
		var b bytes.Buffer
		_, err := WriteWAV(&b, c.s, c.e)
		assert.ErrorIs(t, err, c.is, c.says)
		assert.ErrorContains(t, err, c.says)
		assert.Zero(t, b.Len(), "something was written")
	}
}

func TestWriteWAVReportsAFullDisk(t *testing.T) {
	_, err := WriteWAV(limited{}, randomSound(1, 100000, rand.New(rand.NewPCG(3, 4))), PCM16)
	assert.ErrorIs(t, err, io.ErrShortWrite)
}

type limited struct{}

func (limited) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func FuzzReadWAV(f *testing.F) {
	data := chunk("data", make([]byte, 24))
	f.Add(wavFile(formatChunk(tagPCM, 2, 8000, 16), data))
	f.Add(wavFile(formatChunk(tagPCM, 1, 8000, 8), data))
	f.Add(wavFile(chunk("LIST", []byte("abc")), extensibleChunk(tagFloat, 3, 8000, 32), data))
	f.Add(wavFile(data, formatChunk(tagFloat, 1, 8000, 64)))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEdata\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := readWAV(b)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("error of several lines: %q", err)
			}
			return
		}
		if s.Rate < 1 || len(s.Channels) == 0 || s.Frames()*len(s.Channels) > len(b) {
			t.Fatalf("%d Hz, %d x %d samples from %d bytes", s.Rate, len(s.Channels), s.Frames(), len(b))
		}
		var out bytes.Buffer
		if _, err := WriteWAV(&out, s, PCM24); err != nil {
			return // float files may hold NaN
		}
		back, err := ReadWAV(&out)
		if err != nil || back.Frames() != s.Frames() || len(back.Channels) != len(s.Channels) {
			t.Fatalf("written and read again: %v", err)
		}
	})
}
