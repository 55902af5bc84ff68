package mp3

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const folder = "../../testdata/audio/mp3"

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, name))
	require.NoError(t, err)
	return b
}

func decode(data []byte) (*Recording, error) {
	return Decode(context.Background(), data, func(int64) error { return nil })
}

// randomHeaders are the headers of the files of noise in testdata.
var randomHeaders = map[string]header{
	"random44": 0xFFFBD000 | 1<<6 | 3<<4, // MPEG-1, 256 kbit/s, both kinds of joint stereo
	"random48": 0xFFFBD400,               // plain stereo
	"random24": 0xFFF3D400 | 1<<6 | 3<<4, // MPEG-2, 112 kbit/s, both kinds of joint stereo
	"random11": 0xFFE3D000 | 1<<6 | 1<<4, // MPEG-2.5, intensity stereo alone
	"random8":  0xFFE3D800 | 3<<6,        // mono
}

func TestFilesOfNoiseAreWhatTheyAreSaidToBe(t *testing.T) {
	for name, h := range randomHeaders {
		assert.True(t, bytes.Equal(read(t, name+".mp3"), randomStream(h, 8, rand.New(rand.NewPCG(6, 12)))), name)
	}
}

// TestDecodesAsOthersDo compares with samples of 16 bits that lame and mpg123
// have decoded; testdata/audio/README.md says how. A reference begins with the
// sample at which it begins.
func TestDecodesAsOthersDo(t *testing.T) {
	for name, want := range map[string]struct{ rate, channels, samples int }{
		"joint44":  {44100, 2, 22050},
		"joint22":  {22050, 2, 13230},
		"mono8":    {8000, 1, 8687},
		"random44": {44100, 2, 8*1152 - decoderDelay},
		"random48": {48000, 2, 8*1152 - decoderDelay},
		"random24": {24000, 2, 8*576 - decoderDelay},
		"random11": {11025, 2, 8*576 - decoderDelay},
		"random8":  {8000, 1, 8*576 - decoderDelay},
	} {
		r, err := decode(read(t, name+".mp3"))
		require.NoError(t, err, name)
		assert.Empty(t, r.Warnings, name)
		assert.Equal(t, want.rate, r.Rate, name)
		require.Len(t, r.Channels, want.channels, name)
		for _, x := range r.Channels {
			require.Len(t, x, want.samples, name)
		}
		reference := read(t, name+".ref")
		start := int(binary.LittleEndian.Uint32(reference))
		codes := reference[4:]
		require.Len(t, codes, 3000*2*want.channels, name)
		var worst, peak float64
		for i := 0; 2*i < len(codes); i++ {
			ref := float64(int16(binary.LittleEndian.Uint16(codes[2*i:]))) / (1 << 15)
			got := r.Channels[i%want.channels][start+i/want.channels]
			worst, peak = max(worst, math.Abs(got-ref)), max(peak, math.Abs(ref))
		}
		assert.Greater(t, peak, 0.05, name)
		assert.Less(t, worst, 4e-5, name) // a little more than one code
	}
}

func TestSilenceOfTheEncoderIsTakenOff(t *testing.T) {
	whole := read(t, "joint44.mp3")
	r, err := decode(whole)
	require.NoError(t, err)
	assert.Len(t, r.Channels[0], 22050, "as many samples as were encoded")
	// Without the frame that describes the file only the decoder's own delay is
	// known.
	first := header(binary.BigEndian.Uint32(whole))
	rest, err := decode(whole[first.size():])
	require.NoError(t, err)
	assert.Len(t, rest.Channels[0], 21*1152-decoderDelay)
	const encoderDelay = 576
	for i := range 20000 {
		require.InDelta(t, r.Channels[0][i], rest.Channels[0][i+encoderDelay], 1e-12, i)
	}
}

func TestCutFilesAreDecodedWithAWarning(t *testing.T) {
	whole := read(t, "joint44.mp3")
	full, err := decode(whole)
	require.NoError(t, err)
	for _, c := range []struct {
		bytes    int
		warnings []string
	}{
		{len(whole)/3 + 50, []string{"it ends 228 bytes before its last frame does", "14 of its 21 frames are missing at the end"}},
		{len(whole) / 2, []string{"11 of its 21 frames are missing at the end"}}, // between two frames
		{len(whole) - 100, []string{"it ends 100 bytes before its last frame does"}},
	} {
		n := c.bytes
		r, err := decode(whole[:n])
		require.NoError(t, err, n)
		assert.Equal(t, c.warnings, r.Warnings)
		got := r.Channels[1]
		require.Greater(t, len(got), 2000)
		assert.LessOrEqual(t, len(got), 22050)
		keep := len(got) - 2*1152 // the frame that is cut, and what overlaps with it
		assert.True(t, assert.ObjectsAreEqual(full.Channels[1][:keep], got[:keep]), n)
	}
}

func TestDamageCostsTheDamagedFramesOnly(t *testing.T) {
	whole := read(t, "random48.mp3") // no frame leans on another
	full, err := decode(whole)
	require.NoError(t, err)
	size := randomHeaders["random48"].size()
	broken := append(bytes.Clone(whole[:3*size]), "junk in between"...)
	broken = append(broken, whole[3*size:]...)
	r, err := decode(broken)
	require.NoError(t, err)
	require.Len(t, r.Warnings, 1)
	assert.Contains(t, r.Warnings[0], "15 bytes before byte")
	assert.True(t, assert.ObjectsAreEqual(full.Channels, r.Channels))
	// Main data that begin before the file do not sound, and nothing else suffers.
	lame := read(t, "joint44.mp3")
	cut, err := decode(lame[10*header(binary.BigEndian.Uint32(lame)).size():])
	require.NoError(t, err)
	assert.Less(t, peakOf(cut.Channels[0]), 1.0)
}

func peakOf(x []float64) (peak float64) {
	for _, v := range x {
		peak = max(peak, math.Abs(v))
	}
	return peak
}

func TestTagsAroundFramesAreSkipped(t *testing.T) {
	whole := read(t, "joint22.mp3")
	want, err := decode(whole)
	require.NoError(t, err)
	tagged := append([]byte("ID3\x03\x00\x00\x00\x00\x01\x02"), make([]byte, 130)...)
	tagged = append(tagged, whole...)
	tagged = append(tagged, append([]byte("TAG"), make([]byte, 125)...)...)
	got, err := decode(tagged)
	require.NoError(t, err)
	assert.True(t, assert.ObjectsAreEqual(want, got))
}

func TestChannelsMayChangeWithinAFile(t *testing.T) {
	const stereo, mono = header(0xFFFBD400), header(0xFFFBD400 | 3<<6)
	r := rand.New(rand.NewPCG(1, 1))
	both := append(randomStream(mono, 3, r), randomStream(stereo, 3, r)...)
	rec, err := decode(both)
	require.NoError(t, err)
	require.Len(t, rec.Channels, 2)
	require.Len(t, rec.Channels[0], 6*1152-decoderDelay)
	const quiet = 3*1152 - decoderDelay
	assert.Equal(t, rec.Channels[0][:quiet], rec.Channels[1][:quiet], "mono sounds from both")
	assert.NotEqual(t, rec.Channels[0][quiet+1000:], rec.Channels[1][quiet+1000:])
}

func TestDecodeRefuses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, c := range map[string]struct {
		data []byte
		is   error
		says string
	}{
		"nothing":      {nil, ErrFormat, "no frame of layer III in 0 bytes"},
		"noise":        {bytes.Repeat([]byte{0xFF, 0x13, 7}, 1000), ErrFormat, "no frame"},
		"another rate": {append(randomStream(0xFFFBD400, 3, r), randomStream(0xFFFBD000, 3, r)...), ErrUnsupported, "from 48000 to 44100 Hz at byte 2304"},
	} {
		_, err := decode(c.data)
		assert.ErrorIs(t, err, c.is, name)
		assert.ErrorContains(t, err, c.says, name)
	}
}

func TestDecodeAsksBeforeItAllocates(t *testing.T) {
	no := errors.New("no")
	_, err := Decode(context.Background(), read(t, "random48.mp3"), func(n int64) error {
		assert.EqualValues(t, 8*1152*2*8, n)
		return no
	})
	assert.ErrorIs(t, err, no)
}

func TestDecodeCanBeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("stop")
	cancel(stop)
	_, err := Decode(ctx, read(t, "joint44.mp3"), func(int64) error { return nil })
	assert.ErrorIs(t, err, stop)
}

func TestCodesAreComplete(t *testing.T) {
	// Σ 2^-length = 1 for every table, and every value occurs once.
	var sum func(t tree, n int16, depth int, seen map[int16]int) float64
	sum = func(t tree, n int16, depth int, seen map[int16]int) float64 {
		if n < 0 {
			seen[^n]++
			return math.Exp2(-float64(depth))
		}
		return sum(t, t[n][0], depth+1, seen) + sum(t, t[n][1], depth+1, seen)
	}
	sides := map[int]int{1: 2, 2: 3, 3: 3, 5: 4, 6: 4, 7: 6, 8: 6, 9: 6, 10: 8, 11: 8, 12: 8, 13: 16, 15: 16, 16: 16, 24: 16}
	require.Len(t, codeTrees, len(sides))
	for i, n := range sides {
		seen := map[int16]int{}
		assert.Equal(t, 1.0, sum(pairCodes[i].tree, 0, 0, seen), i)
		assert.Len(t, seen, n*n, i)
		for x := range n {
			for y := range n {
				assert.Equal(t, 1, seen[int16(x<<4|y)], i)
			}
		}
	}
	for _, q := range quadCodes {
		seen := map[int16]int{}
		assert.Equal(t, 1.0, sum(q, 0, 0, seen))
		assert.Len(t, seen, 16)
	}
}

func TestFastCosineTransformIsTheSum(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	x := make([]float64, 32)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	got := make([]float64, 32)
	cosineTransform(x, got)
	for m := range got {
		var want float64
		for k, v := range x {
			want += v * math.Cos(math.Pi*float64(m*(2*k+1))/64)
		}
		assert.InDelta(t, want, got[m], 1e-12)
	}
}

func FuzzDecode(f *testing.F) {
	for name := range randomHeaders {
		f.Add(read(f, name+".mp3"))
	}
	f.Add(read(f, "joint22.mp3"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decode(b)
		if err != nil {
			return
		}
		for _, x := range r.Channels {
			for i, v := range x {
				if math.IsNaN(v) || math.IsInf(v, 0) || len(x) != len(r.Channels[0]) {
					t.Fatalf("sample %d of %d is %g", i, len(x), v)
				}
			}
		}
	})
}
