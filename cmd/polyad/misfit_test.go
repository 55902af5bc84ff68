package main

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/exit"
	"polyad/ndio"
	"polyad/tensor"
)

// The error over entries held out, and the rows that are far off, are those that a
// computation by hand gives, for every kind of model.
func TestEvalTellsOfEntriesHeldOut(t *testing.T) {
	for _, kind := range []string{"nmf", "cpd", "tucker"} {
		dir := t.TempDir()
		args, want := []string{"--shape", "9,8,7", "--nonneg"}, []int{9, 8, 7}
		if kind == "nmf" {
			args, want = []string{"--shape", "12,10"}, []int{12, 10}
		}
		file := filepath.Join(dir, "X.npy")
		told(t, append([]string{"synth", kind, file, "-r", "2", "--noise", "gaussian", "--snr", "20", "--seed", "5", "--json"}, args...)...)
		x, err := ndio.Load[float64](file)
		require.NoError(t, err)
		mask := tensor.New[float64](want...)
		for i := range mask.Data {
			mask.Data[i] = float64(min(1, i%5))
		}
		m := filepath.Join(dir, "M.npy")
		require.NoError(t, ndio.WriteFile(m, mask))
		model := filepath.Join(dir, "model")
		fit := told(t, kind, file, "-r", "2", "--mask", m, "-o", model, "--json")
		e := told(t, "eval", model, file, "--mask", m, "--json")
		assert.InEpsilon(t, fit["rel_error"], e["rel_error"], 1e-9)
		assert.Equal(t, fit["observed"], e["observed"], kind)

		x.Data[3*x.Strides[0]+1] += 20
		require.NoError(t, ndio.WriteFile(file, x))
		e = told(t, "eval", model, file, "--mask", m, "--json")
		whole := filepath.Join(dir, "whole.npy")
		code, _, stderr := call("reconstruct", model, whole)
		require.Zero(t, code, stderr)
		y, err := ndio.Load[float64](whole)
		require.NoError(t, err)
		var missed, length, all float64
		rows := make([]float64, want[0])
		held := 0
		for i, v := range x.Data {
			d := v - y.Data[i]
			if mask.Data[i] == 0 {
				missed, length, held = missed+d*d, length+v*v, held+1
			} else {
				rows[i/x.Strides[0]] += d * d
				all += d * d
			}
		}
		h := e["held_out"].(map[string]any)
		assert.EqualValues(t, held, h["entries"])
		assert.InEpsilon(t, math.Sqrt(missed/length), h["rel_error"], 1e-9, kind)
		worst := e["worst"].([]any)[0].(map[string]any)["entries"].([]any)[0].(map[string]any)
		assert.EqualValues(t, 3, worst["index"], kind)
		assert.InEpsilon(t, rows[3]/all, worst["share"], 1e-9)
		assert.InEpsilon(t, math.Sqrt(rows[3]), worst["value"], 1e-9)
		_, stdout, _ := call("eval", model, file, "--mask", m)
		assert.Contains(t, stdout, "held out")
		assert.Contains(t, stdout, "worst of mode 0")

		// What is missing altogether has no error.
		for i, v := range mask.Data {
			if v == 0 {
				x.Data[i] = math.NaN()
			}
		}
		holed := filepath.Join(dir, "holed.npy")
		require.NoError(t, ndio.WriteFile(holed, x))
		n := told(t, "eval", model, holed, "--missing", "nan", "--json")
		assert.NotContains(t, n, "held_out")
		assert.InEpsilon(t, e["rel_error"], n["rel_error"], 1e-12)
		coded := told(t, "transform", model, holed, "--missing", "nan", "-o", filepath.Join(dir, "coded"), "--json")
		assert.Equal(t, fit["observed"], coded["observed"])
		assert.LessOrEqual(t, coded["rel_error"], e["rel_error"].(float64)*1.001, kind)
	}
}

func TestAnHOSVDTakesNoMissingEntries(t *testing.T) {
	dir := t.TempDir()
	x := tensorFile(t, dir)
	for flags, says := range map[string]string{
		"-r 2 --method hosvd":    "--missing has no effect with --method hosvd",
		"-r 2 --hosvd truncated": "an HOSVD needs all entries",
		"--error-target 0.1":     "an HOSVD needs all entries",
	} {
		refused(t, exit.Usage, []string{says}, append(strings.Fields("tucker "+x+" --missing nan"), strings.Fields(flags)...)...)
	}
}

// A model whose rows stand in another order under the same names is the same model.
func TestModelsAreComparedByName(t *testing.T) {
	for _, kind := range []string{"nmf", "cpd", "tucker"} {
		dir := t.TempDir()
		rows := []string{"ann,9,1,0,2", "bob,0,8,1,1", "cid,1,0,7,3", "dan,4,4,1,0", "eve,2,6,5,1"}
		table := func(name string, order ...int) string {
			lines := "id,a,b,c,d\n"
			for _, k := range order {
				lines += rows[k] + "\n"
			}
			file := text(t, filepath.Join(dir, name+".csv"), lines)
			told(t, kind, file, "-r", "2", "--tol", "1e-12", "--max-iter", "5000", "--restarts", "1", "-o", filepath.Join(dir, name), "--json")
			return filepath.Join(dir, name)
		}
		one, two := table("one", 0, 1, 2, 3, 4), table("two", 3, 1, 4, 2, 0)
		args := []string{"eval", one, "--against", two}
		against := told(t, append(args, "--json")...)["against"].(map[string]any)
		assert.InDelta(t, 1, against["fms"], 1e-3, kind)
		assert.Equal(t, []any{0.0}, against["aligned"])
		named := against["named"].([]any)[0].(map[string]any)
		assert.Equal(t, named["here"], named["there"])
		assert.Len(t, named["here"], 3)
		if kind == "tucker" {
			assert.InDelta(t, 1, against["cosine"], 1e-3)
		}
		_, stdout, _ := call(args...)
		assert.Contains(t, stdout, "the rows of mode 0 of the other model")
		assert.Contains(t, stdout, "component 0")

		rows[0] = "zoe,9,1,0,2"
		against = told(t, "eval", one, "--against", table("three", 0, 1, 2, 3, 4), "--json")["against"].(map[string]any)
		assert.Equal(t, []any{0.0}, against["names_differ"])
		assert.NotContains(t, against, "aligned")
	}
}

// Shares sum to 1, and the leading entries of a core are those whose terms are
// largest.
func TestTopTellsSharesAndTheCore(t *testing.T) {
	for _, kind := range []string{"nmf", "cpd", "tucker"} {
		dir := t.TempDir()
		args := []string{"--shape", "9,8,7", "--nonneg"}
		if kind == "nmf" {
			args = []string{"--shape", "12,10"}
		}
		model := filepath.Join(dir, "model")
		told(t, append([]string{"synth", kind, filepath.Join(dir, "X.npy"), "-r", "3", "--truth", model, "--json"}, args...)...)
		top := told(t, "top", model, "--json", "--count", "4")
		_, stdout, _ := call("top", model, "--count", "4")
		if kind == "tucker" {
			core := top["core"].([]any)
			require.Len(t, core, 4)
			last := 1.0
			g, err := ndio.Load[float64](filepath.Join(model, "core.npy"))
			require.NoError(t, err)
			for _, e := range core {
				e := e.(map[string]any)
				var at []int
				for _, k := range e["index"].([]any) {
					at = append(at, int(k.(float64)))
				}
				assert.Equal(t, g.At(at...), e["value"])
				assert.LessOrEqual(t, e["share"], last)
				last = e["share"].(float64)
			}
			assert.Contains(t, stdout, "components")
			continue
		}
		sum := 0.0
		for _, s := range top["shares"].([]any) {
			sum += s.(float64)
		}
		assert.InDelta(t, 1, sum, 1e-12)
		assert.Len(t, top["shares"], 3)
		assert.Contains(t, stdout, "component   share")
	}
}

func TestHelpOfVerbsFitsATerminal(t *testing.T) {
	_, stdout, _ := call("--help")
	for line := range strings.Lines(stdout) {
		assert.LessOrEqual(t, len([]rune(strings.TrimRight(line, "\n"))), 80, line)
	}
}
