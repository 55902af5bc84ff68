package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/matrix"
	"polyad/nmf"
)

// TestMain lets the test binary stand for the command when it is asked to.
func TestMain(m *testing.M) {
	if os.Getenv("POLYAD_TEST_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestCtrlCWritesTheModelAndExits130(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" {
		t.Skip("no interrupt signal to send here")
	}
	dir := t.TempDir()
	big := matrix.New[float64](400, 300)
	for i := range big.Data {
		big.Data[i] = float64(i*i%101) / 101
	}
	x := save(t, filepath.Join(dir, "X.npy"), big)
	out := filepath.Join(dir, "out")
	cmd := exec.Command(os.Args[0], "nmf", x, "-r", "20", "--tol", "0", "--max-iter", "100000000", "-o", out)
	cmd.Env = append(os.Environ(), "POLYAD_TEST_MAIN=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	time.Sleep(700 * time.Millisecond)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	err := cmd.Wait()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, exitInterrupted, exit.ExitCode(), stderr.String())
	m, err := nmf.Load[float64](out)
	require.NoError(t, err)
	assert.Equal(t, 20, m.Rank())
	var res result
	b, err := os.ReadFile(filepath.Join(out, "result.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &res))
	assert.Equal(t, "cancelled", res.Status)
	assert.Positive(t, res.Iterations)
}

func TestInfoTellsOfMachineAndFiles(t *testing.T) {
	code, stdout, stderr := call("info")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, version)
	assert.Contains(t, stdout, "kernels")

	m := sample[float32]()
	m.Set(0, 0, -2)
	x := save(t, filepath.Join(t.TempDir(), "X.npy"), m)
	code, stdout, stderr = call("info", x, "--json")
	require.Zero(t, code, stderr)
	var info machineInfo
	require.NoError(t, json.Unmarshal([]byte(stdout), &info))
	assert.Equal(t, []int{30, 20}, info.File.Shape)
	assert.Equal(t, "float32", info.File.DType)
	assert.Equal(t, -2.0, *info.File.Min)
	assert.Equal(t, 1, info.File.Negative)
	zeros := 0
	for _, v := range m.Data {
		if v == 0 {
			zeros++
		}
	}
	assert.Equal(t, zeros, info.File.Zeros)

	code, stdout, stderr = call("info", "../../testdata/audio/loop_tabla.flac")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "stereo at 44100 Hz")
	code, _, stderr = call("info", "nothing.npy")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "nothing.npy")
}

func TestHelpShowsExamplesOfEveryVerb(t *testing.T) {
	code, stdout, _ := call("help")
	require.Zero(t, code)
	for _, verb := range []string{"nmf", "audio", "info"} {
		assert.Contains(t, stdout, verb)
		code, text, _ := call("help", verb)
		require.Zero(t, code)
		assert.Contains(t, text, "Examples:")
		assert.Contains(t, text, "polyad "+verb)
	}
	code, stdout, _ = call("--version")
	require.Zero(t, code)
	assert.Contains(t, stdout, version)
	for _, shell := range []string{"bash", "zsh", "fish"} {
		code, stdout, _ = call("completion", shell)
		require.Zero(t, code)
		assert.Contains(t, stdout, "polyad")
	}
}
