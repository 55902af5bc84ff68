// Package memory knows how much memory there is.
package memory

import (
	"bytes"
	"math"
	"os"
	"strconv"
)

// unknown is taken to be free where the system does not say.
const unknown = 1 << 34

// Free returns the bytes that can still be allocated: what Linux calls
// available, and no more than [Limit].
func Free() int64 {
	free := int64(math.MaxInt64)
	text, _ := os.ReadFile("/proc/meminfo")
	if _, rest, ok := bytes.Cut(text, []byte("MemAvailable:")); ok {
		if f := bytes.Fields(rest); len(f) > 0 {
			if n, err := strconv.ParseInt(string(f[0]), 10, 53); err == nil {
				free = n << 10
			}
		}
	}
	if free = min(free, Limit()); free == math.MaxInt64 {
		return unknown
	}
	return free
}
