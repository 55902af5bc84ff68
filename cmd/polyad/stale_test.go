package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/exit"
	"polyad/cpd"
	"polyad/nmf"
	"polyad/tucker"
)

func TestAModelIsJudgedByItsOwnObjectiveOrNone(t *testing.T) {
	dir := t.TempDir()
	three := tensorFile(t, dir, "--nonneg")
	two := save(t, filepath.Join(dir, "M.npy"), sample[float64]())
	for kind, line := range map[string]string{
		"nmf": "nmf " + two + " -r 3 --loss kl --l1 all=0.1", "cpd": "cpd " + three + " -r 3 --loss kl --l1 all=0.1",
		"tucker": "tucker " + three + " -r 2 --loss kl --l1 all=0.1",
	} {
		data, model := strings.Fields(line)[1], filepath.Join(dir, kind)
		code, _, stderr := call(append(strings.Fields(line), "-q", "--max-iter", "20", "-o", model)...)
		require.Zero(t, code, stderr)
		transform := func(flags ...string) []string {
			return append([]string{"transform", model, data, "--max-iter", "20", "--json", "--force", "-o", filepath.Join(dir, "out")}, flags...)
		}
		fit := told(t, transform()...)
		require.Equal(t, "kl", fit["options"].(map[string]any)["loss"])
		require.Equal(t, kind, fit["kind"])

		// A newer polyad's file is no reason to minimize something else.
		path := filepath.Join(model, "result.json")
		own, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(own), "polyad/result/1", "polyad/result/2", 1)), 0o666))
		for _, args := range [][]string{transform(), {"eval", model, data}, {"info", model}} {
			refused(t, exit.Failed, []string{"polyad/result/2", "use a newer polyad"}, args...)
		}

		// Neither is one of another model.
		require.NoError(t, os.WriteFile(path, own, 0o666))
		part := filepath.Join(model, map[string]string{"nmf": "H.npy", "cpd": "factor_2.npy", "tucker": "factor_0.npy"}[kind])
		b, err := os.ReadFile(part)
		require.NoError(t, err)
		b[len(b)-3] ^= 8
		require.NoError(t, os.WriteFile(part, b, 0o666))
		refused(t, exit.Failed, []string{"result.json", filepath.Base(part), "--loss"}, transform()...)
		refused(t, exit.Failed, []string{"result.json", "--loss"}, "eval", model, data)
		told(t, "eval", model, "--json")
		require.Equal(t, true, told(t, "info", model, "--json")["model"].(map[string]any)["stale"])
		v := told(t, transform("--loss", "frobenius")...)
		require.Equal(t, "frobenius", v["options"].(map[string]any)["loss"])

		// Save removes it, and transform says what it supposes then.
		switch kind {
		case "nmf":
			m, err := nmf.Load[float64](model)
			require.NoError(t, err)
			require.NoError(t, m.Save(model))
		case "cpd":
			m, err := cpd.Load[float64](model)
			require.NoError(t, err)
			require.NoError(t, m.Save(model))
		default:
			m, err := tucker.Load[float64](model)
			require.NoError(t, err)
			require.NoError(t, m.Save(model))
		}
		require.NoFileExists(t, path)
		require.NoFileExists(t, filepath.Join(model, "trace.csv"))
		code, _, stderr = call(transform()...)
		require.Zero(t, code, stderr)
		require.Contains(t, stderr, "has no result.json")
		code, _, stderr = call(transform("--loss", "kl")...)
		require.Zero(t, code, stderr)
		require.Empty(t, stderr)
	}
}
