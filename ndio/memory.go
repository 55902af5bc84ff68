package ndio

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strconv"
)

const (
	weighFrom     = 1 << 26 // bytes; smaller arrays are not weighed
	unknownMemory = 1 << 34 // taken to be free where the system does not say
)

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

// freeMemory returns the bytes that can still be allocated: what Linux calls
// available, and no more than the control group is given.
var freeMemory = func() int64 {
	free := int64(math.MaxInt64)
	text, _ := os.ReadFile("/proc/meminfo")
	if _, rest, ok := bytes.Cut(text, []byte("MemAvailable:")); ok {
		if f := bytes.Fields(rest); len(f) > 0 {
			if n, err := strconv.ParseInt(string(f[0]), 10, 53); err == nil {
				free = n << 10
			}
		}
	}
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, _ := os.ReadFile(file)
		if n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil {
			free = min(free, n)
		}
	}
	if free == math.MaxInt64 {
		return unknownMemory
	}
	return free
}
