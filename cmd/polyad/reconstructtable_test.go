package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/exit"
	"polyad/ndio"
)

func TestReconstructionsKeepNamesInTables(t *testing.T) {
	dir := t.TempDir()
	x := filepath.Join(dir, "x.csv")
	require.NoError(t, os.WriteFile(x, []byte(",u,\"v, w\"\ns0,1,2\ns1,3,5\ns2,4,7\n"), 0o666))
	for _, verb := range []string{"nmf", "cpd", "tucker"} {
		model, out := filepath.Join(dir, verb), filepath.Join(dir, verb+".csv")
		code, _, stderr := call(verb, x, "-r", "2", "-o", model, "-q")
		require.Zero(t, code, stderr)
		code, _, stderr = call("reconstruct", model, out, "-q")
		require.Zero(t, code, stderr)
		a, err := ndio.ReadFile(out)
		require.NoError(t, err)
		require.Equal(t, [][]string{{"s0", "s1", "s2"}, {"u", "v, w"}}, a.Names, verb)
		for i, v := range []float64{1, 2, 3, 5, 4, 7} {
			require.InDelta(t, v, a.F64.Data[i], 1e-2, verb)
		}
		npy := filepath.Join(dir, verb+".npy")
		code, _, stderr = call("reconstruct", model, npy, "-q")
		require.Zero(t, code, stderr)
		b, err := ndio.ReadFile(npy)
		require.NoError(t, err)
		require.Equal(t, b.F64.Data, a.F64.Data, "the same numbers")
	}
	cube := filepath.Join(dir, "cube.npy")
	require.Zero(t, first(call("synth", "cpd", cube, "--shape", "3,4,5", "-r", "1", "-q")))
	require.Zero(t, first(call("cpd", cube, "-r", "1", "-o", filepath.Join(dir, "cube"), "-q")))
	refused(t, exit.Usage, []string{"3 x 4 x 5", ".npy"}, "reconstruct", filepath.Join(dir, "cube"), filepath.Join(dir, "cube.csv"))
	require.NoFileExists(t, filepath.Join(dir, "cube.csv"))
}

func first(code int, _, _ string) int { return code }
