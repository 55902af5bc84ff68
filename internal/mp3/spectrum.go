package mp3

import "math"

// power43 is i^(4/3) for all values that can be coded.
var power43 = func() (p [8207]float64) {
	for i := range p {
		p[i] = math.Pow(float64(i), 4./3)
	}
	return p
}()

// emphasis is added to the scale factors of long bands.
var emphasis = [22]int{11: 1, 12: 1, 13: 1, 14: 1, 15: 2, 16: 2, 17: 3, 18: 3, 19: 3, 20: 2}

// requantize computes the lines of a granule from their quantized values v,
//
//	x = sign(v)·|v|^(4/3) · 2^((gain-210-8·subblock gain)/4 - m·(scale factor + emphasis))
//
// where m is 1/2, or 1 for coarse scale factors. Lines stay in the order in which
// they are coded.
func (g *granule) requantize(v *[lines]int, x *[lines]float64) {
	m := 0.5
	if g.coarse {
		m = 1
	}
	for k, b := range g.bands {
		exponent := float64(g.gain-210) / 4
		scale := g.scale[k]
		if b.window >= 0 {
			exponent -= 2 * float64(g.subblockGain[b.window])
		} else if g.preemphasis {
			scale += emphasis[b.index]
		}
		factor := math.Exp2(exponent - m*float64(scale))
		for i := b.start; i < b.start+b.width; i++ {
			if v[i] < 0 {
				x[i] = -power43[-v[i]] * factor
			} else {
				x[i] = power43[v[i]] * factor
			}
		}
	}
}

// stereo turns what two channels of a granule are coded as into left and right.
// In intensity stereo that is so for the bands above the last one of the right
// channel that is not zero, for each window of short blocks by itself: the right
// channel's scale factors are directions there.
func stereo(h header, g *[2]granule, left, right *[lines]float64) {
	last := map[int]int{-1: -1, 0: -1, 1: -1, 2: -1} // of each window, the last band that is not zero
	if h.intensity() {
		for _, b := range g[1].bands {
			for _, v := range right[b.start : b.start+b.width] {
				if v != 0 {
					last[b.window] = b.index
				}
			}
		}
		if max(last[0], last[1], last[2]) >= 0 {
			last[-1] = 21 // all long bands lie below short ones
		}
	}
	for k, b := range g[1].bands {
		l, r := left[b.start:b.start+b.width], right[b.start:b.start+b.width]
		if h.intensity() && b.index > last[b.window] {
			from := k // the last band has the direction of the one below it
			switch {
			case b.window < 0 && b.index == 21:
				from = k - 1
			case b.window >= 0 && b.index == 12:
				from = k - 3
			}
			if position := g[1].scale[from]; position != noDirection && (h.low() || position < noDirection) {
				toLeft, toRight := direction(h, &g[1], position)
				for i, v := range l {
					l[i], r[i] = toLeft*v, toRight*v
				}
				continue
			}
		}
		if h.middleSide() {
			for i, m := range l {
				s := r[i]
				l[i], r[i] = (m+s)/math.Sqrt2, (m-s)/math.Sqrt2
			}
		}
	}
}

// noDirection stands for a band that is not in intensity stereo. For MPEG-2 the
// standard has another number for each length of scale factors, but decoders and
// the encoders that are tried with them have this one.
const noDirection = 7

// direction returns the shares of both channels in intensity stereo.
func direction(h header, g *granule, position int) (left, right float64) {
	if !h.low() {
		angle := float64(position) * math.Pi / 12
		s, c := math.Sincos(angle)
		return s / (s + c), c / (s + c) // tan/(1+tan), 1/(1+tan)
	}
	step := math.Pow(2, -0.25)
	if g.compress&1 == 1 {
		step = 1 / math.Sqrt2
	}
	share := math.Pow(step, float64((position+1)/2))
	if position%2 == 1 {
		return share, 1
	}
	return 1, share
}

// reorder brings the lines of short blocks from the order in which they are
// coded, window after window in each band, to that of frequency, where the
// windows alternate.
func (g *granule) reorder(x *[lines]float64) {
	if !g.short() {
		return
	}
	coded := *x
	for _, b := range g.bands {
		if b.window < 0 {
			continue
		}
		first := b.start - b.window*b.width + b.window
		for i := range b.width {
			x[first+3*i] = coded[b.start+i]
		}
	}
}

// Coefficients of the butterflies between subbands, from c of table 3-B.9.
var aliasCS, aliasCA = func() (cs, ca [8]float64) {
	for i, c := range [...]float64{-0.6, -0.535, -0.33, -0.185, -0.095, -0.041, -0.0142, -0.0037} {
		cs[i], ca[i] = 1/math.Sqrt(1+c*c), c/math.Sqrt(1+c*c)
	}
	return cs, ca
}()

// unalias undoes the aliasing between the subbands of long blocks.
func (g *granule) unalias(x *[lines]float64) {
	bounds := 31
	if g.short() {
		bounds = 0
		if g.mixed {
			bounds = 1
		}
	}
	for b := 18; b <= 18*bounds; b += 18 {
		for i, cs := range aliasCS {
			up, down := x[b-1-i], x[b+i]
			x[b-1-i] = up*cs - down*aliasCA[i]
			x[b+i] = down*cs + up*aliasCA[i]
		}
	}
}
