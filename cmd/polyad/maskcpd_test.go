package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/models"
	"polyad/cpd"
	"polyad/ndio"
	"polyad/tensor"
)

func TestDecompositionsOfArraysWithHoles(t *testing.T) {
	dir := t.TempDir()
	whole, err := ndio.Load[float64](tensorFile(t, dir, "--nonneg"))
	require.NoError(t, err)
	x, nan, mask := whole.Clone(), whole.Clone(), tensor.New[float32](whole.Shape...)
	for i := range mask.Data {
		if mask.Data[i] = float32(i%7 - 3); mask.Data[i] == 0 {
			x.Data[i], nan.Data[i] = -1e300, math.NaN()
		}
	}
	save := func(name string, write func(string) error) string {
		name = filepath.Join(dir, name)
		require.NoError(t, write(name))
		return name
	}
	file := save("M.npy", func(p string) error { return ndio.WriteFile(p, mask) })
	spoilt := save("spoilt.npy", func(p string) error { return ndio.WriteFile(p, x) })
	holed := save("NaN.npy", func(p string) error { return ndio.WriteFile(p, nan) })
	var first *cpd.Model[float64]
	for name, args := range map[string][]string{"mask": {spoilt, "--mask", file}, "missing": {holed, "--missing", "nan"}} {
		out, page := filepath.Join(dir, name), filepath.Join(dir, name+".html")
		code, stdout, stderr := call(append([]string{"cpd", "-r", "3", "--nonneg", "-o", out, "--report", page}, args...)...)
		require.Zero(t, code, stderr)
		require.Contains(t, stdout, "823 of 960 entries (85.7 %)")
		html, err := os.ReadFile(page)
		require.NoError(t, err)
		require.Contains(t, string(html), "823 of 960 entries (85.7 %)")
		m, err := cpd.Load[float64](out)
		require.NoError(t, err)
		if first == nil {
			first = m
		}
		require.Equal(t, first, m, "two ways to say the same")
		var res models.Result
		b, err := os.ReadFile(filepath.Join(out, "result.json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, &res))
		require.Equal(t, 823, res.Observed)
		require.Equal(t, 10.0, res.Options["trace_every"])
		require.Less(t, m.RelError(whole), .05, "what was missing is found")

		// eval remembers --missing, and is told a mask again.
		again := []string{"eval", out, holed, "--json"}
		if name == "mask" {
			again = []string{"eval", out, "--json", spoilt, "--mask", file}
		}
		code, stdout, stderr = call(again...)
		require.Zero(t, code, stderr)
		var e cpdEvaluation
		require.NoError(t, json.Unmarshal([]byte(stdout), &e))
		require.InEpsilon(t, res.Loss, e.Loss, 1e-9)
		require.InEpsilon(t, res.RelError, e.RelError, 1e-9)
		require.Greater(t, e.CoreConsistency, 90.0)

		// The data of the fit get the factor of the fit.
		coded := filepath.Join(dir, name+"-coded")
		code, stdout, stderr = call(append([]string{"transform", out, "-o", coded, "--json"}, args...)...)
		require.Zero(t, code, stderr)
		var of models.Result
		require.NoError(t, json.Unmarshal([]byte(stdout), &of))
		require.Equal(t, 823, of.Observed)
		require.InEpsilon(t, res.RelError, of.RelError, 1e-3)
		require.Equal(t, res.Options[name], of.Options[name])
		c, err := cpd.Load[float64](coded)
		require.NoError(t, err)
		require.InDeltaSlice(t, m.Factors[2].Data, c.Factors[2].Data, 2e-2)
	}

	turned := save("turned.npy", func(p string) error { return ndio.WriteFile(p, mask.Permute(1, 0, 2).Clone()) })
	mask.Data[13] = float32(math.NaN())
	bad := save("bad.npy", func(p string) error { return ndio.WriteFile(p, mask) })
	zeros := save("zeros.npy", func(p string) error { return ndio.WriteFile(p, tensor.New[float64](whole.Shape...)) })
	for name, c := range map[string]struct {
		code int
		args []string
		text string
	}{
		"both":        {2, []string{spoilt, "--mask", file, "--missing", "nan"}, "--mask and --missing"},
		"turned":      {2, []string{spoilt, "--mask", turned}, "turned.npy has shape 10 x 12 x 8, and"},
		"nan in it":   {1, []string{spoilt, "--mask", bad}, "bad.npy: entry [0,1,5] is NaN"},
		"all missing": {1, []string{spoilt, "--mask", zeros}, "zeros.npy is 0 everywhere"},
		"no flag":     {1, []string{holed}, "--missing nan"},
		"compressed":  {2, []string{holed, "--missing", "nan", "--init", "compressed"}, "missing entries"},
	} {
		code, stdout, stderr := call(append([]string{"cpd", "-r", "2"}, c.args...)...)
		require.Equal(t, c.code, code, "%s: %s", name, stderr)
		require.Empty(t, stdout, name)
		require.Contains(t, stderr, c.text, name)
	}
}
