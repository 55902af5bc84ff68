package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/input"
	"polyad/cmd/polyad/internal/models"
	"polyad/ndio"
	"polyad/tensor"
)

// text writes a text file and returns its path.
func text(t *testing.T, path, content string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o666))
	return path
}

// Names of a table go through fit, folder, top and transform.
func TestNamesTravel(t *testing.T) {
	dir := t.TempDir()
	x := text(t, filepath.Join(dir, "x.csv"), "id,mon,tue,wed\napple,4,0,0\npear,2,0,0\n\"<b>\",0,3,1\n")
	model := filepath.Join(dir, "model")
	axis := text(t, filepath.Join(dir, "days.csv"), "time [s]\n1\n2\n4.5\n")
	code, stdout, stderr := call("nmf", x, "-r", "2", "-o", model, "--json", "--axis", "1="+axis, "--sort")
	require.Zero(t, code, stderr)
	var res struct {
		Axes      []input.AxisResult
		RelError  float64 `json:"rel_error"`
		Explained float64
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	assert.Equal(t, []input.AxisResult{{Names: []string{"apple", "pear", "<b>"}}, {Names: []string{"mon", "tue", "wed"}, Values: []float64{1, 2, 4.5}, Title: "time", Unit: "s"}}, res.Axes)
	assert.Equal(t, 1-res.RelError*res.RelError, res.Explained)
	b, err := os.ReadFile(filepath.Join(model, "names_0.txt"))
	require.NoError(t, err)
	assert.Equal(t, "apple\npear\n<b>\n", string(b))
	b, err = os.ReadFile(filepath.Join(model, "axis_1.csv"))
	require.NoError(t, err)
	assert.Equal(t, "time [s]\n1\n2\n4.5\n", string(b))

	code, stdout, stderr = call("top", model, "--count", "1", "--mode", "0", "--json")
	require.Zero(t, code, stderr)
	var top models.Leading
	require.NoError(t, json.Unmarshal([]byte(stdout), &top))
	require.Len(t, top.Modes, 1)
	require.Len(t, top.Modes[0].Components, 2)
	assert.Equal(t, "apple", top.Modes[0].Components[0].Entries[0].Name)
	assert.InDelta(t, 2./3, top.Modes[0].Components[0].Entries[0].Share, 1e-6)
	assert.Equal(t, "<b>", top.Modes[0].Components[1].Entries[0].Name)
	code, stdout, stderr = call("top", model)
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "component 0, mode 1: time [s]")
	for line := range strings.Lines(stdout) {
		assert.LessOrEqual(t, len(line), 80)
	}

	next := text(t, filepath.Join(dir, "next.csv"), "id,thu\npear,2\napple,4\n\"<b>\",1\n")
	coded := filepath.Join(dir, "coded")
	code, _, stderr = call("transform", model, next, "-o", coded)
	require.Zero(t, code, stderr)
	assert.Contains(t, stderr, `index 0 of mode 0 is "pear" there and "apple" in the model`)
	axes, err := ndio.LoadAxes(coded, []int{3, 1})
	require.NoError(t, err)
	assert.Equal(t, []ndio.Axis{{Names: []string{"apple", "pear", "<b>"}}, {Names: []string{"thu"}}}, axes)
}

func TestNamesThatDoNotFitAreRefused(t *testing.T) {
	dir := t.TempDir()
	x := save(t, filepath.Join(dir, "x.npy"), sample[float64]())
	two := text(t, filepath.Join(dir, "two.txt"), "a\nb\n")
	for arg, want := range map[string]string{
		"0=" + two:     "there are 2 names for 30 indices",
		"2=" + two:     "the data have the modes 0 to 1",
		"rows=" + two:  "want MODE=FILE",
		two:            "want MODE=FILE",
		"0=":           "want MODE=FILE",
		"0=/nowhere/x": "/nowhere/x",
	} {
		code, _, stderr := call("nmf", x, "-r", "2", "--names", arg)
		assert.NotZero(t, code, arg)
		assert.Contains(t, stderr, want)
	}
	assert.Equal(t, "a?[31mb?", console.Plain("a\x1b[31mb\u202e"))
}

// A model that was fitted with missing entries takes new samples with them, and
// samples may be new along any mode.
func TestTransformAlongAModeInheritsWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	code, _, stderr := call("synth", "cpd", filepath.Join(dir, "X.npy"), "--shape", "6,5,4", "-r", "2", "--seed", "3")
	require.Zero(t, code, stderr)
	x, err := ndio.Load[float64](filepath.Join(dir, "X.npy"))
	require.NoError(t, err)
	x.Data[7] = math.NaN()
	path := filepath.Join(dir, "holes.npy")
	require.NoError(t, ndio.WriteFile(path, x))
	model := filepath.Join(dir, "model")
	code, _, stderr = call("cpd", path, "-r", "2", "--nonneg", "--missing", "nan", "--tol", "1e-12", "-o", model)
	require.Zero(t, code, stderr)
	few := tensor.Of(x.Data[:2*20], 2, 5, 4)
	path = filepath.Join(dir, "few.npy")
	require.NoError(t, ndio.WriteFile(path, few))
	coded := filepath.Join(dir, "coded")
	code, _, stderr = call("transform", model, path, "--mode", "0", "--tol", "1e-12", "-o", coded)
	require.Zero(t, code, stderr)
	old, err := ndio.Load[float64](filepath.Join(model, "factor_0.npy"))
	require.NoError(t, err)
	found, err := ndio.Load[float64](filepath.Join(coded, "factor_0.npy"))
	require.NoError(t, err)
	require.Equal(t, []int{2, 2}, found.Shape)
	assert.InDeltaSlice(t, old.Data[:4], found.Data, 1e-2)
	code, _, stderr = call("transform", model, path, "--mode", "3", "-o", filepath.Join(dir, "none"))
	assert.Equal(t, exit.Usage, code)
	assert.Contains(t, stderr, "--mode 3")
}
