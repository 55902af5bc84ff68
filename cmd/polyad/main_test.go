package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/models"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/nmf"
	"polyad/tensor"
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
	var ended *exec.ExitError
	require.ErrorAs(t, err, &ended)
	assert.Equal(t, exit.Interrupted, ended.ExitCode(), stderr.String())
	m, err := nmf.Load[float64](out)
	require.NoError(t, err)
	assert.Equal(t, 20, m.Rank())
	var res models.Result
	b, err := os.ReadFile(filepath.Join(out, "result.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &res))
	assert.Equal(t, "cancelled", res.Status)
	assert.Positive(t, res.Iterations)
}

func TestCtrlCWhileReadingEndsAtOnce(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" {
		t.Skip("no interrupt signal to send here")
	}
	cmd := exec.Command(os.Args[0], "nmf", "-", "-r", "1")
	cmd.Env = append(os.Environ(), "POLYAD_TEST_MAIN=1")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	defer in.Close()
	require.NoError(t, cmd.Start())
	time.Sleep(300 * time.Millisecond)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	var ended *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &ended)
	assert.Equal(t, exit.Interrupted, ended.ExitCode())
}

func TestWriteErrorsOnStandardOutputAreErrors(t *testing.T) {
	x := save(t, filepath.Join(t.TempDir(), "X.npy"), sample[float64]())
	for _, args := range [][]string{{"info"}, {"info", x}, {"nmf", x, "-r", "2"}, {"nmf", x, "-r", "2", "--json"}} {
		var stderr bytes.Buffer
		a := &app{in: strings.NewReader(""), out: full{}, err: &stderr}
		assert.Equal(t, exit.Failed, a.run(context.Background(), args), args)
		assert.Contains(t, stderr.String(), "no space")
	}
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestReportsReplaceOnlyReports(t *testing.T) {
	dir := t.TempDir()
	x := save(t, filepath.Join(dir, "X.npy"), sample[float64]())
	page := filepath.Join(dir, "r.html")
	for range 2 { // one of ours is replaced
		code, _, stderr := call("nmf", x, "-r", "2", "--report", page, "-q")
		require.Zero(t, code, stderr)
	}
	require.NoError(t, os.WriteFile(page, []byte("<html>mine</html>"), 0o666))
	code, _, stderr := call("nmf", x, "-r", "2", "--report", page, "-q")
	assert.Equal(t, exit.Usage, code)
	assert.Contains(t, stderr, "--force")
	code, _, stderr = call("nmf", x, "-r", "2", "--report", page, "-q", "--force")
	require.Zero(t, code, stderr)
	code, _, _ = call("nmf", x, "-r", "2", "--report", dir+".html", "-q")
	require.Zero(t, code)
}

func TestRecordedCommandCanBeRunAgain(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	save(t, "-odd name;$(x).npy", sample[float64]())
	code, stdout, stderr := call("nmf", "-r", "2", "--l1", "all=0.1", "--l1", "w=0.2", "--max-iter", "3", "--json", "--", "-odd name;$(x).npy")
	require.Zero(t, code, stderr)
	var res models.Result
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	assert.Equal(t, "polyad nmf --rank=2 --l1 all=0.1 --l1 w=0.2 --max-iter=3 --json=true -- '-odd name;$(x).npy'", res.Command)
}

func TestInfoTellsOfMachineAndFiles(t *testing.T) {
	code, stdout, stderr := call("info")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, models.Version)
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
	assert.Equal(t, exit.Failed, code)
	assert.Contains(t, stderr, "nothing.npy")
}

func TestArraysOfOtherFormatsAreRead(t *testing.T) {
	dir := t.TempDir()
	npz := filepath.Join(dir, "data.npz")
	require.NoError(t, ndio.WriteNPZFile(npz, []ndio.Named{
		ndio.Name("X", tensor.Of(sample[float32]().Data, 30, 20)), ndio.Name("label", tensor.New[float64](30)),
	}, true))
	code, stdout, stderr := call("info", npz+":X", "--json")
	require.Zero(t, code, stderr)
	var info machineInfo
	require.NoError(t, json.Unmarshal([]byte(stdout), &info))
	assert.Equal(t, []int{30, 20}, info.File.Shape)
	assert.Equal(t, "float32", info.File.DType)
	assert.Equal(t, filepath.ToSlash(npz)+":X", info.File.File)
	whole, err := os.ReadFile(npz)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("%x", sha256.Sum256(whole)), info.File.SHA256, "the sum is that of the file")
	code, _, stderr = call("info", npz)
	assert.Equal(t, exit.Failed, code)
	assert.Contains(t, stderr, `"X", "label"`)

	code, _, stderr = call("nmf", npz+":X", "-r", "2", "--max-iter", "3", "-q")
	require.Zero(t, code, stderr)

	mtx := "%%MatrixMarket matrix coordinate integer general\n5 4 6\n1 1 3\n2 2 1\n3 4 2\n4 3 5\n5 1 1\n5 1 1\n"
	path := filepath.Join(dir, "X.mtx")
	require.NoError(t, os.WriteFile(path, []byte(mtx), 0o666))
	for _, file := range []string{path, "-"} {
		code, stdout, stderr = callWith(context.Background(), []byte(mtx), "nmf", file, "-r", "2", "--max-iter", "3", "--json")
		require.Zero(t, code, stderr)
		assert.Contains(t, stdout, `"float64"`)
	}
	code, stdout, stderr = call("info", path)
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "integer (coordinate, general), read as float64")
	assert.Contains(t, stdout, "15 zero, 0 negative")
}

func TestHelpShowsExamplesOfEveryVerb(t *testing.T) {
	code, stdout, _ := call("help")
	require.Zero(t, code)
	for _, verb := range []string{"nmf", "audio", "info", "transform", "eval", "reconstruct"} {
		assert.Contains(t, stdout, verb)
		code, text, _ := call("help", verb)
		require.Zero(t, code)
		assert.Contains(t, text, "Examples:")
		assert.Contains(t, text, "polyad "+verb)
	}
	code, _, stderr := call("help", "nothing")
	assert.Equal(t, exit.Usage, code)
	assert.Contains(t, stderr, "nothing")
	code, stdout, _ = call("--version")
	require.Zero(t, code)
	assert.Contains(t, stdout, models.Version)
	for _, shell := range []string{"bash", "zsh", "fish"} {
		code, stdout, _ = call("completion", shell)
		require.Zero(t, code)
		assert.Contains(t, stdout, "polyad")
	}
}
