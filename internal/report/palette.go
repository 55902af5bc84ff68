package report

import (
	"fmt"
	"html/template"
	"image/color"
	"math"
	"strings"
)

// Palettes are nine equally spaced colours of the maps magma and viridis, which
// S. van der Walt and N. Smith gave to the public domain (CC0). Lightness rises
// evenly in both, so they read in print and with any colour vision.
var (
	magma   = newPalette(0x000004, 0x1d1147, 0x51127c, 0x822681, 0xb63679, 0xe65164, 0xfb8861, 0xfec287, 0xfcfdbf)
	viridis = newPalette(0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21918c, 0x28ae80, 0x5ec962, 0xaddc30, 0xfde725)
)

// shades is the number of colours in an image: enough for the eye, and few
// enough for small files.
const shades = 80

// newPalette interpolates between equally spaced colours.
func newPalette(stops ...uint32) color.Palette {
	p := make(color.Palette, shades)
	for i := range p {
		at := float64(i) / (shades - 1) * float64(len(stops)-1)
		k := min(int(at), len(stops)-2)
		mix := func(shift uint) uint8 {
			from, to := float64(stops[k]>>shift&255), float64(stops[k+1]>>shift&255)
			return uint8(math.Round(from + (at-float64(k))*(to-from)))
		}
		p[i] = color.RGBA{mix(16), mix(8), mix(0), 255}
	}
	return p
}

// shade returns the colour of v on a scale from 0 to 1.
func shade(v float64) uint8 {
	return uint8(math.Round(math.Max(0, math.Min(v, 1)) * (shades - 1)))
}

// gradient returns the palette as a background for the style of a colour scale.
func gradient(p color.Palette) template.CSS {
	const steps = 10
	var stops []string
	for i := range steps + 1 {
		stops = append(stops, hex(p[i*(len(p)-1)/steps]))
	}
	return template.CSS("linear-gradient(to right," + strings.Join(stops, ",") + ")")
}

// hex returns an opaque colour in the notation of style sheets.
func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
