package ndio

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/tensor"
)

// TestMain lets the test binary read a file and end.
func TestMain(m *testing.M) {
	if path := os.Getenv("POLYAD_TEST_READ"); path != "" {
		if _, err := ReadFile(path); err != nil {
			os.Stdout.WriteString(err.Error())
			os.Exit(3)
		}
		return
	}
	os.Exit(m.Run())
}

func TestArraysBeyondALimitOfTheProcessAreErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "big.npy")
	require.NoError(t, WriteFile(path, tensor.New[float32](4, 4)))
	head, err := os.ReadFile(path)
	require.NoError(t, err)
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	text := []byte("{'descr': '<f4', 'fortran_order': False, 'shape': (40000, 20000), }")
	copy(head[10:127], append(text, []byte("                                                                                                    ")...))
	_, err = f.Write(head[:128])
	require.NoError(t, err)
	require.NoError(t, f.Truncate(128+4*40000*20000)) // 3.2 GB of holes
	for _, limit := range []string{"-v 4000000", "-d 1000000"} {
		cmd := exec.Command("sh", "-c", "ulimit "+limit+"; exec \"$0\"", os.Args[0])
		cmd.Env = append(os.Environ(), "POLYAD_TEST_READ="+path)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, limit)
		require.Equal(t, 3, exit.ExitCode(), "%s: %s", limit, out)
		require.Contains(t, string(out), "limit of this process")
	}
}
