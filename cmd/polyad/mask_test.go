package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/models"
	"polyad/internal/golden"
	"polyad/matrix"
	"polyad/nmf"
)

func TestGoldenMaskThroughTheCommandLine(t *testing.T) {
	cases, err := golden.NMF()
	require.NoError(t, err)
	for name, l := range map[string]string{"mu_mask_beta1": "kl", "mu_mask_beta2": "frobenius"} {
		c := cases[name]
		dir := t.TempDir()
		v := save(t, filepath.Join(dir, "V.npy"), c.Inputs["V"].Matrix())
		m := save(t, filepath.Join(dir, "M.npy"), c.Inputs["M"].Matrix())
		start, out := filepath.Join(dir, "start"), filepath.Join(dir, "out")
		save(t, filepath.Join(start, "W.npy"), c.Inputs["W0"].Matrix())
		save(t, filepath.Join(start, "H.npy"), c.Inputs["H0"].Matrix())
		code, _, stderr := call("nmf", v, "-r", "4", "--loss", l, "--method", "mu", "--inner", "1", "--eps", "0", "--mask", m,
			"--scale-init=false", "--init", start, "--max-iter", "10", "--tol", "0", "-o", out)
		require.Zero(t, code, stderr)
		model, err := nmf.Load[float64](out)
		require.NoError(t, err)
		require.NoError(t, c.Outputs["W_10"].Check(model.W.Data))
		require.NoError(t, c.Outputs["H_10"].Check(model.H.Data))
	}
}

func TestMissingEntriesAreToldByNaNOrByAFile(t *testing.T) {
	t.Run("float32", tellMissing[float32])
	t.Run("float64", tellMissing[float64])
}

func tellMissing[T asm.Float](t *testing.T) {
	dir := t.TempDir()
	x, m := sample[T](), matrix.New[float32](30, 20)
	for i := range m.Data {
		m.Data[i] = float32(i%7 - 3) // not only 0 and 1
	}
	nan := x.Clone()
	missing := 0
	for i, v := range m.Data {
		if v == 0 {
			x.Data[i], nan.Data[i] = -1, T(math.NaN())
			missing++
		}
	}
	file := save(t, filepath.Join(dir, "M.npy"), m)
	results := map[string]models.Result{}
	var bits []string
	for name, args := range map[string][]string{
		"mask":    {save(t, filepath.Join(dir, "X.npy"), x), "--mask", file},
		"missing": {save(t, filepath.Join(dir, "NaN.npy"), nan), "--missing", "nan"},
	} {
		out := filepath.Join(dir, name)
		page := filepath.Join(dir, name+".html")
		code, stdout, stderr := call(append([]string{"nmf", "-r", "3", "-o", out, "--report", page}, args...)...)
		require.Zero(t, code, stderr)
		assert.Contains(t, stdout, "514 of 600 entries (85.7 %)")
		html, err := os.ReadFile(page)
		require.NoError(t, err)
		assert.Contains(t, string(html), "514 of 600 entries (85.7 %)")
		var res models.Result
		b, err := os.ReadFile(filepath.Join(out, "result.json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, &res))
		results[name] = res
		assert.Equal(t, 600-missing, res.Observed)
		assert.Equal(t, 10.0, res.Options["trace_every"])
		for _, f := range []string{"W.npy", "H.npy"} {
			b, err := os.ReadFile(filepath.Join(out, f))
			require.NoError(t, err)
			bits = append(bits, string(b))
		}
	}
	assert.Equal(t, bits[:2], bits[2:], "two ways to say the same")
	assert.Equal(t, filepath.ToSlash(file), results["mask"].Options["mask"])
	assert.Equal(t, "", results["mask"].Options["missing"])
	assert.Equal(t, "", results["missing"].Options["mask"])
	assert.Equal(t, "nan", results["missing"].Options["missing"])
	assert.Contains(t, results["mask"].Command, "--mask="+filepath.ToSlash(file))

	// Nothing is missing: nothing is said about it, and nothing changes.
	whole := save(t, filepath.Join(dir, "whole.npy"), sample[T]())
	code, stdout, stderr := call("nmf", whole, "-r", "3", "--missing", "nan", "--json")
	require.Zero(t, code, stderr)
	var res models.Result
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	assert.Equal(t, 600, res.Observed)
	assert.Empty(t, res.Seen())
	assert.Equal(t, 1.0, res.Options["trace_every"])
}

func TestMissingEntriesFromStandardInput(t *testing.T) {
	code, stdout, stderr := callWith(context.Background(), []byte("1,2,nan\n2,4,6\n3,6,9\n"), "nmf", "-", "-r", "1", "--missing", "nan", "--json")
	require.Zero(t, code, stderr)
	var res models.Result
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	assert.Equal(t, 8, res.Observed)
	assert.Less(t, res.RelError, 1e-3)
}

func TestTransformTakesMasks(t *testing.T) {
	dir := t.TempDir()
	x := save(t, filepath.Join(dir, "X.npy"), sample[float64]())
	model := filepath.Join(dir, "model")
	code, _, stderr := call("nmf", x, "-r", "3", "-q", "-o", model)
	require.Zero(t, code, stderr)
	holed := sample[float64]()
	for i := range holed.Rows {
		holed.Set(i, i%20, math.NaN())
	}
	file := save(t, filepath.Join(dir, "NaN.npy"), holed)
	code, stdout, stderr := call("transform", model, file, "--missing", "nan", "--json", "-o", filepath.Join(dir, "coded"))
	require.Zero(t, code, stderr)
	var res models.Result
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	assert.Equal(t, 570, res.Observed)
	assert.Equal(t, "nan", res.Options["missing"])
	code, _, stderr = call("transform", model, file, "-o", filepath.Join(dir, "not"))
	assert.Equal(t, exit.Failed, code)
	assert.Contains(t, stderr, "--missing nan")
	code, _, stderr = call("transform", model, file, "--missing", "0", "-o", filepath.Join(dir, "not"))
	assert.Equal(t, exit.Usage, code)
	assert.Contains(t, stderr, "want nan")
}

func TestBadMasksEndWithOneLineAndNothingWritten(t *testing.T) {
	dir := t.TempDir()
	mask := func(name string, m *matrix.Dense[float64]) string { return save(t, filepath.Join(dir, name), m) }
	good, ones := mask("good.npy", sample[float64]()), matrix.New[float64](30, 20)
	for i := range ones.Data {
		ones.Data[i] = 1
	}
	fits := mask("fits.npy", ones)
	nan := sample[float64]()
	nan.Set(4, 7, math.NaN())
	holed := mask("holed.npy", nan)
	for name, c := range map[string]struct {
		code int
		args []string
		text string
	}{
		"both":         {2, []string{good, "--mask", fits, "--missing", "nan"}, "--mask and --missing"},
		"word":         {2, []string{good, "--missing", "zero"}, "want nan"},
		"no word":      {2, []string{good, "--missing="}, "want nan"},
		"no name":      {2, []string{good, "--mask="}, "--mask"},
		"turned":       {2, []string{good, "--mask", mask("turned.npy", ones.Transpose())}, "turned.npy has shape 20 x 30, and"},
		"not there":    {1, []string{good, "--mask", filepath.Join(dir, "none.npy")}, "none.npy"},
		"nan in it":    {1, []string{good, "--mask", holed}, "holed.npy: entry [4,7] is NaN"},
		"all missing":  {1, []string{good, "--mask", mask("zeros.npy", matrix.New[float64](30, 20))}, "zeros.npy is 0 everywhere"},
		"nan is there": {1, []string{holed, "--mask", fits}, "entry [4,7] is NaN"},
		"no flag":      {1, []string{holed}, "--missing nan"},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			code, stdout, stderr := call(append([]string{"nmf", "-r", "2", "-o", out}, c.args...)...)
			assert.Equal(t, c.code, code, stderr)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, c.text)
			assert.Len(t, strings.Split(strings.TrimSpace(stderr), "\n"), 1, stderr)
			_, err := os.Stat(out)
			assert.ErrorIs(t, err, os.ErrNotExist, "nothing may be written")
		})
	}
}
