package report

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"polyad/matrix"
	"polyad/solver"
)

func TestAnyTraceCanBeDrawn(t *testing.T) {
	constant := solver.Trace{{Loss: 3, RelError: 0.5}, {Iter: 1, Loss: 3, RelError: 0.5}}
	for name, trace := range map[string]solver.Trace{
		"none":            nil,
		"one point":       {{Loss: 5, RelError: 1}},
		"one zero point":  {{}},
		"constant":        constant,
		"zeros":           {{}, {Iter: 1}, {Iter: 2}},
		"to zero":         {{Loss: 5, RelError: 1}, {Iter: 1, Seconds: 1}},
		"negative":        {{Loss: -5, RelError: 1}, {Iter: 1, Loss: -7, Seconds: 1}},
		"tiny":            {{Loss: 5e-320, RelError: 1e-300}, {Iter: 1, Loss: 5e-324, RelError: 1e-320, Seconds: 1e-300}},
		"huge":            {{Loss: 1e308, RelError: 1}, {Iter: math.MaxInt32, Loss: 1e307, RelError: 1e-16, Seconds: 1e300}},
		"whole range":     {{Loss: math.MaxFloat64, RelError: 1}, {Iter: 1, Loss: 5e-324, RelError: 1e-16, Seconds: 1}},
		"hardly moving":   {{Loss: 1 + 1e-15, RelError: 1}, {Iter: 1, Loss: 1, RelError: 1}},
		"no time between": {{Loss: 9, RelError: 1, Seconds: 2}, {Iter: 1, Loss: 8, RelError: 1, Seconds: 2}},
		"late start":      {{Loss: 9, RelError: 1, Iter: 1e6, Seconds: 2}, {Iter: 1e6 + 1, Loss: 8, RelError: 1, Seconds: 2.1}},
		"long":            falling(100000),
	} {
		t.Run(name, func(t *testing.T) {
			page := nmfPage(t, NMFPage{Trace: trace})
			assert.Equal(t, len(trace) > 0, strings.Contains(page, `<svg class="plot"`))
			assert.Less(t, len(page), 400_000)
		})
	}
}

func TestFactorsOfAnySizeCanBeDrawn(t *testing.T) {
	for _, s := range [][3]int{{1, 1, 1}, {1, 1, 3}, {5, 7, 1}, {40, 2000, 1}, {3, 5, 60}, {200, 100, 60}, {50, 50, 300}, {1501, 1499, 2}} {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			p := blocks(s[0], s[1], s[2])
			p.Pruned = []int{0}
			page := nmfPage(t, p)
			assert.Equal(t, 2, strings.Count(page, "data:image/png;base64,"))
			p.W.Zero()
			p.H.Zero()
			clear(p.Beta)
			p.Penalty = map[string]float64{"w": 0, "h": 0}
			nmfPage(t, p)
			p.Beta, p.Penalty = nil, nil
			hasNot(t, nmfPage(t, p), "Penalties and balance")
		})
	}
}

func TestExtremeFactorsCanBeDrawn(t *testing.T) {
	for _, v := range []float64{5e-324, 1e-300, 1e300, math.MaxFloat64} {
		p := blocks(50, 60, 3)
		for i := range p.W.Data {
			p.W.Data[i] = v
		}
		for i := range p.H.Data {
			p.H.Data[i] = v
		}
		p.Beta = []float64{v, 0, v}
		p.Penalty = map[string]float64{"w": v, "h": v}
		page := nmfPage(t, p)
		has(t, page, "33.3 %") // of the model
		has(t, page, "50 %")   // of the penalties
	}
}

func TestViewsCanBeDrawn(t *testing.T) {
	p := blocks(12, 14, 5)
	whole := nmfPage(t, p)
	roomy := matrix.New[float64](20, 20)
	for i := range roomy.Data {
		roomy.Data[i] = 99
	}
	w := roomy.View(3, 4, 12, 5)
	w.Copy(p.W)
	p.W = w
	assert.True(t, whole == nmfPage(t, p))
}

func TestRecordingsOfAnySizeCanBeDrawn(t *testing.T) {
	for _, s := range [][3]int{{1, 1, 1}, {1, 50, 2}, {50, 1, 2}, {2, 2, 60}, {1025, 3, 1}, {3, 3000, 1}, {257, 400, 60}, {4097, 10, 0}} {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			p := notes(s[0], s[1], s[2])
			page := audioPage(t, p)
			assert.Equal(t, s[2], strings.Count(page, `<article class="card"`))
			p.Spectrogram.Zero()
			for i := range p.Components {
				clear(p.Components[i].Spectrum)
				clear(p.Components[i].Activation)
				p.Components[i].EnergyShare = 0
				p.Components[i].Peaks, p.Components[i].Notes, p.Components[i].Stem = nil, nil, ""
			}
			audioPage(t, p)
			p.Spectrogram = nil
			audioPage(t, p)
		})
	}
}

func TestGeometryOfAnySizeCanBeDrawn(t *testing.T) {
	for _, v := range []float64{1e-300, 1e-9, 0.01, 40, 1e5, 1e300} {
		p := notes(9, 11, 2)
		p.FrameSeconds = v
		audioPage(t, p)
		p = notes(9, 11, 2)
		p.BinHz = v
		audioPage(t, p)
	}
	p := notes(9, 11, 2)
	p.Components[0].Peaks, p.Components[0].Notes = []float64{0, 1e-300, 1e300, 20}, nil
	audioPage(t, p)
}
