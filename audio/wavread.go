package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// Format tags of the WAV "fmt " chunk.
const (
	tagPCM        = 0x0001
	tagFloat      = 0x0003
	tagExtensible = 0xFFFE
)

var otherTags = map[uint16]string{
	0x0002: "Microsoft ADPCM", 0x0006: "A-law", 0x0007: "mu-law", 0x0011: "IMA ADPCM",
	0x0016: "G.723 ADPCM", 0x0031: "GSM 6.10", 0x0040: "G.721 ADPCM", 0x0050: "MPEG audio",
	0x0055: "MP3", 0x0092: "AC-3", 0x00FF: "AAC", 0x0161: "Windows Media Audio",
}

// subFormat is the part behind the tag that the GUIDs of
// WAVE_FORMAT_EXTENSIBLE share.
var subFormat = [14]byte{0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71}

// ReadWAV reads a RIFF/WAVE stream: PCM of 8 (unsigned), 16, 24 and 32 bits and
// IEEE float of 32 and 64 bits, plain or as WAVE_FORMAT_EXTENSIBLE, any number
// of channels, any rate. PCM is scaled by its full scale, so 16-bit samples are
// multiples of 2^-15 in [-1, 1). Float samples are returned as they are.
//
// Chunks may come in any order and unknown ones are skipped. A data chunk whose
// size is a placeholder, as programs write them to a pipe, reaches to the end
// of the stream; an incomplete last frame is dropped there, and anywhere else
// missing bytes are an error. What follows the samples is not read. Memory grows
// with the bytes that are there, not with the sizes that headers claim.
func ReadWAV(r io.Reader) (Sound, error) {
	w := riff{r: r}
	riffSize, err := w.open()
	if err != nil {
		return Sound{}, err
	}
	var format *wavFormat
	var samples []byte
	var found bool
	for format == nil || !found {
		at := w.at
		id, size, err := w.chunk()
		if err == io.EOF {
			missing := "data"
			if format == nil {
				missing = "fmt "
			}
			return Sound{}, fmt.Errorf("WAV ends at byte %d without a %q chunk: %w", w.at, missing, ErrTruncated)
		}
		if err != nil {
			return Sound{}, err
		}
		switch {
		case id == "fmt " && format == nil:
			format, err = w.format(size, at)
		case id == "data" && !found:
			found = true
			samples, err = w.data(size, placeholder(size, riffSize, w.at), at)
		default:
			err = w.skip(id, size, at)
		}
		if err != nil {
			return Sound{}, err
		}
	}
	return format.decode(samples, w.streamed)
}

// placeholder reports whether a data chunk's size stands for "to the end". Size
// 0 does unless the RIFF size says that more chunks follow; so do 0xFFFFFFFF and
// 2 GiB, and what is left of them when a program has rounded them down.
func placeholder(size, riffSize uint32, at int64) bool {
	switch {
	case size == 0:
		return riffSize == math.MaxUint32 || int64(riffSize)+8 <= at
	case size >= 0x7FFF0000 && size <= 0x80000000, size >= 0xFFFF0000:
		return true
	}
	return false
}

// riff reads chunks and counts the bytes.
type riff struct {
	r        io.Reader
	at       int64
	streamed bool
}

// full reads exactly len(p) bytes. At a clean end it returns io.EOF, within p
// an error that wraps ErrTruncated.
func (w *riff) full(p []byte, what string) error {
	n, err := io.ReadFull(w.r, p)
	w.at += int64(n)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("WAV ends at byte %d within the %s: %w", w.at, what, ErrTruncated)
	}
	return err
}

func (w *riff) open() (riffSize uint32, err error) {
	var head [12]byte
	n, err := io.ReadFull(w.r, head[:])
	w.at += int64(n)
	switch {
	case err == io.EOF:
		return 0, fmt.Errorf("no WAV, it is empty: %w", ErrTruncated)
	case err != nil && err != io.ErrUnexpectedEOF:
		return 0, err
	}
	switch id := string(head[:min(n, 4)]); {
	case id == "RIFX" || id == "RF64" || id == "BW64":
		return 0, fmt.Errorf("%s is a variant of WAV that is not read; convert it to plain WAV or FLAC: %w", id, ErrUnsupported)
	case !strings.HasPrefix("RIFF", id):
		return 0, fmt.Errorf("no WAV: byte 0 reads %q where %q belongs: %w", id, "RIFF", ErrFormat)
	}
	if err != nil {
		return 0, fmt.Errorf("WAV ends at byte %d within the header of 12 bytes: %w", w.at, ErrTruncated)
	}
	if kind := string(head[8:]); kind != "WAVE" {
		return 0, fmt.Errorf("no WAV: byte 8 reads %q where %q belongs: %w", kind, "WAVE", ErrFormat)
	}
	return binary.LittleEndian.Uint32(head[4:]), nil
}

func (w *riff) chunk() (id string, size uint32, err error) {
	var head [8]byte
	if err := w.full(head[:], "header of a chunk"); err != nil {
		return "", 0, err
	}
	return string(head[:4]), binary.LittleEndian.Uint32(head[4:]), nil
}

// skip passes over a chunk and its padding, which may be missing at the end of
// the file.
func (w *riff) skip(id string, size uint32, at int64) error { return w.rest(id, size, 0, at) }

// rest passes over what remains of a chunk of which done bytes have been read.
func (w *riff) rest(id string, size, done uint32, at int64) error {
	n, err := io.CopyN(io.Discard, w.r, int64(size-done))
	w.at += n
	if err == io.EOF {
		return w.short(id, size, at, int64(done)+n)
	}
	if err == nil {
		err = w.pad(size)
	}
	return err
}

func (w *riff) pad(size uint32) error {
	n, err := io.CopyN(io.Discard, w.r, int64(size&1))
	w.at += n
	if err == io.EOF {
		err = nil
	}
	return err
}

func (w *riff) short(id string, size uint32, at, have int64) error {
	return fmt.Errorf("chunk %q at byte %d claims %d bytes and %d are there: %w", id, at, size, have, ErrTruncated)
}

// data reads the samples. The buffer doubles as bytes arrive.
func (w *riff) data(size uint32, toTheEnd bool, at int64) ([]byte, error) {
	const most = math.MaxInt / 16 // 128 MiB where int has 32 bits; such a recording takes 1 GiB as 8-byte samples
	limit := int64(size)
	if toTheEnd {
		limit = math.MaxInt64
		w.streamed = true
	}
	var buf bytes.Buffer
	n, err := io.Copy(&buf, io.LimitReader(w.r, min(limit, most)))
	w.at += n
	switch {
	case err != nil:
		return nil, err
	case n == most:
		return nil, fmt.Errorf("chunk %q at byte %d has more than %d bytes, too many for this machine: %w", "data", at, int64(most), ErrUnsupported)
	case !toTheEnd && n < limit:
		return nil, w.short("data", size, at, n)
	}
	return buf.Bytes(), w.pad(uint32(n))
}

// wavFormat is what the "fmt " chunk says, the tag being that of the GUID for
// WAVE_FORMAT_EXTENSIBLE.
type wavFormat struct {
	tag, channels, bits int
	rate                int
}

func (w *riff) format(size uint32, at int64) (*wavFormat, error) {
	const plain, extensible = 16, 40
	if size < plain {
		return nil, fmt.Errorf("chunk %q at byte %d has %d bytes, at least %d are needed: %w", "fmt ", at, size, plain, ErrFormat)
	}
	var b [extensible]byte
	n := min(size, extensible)
	switch err := w.full(b[:n], `chunk "fmt "`); {
	case err == io.EOF:
		return nil, w.short("fmt ", size, at, 0)
	case err != nil:
		return nil, err
	}
	if err := w.rest("fmt ", size, n, at); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	tag, rate := le.Uint16(b[0:]), le.Uint32(b[4:])
	f := &wavFormat{channels: int(le.Uint16(b[2:])), bits: int(le.Uint16(b[14:])), rate: int(rate)}
	block := int(le.Uint16(b[12:]))
	if tag == tagExtensible {
		if size < extensible || [14]byte(b[26:40]) != subFormat {
			return nil, fmt.Errorf("chunk %q at byte %d is WAVE_FORMAT_EXTENSIBLE with an unknown subformat; convert it to PCM: %w", "fmt ", at, ErrUnsupported)
		}
		tag = le.Uint16(b[24:])
	}
	f.tag = int(tag)
	known := tag == tagPCM && (f.bits == 8 || f.bits == 16 || f.bits == 24 || f.bits == 32) ||
		tag == tagFloat && (f.bits == 32 || f.bits == 64)
	switch {
	case tag != tagPCM && tag != tagFloat:
		name, ok := otherTags[tag]
		if !ok {
			name = fmt.Sprintf("coding %#04x", tag)
		}
		return nil, fmt.Errorf("%s inside a WAV is not read; convert it to PCM: %w", name, ErrUnsupported)
	case !known:
		name := map[uint16]string{tagPCM: "PCM", tagFloat: "float"}[tag]
		return nil, fmt.Errorf("%d-bit %s inside a WAV is not read; convert it to 16-bit PCM or 32-bit float: %w",
			f.bits, name, ErrUnsupported)
	case f.channels == 0 || rate == 0 || rate > math.MaxInt32:
		return nil, fmt.Errorf("chunk %q at byte %d has %d channels at %d Hz: %w", "fmt ", at, f.channels, rate, ErrFormat)
	case block != f.channels*f.bits/8:
		return nil, fmt.Errorf("chunk %q at byte %d has %d bytes per frame where %d channels of %d bits take %d: %w",
			"fmt ", at, block, f.channels, f.bits, f.channels*f.bits/8, ErrFormat)
	}
	return f, nil
}

func (f *wavFormat) decode(raw []byte, streamed bool) (Sound, error) {
	width := f.bits / 8
	block := width * f.channels
	if left := len(raw) % block; left != 0 && !streamed {
		return Sound{}, fmt.Errorf("%d bytes of samples do not divide into frames of %d bytes: %w", len(raw), block, ErrFormat)
	}
	frames := len(raw) / block
	s := Sound{Rate: f.rate, Channels: make([][]float64, f.channels)}
	sample := f.decoder()
	for c := range s.Channels {
		x := make([]float64, frames)
		for i, o := 0, c*width; i < frames; i, o = i+1, o+block {
			x[i] = sample(raw[o:])
		}
		s.Channels[c] = x
	}
	return s, nil
}

// decoder returns the function that decodes the sample at the start of a
// slice.
func (f *wavFormat) decoder() func([]byte) float64 {
	le := binary.LittleEndian
	switch {
	case f.tag == tagFloat && f.bits == 32:
		return func(b []byte) float64 { return float64(math.Float32frombits(le.Uint32(b))) }
	case f.tag == tagFloat:
		return func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) }
	case f.bits == 8:
		return func(b []byte) float64 { return (float64(b[0]) - 128) / 128 }
	case f.bits == 16:
		return func(b []byte) float64 { return float64(int16(le.Uint16(b))) / (1 << 15) }
	case f.bits == 24:
		return func(b []byte) float64 {
			return float64(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / (1 << 31)
		}
	default:
		return func(b []byte) float64 { return float64(int32(le.Uint32(b))) / (1 << 31) }
	}
}
