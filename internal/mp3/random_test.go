package mp3

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// bitWriter packs numbers of a few bits, the highest bit first.
type bitWriter struct {
	data []byte
	at   int
}

func (w *bitWriter) write(n, v int) {
	for i := n - 1; i >= 0; i-- {
		if w.at%8 == 0 {
			w.data = append(w.data, 0)
		}
		w.data[w.at/8] |= byte(v>>i&1) << (7 - w.at%8)
		w.at++
	}
}

// append writes the first n bits of data.
func (w *bitWriter) append(data []byte, n int) {
	for i := range n {
		w.write(1, int(data[i/8]>>(7-i%8)&1))
	}
}

// randomStream returns frames of noise that use everything the format has: any
// block type, table, scale factor and gain that is allowed. As every code is
// complete, random bits are random values; the decoder under test only says how
// many of them a granule takes.
func randomStream(h header, n int, r *rand.Rand) (file []byte) {
	for range n {
		w := &bitWriter{}
		channels := h.channels()
		var kinds [2][2]int // block type of each granule, and whether it is mixed
		for gr := range kinds {
			kinds[gr] = [2]int{r.IntN(4), r.IntN(2)}
			if h.low() {
				kinds[gr][1] = 0 // no two decoders agree on mixed blocks there
			}
		}
		share := kinds[0][0] != 2 && kinds[1][0] != 2
		if h.low() {
			w.write(8, 0)
			w.write(channels, 0)
		} else {
			w.write(9, 0)
			w.write(7-2*channels, 0)
			for range 4 * channels {
				w.write(1, r.IntN(2)*map[bool]int{true: 1}[share])
			}
		}
		room := (h.size() - 4 - h.sideSize()) * 8 / h.granules() / channels
		body := &bitWriter{}
		var side side
		side.read(&bitReader{data: append(w.data, make([]byte, 32)...)}, h) // of which the shares count
		for gr := range h.granules() {
			for c := range channels {
				randomGranule(w, body, h, &side, gr, c, kinds[gr], min(room, 4095), r)
			}
		}
		frame := binary.BigEndian.AppendUint32(nil, uint32(h))
		frame = append(append(frame, w.data...), body.data...)
		file = append(file, append(frame, make([]byte, h.size()-len(frame))...)...)
	}
	return file
}

func randomGranule(w, body *bitWriter, h header, s *side, gr, c int, kind [2]int, room int, r *rand.Rand) {
	share := s.share[c]
	compressions := 16
	if h.low() {
		compressions = 512
	} else if h.intensity() {
		compressions = 14 // directions have no more than 3 bits
	}
	table := func() int {
		for {
			if t := r.IntN(32); t != 4 && t != 14 {
				return t
			}
		}
	}
	for {
		bits := &bitWriter{}
		for range room/8 + 800 {
			bits.write(8, r.IntN(256))
		}
		side := &bitWriter{}
		big, compress := r.IntN(150), r.IntN(compressions)
		side.write(9, big)
		side.write(8, 0) // the gain comes later
		if h.low() {
			side.write(9, compress)
		} else {
			side.write(4, compress)
		}
		if kind[0] != 0 {
			side.write(1, 1)
			side.write(2, kind[0])
			side.write(1, kind[1]*map[bool]int{true: 1}[kind[0] == 2])
			side.write(5, table())
			side.write(5, table())
			for range 3 {
				side.write(3, r.IntN(3))
			}
		} else {
			side.write(1, 0)
			for range 3 {
				side.write(5, table())
			}
			side.write(4, r.IntN(16))
			side.write(3, r.IntN(8))
		}
		if !h.low() {
			side.write(1, r.IntN(2))
		}
		side.write(1, r.IntN(2))
		side.write(1, r.IntN(2))
		whole := &bitWriter{}
		whole.write(12, 0) // so does the length
		whole.append(side.data, side.at)
		g := &granule{}
		g.read(&bitReader{data: whole.data}, h)
		in := &bitReader{data: bits.data}
		if h.low() {
			g.lowScales(in, c == 1 && h.intensity())
		} else {
			var earlier *granule
			if gr == 1 {
				earlier = &s.granules[0][c]
			}
			g.scales(in, &share, earlier)
		}
		begin := *in
		for i := 0; i < 2*g.bigValues; i += 2 {
			region := 0
			for region < 2 && i >= g.regions[region] {
				region++
			}
			pairCodes[g.tables[region]].read(in)
		}
		if in.at > room {
			continue
		}
		end := in.at
		quads := r.IntN(20)
		for i := 2 * g.bigValues; i+4 <= lines && quads > 0; i += 4 {
			code := quadCodes[g.quads].read(in)
			for ; code != 0; code &= code - 1 {
				in.bit()
			}
			if in.at > room {
				break
			}
			end, quads = in.at, quads-1
		}
		most := 1
		var v [lines]int
		g.values(&begin, end, &v)
		for _, x := range v {
			most = max(most, x, -x)
		}
		loudest := 0.05 * math.Pow(float64(most), -4./3)
		gain := min(max(int(210+4*math.Log2(loudest)), 0), 255)
		w.write(12, end)
		fields := &bitReader{data: side.data}
		w.write(9, fields.read(9))
		w.write(8, gain)
		for fields.read(8); fields.at < side.at; {
			w.write(1, fields.bit())
		}
		body.append(bits.data, end)
		g.gain = gain
		s.granules[gr][c] = *g
		return
	}
}
