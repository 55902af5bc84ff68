package memory

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"syscall"
)

// processLimit returns what ulimit -v and -d leave.
func processLimit() int64 {
	free := int64(math.MaxInt64)
	for _, l := range []struct {
		which int
		used  string
	}{{syscall.RLIMIT_AS, "VmSize:"}, {syscall.RLIMIT_DATA, "VmData:"}} {
		var r syscall.Rlimit
		if syscall.Getrlimit(l.which, &r) == nil && r.Cur < math.MaxInt64 {
			free = min(free, left(int64(r.Cur), inUse(l.used)))
		}
	}
	return free
}

// inUse returns a number of /proc/self/status in bytes.
func inUse(name string) int64 {
	text, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := bytes.Cut(text, []byte("\n"+name))
	if f := bytes.Fields(rest); len(f) > 0 {
		n, _ := strconv.ParseInt(string(f[0]), 10, 53)
		return n << 10
	}
	return 0
}
