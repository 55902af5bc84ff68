//go:build !linux

package memory

import "math"

// processLimit returns what limits of the process leave, which are not known here.
func processLimit() int64 { return math.MaxInt64 }
