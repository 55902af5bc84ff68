package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/audio"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/sound"
	"polyad/nmf"
)

const tabla = "../../testdata/audio/loop_tabla.flac"

// audioJSON is what polyad audio --json prints, as far as tests look at it.
type audioJSON struct {
	File       string
	Seconds    float64
	Rate       int
	Status     string
	Iterations int
	Options    map[string]any
	Components []sound.Component
	Files      map[string]string
}

func TestAudioLeavesReportStemsAndModel(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	code, stdout, stderr := call("audio", tabla, "-r", "3", "--max-iter", "10", "--hop", "2048", "-o", out, "--json")
	require.Zero(t, code, stderr)
	require.Empty(t, stderr)
	var res audioJSON
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	assert.InDelta(t, 10.67, res.Seconds, .01)
	assert.Equal(t, 44100, res.Rate)
	assert.Equal(t, 10, res.Iterations)
	require.Len(t, res.Components, 3)
	var energy float64
	for q, c := range res.Components {
		assert.Equal(t, q, c.Index)
		assert.Positive(t, c.PeakHz)
		energy += c.Energy
		assert.FileExists(t, filepath.Join(out, c.Stem))
	}
	assert.InDelta(t, 1, energy, 1e-9)
	m, err := nmf.Load[float64](out)
	require.NoError(t, err)
	require.Len(t, m.Axes, 2)
	assert.Equal(t, "frequency [Hz]", m.Axes[0].Heading())
	assert.InDelta(t, 22050, m.Axes[0].Values[m.W.Rows-1], 1e-9)
	assert.Equal(t, "time [s]", m.Axes[1].Heading())
	assert.InDelta(t, 2048/44100., m.Axes[1].Values[1], 1e-6)
	for name, path := range res.Files {
		assert.FileExists(t, path, name)
	}
	assert.Equal(t, 3, m.Rank())
	page, err := os.ReadFile(filepath.Join(out, "report.html"))
	require.NoError(t, err)
	for _, s := range []string{`src="stems/00.wav"`, `src="stems/02.wav"`, "Component 0", "Component 2"} {
		assert.Contains(t, string(page), s)
	}
	assert.NotContains(t, string(page), "Component 3")
	assert.NotContains(t, string(page), "<script")

	// Both factors are penalized by default, equally.
	l1 := res.Options["l1"].(map[string]any)
	assert.Positive(t, l1["w"])
	assert.Equal(t, l1["w"], l1["h"])
}

func TestStemsSumToTheRecording(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	code, _, stderr := call("audio", tabla, "-r", "4", "--max-iter", "3", "-o", out, "-q")
	require.Zero(t, code, stderr)
	mixture, err := audio.ReadFile(tabla)
	require.NoError(t, err)
	stems, err := filepath.Glob(filepath.Join(out, "stems", "*.wav"))
	require.NoError(t, err)
	require.Len(t, stems, 4)
	for _, path := range stems {
		s, err := audio.ReadFile(path)
		require.NoError(t, err)
		require.Len(t, s.Channels, 2, "stems keep the channels of the recording")
		require.Equal(t, mixture.Frames(), s.Frames())
		for c, x := range s.Channels {
			for i, v := range x {
				mixture.Channels[c][i] -= v
			}
		}
		assert.Equal(t, mixture.Encoding, s.Encoding)
	}
	assert.Zero(t, peak(mixture), "they sum to it to the last bit")
}

func peak(s audio.Sound) (peak float64) {
	for _, x := range s.Channels {
		for _, v := range x {
			peak = math.Max(peak, math.Abs(v))
		}
	}
	return peak
}

func TestDefaultFolderIsReplacedOnlyWhenItIsOurs(t *testing.T) {
	path, err := filepath.Abs(tabla)
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	args := []string{"audio", path, "-r", "3", "--max-iter", "1", "-q"}
	code, _, stderr := call(args...)
	require.Zero(t, code, stderr)
	args[3] = "2"
	code, _, stderr = call(args...)
	require.Zero(t, code, stderr)
	stems, err := filepath.Glob(filepath.Join(audioOut, "stems", "*.wav"))
	require.NoError(t, err)
	assert.Len(t, stems, 2, "stems of the earlier run are gone")
	require.NoError(t, os.WriteFile(filepath.Join(audioOut, "notes.txt"), []byte("mine"), 0o666))
	code, _, stderr = call(args...)
	assert.Equal(t, exit.Usage, code)
	assert.Contains(t, stderr, "not empty")
	// A folder that is named is never replaced, ours or not, but by force, and
	// then no stem of another run stays.
	require.NoError(t, os.Remove(filepath.Join(audioOut, "notes.txt")))
	code, _, _ = call(append(args, "-o", audioOut)...)
	assert.Equal(t, exit.Usage, code)
	args[3] = "1"
	code, _, stderr = call(append(args, "-o", audioOut, "--force")...)
	require.Zero(t, code, stderr)
	stems, err = filepath.Glob(filepath.Join(audioOut, "stems", "*.wav"))
	require.NoError(t, err)
	assert.Len(t, stems, 1)
	// What a killed run has left behind is no obstacle, but what looks like it and
	// has no marker of ours is the user's.
	left := filepath.Join(audioOut, ".polyad-0123456789abcdef")
	require.NoError(t, os.MkdirAll(filepath.Join(left, "new"), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(left, "new", "W.npy"), []byte("half"), 0o666))
	code, _, _ = call(args...)
	assert.Equal(t, exit.Usage, code)
	assert.FileExists(t, filepath.Join(left, "new", "W.npy"))
	marker := `{"polyad":"polyad builds a model here; a folder that a killed run has left is removed by the next one","site":".polyad-0123456789abcdef","folder":".","state":"begun"}`
	require.NoError(t, os.WriteFile(filepath.Join(left, "marker.json"), []byte(marker), 0o666))
	code, _, stderr = call(args...)
	require.Zero(t, code, stderr)
	assert.NoDirExists(t, left)
	mine := filepath.Join(audioOut, ".polyad-mine")
	require.NoError(t, os.WriteFile(mine, []byte("mine"), 0o666))
	code, _, _ = call(args...)
	assert.Equal(t, exit.Usage, code)
	code, _, stderr = call(append(args, "--force")...)
	require.Zero(t, code, stderr)
	assert.FileExists(t, mine)
}

func TestBuiltInRecordingIsTheDefault(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	code, stdout, stderr := call("audio", "-r", "2", "--max-iter", "1", "--hop", "1024", "-o", out)
	require.Zero(t, code, stderr)
	lines := strings.Split(stdout, "\n")
	assert.Equal(t, "susanna.ogg: 112 s, 22050 Hz, mono, spectrogram 1025 x 2413", lines[0])
	assert.Regexp(t, `strongest frequencies +plays\n0 +\d+\.\d %.*\n1 +\d`, stdout)
	assert.Contains(t, stdout, "Hz (")
}

func TestAudioTakesEveryLoss(t *testing.T) {
	// A quarter of a second of silence and then a tone: zeros in the data.
	s := audio.Sound{Rate: 8000, Channels: [][]float64{make([]float64, 4000)}}
	for i := 2000; i < 4000; i++ {
		s.Channels[0][i] = .5 * math.Sin(2*math.Pi*440*float64(i)/8000)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "tone.wav")
	require.NoError(t, sound.WriteSound(t.Context(), path, s, audio.PCM16))
	for _, l := range []string{"frobenius", "kl", "is", "0.5", "3"} {
		code, stdout, stderr := call("audio", path, "-r", "2", "--loss", l, "--max-iter", "20", "-o", filepath.Join(dir, l), "--json")
		require.Zero(t, code, stderr)
		assert.Contains(t, stdout, `"A4"`, l)
	}
	silence := filepath.Join(dir, "silence.wav")
	require.NoError(t, sound.WriteSound(t.Context(), silence, audio.Sound{Rate: 8000, Channels: [][]float64{make([]float64, 4000)}}, audio.PCM16))
	code, stdout, stderr := call("audio", silence, "-r", "2", "-o", filepath.Join(dir, "silence"))
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "pruned")
}

func TestAudioRefusesWhatItCannotUse(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.wav")
	require.NoError(t, os.WriteFile(bad, []byte("RIFF"), 0o666))
	empty := filepath.Join(dir, "empty.wav")
	require.NoError(t, sound.WriteSound(t.Context(), empty, audio.Sound{Rate: 8000, Channels: [][]float64{{}}}, audio.PCM16))
	for name, c := range map[string]struct {
		code int
		args []string
		text string
	}{
		"not audio":  {2, []string{"audio", "main.go"}, "main.go"},
		"broken":     {1, []string{"audio", bad}, "bad.wav"},
		"missing":    {1, []string{"audio", "missing.flac"}, "missing.flac"},
		"window":     {2, []string{"audio", tabla, "--window", "1021"}, "1024"},
		"hop":        {2, []string{"audio", tabla, "--hop", "100000"}, "hop"},
		"exponent":   {2, []string{"audio", tabla, "--mask-exponent", "0"}, "--mask-exponent"},
		"report":     {2, []string{"audio", tabla, "--report", "x.html"}, "unknown flag"},
		"one-sided":  {2, []string{"audio", tabla, "--l1", "w=1"}, "penalize H too"},
		"two inputs": {2, []string{"audio", tabla, tabla}, "one FILE"},
		"no samples": {1, []string{"audio", empty}, "0 samples"},
	} {
		out := filepath.Join(dir, "out")
		code, stdout, stderr := call(append(c.args, "-o", out)...)
		assert.Equal(t, c.code, code, name+": "+stderr)
		assert.Contains(t, stderr, c.text, name)
		assert.Empty(t, stdout, name)
		_, err := os.Stat(out)
		assert.ErrorIs(t, err, os.ErrNotExist, name)
	}
}
