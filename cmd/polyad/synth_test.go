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

	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/models"
	"polyad/ndio"
	"polyad/nmf"
)

func TestSynthWritesDataAndTruth(t *testing.T) {
	for _, c := range []struct {
		flags string
		shape []int
		rank  []int
		truth map[string][]int
	}{
		{"nmf --shape 12,9 -r 3 --density 0.5", []int{12, 9}, []int{3}, map[string][]int{"W.npy": {12, 3}, "H.npy": {3, 9}}},
		{"nmf --shape 12,9 -r 3 --noise poisson --dtype f32", []int{12, 9}, []int{3}, map[string][]int{"W.npy": {12, 3}, "H.npy": {3, 9}}},
		{"cpd --shape 4,5,6 -r 2 --noise gaussian --snr 10", []int{4, 5, 6}, []int{2}, map[string][]int{"weights.npy": {2}, "factor_0.npy": {4, 2}, "factor_1.npy": {5, 2}, "factor_2.npy": {6, 2}}},
		{"cpd --shape 4,5 -r 2 --nonneg --noise gamma --snr 10", []int{4, 5}, []int{2}, map[string][]int{"weights.npy": {2}, "factor_0.npy": {4, 2}, "factor_1.npy": {5, 2}}},
		{"tucker --shape 4,5,6 -r 2 --nonneg", []int{4, 5, 6}, []int{2, 2, 2}, map[string][]int{"core.npy": {2, 2, 2}, "factor_0.npy": {4, 2}, "factor_1.npy": {5, 2}, "factor_2.npy": {6, 2}}},
		{"tucker --shape 4,5,6 -r 2,3,4 --dtype float32", []int{4, 5, 6}, []int{2, 3, 4}, map[string][]int{"core.npy": {2, 3, 4}, "factor_0.npy": {4, 2}, "factor_1.npy": {5, 3}, "factor_2.npy": {6, 4}}},
		{"swimmer", []int{1024, 256}, []int{17}, map[string][]int{"W.npy": {1024, 17}, "H.npy": {17, 256}}},
	} {
		t.Run(c.flags, func(t *testing.T) {
			dir := t.TempDir()
			out, truth := filepath.Join(dir, "X.npy"), filepath.Join(dir, "truth")
			args := append(append([]string{"synth"}, strings.Fields(c.flags)...), out, "--seed", "3", "--truth", truth, "--json")
			code, stdout, stderr := call(args...)
			require.Zero(t, code, stderr)
			require.Empty(t, stderr)
			var res synthResult
			require.NoError(t, json.Unmarshal([]byte(stdout), &res))
			x, err := ndio.ReadFile(out)
			require.NoError(t, err)
			assert.Equal(t, c.shape, x.Shape())
			assert.Equal(t, c.shape, res.Shape)
			assert.Equal(t, c.rank, res.Rank)
			assert.Equal(t, x.DType(), res.DType)
			assert.Equal(t, strings.Contains(c.flags, "32"), x.F32 != nil)
			assert.Equal(t, strings.Contains(c.flags, "noise"), res.RelError > 0)
			files, err := os.ReadDir(truth)
			require.NoError(t, err)
			assert.Len(t, files, len(c.truth))
			for name, shape := range c.truth {
				a, err := ndio.ReadFile(filepath.Join(truth, name))
				require.NoError(t, err)
				assert.Equal(t, shape, a.Shape(), name)
				assert.Equal(t, x.DType(), a.DType())
			}

			// The same command line gives the same file, with or without the truth.
			first, err := os.ReadFile(out)
			require.NoError(t, err)
			code, stdout, stderr = call(append(args[:len(args)-3], "-q", "--force")...)
			require.Zero(t, code, stderr)
			assert.Empty(t, stdout)
			again, err := os.ReadFile(out)
			require.NoError(t, err)
			assert.Equal(t, first, again)
		})
	}
}

// TestSynthTruthIsAModelFolder fits data from their truth, which must stay where
// it is.
func TestSynthTruthIsAModelFolder(t *testing.T) {
	dir := t.TempDir()
	out, truth := filepath.Join(dir, "X.npy"), filepath.Join(dir, "truth")
	code, stdout, stderr := call("synth", "nmf", out, "--shape", "30,20", "-r", "3", "--truth", truth)
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "30 x 20 float64 of rank 3")
	code, stdout, stderr = call("nmf", out, "-r", "3", "--init", truth, "--max-iter", "0", "--json")
	require.Zero(t, code, stderr)
	var res models.Result
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	assert.Less(t, res.RelError, 1e-14)

	code, _, stderr = call("synth", "nmf", filepath.Join(dir, "Y.npy"), "--shape", "30,20", "-r", "4", "--truth", truth)
	assert.Equal(t, exit.Usage, code)
	assert.Contains(t, stderr, "--truth")
	code, stdout, stderr = call("synth", "nmf", out, "--shape", "30,20", "-r", "4", "--noise", "gamma", "--snr", "20", "--truth", truth, "--force")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "gamma, 20 dB")
	m, err := nmf.Load[float64](truth)
	require.NoError(t, err)
	assert.Equal(t, 4, m.Rank())
}

// TestFluorescenceHasItsMaskBesideIt: NaN and the mask say the same, a fit takes
// either, and comes to the true factors.
func TestFluorescenceHasItsMaskBesideIt(t *testing.T) {
	t.Chdir(t.TempDir())
	args := strings.Fields("synth fluorescence X.npy --shape 5,41,31 -r 2 --noise gaussian --snr 60 --seed 4 --json")
	code, stdout, stderr := call(args...)
	require.Zero(t, code, stderr)
	var res synthResult
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	x, err := ndio.ReadFile("X.npy")
	require.NoError(t, err)
	args[2] = "Y.npy"
	code, stdout, stderr = call(append(args[:len(args)-1], "--mask", "M.npy", "--truth", "truth")...)
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "0 in M.npy")
	y, err := ndio.ReadFile("Y.npy")
	require.NoError(t, err)
	m, err := ndio.ReadFile("M.npy")
	require.NoError(t, err)
	seen := 0
	for i, v := range x.F64.Data {
		if m.F64.Data[i] != 0 {
			seen++
			require.Equal(t, y.F64.Data[i], v)
			continue
		}
		require.True(t, math.IsNaN(v))
		require.False(t, math.IsNaN(y.F64.Data[i]))
	}
	assert.Equal(t, seen, res.Observed)
	assert.InDelta(t, .16, 1-float64(seen)/float64(len(m.F64.Data)), .04)

	for _, flags := range []string{"X.npy --missing nan -o a", "Y.npy --mask M.npy -o b"} {
		code, _, stderr = call(append(strings.Fields("cpd -r 2 --nonneg -q"), strings.Fields(flags)...)...)
		require.Zero(t, code, stderr)
	}
	first, err := os.ReadFile("a/factor_1.npy")
	require.NoError(t, err)
	second, err := os.ReadFile("b/factor_1.npy")
	require.NoError(t, err)
	assert.Equal(t, first, second)
	code, stdout, stderr = call("eval", "a", "--against", "truth", "--json")
	require.Zero(t, code, stderr)
	var match struct {
		Against struct{ FMS float64 }
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &match), stdout)
	assert.Greater(t, match.Against.FMS, .99, stdout)
}

func TestSynthRefusesWhatHasNoEffect(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for flags, word := range map[string]string{
		"":                                                   "kind",
		"music X.npy":                                        "music",
		"nmf --shape 3,3 -r 1":                               "file",
		"nmf X.npy Y.npy --shape 3,3 -r 1":                   "file",
		"nmf X.npy -r 1":                                     "--shape",
		"nmf X.npy --shape 3,3":                              "-r",
		"nmf X.npy --shape 3,3,3 -r 1":                       "modes",
		"nmf X.npy --shape 3,0 -r 1":                         "positive",
		"nmf X.npy --shape 3,x -r 1":                         "positive",
		"nmf X.npy --shape 3,3 -r 1,1":                       "one rank",
		"nmf X.npy --shape 3,3 -r 1 --nonneg":                "nonneg",
		"nmf X.npy --shape 3,3 -r 1 --snr 20":                "--snr",
		"nmf X.npy --shape 3,3 -r 1 --truth=":                "--truth",
		"nmf X.npy --shape 3,3 -r 1 --density 0":             "--density",
		"nmf X.npy --shape 3,3 -r 1 --density 2":             "density",
		"nmf X.npy --shape 3,3 -r 1 --noise pink":            "pink",
		"nmf X.npy --shape 3,3 -r 1 --noise gamma --snr 1e9": "-200 to 200",
		"nmf X.npy --shape 3,3 -r 1 --dtype f16":             "f16",
		"nmf X.wav --shape 3,3 -r 1":                         ".npy",
		"nmf X.npy --shape 1000000,1000000 -r 1":             "memory",
		"cpd X.csv --shape 3,3,3 -r 1":                       ".npy",
		"cpd X.npy --shape 3 -r 1":                           "modes",
		"cpd X.npy --shape 3,3,3 -r 1 --noise poisson":       "--nonneg",
		"tucker X.npy --shape 3,3,3 -r 1,2":                  "modes",
		"tucker X.npy --shape 3,3,3 -r 4":                    "above its size",
		"fluorescence X.npy --shape 3,3 -r 1":                "emission",
		"fluorescence X.npy --shape 3,3,3 -r 1 --density 1":  "density",
		"fluorescence X.npy --shape 3,3,3 -r 1 --mask X.npy": "same file",
		"fluorescence X.npy --shape 3,3,3 -r 1 --mask m.csv": ".npy",
		"cpd X.npy --shape 3,3,3 -r 1 --mask m.npy":          "unknown",
		"swimmer X.npy --density 0.5":                        "density",
		"swimmer X.npy -r 17":                                "unknown",
	} {
		code, _, stderr := call(append([]string{"synth"}, strings.Fields(flags)...)...)
		assert.Equal(t, exit.Usage, code, flags)
		assert.Contains(t, stderr, word, flags)
	}
	code, _, stderr := call("synth", "swimmer", filepath.Join("missing", "X.npy"))
	assert.Equal(t, exit.Failed, code)
	assert.Contains(t, stderr, "missing")
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, files)
	code, _, stderr = call("synth", "nmf", "X.csv", "--shape", "2,2", "-r", "1")
	assert.Zero(t, code, stderr)
}
