package main

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/models"
	"polyad/ndio"
	"polyad/tensor"
)

func TestLineSearchIsAskedForByAFlag(t *testing.T) {
	x := tensorFile(t, t.TempDir())
	code, stdout, stderr := call("cpd", x, "-r", "3", "--line-search", "--max-iter", "20")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "als with line search")
	code, stdout, stderr = call("cpd", x, "-r", "3", "--line-search", "--l2", "all=0.1", "--max-iter", "20", "--json")
	require.Zero(t, code, stderr)
	var res models.Result
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	require.Equal(t, true, res.Options["line_search"])
	require.Equal(t, false, res.Options["extrapolate"])
	for name, args := range map[string][]string{
		"hals":        {"--method", "hals"},
		"kl":          {"--loss", "kl"},
		"nonneg":      {"--nonneg"},
		"nonneg als":  {"--nonneg", "--method", "als"},
		"extrapolate": {"--extrapolate"},
		"block":       {"--l2", "all=1", "--balance", "block"},
	} {
		code, stdout, stderr := call(append([]string{"cpd", x, "-r", "3", "--line-search", "--max-iter", "3"}, args...)...)
		require.Equal(t, exit.Usage, code, name)
		require.Empty(t, stdout, name)
		require.Regexp(t, "line.search", stderr, name)
	}
}

func TestCompressionIsAskedForAndToldOf(t *testing.T) {
	x := tensorFile(t, t.TempDir())
	for name, args := range map[string][]string{"ranks": {"--ranks", "3,4,3"}, "target": {"--error-target", "0.02"}, "default": nil} {
		args = append([]string{"cpd", x, "-r", "3", "--init", "compressed", "--max-iter", "2"}, args...)
		code, stdout, stderr := call(args...)
		require.Zero(t, code, stderr)
		require.Contains(t, stdout, "compressed", name)
		code, stdout, stderr = call(append(args, "--json")...)
		require.Zero(t, code, stderr)
		var res models.Result
		require.NoError(t, json.Unmarshal([]byte(stdout), &res))
		require.Equal(t, "compressed", res.Options["init"])
		require.Positive(t, res.Compression.Iterations)
		switch name {
		case "ranks":
			require.Equal(t, []int{3, 4, 3}, res.Compression.Ranks)
		case "target":
			require.Equal(t, []int{3, 3, 3}, res.Compression.Ranks)
			require.Less(t, res.Compression.Left, .02)
		}
	}
	for name, args := range map[string][]string{
		"no start": {"--ranks", "3,3,3"}, "svd": {"--init", "svd", "--error-target", "0.1"}, "word": {"--init", "compressed", "--ranks", "a"},
		"both": {"--init", "compressed", "--ranks", "3,3,3", "--error-target", "0.1"}, "few": {"--init", "compressed", "--ranks", "3,3"},
		"above": {"--init", "compressed", "--ranks", "13,3,3"}, "negative": {"--init", "compressed", "--error-target", "-1"},
	} {
		code, stdout, stderr := call(append([]string{"cpd", x, "-r", "3"}, args...)...)
		require.Equal(t, exit.Usage, code, name)
		require.Empty(t, stdout, name)
		require.NotEmpty(t, stderr, name)
	}
}

func TestDecompositionsTellOfTheirComponents(t *testing.T) {
	dir := t.TempDir()
	x := tensorFile(t, dir, "--nonneg")
	code, stdout, stderr := call("cpd", x, "-r", "5", "--nonneg", "--l2", "all=0.5", "--json")
	require.Zero(t, code, stderr)
	var res struct {
		Surviving, Ridges *int
		Pruned            []int
		Shares            []float64
		Degenerate        *models.Degenerate
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	require.Equal(t, 5-len(res.Pruned), *res.Surviving)
	require.NotNil(t, res.Ridges)
	require.Len(t, res.Shares, 5)
	require.Nil(t, res.Degenerate)

	// An array of rank 3 that arrays of rank 2 come ever closer to.
	w := filepath.Join(dir, "W.npy")
	require.NoError(t, ndio.WriteFile(w, tensor.Of([]float64{0, 1, 1, 0, 1, 0, 0, 0}, 2, 2, 2)))
	code, stdout, stderr = call("cpd", w, "-r", "2", "--init", "random", "--max-iter", "2000", "--tol", "0")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "nearly cancel")
}
