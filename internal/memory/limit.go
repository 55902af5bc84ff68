package memory

import (
	"bytes"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Limit returns the bytes that the limits of the process leave: those on its
// address space and data (ulimit -v and -d) and that of its control groups. Going
// beyond them ends the program.
func Limit() int64 { return min(processLimit(), groupLimit("/proc/self/cgroup", "/sys/fs/cgroup")) }

// arena is what the heap grows by.
const arena = 1 << 26

// left returns what a limit leaves beside what is used: the runtime takes whole
// arenas, and some memory for its own accounts of them.
func left(limit, used int64) int64 {
	free := limit - used - arena
	return free - max(free, 0)/32
}

// groupLimit returns what the control groups of the process, listed in a file, and
// those around them leave, by the limits below a folder.
func groupLimit(list, root string) int64 {
	free := int64(math.MaxInt64)
	text, _ := os.ReadFile(list)
	dirs := []string{root, root + "/memory"}
	for _, line := range strings.Split(string(text), "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) != 3 || parts[1] != "" && !slices.Contains(strings.Split(parts[1], ","), "memory") {
			continue
		}
		at := root
		if parts[1] != "" {
			at += "/memory"
		}
		for _, part := range strings.Split(strings.Trim(parts[2], "/"), "/") {
			at += "/" + part
			dirs = append(dirs, at)
		}
	}
	for _, dir := range dirs {
		for _, f := range [][2]string{{"memory.max", "memory.current"}, {"memory.limit_in_bytes", "memory.usage_in_bytes"}} {
			limit, ok := number(dir + "/" + f[0])
			if !ok {
				continue
			}
			used, _ := number(dir + "/" + f[1])
			free = min(free, limit-max(used-pageCache(dir+"/memory.stat"), 0))
		}
	}
	return free
}

// number reads a file that holds one number.
func number(path string) (n int64, ok bool) {
	text, _ := os.ReadFile(path)
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	return n, err == nil
}

// pageCache returns the bytes of files that a control group gives back before it
// runs out of memory.
func pageCache(path string) (sum int64) {
	text, _ := os.ReadFile(path)
	for _, line := range strings.Split(string(text), "\n") {
		if f := strings.Fields(line); len(f) == 2 && (f[0] == "inactive_file" || f[0] == "active_file") {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			sum += n
		}
	}
	return sum
}
