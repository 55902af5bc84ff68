// Package mp3 decodes layer III of MPEG audio: MPEG-1 (ISO/IEC 11172-3), MPEG-2
// (ISO/IEC 13818-3) and what is called MPEG-2.5, with half its rates.
//
// A frame holds two granules of 576 samples a channel (MPEG-2: one). Each is
// read (header.go, sideinfo.go, scalefactors.go, huffman.go), brought to the
// scale of its lines, to left and right and to the order of frequency
// (spectrum.go), and put through the inverse cosine transform and the filter
// bank (synthesis.go). Everything is computed in float64.
package mp3

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
)

// The sentinels that errors of this package wrap, those of a context apart.
var (
	// ErrFormat: there is no frame of layer III.
	ErrFormat = errors.New("malformed MP3")
	// ErrUnsupported: a stream that is not decoded.
	ErrUnsupported = errors.New("unsupported MP3")
)

// Recording is what a stream decodes to.
type Recording struct {
	Rate     int
	Channels [][]float64 // one or two, in [-1, 1] but for rounding and clipped music
	// Warnings say what is missing or was passed over, a sentence each.
	Warnings []string
}

// frame is where a frame begins, and its header.
type frame struct {
	at int
	header
}

// Decode decodes a whole file. Tags around the frames are skipped, and so is the
// frame without sound in which encoders describe the file (Xing, Info, VBRI); what
// it says of the silence that the encoder put before and behind the sound, is
// taken off. weigh is asked before anything large is allocated, with the number
// of bytes. A file that was cut short is decoded as far as it goes.
func Decode(ctx context.Context, data []byte, weigh func(bytes int64) error) (*Recording, error) {
	frames, warnings, err := scan(data)
	if err != nil {
		return nil, err
	}
	d := &decoder{data: data, rec: Recording{Rate: frames[0].rate(), Warnings: warnings}}
	about := describe(data, frames[0])
	if about.found && len(frames) > 1 {
		frames = frames[1:]
	}
	samples, channels := 0, 1
	for _, f := range frames {
		samples += lines * f.granules()
		channels = max(channels, f.channels())
	}
	if err := weigh(8 * int64(samples) * int64(channels)); err != nil {
		return nil, err
	}
	out := make([][]float64, channels)
	for c := range out {
		out[c] = make([]float64, samples)
	}
	at := 0
	for i, f := range frames {
		if i%64 == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		for gr := range f.granules() {
			if gr == 0 {
				d.open(f)
			}
			d.granule(f, gr, at, out)
			at += lines
		}
	}
	from, to := decoderDelay, samples
	if missing := about.frames - len(frames); missing > 0 {
		d.warn("%d of its %d frames are missing at the end", missing, about.frames)
		about.padding = 0
	}
	if about.delay > 0 {
		from += about.delay
		to -= max(about.padding-decoderDelay, 0)
	}
	if from >= to {
		from, to = 0, samples
	}
	for c := range out {
		d.rec.Channels = append(d.rec.Channels, out[c][from:to])
	}
	return &d.rec, nil
}

// decoderDelay is the delay of the transforms and the filter bank in samples.
const decoderDelay = 529

type decoder struct {
	data []byte
	rec  Recording

	reservoir []byte // main data of earlier frames
	main      bitReader
	side      side
	usable    bool // the main data of this frame are there
	filters   [2]filter
	values    [lines]int
	spectrum  [2][lines]float64
}

func (d *decoder) warn(format string, args ...any) {
	d.rec.Warnings = append(d.rec.Warnings, fmt.Sprintf(format, args...))
}

// open reads the side information of a frame and finds its main data, which may
// begin in earlier frames.
func (d *decoder) open(f frame) {
	end := min(f.at+f.size(), len(d.data))
	start := f.at + 4
	if f.checksum() {
		start += 2
	}
	body := d.data[min(start, end):end]
	r := bitReader{data: body}
	d.side.read(&r, f.header)
	own := body[min(f.sideSize(), len(body)):]
	begin := len(d.reservoir) - d.side.mainDataBegin
	d.usable = begin >= 0 && len(body) >= f.sideSize()
	const most = 511 // bytes to which mainDataBegin reaches back
	d.reservoir = append(d.reservoir, own...)
	d.main = bitReader{data: d.reservoir[max(begin, 0):]}
	d.main.data = bytes.Clone(d.main.data) // the reservoir moves
	d.reservoir = append(d.reservoir[:0], d.reservoir[max(0, len(d.reservoir)-most):]...)
}

// granule decodes one granule of the open frame into out from sample at on. What
// lacks its main data is silence.
func (d *decoder) granule(f frame, gr, at int, out [][]float64) {
	g := &d.side.granules[gr]
	channels := f.channels()
	for c := range channels {
		g[c].bands = g[c].layout(f.frequency())
		clear(d.spectrum[c][:])
		start := d.main.at
		end := start + g[c].length
		if !d.usable || end > 8*len(d.main.data) {
			d.usable = false
			continue
		}
		if f.low() {
			g[c].lowScales(&d.main, c == 1 && f.intensity())
		} else {
			var earlier *granule
			if gr == 1 {
				earlier = &d.side.granules[0][c]
			}
			g[c].scales(&d.main, &d.side.share[c], earlier)
		}
		g[c].values(&d.main, end, &d.values)
		g[c].requantize(&d.values, &d.spectrum[c])
	}
	if channels == 2 {
		stereo(f.header, g, &d.spectrum[0], &d.spectrum[1])
	}
	for c := range channels {
		g[c].reorder(&d.spectrum[c])
		g[c].unalias(&d.spectrum[c])
		d.filters[c].synthesize(&g[c], &d.spectrum[c], out[c][at:at+lines])
	}
	if channels == 1 && len(out) == 2 {
		d.filters[1] = d.filters[0]
		copy(out[1][at:at+lines], out[0][at:at+lines])
	}
}

// scan finds the frames of a file. A frame counts when it begins where the one
// before it ended, or when it is followed by another one or by the end.
func scan(data []byte) (frames []frame, warnings []string, err error) {
	inStep := false // a frame ends here
	lost := 0       // bytes between frames
	for at := SkipTags(data); at+4 <= len(data); {
		h := header(binary.BigEndian.Uint32(data[at:]))
		if !h.valid() || !inStep && !followed(data, at, h) || len(frames) > 0 && !h.same(frames[0].header) && !followed(data, at, h) {
			if inStep && isTag(data[at:]) {
				break
			}
			inStep = false
			lost++
			at++
			continue
		}
		if len(frames) > 0 && !h.same(frames[0].header) {
			return nil, nil, fmt.Errorf("the rate changes from %d to %d Hz at byte %d; cut the file there: %w", frames[0].rate(), h.rate(), at, ErrUnsupported)
		}
		if lost > 0 && len(frames) > 0 {
			warnings = append(warnings, fmt.Sprintf("%d bytes before byte %d are no frames and were passed over", lost, at))
		}
		lost = 0
		if at+h.size() > len(data) {
			if len(frames) > 0 {
				warnings = append(warnings, fmt.Sprintf("it ends %d bytes before its last frame does", at+h.size()-len(data)))
			}
		}
		frames = append(frames, frame{at, h})
		inStep = true
		at += h.size()
	}
	if len(frames) == 0 {
		return nil, nil, fmt.Errorf("no frame of layer III in %d bytes: %w", len(data), ErrFormat)
	}
	return frames, warnings, nil
}

// followed reports whether the frame at the given byte is followed by another
// one of its kind, by a tag or by the end.
func followed(data []byte, at int, h header) bool {
	next := at + h.size()
	if next+4 > len(data) {
		return next == len(data)
	}
	g := header(binary.BigEndian.Uint32(data[next:]))
	return g.valid() && g.same(h) || isTag(data[next:])
}

// isTag reports whether a tag begins here that stands behind the frames.
func isTag(data []byte) bool {
	for _, start := range []string{"TAG", "APETAGEX", "LYRICSBEGIN", "ID3", "3DI"} {
		if bytes.HasPrefix(data, []byte(start)) {
			return true
		}
	}
	return false
}

// SkipTags returns where the ID3 tags at the beginning of a file end.
func SkipTags(data []byte) (at int) {
	for rest := data; len(rest) >= 10 && bytes.HasPrefix(rest, []byte("ID3")); rest = data[at:] {
		size := 10
		for i, b := range rest[6:10] {
			size += int(b&0x7F) << (21 - 7*i)
		}
		at = min(len(data), at+size)
	}
	return at
}

// description is what the first frame says of the file.
type description struct {
	found          bool
	frames         int // 0: unknown
	delay, padding int // samples
}

// describe reads the description in a frame, if there is one: a frame without
// sound, "Xing" or "Info" behind the side information, then what it has (frames,
// bytes, table of contents, quality), then what LAME and others add; or "VBRI"
// where the side information of stereo ends.
func describe(data []byte, f frame) (about description) {
	b := data[f.at:min(f.at+f.size(), len(data))]
	const fixed = 4 + 32
	if len(b) >= fixed+26 && string(b[fixed:fixed+4]) == "VBRI" {
		return description{found: true, frames: int(binary.BigEndian.Uint32(b[fixed+14:]))}
	}
	at := 4 + f.sideSize()
	if f.checksum() && (len(b) < at+4 || string(b[at:at+4]) != "Xing" && string(b[at:at+4]) != "Info") {
		at += 2
	}
	if len(b) < at+8 || string(b[at:at+4]) != "Xing" && string(b[at:at+4]) != "Info" {
		return about
	}
	about.found = true
	flags := binary.BigEndian.Uint32(b[at+4:])
	at += 8
	for i, size := range [...]int{4, 4, 100, 4} {
		if flags>>i&1 == 0 {
			continue
		}
		if i == 0 && len(b) >= at+4 {
			about.frames = int(binary.BigEndian.Uint32(b[at:]))
		}
		at += size
	}
	const delays = 21 // behind the name of the encoder and more
	if len(b) >= at+delays+3 && b[at] > ' ' {
		d := b[at+delays:]
		about.delay = int(d[0])<<4 | int(d[1])>>4
		about.padding = int(d[1])&15<<8 | int(d[2])
	}
	return about
}
