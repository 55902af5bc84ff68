package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
)

func TestBenchKernelsPrintsRows(t *testing.T) {
	code, stdout, stderr := call("bench", "kernels", "--quick", "--json", "--filter", "^(peak|gram)/f64.*/generic/w1")
	require.Zero(t, code, stderr)
	var res struct {
		Machine map[string]any
		Rows    []map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	assert.NotEmpty(t, res.Machine["cpu"])
	require.Len(t, res.Rows, 2)
	for _, key := range []string{"name", "dtype", "shape", "rank", "mode", "simd", "workers", "seconds", "min", "max", "flops", "bytes",
		"gflops", "gbs", "peak_gflops", "peak_gbs", "t_flops", "t_bytes", "share"} {
		assert.Contains(t, res.Rows[1], key)
	}
	code, stdout, stderr = call("bench", "kernels", "--quick", "--filter", "^peak/f64.*/generic/w1")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "generic")
	code, _, _ = call("bench", "kernels", "--filter", "(")
	assert.Equal(t, exitUsage, code)
	code, _, _ = call("bench", "gossip")
	assert.Equal(t, exitUsage, code)
}

func TestBenchSolversPrintsSweeps(t *testing.T) {
	restore, err := asm.Use(asm.Generic)
	require.NoError(t, err)
	defer restore()
	code, stdout, stderr := call("bench", "solvers", "--quick", "--json", "--filter", "^(cpd|tucker-hooi).*/w1$")
	require.Zero(t, code, stderr)
	var res struct {
		Machine map[string]any
		Rows    []map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	assert.NotEmpty(t, res.Machine["cpu"])
	require.Len(t, res.Rows, 6)
	for _, key := range []string{"name", "dtype", "shape", "rank", "ranks", "simd", "workers", "seconds", "min", "max", "least", "share", "pass", "passes", "reads", "words", "bound", "of_als", "of_f64"} {
		assert.Contains(t, res.Rows[3], key)
	}
	code, stdout, stderr = call("bench", "solvers", "--quick", "--filter", "^(cpd|tucker-hooi).*/w1$")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "40x40x40")
	for _, filter := range []string{"(", "nothing"} {
		code, _, _ = call("bench", "solvers", "--quick", "--filter", filter)
		assert.Equal(t, exitUsage, code)
	}
}
