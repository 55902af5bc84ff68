package audio

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"polyad/internal/named"
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
	// channels are equally long. Those of FLAC and OGG come in the order of WAV,
	// front left and right first.
	Channels [][]float64
	// Encoding is how the samples were stored: the narrowest integers that hold
	// them all without loss, or floats. For OGG and MP3, which store no samples, it
	// is Float32.
	Encoding Encoding
	// Warnings say what is missing or was passed over, a sentence each. They are
	// no error: what Channels holds is right.
	Warnings []string
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
	WAV Kind = iota + 1 // RIFF/WAVE, and RF64 and BW64, which go beyond 4 GiB
	FLAC
	OGG  // Vorbis in an Ogg container
	MP3  // layer III of MPEG-1, MPEG-2 and MPEG-2.5
	AIFF // and AIFF-C
	W64  // Sony Wave64
)

var kinds = named.Enum[Kind]{Type: "Kind", Option: "format", Err: ErrOption,
	Words: []string{WAV: "WAV", FLAC: "FLAC", OGG: "OGG", MP3: "MP3", AIFF: "AIFF", W64: "W64"}}

// String returns the name of the format.
func (k Kind) String() string { return kinds.String(k) }

// MarshalText returns the word that String returns, and an error for a value that
// does not exist.
func (k Kind) MarshalText() ([]byte, error) { return kinds.Text(k) }

// UnmarshalText reads a word; the error wraps [ErrOption] and lists them all.
func (k *Kind) UnmarshalText(text []byte) error { return kinds.Set(k, text) }

// suffixes are those of the formats that are read.
var suffixes = map[string]Kind{
	".wav": WAV, ".rf64": WAV, ".bw64": WAV, ".w64": W64, ".flac": FLAC, ".ogg": OGG, ".oga": OGG, ".mp3": MP3,
	".aiff": AIFF, ".aif": AIFF, ".aifc": AIFF,
}

// foreign are suffixes of recordings that are not read, and what such files hold.
var foreign = map[string]string{
	".m4a": "MPEG-4 audio", ".mp4": "MPEG-4", ".m4b": "MPEG-4 audio", ".aac": "AAC", ".opus": "Opus", ".wma": "Windows Media Audio", ".webm": "WebM",
	".mka": "Matroska audio", ".ape": "Monkey's Audio", ".wv": "WavPack", ".tta": "True Audio", ".caf": "Core Audio", ".au": "Sun audio",
	".snd": "Sun audio", ".amr": "AMR", ".ac3": "AC-3", ".dts": "DTS", ".mp2": "MPEG audio layer II", ".spx": "Speex", ".3gp": "3GPP",
}

// KindOf returns the format that the suffix of a path stands for: .wav (.rf64,
// .bw64), .w64, .flac, .ogg (.oga), .mp3 or .aiff (.aif, .aifc) in either case.
func KindOf(path string) (kind Kind, ok bool) {
	kind, ok = suffixes[strings.ToLower(filepath.Ext(path))]
	return kind, ok
}

// IsRecording reports whether the suffix of a path is that of a recording that
// is read; see [KindOf].
func IsRecording(path string) bool {
	_, ok := KindOf(path)
	return ok
}

// Foreign returns what files with the suffix of a path hold when they are
// recordings that are not read, and "" for all others.
func Foreign(path string) string { return foreign[strings.ToLower(filepath.Ext(path))] }

// Conversion returns the command that turns a recording which is not read into
// one that is: ffmpeg to a WAV file beside it.
func Conversion(path string) string {
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	to := stem + ".wav"
	if to == path {
		to = stem + "-converted.wav"
	}
	return "ffmpeg -i " + quoted(path) + " " + quoted(to)
}

// quoted returns a path as a word of a shell.
func quoted(path string) string {
	if strings.HasPrefix(path, "-") {
		path = "./" + path
	}
	if strings.ContainsFunc(path, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:,@%=", r) || r > 127)
	}) {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// ReadFile reads the recording in a file, whose suffix names its format. Errors
// begin with the path; those that wrap [ErrUnsupported] end with the command that
// converts the file.
func ReadFile(path string) (Sound, error) {
	kind, err := KindOfFile(path)
	if err != nil {
		return Sound{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return Sound{}, err
	}
	defer f.Close()
	s, err := Decode(f, kind)
	return s, About(path, err)
}

// KindOfFile is [KindOf] with an error that says what a suffix stands for that is
// not read, and how to convert such a file.
func KindOfFile(path string) (Kind, error) {
	if kind, ok := KindOf(path); ok {
		return kind, nil
	}
	if what := Foreign(path); what != "" {
		return 0, About(path, fmt.Errorf("%s is not read; convert it: %w", what, ErrUnsupported))
	}
	return 0, fmt.Errorf("%s: suffix %q is not that of a recording (.wav, .w64, .flac, .ogg, .mp3, .aiff): %w", path, filepath.Ext(path), ErrUnsupported)
}

// About returns an error of [Decode] with the path of the file before it, and
// with the command of [Conversion] in place of the sentinel when the mend is to
// convert the file.
func About(path string, err error) error {
	var named *fs.PathError // says the path itself
	if err == nil || errors.As(err, &named) {
		return err
	}
	text := path + ": " + err.Error()
	if errors.Is(err, ErrUnsupported) && strings.Contains(text, "convert it") {
		text = strings.TrimSuffix(text, ErrUnsupported.Error()) + Conversion(path)
	}
	return fileError{text, err}
}

// fileError is an error with a text of its own.
type fileError struct {
	text string
	error
}

func (e fileError) Error() string { return e.text }
func (e fileError) Unwrap() error { return e.error }

// Decode is [DecodeContext] without a way to end it.
func Decode(r io.Reader, kind Kind) (Sound, error) {
	return DecodeContext(context.Background(), r, kind)
}

// DecodeContext reads a recording of the given format until the context ends.
// FLAC, OGG and MP3 are read to the end of r before they are decoded; the others
// may be followed by something else.
//
// WAV, W64, AIFF and MP3 that were cut short are read as far as they go, with a
// warning; FLAC and OGG that were are refused. The delays that the encoder of an
// MP3 notes in it are taken off.
//
// Rates above [MaxRate] and more than [MaxChannels] channels are refused, and
// so is what does not fit the memory that is free ([ErrMemory]), before it is
// allocated.
func DecodeContext(ctx context.Context, r io.Reader, kind Kind) (s Sound, err error) {
	if kind < WAV || kind > W64 {
		return Sound{}, fmt.Errorf("no recording format %s: %w", kind, ErrOption)
	}
	r = contextReader{ctx, r}
	switch kind {
	case WAV, W64:
		return readRIFF(ctx, bufio.NewReader(r), kind)
	case AIFF:
		return readAIFF(ctx, bufio.NewReader(r))
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return Sound{}, fmt.Errorf("reading %s: %w", kind, err)
	}
	if len(data) == 0 {
		return Sound{}, fmt.Errorf("no %s, it is empty: %w", kind, ErrTruncated)
	}
	// The decoders are not written for hostile input; a panic of theirs becomes an
	// error.
	defer func() {
		if v := recover(); v != nil {
			s, err = Sound{}, fmt.Errorf("%s cannot be decoded, it is damaged: %w", kind, ErrFormat)
		}
	}()
	switch kind {
	case FLAC:
		s, err = decodeFLAC(ctx, data)
	case OGG:
		s, err = decodeOgg(ctx, data)
	default:
		s, err = decodeMP3(ctx, data)
	}
	if hint := looksLike(data); errors.Is(err, ErrFormat) && hint != "" && !strings.Contains(hint, kind.String()) {
		return Sound{}, fmt.Errorf("no %s%s: %w", kind, hint, ErrFormat)
	}
	if err != nil {
		return Sound{}, err
	}
	if s.Frames() == 0 {
		return Sound{}, fmt.Errorf("%s of %d bytes holds no sound: %w", kind, len(data), ErrFormat)
	}
	return s, nil
}

// contextReader ends reading with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}

func decoderError(kind Kind, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s ends before its sound does: %w", kind, ErrTruncated)
	}
	return fmt.Errorf("%s cannot be decoded (%s): %w", kind, strings.Join(strings.Fields(err.Error()), " "), ErrFormat)
}
