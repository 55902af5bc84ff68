package audio

import (
	"context"

	"github.com/jfreymuth/vorbis"
)

// vorbisOrder says for each number of channels which of those of Vorbis comes
// where in the order of WAV: front left, front right, centre, low frequencies,
// back, side.
var vorbisOrder = map[int][]int{
	3: {0, 2, 1}, 5: {0, 2, 1, 3, 4}, 6: {0, 2, 1, 5, 3, 4}, 7: {0, 2, 1, 6, 5, 3, 4}, 8: {0, 2, 1, 7, 5, 6, 3, 4},
}

func decodeOgg(ctx context.Context, data []byte) (Sound, error) {
	stream, channels, err := oggPages(data)
	if err != nil {
		return Sound{}, err
	}
	var d vorbis.Decoder
	for _, header := range stream.packets[:3] {
		if err := d.ReadHeader(header); err != nil {
			return Sound{}, decoderError(OGG, err)
		}
	}
	if err := checkShape(OGG, channels, d.SampleRate()); err != nil {
		return Sound{}, err
	}
	all := newCollector(ctx, channels)
	buffer := make([]float32, d.BufferSize())
	first, last := 0, -1 // samples that are kept
	next := 3
	for _, end := range stream.ends {
		for ; next < end.packets; next++ {
			block, err := d.DecodeInto(stream.packets[next], buffer)
			if err != nil {
				return Sound{}, decoderError(OGG, err)
			}
			from, err := all.extend(len(block) / channels)
			if err != nil {
				return Sound{}, err
			}
			for c := range all.channels {
				x := all.channels[c][from:]
				for k := range x {
					x[k] = float64(block[k*channels+c])
				}
			}
		}
		// The position of the first page with sound may lie before the samples that
		// are decoded up to here: those in front are not meant to be heard. The last
		// one's, behind which only empty packets follow, says where the sound ends.
		// Positions may begin anywhere.
		n := all.frames()
		if end.packets <= 3 || end.position < 0 {
			continue
		}
		switch final := end.packets == len(stream.packets); {
		case last < 0 && !final && end.position < int64(n):
			first, last = n-int(end.position), n
		case last < 0 && final:
			last = int(min(end.position, int64(n)))
		case last < 0:
			first, last = n-int(end.position), n // negative: where positions begin
		case final:
			last = min(max(int(min(end.position, 1<<62))+first, 0), n)
		}
	}
	s := Sound{Rate: d.SampleRate(), Encoding: Float32, Warnings: stream.warnings}
	if last < 0 {
		last = all.frames()
	}
	for c := range all.channels {
		from := c
		if order, ok := vorbisOrder[channels]; ok {
			from = order[c]
		}
		s.Channels = append(s.Channels, all.channels[from][min(max(first, 0), last):last])
	}
	return s, nil
}
