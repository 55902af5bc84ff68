package audio

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The sentinels that the errors of this package wrap.
var (
	// ErrFormat: the bytes are not what the format asks for.
	ErrFormat = errors.New("malformed recording")
	// ErrTruncated: the recording ends before its own headers say so.
	ErrTruncated = errors.New("recording cut short")
	// ErrUnsupported: a format or a variant of one that is not read or written.
	ErrUnsupported = errors.New("unsupported recording")
	// ErrOption: an option is out of its range.
	ErrOption = errors.New("invalid option")
	// ErrData: samples or factors that cannot be worked with.
	ErrData = errors.New("invalid data")
)

// Sound is a recording in memory.
type Sound struct {
	// Rate is the number of samples per second and channel.
	Rate int
	// Channels holds the samples of each channel, nominally in [-1, 1]. All
	// channels are equally long.
	Channels [][]float64
}

// Frames returns the number of samples per channel.
func (s Sound) Frames() int {
	if len(s.Channels) == 0 {
		return 0
	}
	return len(s.Channels[0])
}

// Seconds returns the duration, 0 when the rate is not positive.
func (s Sound) Seconds() float64 {
	if s.Rate <= 0 {
		return 0
	}
	return float64(s.Frames()) / float64(s.Rate)
}

// Mono returns the mean of the channels, as new memory.
func (s Sound) Mono() []float64 {
	mono := make([]float64, s.Frames())
	weight := 1 / float64(max(len(s.Channels), 1))
	for _, c := range s.Channels {
		for i, v := range c {
			mono[i] += weight * v
		}
	}
	return mono
}

// Kind is a file format of recordings.
type Kind int

// The formats that are read. WAV is also written.
const (
	WAV Kind = iota + 1
	FLAC
	OGG // Vorbis in an Ogg container
	MP3 // layer III of MPEG-1 and MPEG-2
)

var kindNames = [...]string{WAV: "WAV", FLAC: "FLAC", OGG: "OGG", MP3: "MP3"}

// String returns the name of the format.
func (k Kind) String() string {
	if k < WAV || k > MP3 {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return kindNames[k]
}

// KindOf returns the format that the suffix of a path stands for: .wav, .flac,
// .ogg or .mp3 in either case.
func KindOf(path string) (kind Kind, ok bool) {
	suffix := filepath.Ext(path)
	for k := WAV; k <= MP3; k++ {
		if strings.EqualFold(suffix, "."+kindNames[k]) {
			return k, true
		}
	}
	return 0, false
}

// IsRecording reports whether the suffix of a path is that of a recording; see
// [KindOf].
func IsRecording(path string) bool {
	_, ok := KindOf(path)
	return ok
}

// ReadFile reads the recording in a file, whose suffix names its format. Errors
// begin with the path.
func ReadFile(path string) (Sound, error) {
	kind, ok := KindOf(path)
	if !ok {
		return Sound{}, fmt.Errorf("%s: suffix %q is not .wav, .flac, .ogg or .mp3: %w", path, filepath.Ext(path), ErrUnsupported)
	}
	f, err := os.Open(path)
	if err != nil {
		return Sound{}, err
	}
	defer f.Close()
	s, err := Decode(f, kind)
	var named *fs.PathError // says the path itself
	if err != nil && !errors.As(err, &named) {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return s, err
}

// Decode reads a recording of the given format. FLAC, OGG and MP3 are read to
// the end of r before they are decoded; WAV may be followed by something else.
//
// FLAC and OGG with more than two channels are refused, and so are kinds of MP3
// that the decoder gets wrong: MPEG 2.5, intensity stereo, some bitrates at
// 22.05 kHz. An MP3 comes with the silence of less than 0.1 s that its encoder
// put before and behind the music; it holds no length, so one that was cut short
// cannot be told from a shorter one.
func Decode(r io.Reader, kind Kind) (Sound, error) {
	switch kind {
	case WAV:
		return ReadWAV(bufio.NewReader(r))
	case FLAC, OGG, MP3:
		data, err := io.ReadAll(r)
		if err != nil {
			return Sound{}, fmt.Errorf("reading %s: %w", kind, err)
		}
		return decodeCompressed(data, kind)
	}
	return Sound{}, fmt.Errorf("no recording format %s: %w", kind, ErrOption)
}
