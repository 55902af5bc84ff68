package cpd

import (
	"fmt"
	"math"
	"slices"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/matrix"
	"polyad/tensor"
)

// chunk is how many numbers are looked at in one piece.
const chunk = 8192

// checkShape reports an array that is empty, or whose fields contradict each
// other.
func checkShape[T asm.Float](x *tensor.Dense[T]) error {
	if x == nil {
		return fmt.Errorf("cpd: %w: no data", ErrShape)
	}
	order := len(x.Shape)
	if order < 2 || order > 64 {
		return fmt.Errorf("cpd: %w: the data have the shape %v; want 2 to 64 modes", ErrShape, x.Shape)
	}
	n, ok := tensor.Elements(x.Shape)
	if ok && n == 0 {
		return fmt.Errorf("cpd: %w: the data have the shape %v and so no entries", ErrShape, x.Shape)
	}
	last := 0
	bad := !ok || len(x.Strides) != order
	for k := 0; k < order && !bad; k++ {
		steps, stride := x.Shape[k]-1, x.Strides[k]
		bad = stride < 0 || steps > 0 && stride > (len(x.Data)-1-last)/steps
		if !bad {
			last += steps * stride
		}
	}
	if bad || last >= len(x.Data) {
		return fmt.Errorf("cpd: %w: the data have the shape %v and strides %v over %d elements", ErrShape, x.Shape, x.Strides, len(x.Data))
	}
	return nil
}

// checkData looks at every entry of a contiguous array before any work and
// returns the largest magnitude.
func checkData[T asm.Float](x *tensor.Dense[T], o *settled) (largest float64, err error) {
	_, mu := o.Method.(MU)
	positive := o.Loss.NeedsPositive()
	floor := T(o.Eps.Or(0))
	ker := asm.For[T]()
	var top T
	least, at := T(math.Inf(1)), 0
	for j := 0; j < len(x.Data); j += chunk {
		part := x.Data[j:min(j+chunk, len(x.Data))]
		lo, hi, finite := ker.Scan(part)
		if !finite || mu && lo < 0 || positive && max(lo, floor) == 0 {
			return 0, badEntry(x, j, len(part), mu, floor, o)
		}
		top = max(top, hi, -lo)
		if lo = max(lo, floor); positive && lo < least {
			least, at = lo, j+slices.IndexFunc(part, func(v T) bool { return max(v, floor) == lo })
		}
	}
	largest = float64(top)
	if positive {
		s := math.Pow(fitting.FactorScale[T](largest, o.Loss, len(x.Shape)), float64(len(x.Shape)))
		if least*T(s) == 0 {
			return 0, fmt.Errorf("cpd: %w: entry %v is %v, which is nothing beside the largest, %v, and the loss %q (beta <= 0) divides by it; set eps to floor the data",
				ErrData, index(x.Shape, at), least, largest, o.Loss.String())
		}
	}
	if e := math.Abs(math.Log2(largest)); largest > 0 && e*max(2, math.Abs(o.Loss.Beta())) > 1000 {
		return 0, fmt.Errorf("cpd: %w: the largest entry is %v, and the loss %q of such data is out of range; rescale the data", ErrData, largest, o.Loss.String())
	}
	return largest, nil
}

// badEntry is the error for the first entry, of count from j on, that cannot be.
func badEntry[T asm.Float](x *tensor.Dense[T], j, count int, mu bool, floor T, o *settled) error {
	for k, v := range x.Data[j : j+count] {
		at := index(x.Shape, j+k)
		switch {
		case v-v != 0:
			return fmt.Errorf("cpd: %w: entry %v is %v; remove or replace it", ErrData, at, v)
		case mu && v < 0:
			return fmt.Errorf("cpd: %w: entry %v is %v, and mu takes nonnegative data only; shift or clip it, or use als or hals", ErrData, at, v)
		case o.Loss.NeedsPositive() && max(v, floor) == 0:
			return fmt.Errorf("cpd: %w: entry %v is 0, where the loss %q (beta <= 0) is infinite; set eps to floor the data", ErrData, at, o.Loss.String())
		}
	}
	return nil
}

// index returns the indices of element i of a row-major array.
func index(shape []int, i int) []int {
	at := make([]int, len(shape))
	for n, size := range slices.Backward(shape) {
		at[n] = i % size
		i /= size
	}
	return at
}

// checkRank reports a rank that is not positive, or so far above the dimensions
// that its Gram matrices alone would fill the memory.
func checkRank(shape []int, rank int) error {
	if rank < 1 {
		return fmt.Errorf("cpd: %w: %d; it must be at least 1", ErrRank, rank)
	}
	if most := 1000 + 4*slices.Max(shape); rank > most {
		return fmt.Errorf("cpd: %w: %d is far above what data of the shape %v can need; at most %d", ErrRank, rank, shape, most)
	}
	return nil
}

// check reports whether the model fits the data, the rank and the options.
func (m *Model[T]) check(o *settled, rank int) error {
	if m == nil || len(m.Factors) != len(o.shape) {
		n := 0
		if m != nil {
			n = len(m.Factors)
		}
		return fmt.Errorf("cpd: %w: the model has %d factors, but the data have the shape %v", ErrShape, n, o.shape)
	}
	if m.Weights != nil && len(m.Weights) != rank {
		return fmt.Errorf("cpd: %w: the model has %d weights for rank %d", ErrShape, len(m.Weights), rank)
	}
	for n, f := range m.Factors {
		if f == nil {
			return fmt.Errorf("cpd: %w: the model's factor %d is missing", ErrShape, n)
		}
		if err := checkLayout(n, f); err != nil {
			return err
		}
		if f.Rows != o.shape[n] || f.Cols != rank {
			return fmt.Errorf("cpd: %w: the model's factor %d is %d x %d, but data and rank ask for %d x %d", ErrShape, n, f.Rows, f.Cols, o.shape[n], rank)
		}
		for i := range f.Rows {
			for q, v := range f.Row(i) {
				if v-v != 0 || o.nonneg[n] && v < 0 {
					return fmt.Errorf("cpd: %w: the model's factor %d has the entry [%d,%d] %v; it must be finite, and not negative in a nonnegative mode", ErrData, n, i, q, v)
				}
			}
		}
	}
	for q, w := range m.Weights {
		if w-w != 0 || w < 0 && o.nonneg[o.carrier()] {
			return fmt.Errorf("cpd: %w: the model's weight %d is %v; it must be finite, and not negative as it goes into the nonnegative mode %d", ErrData, q, w, o.carrier())
		}
	}
	return nil
}

// checkLayout reports a factor whose fields contradict each other.
func checkLayout[T asm.Float](n int, f *matrix.Dense[T]) error {
	if !fitting.WellFormed(f) {
		return fmt.Errorf("cpd: %w: factor %d is %d x %d with stride %d over %d elements", ErrShape, n, f.Rows, f.Cols, f.Stride, len(f.Data))
	}
	return nil
}

// carrier is the mode that the weights of a start go into: the first free one.
func (o *settled) carrier() int { return slices.Index(o.fixed, false) }
