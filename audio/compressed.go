package audio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gopxl/beep/v2"
	"github.com/gopxl/beep/v2/flac"
	"github.com/gopxl/beep/v2/mp3"
	"github.com/gopxl/beep/v2/vorbis"
)

// decodeCompressed decodes FLAC, OGG and MP3. The decoders are not written for
// hostile input; a panic of theirs becomes an error.
func decodeCompressed(data []byte, kind Kind) (s Sound, err error) {
	defer func() {
		if v := recover(); v != nil {
			s, err = Sound{}, fmt.Errorf("%s cannot be decoded (%s): %w", kind, oneLine(fmt.Sprint(v)), ErrFormat)
		}
	}()
	if len(data) == 0 {
		return Sound{}, fmt.Errorf("no %s, it is empty: %w", kind, ErrTruncated)
	}
	mono := false
	switch kind {
	case FLAC:
		data = data[skipID3(data):] // the decoder's own way around tags fails
	case OGG:
		err = checkOgg(data)
	case MP3:
		var start int
		start, mono, err = checkMP3(data)
		data = data[start:]
	}
	if err != nil {
		return Sound{}, err
	}
	// Without Seek the decoders read straight through: no second pass for the
	// length, no memory for tags.
	source := io.NopCloser(struct{ io.Reader }{bytes.NewReader(data)})
	var stream beep.StreamSeekCloser
	var format beep.Format
	switch kind {
	case FLAC:
		stream, format, err = flac.Decode(source)
	case OGG:
		stream, format, err = vorbis.Decode(source)
	case MP3:
		stream, format, err = mp3.Decode(source)
	}
	if err != nil {
		return Sound{}, decoderError(kind, err)
	}
	if err := fewChannels(kind, format.NumChannels); err != nil {
		return Sound{}, err
	}
	if format.SampleRate < 1 {
		return Sound{}, fmt.Errorf("%s has a rate of %d Hz: %w", kind, int(format.SampleRate), ErrFormat)
	}
	channels, err := drain(stream, format.NumChannels)
	if err != nil {
		return Sound{}, decoderError(kind, err)
	}
	s = Sound{Rate: int(format.SampleRate), Channels: channels}
	switch {
	case kind == FLAC && stream.Len() > 0 && s.Frames() > stream.Len():
		return Sound{}, fmt.Errorf("FLAC has %d samples where its header says %d: %w", s.Frames(), stream.Len(), ErrFormat)
	case kind == FLAC && s.Frames() < stream.Len():
		return Sound{}, fmt.Errorf("FLAC ends after %d bytes with %d of %d samples: %w", len(data), s.Frames(), stream.Len(), ErrTruncated)
	case s.Frames() == 0:
		return Sound{}, fmt.Errorf("%s of %d bytes holds no sound: %w", kind, len(data), ErrFormat)
	case mono:
		s.Channels = channels[:1] // the decoder makes two channels of it
	}
	return s, nil
}

// checkOgg refuses what the decoder would silently play in part: damaged or
// missing pages, and more than two channels, of which its format says 2.
func checkOgg(data []byte) error {
	channels, err := vorbisChannels(data)
	if err != nil {
		return err
	}
	return fewChannels(OGG, channels)
}

func fewChannels(kind Kind, n int) error {
	if n != 1 && n != 2 {
		return fmt.Errorf("%s has %d channels, one or two are read; convert it to WAV: %w", kind, n, ErrUnsupported)
	}
	return nil
}

// drain collects all samples of a stream; its second channel repeats the first
// when there is one only.
func drain(stream beep.Streamer, channels int) ([][]float64, error) {
	out := make([][]float64, channels)
	block := make([][2]float64, 4096)
	for {
		n, ok := stream.Stream(block)
		for c := range out {
			for _, frame := range block[:n] {
				out[c] = append(out[c], frame[c])
			}
		}
		if !ok {
			return out, stream.Err()
		}
	}
}

func decoderError(kind Kind, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s ends before its sound does: %w", kind, ErrTruncated)
	}
	return fmt.Errorf("%s cannot be decoded (%s): %w", kind, oneLine(err.Error()), ErrFormat)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
