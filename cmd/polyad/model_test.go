package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/exit"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/nmf"
)

// fitted fits the sample and returns the paths of data and model.
func fitted(t *testing.T, flags string) (x, model string) {
	t.Helper()
	dir := t.TempDir()
	x, model = save(t, filepath.Join(dir, "X.npy"), sample[float64]()), filepath.Join(dir, "model")
	args := append([]string{"nmf", x, "-r", "3", "-q", "-o", model}, strings.Fields(flags)...)
	code, _, stderr := call(args...)
	require.Zero(t, code, stderr)
	return x, model
}

// told runs a command line and decodes what it prints.
func told(t *testing.T, args ...string) (v map[string]any) {
	t.Helper()
	code, stdout, stderr := call(args...)
	require.Zero(t, code, stderr)
	require.NoError(t, json.Unmarshal([]byte(stdout), &v))
	return v
}

func resultOf(t *testing.T, dir string) (v map[string]any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "result.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &v))
	return v
}

func TestStartsByName(t *testing.T) {
	x := save(t, filepath.Join(t.TempDir(), "X.npy"), sample[float64]())
	for flags, want := range map[string]string{
		"": "nndsvda", "--init random": "random", "--init nndsvd": "nndsvd", "--init nndsvdar --loss kl": "nndsvdar", "--init spa": "spa",
		"--restarts 2": "random", "--loss kl": "nndsvda", "--init nndsvdar --restarts 2": "nndsvdar",
	} {
		v := told(t, append([]string{"nmf", x, "-r", "3", "--json", "--max-iter", "5"}, strings.Fields(flags)...)...)
		assert.Equal(t, want, v["options"].(map[string]any)["init"], flags)
	}
	v := told(t, "audio", tabla, "-r", "2", "--max-iter", "1", "--hop", "2048", "-o", filepath.Join(t.TempDir(), "out"), "--json")
	assert.Equal(t, "random", v["options"].(map[string]any)["init"])
}

func TestRestartsAreListed(t *testing.T) {
	x := save(t, filepath.Join(t.TempDir(), "X.npy"), sample[float64]())
	v := told(t, "nmf", x, "-r", "3", "--seed", "5", "--restarts", "4", "--json", "--max-iter", "30")
	runs := v["restarts"].([]any)
	require.Len(t, runs, 4)
	best := runs[int(v["best"].(float64))].(map[string]any)
	for i, r := range runs {
		run := r.(map[string]any)
		assert.Equal(t, 5.0+float64(i), run["seed"])
		assert.GreaterOrEqual(t, run["objective"], best["objective"])
		for _, key := range []string{"status", "iterations", "seconds", "rel_error", "agreement"} {
			assert.Contains(t, run, key)
		}
	}
	assert.Equal(t, v["objective"], best["objective"])
	assert.InDelta(t, 1, best["agreement"], 1e-9)
	one := told(t, "nmf", x, "-r", "3", "--seed", fmt.Sprint(best["seed"]), "--init", "random", "--restarts", "1", "--json", "--max-iter", "30")
	assert.Equal(t, v["objective"], one["objective"])
	assert.Equal(t, []any{}, one["restarts"])
	code, stdout, stderr := call("nmf", x, "-r", "3", "--restarts", "3")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "3 runs")
}

func TestModelsAreNormalizedAndSortedAfterwards(t *testing.T) {
	x, plain := fitted(t, "")
	m, err := nmf.Load[float64](plain)
	require.NoError(t, err)
	for _, norm := range []nmf.Norm{nmf.NormL1, nmf.NormL2} {
		out := filepath.Join(t.TempDir(), "out")
		code, _, stderr := call("nmf", x, "-r", "3", "-q", "-o", out, "--normalize", norm.String(), "--sort")
		require.Zero(t, code, stderr)
		got, err := nmf.Load[float64](out)
		require.NoError(t, err)
		want := m.Clone()
		want.Normalize(norm)
		want.Sort()
		assert.Equal(t, want, got)
		assert.Equal(t, norm.String(), resultOf(t, out)["options"].(map[string]any)["normalize"])
	}
}

func TestHeldComponentsStayOnTheCommandLine(t *testing.T) {
	x, model := fitted(t, "--max-iter 3")
	out := filepath.Join(t.TempDir(), "out")
	code, _, stderr := call("nmf", x, "-r", "3", "-q", "-o", out, "--init", model, "--hold", "w=0,2", "--hold", "h=1")
	require.Zero(t, code, stderr)
	a, err := nmf.Load[float64](model)
	require.NoError(t, err)
	b, err := nmf.Load[float64](out)
	require.NoError(t, err)
	assert.Equal(t, a.W.View(0, 0, 30, 1).Clone(), b.W.View(0, 0, 30, 1).Clone())
	assert.Equal(t, a.W.View(0, 2, 30, 1).Clone(), b.W.View(0, 2, 30, 1).Clone())
	assert.NotEqual(t, a.W.View(0, 1, 30, 1).Clone(), b.W.View(0, 1, 30, 1).Clone())
	assert.Equal(t, a.H.Row(1), b.H.Row(1))
	assert.Equal(t, map[string]any{"w": []any{0.0, 2.0}, "h": []any{1.0}}, resultOf(t, out)["options"].(map[string]any)["hold"])
	for _, bad := range []string{"w", "w=x", "x=1", "w=-1", "w=3"} {
		code, _, stderr = call("nmf", x, "-r", "3", "--init", model, "--hold", bad)
		assert.Equal(t, exit.Usage, code, bad)
		assert.Contains(t, stderr, "polyad: ")
	}
}

func TestTransformOfTheFittedDataGivesTheirH(t *testing.T) {
	for _, flags := range []string{"", "--loss kl", "--l1 all=0.1 --l2 h=0.01", "--loss 1.5 --lp all=1.5:0.1", "--loss is --eps 1e-3"} {
		x, model := fitted(t, flags+" --tol 1e-10 --max-iter 5000")
		out := filepath.Join(t.TempDir(), "out")
		code, stdout, stderr := call("transform", model, x, "-o", out, "--tol", "1e-11", "--max-iter", "5000")
		require.Zero(t, code, stderr)
		assert.Contains(t, stdout, "relative error")
		entries, err := os.ReadDir(out)
		require.NoError(t, err)
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		assert.Equal(t, []string{"H.npy", "W.npy", "result.json", "trace.csv"}, names)
		fit, res := resultOf(t, model), resultOf(t, out)
		was, is := fit["loss"].(float64)+fit["penalty"].(map[string]any)["h"].(float64), res["objective"].(float64)
		assert.LessOrEqual(t, is, was*1.001, flags)
		assert.GreaterOrEqual(t, is, was*.98, "the fit was near its optimum: %s", flags)
		for _, key := range []string{"loss", "l1", "l2", "lp"} {
			a, b := fit["options"].(map[string]any)[key], res["options"].(map[string]any)[key]
			if key != "loss" {
				a, b = a.(map[string]any)["h"], b.(map[string]any)["h"]
			}
			assert.Equal(t, a, b, "%s: %s is that of the fit", flags, key)
		}
		h, err := ndio.Load[float64](filepath.Join(out, "H.npy"))
		require.NoError(t, err)
		assert.Equal(t, []int{3, 20}, h.Shape)
	}
}

func TestTransformTakesFlagsAndElementTypeOfTheFile(t *testing.T) {
	_, model := fitted(t, "--loss kl --l1 all=0.1")
	dir := t.TempDir()
	fresh := save(t, filepath.Join(dir, "new.npy"), sample[float32]().View(0, 3, 30, 5))
	out := filepath.Join(dir, "out")
	v := told(t, "transform", model, fresh, "-o", out, "--loss", "frobenius", "--l1", "h=0", "--max-iter", "9", "--tol", "0", "--json")
	assert.Equal(t, "1/2·||X - W·H||_F^2", v["formula"])
	assert.Equal(t, "anls", v["options"].(map[string]any)["method"])
	assert.Equal(t, 9.0, v["iterations"])
	a, err := ndio.ReadFile(filepath.Join(out, "H.npy"))
	require.NoError(t, err)
	assert.Equal(t, "float32", a.DType())
	assert.Equal(t, []int{3, 5}, a.Shape())
}

func TestReconstructionIsTheProduct(t *testing.T) {
	dir := t.TempDir()
	m := &nmf.Model[float32]{W: sample[float32](), H: matrix.New[float32](20, 1<<17)} // several tiles
	for i := range m.H.Data {
		m.H.Data[i] = float32(i % 13)
	}
	model, out := filepath.Join(dir, "model"), filepath.Join(dir, "X.npy")
	require.NoError(t, m.Save(model))
	code, stdout, stderr := call("reconstruct", model, out)
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "30 x 131072 float32")
	a, err := ndio.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, "float32", a.DType())
	require.Equal(t, []int{30, 1 << 17}, a.Shape())
	for i, v := range m.Reconstruct().Data {
		if d := v - a.F32.Data[i]; d > 1e-3 || d < -1e-3 {
			t.Fatalf("element %d is %v, want %v", i, a.F32.Data[i], v)
		}
	}
	code, _, stderr = call("reconstruct", model, out)
	assert.Equal(t, exit.Usage, code)
	assert.Contains(t, stderr, "--force")
	code, stdout, stderr = call("reconstruct", model, out, "--force", "-q")
	require.Zero(t, code, stderr)
	assert.Empty(t, stdout)
}

func TestEvalTellsWhatTheFitTold(t *testing.T) {
	for _, flags := range []string{"", "--loss kl --l1 all=0.3", "--l1 all=0.1 --l2 h=0.2", "--loss is --eps 1e-3", "--loss 1.5 --lp all=1.5:0.1 --sort"} {
		x, model := fitted(t, flags)
		fit := resultOf(t, model)
		v := told(t, "eval", model, x, "--json")
		for _, key := range []string{"objective", "loss", "rel_error"} {
			assert.InEpsilon(t, fit[key], v[key], 1e-9, "%s: %s", flags, key)
		}
		assert.Equal(t, fit["pruned"], v["pruned"])
		assert.Equal(t, fit["formula"], v["formula"])
		assert.Equal(t, "nmf", v["kind"])
		w := v["blocks"].(map[string]any)["w"].(map[string]any)
		assert.Equal(t, []any{30.0, 3.0}, w["shape"])
		m, err := nmf.Load[float64](model)
		require.NoError(t, err)
		assert.InEpsilon(t, matrix.Sum(m.W), w["l1"], 1e-12)
		assert.Positive(t, w["density"])
	}
	// Another loss than the one of the fit.
	x, model := fitted(t, "")
	v := told(t, "eval", model, x, "--loss", "kl", "--json")
	assert.Equal(t, "kl", v["loss_name"])
	code, stdout, stderr := call("eval", model, x)
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "relative error")
	// What --init DIR takes is a model, too, without a result.json.
	require.NoError(t, os.Remove(filepath.Join(model, "result.json")))
	assert.InEpsilon(t, v["rel_error"], told(t, "eval", model, x, "--json")["rel_error"], 1e-12)
}

func TestEvalComparesModels(t *testing.T) {
	dir := t.TempDir()
	m := &nmf.Model[float64]{W: matrix.New[float64](30, 3), H: matrix.New[float64](3, 20)}
	for i := range m.W.Data {
		m.W.Data[i] = float64(i*i%7) + .1
	}
	for i := range m.H.Data {
		m.H.Data[i] = float64(i*i%11) + .1
	}
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	require.NoError(t, m.Save(a))
	for j := range 20 { // the same components in another order and scale, one pruned
		r0, r1 := m.H.At(0, j), m.H.At(1, j)
		m.H.Set(0, j, 2*r1)
		m.H.Set(1, j, r0)
		m.H.Set(2, j, 0)
	}
	for i := range 30 {
		w0, w1 := m.W.At(i, 0), m.W.At(i, 1)
		m.W.Set(i, 0, w1)
		m.W.Set(i, 1, w0)
	}
	require.NoError(t, m.Save(b))
	v := told(t, "eval", a, "--against", b, "--json")
	against := v["against"].(map[string]any)
	assert.InDelta(t, 2./3, against["fms"], 1e-12)
	assert.InDelta(t, (1+.5)/3, against["fms_weighted"], 1e-12)
	assert.Equal(t, []any{1.0, 0.0, -1.0}, against["match"])
	assert.InDelta(t, 1, against["recovered"], 1e-12)
	assert.Equal(t, []any{2.0, 0.0, 1.0}, []any{against["matched"], against["missing"], against["extra"]})
	back := told(t, "eval", b, "--against", a, "--json")["against"].(map[string]any)
	assert.InDelta(t, 2./3, back["recovered"], 1e-12)
	assert.Equal(t, 1.0, back["missing"])
	skipped := told(t, "eval", a, "--against", b, "--json", "--skip-mode", "1")["against"].(map[string]any)
	assert.NotContains(t, skipped["sir"], "h")
	assert.Equal(t, []any{1.0}, skipped["skip_mode"])
	refused(t, exit.Usage, []string{"--skip-mode 2", "0 to 1"}, "eval", a, "--against", b, "--skip-mode", "2")
	refused(t, exit.Usage, []string{"no mode"}, "eval", a, "--against", b, "--skip-mode", "0,1")
	refused(t, exit.Usage, []string{"--skip-mode", "--against"}, "eval", a, "--skip-mode", "0")
	assert.NotContains(t, v, "loss")
	assert.Equal(t, []any{2.0}, told(t, "eval", b, "--json")["pruned"])
	assert.InDelta(t, 1, told(t, "eval", b, "--against", b, "--json")["against"].(map[string]any)["fms"], 1e-12)
	// Equal columns have 300 dB whatever their scale, a lost one that of a right angle.
	sir := against["sir"].(map[string]any)
	assert.Equal(t, map[string]any{"mean": 300.0, "each": []any{300.0, 300.0, 300.0}, "match": []any{1.0, 0.0, 2.0}}, sir["w"])
	h := sir["h"].(map[string]any)
	assert.InDelta(t, (600-10*math.Log10(2))/3, h["mean"], 1e-9)
	assert.Equal(t, []any{300.0, 300.0, nil}, h["each"])
	assert.Equal(t, []any{1.0, 0.0, -1.0}, h["match"])
	_, stdout, _ := call("eval", a, "--against", b)
	assert.Contains(t, stdout, "recovered 1 of it (2 matched, 0 missing, 1 extra)")
	assert.Regexp(t, `sir of W +300 dB on average: 300, 300, 300 \(components 1, 0, 2\)\nsir of H +199 dB on average: 300, 300, none\n$`, stdout)
	for j := range 20 { // other ranks, a row of H that is a little off, and one that is lost
		m.H.Set(2, j, m.H.At(0, j)*(1+.01*float64(j%2)))
	}
	u, w := m.H.View(0, 0, 1, 20), m.H.View(2, 0, 1, 20)
	cos := matrix.Inner(u, w) / math.Sqrt(matrix.Inner(u, u)*matrix.Inner(w, w))
	two := &nmf.Model[float64]{W: m.W.View(0, 1, 30, 2).Clone(), H: m.H.View(1, 0, 2, 20).Clone()}
	require.NoError(t, two.Save(filepath.Join(dir, "two")))
	three := &nmf.Model[float64]{W: m.W, H: m.H.Clone()}
	copy(three.H.Row(2), three.H.Row(0))
	clear(three.H.Row(0))
	require.NoError(t, three.Save(filepath.Join(dir, "three")))
	h = told(t, "eval", filepath.Join(dir, "two"), "--against", filepath.Join(dir, "three"), "--json")["against"].(map[string]any)["sir"].(map[string]any)["h"].(map[string]any)
	each := h["each"].([]any)
	assert.Equal(t, 300.0, each[0])
	assert.InDelta(t, -10*math.Log10(2*(1-cos)), each[1], 1e-6)
	assert.InDelta(t, (300+each[1].(float64))/2, h["mean"], 1e-9)
}

func TestVerbsOnModelsRefuseWhatTheyCannotUse(t *testing.T) {
	x, model := fitted(t, "--l1 all=0.1")
	_, normal := fitted(t, "--l1 all=0.1 --normalize l2")
	dir := t.TempDir()
	wide := save(t, filepath.Join(dir, "wide.npy"), matrix.New[float64](7, 5))
	small := filepath.Join(dir, "small")
	require.NoError(t, (&nmf.Model[float64]{W: matrix.New[float64](4, 2), H: matrix.New[float64](2, 5)}).Save(small))
	half := filepath.Join(dir, "half")
	save(t, filepath.Join(half, "W.npy"), matrix.New[float64](4, 2))
	out := filepath.Join(dir, "out")
	for name, c := range map[string]struct {
		code int
		args []string
		text string
	}{
		"transform, one name":  {2, []string{"transform", model, "-o", out}, "FILE"},
		"transform, three":     {2, []string{"transform", model, x, x, "-o", out}, "at most 2"},
		"transform, no out":    {2, []string{"transform", model, x}, "-o"},
		"transform, rank":      {2, []string{"transform", model, x, "-o", out, "-r", "3"}, "unknown"},
		"transform, w":         {2, []string{"transform", model, x, "-o", out, "--l1", "w=1"}, "W is fixed"},
		"transform, rows":      {1, []string{"transform", model, wide, "-o", out}, "7 rows"},
		"transform, no model":  {1, []string{"transform", dir, x, "-o", out}, "W.npy"},
		"transform, half":      {1, []string{"transform", half, x, "-o", out}, "H.npy is missing"},
		"transform, nothing":   {1, []string{"transform", filepath.Join(dir, "no"), x, "-o", out}, "no such model"},
		"transform, a file":    {1, []string{"transform", x, x, "-o", out}, "not a folder"},
		"transform, scale":     {2, []string{"transform", normal, x, "-o", out}, "--l1 h=0"},
		"eval, nothing":        {2, []string{"eval"}, "MODEL"},
		"eval, shape":          {1, []string{"eval", model, wide}, "7 x 5"},
		"eval, loss alone":     {2, []string{"eval", model, "--loss", "kl"}, "--loss"},
		"eval, against":        {1, []string{"eval", model, "--against", small}, "30 x 3"},
		"eval, against no one": {1, []string{"eval", model, "--against", ""}, "no such"},
		"eval, one-sided":      {2, []string{"eval", model, x, "--l1", "w=1"}, "penalize H too"},
		"eval, scale":          {2, []string{"eval", normal, x}, "normalized"},
		"reconstruct, one":     {2, []string{"reconstruct", model}, ".npy"},
		"reconstruct, text":    {2, []string{"reconstruct", model, out + ".txt"}, ".npy"},
		"reconstruct, folder":  {1, []string{"reconstruct", model, filepath.Join(dir, "no", "X.npy")}, "X.npy"},
		"reconstruct, half":    {1, []string{"reconstruct", half, out + ".npy"}, "H.npy is missing"},
	} {
		code, stdout, stderr := call(c.args...)
		assert.Equal(t, c.code, code, name+": "+stderr)
		assert.Contains(t, stderr, c.text, name)
		assert.Empty(t, stdout, name)
		assert.Len(t, strings.Split(strings.TrimSpace(stderr), "\n"), 1, name)
		for _, path := range []string{out, out + ".npy", out + ".txt"} {
			_, err := os.Stat(path)
			assert.ErrorIs(t, err, os.ErrNotExist, name)
		}
	}
}
