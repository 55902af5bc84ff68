package mp3

// Lengths in bits of the scale factors of MPEG-1: of the lower bands and of the
// upper ones.
var scaleLengths = [16][2]int{
	{0, 0}, {0, 1}, {0, 2}, {0, 3}, {3, 0}, {1, 1}, {1, 2}, {1, 3},
	{2, 1}, {2, 2}, {2, 3}, {3, 1}, {3, 2}, {3, 3}, {4, 2}, {4, 3},
}

// scales reads the scale factors of MPEG-1. earlier is the first granule of the
// frame, whose groups are taken over where share says so, and nil for the first
// one itself. The last band (of a short block, the last three) has none.
func (g *granule) scales(r *bitReader, share *[4]bool, earlier *granule) {
	lengths := scaleLengths[g.compress]
	switch {
	case g.short():
		n, low := 36, 18
		if g.mixed {
			n, low = 35, 17
		}
		for i := range n {
			if i < low {
				g.scale[i] = r.read(lengths[0])
			} else {
				g.scale[i] = r.read(lengths[1])
			}
		}
	default:
		bounds := [5]int{0, 6, 11, 16, 21}
		for k := range 4 {
			for i := bounds[k]; i < bounds[k+1]; i++ {
				if earlier != nil && share[k] {
					g.scale[i] = earlier.scale[i]
				} else {
					g.scale[i] = r.read(lengths[k/2])
				}
			}
		}
	}
}

// Numbers of scale factors of MPEG-2 in each of four groups, by the way in which
// they are coded (the last three: of the right channel in intensity stereo), for
// long, short and mixed blocks.
var scaleGroups = [6][3][4]int{
	{{6, 5, 5, 5}, {9, 9, 9, 9}, {6, 9, 9, 9}},
	{{6, 5, 7, 3}, {9, 9, 12, 6}, {6, 9, 12, 6}},
	{{11, 10, 0, 0}, {18, 18, 0, 0}, {15, 18, 0, 0}},
	{{7, 7, 7, 0}, {12, 12, 12, 0}, {6, 15, 12, 0}},
	{{6, 6, 6, 3}, {12, 9, 9, 6}, {6, 12, 9, 6}},
	{{8, 8, 5, 0}, {15, 12, 9, 0}, {6, 18, 9, 0}},
}

// lowScales reads the scale factors of MPEG-2; direction says that they are
// those of the right channel in intensity stereo.
func (g *granule) lowScales(r *bitReader, direction bool) {
	var lengths [4]int
	way, c := 0, g.compress
	switch {
	case direction && c>>1 < 180:
		c >>= 1
		way, lengths = 3, [4]int{c / 36, c % 36 / 6, c % 6}
	case direction && c>>1 < 244:
		c = c>>1 - 180
		way, lengths = 4, [4]int{c >> 4, c >> 2 & 3, c & 3}
	case direction:
		c = c>>1 - 244
		way, lengths = 5, [4]int{c / 3, c % 3}
	case c < 400:
		way, lengths = 0, [4]int{(c >> 4) / 5, (c >> 4) % 5, c >> 2 & 3, c & 3}
	case c < 500:
		c -= 400
		way, lengths = 1, [4]int{(c >> 2) / 5, (c >> 2) % 5, c & 3}
	default:
		c -= 500
		way, lengths = 2, [4]int{c / 3, c % 3}
		g.preemphasis = true
	}
	kind := 0
	if g.short() {
		kind = 1
	}
	if g.mixed {
		kind = 2
	}
	i := 0
	for k, n := range scaleGroups[way][kind] {
		for range n {
			g.scale[i] = r.read(lengths[k])
			i++
		}
	}
}
