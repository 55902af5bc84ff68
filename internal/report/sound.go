package report

import (
	"fmt"
	"html/template"
	"math"

	"gonum.org/v1/plot/plotter"

	"polyad/matrix"
)

// spectrumFloor is the lowest level of the picture of a component's spectrum, in
// decibels.
const spectrumFloor = -60.0

// card is a component as audio.html shows it.
type card struct {
	Component
	Peaks                []string
	Share                string
	Width                float64 // of the bar of Share, in percent
	StemURL              string
	SpectrumSVG, TimeSVG template.HTML
}

// timeAxis returns the time axis that all pictures of a page share: half a frame
// before the first centre to half a frame behind the last.
func (p AudioPage) timeAxis() span {
	_, frames := p.size()
	return seconds(-p.FrameSeconds/2, (float64(frames)-0.5)*p.FrameSeconds, 12)
}

func spectrogramFigure(p AudioPage) (template.HTML, error) {
	lo, hi := audible(p.Spectrogram.Rows, p.BinHz)
	f := &figure{width: wide, height: 330, alt: "spectrogram of the recording, frequency against time"}
	f.x, f.y = p.timeAxis(), hertz(lo, hi, 12, true)
	f.layers = append(f.layers, spectrogram(p.Spectrogram, p.BinHz, f.x.lo, f.x.hi, f.y))
	return f.svg()
}

// activationsFigure draws all activations, a row per component.
func activationsFigure(p AudioPage) (template.HTML, error) {
	_, frames := p.size()
	x := matrix.New[float64](len(p.Components), frames)
	numbers := make([]int, x.Rows)
	for i, c := range p.Components {
		copy(x.Row(i), c.Activation)
		numbers[i] = c.Index
	}
	f := &figure{width: wide, height: rowsHeight(x.Rows), alt: "activations of all components against time"}
	f.x, f.y = p.timeAxis(), components(numbers, f.height)
	f.layers = append(f.layers, heat(x, f.x.lo, f.x.hi, magma))
	return f.svg()
}

func newCard(p AudioPage, c Component) (card, error) {
	v := card{Component: c, Share: Percent(c.EnergyShare), Width: 100 * min(1, c.EnergyShare), StemURL: link(c.Stem)}
	for i, hz := range c.Peaks {
		text := Number(roundTo(hz, 4)) + " Hz"
		if len(c.Notes) > 0 && c.Notes[i] != "" {
			text += " (" + c.Notes[i] + ")"
		}
		v.Peaks = append(v.Peaks, text)
	}
	var err error
	if v.SpectrumSVG, err = spectrumFigure(p, c); err != nil {
		return v, err
	}
	v.TimeSVG, err = activationFigure(p, c)
	return v, err
}

// spectrumFigure draws a spectrum in decibels below its largest value over the
// logarithm of frequency, with the peaks marked.
func spectrumFigure(p AudioPage, c Component) (template.HTML, error) {
	lo, hi := audible(len(c.Spectrum), p.BinHz)
	f := &figure{width: half, height: 170, grid: true, alt: fmt.Sprintf("spectrum of component %d in decibels", c.Index)}
	f.x, f.y = hertz(lo, hi, 10, false), linear(spectrumFloor, 0, 4)
	f.y.hi = 3
	var curve plotter.XYs
	top := largest(c.Spectrum)
	for k, v := range c.Spectrum {
		at := math.Log10(math.Max(float64(k)*p.BinHz, lo/2))
		curve = append(curve, plotter.XY{X: at, Y: level(v, top)})
	}
	curve = clipLeft(curve, f.x)
	f.area(envelope(curve, f.x.lo, f.x.hi, curvePoints(len(p.Components))), spectrumFloor, f.x.hi-f.x.lo, ink1)
	for _, hz := range c.Peaks {
		if at := math.Log10(math.Max(hz, 1e-300)); at > f.x.lo && at < f.x.hi {
			below := min(int(hz/p.BinHz), len(c.Spectrum)-1)
			above := min(below+1, len(c.Spectrum)-1)
			f.dots(plotter.XYs{{X: at, Y: level(max(c.Spectrum[below], c.Spectrum[above]), top)}}, ink2)
		}
	}
	return f.svg()
}

// level returns v in decibels below top, at least spectrumFloor.
func level(v, top float64) float64 {
	if v <= 0 {
		return spectrumFloor
	}
	return math.Max(spectrumFloor, 20*math.Log10(v/top))
}

// clipLeft drops the points of a curve left of the axis, putting one on its edge
// where the curve crosses it.
func clipLeft(curve plotter.XYs, s span) plotter.XYs {
	k := 0
	for k < len(curve) && curve[k].X < s.lo {
		k++
	}
	if k == len(curve) {
		last := curve[k-1]
		return plotter.XYs{{X: s.lo, Y: last.Y}, {X: s.hi, Y: last.Y}}
	}
	curve = curve[max(0, k-1):]
	if k > 0 {
		a, b := curve[0], curve[1]
		curve[0] = plotter.XY{X: s.lo, Y: a.Y + (b.Y-a.Y)*(s.lo-a.X)/(b.X-a.X)}
	}
	for i := range curve {
		curve[i].X = within(curve[i].X, s)
	}
	return curve
}

// activationFigure draws an activation as a part of its largest value.
func activationFigure(p AudioPage, c Component) (template.HTML, error) {
	f := &figure{width: wide, height: 110, grid: true, alt: fmt.Sprintf("activation of component %d against time", c.Index)}
	f.x, f.y = p.timeAxis(), linear(0, 1, 2)
	f.y.hi = 1.04
	top := largest(c.Activation)
	curve := make(plotter.XYs, len(c.Activation))
	for t, v := range c.Activation {
		curve[t].X = float64(t) * p.FrameSeconds
		if top > 0 {
			curve[t].Y = v / top
		}
	}
	f.area(envelope(curve, f.x.lo, f.x.hi, curvePoints(len(p.Components))), 0, p.FrameSeconds, ink1)
	return f.svg()
}
