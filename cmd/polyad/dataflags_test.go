package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/exit"
	"polyad/ndio"
)

// write writes a text file and returns its path.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// inputShape returns the shape of the data in what --json prints.
func inputShape(t *testing.T, stdout string) []int {
	t.Helper()
	var res struct {
		Input struct {
			Shape []int `json:"shape"`
		} `json:"input"`
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &res), stdout)
	return res.Input.Shape
}

// Every verb that reads data takes the flags about it, and tells what was taken for
// header and index in one line.
func TestVerbsReadTablesAlike(t *testing.T) {
	dir := t.TempDir()
	csv := write(t, dir, "X.csv", ",a,b\n0,1,2\n1,3,4.5\n2,5,6\n")
	took := "polyad: " + csv + ": took line 1 as header and the first column as index (--header"
	model := func(verb string) string { return filepath.Join(dir, verb) }
	for _, verb := range []string{"nmf", "cpd", "tucker"} {
		code, stdout, stderr := call(verb, csv, "-r", "1", "-o", model(verb), "--json")
		require.Equal(t, exit.Done, code, stderr)
		assert.Equal(t, []int{3, 2}, inputShape(t, stdout), verb)
		assert.True(t, strings.HasPrefix(stderr, took), stderr)
		assert.Equal(t, 1, strings.Count(stderr, "\n"))
		for _, args := range [][]string{
			{"eval", model(verb), csv, "--json"},
			{"transform", model(verb), csv, "-o", model("again " + verb), "--json"},
		} {
			code, stdout, stderr = call(args...)
			require.Equal(t, exit.Done, code, stderr)
			assert.Equal(t, []int{3, 2}, inputShape(t, stdout), args)
			assert.True(t, strings.HasPrefix(stderr, took), stderr)
		}
		code, _, stderr = call(verb, csv, "-r", "1", "-q")
		require.Equal(t, exit.Done, code)
		assert.Empty(t, stderr)
		code, stdout, stderr = call(verb, csv, "-r", "1", "--transpose", "--header", "--index=false", "--json")
		require.Equal(t, exit.Done, code, stderr)
		assert.Equal(t, []int{3, 3}, inputShape(t, stdout), verb)
		assert.Equal(t, "polyad: "+csv+": took line 1 as header\n", stderr)
	}
	code, stdout, stderr := call("info", csv, "--transpose")
	require.Equal(t, exit.Done, code, stderr)
	assert.Contains(t, stdout, "2 x 3")
	assert.Contains(t, stderr, "took line 1")
}

// A flag about tables that nothing would come of is a usage error, and --transpose
// is for every matrix.
func TestFlagsAboutDataHaveAnEffect(t *testing.T) {
	dir := t.TempDir()
	npy := save(t, filepath.Join(dir, "X.npy"), sample[float64]())
	model := filepath.Join(dir, "model")
	code, _, stderr := call("nmf", npy, "-r", "2", "-o", model, "-q")
	require.Equal(t, exit.Done, code, stderr)
	cube := filepath.Join(dir, "cube.npy")
	require.NoError(t, os.WriteFile(cube, []byte("\x93NUMPY\x01\x00\x3b\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1)}  \n\x00\x00\x80\x3f"), 0o600))
	for _, args := range [][]string{
		{"nmf", npy, "-r", "2", "--header"},
		{"cpd", npy, "-r", "2", "--index=false"},
		{"info", npy, "--index"},
		{"info", "--header"},
		{"info", model, "--transpose"},
		{"eval", model, "--against", model, "--transpose"},
		{"tucker", cube, "-r", "1", "--transpose"},
		{"nmf", npy, "-r", "2", "--header=maybe"},
	} {
		code, _, stderr := call(args...)
		assert.Equal(t, exit.Usage, code, "%v: %s", args, stderr)
		assert.Contains(t, stderr, "--", args)
	}
	code, stdout, stderr := call("nmf", npy, "-r", "2", "--transpose", "--json")
	require.Equal(t, exit.Done, code, stderr)
	x, err := ndio.Load[float64](npy)
	require.NoError(t, err)
	assert.Equal(t, []int{x.Shape[1], x.Shape[0]}, inputShape(t, stdout))
}

// A mask is read as the data are: transposed with them, and with its names.
func TestMasksAreReadAsTheData(t *testing.T) {
	dir := t.TempDir()
	csv := write(t, dir, "X.csv", ",a,b\nx,1,2\ny,3,4\nz,5,6\n")
	mask := write(t, dir, "mask.csv", ",a,b\nx,1,0\ny,1,1\nz,1,1\n")
	for _, flags := range [][]string{nil, {"--transpose"}} {
		code, stdout, stderr := call(append([]string{"nmf", csv, "-r", "1", "--mask", mask, "--json"}, flags...)...)
		require.Equal(t, exit.Done, code, stderr)
		assert.Contains(t, stdout, `"observed": 5`)
	}
	m, err := ndio.ReadFile(mask)
	require.NoError(t, err)
	npy := filepath.Join(dir, "mask.npy")
	require.NoError(t, ndio.WriteFile(npy, m.F64))
	code, stdout, stderr := call("nmf", csv, "-r", "1", "--mask", npy, "--header", "--index", "--json")
	require.Equal(t, exit.Done, code, stderr)
	assert.Contains(t, stdout, `"observed": 5`)
}

// Data of another shape than the model's get the way out that fits them.
func TestEvalOfOtherDataNamesTheMend(t *testing.T) {
	dir := t.TempDir()
	x := write(t, dir, "X.csv", "1,2,3\n4,5,7\n")
	more := write(t, dir, "more.csv", "1,2,3,4\n4,5,7,8\n")
	turned := write(t, dir, "turned.csv", "1,4\n2,5\n3,7\n")
	other := write(t, dir, "other.csv", "1,4\n")
	for _, verb := range []string{"nmf", "cpd", "tucker"} {
		model := filepath.Join(dir, verb)
		code, _, stderr := call(verb, x, "-r", "1", "-o", model, "-q")
		require.Equal(t, exit.Done, code, stderr)
		for file, mend := range map[string]string{more: "polyad transform " + model + " " + more, turned: "--transpose", other: "the data of its fit"} {
			code, _, stderr = call("eval", model, file)
			assert.Equal(t, exit.Failed, code)
			assert.Contains(t, stderr, mend, verb)
		}
	}
}

// Pages and result files of a recording go to others: they do not tell where it
// lies.
func TestPathsOfRecordingsStayAtHome(t *testing.T) {
	dir := t.TempDir()
	sound, err := os.ReadFile(tabla)
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "secret"), 0o700))
	wav := write(t, filepath.Join(dir, "secret"), "song"+filepath.Ext(tabla), string(sound))
	out := filepath.Join(t.TempDir(), "out")
	t.Chdir(filepath.Dir(out))
	code, _, stderr := call("audio", wav, "-r", "2", "--max-iter", "2", "-o", "out", "-q")
	require.Equal(t, exit.Done, code, stderr)
	for _, file := range []string{"report.html", "result.json"} {
		b, err := os.ReadFile(filepath.Join("out", file))
		require.NoError(t, err)
		assert.Contains(t, string(b), filepath.Base(wav), file)
		assert.False(t, bytes.Contains(b, []byte("secret")), file)
	}
}
