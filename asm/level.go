package asm

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/klauspost/cpuid/v2"
)

// Level names a set of kernels. Levels are a list per architecture and not one
// ordered scale: their numbers say nothing about which is faster. [Levels] is
// what this machine has.
type Level int

// The levels of all architectures.
const (
	// Generic is the level in plain Go that every architecture has.
	Generic Level = iota
	// AVX2 needs AVX2 and FMA (amd64).
	AVX2
	// AVX512 needs AVX-512 F, DQ, BW and VL, and BMI2 (amd64).
	AVX512
)

var levelNames = [...]string{"generic", "avx2", "avx512"}

// String returns the name of the level as POLYAD_SIMD and reports spell it.
func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return "unknown"
	}
	return levelNames[l]
}

// MarshalText returns the name of the level, and an error for one that does not
// exist.
func (l Level) MarshalText() ([]byte, error) {
	if l < 0 || int(l) >= len(levelNames) {
		return nil, fmt.Errorf("asm: level %d; the levels are %v", int(l), levelNames)
	}
	return []byte(levelNames[l]), nil
}

// UnmarshalText reads a name; whether this machine has the level is [Levels]'
// business.
func (l *Level) UnmarshalText(text []byte) error {
	i := slices.Index(levelNames[:], strings.ToLower(string(text)))
	if i < 0 {
		return fmt.Errorf("asm: level %q; want one of %v", text, levelNames)
	}
	*l = Level(i)
	return nil
}

// tableSet holds the kernels of one level for both element types.
type tableSet struct {
	level Level
	f32   *Kernels[float32]
	f64   *Kernels[float64]
}

var (
	// available lists the tables that this build has and this machine can run,
	// the preferred one last.
	available = slices.Concat([]*tableSet{genericTables()}, archTables())
	current   atomic.Pointer[tableSet]
)

// errEnv is what is wrong with POLYAD_SIMD.
var errEnv error

// EnvError returns what is wrong with the environment variable POLYAD_SIMD: that
// it names a level which does not exist, or which this machine or build does not
// have. [For] then hands out the preferred level, as without the variable; a
// program that would rather not go on so asks at its start.
func EnvError() error { return errEnv }

// The environment variable POLYAD_SIMD chooses a level once, at the start of
// the program: generic, avx2 or avx512.
func init() {
	current.Store(available[len(available)-1])
	name := os.Getenv("POLYAD_SIMD")
	if name == "" {
		return
	}
	i := slices.IndexFunc(available, func(t *tableSet) bool { return t.level.String() == strings.ToLower(name) })
	if i < 0 {
		errEnv = fmt.Errorf("POLYAD_SIMD=%s: the levels of this machine and build are %v", name, Levels())
		return
	}
	current.Store(available[i])
}

// Levels returns the levels that this machine and this build have, the one that
// is used by default last.
func Levels() []Level {
	l := make([]Level, len(available))
	for i, t := range available {
		l[i] = t.level
	}
	return l
}

// Current returns the level whose kernels [For] hands out.
func Current() Level { return current.Load().level }

// Use makes [For] hand out the kernels of another level until restore is called.
// It is for tests and benchmarks: drivers that are at work keep the tables that
// they have fetched.
func Use(l Level) (restore func(), err error) {
	for _, t := range available {
		if t.level == l {
			old := current.Swap(t)
			return func() { current.Store(old) }, nil
		}
	}
	return nil, fmt.Errorf("asm: level %v is not among those of this machine and build, %v", l, Levels())
}

// CPU returns the processor's own name for itself, or a description of its
// architecture where it has none.
func CPU() string {
	if n := cpuid.CPU.BrandName; n != "" {
		return n
	}
	return cpuid.CPU.VendorID.String()
}
