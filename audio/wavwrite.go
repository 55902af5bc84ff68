package audio

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"polyad/internal/named"
)

// Encoding is the way samples are stored in a WAV file.
type Encoding int

// The encodings that are read and written.
const (
	PCM16 Encoding = iota // 16-bit integers
	PCM24                 // 24-bit integers
	Float32
	PCM8  // 8-bit integers, with 128 for 0
	PCM32 // 32-bit integers
	Float64
)

var encodings = [...]struct {
	bits int
	tag  uint16
}{
	PCM16: {16, tagPCM}, PCM24: {24, tagPCM}, Float32: {32, tagFloat},
	PCM8: {8, tagPCM}, PCM32: {32, tagPCM}, Float64: {64, tagFloat},
}

var encodingNames = named.Enum[Encoding]{Type: "Encoding", Option: "encoding", Err: ErrOption,
	Words: []string{PCM16: "PCM16", PCM24: "PCM24", Float32: "Float32", PCM8: "PCM8", PCM32: "PCM32", Float64: "Float64"}}

func (e Encoding) known() bool { return encodingNames.Has(e) }

// String returns the name of the encoding.
func (e Encoding) String() string { return encodingNames.String(e) }

// MarshalText returns the word that String returns, and an error for a value that
// does not exist.
func (e Encoding) MarshalText() ([]byte, error) { return encodingNames.Text(e) }

// UnmarshalText reads a word; the error wraps [ErrOption] and lists them all.
func (e *Encoding) UnmarshalText(text []byte) error { return encodingNames.Set(e, text) }

// Words returns the encoding in words: "16-bit integers", "32-bit floats".
func (e Encoding) Words() string {
	if !e.known() {
		return e.String()
	}
	return fmt.Sprintf("%d-bit %s", encodings[e].bits, map[bool]string{true: "floats", false: "integers"}[e.float()])
}

func (e Encoding) float() bool { return encodings[e].tag == tagFloat }
func (e Encoding) width() int  { return encodings[e].bits / 8 }

// integers returns the narrowest encoding of integers that holds those of the
// given number of bits.
func integers(bits int) Encoding {
	switch {
	case bits <= 8:
		return PCM8
	case bits <= 16:
		return PCM16
	case bits <= 24:
		return PCM24
	}
	return PCM32
}

// WriteWAV writes a recording as a WAV file. Integers are rounded to the
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
	return WriteWAVContext(context.Background(), w, s, e)
}

// WriteWAVContext is [WriteWAV] until the context ends, whose cause is then
// returned.
func WriteWAVContext(ctx context.Context, w io.Writer, s Sound, e Encoding) (clipped int, err error) {
	head, err := wavHeader(s, e)
	if err == nil {
		err = s.check(e)
	}
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriterSize(w, 1<<16)
	out.Write(head) // errors stick to out and come with Flush
	var code [8]byte
	width := e.width()
	for i := 0; i < s.Frames(); i++ {
		if i%(1<<16) == 0 && ctx.Err() != nil {
			return clipped, context.Cause(ctx)
		}
		for _, c := range s.Channels {
			v := c[i]
			if !e.float() && (v > 1 || v < -1) {
				clipped++
			}
			e.put(code[:], v)
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

// put writes the code of v.
func (e Encoding) put(code []byte, v float64) {
	le := binary.LittleEndian
	switch e {
	case Float32:
		le.PutUint32(code, math.Float32bits(float32(v)))
	case Float64:
		le.PutUint64(code, math.Float64bits(v))
	case PCM8:
		code[0] = byte(quantize(v, 8) + 128)
	default:
		le.PutUint32(code, uint32(quantize(v, encodings[e].bits)))
	}
}

// fullScale is what the codes of integers are divided by, and 0 for floats.
func (e Encoding) fullScale() float64 {
	if e.float() {
		return 0
	}
	return float64(int64(1) << (encodings[e].bits - 1))
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
	case !e.known():
		return nil, fmt.Errorf("no WAV encoding %s: %w", e, ErrOption)
	case channels == 0:
		return nil, fmt.Errorf("a recording without channels cannot be written as WAV: %w", ErrData)
	}
	block := channels * e.width()
	switch {
	case channels > MaxChannels:
		return nil, fmt.Errorf("%d channels of %s are too many for WAV: %w", channels, e, ErrUnsupported)
	case s.Rate < 1 || s.Rate > MaxRate:
		return nil, fmt.Errorf("rate %d Hz is outside [1, %d]: %w", s.Rate, MaxRate, ErrUnsupported)
	}

	le := binary.LittleEndian
	tag, formatSize := encodings[e].tag, uint32(16)
	if e.float() {
		formatSize = 18
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
	if e.float() {
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
