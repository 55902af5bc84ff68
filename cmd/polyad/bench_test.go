package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cmd/polyad/internal/exit"
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
	assert.Equal(t, exit.Usage, code)
	code, _, stderr = call("bench", "kernels", "--filter", "gossip")
	assert.Equal(t, exit.Usage, code)
	assert.Contains(t, stderr, "gemm/f64/512x512x512/r512/m0/") // what to filter
	code, _, _ = call("bench", "gossip")
	assert.Equal(t, exit.Usage, code)
}

func TestBenchmarksEndWhereNothingCanBeWritten(t *testing.T) {
	restore, err := asm.Use(asm.Generic)
	require.NoError(t, err)
	defer restore()
	for _, args := range [][]string{{"bench", "kernels", "--quick"}, {"bench", "kernels", "--quick", "--json", "--filter", "^peak.*generic/w1"}, {"bench", "solvers", "--quick", "--filter", "^cpd"}} {
		var stderr bytes.Buffer
		a := &app{in: strings.NewReader(""), out: full{}, err: &stderr}
		start := time.Now()
		assert.Equal(t, exit.Failed, a.run(context.Background(), args), args)
		assert.Contains(t, stderr.String(), "no space", args)
		assert.Less(t, time.Since(start), 30*time.Second, args) // of minutes
	}
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
		assert.Equal(t, exit.Usage, code)
	}
}
