package audio

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// The page header of Ogg (RFC 3533): "OggS", version, flags, position, serial
// number, sequence number, checksum, number of segments, their sizes.
const (
	oggHeader  = 27
	flagBegin  = 2
	flagEnd    = 4
	oggFlags   = 5
	oggSerial  = 14
	oggCheck   = 22
	oggCount   = 26
	vorbisHead = "\x01vorbis"
)

var oggCodecs = []struct{ start, name string }{
	{"OpusHead", "Opus"}, {"Speex   ", "Speex"}, {"\x7fFLAC", "FLAC inside Ogg"}, {"\x80theora", "Theora video"}, {"fishead\x00", "Ogg Skeleton"},
}

// vorbisChannels walks over all pages of an Ogg file, checking each, and returns
// the number of channels of the one Vorbis stream that must be in it.
func vorbisChannels(data []byte) (channels int, err error) {
	var serial uint32
	var headers vorbisPackets
	ended := false
	for at := 0; at < len(data); {
		page, body, err := oggPage(data, at)
		if err != nil {
			if ended {
				break // tags and padding behind the last page
			}
			return 0, err
		}
		s := binary.LittleEndian.Uint32(page[oggSerial:])
		switch {
		case at == 0:
			serial = s
			if channels, err = vorbisHeader(page, body); err != nil {
				return 0, err
			}
		case ended || s != serial:
			return 0, fmt.Errorf("OGG holds another stream at byte %d; convert the one that is meant to WAV: %w", at, ErrUnsupported)
		}
		headers.add(page, body)
		ended = page[oggFlags]&flagEnd != 0
		at += len(page)
	}
	if !ended {
		return 0, fmt.Errorf("OGG ends at byte %d without its last page; convert it to WAV to use what is there: %w", len(data), ErrTruncated)
	}
	if len(headers.done) < 3 {
		return 0, fmt.Errorf("OGG ends at byte %d within the Vorbis headers: %w", len(data), ErrTruncated)
	}
	return channels, checkVorbis(headers.done[0], headers.done[1], headers.done[2])
}

// oggPage returns the page that begins at the given byte, and its body.
func oggPage(data []byte, at int) (page, body []byte, err error) {
	rest := data[at:]
	if !bytes.HasPrefix(rest, []byte("OggS\x00")) {
		if bytes.HasPrefix([]byte("OggS\x00"), rest) {
			return nil, nil, fmt.Errorf("OGG ends at byte %d within a page header: %w", len(data), ErrTruncated)
		}
		return nil, nil, fmt.Errorf("OGG has no page at byte %d: %w", at, ErrFormat)
	}
	if len(rest) < oggHeader || len(rest) < oggHeader+int(rest[oggCount]) {
		return nil, nil, fmt.Errorf("OGG ends at byte %d within a page header: %w", len(data), ErrTruncated)
	}
	if rest[oggCount] == 0 {
		return nil, nil, fmt.Errorf("OGG has an empty page at byte %d, which is not read; convert it to WAV: %w", at, ErrUnsupported)
	}
	start := oggHeader + int(rest[oggCount])
	end := start
	for _, n := range rest[oggHeader:start] {
		end += int(n)
	}
	if len(rest) < end {
		return nil, nil, fmt.Errorf("OGG ends at byte %d, its page at byte %d claims %d bytes: %w", len(data), at, end, ErrTruncated)
	}
	page = rest[:end]
	if oggChecksum(page) != binary.LittleEndian.Uint32(page[oggCheck:]) {
		return nil, nil, fmt.Errorf("OGG is damaged in the page at byte %d, whose checksum is wrong: %w", at, ErrFormat)
	}
	return page, page[start:], nil
}

// vorbisHeader returns the number of channels that the first page declares.
func vorbisHeader(page, body []byte) (channels int, err error) {
	for _, c := range oggCodecs {
		if bytes.HasPrefix(body, []byte(c.start)) {
			return 0, fmt.Errorf("OGG holds %s, only Vorbis is read; convert it to WAV: %w", c.name, ErrUnsupported)
		}
	}
	at := len(vorbisHead) + 4 // behind the version
	if page[oggFlags]&flagBegin == 0 || !bytes.HasPrefix(body, []byte(vorbisHead)) || len(body) <= at {
		return 0, fmt.Errorf("OGG does not begin with a Vorbis header; convert it to WAV: %w", ErrUnsupported)
	}
	return int(body[at]), nil
}

var oggTable = func() (t [256]uint32) {
	for i := range t {
		r := uint32(i) << 24
		for range 8 {
			r = r<<1 ^ 0x04C11DB7*(r>>31)
		}
		t[i] = r
	}
	return t
}()

// oggChecksum is the CRC of a page with zeros in place of its checksum, with
// polynomial 0x04C11DB7 and, unlike hash/crc32, the highest bit first.
func oggChecksum(page []byte) (crc uint32) {
	for i, b := range page {
		if i >= oggCheck && i < oggCheck+4 {
			b = 0
		}
		crc = crc<<8 ^ oggTable[byte(crc>>24)^b]
	}
	return crc
}
