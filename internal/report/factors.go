package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"

	"gonum.org/v1/plot/plotter"

	"polyad/matrix"
	"polyad/ndio"
)

// maxStrips is the largest number of components that get a curve each, minStrip
// the length from which curves are worth while where the map shows all there is,
// as nothing is negative.
const (
	maxStrips = 64
	minStrip  = 40
)

// factorView is a factor with a component per row.
type factorView struct {
	Name, Where string
	Length      int
	Heat        template.HTML
	Strips      template.HTML // empty for short factors
	Drawn       string        // which components have a curve, empty for all
	Leading     []leadingView // empty where indices have no names
}

// newFactor draws a factor with a component per row. Where says what its columns
// are, shares which components matter most, and the axis what the columns are called.
func newFactor(x *matrix.Dense[float64], name, where string, shares []float64, axis ndio.Axis) (factorView, error) {
	if err := axis.Check(x.Cols); err != nil {
		return factorView{}, fmt.Errorf("%w: %s: %w", ErrPage, name, err)
	}
	if h := axis.Heading(); h != "" {
		where += " (" + h + ")"
	}
	v := factorView{Name: name, Where: where, Length: x.Cols, Leading: leading(x, axis)}
	f := &figure{width: wide, height: rowsHeight(x.Rows), alt: name + " as a heat map, a component per row"}
	numbers := countTo(x.Rows)
	f.x, f.y = places(axis, x.Cols), components(numbers, f.height)
	f.layers = append(f.layers, heat(magnitudes(x), f.x.lo, f.x.hi, viridis))
	var err error
	if v.Heat, err = f.svg(); err != nil || x.Cols < minStrip && (x.Cols < 2 || !signed(x.Data)) {
		return v, err
	}
	if len(numbers) > maxStrips {
		v.Drawn = fmt.Sprintf("the %d largest of %d components", maxStrips, len(numbers))
		slices.SortStableFunc(numbers, func(a, b int) int { return cmp.Compare(shares[b], shares[a]) })
		numbers = numbers[:maxStrips]
		slices.Sort(numbers)
	}
	v.Strips, err = strips(x, name, numbers, axis)
	return v, err
}

// strips draws the given rows of x, counted from 0, one below the other, each
// scaled to its largest value.
func strips(x *matrix.Dense[float64], name string, numbers []int, axis ndio.Axis) (template.HTML, error) {
	r := len(numbers)
	f := &figure{width: wide, height: 30 + math.Max(16, math.Min(46, 900/float64(r)))*float64(r), alt: name + ", a curve per component"}
	f.x, f.y = places(axis, x.Cols), components(numbers, f.height)
	for i, number := range numbers {
		base := float64(r - 1 - i)
		f.line(plotter.XYs{{X: f.x.lo, Y: base}, {X: f.x.hi, Y: base}}, inkGrid, false)
		row := x.Row(number)
		if signed(row) {
			f.line(around(row, base), ink1, false)
			continue
		}
		top := largest(row)
		curve := make(plotter.XYs, len(row))
		for j, v := range row {
			curve[j] = plotter.XY{X: float64(j + 1), Y: base}
			if top > 0 {
				curve[j].Y += 0.88 * (v / top)
			}
		}
		f.area(envelope(curve, f.x.lo, f.x.hi, curvePoints(r)), base, 1, ink1)
	}
	return f.svg()
}

// signed reports whether x has negative entries.
func signed(x []float64) bool { return slices.ContainsFunc(x, func(v float64) bool { return v < 0 }) }

// magnitudes returns x, or a copy without signs.
func magnitudes(x *matrix.Dense[float64]) *matrix.Dense[float64] {
	if !signed(x.Data) {
		return x
	}
	y := x.Clone()
	for i, v := range y.Data {
		y.Data[i] = math.Abs(v)
	}
	return y
}

// around returns the curve of a row with entries of both signs, its zero in the
// middle of the strip above base.
func around(row []float64, base float64) plotter.XYs {
	top := 0.0
	for _, v := range row {
		top = max(top, math.Abs(v))
	}
	curve := make(plotter.XYs, len(row))
	for j, v := range row {
		curve[j] = plotter.XY{X: float64(j + 1), Y: base + 0.44 + 0.44*(v/top)}
	}
	return curve
}

// curvePoints returns how many points each of r filled curves may have.
func curvePoints(r int) int { return max(300, min(750, 12000/r)) }

// rowsHeight returns the height of a heat map of r components.
func rowsHeight(r int) float64 { return 30 + math.Max(40, math.Min(420, 20*float64(r))) }

// countTo returns 0, ..., n-1.
func countTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

// modelShares returns each component's part of the sum of all entries of W·H;
// columns is the transpose of W. The shares of a model that is zero are 0.
func modelShares(columns, h *matrix.Dense[float64]) []float64 {
	w, g := rowSums(columns), rowSums(h)
	shares := make([]float64, len(w))
	for q := range shares {
		shares[q] = w[q] * g[q]
	}
	return normalize(shares)
}

// rowSums returns the sums of the rows of x ≥ 0 in units of the largest entry.
func rowSums(x *matrix.Dense[float64]) []float64 {
	top := 0.0
	for i := range x.Rows {
		top = max(top, largest(x.Row(i)))
	}
	sums := make([]float64, x.Rows)
	if top == 0 {
		return sums
	}
	for i := range sums {
		for _, v := range x.Row(i) {
			sums[i] += v / top
		}
	}
	return sums
}

// normalize divides x ≥ 0 by its sum and returns it.
func normalize(x []float64) []float64 {
	top, sum := largest(x), 0.0
	if top == 0 {
		return x
	}
	for i := range x {
		x[i] /= top
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
	return x
}
