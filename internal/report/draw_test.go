package report

import (
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"polyad/matrix"
)

func TestNumbersAreShort(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", 48210: "48210", 999999: "999999", 1e6: "1×10⁶", 12345678: "1.235×10⁷", 0.5: "0.5", 0.00123456: "0.001235",
		0.00099996: "0.001", 0.0001234: "1.234×10⁻⁴", 27.5: "27.5", 27.12345: "27.12", 999.96: "1000", 12345.678: "12346", -0.25: "−0.25",
		-1e-300: "−1×10⁻³⁰⁰", 999999.4: "999999", 1.7976931348623157e308: "1.798×10³⁰⁸", 5e-324: "4.941×10⁻³²⁴",
	} {
		assert.Equal(t, want, Number(v))
	}
	for s, want := range map[float64]string{0: "0 s", 0.01234: "0.0123 s", 7.25: "7.25 s", 59.94: "59.9 s", 59.99: "1:00", 112.4: "1:52", 3727: "1:02:07"} {
		assert.Equal(t, want, Clock(s))
	}
	for s, want := range map[float64]string{-1: "0:00", 0: "0:00", 7.25: "0:07", 59.6: "1:00", 3599.7: "1:00:00"} {
		assert.Equal(t, want, Moment(s))
	}
	for part, want := range map[float64]string{0: "0 %", 1: "100 %", 0.2344: "23.4 %", 0.00123: "0.123 %", 1e-9: "< 0.01 %"} {
		assert.Equal(t, want, Percent(part))
	}
}

// checkSpan requires ticks that rise inside the span, with distinct labels, and
// not too many of them.
func checkSpan(t *testing.T, s span, most int) {
	t.Helper()
	require.Less(t, s.lo, s.hi)
	require.False(t, math.IsInf(s.hi-s.lo, 0))
	assert.LessOrEqual(t, len(s.ticks), most)
	seen := map[string]bool{}
	for i, k := range s.ticks {
		assert.True(t, s.lo <= k.Value && k.Value <= s.hi, "%v in [%v, %v]", k.Value, s.lo, s.hi)
		assert.False(t, seen[k.Label], "%q twice in [%v, %v]", k.Label, s.lo, s.hi)
		assert.NotEqual(t, "−0", k.Label)
		seen[k.Label] = true
		if i > 0 {
			assert.Greater(t, k.Value, s.ticks[i-1].Value)
		}
	}
}

func FuzzTicksRiseInsideTheAxis(f *testing.F) {
	for _, v := range [][2]float64{{0, 0}, {0, 1}, {0, 500}, {1e6, 1000001}, {-3, 7}, {1e-320, 1e-310}, {1e307, 1e308}, {0.1, 0.11}, {-0.01, 112}, {3, 4000}, {0, 1e5}, {99, 101}, {0, 1e300}} {
		f.Add(v[0], v[1])
	}
	f.Fuzz(func(t *testing.T, lo, hi float64) {
		if !finite(lo) || !finite(hi) || lo > hi {
			return
		}
		s := linear(lo, hi, 6)
		checkSpan(t, s, 8)
		assert.GreaterOrEqual(t, len(s.ticks), 2)
		if lo > 0 {
			checkSpan(t, logarithmic(lo, hi, 7, Number), 8)
		}
		if hi > 1e-9 && hi < 1e9 {
			checkSpan(t, seconds(-hi/1000, hi, 12), 14)
			checkSpan(t, hertz(hi/500, hi, 10, true), 11)
		}
	})
}

func TestAxesOfTimeReadAsClocks(t *testing.T) {
	labels := func(s span) (l []string) {
		for _, k := range s.ticks {
			l = append(l, k.Label)
		}
		return l
	}
	assert.Equal(t, []string{"0:00", "0:30", "1:00", "1:30"}, labels(seconds(0, 112, 4)))
	assert.Equal(t, []string{"0 s", "2 s", "4 s", "6 s"}, labels(seconds(-0.01, 7, 4)))
	assert.Equal(t, []string{"100 Hz", "200 Hz", "500 Hz", "1 kHz", "2 kHz"}, labels(hertz(90, 2500, 9, true)))
	assert.Equal(t, []string{"100", "1k", "10k"}, labels(hertz(90, 11025, 3, false)))
	assert.Equal(t, []string{"0", "5", "10"}, labels(indices(50))[:3])
	assert.Equal(t, []string{"0", "1", "2"}, labels(indices(3)))
	assert.Equal(t, []string{"0"}, labels(indices(1)))
	assert.Equal(t, []string{"0", "2×10⁶", "4×10⁶"}, labels(linear(0, 4.5e6, 3)))
}

func TestPoolingKeepsPeaks(t *testing.T) {
	curve := make(plotter.XYs, 10007)
	for i := range curve {
		curve[i].X = float64(i)
	}
	curve[1234].Y, curve[8765].Y = 5, -7
	hi := float64(len(curve) - 1)

	thin := extremes(curve, 0, hi, 100)
	assert.LessOrEqual(t, len(thin), 201)
	assert.Contains(t, thin, plotter.XY{X: 1234, Y: 5})
	assert.Contains(t, thin, plotter.XY{X: 8765, Y: -7})
	assert.Equal(t, curve[0], thin[0])
	assert.Equal(t, curve[len(curve)-1], thin[len(thin)-1])

	top := envelope(curve, 0, hi, 100)
	assert.LessOrEqual(t, len(top), 100)
	assert.Contains(t, top, plotter.XY{X: 1234, Y: 5})
	for _, c := range []plotter.XYs{thin, top} {
		for i := 1; i < len(c); i++ {
			assert.Greater(t, c[i].X, c[i-1].X)
		}
	}

	x := matrix.New[float64](2, 10007)
	x.Set(0, 1234, 5)
	x.Set(1, 10006, 3)
	y := poolColumns(x, 100)
	assert.Equal(t, 100, y.Cols)
	assert.Equal(t, 5.0, y.At(0, 1234*100/10007))
	assert.Equal(t, 3.0, y.At(1, 99))
	assert.Same(t, x, poolColumns(x, 10007))
}

// pixels returns the image that p draws.
func pixels(t *testing.T, p *plotter.Image) *image.Paletted {
	t.Helper()
	var got image.Image
	p.Plot(recorder(&got), newPlot())
	img, ok := got.(*image.Paletted)
	require.True(t, ok)
	return img
}

func TestSpectrogramPutsATonedBinAtItsFrequency(t *testing.T) {
	const binHz = 22050.0 / 2048
	for _, bin := range []int{10, 93, 400, 1000} {
		x := matrix.New[float64](1025, 50)
		for c := range x.Cols {
			x.Set(bin, c, 2)
			x.Set(500, c, max(x.At(500, c), 0.02)) // 40 dB below
		}
		lo, hi := audible(x.Rows, binHz)
		band := hertz(lo, hi, 10, true)
		img := pixels(t, spectrogram(x, binHz, 0, 1, band))
		row := func(hz float64) int {
			return int((1 - band.at(math.Log10(hz))) * float64(img.Bounds().Dy()))
		}
		assert.EqualValues(t, shades-1, img.ColorIndexAt(0, row(float64(bin)*binHz)), bin)
		assert.InDelta(t, (shades-1)/2.0, float64(img.ColorIndexAt(0, row(500*binHz))), 1, bin)
		assert.EqualValues(t, 0, img.ColorIndexAt(0, row(5*binHz)), bin)
	}
}

func TestHeatMapScalesEachRow(t *testing.T) {
	img := pixels(t, heat(matrix.Of(3, 2, []float64{1, 2, 0, 0, 100, 0}), 0, 1, viridis))
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	at := func(i, j int) uint8 { return img.ColorIndexAt((2*j+1)*w/4, (2*i+1)*h/6) }
	assert.EqualValues(t, []uint8{40, 79, 0, 0, 79, 0}, []uint8{at(0, 0), at(0, 1), at(1, 0), at(1, 1), at(2, 0), at(2, 1)})
}

func TestPalettesBecomeLighterEvenly(t *testing.T) {
	for _, p := range []color.Palette{magma, viridis} {
		last := -1.0
		for _, c := range p {
			r, g, b, _ := c.RGBA()
			light := 0.2126*float64(r) + 0.7152*float64(g) + 0.0722*float64(b)
			assert.Greater(t, light, last)
			last = light
		}
	}
	assert.Equal(t, "#000004", hex(magma[0]))
	assert.Equal(t, "#fde725", hex(viridis[shades-1]))
	assert.True(t, strings.HasSuffix(string(gradient(viridis)), ",#fde725)"))
}

func TestSharesOfTheModelSumToOne(t *testing.T) {
	w := matrix.Of(2, 3, []float64{1, 2, 0, 3, 2, 0}) // columns of W as columns
	h := matrix.Of(3, 2, []float64{1, 1, 2, 1, 5, 5})
	assert.InDeltaSlice(t, []float64{0.4, 0.6, 0}, modelShares(w.Transpose(), h), 1e-15)
}

// newPlot returns a plot over the unit square, recorder a canvas that keeps the
// last image drawn on it.
func newPlot() *plot.Plot {
	p := plot.New()
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	return p
}

func recorder(img *image.Image) draw.Canvas {
	return draw.NewCanvas(imageCanvas{Canvas: vgsvg.New(100, 100), img: img}, 100, 100)
}

type imageCanvas struct {
	vg.Canvas
	img *image.Image
}

func (c imageCanvas) DrawImage(_ vg.Rectangle, img image.Image) { *c.img = img }
