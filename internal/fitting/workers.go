package fitting

import (
	"runtime"

	"polyad/internal/data"
)

// Workers returns how many of n workers are of use to passes over an array, where
// 0 stands for GOMAXPROCS.
func Workers(n int) int {
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return min(n, data.MaxBlocks)
}
