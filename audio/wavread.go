package audio

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
)

// Format tags of the WAV "fmt " chunk.
const (
	tagPCM        = 0x0001
	tagFloat      = 0x0003
	tagALaw       = 0x0006
	tagMuLaw      = 0x0007
	tagExtensible = 0xFFFE
)

var otherTags = map[uint16]string{
	0x0002: "Microsoft ADPCM", 0x0011: "IMA ADPCM",
	0x0016: "G.723 ADPCM", 0x0031: "GSM 6.10", 0x0040: "G.721 ADPCM", 0x0050: "MPEG audio",
	0x0055: "MP3", 0x0092: "AC-3", 0x00FF: "AAC", 0x0161: "Windows Media Audio",
}

// subFormat is the part behind the tag that the GUIDs of
// WAVE_FORMAT_EXTENSIBLE share.
var subFormat = [14]byte{0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71}

// The parts behind the four letters that the GUIDs of W64 share: that of the
// file, and that of the form and the chunks.
var (
	w64File = [12]byte{0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00}
	w64Rest = [12]byte{0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0x00, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A}
)

// ReadWAV reads a RIFF/WAVE stream: PCM of 8 (unsigned), 16, 24 and 32 bits, IEEE
// float of 32 and 64 bits, A-law and mu-law, plain or as WAVE_FORMAT_EXTENSIBLE,
// up to [MaxChannels] channels, rates up to [MaxRate]. PCM is scaled by its full
// scale, so 16-bit samples are multiples of 2^-15 in [-1, 1). Float samples are
// returned as they are. RF64 and BW64, whose sizes have 64 bits, are read too.
//
// Chunks may come in any order and unknown ones are skipped. A data chunk whose
// size is a placeholder, as programs write them to a pipe, reaches to the end
// of the stream; one that ends early is read as far as it goes, with a warning.
// An incomplete last frame is dropped there. What follows the samples is not
// read. Memory grows with the bytes that are there, not with the sizes that
// headers claim.
func ReadWAV(r io.Reader) (Sound, error) { return readRIFF(context.Background(), r, WAV) }

// readRIFF reads WAV and W64, which differ in the headers of their chunks.
func readRIFF(ctx context.Context, r io.Reader, kind Kind) (Sound, error) {
	w := chunks{r: r, kind: kind, order: binary.LittleEndian}
	riffSize, err := w.openRIFF()
	if err != nil {
		return Sound{}, err
	}
	var format *layout
	var samples []byte
	var found bool
	for format == nil || !found {
		at := w.at
		id, size, err := w.next()
		if err == io.EOF {
			missing := "data"
			if format == nil {
				missing = "fmt "
			}
			return Sound{}, fmt.Errorf("%s ends at byte %d without a %q chunk: %w", kind, w.at, missing, ErrTruncated)
		}
		if err != nil {
			return Sound{}, err
		}
		switch {
		case id == "fmt " && format == nil:
			format, err = w.format(size, at)
		case id == "ds64" && w.long == nil:
			err = w.ds64(size, at)
		case id == "data" && !found:
			found = true
			samples, err = w.data(id, size, kind == WAV && placeholder(size, riffSize, w.at), at)
		default:
			err = w.rest(id, size, 0, at)
		}
		if err != nil {
			return Sound{}, err
		}
	}
	if err := w.divides(*format, samples); err != nil {
		return Sound{}, err
	}
	s, err := format.sound(ctx, samples)
	s.Warnings = w.warnings
	return s, err
}

// placeholder reports whether a data chunk's size stands for "to the end". Size
// 0 does unless the RIFF size says that more chunks follow; so do 0xFFFFFFFF and
// 2 GiB, and what is left of them when a program has rounded them down.
func placeholder(size int64, riffSize uint32, at int64) bool {
	switch {
	case size == 0:
		return riffSize == math.MaxUint32 || int64(riffSize)+8 <= at
	case size >= 0x7FFF0000 && size <= 0x80000000, size >= 0xFFFF0000 && size <= math.MaxUint32:
		return true
	}
	return false
}

// openRIFF reads the header of the file.
func (w *chunks) openRIFF() (riffSize uint32, err error) {
	const plain, long = 12, 40
	n := plain
	if w.kind == W64 {
		n = long
	}
	head, err := w.head(n)
	if err != nil {
		return 0, err
	}
	first := "RIFF"
	if w.kind == W64 {
		first = "riff" + string(w64File[:])
	}
	id := string(head[:min(len(first), len(head))])
	switch {
	case w.kind == WAV && id == "RIFX":
		return 0, fmt.Errorf("RIFX is a variant of WAV that is not read; convert it to plain WAV: %w", ErrUnsupported)
	case w.kind == WAV && (id == "RF64" || id == "BW64"):
		first = id
	case !strings.HasPrefix(first, id):
		return 0, w.unlike(0, head, first[:4])
	}
	if len(head) < n {
		return 0, w.shortHead(n)
	}
	if w.kind == W64 {
		if form := head[24:]; string(form[:4]) != "wave" || [12]byte(form[4:]) != w64Rest {
			return 0, w.unlike(24, form, "wave")
		}
		return 0, nil
	}
	if form := head[8:]; string(form) != "WAVE" {
		return 0, w.unlike(8, form, "WAVE")
	}
	return w.order.Uint32(head[4:]), nil
}

// ds64 reads the sizes of RF64: of the file, of the samples, the number of
// frames, and a table of more that is of no concern.
func (w *chunks) ds64(size, at int64) error {
	const sizes = 16
	var b [sizes]byte
	if size < sizes {
		return fmt.Errorf("chunk %q at byte %d has %d bytes, at least %d are needed: %w", "ds64", at, size, sizes, ErrFormat)
	}
	switch err := w.full(b[:], `chunk "ds64"`); {
	case err == io.EOF:
		return w.short("ds64", size, at, 0)
	case err != nil:
		return err
	}
	long := w.order.Uint64(b[8:])
	if long > math.MaxInt64 {
		return fmt.Errorf("chunk %q at byte %d claims samples of %d bytes: %w", "ds64", at, long, ErrFormat)
	}
	w.long = map[string]int64{"data": int64(long)}
	return w.rest("ds64", size, sizes, at)
}

// format reads the "fmt " chunk. The tag of WAVE_FORMAT_EXTENSIBLE is that of its
// GUID.
func (w *chunks) format(size, at int64) (*layout, error) {
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
	channels, bits := int(le.Uint16(b[2:])), int(le.Uint16(b[14:]))
	block := int(le.Uint16(b[12:]))
	if tag == tagExtensible {
		if size < extensible || [14]byte(b[26:40]) != subFormat {
			return nil, fmt.Errorf("chunk %q at byte %d is WAVE_FORMAT_EXTENSIBLE with an unknown subformat; convert it to PCM: %w", "fmt ", at, ErrUnsupported)
		}
		tag = le.Uint16(b[24:])
	}
	l := &layout{rate: int(min(rate, math.MaxInt32)), channels: channels}
	name, known := "", false
	switch tag {
	case tagPCM:
		name = "PCM"
		l.coding, known = pcm(bits, le, true)
	case tagFloat:
		name = "float"
		l.coding, known = floats(bits, le)
	case tagALaw:
		name = "A-law"
		l.coding, known = aLaw, bits == 8
	case tagMuLaw:
		name = "mu-law"
		l.coding, known = muLaw, bits == 8
	default:
		name, ok := otherTags[tag]
		if !ok {
			name = fmt.Sprintf("coding %#04x", tag)
		}
		return nil, fmt.Errorf("%s inside a %s is not read; convert it to PCM: %w", name, w.kind, ErrUnsupported)
	}
	if !known {
		return nil, fmt.Errorf("%d-bit %s inside a %s is not read; convert it to 16-bit PCM or 32-bit float: %w", bits, name, w.kind, ErrUnsupported)
	}
	if err := checkShape(w.kind, channels, l.rate); err != nil {
		return nil, fmt.Errorf("chunk %q at byte %d: %w", "fmt ", at, err)
	}
	if block != l.block() {
		return nil, fmt.Errorf("chunk %q at byte %d has %d bytes per frame where %d channels of %d bits take %d: %w",
			"fmt ", at, block, channels, bits, l.block(), ErrFormat)
	}
	return l, nil
}
