package audio

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Encoding is the way samples are written to a WAV file.
type Encoding int

// The encodings of [WriteWAV].
const (
	PCM16 Encoding = iota // 16-bit integers
	PCM24                 // 24-bit integers
	Float32
)

// String returns the name of the encoding.
func (e Encoding) String() string {
	switch e {
	case PCM16:
		return "PCM16"
	case PCM24:
		return "PCM24"
	case Float32:
		return "Float32"
	}
	return fmt.Sprintf("Encoding(%d)", int(e))
}

func (e Encoding) width() int { return [...]int{PCM16: 2, PCM24: 3, Float32: 4}[e] }

// WriteWAV writes a recording as a WAV file. PCM samples are rounded to the
// nearest code, halves away from zero, and limited to the codes there are;
// clipped counts those outside [-1, 1]. Sound that was read from PCM of the same
// width comes out with the same codes. Float samples are never clipped.
//
// Up to two channels of PCM are written with the plain header that every
// program reads, more than two as WAVE_FORMAT_EXTENSIBLE without speaker
// positions; float comes with the "fact" chunk that goes with it. NaN, infinite
// samples and recordings above the format's 4 GiB are refused before anything
// is written.
func WriteWAV(w io.Writer, s Sound, e Encoding) (clipped int, err error) {
	head, err := wavHeader(s, e)
	if err == nil {
		err = s.check(e)
	}
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriterSize(w, 1<<16)
	out.Write(head) // errors stick to out and come with Flush
	var code [4]byte
	width := e.width()
	for i := 0; i < s.Frames(); i++ {
		for _, c := range s.Channels {
			v := c[i]
			if e == Float32 {
				binary.LittleEndian.PutUint32(code[:], math.Float32bits(float32(v)))
			} else {
				if v > 1 || v < -1 {
					clipped++
				}
				binary.LittleEndian.PutUint32(code[:], uint32(quantize(v, 8*width)))
			}
			if _, err := out.Write(code[:width]); err != nil {
				return clipped, err
			}
		}
	}
	if s.Frames()*len(s.Channels)*width%2 == 1 {
		out.WriteByte(0)
	}
	return clipped, out.Flush()
}

// quantize returns the code of v in the given number of bits.
func quantize(v float64, bits int) int32 {
	full := float64(int64(1) << (bits - 1))
	return int32(math.Max(-full, math.Min(full-1, math.Round(v*full))))
}

// wavHeader returns everything that precedes the samples.
func wavHeader(s Sound, e Encoding) ([]byte, error) {
	channels, frames := len(s.Channels), s.Frames()
	switch {
	case e < PCM16 || e > Float32:
		return nil, fmt.Errorf("no WAV encoding %s: %w", e, ErrOption)
	case channels == 0:
		return nil, fmt.Errorf("a recording without channels cannot be written as WAV: %w", ErrData)
	}
	block := channels * e.width()
	switch {
	case block > math.MaxUint16:
		return nil, fmt.Errorf("%d channels of %s are too many for WAV: %w", channels, e, ErrUnsupported)
	case s.Rate < 1 || int64(s.Rate)*int64(block) > math.MaxUint32:
		return nil, fmt.Errorf("rate %d Hz with %d channels of %s cannot be written as WAV: %w", s.Rate, channels, e, ErrUnsupported)
	}

	le := binary.LittleEndian
	tag, formatSize := uint16(tagPCM), uint32(16)
	if e == Float32 {
		tag, formatSize = tagFloat, 18
	}
	if channels > 2 {
		formatSize = 40
	}
	head := append(make([]byte, 0, 80), "RIFF\x00\x00\x00\x00WAVEfmt "...)
	head = le.AppendUint32(head, formatSize)
	if channels > 2 {
		head = le.AppendUint16(head, tagExtensible)
	} else {
		head = le.AppendUint16(head, tag)
	}
	head = le.AppendUint16(head, uint16(channels))
	head = le.AppendUint32(head, uint32(s.Rate))
	head = le.AppendUint32(head, uint32(s.Rate)*uint32(block))
	head = le.AppendUint16(head, uint16(block))
	head = le.AppendUint16(head, uint16(8*e.width()))
	switch formatSize {
	case 18:
		head = le.AppendUint16(head, 0) // nothing more in this chunk
	case 40:
		head = le.AppendUint16(head, 22) // bytes that follow in this chunk
		head = le.AppendUint16(head, uint16(8*e.width()))
		head = le.AppendUint32(head, 0) // no speaker positions
		head = le.AppendUint16(head, tag)
		head = append(head, subFormat[:]...)
	}
	if e == Float32 {
		head = append(head, "fact"...)
		head = le.AppendUint32(head, 4)
		head = le.AppendUint32(head, uint32(frames))
	}
	head = append(head, "data"...)
	size := int64(frames) * int64(block)
	riffSize := int64(len(head)) + 4 - 8 + size + size%2
	if riffSize > math.MaxUint32 {
		return nil, fmt.Errorf("%d bytes of samples exceed the 4 GiB of WAV: %w", size, ErrUnsupported)
	}
	le.PutUint32(head[4:], uint32(riffSize))
	return le.AppendUint32(head, uint32(size)), nil
}

// check refuses channels of different lengths and samples that e cannot hold.
func (s Sound) check(e Encoding) error {
	most := math.MaxFloat64
	if e == Float32 {
		most = math.MaxFloat32
	}
	for c, x := range s.Channels {
		if len(x) != s.Frames() {
			return fmt.Errorf("channel %d has %d samples and channel 0 has %d: %w", c, len(x), s.Frames(), ErrData)
		}
		for i, v := range x {
			if !(math.Abs(v) <= most) {
				return fmt.Errorf("sample %d of channel %d is %g: %w", i, c, v, ErrData)
			}
		}
	}
	return nil
}
