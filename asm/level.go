package asm

import (
	"runtime"

	"github.com/klauspost/cpuid/v2"
)

// Level names a set of kernels. Levels are a list per architecture and not one
// ordered scale: their numbers say nothing about which is faster.
type Level int

// Generic is the level in plain Go that every architecture has.
const Generic Level = 0

// String returns the name of the level as POLYAD_SIMD and reports spell it.
func (l Level) String() string {
	if l == Generic {
		return "generic"
	}
	return "unknown"
}

// Current returns the level whose kernels [For] hands out.
func Current() Level { return Generic }

// CPU returns the processor's own name for itself, or that of its architecture
// where it has none.
func CPU() string {
	if n := cpuid.CPU.BrandName; n != "" {
		return n
	}
	return runtime.GOARCH
}
