// Command digits learns the parts of handwritten digits, or of any small
// pictures, and draws them (D. D. Lee, H. S. Seung, Nature 401, 1999).
//
//	go run ./examples/digits -r 49 train-images-idx3-ubyte.gz parts.png
//	go run ./examples/digits -r 49 -width 28 digits.npy parts.png
//
// The pictures come in an idx file, as MNIST is distributed, gzipped or not, or
// in an .npy file with a picture in each column, row by row of pixels (784 x n).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"strings"
	"time"

	"polyad/matrix"
	"polyad/ndio"
	"polyad/nmf"
	"polyad/solver"
)

func main() {
	rank := flag.Int("r", 49, "number of parts")
	limit := flag.Int("n", 2000, "number of pictures to learn from, the first of the file")
	width := flag.Int("width", 0, "pixels in a row of an .npy file's pictures; 0: they are square")
	seconds := flag.Float64("seconds", 20, "time limit")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: digits [flags] PICTURES PARTS.png")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	x, columns, err := read(flag.Arg(0), *width, *limit)
	if err == nil {
		err = learn(x, *rank, *seconds, columns, flag.Arg(1))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "digits:", err)
		os.Exit(1)
	}
}

// read returns at most limit pictures as columns, and the width of a picture.
func read(path string, width, limit int) (x *matrix.Dense[float32], columns int, err error) {
	if limit < 1 {
		return nil, 0, errors.New("-n must be at least 1")
	}
	if !strings.HasSuffix(path, ".npy") {
		if width != 0 {
			return nil, 0, errors.New("-width is for .npy files; an idx file says how wide its pictures are")
		}
		return readIDX(path, limit)
	}
	t, err := ndio.Load[float32](path)
	if err != nil {
		return nil, 0, err
	}
	if t.Order() != 2 {
		return nil, 0, fmt.Errorf("%s: the shape is %v; want a matrix with a picture in each column", path, t.Shape)
	}
	if width == 0 {
		width = int(math.Sqrt(float64(t.Shape[0])))
		if width*width != t.Shape[0] {
			return nil, 0, fmt.Errorf("%s: pictures of %d pixels are not square; say how wide they are with -width", path, t.Shape[0])
		}
	}
	if width < 1 || t.Shape[0]%width != 0 {
		return nil, 0, fmt.Errorf("%s: pictures of %d pixels have no rows of %d", path, t.Shape[0], width)
	}
	return t.Slice(1, 0, min(limit, t.Shape[1])).Matrix(), width, nil
}

// learn fits the parts and draws them.
func learn(x *matrix.Dense[float32], rank int, seconds float64, columns int, path string) error {
	r, err := nmf.Fit(context.Background(), x, rank, &nmf.Options{
		Run: solver.Options{MaxTime: time.Duration(seconds * float64(time.Second))},
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d pictures of %d pixels, %d parts: %v after %d sweeps, relative error %.3f\n",
		x.Cols, x.Rows, rank, r.Status, r.Iterations, r.RelError)
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(f, grid(r.W, columns)); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// grid draws the columns of w as pictures of the given width in a square grid,
// dark on white, each with its largest entry black.
func grid(w *matrix.Dense[float32], width int) image.Image {
	const zoom, gap = 3, 2
	height := w.Rows / width
	perRow := int(math.Ceil(math.Sqrt(float64(w.Cols))))
	rows := (w.Cols + perRow - 1) / perRow
	img := image.NewGray(image.Rect(0, 0, perRow*(zoom*width+gap)+gap, rows*(zoom*height+gap)+gap))
	for i := range img.Pix {
		img.Pix[i] = 192
	}
	for q := range w.Cols {
		largest := float32(math.SmallestNonzeroFloat32) // so that nothing is white
		for i := range w.Rows {
			largest = max(largest, w.At(i, q))
		}
		x0, y0 := gap+q%perRow*(zoom*width+gap), gap+q/perRow*(zoom*height+gap)
		for y := range zoom * height {
			for x := range zoom * width {
				v := w.At(y/zoom*width+x/zoom, q) / largest
				img.SetGray(x0+x, y0+y, color.Gray{Y: 255 - uint8(255*v)})
			}
		}
	}
	return img
}
