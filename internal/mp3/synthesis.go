package mp3

import "math"

// blockWindows are the windows of the inverse transforms of 36 samples, by block
// type; the short one has 12.
var blockWindows = func() (w [4][36]float64) {
	long := func(i int) float64 { return math.Sin(math.Pi / 36 * (float64(i) + 0.5)) }
	short := func(i int) float64 { return math.Sin(math.Pi / 12 * (float64(i) + 0.5)) }
	for i := range 18 {
		w[0][i], w[0][i+18] = long(i), long(i+18)
		w[1][i], w[3][i+18] = long(i), long(i+18)
	}
	for i := range 6 {
		w[1][18+i], w[3][12+i] = 1, 1
		w[1][24+i], w[3][6+i] = short(6+i), short(i)
	}
	for i := range 12 {
		w[2][i] = short(i)
	}
	return w
}()

// Cosines of the inverse transforms: cos(π/(2n)·(2i+1+n/2)·(2k+1)) for n = 36,
// of which samples 9 to 26 give the others, and for n = 12.
var (
	cosines36 = func() (t [18][18]float64) {
		for i := range t {
			for k := range t[i] {
				t[i][k] = math.Cos(math.Pi / 72 * float64((2*(i+9)+19)*(2*k+1)%144))
			}
		}
		return t
	}()
	cosines12 = func() (t [12][6]float64) {
		for i := range t {
			for k := range t[i] {
				t[i][k] = math.Cos(math.Pi / 24 * float64((2*i+7)*(2*k+1)%48))
			}
		}
		return t
	}()
)

// inverse36 writes the windowed inverse transform of 18 lines.
func inverse36(x []float64, window *[36]float64, y *[36]float64) {
	for i := range cosines36 {
		var sum float64
		for k, c := range &cosines36[i] {
			sum += c * x[k]
		}
		n := i + 9
		mirror, sign := 17-n, -1.0
		if n > 17 {
			mirror, sign = 53-n, 1
		}
		y[n] = sum * window[n]
		y[mirror] = sign * sum * window[mirror]
	}
}

// inverse12 writes the three windowed inverse transforms of 6 lines each, one
// after the other in steps of 6 samples.
func inverse12(x []float64, y *[36]float64) {
	clear(y[:])
	for w := range 3 {
		for i := range cosines12 {
			var sum float64
			for k, c := range &cosines12[i] {
				sum += c * x[3*k+w]
			}
			y[6+6*w+i] += sum * blockWindows[2][i]
		}
	}
}

// filter is what a channel remembers from one granule to the next.
type filter struct {
	overlap [32][18]float64 // of each subband
	v       [16][32]float64 // cosine transforms of the last 16 slots
	newest  int
}

// synthesize turns the lines of a granule into samples.
func (f *filter) synthesize(g *granule, x *[lines]float64, out []float64) {
	var slots [18][32]float64
	var y [36]float64
	long := 0 // subbands of long blocks in a mixed granule
	if g.mixed {
		for _, b := range g.bands {
			if b.window < 0 {
				long = (b.start + b.width) / 18
			}
		}
	}
	for s := range 32 {
		band := x[18*s : 18*s+18]
		zero := true
		for _, v := range band {
			zero = zero && v == 0
		}
		switch {
		case zero:
			clear(y[:])
		case g.short() && s >= long:
			inverse12(band, &y)
		case g.short():
			inverse36(band, &blockWindows[0], &y)
		default:
			inverse36(band, &blockWindows[g.block], &y)
		}
		for i := range 18 {
			v := y[i] + f.overlap[s][i]
			if s&i&1 == 1 { // odd subbands are mirrored
				v = -v
			}
			slots[i][s] = v
			f.overlap[s][i] = y[i+18]
		}
	}
	for i := range slots {
		f.polyphase(&slots[i], out[32*i:32*i+32])
	}
}

// window is the synthesis window D.
var window = func() (d [512]float64) {
	for i, v := range synthesisWindow {
		d[i] = float64(v) / (1 << 16)
		if i > 0 && i < 256 {
			d[512-i] = -d[i]
			if i%64 == 0 {
				d[512-i] = d[i]
			}
		}
	}
	return d
}()

// polyphase is the synthesis filter bank: one sample of each of 32 subbands in,
// 32 samples out. The 64 sums
//
//	V_i = Σ_k cos((16+i)·(2k+1)·π/64)·S_k
//
// are plus or minus those for 16+i = 0 … 31, a cosine transform, which is what
// is kept.
func (f *filter) polyphase(s *[32]float64, out []float64) {
	f.newest = (f.newest + 15) % 16
	cosineTransform(s[:], f.v[f.newest][:])
	clear(out)
	for age := range 16 {
		v := &f.v[(f.newest+age)%16]
		d := window[32*age : 32*age+32]
		if age%2 == 0 { // V_0 … V_31
			for j := range 16 {
				out[j] += d[j] * v[16+j]
			}
			for j := 17; j < 32; j++ {
				out[j] -= d[j] * v[48-j]
			}
		} else { // V_32 … V_63
			for j := range 17 {
				out[j] -= d[j] * v[16-j]
			}
			for j := 17; j < 32; j++ {
				out[j] -= d[j] * v[j-16]
			}
		}
	}
}

// halfSecants are 1/(2·cos((2i+1)·π/(2n))) for n = 2, 4 … 32, by log2 n.
var halfSecants = func() (t [6][16]float64) {
	for l := 1; l < len(t); l++ {
		for i := range 1 << l / 2 {
			t[l][i] = 0.5 / math.Cos(math.Pi*float64(2*i+1)/float64(int(2)<<l))
		}
	}
	return t
}()

// cosineTransform writes X_m = Σ_k x_k·cos(π·m·(2k+1)/(2n)) for n = len(x), a
// power of two up to 32, by halving: even m are the transform of x_k + x_(n-1-k),
// odd ones sums of neighbours in that of (x_k - x_(n-1-k))/(2·cos(π(2k+1)/(2n))).
func cosineTransform(x, dst []float64) {
	n := len(x)
	if n == 1 {
		dst[0] = x[0]
		return
	}
	l := 0
	for 1<<l < n {
		l++
	}
	var a, b, even, odd [16]float64
	half := n / 2
	for k := range half {
		a[k] = x[k] + x[n-1-k]
		b[k] = (x[k] - x[n-1-k]) * halfSecants[l][k]
	}
	cosineTransform(a[:half], even[:half])
	cosineTransform(b[:half], odd[:half])
	for m := range half {
		dst[2*m] = even[m]
		dst[2*m+1] = odd[m]
		if m+1 < half {
			dst[2*m+1] += odd[m+1]
		}
	}
}
