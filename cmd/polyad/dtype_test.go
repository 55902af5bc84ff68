package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/exit"
	"polyad/ndio"
	"polyad/tensor"
)

// storedType returns the type of an array file's numbers.
func storedType(t *testing.T, path string) string {
	t.Helper()
	a, err := ndio.ReadFile(path)
	require.NoError(t, err)
	return a.DType()
}

func TestFitsComputeWithTheTypeThatIsAskedFor(t *testing.T) {
	dir := t.TempDir()
	for stored, x := range map[string]string{
		"float32": save(t, filepath.Join(dir, "x32.npy"), sample[float32]()), "float64": save(t, filepath.Join(dir, "x64.npy"), sample[float64]()),
	} {
		for flag, want := range map[string]string{"": stored, "f32": "float32", "f64": "float64", "float32": "float32"} {
			for verb, file := range map[string]string{"nmf": "W.npy", "cpd": "factor_0.npy", "tucker": "core.npy"} {
				out := filepath.Join(t.TempDir(), "model")
				args := []string{verb, x, "-r", "2", "-o", out, "-q", "--json"}
				if flag != "" {
					args = append(args, "--dtype", flag)
				}
				v := told(t, args...)
				require.Equal(t, want, storedType(t, filepath.Join(out, file)), "%s %s", verb, flag)
				require.Equal(t, stored, v["input"].(map[string]any)["dtype"], "what the file holds")
				again := filepath.Join(t.TempDir(), "coded")
				args = []string{"transform", out, x, "-o", again, "-q"}
				if flag != "" {
					args = append(args, "--dtype", flag)
				}
				code, _, stderr := call(args...)
				require.Zero(t, code, stderr)
				require.Equal(t, want, storedType(t, filepath.Join(again, file)), "transform %s %s", verb, flag)
			}
		}
	}
}

func TestNumbersBeyondTheTypeAreRefused(t *testing.T) {
	x := filepath.Join(t.TempDir(), "x.npy")
	require.NoError(t, ndio.WriteFile(x, tensor.Of([]float64{1, 2, 1e300, 4}, 2, 2)))
	refused(t, exit.Failed, []string{x, "1e+300", "float32", "--dtype"}, "nmf", x, "-r", "1", "--dtype", "f32")
	refused(t, exit.Usage, []string{"f32 or f64"}, "nmf", x, "-r", "1", "--dtype", "f16")
}
