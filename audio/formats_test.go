package audio

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// aiffChunk returns the bytes of a chunk in big endian with its padding.
func aiffChunk(id string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte(id), uint32(len(data)))
	return append(append(b, data...), make([]byte, len(data)%2)...)
}

func commonChunk(channels, frames, bits int, rate float64, compression string) []byte {
	be := binary.BigEndian
	b := be.AppendUint16(nil, uint16(channels))
	b = be.AppendUint32(b, uint32(frames))
	b = be.AppendUint16(b, uint16(bits))
	mantissa, exponent := math.Frexp(rate)
	b = be.AppendUint16(b, uint16(exponent-1+16383))
	b = be.AppendUint64(b, uint64(math.Ldexp(mantissa, 64)))
	if compression != "" {
		b = append(append(b, compression...), 0, 0)
	}
	return aiffChunk("COMM", b)
}

func soundChunk(offset int, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(offset))
	b = append(b, make([]byte, 4+offset)...)
	return aiffChunk("SSND", append(b, data...))
}

func aiffFile(form string, chunks ...[]byte) []byte {
	return aiffChunk("FORM", append([]byte(form), bytes.Join(chunks, nil)...))
}

func decode(b []byte, kind Kind) (Sound, error) { return Decode(bytes.NewReader(b), kind) }

func TestAIFFIsRead(t *testing.T) {
	be := binary.BigEndian
	for _, c := range []struct {
		name, compression string
		bits              int
		raw               []byte
		want              []float64
		encoding          Encoding
	}{
		{"8", "", 8, []byte{0x80, 0, 0x7F, 0xC0}, []float64{-1, 0, 127. / 128, -0.5}, PCM8},
		{"16", "", 16, []byte{0x80, 0, 0, 1, 0x7F, 0xFF, 0, 0}, []float64{-1, 0x1p-15, 1 - 0x1p-15, 0}, PCM16},
		{"12 in 16", "", 12, []byte{0x80, 0, 0, 0x10, 0x7F, 0xF0, 0, 0}, []float64{-1, 0x1p-11, 1 - 0x1p-11, 0}, PCM16},
		{"24", "NONE", 24, []byte{0x80, 0, 0, 0, 0, 1, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, []float64{-1, 0x1p-23, 1 - 0x1p-23, -0x1p-23}, PCM24},
		{"32", "", 32, []byte{0x80, 0, 0, 0, 0, 0, 0, 1, 0x40, 0, 0, 0, 0, 0, 0, 0}, []float64{-1, 0x1p-31, 0.5, 0}, PCM32},
		{"little endian", "sowt", 16, []byte{0, 0x80, 1, 0, 0xFF, 0x7F, 0, 0}, []float64{-1, 0x1p-15, 1 - 0x1p-15, 0}, PCM16},
		{"unsigned", "raw ", 8, []byte{0, 128, 255, 64}, []float64{-1, 0, 127. / 128, -0.5}, PCM8},
		{"A-law", "alaw", 16, []byte{0xD5, 0x55, 0xAA, 0x2A}, []float64{8. / 32768, -8. / 32768, 32256. / 32768, -32256. / 32768}, PCM16},
		{"mu-law", "ULAW", 16, []byte{0xFF, 0x7F, 0x80, 0x00}, []float64{0, 0, 32124. / 32768, -32124. / 32768}, PCM16},
		{"float", "fl32", 32, bytes.Join([][]byte{be.AppendUint32(nil, math.Float32bits(1.5)), be.AppendUint32(nil, math.Float32bits(-2)), make([]byte, 8)}, nil), []float64{1.5, -2, 0, 0}, Float32},
		{"double", "FL64", 64, bytes.Join([][]byte{be.AppendUint64(nil, math.Float64bits(math.Pi)), make([]byte, 24)}, nil), []float64{math.Pi, 0, 0, 0}, Float64},
	} {
		form := "AIFF"
		if c.compression != "" {
			form = "AIFC"
		}
		common, samples := commonChunk(2, 2, c.bits, 22050, c.compression), soundChunk(4, append(bytes.Clone(c.raw), 0, 0))
		want := Sound{Rate: 22050, Channels: [][]float64{{c.want[0], c.want[2]}, {c.want[1], c.want[3]}}, Encoding: c.encoding}
		for _, file := range [][]byte{
			aiffFile(form, common, aiffChunk("NAME", []byte("abc")), samples),
			aiffFile(form, samples, common),
		} {
			s, err := decode(file, AIFF)
			require.NoError(t, err, c.name)
			assert.Equal(t, want, s, c.name)
		}
	}
	s, err := decode(aiffFile("AIFF", commonChunk(1, 0, 16, 8000, "")), AIFF)
	require.NoError(t, err)
	assert.Zero(t, s.Frames())
}

func TestCutAIFFIsReadWithAWarning(t *testing.T) {
	file := aiffFile("AIFF", commonChunk(1, 4, 16, 8000, ""), soundChunk(0, []byte{1, 0, 2, 0, 3, 0, 4, 0}))
	for n := range file {
		s, err := decode(file[:n], AIFF)
		if have := n - (len(file) - 8); have < 2 {
			require.ErrorIs(t, err, ErrTruncated, n)
			continue
		} else {
			require.NoError(t, err, n)
			assert.Equal(t, have/2, s.Frames())
			require.Len(t, s.Warnings, 1)
		}
	}
	// A header that promises more than the chunk of samples holds.
	s, err := decode(aiffFile("AIFF", commonChunk(1, 9, 16, 8000, ""), soundChunk(0, []byte{1, 0, 2, 0, 3, 0})), AIFF)
	require.NoError(t, err)
	assert.Equal(t, 3, s.Frames())
	assert.Equal(t, []string{"AIFF is cut short: 3 of its 9 samples are there, which are read"}, s.Warnings)
}

func TestAIFFIsRefusedByName(t *testing.T) {
	data := soundChunk(0, make([]byte, 24))
	for _, c := range []struct {
		file []byte
		is   error
		says string
	}{
		{aiffFile("AIFC", commonChunk(1, 12, 16, 8000, "ima4"), data), ErrUnsupported, `compression "ima4" inside an AIFF`},
		{aiffFile("AIFF", commonChunk(1, 12, 40, 8000, ""), data), ErrUnsupported, "40-bit"},
		{aiffFile("AIFF", commonChunk(1, 12, 16, 4e8, ""), data), ErrFormat, "400000000 Hz"},
		{aiffFile("AIFF", commonChunk(1, 12, 16, 1e300, ""), data), ErrFormat, "Hz"},
		{aiffFile("AIFF", commonChunk(0, 12, 16, 8000, ""), data), ErrFormat, "0 channels"},
		{aiffFile("AIFF", commonChunk(1, 12, 16, 8000, "")), ErrTruncated, `without a "SSND" chunk`},
		{aiffFile("AIFF", data), ErrTruncated, `without a "COMM" chunk`},
		{aiffFile("8SVX", data), ErrFormat, "8SVX"},
		{aiffFile("AIFF", commonChunk(1, 12, 16, 8000, ""), aiffChunk("SSND", append([]byte{0, 0, 1}, make([]byte, 9)...))), ErrFormat, "begins 256 bytes behind its 12"},
		{[]byte("RIFF1234WAVE"), ErrFormat, "it looks like WAV, so rename it"},
		{nil, ErrTruncated, "empty"},
	} {
		_, err := decode(c.file, AIFF)
		assert.ErrorIs(t, err, c.is, c.says)
		assert.ErrorContains(t, err, c.says)
	}
}

func w64Chunk(id string, data []byte) []byte {
	b := append([]byte(id), w64Rest[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(24+len(data)))
	return append(append(b, data...), make([]byte, (8-len(data)%8)%8)...)
}

func w64Of(chunks ...[]byte) []byte {
	body := append(append([]byte("wave"), w64Rest[:]...), bytes.Join(chunks, nil)...)
	b := append([]byte("riff"), w64File[:]...)
	return append(binary.LittleEndian.AppendUint64(b, uint64(24+len(body))), body...)
}

func TestW64AndRF64AreReadAsWAV(t *testing.T) {
	raw := []byte{0, 0x40, 0, 0xC0, 1, 0}
	format := formatChunk(tagPCM, 1, 8000, 16)
	want, err := readWAV(wavFile(format, chunk("data", raw)))
	require.NoError(t, err)

	s, err := decode(w64Of(w64Chunk("fact", []byte{3}), w64Chunk("fmt ", format[8:]), w64Chunk("junk", make([]byte, 13)), w64Chunk("data", raw), w64Chunk("junk", nil)), W64)
	require.NoError(t, err)
	assert.Equal(t, want, s)

	for _, id := range []string{"RF64", "BW64"} {
		ds := binary.LittleEndian.AppendUint64(nil, 0)
		ds = binary.LittleEndian.AppendUint64(ds, uint64(len(raw)))
		ds = append(ds, make([]byte, 12)...)
		data := chunk("data", raw)
		copy(data[4:], "\xFF\xFF\xFF\xFF")
		file := wavFile(chunk("ds64", ds), format, data, chunk("LIST", []byte("after")))
		copy(file, id)
		copy(file[4:], "\xFF\xFF\xFF\xFF")
		s, err = readWAV(file)
		require.NoError(t, err, id)
		assert.Equal(t, want, s, id)
	}
}

func TestW64IsRefusedByName(t *testing.T) {
	format, data := w64Chunk("fmt ", formatChunk(tagPCM, 1, 8000, 16)[8:]), w64Chunk("data", make([]byte, 16))
	tiny := bytes.Clone(data)
	tiny[16] = 23
	cut := w64Of(format, data)
	for _, c := range []struct {
		file []byte
		is   error
		says string
	}{
		{w64Of(format, tiny), ErrFormat, "a chunk of 23 bytes"},
		{w64Of(format), ErrTruncated, `without a "data" chunk`},
		{cut[:30], ErrTruncated, "within the header of 40 bytes"},
		{append([]byte("riff"), make([]byte, 40)...), ErrFormat, `where "riff" belongs`},
		{w64Of(w64Chunk("fmt ", formatChunk(tagPCM, 1, 400_000_000, 16)[8:]), data), ErrFormat, "400000000 Hz"},
	} {
		_, err := decode(c.file, W64)
		assert.ErrorIs(t, err, c.is, c.says)
		assert.ErrorContains(t, err, c.says)
	}
	s, err := decode(cut[:len(cut)-9], W64)
	require.NoError(t, err)
	assert.Equal(t, 3, s.Frames())
	assert.Len(t, s.Warnings, 1)
}

// TestFilesOfOtherProgramsAreRead reads what sox, flac and oggenc made of one
// recording of six channels and of a mono one; testdata/audio/README.md says how.
func TestFilesOfOtherProgramsAreRead(t *testing.T) {
	folder := "../testdata/audio/formats"
	six, err := ReadFile(filepath.Join(folder, "six.flac"))
	require.NoError(t, err)
	require.Len(t, six.Channels, 6)
	assert.Equal(t, PCM24, six.Encoding)
	ogg, err := ReadFile(filepath.Join(folder, "six.ogg"))
	require.NoError(t, err)
	require.Len(t, ogg.Channels, 6)
	require.Equal(t, six.Frames(), ogg.Frames())
	for c := range six.Channels {
		var same, power float64
		for i, v := range six.Channels[c] {
			d := v - ogg.Channels[c][i]
			same, power = same+d*d, power+v*v
		}
		assert.Less(t, same, 0.1*power, "channel %d is in its place", c)
	}
	mono, err := ReadFile(filepath.Join(folder, "mono.wav"))
	require.NoError(t, err)
	for _, name := range []string{"mono.aiff", "mono.aifc", "mono.w64", "mono.rf64"} {
		s, err := ReadFile(filepath.Join(folder, name))
		require.NoError(t, err, name)
		assert.Empty(t, s.Warnings, name)
		assert.True(t, assert.ObjectsAreEqual(mono.Channels, s.Channels), name)
		assert.Equal(t, mono.Rate, s.Rate)
	}
	for name, worst := range map[string]float64{"alaw.wav": 0.02, "mulaw.wav": 0.02, "alaw.aifc": 0.02} {
		s, err := ReadFile(filepath.Join(folder, name))
		require.NoError(t, err, name)
		assert.InDeltaSlice(t, mono.Channels[0], s.Channels[0], worst, name)
	}
}

func TestLastPageOfOggMayHoldAnEmptyPacket(t *testing.T) {
	whole := recording(t, "tone.ogg")
	want, err := decode(whole, OGG)
	require.NoError(t, err)
	last := bytes.LastIndex(whole, []byte("OggS"))
	page := bytes.Clone(whole[last:])
	page[oggFlags] &^= flagEnd
	for name, segments := range map[string][]byte{"an empty packet": {0}, "two": {0, 0}, "no packet": {}} {
		end := bytes.Clone(page[:oggHeader])
		end[oggFlags] = flagEnd
		binary.LittleEndian.PutUint32(end[oggSequence:], binary.LittleEndian.Uint32(page[oggSequence:])+1)
		end[oggCount] = byte(len(segments))
		file := append(append(bytes.Clone(whole[:last]), page...), append(end, segments...)...)
		got, err := decode(withChecksums(file), OGG)
		require.NoError(t, err, name)
		assert.True(t, assert.ObjectsAreEqual(want, got), name)
	}
}

func TestMissingPagesOfOggAreNamed(t *testing.T) {
	whole := BuiltinFile()
	var pages []int
	for at := 0; at >= 0 && at < len(whole); {
		pages = append(pages, at)
		next := bytes.Index(whole[at+4:], []byte("OggS"))
		if next < 0 {
			break
		}
		at += 4 + next
	}
	require.Greater(t, len(pages), 20)
	lost := len(pages) - 3
	file := append(bytes.Clone(whole[:pages[lost]]), whole[pages[lost+1]:]...)
	s, err := decode(file, OGG)
	require.NoError(t, err)
	require.Len(t, s.Warnings, 1)
	assert.Contains(t, s.Warnings[0], "are missing before byte")
	assert.Less(t, s.Frames(), 112*22050)
}

func TestRecordingsAreBoundedByMemory(t *testing.T) {
	defer func(f func() int64) { freeMemory = f }(freeMemory)
	freeMemory = func() int64 { return 1 << 20 }
	long := make([]byte, 9<<20) // as 8-byte samples 72 MiB
	_, err := readWAV(wavFile(formatChunk(tagPCM, 1, 8000, 8), chunk("data", long)))
	assert.ErrorIs(t, err, ErrMemory)
	_, err = Transform(make([]float64, 1<<21), 8000, Options{Size: 64, Hop: 16})
	assert.ErrorIs(t, err, ErrMemory)
	assert.ErrorContains(t, err, "raise the hop")
}

func TestReadersAndTransformsEndWithTheirContext(t *testing.T) {
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(stop)
	for name, kind := range map[string]Kind{"tone.flac": FLAC, "tone.ogg": OGG, "tone.mp3": MP3, "formats/mono.wav": WAV, "formats/mono.aiff": AIFF, "formats/mono.w64": W64} {
		_, err := DecodeContext(ctx, bytes.NewReader(recording(t, name)), kind)
		assert.ErrorIs(t, err, stop, name)
	}
	x := tone()
	_, err := TransformContext(ctx, x, 22050, Options{})
	assert.ErrorIs(t, err, stop)
	s, err := Transform(x, 22050, Options{})
	require.NoError(t, err)
	_, err = s.MagnitudeContext(ctx)
	assert.ErrorIs(t, err, stop)
	_, err = s.InverseContext(ctx)
	assert.ErrorIs(t, err, stop)
	_, err = WriteWAVContext(ctx, &bytes.Buffer{}, Sound{Rate: 8000, Channels: [][]float64{x}}, PCM16)
	assert.ErrorIs(t, err, stop)
}

func TestWrongSuffixesAreNamed(t *testing.T) {
	wav, flac := recording(t, "formats/mono.wav"), recording(t, "tone.flac")
	for _, c := range []struct {
		file []byte
		kind Kind
		says string
	}{
		{wav, FLAC, "no FLAC; it looks like WAV, so rename it"},
		{wav, MP3, "no MP3; it looks like WAV, so rename it"},
		{wav, OGG, "no OGG; it looks like WAV, so rename it"},
		{flac, WAV, "it looks like FLAC, so rename it"},
		{flac, W64, "it looks like FLAC, so rename it"},
		{flac, MP3, "no MP3; it looks like FLAC, so rename it"},
		{append([]byte("\x00\x00\x00\x20ftypM4A "), make([]byte, 99)...), MP3, "it looks like MPEG-4 (.m4a), so rename it"},
	} {
		_, err := decode(c.file, c.kind)
		assert.ErrorIs(t, err, ErrFormat, c.says)
		assert.ErrorContains(t, err, c.says)
	}
}

func TestConversionIsACommandOfTheShell(t *testing.T) {
	for path, want := range map[string]string{
		"song.m4a":           "ffmpeg -i song.m4a song.wav",
		"my song's.opus":     `ffmpeg -i 'my song'\''s.opus' 'my song'\''s.wav'`,
		"-x.aac":             "ffmpeg -i ./-x.aac ./-x.wav",
		"a.b/c.wav":          "ffmpeg -i a.b/c.wav a.b/c-converted.wav",
		"a.b/c.flac":         "ffmpeg -i a.b/c.flac a.b/c.wav",
		"a$(rm).m4a":         "ffmpeg -i 'a$(rm).m4a' 'a$(rm).wav'",
		"Übung.m4a":          "ffmpeg -i Übung.m4a Übung.wav",
		"folder x/music.ogg": "ffmpeg -i 'folder x/music.ogg' 'folder x/music.wav'",
	} {
		assert.Equal(t, want, Conversion(path))
	}
	path := filepath.Join(t.TempDir(), "opus.ogg")
	opus := recording(t, "tone.ogg")
	copy(opus[oggHeader+1:], "OpusHead")
	require.NoError(t, os.WriteFile(path, withChecksums(opus), 0o600))
	_, err := ReadFile(path)
	assert.ErrorIs(t, err, ErrUnsupported)
	assert.ErrorContains(t, err, "OGG holds Opus")
	assert.True(t, strings.HasSuffix(err.Error(), Conversion(path)), err)
}

func FuzzDecodeChunks(f *testing.F) {
	f.Add(true, aiffFile("AIFF", commonChunk(2, 2, 16, 22050, ""), soundChunk(4, make([]byte, 12))))
	f.Add(true, aiffFile("AIFC", soundChunk(0, make([]byte, 16)), commonChunk(1, 4, 32, 8000, "fl32")))
	f.Add(false, w64Of(w64Chunk("fmt ", formatChunk(tagPCM, 1, 8000, 16)[8:]), w64Chunk("data", make([]byte, 16))))
	f.Fuzz(func(t *testing.T, aiff bool, b []byte) {
		kind := W64
		if aiff {
			kind = AIFF
		}
		s, err := decode(b, kind)
		if err == nil && (s.Rate < 1 || len(s.Channels) == 0 || s.Frames()*len(s.Channels) > len(b)) {
			t.Fatalf("%d Hz, %d x %d samples from %d bytes", s.Rate, len(s.Channels), s.Frames(), len(b))
		}
	})
}
