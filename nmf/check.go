package nmf

import (
	"fmt"
	"math"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
)

// checkLayout reports a matrix whose fields contradict each other.
func checkLayout[T asm.Float](name string, x *matrix.Dense[T]) error {
	if x.Rows < 0 || x.Cols < 0 || x.Stride < x.Cols || (x.Rows > 0 && x.Cols > 0 && len(x.Data) < (x.Rows-1)*x.Stride+x.Cols) {
		return fmt.Errorf("nmf: %w: %s is %d x %d with stride %d over %d elements", ErrShape, name, x.Rows, x.Cols, x.Stride, len(x.Data))
	}
	return nil
}

// checkData looks at every entry before any work and returns the largest.
func checkData[T asm.Float](x *matrix.Dense[T], o *Options) (largest float64, err error) {
	if x == nil {
		return 0, fmt.Errorf("nmf: %w: no data", ErrShape)
	}
	if err := checkLayout("the data matrix", x); err != nil {
		return 0, err
	}
	if x.Rows == 0 || x.Cols == 0 {
		return 0, fmt.Errorf("nmf: %w: the data are %d x %d, they have no entries", ErrShape, x.Rows, x.Cols)
	}
	zeros := !o.Loss.NeedsPositive() || o.Eps.Or(0) > 0
	var top T
	for i := 0; i < x.Rows; i++ {
		for j, v := range x.Row(i) {
			switch {
			case v-v != 0:
				return 0, fmt.Errorf("nmf: %w: entry [%d,%d] is %v; remove or replace it", ErrData, i, j, v)
			case v < 0:
				return 0, fmt.Errorf("nmf: %w: entry [%d,%d] is %v, and nonnegative factors cannot model negative data; shift or clip it", ErrData, i, j, v)
			case v == 0 && !zeros:
				return 0, fmt.Errorf("nmf: %w: entry [%d,%d] is 0, where the loss %v (beta <= 0) is infinite; set eps to floor the data", ErrData, i, j, o.Loss)
			}
			top = max(top, v)
		}
	}
	largest = float64(top)
	if e := math.Abs(math.Log2(largest)); largest > 0 && e > 500 {
		return 0, fmt.Errorf("nmf: %w: the largest entry is %v, whose square is out of range; rescale the data", ErrData, largest)
	}
	return largest, nil
}

// factorScale returns the power of two s by which the factors are multiplied,
// and the data by s², so that the largest entry comes near 1; 1 when the data
// are within the range in which nothing can go wrong. For β < 1, where high
// negative powers of the model are taken, that range is empty.
func factorScale[T asm.Float](largest float64, l loss.Loss) float64 {
	limit, most := 60, 500
	if asm.SizeOf[T]() == 4 {
		limit, most = 20, 120
	}
	if l.Beta() < 1 {
		limit = 0
	}
	if largest == 0 {
		return 1
	}
	_, e := math.Frexp(largest)
	if e < limit && e > -limit {
		return 1
	}
	return math.Ldexp(1, -max(-most, min(e, most))/2)
}

// checkRank reports a rank that is not positive, or so far above the dimensions
// that its Gram matrices alone would fill the memory.
func checkRank(m, n, rank int) error {
	if rank < 1 {
		return fmt.Errorf("nmf: %w: %d; it must be at least 1", ErrRank, rank)
	}
	if most := 1000 + 4*(m+n); rank > most {
		return fmt.Errorf("nmf: %w: %d is far above what %d x %d data can need; at most %d", ErrRank, rank, m, n, most)
	}
	return nil
}

// scaledObjective is the factor between the objective of the scaled problem
// and that of the given one.
func scaledObjective(l loss.Loss, s float64) float64 { return math.Pow(s, 2*l.Beta()) }
