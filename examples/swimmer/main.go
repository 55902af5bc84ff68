// Command swimmer takes the Swimmer pictures apart: 256 stick figures whose torso
// is always there and whose four limbs take four positions each, 17 parts in all
// (D. Donoho, V. Stodden, NIPS 16, 2003). It is told the pictures and the number
// of parts, nothing else, and draws the parts that it finds.
//
//	go run ./examples/swimmer parts.png
//
// Without penalties the torso can be anywhere: it is in every picture, so it may
// as well belong to the positions of a limb. Penalties prefer small parts. Since
// the problem has local minima, the best of a few random starts is taken.
package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"

	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
)

const side = 32 // pixels of a picture's edge

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: swimmer PARTS.png")
		os.Exit(2)
	}
	best, err := parts(pictures())
	if err == nil {
		fmt.Println("minimized", best.Formula())
		fmt.Printf("objective %.4g, relative error %.2g\n", best.Objective(), best.RelError)
		err = draw(os.Args[1], best.W)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "swimmer:", err)
		os.Exit(1)
	}
}

// parts returns the factorization of x into 17 components with the smallest
// objective among those that eight random starts lead to.
func parts(x *matrix.Dense[float64]) (best *nmf.Result[float64], err error) {
	for seed := range uint64(8) {
		r, err := nmf.Fit(context.Background(), x, 17, &nmf.Options{
			Method: nmf.HALS{},
			Init:   nmf.Random{},
			Seed:   seed,
			W:      reg.L1(0.1), // few pixels in a part
			H:      reg.L2(0.1),
		})
		if err != nil {
			return nil, err
		}
		if best == nil || r.Objective() < best.Objective() {
			best = r
		}
	}
	return best, nil
}

// pictures returns the 256 pictures as columns of a 1024 x 256 matrix. The digits
// of a picture's number to base 4 are the positions of its limbs.
func pictures() *matrix.Dense[float64] {
	limbs := []struct {
		row, col   int
		directions [4][2]int
	}{
		{21, 14, [4][2]int{{1, 0}, {1, -1}, {0, -1}, {-1, -1}}},
		{21, 16, [4][2]int{{1, 0}, {1, 1}, {0, 1}, {-1, 1}}},
		{10, 14, [4][2]int{{-1, 0}, {-1, -1}, {0, -1}, {1, -1}}},
		{10, 16, [4][2]int{{-1, 0}, {-1, 1}, {0, 1}, {1, 1}}},
	}
	x := matrix.New[float64](side*side, 256)
	for j := range 256 {
		for row := 10; row <= 21; row++ {
			x.Set(row*side+15, j, 1)
		}
		for n, l := range limbs {
			d := l.directions[j>>(6-2*n)&3]
			for k := range 6 { // the joint, and five pixels of the limb
				x.Set((l.row+k*d[0])*side+l.col+k*d[1], j, 1)
			}
		}
	}
	return x
}

// draw writes the columns of w as a grid of pictures.
func draw(path string, w *matrix.Dense[float64]) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(f, grid(w, 6)); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// grid draws the columns of w as pictures, each with its largest entry white,
// perRow beside each other and four screen pixels to a pixel.
func grid(w *matrix.Dense[float64], perRow int) image.Image {
	const zoom, gap = 4, 1
	rows := (w.Cols + perRow - 1) / perRow
	img := image.NewGray(image.Rect(0, 0, zoom*(perRow*(side+gap)+gap), zoom*(rows*(side+gap)+gap)))
	for i := range img.Pix {
		img.Pix[i] = 64
	}
	for q := range w.Cols {
		largest := 0.0
		for i := range w.Rows {
			largest = max(largest, w.At(i, q))
		}
		x0, y0 := gap+q%perRow*(side+gap), gap+q/perRow*(side+gap)
		for y := range zoom * side {
			for x := range zoom * side {
				v := color.Gray{}
				if largest > 0 {
					v.Y = uint8(255 * w.At(y/zoom*side+x/zoom, q) / largest)
				}
				img.SetGray(zoom*x0+x, zoom*y0+y, v)
			}
		}
	}
	return img
}
