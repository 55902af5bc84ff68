package audio

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// aiffCodings are the compression types of AIFF-C that are read. Integers have
// the number of bits that the header says, floats that of their name.
var aiffCodings = map[string]func(bits int) (coding, bool){
	"NONE": bigEndian, "twos": bigEndian, "in16": bigEndian, "in24": bigEndian, "in32": bigEndian,
	"sowt": func(bits int) (coding, bool) { return pcm((bits+7)/8*8, binary.LittleEndian, false) },
	"raw ": func(bits int) (coding, bool) { return pcm(bits, binary.BigEndian, true) },
	"fl32": func(int) (coding, bool) { return floats(32, binary.BigEndian) },
	"FL32": func(int) (coding, bool) { return floats(32, binary.BigEndian) },
	"fl64": func(int) (coding, bool) { return floats(64, binary.BigEndian) },
	"FL64": func(int) (coding, bool) { return floats(64, binary.BigEndian) },
	"alaw": func(int) (coding, bool) { return aLaw, true },
	"ALAW": func(int) (coding, bool) { return aLaw, true },
	"ulaw": func(int) (coding, bool) { return muLaw, true },
	"ULAW": func(int) (coding, bool) { return muLaw, true },
}

// bigEndian returns the coding of integers that fill whole bytes from the top.
func bigEndian(bits int) (coding, bool) { return pcm((bits+7)/8*8, binary.BigEndian, false) }

// readAIFF reads AIFF and AIFF-C: chunks as in WAV but in big endian, "COMM"
// with the format and "SSND" with the samples.
func readAIFF(ctx context.Context, r io.Reader) (Sound, error) {
	w := chunks{r: r, kind: AIFF, order: binary.BigEndian}
	const header = 12
	head, err := w.head(header)
	if err != nil {
		return Sound{}, err
	}
	if id := string(head[:min(4, len(head))]); id != "FORM"[:len(id)] {
		return Sound{}, w.unlike(0, head, "FORM")
	}
	if len(head) < header {
		return Sound{}, w.shortHead(header)
	}
	form := string(head[8:])
	if form != "AIFF" && form != "AIFC" {
		return Sound{}, w.unlike(8, head[8:], "AIFF")
	}
	var format *layout
	var frames int64
	var samples []byte
	var found bool
	for format == nil || !found {
		at := w.at
		id, size, err := w.next()
		if err == io.EOF {
			missing := "SSND"
			if format == nil {
				missing = "COMM"
			} else if frames == 0 {
				break // files without samples need not have it
			}
			return Sound{}, fmt.Errorf("AIFF ends at byte %d without a %q chunk: %w", w.at, missing, ErrTruncated)
		}
		if err != nil {
			return Sound{}, err
		}
		switch {
		case id == "COMM" && format == nil:
			format, frames, err = w.common(size, at, form == "AIFC")
		case id == "SSND" && !found:
			found = true
			samples, err = w.soundData(size, at)
		default:
			err = w.rest(id, size, 0, at)
		}
		if err != nil {
			return Sound{}, err
		}
	}
	want := frames * int64(format.block())
	switch have := int64(len(samples)); {
	case have > want:
		samples = samples[:want]
	case have < want && len(w.warnings) == 0:
		w.streamed = true
		w.warnings = append(w.warnings, fmt.Sprintf("AIFF is cut short: %d of its %d samples are there, which are read", have/int64(format.block()), frames))
	}
	if err := w.divides(*format, samples); err != nil {
		return Sound{}, err
	}
	s, err := format.sound(ctx, samples)
	s.Warnings = w.warnings
	return s, err
}

// common reads the "COMM" chunk.
func (w *chunks) common(size, at int64, compressed bool) (l *layout, frames int64, err error) {
	const plain, typed = 18, 22
	need := int64(plain)
	if compressed {
		need = typed
	}
	if size < need {
		return nil, 0, fmt.Errorf("chunk %q at byte %d has %d bytes, at least %d are needed: %w", "COMM", at, size, need, ErrFormat)
	}
	var b [typed]byte
	switch err := w.full(b[:need], `chunk "COMM"`); {
	case err == io.EOF:
		return nil, 0, w.short("COMM", size, at, 0)
	case err != nil:
		return nil, 0, err
	}
	if err := w.rest("COMM", size, need, at); err != nil {
		return nil, 0, err
	}
	channels, bits := int(int16(w.order.Uint16(b[0:]))), int(int16(w.order.Uint16(b[6:])))
	frames = int64(w.order.Uint32(b[2:]))
	kind := "NONE"
	if compressed {
		kind = string(b[plain:])
	}
	read, ok := aiffCodings[kind]
	if !ok {
		return nil, 0, fmt.Errorf("compression %q inside an AIFF is not read; convert it to WAV: %w", kind, ErrUnsupported)
	}
	l = &layout{channels: channels, rate: extended([10]byte(b[8:plain]))}
	if l.coding, ok = read(bits); !ok {
		return nil, 0, fmt.Errorf("%d-bit samples inside an AIFF are not read; convert it to WAV: %w", bits, ErrUnsupported)
	}
	if err := checkShape(AIFF, channels, l.rate); err != nil {
		return nil, 0, fmt.Errorf("chunk %q at byte %d: %w", "COMM", at, err)
	}
	return l, frames, nil
}

// extended returns the nearest whole number to a positive number of 80 bits: a
// sign, an exponent of 15 bits and a mantissa of 64. It is -1 for what is no rate.
func extended(b [10]byte) int {
	exponent := int(binary.BigEndian.Uint16(b[:])) - 16383
	v := math.Ldexp(float64(binary.BigEndian.Uint64(b[2:])), exponent-63)
	if !(v < math.MaxInt32) {
		return -1
	}
	return int(math.Round(v))
}

// soundData reads the "SSND" chunk: an offset to the first sample and the size of
// blocks, which is of no concern, before the samples.
func (w *chunks) soundData(size, at int64) ([]byte, error) {
	const fixed = 8
	var b [fixed]byte
	if size < fixed {
		return nil, fmt.Errorf("chunk %q at byte %d has %d bytes, at least %d are needed: %w", "SSND", at, size, fixed, ErrFormat)
	}
	switch err := w.full(b[:], `chunk "SSND"`); {
	case err == io.EOF:
		return nil, w.short("SSND", size, at, 0)
	case err != nil:
		return nil, err
	}
	offset := int64(w.order.Uint32(b[:]))
	if offset > size-fixed {
		return nil, fmt.Errorf("chunk %q at byte %d begins %d bytes behind its %d: %w", "SSND", at, offset, size, ErrFormat)
	}
	n, err := io.CopyN(io.Discard, w.r, offset)
	w.at += n
	if err == io.EOF {
		return nil, w.short("SSND", size, at, fixed+n)
	}
	if err != nil {
		return nil, err
	}
	return w.data("SSND", size-fixed-offset, false, at)
}
