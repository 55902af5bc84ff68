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
// available, and no more than the control group is given.
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
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, _ := os.ReadFile(file)
		if n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil {
			free = min(free, n)
		}
	}
	if free == math.MaxInt64 {
		return unknown
	}
	return free
}
