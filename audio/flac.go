package audio

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/mewkiz/flac"

	"polyad/internal/mp3"
)

func decodeFLAC(ctx context.Context, data []byte) (Sound, error) {
	data = data[mp3.SkipTags(data):] // the decoder's own way around tags fails
	stream, err := flac.New(bytes.NewReader(data))
	if err != nil {
		return Sound{}, decoderError(FLAC, err)
	}
	info := stream.Info
	channels, bits, length := int(info.NChannels), int(info.BitsPerSample), int64(info.NSamples)
	if err := checkShape(FLAC, channels, int(info.SampleRate)); err != nil {
		return Sound{}, err
	}
	if bits > 24 {
		return Sound{}, fmt.Errorf("FLAC of %d bits is not read; convert it to WAV: %w", bits, ErrUnsupported)
	}
	all := newCollector(ctx, channels)
	scale := 1 / float64(int64(1)<<(bits-1))
	for {
		frame, err := stream.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			if frame.BitsPerSample == 0 { // as in the header
				frame.BitsPerSample = info.BitsPerSample
			}
			err = frame.Parse()
		}
		if err != nil {
			return Sound{}, decoderError(FLAC, err)
		}
		if len(frame.Subframes) != channels || int(frame.BitsPerSample) != bits {
			return Sound{}, fmt.Errorf("FLAC has a frame of %d channels of %d bits where its header says %d of %d: %w",
				len(frame.Subframes), frame.BitsPerSample, channels, bits, ErrFormat)
		}
		from, err := all.extend(int(frame.BlockSize))
		if err != nil {
			return Sound{}, err
		}
		for c, sub := range frame.Subframes {
			for i, v := range sub.Samples {
				all.channels[c][from+i] = scale * float64(v)
			}
		}
	}
	switch n := int64(all.frames()); {
	case length > 0 && n > length:
		return Sound{}, fmt.Errorf("FLAC has %d samples where its header says %d: %w", n, length, ErrFormat)
	case n < length:
		return Sound{}, fmt.Errorf("FLAC ends after %d bytes with %d of %d samples: %w", len(data), n, length, ErrTruncated)
	}
	return Sound{Rate: int(info.SampleRate), Channels: all.channels, Encoding: integers(bits)}, nil
}
