package audio

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// The page header of Ogg (RFC 3533): "OggS", version, flags, position, serial
// number, sequence number, checksum, number of segments, their sizes.
const (
	oggHeader     = 27
	flagContinued = 1
	flagBegin     = 2
	flagEnd       = 4
	oggFlags      = 5
	oggPosition   = 6
	oggSerial     = 14
	oggSequence   = 18
	oggCheck      = 22
	oggCount      = 26
	vorbisHead    = "\x01vorbis"
)

var oggCodecs = []struct{ start, name string }{
	{"OpusHead", "Opus"}, {"Speex   ", "Speex"}, {"\x7fFLAC", "FLAC inside Ogg"}, {"\x80theora", "Theora video"}, {"fishead\x00", "Ogg Skeleton"},
}

// oggStream is what the pages of an Ogg file hold.
type oggStream struct {
	packets [][]byte
	// ends says of the pages on which packets end how many packets there are up to
	// here, and the position of the page: the number of samples up to here.
	ends     []pageEnd
	warnings []string
}

type pageEnd struct {
	packets  int
	position int64
}

// oggPages walks over all pages of an Ogg file, checking each, and collects the
// packets of the one Vorbis stream that must be in it. Empty packets, which hold
// nothing to decode, are left out.
func oggPages(data []byte) (stream *oggStream, channels int, err error) {
	stream = &oggStream{}
	var serial, sequence uint32
	var open []byte // the packet that goes on, on the next page
	goesOn := false
	ended := false
	for at := 0; at < len(data); {
		page, body, err := oggPage(data, at)
		if err != nil {
			if ended {
				break // tags and padding behind the last page
			}
			return nil, 0, err
		}
		s, n := binary.LittleEndian.Uint32(page[oggSerial:]), binary.LittleEndian.Uint32(page[oggSequence:])
		switch {
		case at == 0:
			serial = s
			if channels, err = vorbisHeader(page, body); err != nil {
				return nil, 0, err
			}
		case ended || s != serial:
			return nil, 0, fmt.Errorf("OGG holds another stream at byte %d; convert the one that is meant to WAV: %w", at, ErrUnsupported)
		case n != sequence+1:
			stream.warnings = append(stream.warnings, fmt.Sprintf("OGG: pages %d to %d are missing before byte %d", sequence+1, n-1, at))
			goesOn = false
		}
		sequence = n
		skip := page[oggFlags]&flagContinued != 0 && !goesOn // the end of a packet whose beginning is lost
		if skip || page[oggFlags]&flagContinued == 0 {
			open = nil
		}
		complete := len(stream.packets)
		for _, size := range page[oggHeader : len(page)-len(body)] {
			open = append(open, body[:size]...)
			body = body[size:]
			if goesOn = size == 255; goesOn {
				continue
			}
			if len(open) > 0 && !skip {
				stream.packets = append(stream.packets, open)
			}
			open, skip = nil, false
		}
		position := int64(binary.LittleEndian.Uint64(page[oggPosition:]))
		ended = page[oggFlags]&flagEnd != 0
		if len(stream.packets) > complete || ended {
			stream.ends = append(stream.ends, pageEnd{len(stream.packets), position})
		}
		at += len(page)
	}
	if !ended {
		return nil, 0, fmt.Errorf("OGG ends at byte %d without its last page; convert it to WAV to use what is there: %w", len(data), ErrTruncated)
	}
	if len(stream.packets) < 3 {
		return nil, 0, fmt.Errorf("OGG ends at byte %d within the Vorbis headers: %w", len(data), ErrTruncated)
	}
	return stream, channels, checkVorbis(stream.packets[0], stream.packets[1], stream.packets[2])
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
