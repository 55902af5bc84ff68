package audio

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// mp3Header is the header of an MPEG audio frame: from the highest bit, sync
// (11 bits), version (2), layer (2), no checksum, bitrate (4), rate (2), padding,
// private, channel mode (2), mode extension (2), and four bits of no concern.
type mp3Header uint32

func (h mp3Header) version() int { return int(h >> 19 & 3) } // 3, 2, 0: MPEG 1, 2, 2.5
func (h mp3Header) layer() int   { return 4 - int(h>>17&3) }
func (h mp3Header) padding() int { return int(h >> 9 & 1) }
func (h mp3Header) mono() bool   { return h>>6&3 == 3 }

// intensity reports whether the upper band is coded as one channel and a
// direction.
func (h mp3Header) intensity() bool { return h>>6&3 == 1 && h>>4&1 == 1 }

// valid reports whether h can be a header of layer III, the free format apart.
func (h mp3Header) valid() bool {
	bitrate := h >> 12 & 15
	return h>>21 == 0x7FF && h.version() != 1 && h.layer() == 3 && bitrate != 0 && bitrate != 15 && h>>10&3 != 3
}

func (h mp3Header) rate() int {
	rate := [3]int{44100, 48000, 32000}[h>>10&3]
	switch h.version() {
	case 2:
		return rate / 2
	case 0:
		return rate / 4
	}
	return rate
}

// Bitrates of layer III in kbit/s.
var (
	mpeg1Bitrates = [15]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}
	mpeg2Bitrates = [15]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}
)

// size returns the number of bytes of a frame of layer III, header and padding
// included, and whether the decoder agrees: for MPEG-2 it drops the padding of
// frames whose doubled size is even without it.
func (h mp3Header) size() (n int, decodable bool) {
	index := h >> 12 & 15
	if h.version() == 3 {
		return 144000*mpeg1Bitrates[index]/h.rate() + h.padding(), true
	}
	double := 144000 * mpeg2Bitrates[index] / h.rate()
	n = double/2 + h.padding()
	return n, n == (double+h.padding())/2
}

// same reports whether two headers may belong to one stream.
func (h mp3Header) same(g mp3Header) bool {
	return h.version() == g.version() && h>>10&3 == g>>10&3 && h.mono() == g.mono()
}

// checkMP3 walks over the frames of an MP3 file. It returns where the first one
// is and whether it is mono, and refuses by name what the decoder does not know
// or would turn into noise without saying so.
func checkMP3(data []byte) (start int, mono bool, err error) {
	var first mp3Header
	start = -1
	inStep := false // a frame ends here
	for at := skipID3(data); at+4 <= len(data); {
		h := mp3Header(binary.BigEndian.Uint32(data[at:]))
		if !h.valid() || start >= 0 && !h.same(first) || !inStep && !followed(data, at, h) {
			inStep = false
			at++
			continue
		}
		if start < 0 {
			start, first = at, h
		}
		n, decodable := h.size()
		what := ""
		switch {
		case h.version() == 0:
			what = "is MPEG 2.5"
		case !decodable:
			what = fmt.Sprintf("has %d kbit/s at %d Hz, a combination that is decoded wrongly", mpeg2Bitrates[h>>12&15], h.rate())
		case h.intensity():
			what = "is in intensity stereo"
		}
		if what != "" {
			return 0, false, fmt.Errorf("MP3 frame at byte %d %s; convert the file to WAV: %w", at, what, ErrUnsupported)
		}
		inStep = true
		at += n
	}
	if start < 0 {
		return 0, false, fmt.Errorf("MP3 of %d bytes has no frame of layer III: %w", len(data), ErrFormat)
	}
	return start, first.mono(), nil
}

// skipID3 returns where the tags at the beginning end.
func skipID3(data []byte) (at int) {
	for rest := data; len(rest) >= 10 && bytes.HasPrefix(rest, []byte("ID3")); rest = data[at:] {
		size := 10
		for i, b := range rest[6:10] {
			size += int(b&0x7F) << (21 - 7*i)
		}
		at = min(len(data), at+size)
	}
	return at
}

// followed reports whether the frame at the given byte is followed by another
// one of its kind or by the end.
func followed(data []byte, at int, h mp3Header) bool {
	n, _ := h.size()
	next := at + n
	if next+4 > len(data) {
		return next == len(data)
	}
	g := mp3Header(binary.BigEndian.Uint32(data[next:]))
	return g.valid() && g.same(h)
}
