package audio

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func recording(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../testdata/audio", name))
	require.NoError(t, err)
	return b
}

func tone() []float64 {
	x := make([]float64, 22050)
	for i := range x {
		x[i] = 0.5 * math.Sin(2*math.Pi*440*float64(i)/22050)
	}
	return x
}

func TestSoundMeasuresItself(t *testing.T) {
	s := Sound{Rate: 4, Channels: [][]float64{{1, 2, 3}, {3, 0, -3}}}
	assert.Equal(t, 3, s.Frames())
	assert.Equal(t, 0.75, s.Seconds())
	assert.Equal(t, []float64{2, 1, 0}, s.Mono())
	assert.Zero(t, Sound{}.Seconds())
	assert.Empty(t, Sound{}.Mono())
}

func TestSuffixesNameFormats(t *testing.T) {
	for path, want := range map[string]Kind{"a.wav": WAV, "b.c/d.FLAC": FLAC, "e.Ogg": OGG, "f.g.mp3": MP3, "h.AIF": AIFF, "i.aifc": AIFF, "j.w64": W64, "k.rf64": WAV} {
		kind, ok := KindOf(path)
		assert.True(t, ok, path)
		assert.Equal(t, want, kind, path)
		assert.True(t, IsRecording(path))
	}
	for _, path := range []string{"", "wav", "a.wave", "a.npy", "a.wav.csv", "a.wav/b"} {
		assert.False(t, IsRecording(path), path)
	}
}

func TestBuiltinRecording(t *testing.T) {
	s, err := Builtin()
	require.NoError(t, err)
	assert.Equal(t, 22050, s.Rate)
	assert.Len(t, s.Channels, 1)
	assert.Equal(t, 112.0, s.Seconds())

	file, err := os.ReadFile(BuiltinName)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(file, BuiltinFile()))
	notice, err := os.ReadFile("NOTICE.md")
	require.NoError(t, err)
	sum := sha256.Sum256(file)
	assert.Contains(t, string(notice), hex.EncodeToString(sum[:]))

	sections := BuiltinSections()
	require.Len(t, sections, 8)
	at := 0.0
	for _, p := range sections {
		assert.Equal(t, at, p.Start)
		assert.Zero(t, math.Mod(p.End, 2), "sections end with a bar of 2 s")
		at = p.End
	}
	assert.Equal(t, s.Seconds(), at)
	assert.Equal(t, Section{Interval{72, 88}, "bridge"}, sections[5])
}

func TestStereoFLACIsDecoded(t *testing.T) {
	s, err := ReadFile("../testdata/audio/loop_tabla.flac")
	require.NoError(t, err)
	assert.Equal(t, 44100, s.Rate)
	assert.Len(t, s.Channels, 2)
	assert.Equal(t, 470723, s.Frames())
	assert.NotEqual(t, s.Channels[0], s.Channels[1])
}

func TestMonoStaysMono(t *testing.T) {
	want := tone()
	for _, c := range []struct {
		file  string
		delta float64
	}{{"tone.flac", 0x1p-15}, {"tone.ogg", 0.02}} {
		s, err := ReadFile("../testdata/audio/" + c.file)
		require.NoError(t, err, c.file)
		require.Len(t, s.Channels, 1, c.file)
		assert.Equal(t, 22050, s.Rate, c.file)
		require.Equal(t, len(want), s.Frames(), c.file)
		const rim = 500 // where the tone is cut off
		assert.InDeltaSlice(t, want[rim:len(want)-rim], s.Channels[0][rim:len(want)-rim], c.delta, c.file)
	}
}

func TestMP3HoldsTheTone(t *testing.T) {
	s, err := ReadFile("../testdata/audio/tone.mp3")
	require.NoError(t, err)
	require.Len(t, s.Channels, 1)
	assert.Equal(t, 22050, s.Rate)
	assert.Equal(t, 22050, s.Frames(), "the silence of the encoder is taken off")
	const rim = 500
	// Neighbours differ by up to 0.06, so a sample too early or late would show.
	assert.InDeltaSlice(t, tone()[rim:22050-rim], s.Channels[0][rim:22050-rim], 0.03)
	x, err := Transform(s.Channels[0], s.Rate, Options{Hop: 512})
	require.NoError(t, err)
	mid := x.Magnitude().Transpose().Row(x.Frames / 2)
	peaks := Peaks(mid, x.Frequency(1))
	assert.InDelta(t, 440, peaks[0].Hz, 0.5)
	assert.InDelta(t, 0.5, largest(mid)/float64(x.Size)*4, 0.05, "amplitude")
}

func TestReadFileNamesThePath(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"a.wav": "", "b.flac": "", "c.ogg": "", "d.mp3": "",
		"e.wav": "junk", "f.flac": "junk of some length", "g.ogg": "junk of some length", "h.mp3": strings.Repeat("junk", 100),
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := ReadFile(path)
		require.Error(t, err, name)
		assert.True(t, strings.HasPrefix(err.Error(), path+": "), "%s", err)
		assert.NotContains(t, err.Error(), "\n")
		if content == "" {
			assert.ErrorIs(t, err, ErrTruncated)
			assert.ErrorContains(t, err, "empty")
		}
	}
	_, err := ReadFile(filepath.Join(dir, "none.wav"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	for name, says := range map[string]string{
		"song.m4a": "MPEG-4 audio is not read; convert it: ffmpeg -i ",
		"a.opus":   "Opus is not read; convert it",
		"b.xyz":    `suffix ".xyz" is not that of a recording`,
	} {
		_, err = ReadFile(filepath.Join(dir, name))
		assert.ErrorIs(t, err, ErrUnsupported)
		assert.ErrorContains(t, err, says)
	}
	folder := filepath.Join(dir, "folder.wav")
	require.NoError(t, os.Mkdir(folder, 0o700))
	_, err = ReadFile(folder)
	require.Error(t, err)
	assert.Equal(t, 1, strings.Count(err.Error(), folder))
	_, err = Decode(strings.NewReader(""), Kind(0))
	assert.ErrorIs(t, err, ErrOption)
}

func TestTruncatedStreamsAreErrors(t *testing.T) {
	for _, c := range []struct {
		file string
		kind Kind
	}{{"tone.flac", FLAC}, {"tone.ogg", OGG}} {
		whole := recording(t, c.file)
		for n := 0; n < len(whole); n += 61 {
			_, err := Decode(bytes.NewReader(whole[:n]), c.kind)
			require.Error(t, err, "%s: %d of %d bytes", c.file, n, len(whole))
			require.NotContains(t, err.Error(), "\n")
		}
		_, err := Decode(bytes.NewReader(whole[:len(whole)-1]), c.kind)
		assert.ErrorIs(t, err, ErrTruncated, c.file)
	}
}

func TestTagsBeforeFLACAreSkipped(t *testing.T) {
	tag := append([]byte("ID3\x04\x00\x00\x00\x00\x01\x02"), make([]byte, 130)...)
	s, err := Decode(bytes.NewReader(append(tag, recording(t, "tone.flac")...)), FLAC)
	require.NoError(t, err)
	assert.Equal(t, 22050, s.Frames())
}

func TestDamagedStreamsNeverPanic(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, c := range []struct {
		file string
		kind Kind
	}{{"tone.flac", FLAC}, {"tone.ogg", OGG}, {"tone.mp3", MP3}} {
		whole := recording(t, c.file)
		for i := range 60 {
			b := bytes.Clone(whole)
			for range 1 + i%3 {
				at := r.IntN(len(b))
				if i%2 == 0 {
					at = r.IntN(200) // headers
				}
				b[at] ^= byte(1 + r.IntN(255))
			}
			if c.kind == OGG {
				b = withChecksums(b)
			}
			s, err := Decode(bytes.NewReader(b), c.kind)
			if err != nil {
				require.NotContains(t, err.Error(), "\n")
			} else {
				require.NotZero(t, s.Frames())
			}
		}
	}
}

// withChecksums repairs the checksums of all pages, so that damage reaches the
// decoder.
func withChecksums(b []byte) []byte {
	for at := 0; at+oggHeader <= len(b); {
		n := oggHeader + int(b[at+oggCount])
		if at+n > len(b) || !bytes.HasPrefix(b[at:], []byte("OggS")) {
			break
		}
		for _, s := range b[at+oggHeader : at+n] {
			n += int(s)
		}
		if at+n > len(b) {
			break
		}
		binary.LittleEndian.PutUint32(b[at+oggCheck:], oggChecksum(b[at:at+n]))
		at += n
	}
	return b
}

func TestOggIsCheckedPageByPage(t *testing.T) {
	whole := recording(t, "tone.ogg")
	change := func(at int, to ...byte) []byte {
		b := bytes.Clone(whole)
		copy(b[at:], to)
		return b
	}
	const body = oggHeader + 1 // of the first page
	last := bytes.LastIndex(whole, []byte("OggS"))
	for _, c := range []struct {
		name string
		file []byte
		is   error
		says string
	}{
		{"damaged body", change(len(whole)-5, whole[len(whole)-5]+1), ErrFormat, fmt.Sprintf("page at byte %d", last)},
		{"damaged header", change(last, 'o'), ErrFormat, fmt.Sprintf("no page at byte %d", last)},
		{"last page missing", whole[:last], ErrTruncated, "without its last page"},
		{"page header cut", whole[:last+20], ErrTruncated, "within a page header"},
		{"capture pattern cut", whole[:last+3], ErrTruncated, "within a page header"},
		{"page cut", whole[:len(whole)-1], ErrTruncated, fmt.Sprintf("ends at byte %d", len(whole)-1)},
		{"only the first page", withChecksums(change(oggFlags, flagBegin|flagEnd))[:body+30], ErrTruncated, "within the Vorbis headers"},
		{"two streams in a row", append(bytes.Clone(whole), whole...), ErrUnsupported, "another stream"},
		{"two streams at once", withChecksums(change(last+oggSerial, 99)), ErrUnsupported, "another stream"},
		{"no channel", withChecksums(change(body+11, 0)), ErrFormat, "0 channels"},
		{"Opus", withChecksums(change(body, []byte("OpusHead")...)), ErrUnsupported, "Opus"},
		{"Speex", withChecksums(change(body, []byte("Speex   ")...)), ErrUnsupported, "Speex"},
		{"FLAC in Ogg", withChecksums(change(body, []byte("\x7fFLAC")...)), ErrUnsupported, "FLAC inside Ogg"},
		{"something else", withChecksums(change(body, 'x')), ErrUnsupported, "Vorbis"},
	} {
		_, err := Decode(bytes.NewReader(c.file), OGG)
		assert.ErrorIs(t, err, c.is, c.name)
		assert.ErrorContains(t, err, c.says, c.name)
	}
	s, err := Decode(bytes.NewReader(append(bytes.Clone(whole), "TAG and more"...)), OGG)
	require.NoError(t, err, "junk behind the last page is no sound")
	assert.Equal(t, 22050, s.Frames())
}

func TestVorbisHeadersAreChecked(t *testing.T) {
	whole := recording(t, "tone.ogg")
	find := func(header string) int { return bytes.Index(whole, []byte(header)) }
	identification, comment, setup := find("\x01vorbis"), find("\x03vorbis"), find("\x05vorbis")
	vendor := int(binary.LittleEndian.Uint32(whole[comment+7:]))
	const dimensions, entries, lengths = 11, 13, 16 // of the first codebook, behind "\x05vorbis", a count and a pattern
	for _, c := range []struct {
		at   int
		to   []byte
		says string
	}{
		{identification + 28, []byte{0x80}, "blocks of 2^0 and 2^8 samples"},
		{identification + 28, []byte{0x79}, "blocks of 2^9 and 2^7 samples"},
		{comment + 11 + vendor, []byte{0xFF, 0xFF, 0xFF, 0xFF}, "comment header claims more than it holds"},
		{comment + 7, []byte{0xFF, 0xFF, 0xFF, 0x7F}, "comment header claims more than it holds"},
		{comment, []byte{5}, "comment header is missing"},
		{setup, []byte{3}, "setup header is missing"},
		{setup + 8, []byte{0}, "no codebook"},
		{setup + dimensions, []byte{0, 0}, "and 0 dimensions"},
		{setup + entries, []byte{0xFF, 0xFF, 0xFF}, "codebook of 16777215 entries"},
		{setup + entries, []byte{0, 0, 0}, "codebook of 0 entries"},
		{setup + lengths, []byte{0, 0, 0, 0}, "incomplete codebook"},
	} {
		b := bytes.Clone(whole)
		copy(b[c.at:], c.to)
		_, err := Decode(bytes.NewReader(withChecksums(b)), OGG)
		assert.ErrorIs(t, err, ErrFormat, c.says)
		assert.ErrorContains(t, err, c.says)
	}
}

func TestFLACIsCheckedAgainstItsHeader(t *testing.T) {
	const channels, samples = 20, 22 // offsets: channels less one in bits 1 to 3, the low 32 bits of the length
	for _, c := range []struct {
		name string
		at   int
		to   []byte
		is   error
		says string
	}{
		{"six channels", channels, []byte{5 << 1}, ErrFormat, "a frame of 1 channels of 16 bits where its header says 6"},
		{"a channel that is not there", channels, []byte{1 << 1}, ErrFormat, "a frame of 1 channels of 16 bits where its header says 2"},
		{"too short", samples, []byte{0, 1, 0, 0}, ErrTruncated, "22050 of 65536 samples"},
		{"too long", samples, []byte{0, 0, 1, 0}, ErrFormat, "22050 samples where its header says 256"},
	} {
		b := recording(t, "tone.flac")
		copy(b[c.at:], c.to)
		_, err := Decode(bytes.NewReader(b), FLAC)
		assert.ErrorIs(t, err, c.is, c.name)
		assert.ErrorContains(t, err, c.says, c.name)
	}
}

func TestDecodePassesReadErrorsOn(t *testing.T) {
	boom := errors.New("boom")
	for k := WAV; k <= W64; k++ {
		_, err := Decode(iotest.ErrReader(boom), k)
		assert.ErrorIs(t, err, boom, k)
	}
}

func TestMP3IsReadWithItsWarnings(t *testing.T) {
	whole := recording(t, "tone.mp3")
	want, err := Decode(bytes.NewReader(whole), MP3)
	require.NoError(t, err)
	assert.Equal(t, Float32, want.Encoding)
	assert.Empty(t, want.Warnings)
	tag := append([]byte("ID3\x03\x00\x00\x00\x00\x01\x02"), make([]byte, 130)...)
	got, err := Decode(bytes.NewReader(append(tag, whole...)), MP3)
	require.NoError(t, err)
	assert.True(t, assert.ObjectsAreEqual(want, got), "a tag changes the sound")
	got, err = Decode(bytes.NewReader(whole[:len(whole)-500]), MP3)
	require.NoError(t, err)
	require.NotEmpty(t, got.Warnings)
	assert.Contains(t, got.Warnings[0], "MP3: it ends")
	for _, c := range []struct {
		file []byte
		is   error
		says string
	}{
		{[]byte("ID3\x03\x00\x00\x7f\x7f\x7f\x7f and nothing else"), ErrFormat, "no frame of layer III"},
		{bytes.Repeat([]byte{0xFF, 0xFD, 0x90, 0}, 1000), ErrFormat, "no frame of layer III"}, // layer II
	} {
		_, err := Decode(bytes.NewReader(c.file), MP3)
		assert.ErrorIs(t, err, c.is)
		assert.ErrorContains(t, err, c.says)
		assert.NotContains(t, err.Error(), "malformed MP3")
	}
}

// FuzzDecode feeds the decoders with damaged files; OGG gets its checksums
// repaired, without which nothing would reach the decoder.
func FuzzDecode(f *testing.F) {
	for kind, file := range map[Kind]string{FLAC: "tone.flac", OGG: "tone.ogg", MP3: "tone.mp3"} {
		b := recording(f, file)
		f.Add(uint8(kind-FLAC), b)
		f.Add(uint8(kind-FLAC), b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, k uint8, b []byte) {
		kind := FLAC + Kind(k)%3
		if kind == OGG {
			b = withChecksums(bytes.Clone(b))
		}
		s, err := Decode(bytes.NewReader(b), kind)
		if err == nil && (s.Rate < 1 || len(s.Channels) == 0 || s.Frames() == 0) {
			t.Fatalf("%d Hz, %d x %d samples", s.Rate, len(s.Channels), s.Frames())
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Fatalf("error of several lines: %q", err)
		}
	})
}
