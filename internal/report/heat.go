package report

import (
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/plotter"

	"polyad/matrix"
)

// Sizes of images in pixels, and the decibels a spectrogram shows.
const (
	heatCols        = 1500
	spectrogramCols = 1400
	spectrogramRows = 340
	decibels        = 80.0
	lowestHertz     = 40.0
	smoothCols      = 600 // below these sizes pixels are repeated
	smoothRows      = 300
)

// heat returns a heat map of x over x0 ≤ x ≤ x1, 0 ≤ y ≤ x.Rows, row 0 at the
// top. Each row is scaled to its own largest value; rows of zeros stay dark.
func heat(x *matrix.Dense[float64], x0, x1 float64, colors color.Palette) *plotter.Image {
	x = poolColumns(x, heatCols)
	img := image.NewPaletted(image.Rect(0, 0, x.Cols, x.Rows), colors)
	for i := range x.Rows {
		row := x.Row(i)
		top := largest(row)
		if top == 0 {
			continue
		}
		for j, v := range row {
			img.Pix[i*img.Stride+j] = shade(v / top)
		}
	}
	return plotter.NewImage(enlarge(img), x0, 0, x1, float64(x.Rows))
}

// enlarge repeats the pixels of an image in each direction that has few of them.
// Browsers blur what they enlarge.
func enlarge(img *image.Paletted) *image.Paletted {
	size := img.Bounds().Size()
	across, down := 1+smoothCols/size.X, 1+smoothRows/size.Y
	if across == 1 && down == 1 {
		return img
	}
	out := image.NewPaletted(image.Rect(0, 0, across*size.X, down*size.Y), img.Palette)
	for i := range down * size.Y {
		row := out.Pix[i*out.Stride : (i+1)*out.Stride]
		for j := range row {
			row[j] = img.Pix[i/down*img.Stride+j/across]
		}
	}
	return out
}

// spectrogram returns an image of x, bins x frames, in decibels below its
// largest value, over times [t0, t1] and the logarithms of frequencies in band.
func spectrogram(x *matrix.Dense[float64], binHz, t0, t1 float64, band span) *plotter.Image {
	x = poolColumns(x, spectrogramCols)
	top := 0.0
	for i := range x.Rows {
		top = max(top, largest(x.Row(i)))
	}
	img := image.NewPaletted(image.Rect(0, 0, x.Cols, spectrogramRows), magma)
	if top == 0 {
		return plotter.NewImage(enlarge(img), t0, band.lo, t1, band.hi)
	}
	edge := func(k int) float64 { // in bins
		return math.Pow(10, band.hi+(band.lo-band.hi)*float64(k)/spectrogramRows) / binHz
	}
	row := make([]float64, x.Cols)
	for k := range spectrogramRows {
		bandRow(row, x, edge(k+1), edge(k))
		for j, v := range row {
			db := decibels + 20*math.Log10(v/top)
			img.Pix[k*img.Stride+j] = shade(db / decibels)
		}
	}
	return plotter.NewImage(enlarge(img), t0, band.lo, t1, band.hi)
}

// bandRow writes into dst the magnitudes of x between the bin positions lo and
// hi: the largest bin of those inside, or between two bins their interpolation.
func bandRow(dst []float64, x *matrix.Dense[float64], lo, hi float64) {
	last := float64(x.Rows - 1)
	first, end := math.Ceil(lo), math.Floor(hi)
	if first > end || first > last {
		at := math.Min((lo+hi)/2, last)
		below := int(at)
		above, part := min(below+1, x.Rows-1), at-math.Floor(at)
		for j := range dst {
			dst[j] = (1-part)*x.Row(below)[j] + part*x.Row(above)[j]
		}
		return
	}
	copy(dst, x.Row(int(first)))
	for i := int(first) + 1; i <= int(math.Min(end, last)); i++ {
		for j, v := range x.Row(i) {
			dst[j] = max(dst[j], v)
		}
	}
}

// audible returns the range of frequencies shown for a number of bins: from 40
// Hz, or from lower where all the bins are low, to the highest bin.
func audible(bins int, binHz float64) (lo, hi float64) {
	hi = binHz * math.Max(1, float64(bins-1))
	return math.Min(lowestHertz, hi/4), hi
}

func largest(x []float64) float64 {
	top := 0.0
	for _, v := range x {
		top = max(top, v)
	}
	return top
}
