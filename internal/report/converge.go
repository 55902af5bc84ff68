package report

import (
	"fmt"
	"html/template"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"polyad/solver"
)

// maxCurve is the largest number of points of a curve in a page.
const maxCurve = 1500

// convergence is the section about a trace.
type convergence struct {
	Panels    []template.HTML
	Penalized bool // loss and objective differ
	Summary   string
}

// newConvergence draws a trace: objective and loss, and the relative error,
// against sweeps and against seconds. It returns nil for an empty trace.
func newConvergence(t solver.Trace) (*convergence, error) {
	if len(t) == 0 {
		return nil, nil
	}
	c := &convergence{Summary: summary(t)}
	for _, p := range t {
		c.Penalized = c.Penalized || p.Penalty != 0
	}
	objective := series{get: solver.Point.Objective, color: ink1}
	loss := series{get: func(p solver.Point) float64 { return p.Loss }, color: ink2, dashed: true}
	relative := series{get: func(p solver.Point) float64 { return p.RelError }, color: ink3}
	upper, name := []series{objective}, "objective"
	if c.Penalized {
		upper, name = []series{objective, loss}, "objective and loss"
	}
	sweeps := func(p solver.Point) float64 { return float64(p.Iter) }
	clock := func(p solver.Point) float64 { return p.Seconds }
	for _, p := range []struct {
		what string
		x    func(solver.Point) float64
		name string
		y    []series
	}{
		{name, sweeps, "sweeps", upper}, {name, clock, "seconds", upper},
		{"relative error", sweeps, "sweeps", []series{relative}}, {"relative error", clock, "seconds", []series{relative}},
	} {
		svg, err := panel(t, p.what, p.name, p.x, p.y)
		if err != nil {
			return nil, err
		}
		c.Panels = append(c.Panels, svg)
	}
	return c, nil
}

// summary says in a sentence how far a run came.
func summary(t solver.Trace) string {
	first, last := t[0], t.Last()
	if len(t) == 1 {
		return fmt.Sprintf("Only the starting point was evaluated: objective %s, relative error %s.", Number(first.Objective()), Number(last.RelError))
	}
	sweeps := "sweeps"
	if last.Iter == 1 {
		sweeps = "sweep"
	}
	return fmt.Sprintf("In %s %s and %s the objective went from %s to %s and the relative error from %s to %s.",
		Number(float64(last.Iter)), sweeps, Clock(last.Seconds), Number(first.Objective()), Number(last.Objective()), Number(first.RelError), Number(last.RelError))
}

// series is a curve over the points of a trace.
type series struct {
	get    func(solver.Point) float64
	color  color.Color
	dashed bool
}

// panel draws curves over one x axis. The y axis is logarithmic where all values
// are positive and they differ by more than a factor of 4; below that the two
// scales look the same, and a linear one has better labels.
func panel(t solver.Trace, what, xName string, x func(solver.Point) float64, curves []series) (template.HTML, error) {
	xLo, xHi := math.Inf(1), math.Inf(-1)
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, p := range t {
		xLo, xHi = math.Min(xLo, x(p)), math.Max(xHi, x(p))
		for _, c := range curves {
			lo, hi = math.Min(lo, c.get(p)), math.Max(hi, c.get(p))
		}
	}
	f := &figure{width: half, height: 230, grid: true, alt: fmt.Sprintf("%s against %s", what, xName)}
	f.x = linear(math.Min(0, xLo), xHi, 6)
	f.x.label = xName
	if xName == "sweeps" {
		f.x.ticks = slices.DeleteFunc(f.x.ticks, func(t plot.Tick) bool { return t.Value != math.Trunc(t.Value) })
	}
	transform := func(v float64) float64 { return v }
	if lo > 0 && hi/4 > lo {
		transform = math.Log10
		f.y = logarithmicWithRoom(lo, hi)
	} else {
		f.y = linear(lo-0.04*(hi-lo), hi+0.04*(hi-lo), 5)
		f.y.ticks = notBelow(f.y.ticks, math.Min(lo, 0))
	}
	for _, c := range curves {
		points := make(plotter.XYs, len(t))
		for i, p := range t {
			points[i] = plotter.XY{X: within(x(p), f.x), Y: within(transform(c.get(p)), f.y)}
		}
		points = extremes(points, f.x.lo, f.x.hi, maxCurve/2-1)
		f.line(points, c.color, c.dashed)
		if len(points) <= 30 {
			f.dots(points, c.color)
		}
	}
	return f.svg()
}

func logarithmicWithRoom(lo, hi float64) span {
	room := math.Pow(hi/lo, 0.04)
	if math.IsInf(room, 1) || lo/room == 0 || math.IsInf(hi*room, 1) {
		room = 1
	}
	return logarithmic(lo/room, hi*room, 7, func(v float64) string { return strings.TrimPrefix(Number(v), "1×") })
}

func within(v float64, s span) float64 { return math.Max(s.lo, math.Min(v, s.hi)) }
