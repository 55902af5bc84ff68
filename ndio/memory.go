package ndio

import (
	"fmt"

	"polyad/internal/memory"
)

const weighFrom = 1 << 26 // bytes; smaller arrays are not weighed

// weigh returns an error wrapping [ErrMemory] when an array of so many bytes,
// which nothing in the file vouches for, does not fit the memory that is free.
func weigh(shape []int, size int64) error {
	if size < weighFrom {
		return nil
	}
	if free := freeMemory(); size > free {
		return fmt.Errorf("%w: shape %v takes %.1f GB to read, and %.1f GB are free; cut the data, or sum them up, first",
			ErrMemory, shape, float64(size)/1e9, float64(free)/1e9)
	}
	return nil
}

// freeMemory is a variable for tests.
var freeMemory = memory.Free

// weighLimits is weigh for an array whose bytes are there: it is refused only
// where a limit of the process would end the program.
func weighLimits(shape []int, size int64) error {
	if size < weighFrom {
		return nil
	}
	if free := memory.Limit(); size > free {
		return fmt.Errorf("%w: shape %v takes %.1f GB to read, and a limit of this process (ulimit, control group) leaves %.1f GB; raise it, or cut the data",
			ErrMemory, shape, float64(size)/1e9, float64(max(free, 0))/1e9)
	}
	return nil
}
