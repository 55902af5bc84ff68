package synth

import (
	"fmt"

	"polyad/asm"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/tensor"
)

// Side is the height and width of a Swimmer picture.
const Side = 32

// The body of the swimmer, by row and column from 0.
const neck, hip, left, spine, right = 10, 21, 14, 15, 16

// limbs are the four limbs in the order in which a picture's number counts
// them: a joint, and the directions (row, column) of its four positions.
var limbs = [4]struct {
	row, col   int
	directions [4][2]int
}{
	{hip, left, [4][2]int{{1, 0}, {1, -1}, {0, -1}, {-1, -1}}},
	{hip, right, [4][2]int{{1, 0}, {1, 1}, {0, 1}, {-1, 1}}},
	{neck, left, [4][2]int{{-1, 0}, {-1, -1}, {0, -1}, {1, -1}}},
	{neck, right, [4][2]int{{-1, 0}, {-1, 1}, {0, 1}, {1, 1}}},
}

// Swimmer returns the Swimmer pictures and their parts (Donoho, Stodden 2003):
// column j of X, 1024 x 256, is a picture of 32 x 32 pixels, row by row, of a
// torso with four limbs in one of four positions each: with the digits of j to
// base 4, first to last, for the lower left, lower right, upper left and upper
// right limb. The parts are the columns of W, 1024 x 17: the torso (16 pixels),
// then the positions (5 pixels each) of the limbs in the same order. No two
// share a pixel, and all entries are 0 or 1.
//
// The matrix has rank 13. Its 17 parts are not the only nonnegative factors: the
// torso is in every picture, so it may as well be spread over a limb's four
// positions.
//
// Of the options it takes noise and the seed. Poisson noise puts its scale into
// H. The error wraps ErrOption.
func Swimmer[T asm.Float](o Options) (*Data[T, *nmf.Model[T]], error) {
	if o.Density != 0 {
		return nil, fmt.Errorf("synth: %w: the density of Swimmer is what it is", ErrOption)
	}
	o.Nonneg = true
	const pictures, parts = 256, 17
	if err := o.check([]int{Side * Side, pictures}, []int{parts}); err != nil {
		return nil, err
	}
	w, h := matrix.New[T](Side*Side, parts), matrix.New[T](parts, pictures)
	for row := neck; row <= hip; row++ {
		w.Set(row*Side+spine, 0, 1)
	}
	for j := range pictures {
		h.Set(0, j, 1)
	}
	for n, limb := range limbs {
		w.Set(limb.row*Side+limb.col, 0, 1) // joints belong to the torso
		for p, d := range limb.directions {
			part := 1 + 4*n + p
			for k := 1; k <= 5; k++ {
				w.Set((limb.row+k*d[0])*Side+limb.col+k*d[1], part, 1)
			}
			for j := range pictures {
				if j>>(2*(3-n))&3 == p {
					h.Set(part, j, 1)
				}
			}
		}
	}
	truth := &nmf.Model[T]{W: w, H: h}
	mean := func() *tensor.Dense[float64] {
		return tensor.FromMatrix(matrix.Convert[float64](truth.Reconstruct()))
	}
	return finish(&o, truth, mean, truth.H.Data), nil
}
