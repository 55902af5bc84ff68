package main

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/models"
	"polyad/matrix"
	"polyad/nmf"
)

// refused runs a command line that must end with a code and one line of error
// that contains all the texts, printing nothing.
func refused(t *testing.T, code int, texts []string, args ...string) {
	t.Helper()
	got, stdout, stderr := call(args...)
	assert.Equal(t, code, got, "%v: %s", args, stderr)
	assert.Empty(t, stdout, args)
	assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	for _, text := range texts {
		assert.Contains(t, stderr, text, args)
	}
}

func TestSynthReplacesNothingUnasked(t *testing.T) {
	x := filepath.Join(t.TempDir(), "X.npy")
	require.NoError(t, os.WriteFile(x, []byte("mine"), 0o666))
	refused(t, exit.Usage, []string{x + " exists", "--force"}, "synth", "nmf", x, "--shape", "5,4", "-r", "2")
	b, err := os.ReadFile(x)
	require.NoError(t, err)
	assert.Equal(t, "mine", string(b))
	code, _, stderr := call("synth", "nmf", x, "--shape", "5,4", "-r", "2", "--force")
	require.Zero(t, code, stderr)
	v := told(t, "info", x, "--json")
	assert.NotNil(t, v)
}

func TestModelsWithOtherDegreesAreEvaluatedAndTransformed(t *testing.T) {
	x, model := fitted(t, "--method mu --lp all=1.5:0.1")
	fit := resultOf(t, model)
	v := told(t, "eval", model, x, "--json")
	assert.InEpsilon(t, fit["objective"], v["objective"], 1e-9)
	v = told(t, "transform", model, x, "--json", "-o", filepath.Join(t.TempDir(), "out"))
	assert.Equal(t, "mu", v["options"].(map[string]any)["method"])

	// hals cannot take a degree that a flag asks for, mu can.
	x, model = fitted(t, "")
	told(t, "eval", model, x, "--lp", "all=0.5:0.1", "--json")
	v = told(t, "transform", model, x, "--lp", "h=1.5:0.1", "--json", "-o", filepath.Join(t.TempDir(), "out"))
	assert.Equal(t, "mu", v["options"].(map[string]any)["method"])
}

func TestTransformIsExactWhereItCanBe(t *testing.T) {
	for _, method := range []string{"hals", "mu", "als", "anls"} {
		x, model := fitted(t, "--method "+method)
		for flags, want := range map[string]string{"": "anls", "--loss kl": "mu", "--eps 1e-9": "hals", "--method mu": "mu"} {
			args := append([]string{"transform", model, x, "--json", "-o", filepath.Join(t.TempDir(), "out")}, strings.Fields(flags)...)
			v := told(t, args...)
			assert.Equal(t, want, v["options"].(map[string]any)["method"], "%s %s", method, flags)
		}
	}
}

func TestEvalLeavesMissingEntriesOut(t *testing.T) {
	dir := t.TempDir()
	data := sample[float64]()
	holes := matrix.New[float64](30, 20)
	for i := range holes.Data {
		holes.Data[i] = 1
	}
	holes.Set(3, 4, 0)
	mask := save(t, filepath.Join(dir, "mask.npy"), holes)
	whole := save(t, filepath.Join(dir, "whole.npy"), data)
	data.Set(3, 4, math.NaN())
	x, model := save(t, filepath.Join(dir, "X.npy"), data), filepath.Join(dir, "model")
	code, _, stderr := call("nmf", x, "-r", "3", "-q", "--missing", "nan", "-o", model)
	require.Zero(t, code, stderr)
	want := resultOf(t, model)["objective"]
	for _, flags := range [][]string{{x}, {x, "--missing", "nan"}, {x, "--mask", mask}, {whole, "--mask", mask}} {
		v := told(t, append([]string{"eval", model, "--json"}, flags...)...)
		assert.InEpsilon(t, want, v["objective"], 1e-9, flags)
		assert.Equal(t, 599.0, v["observed"])
	}
	code, stdout, _ := call("eval", model, x)
	assert.Zero(t, code)
	assert.Contains(t, stdout, "599 of 600")
	refused(t, exit.Usage, []string{"--mask", "without a FILE"}, "eval", model, "--mask", mask)
	require.NoError(t, os.Remove(filepath.Join(model, "result.json")))
	code, _, stderr = call("eval", model, x)
	assert.Equal(t, exit.Failed, code)
	assert.Contains(t, stderr, "--missing nan")
	assert.NotContains(t, stderr, "Options")
}

func TestWhatIsHeldIsNotMovedAfterwards(t *testing.T) {
	x, model := fitted(t, "--max-iter 3")
	for _, keep := range [][]string{{"--fix", "w"}, {"--hold", "h=1"}} {
		for _, after := range [][]string{{"--normalize", "l1"}, {"--sort"}} {
			refused(t, exit.Usage, []string{keep[0], after[0]}, append(append([]string{"nmf", x, "-r", "3", "--init", model}, keep...), after...)...)
		}
	}
}

func TestABrokenResultFileIsAnError(t *testing.T) {
	x, model := fitted(t, "")
	path, out := filepath.Join(model, "result.json"), filepath.Join(t.TempDir(), "out")
	for _, text := range []string{
		"", "{", "[]", `{"schema":1}`, `{"schema":"polyad/result/1","options":{"loss":1}}`, `{"schema":"polyad/result/1","options":{"l1":{"w":"x"}}}`,
		`{"schema":"polyad/result/1","options":{"lp":{"w":"x"}}}`, `{"schema":"polyad/result/1","options":{"loss":"x"}}`,
		`{"schema":"polyad/result/1","options":{"method":"x"}}`, `{"schema":"polyad/result/1","options":{"eps":-1}}`,
		`{"schema":"polyad/result/1","options":{"l2":{"h":-1}}}`,
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		refused(t, exit.Failed, []string{"result.json"}, "eval", model, x)
		refused(t, exit.Failed, []string{"result.json"}, "eval", model)
		refused(t, exit.Failed, []string{"result.json"}, "transform", model, x, "-o", out)
	}
	require.NoError(t, os.WriteFile(path, []byte(`{"schema":"another"}`), 0o666))
	told(t, "eval", model, x, "--json")
}

func TestAnUnknownSIMDLevelIsAUsageError(t *testing.T) {
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("no processes here")
	}
	cmd := exec.Command(os.Args[0], "info")
	cmd.Env = append(os.Environ(), "POLYAD_TEST_MAIN=1", "POLYAD_SIMD=foo")
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	require.ErrorAs(t, err, &ended)
	assert.Equal(t, exit.Usage, ended.ExitCode())
	assert.Regexp(t, `^polyad: POLYAD_SIMD=foo: [^\n]*\n$`, string(out))
}

func TestComponentsAreCountedFromZero(t *testing.T) {
	x := save(t, filepath.Join(t.TempDir(), "X.npy"), sample[float64]())
	page := filepath.Join(t.TempDir(), "r.html")
	code, stdout, stderr := call("nmf", x, "-r", "2", "--l1", "all=1e6", "--report", page)
	require.Zero(t, code, stderr)
	assert.Regexp(t, `pruned +2 of 2 components: 0, 1\n`, stdout)
	b, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(b), "nothing is left of them: 0, 1.")
	_, stdout, _ = call("help", "nmf")
	stdout = strings.Join(strings.Fields(stdout), " ") // whichever way lines are broken
	assert.Contains(t, stdout, "component 0 is the first")
	assert.Equal(t, 1, strings.Count(stdout, "default false with --init DIR")+strings.Count(stdout, "with --init DIR only when given"))
	many := make([]int, 932)
	for i := range many {
		many[i] = i
	}
	assert.Equal(t, "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … (932 in all)", console.Listed(many))
	assert.Equal(t, "0, 1, 2, 3, 4, 5, 6, 7, 8, 9", console.Listed(many[:10]))
	assert.Equal(t, "2 of 4 runs", models.RanOf(2, 4))
	assert.Equal(t, "4 runs", models.RanOf(4, 4))
}

func TestModelsThatAreNotFiniteAreErrors(t *testing.T) {
	dir := t.TempDir()
	_, good := fitted(t, "")
	x, model := fitted(t, "")
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		m, err := nmf.Load[float64](good)
		require.NoError(t, err)
		m.H.Set(1, 2, bad)
		require.NoError(t, m.Save(model))
		refused(t, exit.Failed, []string{"H.npy", "[1,2]"}, "eval", model)
		refused(t, exit.Failed, []string{"H.npy", "[1,2]"}, "eval", model, x, "--json")
		refused(t, exit.Failed, []string{"H.npy", "[1,2]"}, "eval", good, "--against", model)
		refused(t, exit.Failed, []string{"H.npy", "[1,2]"}, "reconstruct", model, filepath.Join(dir, "R.npy"))
	}
	m, err := nmf.Load[float64](good)
	require.NoError(t, err)
	for i := range m.W.Data {
		m.W.Data[i] = 1e200
	}
	for i := range m.H.Data {
		m.H.Data[i] = 1e200
	}
	require.NoError(t, m.Save(model))
	refused(t, exit.Failed, []string{"overflows float64"}, "reconstruct", model, filepath.Join(dir, "R.npy"))
	for _, args := range [][]string{{"eval", model}, {"eval", model, "--json"}} {
		_, _, stderr := call(args...)
		assert.NotContains(t, stderr, "unsupported value")
		refused(t, exit.Failed, []string{model}, args...)
	}
	refused(t, exit.Failed, []string{model, "not finite"}, "eval", model, x)
	_, err = os.Stat(filepath.Join(dir, "R.npy"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestZeroComponentsMatchNothing(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, (&nmf.Model[float64]{W: matrix.New[float64](4, 2), H: matrix.New[float64](2, 5)}).Save(dir))
	v := told(t, "eval", dir, "--against", dir, "--json")
	assert.Equal(t, []any{-1.0, -1.0}, v["against"].(map[string]any)["match"])
	_, stdout, _ := call("eval", dir, "--against", dir)
	assert.Regexp(t, `components +none, none\n`, stdout)
}

func TestAReportMayLieInTheNewFolder(t *testing.T) {
	x := save(t, filepath.Join(t.TempDir(), "X.npy"), sample[float64]())
	for _, name := range []string{"r.html", "pages/r.html"} {
		out := filepath.Join(t.TempDir(), "a", "out")
		code, _, stderr := call("nmf", x, "-r", "2", "-q", "--max-iter", "5", "-o", out, "--report", filepath.Join(out, name))
		require.Zero(t, code, stderr)
		assert.FileExists(t, filepath.Join(out, name))
		assert.FileExists(t, filepath.Join(out, "W.npy"))
	}
	no := filepath.Join(t.TempDir(), "no")
	refused(t, exit.Failed, []string{"--report"}, "nmf", x, "-r", "2", "-o", filepath.Join(no, "a"), "--report", filepath.Join(no, "b", "r.html"))
}

func TestErrorsNameWhatTheUserCanChange(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "model")
	require.NoError(t, (&nmf.Model[float64]{W: matrix.New[float64](2, 4000), H: matrix.New[float64](4000, 2)}).Save(model))
	x := save(t, filepath.Join(dir, "X.npy"), matrix.Of(2, 2, []float64{1, 2, 3, 4}))
	refused(t, exit.Failed, []string{model}, "eval", model, x)
	_, _, stderr := call("eval", model, x)
	assert.NotContains(t, stderr, "--rank")
	refused(t, exit.Failed, []string{dir, "folder"}, "nmf", dir, "-r", "2")
	refused(t, exit.Failed, []string{dir, "folder"}, "info", dir)
	refused(t, exit.Usage, []string{"--filter nosuchrow"}, "bench", "kernels", "--quick", "-q", "--filter", "nosuchrow")
	refused(t, exit.Usage, []string{"--filter nosuchrow"}, "bench", "kernels", "--quick", "--json", "--filter", "nosuchrow")
}
