package report

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Sizes of figures in units of their own; a figure is scaled to the column of
// the page it stands in. A wide one takes the whole page, a half one half.
const (
	wide, half  = 900.0, 440.0
	marginLeft  = 76.0
	marginRight = 22.0
	marginTop   = 8.0
	fontSize    = 12.0
)

// Colours of figures. They are stand-ins, which svg replaces by the names of
// colours in the style sheet, so that figures follow the colour scheme.
var (
	inkAxis = color.RGBA{0, 0, 1, 255}
	inkGrid = color.RGBA{0, 0, 2, 255}
	ink1    = color.RGBA{0, 0, 17, 255} // blue
	ink2    = color.RGBA{0, 0, 18, 255} // orange
	ink3    = color.RGBA{0, 0, 19, 255} // green
)

// tidy turns what vgsvg writes into what is fit to stand inside a page.
var tidy = strings.NewReplacer(
	"#000001", "var(--axis)", "#000002", "var(--grid)",
	"#000011", "var(--c1)", "#000012", "var(--c2)", "#000013", "var(--c3)",
	"<image ", `<image preserveAspectRatio="none" `,
	"xlink:href", "href", "data:image/jpg;", "data:image/png;",
)

// figure is a picture: layers over two axes. Its data area always begins and
// ends at the same places, so figures of one width and one x axis are aligned.
type figure struct {
	width, height float64
	alt           string // what the picture shows, for those who do not see it
	x, y          span
	grid          bool
	layers        []plot.Plotter
}

// dataWidth returns the width of the data area.
func (f *figure) dataWidth() float64 { return f.width - marginLeft - marginRight }

func (f *figure) bottom() float64 {
	switch {
	case f.x.label != "":
		return 38
	case len(f.x.ticks) > 0:
		return 22
	}
	return 6
}

// line adds a curve; dashed where it must be told from another one without
// colours.
func (f *figure) line(curve plotter.XYs, c color.Color, dashed bool) {
	l := &plotter.Line{XYs: curve, LineStyle: draw.LineStyle{Color: c, Width: 1.8}}
	if dashed {
		l.Dashes = []vg.Length{5, 3}
	}
	f.layers = append(f.layers, l)
}

// dots adds a dot for each point.
func (f *figure) dots(curve plotter.XYs, c color.Color) {
	f.layers = append(f.layers, &plotter.Scatter{XYs: curve, GlyphStyle: draw.GlyphStyle{Color: c, Radius: 2.6, Shape: draw.CircleGlyph{}}})
}

// area adds the area between a curve and a base line. A curve of one point is
// drawn as a line of width reach around it.
func (f *figure) area(curve plotter.XYs, base, reach float64, c color.Color) {
	if len(curve) == 0 {
		return
	}
	if len(curve) == 1 {
		p := curve[0]
		curve = plotter.XYs{{X: p.X - reach/2, Y: p.Y}, {X: p.X + reach/2, Y: p.Y}}
	}
	ring := make(plotter.XYs, 0, len(curve)+2)
	ring = append(ring, plotter.XY{X: curve[0].X, Y: base})
	for i, p := range curve {
		// Of several points on the base line the first and the last will do.
		if p.Y == base && i > 0 && i+1 < len(curve) && curve[i-1].Y == base && curve[i+1].Y == base {
			continue
		}
		ring = append(ring, p)
	}
	ring = append(ring, plotter.XY{X: curve[len(curve)-1].X, Y: base})
	f.layers = append(f.layers, &plotter.Polygon{XYs: []plotter.XYs{ring}, Color: c})
}

// bar adds a bar from 0 to y.
func (f *figure) bar(x, width, y float64, c color.Color) {
	f.layers = append(f.layers, &plotter.Polygon{XYs: []plotter.XYs{{
		{X: x - width/2, Y: 0}, {X: x - width/2, Y: y}, {X: x + width/2, Y: y}, {X: x + width/2, Y: 0},
	}}, Color: c})
}

// svg draws the figure.
func (f *figure) svg() (template.HTML, error) {
	p := plot.New()
	p.BackgroundColor = nil
	if f.grid {
		thin := draw.LineStyle{Color: inkGrid, Width: 1}
		p.Add(&plotter.Grid{Vertical: thin, Horizontal: thin})
	}
	p.Add(f.layers...)
	words := &labels{Plain: text.Plain{Fonts: font.DefaultCache}, height: f.height}
	styleAxis(&p.X, f.x, words)
	styleAxis(&p.Y, f.y, words)

	canvas := vgsvg.New(vg.Length(f.width), vg.Length(f.height))
	p.Draw(f.place(p, draw.New(canvas)))
	var drawn bytes.Buffer
	if _, err := canvas.WriteTo(&drawn); err != nil {
		return "", fmt.Errorf("drawing %q: %w", f.alt, err)
	}
	_, body, found := strings.Cut(drawn.String(), "<g ") // behind the head of an SVG file
	body, closed := strings.CutSuffix(body, "</svg>\n")
	if !found || !closed {
		return "", fmt.Errorf("%w: drawing %q gave no picture", ErrPage, f.alt)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="plot" viewBox="0 0 %g %g" role="img" aria-label="%s">`, f.width, f.height, template.HTMLEscapeString(f.alt))
	b.WriteString("\n<g ")
	b.WriteString(tidy.Replace(body))
	b.WriteString(words.svg.String())
	b.WriteString("</svg>")
	return template.HTML(b.String()), nil
}

// labels collects the text of a figure as SVG. Unlike the canvas, which shifts a
// text by its width in a font of its own, it leaves the alignment to the browser,
// who knows the font.
type labels struct {
	text.Plain
	height float64
	svg    strings.Builder
}

// Draw implements text.Handler for a single line.
func (l *labels) Draw(_ vg.Canvas, line string, style text.Style, at vg.Point) {
	anchor := "start"
	switch style.XAlign {
	case draw.XCenter:
		anchor = "middle"
	case draw.XRight:
		anchor = "end"
	}
	base := at.Y + style.Height(line)*vg.Length(style.YAlign) - style.FontExtents().Ascent + style.Font.Size
	fmt.Fprintf(&l.svg, "<text x=\"%.5g\" y=\"%.5g\" text-anchor=\"%s\">%s</text>\n", at.X.Points(), l.height-base.Points(), anchor, template.HTMLEscapeString(line))
}

// place returns the canvas in which p has its data area where it belongs. Labels
// near the ends move the data area, hence the repetitions.
func (f *figure) place(p *plot.Plot, c draw.Canvas) draw.Canvas {
	left, right := vg.Length(marginLeft), vg.Length(f.width-marginRight)
	bottom, top := vg.Length(f.bottom()), vg.Length(f.height-marginTop)
	for range 3 {
		d := p.DataCanvas(c)
		c.Min.X += left - d.Min.X
		c.Max.X += right - d.Max.X
		c.Min.Y += bottom - d.Min.Y
		c.Max.Y += top - d.Max.Y
	}
	return c
}

func styleAxis(a *plot.Axis, s span, words text.Handler) {
	a.Min, a.Max = s.lo, s.hi
	a.Padding = 0
	a.LineStyle = draw.LineStyle{Color: inkAxis, Width: 1}
	a.Tick.LineStyle = a.LineStyle
	a.Tick.Length = 4
	a.Tick.Label.Handler = words
	a.Tick.Label.Font = font.From(plot.DefaultFont, fontSize)
	a.Tick.Marker = plot.ConstantTicks(s.ticks)
	a.Label.Text = s.label
	a.Label.Padding = 2
	a.Label.TextStyle.Handler = words
	a.Label.TextStyle.Font = font.From(plot.DefaultFont, fontSize)
}
