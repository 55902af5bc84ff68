package audio

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func noise(n int, r *rand.Rand) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 2*r.Float64() - 1
	}
	return x
}

func transform(t testing.TB, x []float64, o Options) *STFT {
	t.Helper()
	s, err := Transform(x, 8000, o)
	require.NoError(t, err)
	return s
}

// distance returns the largest difference of two signals.
func distance(t testing.TB, x, y []float64) (d float64) {
	t.Helper()
	require.Equal(t, len(x), len(y))
	for i, v := range x {
		d = math.Max(d, math.Abs(v-y[i]))
	}
	return d
}

func TestInverseUndoesTheTransform(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, size := range []int{2, 3, 4, 5, 6, 15, 16, 27, 30} {
		for hop := 1; hop <= size/2; hop++ {
			for n := 0; n <= 3*size; n++ {
				x := noise(n, r)
				s := transform(t, x, Options{Size: size, Hop: hop, Workers: 1})
				require.Less(t, distance(t, x, s.Inverse()), 1e-12, "size %d, hop %d, %d samples", size, hop, n)
			}
		}
	}
	for range 40 {
		size := GoodSize(2 + r.IntN(3000))
		hop := 1 + size/16 + r.IntN(size/2-size/16)
		x := noise(r.IntN(20000), r)
		s := transform(t, x, Options{Size: size, Hop: hop})
		require.Less(t, distance(t, x, s.Inverse()), 1e-12, "size %d, hop %d, %d samples", size, hop, len(x))
	}
}

func TestTransformIsItsFormula(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, o := range []Options{{Size: 8, Hop: 2}, {Size: 12, Hop: 5}, {Size: 15, Hop: 4}} {
		x := noise(37, r)
		s := transform(t, x, o)
		require.Equal(t, o.Size/2+1, s.Bins)
		m := s.Magnitude()
		require.Equal(t, []int{s.Bins, s.Frames}, []int{m.Rows, m.Cols})
		for k := range s.Frames {
			for f := range s.Bins {
				var want complex128
				for n := range o.Size {
					if i := k*o.Hop - o.Size/2 + n; i >= 0 && i < len(x) {
						g := 0.5 - 0.5*math.Cos(2*math.Pi*float64(n)/float64(o.Size))
						want += complex(g*x[i], 0) * cmplx.Exp(complex(0, -2*math.Pi*float64(f*n)/float64(o.Size)))
					}
				}
				require.InDelta(t, 0, cmplx.Abs(want-s.Frame(k)[f]), 1e-13)
				require.InDelta(t, cmplx.Abs(want), m.At(f, k), 1e-13)
			}
		}
	}
}

func TestNumberOfFrames(t *testing.T) {
	for n := range 200 {
		for hop := 1; hop <= 16; hop++ {
			frames := Options{Size: 32, Hop: hop}.frames(n)
			last := (frames - 1) * hop
			if hop <= 8 {
				assert.Equal(t, 1+n/hop, frames)
			} else {
				assert.Contains(t, []int{1 + n/hop, 2 + n/hop}, frames)
			}
			assert.LessOrEqual(t, n-1-last, 8, "%d samples, hop %d: the window is below 1/2 at the end", n, hop)
		}
	}
	s, err := Transform(make([]float64, 2469600), 22050, Options{})
	require.NoError(t, err)
	assert.Equal(t, []int{2048, 512, 1025, 4824}, []int{s.Size, s.Hop, s.Bins, s.Frames})
}

func TestEnergyOfAFrameIsThatOfItsSpectrum(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, size := range []int{64, 45} {
		x := noise(1000, r)
		s := transform(t, x, Options{Size: size})
		g := hann(size)
		for k := 3; k < s.Frames-3; k++ {
			var inTime, inBins float64
			for i, v := range g {
				v *= x[s.start(k)+i]
				inTime += v * v
			}
			for f, v := range s.Frame(k) {
				twice := 2.0
				if f == 0 || 2*f == size {
					twice = 1
				}
				inBins += twice * real(v*cmplx.Conj(v)) / float64(size)
			}
			require.InEpsilon(t, inTime, inBins, 1e-12)
		}
	}
}

func TestToneLandsInItsBin(t *testing.T) {
	const rate, size, bin, amplitude = 8000, 512, 37, 0.3
	x := make([]float64, 4000)
	for i := range x {
		x[i] = amplitude * math.Cos(2*math.Pi*bin*float64(i)/size+1)
	}
	s := transform(t, x, Options{Size: size})
	assert.Equal(t, float64(bin)*rate/size, s.Frequency(bin))
	assert.Equal(t, rate/2.0, s.Frequency(s.Bins-1))
	assert.Equal(t, 0.16, s.Time(10), "10 frames of 128 samples")
	m := s.Magnitude()
	for k := 4; k < s.Frames-4; k++ {
		for f := range s.Bins {
			want := map[int]float64{bin - 1: 0.5, bin: 1, bin + 1: 0.5}[f] * amplitude * size / 4
			require.InDelta(t, want, m.At(f, k), 1e-10, "bin %d, frame %d", f, k)
		}
	}
}

func TestTransformHasTheSameBitsForAnyNumberOfWorkers(t *testing.T) {
	x := noise(30000, rand.New(rand.NewPCG(13, 14)))
	var data []complex128
	var back []float64
	for workers := 1; workers <= 3; workers++ {
		s := transform(t, x, Options{Size: 480, Hop: 100, Workers: workers})
		y := s.Inverse()
		if workers > 1 {
			assert.True(t, slices.Equal(data, s.data), "transform with %d workers", workers)
			assert.True(t, slices.Equal(back, y), "inverse with %d workers", workers)
		}
		data, back = s.data, y
	}
}

func TestTransformAllTakesEveryChannel(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	sound := Sound{Rate: 8000, Channels: [][]float64{noise(500, r), noise(500, r), noise(500, r)}}
	all, err := TransformAll(sound, Options{Size: 64})
	require.NoError(t, err)
	require.Len(t, all, 3)
	for c, s := range all {
		assert.Less(t, distance(t, sound.Channels[c], s.Inverse()), 1e-12)
	}
	sound.Channels[2][7] = math.Inf(1)
	_, err = TransformAll(sound, Options{Size: 64})
	assert.ErrorContains(t, err, "channel 2: sample 7 is +Inf")
}

func TestTransformRefuses(t *testing.T) {
	fine := make([]float64, 100)
	for _, c := range []struct {
		x    []float64
		rate int
		o    Options
		is   error
		says string
	}{
		{fine, 0, Options{}, ErrOption, "rate 0 Hz"},
		{fine, 8000, Options{Size: 1}, ErrOption, "size 1"},
		{fine, 8000, Options{Size: -8}, ErrOption, "size -8"},
		{fine, 8000, Options{Size: 1<<24 + 2}, ErrOption, "outside"},
		{fine, 8000, Options{Size: 2047}, ErrOption, "the next size that has none is 2048"},
		{fine, 8000, Options{Size: 7}, ErrOption, "the next size that has none is 8"},
		{fine, 8000, Options{Size: 64, Hop: 33}, ErrOption, "hop 33 is outside [1, 32]"},
		{fine, 8000, Options{Size: 64, Hop: -1}, ErrOption, "hop -1"},
		{fine, 8000, Options{Workers: -1}, ErrOption, "workers -1"},
		{[]float64{0, math.NaN()}, 8000, Options{}, ErrData, "sample 1 is NaN"},
		{[]float64{math.Inf(-1)}, 8000, Options{}, ErrData, "sample 0 is -Inf"},
		{[]float64{1e301}, 8000, Options{}, ErrData, "1e+301"},
	} {
		_, err := Transform(c.x, c.rate, c.o)
		assert.ErrorIs(t, err, c.is, c.says)
		assert.ErrorContains(t, err, c.says)
	}
}

func TestHugeAndTinySamplesStayFinite(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	for _, scale := range []float64{1e300, 1e-300, 5e-324} {
		x := noise(600, r)
		for i := range x {
			x[i] *= scale
		}
		s := transform(t, x, Options{Size: 64})
		for _, v := range s.Magnitude().Data {
			require.False(t, math.IsInf(v, 0) || math.IsNaN(v))
		}
		if scale != 5e-324 {
			assert.Less(t, distance(t, x, s.Inverse())/scale, 1e-12)
		}
	}
}

func TestDefaultSizeIsAbout93Milliseconds(t *testing.T) {
	for rate, want := range map[int]int{1: 8, 8000: 512, 11025: 1024, 22050: 2048, 44100: 4096, 48000: 4096, 96000: 8192, math.MaxInt32: 1 << 24} {
		assert.Equal(t, want, DefaultSize(rate), rate)
	}
}

func TestGoodSizesHaveSmallPrimeFactors(t *testing.T) {
	for n, want := range map[int]int{-3: 1, 0: 1, 1: 1, 7: 8, 11: 12, 13: 15, 30: 30, 1997: 2000, 2047: 2048, 2205: 2250, 4099: 4320} {
		assert.Equal(t, want, GoodSize(n), n)
	}
}

func BenchmarkTransform(b *testing.B) {
	x := noise(10*22050, rand.New(rand.NewPCG(19, 20)))
	for b.Loop() {
		if _, err := Transform(x, 22050, Options{Workers: 1}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N)/float64(1+len(x)/512), "µs/frame")
}
