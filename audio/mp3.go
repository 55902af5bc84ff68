package audio

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"polyad/internal/mp3"
)

func decodeMP3(ctx context.Context, data []byte) (Sound, error) {
	rec, err := mp3.Decode(ctx, data, func(bytes int64) error { return weigh("an MP3 of this length", bytes) })
	for _, c := range []struct{ is, as error }{{mp3.ErrFormat, ErrFormat}, {mp3.ErrUnsupported, ErrUnsupported}} {
		if errors.Is(err, c.is) {
			return Sound{}, fmt.Errorf("MP3: %s: %w", strings.TrimSuffix(err.Error(), ": "+c.is.Error()), c.as)
		}
	}
	if err != nil {
		return Sound{}, err
	}
	s := Sound{Rate: rec.Rate, Channels: rec.Channels, Encoding: Float32}
	for _, w := range rec.Warnings {
		s.Warnings = append(s.Warnings, "MP3: "+w)
	}
	return s, nil
}
