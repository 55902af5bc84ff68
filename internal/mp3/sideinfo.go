package mp3

// lines is the number of frequency lines of a granule, and of samples that come
// of it.
const lines = 576

// side is the side information of a frame.
type side struct {
	mainDataBegin int        // bytes before the frame at which its main data begin
	share         [2][4]bool // per channel: scale factor groups that granule 1 takes over
	granules      [2][2]granule
}

// granule is the side information of one channel of a granule.
type granule struct {
	length       int // bits of scale factors and codes
	bigValues    int // pairs
	gain         int
	compress     int // lengths of the scale factors
	block        int // 0 long, 1 start, 2 short, 3 stop
	mixed        bool
	tables       [3]int
	subblockGain [3]int
	regions      [2]int // lines at which regions 1 and 2 begin
	preemphasis  bool
	coarse       bool    // scale factors in steps of 6 dB, not 3
	quads        int     // table of the quadruples
	scale        [40]int // scale factors in the order of bands
	bands        []band
}

func (g *granule) short() bool { return g.block == 2 }

// read reads the side information of a frame.
func (s *side) read(r *bitReader, h header) {
	*s = side{}
	channels := h.channels()
	if h.low() {
		s.mainDataBegin = r.read(8)
		r.read(channels) // private bits
	} else {
		s.mainDataBegin = r.read(9)
		r.read(7 - 2*channels)
		for c := range channels {
			for i := range s.share[c] {
				s.share[c][i] = r.read(1) == 1
			}
		}
	}
	for i := range h.granules() {
		for c := range channels {
			s.granules[i][c].read(r, h)
		}
	}
}

func (g *granule) read(r *bitReader, h header) {
	long, short := &longBands[h.frequency()], &shortBands[h.frequency()]
	g.length = r.read(12)
	g.bigValues = min(r.read(9), lines/2)
	g.gain = r.read(8)
	if h.low() {
		g.compress = r.read(9)
	} else {
		g.compress = r.read(4)
	}
	if switched := r.read(1) == 1; switched {
		g.block = r.read(2)
		g.mixed = r.read(1) == 1
		g.tables[0], g.tables[1] = r.read(5), r.read(5)
		for i := range g.subblockGain {
			g.subblockGain[i] = r.read(3)
		}
		g.regions = [2]int{long[8], lines}
		if g.short() {
			g.regions[0] = 3 * short[3]
		}
	} else {
		for i := range g.tables {
			g.tables[i] = r.read(5)
		}
		first := r.read(4) + 1
		second := first + r.read(3) + 1
		g.regions = [2]int{long[first], long[min(second, 22)]}
	}
	g.mixed = g.mixed && g.short()
	if !h.low() {
		g.preemphasis = r.read(1) == 1
	}
	g.coarse = r.read(1) == 1
	g.quads = r.read(1)
}

// bitReader reads numbers of a few bits, the highest bit first. Beyond the end
// it reads zeros and goes on counting.
type bitReader struct {
	data []byte
	at   int // in bits
}

func (r *bitReader) bit() int {
	i := r.at >> 3
	if i >= len(r.data) {
		r.at++
		return 0
	}
	b := r.data[i] << (r.at & 7) >> 7
	r.at++
	return int(b)
}

func (r *bitReader) read(n int) (v int) {
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

// band is a scale factor band of one window: width lines from start on, in the
// order in which they are coded.
type band struct {
	start, width int
	window       int // 0 to 2 for short blocks, -1 for long ones
	index        int // of the long band or the short one
}

// layout returns the bands of a granule.
func layout(frequency int, short, mixed bool) (bands []band) {
	long, narrow := &longBands[frequency], &shortBands[frequency]
	first := 0 // short band
	if !short || mixed {
		for i := 0; i < 22 && (!short || long[i] < 3*narrow[3]); i++ {
			bands = append(bands, band{start: long[i], width: long[i+1] - long[i], window: -1, index: i})
		}
		first = 3
	}
	if short {
		for i := first; i < 13; i++ {
			width := narrow[i+1] - narrow[i]
			for w := range 3 {
				bands = append(bands, band{start: 3*narrow[i] + w*width, width: width, window: w, index: i})
			}
		}
	}
	return bands
}

var layouts = func() (all [9][3][]band) {
	for f := range all {
		all[f] = [3][]band{layout(f, false, false), layout(f, true, false), layout(f, true, true)}
	}
	return all
}()

func (g *granule) layout(frequency int) []band {
	switch {
	case g.mixed:
		return layouts[frequency][2]
	case g.short():
		return layouts[frequency][1]
	}
	return layouts[frequency][0]
}
