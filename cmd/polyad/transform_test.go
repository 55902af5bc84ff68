package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/models"
	"polyad/cpd"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

func TestTransformsAreModels(t *testing.T) {
	dir := t.TempDir()
	x := tensorFile(t, dir, "--nonneg")
	m := save(t, filepath.Join(dir, "M.npy"), sample[float64]())
	for name, line := range map[string]string{
		"nmf":       "nmf " + m + " -r 3 --l1 all=0.1",
		"nmf kl":    "nmf " + m + " -r 3 --loss kl --l1 all=0.1",
		"als":       "cpd " + x + " -r 3 --l2 all=0.01",
		"nonneg":    "cpd " + x + " -r 3 --nonneg --l1 all=0.02",
		"some":      "cpd " + x + " -r 3 --nonneg=1,2",
		"kl":        "cpd " + x + " -r 3 --loss kl --lp all=3:0.01",
		"is":        "cpd " + x + " -r 2 --loss is --eps 1e-6",
		"mu":        "cpd " + x + " -r 3 --method mu --lp all=1.5:0.01",
		"normalize": "cpd " + x + " -r 3 --normalize l2 --sort",
	} {
		model, out := filepath.Join(dir, name), filepath.Join(dir, name+" out")
		data := strings.Fields(line)[1]
		fit := told(t, append(strings.Fields(line), "-o", model, "--json", "--tol", "1e-9", "--max-iter", "500")...)
		res := told(t, "transform", model, data, "-o", out, "--json", "--tol", "1e-9", "--max-iter", "500")
		for _, key := range []string{"status", "iterations", "objective", "loss", "penalty", "rel_error", "kkt", "pruned", "balance", "input"} {
			require.Contains(t, res, key, name)
		}
		require.InEpsilon(t, fit["loss"], res["loss"], .01, name)
		require.Equal(t, fit["options"].(map[string]any)["loss"], res["options"].(map[string]any)["loss"])
		require.Len(t, res["kkt"], 1, "one factor is free")

		// What is written can be evaluated, reconstructed, and transformed with again.
		v := told(t, "eval", out, data, "--json")
		require.InEpsilon(t, res["objective"], v["objective"], 1e-9, name)
		require.InEpsilon(t, res["rel_error"], v["rel_error"], 1e-9, name)
		require.InDelta(t, 1, told(t, "eval", out, "--against", model, "--json")["against"].(map[string]any)["fms"], .02, name)
		code, _, stderr := call("reconstruct", out, filepath.Join(dir, name+".npy"), "-q")
		require.Zero(t, code, stderr)
		again := told(t, "transform", out, data, "-o", filepath.Join(dir, name+" again"), "--json", "--tol", "1e-9", "--max-iter", "500")
		require.InEpsilon(t, res["objective"], again["objective"], 1e-4, name)
		require.FileExists(t, filepath.Join(out, "trace.csv"))
		require.FileExists(t, filepath.Join(out, "result.json"))
		if a, err := cpd.Load[float64](model); err == nil {
			b, err := cpd.Load[float64](out)
			require.NoError(t, err)
			require.Equal(t, a.Weights, b.Weights, name)
			require.Equal(t, a.Factors[:2], b.Factors[:2], name)
			for i, v := range a.Factors[2].Data {
				require.InDelta(t, v, b.Factors[2].Data[i], .02*(1+math.Abs(v)), name)
			}
		}
	}
}

func TestNewSamplesAreTransformed(t *testing.T) {
	dir := t.TempDir()
	m := &cpd.Model[float64]{Factors: []*matrix.Dense[float64]{
		matrix.Of(3, 2, []float64{1, 0, 2, 1, 0, 3}), matrix.Of(2, 2, []float64{4, 1, 1, 5}), matrix.Of(1, 2, []float64{7, 7}),
	}}
	require.NoError(t, m.Save(filepath.Join(dir, "model"))) // without a result.json
	x, out := filepath.Join(dir, "X.npy"), filepath.Join(dir, "out")
	fresh := tensor.Of([]float32{4, 4, 0, 1, 1, 0, 10, 8, -1, 12, 2, -5, 6, 0, -3, 30, 0, -15}, 3, 2, 3)
	require.NoError(t, ndio.WriteFile(x, fresh))
	for flags, want := range map[string][]float64{"": {1, 2, 1, 0, 0, -1}, "--nonneg": {1, 2, 1, 0, 0, 0}, "--nonneg=2 --l1 2=1e9": {0, 0, 0, 0, 0, 0}} {
		code, stdout, stderr := call(append([]string{"transform", filepath.Join(dir, "model"), x, "-o", out, "--force"}, strings.Fields(flags)...)...)
		require.Zero(t, code, stderr)
		require.Contains(t, stdout, "3 x 2 x 3 float32, rank 2")
		require.Contains(t, stdout, "als, balance none")
		f, err := ndio.ReadFile(filepath.Join(out, "factor_2.npy"))
		require.NoError(t, err)
		require.Equal(t, "float32", f.DType(), "the element type is the data's")
		for i, v := range want {
			require.InDelta(t, v, f.F32.Data[i], 1e-5, flags)
		}
	}
	var res models.Result
	b, err := os.ReadFile(filepath.Join(out, "result.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &res))
	require.Equal(t, []any{"0", "1"}, res.Options["fix"])
	require.Equal(t, filepath.Join(dir, "model"), res.Options["init"])

	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(exit.ErrInterrupted)
	code, _, stderr := callWith(ctx, nil, "transform", filepath.Join(dir, "model"), x, "-o", filepath.Join(dir, "cut"))
	require.Equal(t, exit.Interrupted, code, stderr)
	_, err = cpd.Load[float64](filepath.Join(dir, "cut"))
	require.NoError(t, err)
}

func TestWrongTransformsAreRefused(t *testing.T) {
	dir := t.TempDir()
	x := tensorFile(t, dir)
	truth, normal := filepath.Join(dir, "truth"), filepath.Join(dir, "normal")
	code, _, stderr := call("cpd", x, "-r", "2", "--l2", "all=0.1", "--normalize", "l2", "-q", "-o", normal)
	require.Zero(t, code, stderr)
	m := save(t, filepath.Join(dir, "M.npy"), sample[float64]())
	out := filepath.Join(dir, "out")
	for line, c := range map[string]struct {
		code int
		says string
	}{
		truth + " " + x:                                                       {2, "-o"},
		truth + " " + m + " -o " + out:                                        {1, "[30 20]"},
		truth + " " + x + " --l1 h=1 -o " + out:                               {2, "by mode number"},
		truth + " " + x + " --l1 0=1 -o " + out:                               {2, "--l1: mode 0 stays"},
		truth + " " + x + " --l2 3=1 -o " + out:                               {2, "modes 0 to 2"},
		truth + " " + x + " --nonneg=0 -o " + out:                             {2, "--nonneg=0 has no effect"},
		truth + " " + x + " --nonneg=5 -o " + out:                             {2, "modes 0 to 2"},
		truth + " " + x + " --missing 0 -o " + out:                            {2, "--missing"},
		truth + " " + x + " --loss kl -o " + out:                              {1, "nonnegative"},
		truth + " " + x + " --method anls -o " + out:                          {2, "als, hals or mu"},
		truth + " " + x + " --method als --l1 2=1 -o " + out:                  {2, "use --method hals"},
		truth + " " + x + " --eps 1e-9 -o " + out:                             {2, "--eps has no effect"},
		truth + " " + x + " --inner -1 -o " + out:                             {2, "--inner"},
		truth + " " + x + " -r 3 -o " + out:                                   {2, "unknown"},
		normal + " " + x + " -o " + out:                                       {2, "normalized"},
		normal + " " + filepath.Join(dir, "no.npy") + " --l2 all=0 -o " + out: {1, "no.npy"},
		dir + " " + x + " -o " + out:                                          {1, "W.npy"},
	} {
		code, stdout, stderr := call(append([]string{"transform"}, strings.Fields(line)...)...)
		require.Equal(t, c.code, code, "%s: %s", line, stderr)
		require.Contains(t, stderr, c.says, line)
		require.Empty(t, stdout, line)
		require.Equal(t, 1, strings.Count(stderr, "\n"), line)
		require.NoDirExists(t, out, line)
	}
}
