package asm_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
)

// A machine without AVX-512 has sixteen vector registers; an assembler that knows
// more takes the others without a word.
func TestAVX2KernelsUseSixteenRegisters(t *testing.T) {
	files, err := filepath.Glob("*_avx2_amd64.s")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	high := regexp.MustCompile(`\b([XY](1[6-9]|[23]\d)|Z\d+|K\d)\b`)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		assert.Empty(t, high.FindAllString(string(text), 3), f)
	}
}

func TestSizeOf(t *testing.T) {
	assert.Equal(t, 4, asm.SizeOf[float32]())
	assert.Equal(t, 8, asm.SizeOf[float64]())
}

func TestBytesRoundTrip(t *testing.T) {
	x := []float64{1, math.Pi, math.Inf(-1), math.Copysign(0, -1), 5e-324}
	b := asm.Bytes(x)
	assert.Len(t, b, 8*len(x))
	for i, v := range x {
		assert.Equal(t, math.Float64bits(v), binary.NativeEndian.Uint64(b[8*i:]))
	}
	y := make([]float64, len(x))
	copy(asm.Bytes(y), b)
	assert.Equal(t, x, y)

	f := []float32{1, math.Pi, 1e-45}
	b = asm.Bytes(f)
	assert.Len(t, b, 4*len(f))
	for i, v := range f {
		assert.Equal(t, math.Float32bits(v), binary.NativeEndian.Uint32(b[4*i:]))
	}
}

func TestBytesShareMemory(t *testing.T) {
	all := []float32{1, 2, 3, 4}
	b := asm.Bytes(all[1:3])
	assert.Len(t, b, 8)
	assert.Equal(t, 8, cap(b), "the bytes must not reach beyond the slice")
	binary.NativeEndian.PutUint32(b[4:], math.Float32bits(-7))
	assert.Equal(t, []float32{1, 2, -7, 4}, all)
	all[1] = 5
	assert.Equal(t, math.Float32bits(5), binary.NativeEndian.Uint32(b))
}

func TestBytesOfNothingAreNil(t *testing.T) {
	assert.Nil(t, asm.Bytes[float64](nil))
	assert.Nil(t, asm.Bytes([]float32{1}[:0]))
}

func TestForReturnsTheTableOfTheCurrentLevel(t *testing.T) {
	f32, f64 := asm.For[float32](), asm.For[float64]()
	assert.Same(t, f32, asm.For[float32]())
	assert.Same(t, f64, asm.For[float64]())
	assert.Equal(t, asm.Current(), f32.Level)
	assert.Equal(t, asm.Current(), f64.Level)
	for _, table := range []any{f32, f64} {
		v := reflect.ValueOf(table).Elem()
		for i := range v.NumField() {
			assert.False(t, v.Field(i).Kind() == reflect.Func && v.Field(i).IsNil(), v.Type().Field(i).Name)
		}
	}
}

func TestLevelNames(t *testing.T) {
	assert.Equal(t, "generic", asm.Generic.String())
	assert.Equal(t, "unknown", asm.Level(-1).String())
	assert.NotEqual(t, "unknown", asm.Current().String())
}

// TestEnvErrorTellsOfAnUnknownLevel runs itself with such a level; that the
// variable it was started with is right guards tests meant for one level.
func TestEnvErrorTellsOfAnUnknownLevel(t *testing.T) {
	if os.Getenv("POLYAD_SIMD") == "nosuch" {
		require.ErrorContains(t, asm.EnvError(), "POLYAD_SIMD=nosuch")
		levels := asm.Levels()
		require.Equal(t, levels[len(levels)-1], asm.Current())
		return
	}
	require.NoError(t, asm.EnvError())
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("no processes here")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestEnvErrorTellsOfAnUnknownLevel$", "-test.v")
	cmd.Env = append(os.Environ(), "POLYAD_SIMD=nosuch")
	out, err := cmd.CombinedOutput()
	if err != nil && strings.Contains(err.Error(), "exec format error") {
		t.Skip("an emulated program cannot start itself")
	}
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "--- PASS")
}

func TestTheProcessorHasAName(t *testing.T) {
	assert.NotEmpty(t, asm.CPU())
}

func ExampleFor() {
	ker := asm.For[float32]()
	x, y := []float32{1, 2, 3}, []float32{10, 20, 30}
	ker.Axpy(2, x, y) // y += 2x
	fmt.Println(y, ker.Dot(x, x))
	// Output: [12 24 36] 14
}

func ExampleBytes() {
	x := make([]float64, 2)
	copy(asm.Bytes(x), asm.Bytes([]float64{3, 4}))
	fmt.Println(x)
	// Output: [3 4]
}
