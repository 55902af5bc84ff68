package fitting

import (
	"fmt"
	"math"
	"slices"

	"polyad/asm"
	"polyad/loss"
	"polyad/tensor"
)

// TensorCheck looks at an array before a model is fitted to it. Package is the
// name that begins the errors, which wrap Shape and Data.
type TensorCheck struct {
	Package     string
	Shape, Data error

	Loss   loss.Loss
	Nonneg bool         // the method takes nonnegative data only
	Signed string       // methods that take others
	Floor  float64      // entries are raised to it where the loss needs positive ones
	Blocks int          // of the model, for the power of two that data are multiplied by
	Masks  bool         // the package knows missing entries
	Mask   *tensor.Mask // of the entries that are observed; nil: all are
}

// chunk is how many numbers are looked at in one piece.
const chunk = 8192

// CheckShape reports an array that is empty, or whose fields contradict each
// other.
func CheckShape[T asm.Float](c *TensorCheck, x *tensor.Dense[T]) error {
	if x == nil {
		return fmt.Errorf("%s: %w: no data", c.Package, c.Shape)
	}
	order := len(x.Shape)
	if order < 2 || order > 64 {
		return fmt.Errorf("%s: %w: the data have the shape %v; want 2 to 64 modes", c.Package, c.Shape, x.Shape)
	}
	n, ok := tensor.Elements(x.Shape)
	if ok && n == 0 {
		return fmt.Errorf("%s: %w: the data have the shape %v and so no entries", c.Package, c.Shape, x.Shape)
	}
	if !ok || !HasEntries(x) {
		return fmt.Errorf("%s: %w: the data have the shape %v and strides %v over %d elements", c.Package, c.Shape, x.Shape, x.Strides, len(x.Data))
	}
	return nil
}

// HasEntries reports whether the fields of an array that comes from outside, and
// has entries, fit each other.
func HasEntries[T asm.Float](x *tensor.Dense[T]) bool {
	if len(x.Strides) != len(x.Shape) {
		return false
	}
	last := 0
	for k, stride := range x.Strides {
		steps := x.Shape[k] - 1
		if steps < 0 || stride < 0 || steps > 0 && stride > (len(x.Data)-1-last)/steps {
			return false
		}
		last += steps * stride
	}
	return last < len(x.Data)
}

// CheckEntries looks at every entry of a contiguous array that is not missing and
// returns the largest magnitude. A limit that is cancelled is the error as well.
func CheckEntries[T asm.Float](c *TensorCheck, x *tensor.Dense[T], limit *Limit) (largest float64, err error) {
	positive := c.Loss.NeedsPositive()
	floor := T(c.Floor)
	ker, seen := asm.For[T](), Watch[T]{Mask: c.Mask}
	var top T
	least, at := T(math.Inf(1)), 0
	for j := 0; j < len(x.Data); j += chunk {
		if j%(64*chunk) == 0 {
			if err := limit.Cancelled(); err != nil {
				return 0, err
			}
		}
		seen.Look(x.Data[j:min(j+chunk, len(x.Data))], j)
		if len(seen.Values) == 0 {
			continue
		}
		lo, hi, finite := ker.Scan(seen.Values)
		if !finite || c.Nonneg && lo < 0 || positive && max(lo, floor) == 0 {
			for k, v := range seen.Values {
				if badEntry(c, v, floor, nil) != nil {
					return 0, AtEntry(Index(x.Shape, seen.Index(k)), func(at []int) error { return badEntry(c, v, floor, at) })
				}
			}
		}
		top = max(top, hi, -lo)
		if lo = max(lo, floor); positive && lo < least {
			least, at = lo, seen.Index(slices.IndexFunc(seen.Values, func(v T) bool { return max(v, floor) == lo }))
		}
	}
	largest = float64(top)
	if positive {
		s := math.Pow(FactorScale[T](largest, c.Loss, c.Blocks), float64(c.Blocks))
		if least*T(s) == 0 {
			return 0, AtEntry(Index(x.Shape, at), func(at []int) error {
				return fmt.Errorf("%s: %w: entry %v is %v, which is nothing beside the largest, %v, and the loss %q (beta <= 0) divides by it; set eps to floor the data",
					c.Package, c.Data, at, least, largest, c.Loss.String())
			})
		}
	}
	if e := math.Abs(math.Log2(largest)); largest > 0 && e*max(2, math.Abs(c.Loss.Beta())) > 1000 {
		return 0, fmt.Errorf("%s: %w: the largest entry is %v, and the loss %q of such data is out of range; rescale the data", c.Package, c.Data, largest, c.Loss.String())
	}
	return largest, nil
}

// badEntry is the error for an entry that cannot be, nil for another one.
func badEntry[T asm.Float](c *TensorCheck, v, floor T, at []int) error {
	switch {
	case v != v && c.Masks:
		return fmt.Errorf("%s: %w: entry %v is NaN; if it is missing say so by a mask (Options.Mask), else replace it", c.Package, c.Data, at)
	case v-v != 0:
		return fmt.Errorf("%s: %w: entry %v is %v; remove or replace it", c.Package, c.Data, at, v)
	case c.Nonneg && v < 0:
		return fmt.Errorf("%s: %w: entry %v is %v, and mu takes nonnegative data only; shift or clip it, or use %s", c.Package, c.Data, at, v, c.Signed)
	case c.Loss.NeedsPositive() && max(v, floor) == 0:
		return fmt.Errorf("%s: %w: entry %v is 0, where the loss %q (beta <= 0) is infinite; set eps to floor the data", c.Package, c.Data, at, c.Loss.String())
	}
	return nil
}

// Index returns the indices of element i of a row-major array.
func Index(shape []int, i int) []int {
	at := make([]int, len(shape))
	for n, size := range slices.Backward(shape) {
		at[n] = i % size
		i /= size
	}
	return at
}
