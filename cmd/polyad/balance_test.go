package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/models"
	"polyad/loss"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

// What --balance says reaches the fit, with every method, and the result.
func TestFactorsAreBalancedWhenTheCommandLineSays(t *testing.T) {
	x := sample[float64]()
	file := save(t, filepath.Join(t.TempDir(), "X.npy"), x)
	for flags, o := range map[string]nmf.Options{
		"":              {},
		"--method hals": {Method: nmf.HALS{}},
		"--method anls": {Method: nmf.ANLS{}},
		"--method als":  {Method: nmf.ALS{}},
		"--loss kl":     {Loss: loss.KL},
	} {
		objectives := map[float64]bool{}
		for _, way := range []nmf.Balance{nmf.BalanceNone, nmf.BalanceInit, nmf.BalanceEvery, nmf.BalanceBlock} {
			args := append([]string{"nmf", file, "-r", "3", "--l1", "w=0.1", "--l2", "h=2", "--max-iter", "3", "--tol", "0", "--balance", way.String(), "--json"}, strings.Fields(flags)...)
			code, stdout, stderr := call(args...)
			require.Zero(t, code, stderr)
			var res models.Result
			require.NoError(t, json.Unmarshal([]byte(stdout), &res))
			o.W, o.H, o.Balance, o.Run = reg.L1(.1), reg.L2(2), way, solver.Options{MaxIter: solver.Set(3), Tol: solver.Set(0.0)}
			want, err := nmf.Fit(context.Background(), x, 3, &o)
			require.NoError(t, err)
			require.Equal(t, want.Objective(), res.Objective, "%s, %v", flags, way)
			require.Equal(t, way.String(), res.Balance.Mode)
			require.Equal(t, way.String(), res.Options["balance"])
			objectives[res.Objective] = true
		}
		require.Len(t, objectives, 4, "each is another path: %s", flags)
	}
}

func TestBlockBalancingNeedsTwoFreeFactors(t *testing.T) {
	dir := t.TempDir()
	file := save(t, filepath.Join(dir, "X.npy"), sample[float64]())
	model := filepath.Join(dir, "model")
	code, _, stderr := call("nmf", file, "-r", "2", "--l1", "all=0.1", "--max-iter", "2", "--balance", "block", "-o", model)
	require.Zero(t, code, stderr)
	code, _, stderr = call("nmf", file, "-r", "2", "--init", model, "--fix", "w", "--l1", "h=0.1", "--balance", "block")
	require.Equal(t, exit.Usage, code)
	require.Contains(t, stderr, "--balance block with a fixed factor")
}
