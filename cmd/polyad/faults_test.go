package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/matrix"
)

// refused runs a command line that must end with a code and one line of error
// that contains all the texts, printing nothing.
func refused(t *testing.T, code int, texts []string, args ...string) {
	t.Helper()
	got, stdout, stderr := call(args...)
	assert.Equal(t, code, got, "%v: %s", args, stderr)
	assert.Empty(t, stdout, args)
	assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	for _, text := range texts {
		assert.Contains(t, stderr, text, args)
	}
}

func TestSynthReplacesNothingUnasked(t *testing.T) {
	x := filepath.Join(t.TempDir(), "X.npy")
	require.NoError(t, os.WriteFile(x, []byte("mine"), 0o666))
	refused(t, exitUsage, []string{x + " exists", "--force"}, "synth", "nmf", x, "--shape", "5,4", "-r", "2")
	b, err := os.ReadFile(x)
	require.NoError(t, err)
	assert.Equal(t, "mine", string(b))
	code, _, stderr := call("synth", "nmf", x, "--shape", "5,4", "-r", "2", "--force")
	require.Zero(t, code, stderr)
	v := told(t, "info", x, "--json")
	assert.NotNil(t, v)
}

func TestModelsWithOtherDegreesAreEvaluatedAndTransformed(t *testing.T) {
	x, model := fitted(t, "--method mu --lp all=1.5:0.1")
	fit := resultOf(t, model)
	v := told(t, "eval", model, x, "--json")
	assert.InEpsilon(t, fit["objective"], v["objective"], 1e-9)
	v = told(t, "transform", model, x, "--json", "-o", filepath.Join(t.TempDir(), "out"))
	assert.Equal(t, "mu", v["options"].(map[string]any)["method"])

	// hals cannot take a degree that a flag asks for, mu can.
	x, model = fitted(t, "")
	told(t, "eval", model, x, "--lp", "all=0.5:0.1", "--json")
	v = told(t, "transform", model, x, "--lp", "h=1.5:0.1", "--json", "-o", filepath.Join(t.TempDir(), "out"))
	assert.Equal(t, "mu", v["options"].(map[string]any)["method"])
}

func TestTransformTakesTheMethodOfTheFit(t *testing.T) {
	for _, method := range []string{"hals", "mu", "als", "anls"} {
		x, model := fitted(t, "--method "+method)
		v := told(t, "transform", model, x, "--json", "-o", filepath.Join(t.TempDir(), "out"))
		assert.Equal(t, method, v["options"].(map[string]any)["method"])
		assert.Equal(t, false, v["options"].(map[string]any)["extrapolate"])
		v = told(t, "transform", model, x, "--loss", "kl", "--json", "-o", filepath.Join(t.TempDir(), "out"))
		assert.Equal(t, "mu", v["options"].(map[string]any)["method"])
		v = told(t, "transform", model, x, "--eps", "1e-9", "--json", "-o", filepath.Join(t.TempDir(), "out"))
		assert.Contains(t, []string{"hals", method}, v["options"].(map[string]any)["method"])
	}
}

func TestEvalLeavesMissingEntriesOut(t *testing.T) {
	dir := t.TempDir()
	data := sample[float64]()
	holes := matrix.New[float64](30, 20)
	for i := range holes.Data {
		holes.Data[i] = 1
	}
	holes.Set(3, 4, 0)
	mask := save(t, filepath.Join(dir, "mask.npy"), holes)
	whole := save(t, filepath.Join(dir, "whole.npy"), data)
	data.Set(3, 4, math.NaN())
	x, model := save(t, filepath.Join(dir, "X.npy"), data), filepath.Join(dir, "model")
	code, _, stderr := call("nmf", x, "-r", "3", "-q", "--missing", "nan", "-o", model)
	require.Zero(t, code, stderr)
	want := resultOf(t, model)["objective"]
	for _, flags := range [][]string{{x}, {x, "--missing", "nan"}, {x, "--mask", mask}, {whole, "--mask", mask}} {
		v := told(t, append([]string{"eval", model, "--json"}, flags...)...)
		assert.InEpsilon(t, want, v["objective"], 1e-9, flags)
		assert.Equal(t, 599.0, v["observed"])
	}
	code, stdout, _ := call("eval", model, x)
	assert.Zero(t, code)
	assert.Contains(t, stdout, "599 of 600")
	refused(t, exitUsage, []string{"--mask", "without a FILE"}, "eval", model, "--mask", mask)
	require.NoError(t, os.Remove(filepath.Join(model, "result.json")))
	code, _, stderr = call("eval", model, x)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "--missing nan")
	assert.NotContains(t, stderr, "Options")
}

func TestWhatIsHeldIsNotMovedAfterwards(t *testing.T) {
	x, model := fitted(t, "--max-iter 3")
	for _, keep := range [][]string{{"--fix", "w"}, {"--hold", "h=1"}} {
		for _, after := range [][]string{{"--normalize", "l1"}, {"--sort"}} {
			refused(t, exitUsage, []string{keep[0], after[0]}, append(append([]string{"nmf", x, "-r", "3", "--init", model}, keep...), after...)...)
		}
	}
}

func TestABrokenResultFileIsAnError(t *testing.T) {
	x, model := fitted(t, "")
	path, out := filepath.Join(model, "result.json"), filepath.Join(t.TempDir(), "out")
	for _, text := range []string{
		"", "{", "[]", `{"schema":1}`, `{"schema":"polyad/result/1","options":{"loss":1}}`, `{"schema":"polyad/result/1","options":{"l1":{"w":"x"}}}`,
		`{"schema":"polyad/result/1","options":{"lp":{"w":"x"}}}`, `{"schema":"polyad/result/1","options":{"loss":"x"}}`,
		`{"schema":"polyad/result/1","options":{"method":"x"}}`, `{"schema":"polyad/result/1","options":{"eps":-1}}`,
		`{"schema":"polyad/result/1","options":{"l2":{"h":-1}}}`,
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		refused(t, exitFailed, []string{"result.json"}, "eval", model, x)
		refused(t, exitFailed, []string{"result.json"}, "eval", model)
		refused(t, exitFailed, []string{"result.json"}, "transform", model, x, "-o", out)
	}
	require.NoError(t, os.WriteFile(path, []byte(`{"schema":"another"}`), 0o666))
	told(t, "eval", model, x, "--json")
}
