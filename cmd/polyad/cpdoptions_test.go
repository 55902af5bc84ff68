package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLineSearchIsAskedForByAFlag(t *testing.T) {
	x := tensorFile(t, t.TempDir())
	code, stdout, stderr := call("cpd", x, "-r", "3", "--line-search", "--max-iter", "20")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "als with line search")
	code, stdout, stderr = call("cpd", x, "-r", "3", "--line-search", "--l2", "all=0.1", "--max-iter", "20", "--json")
	require.Zero(t, code, stderr)
	var res result
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
		require.Equal(t, exitUsage, code, name)
		require.Empty(t, stdout, name)
		require.Regexp(t, "line.search", stderr, name)
	}
}
