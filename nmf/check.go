package nmf

import (
	"fmt"
	"math"
	"slices"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/matrix"
)

// checkLayout reports a matrix whose fields contradict each other.
func checkLayout[T asm.Float](name string, x *matrix.Dense[T]) error {
	if !x.Valid() {
		return fmt.Errorf("nmf: %w: %s is %d x %d with stride %d over %d elements", ErrShape, name, x.Rows, x.Cols, x.Stride, len(x.Data))
	}
	return nil
}

// checkData looks at every entry that is not missing before any work and returns
// the largest.
func checkData[T asm.Float](x *matrix.Dense[T], o *Options, limit *fitting.Limit) (largest float64, err error) {
	if x == nil {
		return 0, fmt.Errorf("nmf: %w: no data", ErrShape)
	}
	if err := checkLayout("the data matrix", x); err != nil {
		return 0, err
	}
	if x.Rows == 0 || x.Cols == 0 {
		return 0, fmt.Errorf("nmf: %w: the data are %d x %d, they have no entries", ErrShape, x.Rows, x.Cols)
	}
	seen := watch[T]{mask: o.Mask}
	positive := o.Loss.NeedsPositive()
	floor := T(o.Eps.Or(0))
	ker := asm.For[T]()
	var top T
	least, at := T(math.Inf(1)), []int(nil)
	for i := 0; i < x.Rows; i++ {
		if i%64 == 0 {
			if err := limit.Cancelled(); err != nil {
				return 0, err
			}
		}
		for j := 0; j < x.Cols; j += chunk {
			part := x.Row(i)[j:min(j+chunk, x.Cols)]
			seen.look(part, i, j)
			lo, hi, finite := ker.Scan(seen.values)
			if !finite || lo < 0 || positive && max(lo, floor) == 0 {
				for k, v := range seen.values {
					if badEntry(v, floor, o, []int{0, 0}) != nil {
						return 0, fitting.AtEntry([]int{i, seen.column(k)}, func(at []int) error { return badEntry(v, floor, o, at) })
					}
				}
			}
			top = max(top, hi)
			if lo = max(lo, floor); positive && lo < least {
				k := slices.IndexFunc(seen.values, func(v T) bool { return max(v, floor) == lo })
				least, at = lo, []int{i, seen.column(k)}
			}
		}
	}
	largest = float64(top)
	if positive {
		if s := factorScale[T](largest, o.Loss); least*T(s*s) == 0 {
			return 0, fitting.AtEntry(at, func(at []int) error {
				return fmt.Errorf("nmf: %w: entry [%d,%d] is %v, which is nothing beside the largest, %v, and the loss %q (beta <= 0) divides by it; set eps to floor the data",
					ErrData, at[0], at[1], least, largest, o.Loss.String())
			})
		}
	}
	if e := math.Abs(math.Log2(largest)); largest > 0 && e*max(2, math.Abs(o.Loss.Beta())) > 1000 {
		return 0, fmt.Errorf("nmf: %w: the largest entry is %v, and the loss %q of such data is out of range; rescale the data", ErrData, largest, o.Loss.String())
	}
	return largest, nil
}

// badEntry is the error for an entry that cannot be, nil for another one.
func badEntry[T asm.Float](v, floor T, o *Options, at []int) error {
	i, j := at[0], at[1]
	switch {
	case v != v:
		return fmt.Errorf("nmf: %w: entry [%d,%d] is NaN; if it is missing say so by a mask (Options.Mask), else replace it", ErrData, i, j)
	case v-v != 0:
		return fmt.Errorf("nmf: %w: entry [%d,%d] is %v; remove or replace it", ErrData, i, j, v)
	case v < 0:
		return fmt.Errorf("nmf: %w: entry [%d,%d] is %v, and nonnegative factors cannot model negative data; shift or clip it", ErrData, i, j, v)
	case o.Loss.NeedsPositive() && max(v, floor) == 0:
		return fmt.Errorf("nmf: %w: entry [%d,%d] is 0, where the loss %q (beta <= 0) is infinite; set eps to floor the data", ErrData, i, j, o.Loss.String())
	}
	return nil
}

// checkRank reports a rank that is not positive, or so far above the dimensions
// that its Gram matrices alone would fill the memory.
func checkRank(m, n, rank int) error {
	if rank < 1 {
		return fmt.Errorf("nmf: %w: %d; it must be at least 1", ErrRank, rank)
	}
	if most := 1000 + 4*min(m, n); rank > most {
		return fmt.Errorf("nmf: %w: %d is far above what %d x %d data can need; at most %d", ErrRank, rank, m, n, most)
	}
	return nil
}
