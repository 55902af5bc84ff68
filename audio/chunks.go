package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// chunks reads the chunks of a RIFF, W64 or AIFF file and counts the bytes.
type chunks struct {
	r        io.Reader
	kind     Kind
	order    binary.ByteOrder
	at       int64
	long     map[string]int64 // sizes that RF64 keeps apart, for sizes of 0xFFFFFFFF
	streamed bool
	warnings []string
}

// align is what the sizes of chunks are padded to.
func (w *chunks) align() int64 {
	if w.kind == W64 {
		return 8
	}
	return 2
}

// full reads exactly len(p) bytes. At a clean end it returns io.EOF, within p
// an error that wraps ErrTruncated.
func (w *chunks) full(p []byte, what string) error {
	n, err := io.ReadFull(w.r, p)
	w.at += int64(n)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s ends at byte %d within the %s: %w", w.kind, w.at, what, ErrTruncated)
	}
	return err
}

// head reads the first bytes of the file, of which it returns those there are.
func (w *chunks) head(n int) ([]byte, error) {
	b := make([]byte, n)
	n, err := io.ReadFull(w.r, b)
	w.at += int64(n)
	switch {
	case err == io.EOF:
		return nil, fmt.Errorf("no %s, it is empty: %w", w.kind, ErrTruncated)
	case err != nil && err != io.ErrUnexpectedEOF:
		return nil, err
	}
	return b[:n], nil
}

// short is the error of a header that is cut.
func (w *chunks) shortHead(n int) error {
	return fmt.Errorf("%s ends at byte %d within the header of %d bytes: %w", w.kind, w.at, n, ErrTruncated)
}

// unlike is the error of a file that is not what it should be.
func (w *chunks) unlike(at int, got []byte, want string) error {
	return fmt.Errorf("no %s: byte %d reads %q where %q belongs%s: %w", w.kind, at, got[:min(len(got), 4)], want, looksLike(got), ErrFormat)
}

// looksLike says which recording the first bytes of a file belong to, for a
// suffix that is wrong.
func looksLike(b []byte) string {
	what := ""
	for start, kind := range map[string]Kind{"RIFF": WAV, "RF64": WAV, "fLaC": FLAC, "OggS": OGG, "ID3": MP3, "\xFF\xFB": MP3, "FORM": AIFF, "riff": W64} {
		if bytes.HasPrefix(b, []byte(start)) {
			what = kind.String()
		}
	}
	if len(b) >= 8 && string(b[4:8]) == "ftyp" {
		what = "MPEG-4 (.m4a)"
	}
	if what == "" {
		return ""
	}
	return fmt.Sprintf("; it looks like %s, so rename it", what)
}

// next reads the header of a chunk; size does not count the header.
func (w *chunks) next() (id string, size int64, err error) {
	if w.kind == W64 {
		var head [24]byte
		if err := w.full(head[:], "header of a chunk"); err != nil {
			return "", 0, err
		}
		size := binary.LittleEndian.Uint64(head[16:])
		if size < 24 || size > math.MaxInt64 {
			return "", 0, fmt.Errorf("W64 has a chunk of %d bytes at byte %d: %w", size, w.at-24, ErrFormat)
		}
		id = string(head[:4])
		if [12]byte(head[4:16]) != w64Rest {
			id = "other"
		}
		return id, int64(size) - 24, nil
	}
	var head [8]byte
	if err := w.full(head[:], "header of a chunk"); err != nil {
		return "", 0, err
	}
	id, size = string(head[:4]), int64(w.order.Uint32(head[4:]))
	if long, ok := w.long[id]; ok && size == math.MaxUint32 {
		size = long
	}
	return id, size, nil
}

// rest passes over what remains of a chunk of which done bytes have been read,
// and over its padding, which may be missing at the end of the file.
func (w *chunks) rest(id string, size, done, at int64) error {
	n, err := io.CopyN(io.Discard, w.r, size-done)
	w.at += n
	if err == io.EOF {
		return w.short(id, size, at, done+n)
	}
	if err == nil {
		err = w.pad(size)
	}
	return err
}

func (w *chunks) pad(size int64) error {
	n, err := io.CopyN(io.Discard, w.r, (w.align()-size%w.align())%w.align())
	w.at += n
	if err == io.EOF {
		err = nil
	}
	return err
}

func (w *chunks) short(id string, size, at, have int64) error {
	return fmt.Errorf("chunk %q at byte %d claims %d bytes and %d are there: %w", id, at, size, have, ErrTruncated)
}

// data reads up to size bytes of samples, of a chunk whose header is at the
// given byte. The buffer doubles as bytes arrive. When there are fewer, what is
// there is returned with a warning.
func (w *chunks) data(id string, size int64, toTheEnd bool, at int64) ([]byte, error) {
	const most = math.MaxInt / 16 // 128 MiB where int has 32 bits; such a recording takes 1 GiB as 8-byte samples
	limit := size
	if toTheEnd {
		limit = math.MaxInt64
		w.streamed = true
	}
	var buf bytes.Buffer
	in := io.LimitReader(w.r, min(limit, most))
	for step := int64(1 << 20); ; step = int64(buf.Len()) {
		if err := weigh("a recording of this length", 2*step); err != nil {
			return nil, err
		}
		n, err := io.CopyN(&buf, in, step)
		w.at += n
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	n := int64(buf.Len())
	switch {
	case n == most:
		return nil, fmt.Errorf("chunk %q at byte %d has more than %d bytes, too many for this machine: %w", id, at, int64(most), ErrMemory)
	case !toTheEnd && n == 0 && limit > 0:
		return nil, w.short(id, size, at, n)
	case !toTheEnd && n < limit:
		w.streamed = true // so that an incomplete frame is dropped
		w.warnings = append(w.warnings, fmt.Sprintf("%s is cut short: chunk %q at byte %d claims %d bytes and %d are there, which are read", w.kind, id, at, size, n))
	}
	return buf.Bytes(), w.pad(n)
}

// sound decodes the samples of a file as its header says.
func (w *chunks) divides(l layout, raw []byte) error {
	if len(raw)%l.block() != 0 && !w.streamed {
		return fmt.Errorf("%d bytes of samples do not divide into frames of %d bytes: %w", len(raw), l.block(), ErrFormat)
	}
	if len(w.warnings) > 0 && len(raw) < l.block() {
		return fmt.Errorf("%s ends at byte %d within its first sample: %w", w.kind, w.at, ErrTruncated)
	}
	return nil
}
