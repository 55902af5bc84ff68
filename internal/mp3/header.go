package mp3

// header is the header of an MPEG audio frame: from the highest bit, sync
// (11 bits), version (2), layer (2), no checksum, bitrate (4), rate (2), padding,
// private, channel mode (2), mode extension (2), and four bits of no concern.
type header uint32

// Versions of MPEG audio as headers have them. MPEG-2 and 2.5 have the low
// sampling frequencies and one granule a frame.
const (
	mpeg25 = 0
	mpeg2  = 2
	mpeg1  = 3
)

func (h header) version() int   { return int(h >> 19 & 3) }
func (h header) layer() int     { return 4 - int(h>>17&3) }
func (h header) checksum() bool { return h>>16&1 == 0 }
func (h header) bitrate() int   { return int(h >> 12 & 15) }
func (h header) padding() int   { return int(h >> 9 & 1) }
func (h header) mono() bool     { return h>>6&3 == 3 }
func (h header) low() bool      { return h.version() != mpeg1 }

// middleSide reports whether the channels are coded as their sum and difference.
func (h header) middleSide() bool { return h>>6&3 == 1 && h>>5&1 == 1 }

// intensity reports whether the upper bands are coded as one channel and a
// direction.
func (h header) intensity() bool { return h>>6&3 == 1 && h>>4&1 == 1 }

// valid reports whether h can be a header of layer III, the free format apart.
func (h header) valid() bool {
	return h>>21 == 0x7FF && h.version() != 1 && h.layer() == 3 && h.bitrate() != 0 && h.bitrate() != 15 && h>>10&3 != 3
}

func (h header) channels() int {
	if h.mono() {
		return 1
	}
	return 2
}

func (h header) granules() int {
	if h.low() {
		return 1
	}
	return 2
}

// frequency is the index of the sampling frequency into the tables of bands: 0
// to 2 for MPEG-1, 3 to 5 for MPEG-2, 6 to 8 for MPEG-2.5.
func (h header) frequency() int {
	return int(h>>10&3) + map[int]int{mpeg1: 0, mpeg2: 3, mpeg25: 6}[h.version()]
}

func (h header) rate() int {
	return [...]int{44100, 48000, 32000, 22050, 24000, 16000, 11025, 12000, 8000}[h.frequency()]
}

// Bitrates of layer III in kbit/s.
var (
	bitrates    = [15]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}
	lowBitrates = [15]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}
)

// size returns the number of bytes of the frame, header and padding included.
func (h header) size() int {
	if h.low() {
		return 72000*lowBitrates[h.bitrate()]/h.rate() + h.padding()
	}
	return 144000*bitrates[h.bitrate()]/h.rate() + h.padding()
}

// sideSize returns the number of bytes of the side information.
func (h header) sideSize() int {
	switch {
	case h.low() && h.mono():
		return 9
	case h.low() || h.mono():
		return 17
	}
	return 32
}

// same reports whether two headers may belong to one stream. The number of
// channels may change within one.
func (h header) same(g header) bool {
	return h.version() == g.version() && h>>10&3 == g>>10&3
}

// Bounds of the scale factor bands in lines of a long block, and in lines of each
// of the three short ones, by header.frequency.
var longBands = [9][23]int{
	{0, 4, 8, 12, 16, 20, 24, 30, 36, 44, 52, 62, 74, 90, 110, 134, 162, 196, 238, 288, 342, 418, 576},
	{0, 4, 8, 12, 16, 20, 24, 30, 36, 42, 50, 60, 72, 88, 106, 128, 156, 190, 230, 276, 330, 384, 576},
	{0, 4, 8, 12, 16, 20, 24, 30, 36, 44, 54, 66, 82, 102, 126, 156, 194, 240, 296, 364, 448, 550, 576},
	{0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 116, 140, 168, 200, 238, 284, 336, 396, 464, 522, 576},
	{0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 114, 136, 162, 194, 232, 278, 332, 394, 464, 540, 576},
	{0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 116, 140, 168, 200, 238, 284, 336, 396, 464, 522, 576},
	{0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 116, 140, 168, 200, 238, 284, 336, 396, 464, 522, 576},
	{0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 116, 140, 168, 200, 238, 284, 336, 396, 464, 522, 576},
	{0, 12, 24, 36, 48, 60, 72, 88, 108, 132, 160, 192, 232, 280, 336, 400, 476, 566, 568, 570, 572, 574, 576},
}

var shortBands = [9][14]int{
	{0, 4, 8, 12, 16, 22, 30, 40, 52, 66, 84, 106, 136, 192},
	{0, 4, 8, 12, 16, 22, 28, 38, 50, 64, 80, 100, 126, 192},
	{0, 4, 8, 12, 16, 22, 30, 42, 58, 78, 104, 138, 180, 192},
	{0, 4, 8, 12, 18, 24, 32, 42, 56, 74, 100, 132, 174, 192},
	{0, 4, 8, 12, 18, 26, 36, 48, 62, 80, 104, 136, 180, 192},
	{0, 4, 8, 12, 18, 26, 36, 48, 62, 80, 104, 134, 174, 192},
	{0, 4, 8, 12, 18, 26, 36, 48, 62, 80, 104, 134, 174, 192},
	{0, 4, 8, 12, 18, 26, 36, 48, 62, 80, 104, 134, 174, 192},
	{0, 8, 16, 24, 36, 52, 72, 96, 124, 160, 162, 164, 166, 192},
}
