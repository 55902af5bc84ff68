package main

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/models"
	"polyad/cpd"
	"polyad/ndio"
)

// cpdEvaluation is what eval --json prints of a tensor decomposition.
type cpdEvaluation struct {
	Kind            string
	Shape           []int
	Blocks          map[string]models.BlockEval
	Pruned          []int
	Shares          []float64
	Degenerate      *models.Degenerate
	CoreConsistency float64 `json:"core_consistency"`
	Objective, Loss float64
	RelError        float64 `json:"rel_error"`
	Penalty, KKT    map[string]float64
	Against         *models.AgainstEval
}

func TestDecompositionsAreEvaluated(t *testing.T) {
	dir := t.TempDir()
	x := tensorFile(t, dir, "--nonneg")
	truth := filepath.Join(dir, "truth")
	for name, flags := range map[string][]string{
		"als":  {"--l2", "all=0.01"},
		"hals": {"--nonneg", "--l1", "0=0.01", "--l2", "1=0.02", "--l2", "2=0.02"},
		"mu":   {"--loss", "kl", "--lp", "all=3:0.01"},
		"fix":  {"--init", truth, "--fix", "1"},
	} {
		out := filepath.Join(dir, name)
		code, stdout, stderr := call(append([]string{"cpd", x, "-r", "3", "-o", out, "--json", "--max-iter", "200"}, flags...)...)
		require.Zero(t, code, stderr)
		var fitted, e cpdEvaluation
		require.NoError(t, json.Unmarshal([]byte(stdout), &fitted))
		code, stdout, stderr = call("eval", out, x, "--against", truth, "--json")
		require.Zero(t, code, stderr)
		require.NoError(t, json.Unmarshal([]byte(stdout), &e))
		require.Equal(t, "cpd", e.Kind)
		require.Equal(t, []int{12, 10, 8}, e.Shape)
		require.Len(t, e.Blocks, 3)
		require.InEpsilon(t, fitted.Objective, e.Objective, 1e-9, name)
		require.InEpsilon(t, fitted.Loss, e.Loss, 1e-9, name)
		require.InDeltaMapValues(t, fitted.Penalty, e.Penalty, 1e-9)
		require.InDeltaMapValues(t, fitted.KKT, e.KKT, 1e-6)
		require.Greater(t, e.CoreConsistency, 90.0)
		require.Greater(t, e.Against.FMS, .95)
		require.Len(t, e.Against.Match, 3)
		for _, mode := range []string{"0", "1", "2"} {
			require.Greater(t, e.Against.SIR[mode].Mean, 10., name)
			require.Equal(t, e.Against.Match, e.Against.SIR[mode].Match, name)
			require.Len(t, e.Against.SIR[mode].Each, 3)
		}
		require.InDelta(t, 1, e.Shares[0]+e.Shares[1]+e.Shares[2], 1e-9)
		require.Nil(t, e.Degenerate)
	}
	code, stdout, stderr := call("eval", filepath.Join(dir, "als"), x)
	require.Zero(t, code, stderr)
	for _, s := range []string{"cpd, 12 x 10 x 8, rank 3", "mode 2", "core consistency", "penalty"} {
		require.Contains(t, stdout, s)
	}
	code, stdout, stderr = call("eval", truth, "--against", truth)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "300 dB on average: 300, 300, 300\n")
	code, stdout, stderr = call("eval", filepath.Join(dir, "als"), x, "--l2", "2=1", "--l2", "0=1", "--l2", "1=1")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "1·||F2||_F^2")

	code, _, stderr = call("eval", filepath.Join(dir, "als"), x, "--l2", "w=1")
	require.Equal(t, exit.Usage, code)
	require.Contains(t, stderr, "by mode number")
	code, _, stderr = call("eval", filepath.Join(dir, "als"), x, "--l2", "3=1")
	require.Equal(t, exit.Usage, code)
	require.Contains(t, stderr, "modes 0 to 2")

	matrix := save(t, filepath.Join(dir, "M.npy"), sample[float64]())
	code, _, stderr = call("nmf", matrix, "-r", "2", "-o", filepath.Join(dir, "nmf"), "-q")
	require.Zero(t, code, stderr)
	code, _, stderr = call("eval", filepath.Join(dir, "nmf"), "--against", truth)
	require.Equal(t, exit.Failed, code)
	require.Contains(t, stderr, "different kinds")
	code, _, stderr = call("eval", filepath.Join(dir, "nmf"), matrix, "--l2", "2=1")
	require.Equal(t, exit.Usage, code)
	require.Contains(t, stderr, "one of nmf")
	code, _, stderr = call("eval", truth, matrix)
	require.Equal(t, exit.Failed, code)
	require.Contains(t, stderr, "stands for 12 x 10 x 8")
}

func TestDecompositionsAreReconstructed(t *testing.T) {
	dir := t.TempDir()
	x := tensorFile(t, dir, "--dtype", "f32")
	truth, out := filepath.Join(dir, "truth"), filepath.Join(dir, "Y.npy")
	code, stdout, stderr := call("reconstruct", truth, out)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "12 x 10 x 8 float32, rank 3")
	y, err := ndio.Load[float32](out)
	require.NoError(t, err)
	m, err := cpd.Load[float32](truth)
	require.NoError(t, err)
	require.Equal(t, m.Reconstruct().Data, y.Data)
	data, err := ndio.Load[float32](x)
	require.NoError(t, err)
	require.Less(t, m.RelError(data), .02)
}
