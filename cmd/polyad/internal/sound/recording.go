// Package sound has the recordings that are taken apart, their components, and the page
// about them.
package sound

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"polyad/audio"
	"polyad/cmd/polyad/internal/exit"
	"polyad/ndio"
)

const (
	// loudest is the largest sample that is taken, so that stems of it are finite
	// in float32.
	loudest = 1e30

	// MixtureFile is the recording itself, for the page's player.
	MixtureFile = "recording.wav"
)

// Recording is the sound that is taken apart.
type Recording struct {
	File     string
	Sum      [sha256.Size]byte
	Sound    audio.Sound
	channels []*audio.STFT
	Mono     *audio.STFT
}

// Read reads and transforms the file that is named, or the built-in
// recording.
func Read(ctx context.Context, remarks io.Writer, args []string, cut audio.Options) (*Recording, error) {
	rec := &Recording{File: audio.BuiltinName}
	var err error
	if len(args) == 0 {
		rec.Sum = sha256.Sum256(audio.BuiltinFile())
		rec.Sound, err = audio.Builtin()
	} else {
		rec.File = filepath.ToSlash(args[0])
		rec.Sound, rec.Sum, err = readSound(ctx, args[0])
	}
	if err != nil {
		return nil, err
	}
	for _, w := range rec.Sound.Warnings {
		fmt.Fprintf(remarks, "polyad: %s: %s\n", rec.File, w)
	}
	if rec.Sound.Frames() == 0 {
		return nil, fmt.Errorf("%s: there is no sound in it, 0 samples", rec.File)
	}
	for c, x := range rec.Sound.Channels {
		for i, v := range x {
			if math.Abs(v) > loudest {
				return nil, fmt.Errorf("%s: sample %d of channel %d is %.3g; scale the recording, whose full scale is 1", rec.File, i, c, v)
			}
		}
	}
	if rec.channels, err = audio.TransformAllContext(ctx, rec.Sound, cut); err != nil {
		return nil, fmt.Errorf("%s: %w", rec.File, err)
	}
	rec.Mono = rec.channels[0]
	if len(rec.channels) > 1 {
		if rec.Mono, err = audio.TransformContext(ctx, rec.Sound.Mono(), rec.Sound.Rate, cut); err != nil {
			return nil, fmt.Errorf("%s: %w", rec.File, err)
		}
	}
	return rec, nil
}

// Named returns a path as pages and result files show it, which others may get: of
// an absolute one its last element.
func Named(file string) string {
	if filepath.IsAbs(file) {
		return filepath.Base(file)
	}
	return file
}

// readSound reads a recording and the hash of its whole file, in one pass.
func readSound(ctx context.Context, path string) (s audio.Sound, sum [sha256.Size]byte, err error) {
	kind, err := audio.KindOfFile(path)
	if err != nil {
		return s, sum, exit.AsUsage(err)
	}
	f, err := os.Open(path)
	if err != nil {
		return s, sum, err
	}
	defer f.Close()
	h := sha256.New()
	r := bufio.NewReaderSize(io.TeeReader(f, h), 1<<16)
	if s, err = audio.DecodeContext(ctx, r, kind); err != nil {
		return s, sum, audio.About(path, err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return s, sum, err
	}
	return s, [sha256.Size]byte(h.Sum(nil)), nil
}

// Axes returns where the bins and the frames of the spectrogram lie.
func (rec *Recording) Axes(bins, frames int) []ndio.Axis {
	f := ndio.Axis{Title: "frequency", Unit: "Hz", Values: make([]float64, bins)}
	for k := range f.Values {
		f.Values[k] = rec.Mono.Frequency(k)
	}
	t := ndio.Axis{Title: "time", Unit: "s", Values: make([]float64, frames)}
	for k := range t.Values {
		t.Values[k] = rec.Mono.Time(k)
	}
	return []ndio.Axis{f, t}
}
