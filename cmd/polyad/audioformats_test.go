package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/audio"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/sound"
	"polyad/nmf"
)

// loudParts returns half a second at 8 kHz that stays below full scale, of a tone
// beyond it and an overtone that cuts its peaks; the overtone begins alone.
func loudParts() []float64 {
	x := make([]float64, 4000)
	for i := range x {
		phase := 2 * math.Pi * 500 / 8000 * float64(i)
		x[i] = 0.2 * math.Sin(3*phase)
		if i >= 2000 {
			x[i] += 1.1 * math.Sin(phase)
		}
	}
	return x
}

func writeWAV(t *testing.T, path string, s audio.Sound, e audio.Encoding) {
	t.Helper()
	require.NoError(t, sound.WriteSound(t.Context(), path, s, e))
}

func TestStemsAreNeverClipped(t *testing.T) {
	dir := t.TempDir()
	loud := audio.Sound{Rate: 8000, Channels: [][]float64{loudParts()}}
	tooLoud := audio.Sound{Rate: 8000, Channels: [][]float64{make([]float64, 4000)}}
	for i, v := range loud.Channels[0] {
		tooLoud.Channels[0][i] = 3 * v
	}
	quiet := audio.Sound{Rate: 8000, Channels: [][]float64{make([]float64, 4000), make([]float64, 4000)}}
	for i, v := range loud.Channels[0] {
		quiet.Channels[0][i], quiet.Channels[1][i] = v/4, math.Round(math.Sin(float64(i))*64)/256
	}
	for _, c := range []struct {
		name     string
		s        audio.Sound
		e, stems audio.Encoding
		line     string
	}{
		{"loud", loud, audio.PCM16, audio.Float32, "stems and recording.wav: 32-bit floats, as some do not fit the recording's 16-bit integers"},
		{"toofloat", tooLoud, audio.Float32, audio.Float32, "32-bit floats, as the recording has no integers"},
		{"double", tooLoud, audio.Float64, audio.Float32, "32-bit floats, as the recording has no integers"},
		{"quiet8", quiet, audio.PCM8, audio.PCM8, "8-bit integers, as the recording"},
		{"quiet16", quiet, audio.PCM16, audio.PCM16, "16-bit integers, as the recording"},
		{"quiet24", quiet, audio.PCM24, audio.PCM24, "24-bit integers, as the recording"},
		{"quiet32", quiet, audio.PCM32, audio.PCM32, "32-bit integers, as the recording"},
	} {
		path, out := filepath.Join(dir, c.name+".wav"), filepath.Join(dir, c.name)
		writeWAV(t, path, c.s, c.e)
		require.Less(t, peak(loud), 1.0, "the case is one")
		want, err := audio.ReadFile(path)
		require.NoError(t, err)
		code, stdout, stderr := call("audio", path, "-r", "2", "--l1", "all=0", "--mask-exponent", "2", "--max-iter", "100", "-o", out)
		require.Zero(t, code, stderr)
		assert.Contains(t, stdout, c.line)
		whole, err := audio.ReadFile(filepath.Join(out, sound.MixtureFile))
		require.NoError(t, err)
		assert.Equal(t, c.stems, whole.Encoding, c.name)
		for i, x := range want.Channels {
			for j, v := range x {
				if c.stems == audio.Float32 {
					v = float64(float32(v))
				}
				require.Equal(t, v, whole.Channels[i][j], c.name)
			}
		}
		beyond := 0.0
		for q := range 2 {
			stem, err := audio.ReadFile(filepath.Join(out, "stems", fmt.Sprintf("%02d.wav", q)))
			require.NoError(t, err)
			assert.Equal(t, c.stems, stem.Encoding, c.name)
			assert.Equal(t, want.Rate, stem.Rate)
			require.Len(t, stem.Channels, len(want.Channels))
			beyond = max(beyond, peak(stem))
			for i, x := range stem.Channels {
				for j, v := range x {
					want.Channels[i][j] -= v
				}
			}
		}
		if c.stems == audio.Float32 {
			assert.Greater(t, beyond, 1.0, "%s: the case is one", c.name)
			assert.Less(t, peak(want), 1e-6, c.name)
		} else {
			assert.Zero(t, peak(want), c.name)
		}
	}
}

func TestStemsOfCompressedRecordingsAreFloats(t *testing.T) {
	for _, file := range []string{"tone.ogg", "tone.mp3"} {
		out := filepath.Join(t.TempDir(), "out")
		code, stdout, stderr := call("audio", "../../testdata/audio/"+file, "-r", "2", "--max-iter", "3", "-o", out, "--json")
		require.Zero(t, code, stderr)
		var res struct{ Encoding string }
		require.NoError(t, json.Unmarshal([]byte(stdout), &res))
		assert.Equal(t, "Float32", res.Encoding)
		sum, err := audio.ReadFile("../../testdata/audio/" + file)
		require.NoError(t, err)
		for q := range 2 {
			stem, err := audio.ReadFile(filepath.Join(out, "stems", fmt.Sprintf("%02d.wav", q)))
			require.NoError(t, err)
			for j, v := range stem.Channels[0] {
				sum.Channels[0][j] -= v
			}
		}
		assert.Less(t, peak(sum), 1e-7, file)
	}
}

func TestRecordingsOfEveryKindGoThrough(t *testing.T) {
	formats := "../../testdata/audio/formats/"
	for _, name := range []string{"mono.wav", "mono.aiff", "mono.aifc", "mono.w64", "mono.rf64", "alaw.wav", "mulaw.wav", "alaw.aifc", "six.flac", "six.ogg"} {
		code, stdout, stderr := call("info", formats+name)
		require.Zero(t, code, stderr)
		assert.Contains(t, stdout, "at 8000 Hz", name)
		out := filepath.Join(t.TempDir(), "out")
		code, stdout, stderr = call("audio", formats+name, "-r", "2", "--max-iter", "2", "-o", out)
		require.Zero(t, code, name+": "+stderr)
		assert.Empty(t, stderr, name)
		assert.Contains(t, stdout, "8000 Hz", name)
	}
}

func TestOddRecordingsEndCleanly(t *testing.T) {
	dir := t.TempDir()
	one := func(n int) [][]float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = math.Sin(float64(i))
		}
		return [][]float64{x}
	}
	silent := [][]float64{make([]float64, 20000), make([]float64, 20000)}
	for name, c := range map[string]struct {
		s    audio.Sound
		e    audio.Encoding
		args string
	}{
		"one sample":    {audio.Sound{Rate: 8000, Channels: one(1)}, audio.PCM16, ""},
		"two samples":   {audio.Sound{Rate: 44100, Channels: one(2)}, audio.PCM8, ""},
		"1 Hz":          {audio.Sound{Rate: 1, Channels: one(100)}, audio.Float64, ""},
		"96 kHz":        {audio.Sound{Rate: 96000, Channels: one(30000)}, audio.PCM24, ""},
		"3 MHz":         {audio.Sound{Rate: audio.MaxRate, Channels: one(64)}, audio.PCM16, "--rank=2"},
		"silence":       {audio.Sound{Rate: 44100, Channels: silent}, audio.Float32, ""},
		"seven":         {audio.Sound{Rate: 8000, Channels: append(append(append(silent, one(20000)...), silent...), silent...)}, audio.PCM16, ""},
		"tiny":          {audio.Sound{Rate: 8000, Channels: [][]float64{{1e-40, 1e-45, 0, -1e-60}}}, audio.Float64, ""},
		"loudest":       {audio.Sound{Rate: 8000, Channels: [][]float64{{1e30, -1e30, 1e29, 0, 1}}}, audio.Float64, ""},
		"is with zeros": {audio.Sound{Rate: 8000, Channels: [][]float64{append(make([]float64, 9000), one(100)[0]...)}}, audio.PCM16, "--loss=is"},
	} {
		path, out := filepath.Join(dir, name+".wav"), filepath.Join(dir, name)
		writeWAV(t, path, c.s, c.e)
		args := []string{"audio", path, "--max-iter", "5", "-o", out, "-q"}
		if c.args != "" {
			args = append(args, c.args)
		}
		code, _, stderr := call(args...)
		require.Zero(t, code, name+": "+stderr)
		whole, err := audio.ReadFile(filepath.Join(out, sound.MixtureFile))
		require.NoError(t, err, name)
		assert.Equal(t, c.s.Frames(), whole.Frames(), name)
	}
	path := filepath.Join(dir, "too loud.wav")
	writeWAV(t, path, audio.Sound{Rate: 8000, Channels: [][]float64{{0, 1e31}}}, audio.Float64)
	code, _, stderr := call("audio", path, "-o", filepath.Join(dir, "x"))
	assert.Equal(t, exit.Failed, code)
	assert.Contains(t, stderr, "sample 1 of channel 0 is 1e+31; scale the recording")
}

func TestHostileHeadersTakeNoMemory(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "fast.wav")
	writeWAV(t, path, audio.Sound{Rate: 8000, Channels: [][]float64{make([]float64, 100)}}, audio.PCM16)
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, file, 244)
	const rate = 24
	binary.LittleEndian.PutUint32(file[rate:], 400_000_000)
	require.NoError(t, os.WriteFile(path, file, 0o666))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, verb := range []string{"info", "audio"} {
		args := []string{verb, path}
		if verb == "audio" {
			args = append(args, "-o", filepath.Join(dir, "out"))
		}
		code, stdout, stderr := call(args...)
		assert.Equal(t, exit.Failed, code, verb)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "a rate of 400000000 Hz, which is outside [1, 3072000]", verb)
	}
	// What is allowed for a rate is bounded for windows by the length.
	binary.LittleEndian.PutUint32(file[rate:], 44100)
	require.NoError(t, os.WriteFile(path, file, 0o666))
	code, _, stderr := call("audio", path, "--window", "16777216", "-o", filepath.Join(dir, "out"))
	assert.Equal(t, exit.Usage, code)
	assert.Contains(t, stderr, "more than twice the 100 samples")
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20))
}

func TestCutRecordingsAreReadWithAWarning(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cut.wav")
	writeWAV(t, path, audio.Sound{Rate: 8000, Channels: [][]float64{loudParts()}}, audio.PCM16)
	require.NoError(t, os.Truncate(path, 4001))
	code, stdout, stderr := call("audio", path, "-r", "2", "--max-iter", "2", "-o", filepath.Join(dir, "out"), "--json")
	require.Zero(t, code, stderr)
	assert.Equal(t, "polyad: "+filepath.ToSlash(path)+": WAV is cut short: chunk \"data\" at byte 36 claims 8000 bytes and 3957 are there, which are read\n", stderr)
	var res struct{ Warnings []string }
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	assert.Len(t, res.Warnings, 1)
	code, stdout, stderr = call("info", path)
	require.Zero(t, code, stderr)
	assert.Regexp(t, "warning +WAV is cut short", stdout)
}

func TestForeignRecordingsAreRefusedWithTheCommandThatConvertsThem(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "song.m4a")
	require.NoError(t, os.WriteFile(path, []byte("\x00\x00\x00\x20ftypM4A "), 0o666))
	for verb, want := range map[string]int{"info": exit.Failed, "audio": exit.Usage} {
		code, _, stderr := call(verb, path)
		assert.Equal(t, want, code)
		assert.Equal(t, fmt.Sprintf("polyad: %s: MPEG-4 audio is not read; convert it: ffmpeg -i %s %s\n", path, path, strings.TrimSuffix(path, "m4a")+"wav"), stderr)
	}
	opus, err := os.ReadFile("../../testdata/audio/tone.ogg")
	require.NoError(t, err)
	opus = bytes.Replace(opus, []byte("\x01vorbis"), []byte("OpusHea"), 1)
	path = filepath.Join(dir, "song.opus")
	require.NoError(t, os.WriteFile(path, opus, 0o666))
	code, _, stderr := call("audio", path)
	assert.Equal(t, exit.Usage, code)
	assert.Contains(t, stderr, "Opus is not read; convert it: ffmpeg -i ")
}

// TestAudioEndsWithItsContext cancels before the recording is read, and when the
// first stem has been begun.
func TestAudioEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(exit.ErrInterrupted)
	out := filepath.Join(dir, "early")
	for _, args := range [][]string{{"audio", tabla, "-o", out}, {"audio", "-o", out}} {
		code, _, stderr := callWith(ctx, nil, args...)
		assert.Equal(t, exit.Interrupted, code, stderr)
		assert.NoDirExists(t, out)
	}

	ctx, cancel = context.WithCancelCause(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for begun := false; !begun && ctx.Err() == nil; time.Sleep(time.Millisecond) {
			_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error {
				begun = begun || filepath.Base(path) == "00.wav"
				return nil
			})
		}
		cancel(exit.ErrInterrupted)
	}()
	out = filepath.Join(dir, "late")
	code, stdout, stderr := callWith(ctx, nil, "audio", "--max-iter", "2", "--hop", "256", "-o", out)
	cancel(nil)
	<-done
	assert.Equal(t, exit.Interrupted, code, stderr)
	assert.Contains(t, stderr, "interrupted; the model was written to "+out+", without stems")
	assert.NotContains(t, stdout, "stems and")
	m, err := nmf.Load[float64](out)
	require.NoError(t, err)
	assert.Equal(t, audioRank, m.Rank())
	assert.NoDirExists(t, filepath.Join(out, "stems"))
	assert.NoFileExists(t, filepath.Join(out, sound.MixtureFile))
	page, err := os.ReadFile(filepath.Join(out, "report.html"))
	require.NoError(t, err)
	assert.NotContains(t, string(page), "<audio")
}
