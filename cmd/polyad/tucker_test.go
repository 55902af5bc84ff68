package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/models"
	"polyad/internal/golden"
	"polyad/ndio"
	"polyad/tensor"
	"polyad/tucker"
)

// tuckerFile writes data of multilinear rank 4,3,2 with a little noise and returns
// their path.
func tuckerFile(t *testing.T, dir string, more ...string) string {
	t.Helper()
	x := filepath.Join(dir, "X.npy")
	code, _, stderr := call(append([]string{"synth", "tucker", x, "--shape", "12,10,8", "-r", "4,3,2", "--noise", "gaussian", "--snr", "40", "-q", "--truth", filepath.Join(dir, "truth")}, more...)...)
	require.Zero(t, code, stderr)
	return x
}

func TestGoldenSparseTuckerThroughTheCommandLine(t *testing.T) {
	cases, err := golden.HRSI("sntd")
	require.NoError(t, err)
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			dir := t.TempDir()
			x := filepath.Join(dir, "T.npy")
			require.NoError(t, ndio.WriteFile(x, c.Inputs["T"].Tensor()))
			start := &tucker.Model[float64]{Core: c.Inputs["G"].Tensor()}
			var flags []string
			for n, p := range c.Floats("p") {
				block := fmt.Sprint(n)
				if n == len(start.Core.Shape) {
					block = "core"
				} else {
					start.Factors = append(start.Factors, c.Inputs["X"+block].Matrix())
				}
				flags = append(flags, "--lp", fmt.Sprintf("%s=%v:%v", block, p, c.Floats("mu")[n]))
			}
			require.NoError(t, start.Save(filepath.Join(dir, "start")))
			ranks := fmt.Sprint(start.Ranks())
			way := c.Params["balancing"].(string)
			if way == "sinkhorn" {
				flags = append(flags, "--sweeps", fmt.Sprint(c.Float("sweeps")))
			}
			out := filepath.Join(dir, "out")
			code, _, stderr := call(append(flags, "tucker", x, "-r", strings.ReplaceAll(ranks[1:len(ranks)-1], " ", ","), "--loss", "kl", "--method", "mu", "--inner", fmt.Sprint(c.Float("inner")),
				"--balance", way, "--eps", fmt.Sprint(c.Float("eps")), "--init", filepath.Join(dir, "start"), "--max-iter", "10", "--tol", "0", "-o", out)...)
			require.Zero(t, code, stderr)
			m, err := tucker.Load[float64](out)
			require.NoError(t, err)
			require.NoError(t, c.Outputs["it10_G"].Check(m.Core.Data))
			for n, f := range m.Factors {
				require.NoError(t, c.Outputs[fmt.Sprintf("it10_X%d", n)].Check(f.Data))
			}
		})
	}
}

func TestTuckerDecompositionLeavesItsFiles(t *testing.T) {
	dir := t.TempDir()
	x := tuckerFile(t, dir, "--nonneg", "--dtype", "f32")
	out, page := filepath.Join(dir, "out"), filepath.Join(dir, "page.html")
	code, stdout, stderr := call("tucker", x, "-r", "5,3,2", "--nonneg", "--l1", "all=0.1", "--l2", "factors=0.05", "--l1", "1=0.2", "--restarts", "2", "--max-iter", "40", "--normalize", "l2", "-o", out, "--report", page, "--json")
	require.Zero(t, code, stderr)
	var res struct {
		Schema, Status  string
		Options         map[string]any
		Objective, Loss float64
		Penalty, KKT    map[string]float64
		Pruned          [][]int
		Balance         struct {
			Mode   string
			Scales [][]float64
		}
		Restarts []struct{ Seed int }
		Input    struct{ Shape []int }
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	require.Equal(t, models.ResultSchema, res.Schema)
	require.Equal(t, "hals", res.Options["method"])
	require.Equal(t, []any{5.0, 3.0, 2.0}, res.Options["rank"])
	require.Equal(t, []any{0.0, 1.0, 2.0}, res.Options["nonneg"])
	require.Equal(t, true, res.Options["nonneg_core"])
	require.Equal(t, map[string]any{"0": 0.1, "1": 0.2, "2": 0.1, "core": 0.1}, res.Options["l1"])
	require.Equal(t, map[string]any{"0": 0.05, "1": 0.05, "2": 0.05, "core": 0.0}, res.Options["l2"])
	require.Equal(t, "random", res.Options["init"])
	require.Equal(t, "sinkhorn", res.Balance.Mode)
	require.Len(t, res.Restarts, 2)
	require.Equal(t, []int{12, 10, 8}, res.Input.Shape)
	require.Len(t, res.KKT, 4)
	require.Len(t, res.Pruned, 3)
	require.Len(t, res.Balance.Scales, 3)
	for n, scales := range res.Balance.Scales {
		for q, v := range scales {
			if v != 0 {
				require.InDelta(t, 1, v, 1e-4, "balanced")
			} else {
				require.Contains(t, res.Pruned[n], q)
			}
		}
	}
	require.InEpsilon(t, res.Objective, res.Loss+res.Penalty["0"]+res.Penalty["1"]+res.Penalty["2"]+res.Penalty["core"], 1e-9)

	m, err := tucker.Load[float64](out)
	require.NoError(t, err)
	require.Equal(t, []int{12, 10, 8}, m.Shape())
	require.Equal(t, []int{5, 3, 2}, m.Ranks())
	require.InDelta(t, 1, norm(m.Factors[1], 0), 1e-5)
	a, err := ndio.ReadFile(filepath.Join(out, "core.npy"))
	require.NoError(t, err)
	require.NotNil(t, a.F32, "float32 stays float32")
	trace, err := os.ReadFile(filepath.Join(out, "trace.csv"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(trace), "iter,seconds,objective,loss,penalty,rel_error\n0,"))
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, s := range []string{"index of mode 2", "slice q of the core", "<td>core</td>"} {
		require.Contains(t, string(html), s)
	}
}

// limit ends runs of methods that have any.
func limit(flags string) []string {
	if strings.Contains(flags, "hosvd") {
		return nil
	}
	return []string{"--max-iter", "100"}
}

func TestTuckerMethodsOnTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	x := tuckerFile(t, dir, "--nonneg")
	out := filepath.Join(dir, "out")
	for flags, c := range map[string]struct {
		method, balance string
		ranks           []any
	}{
		"-r 4,3,2":                      {"hooi", "none", []any{4.0, 3.0, 2.0}},
		"-r 2":                          {"hooi", "none", []any{2.0, 2.0, 2.0}},
		"-r 4,2 --modes 0,2":            {"hooi", "none", []any{4.0, 10.0, 2.0}},
		"-r 4,0,2 --modes 2,0":          {"hooi", "none", []any{4.0, 10.0, 2.0}},
		"-r 4 --modes 0 --method hosvd": {"hosvd", "none", []any{4.0, 10.0, 8.0}},
		"-r 4,3,2 --method hosvd --hosvd truncated":                                         {"hosvd", "none", []any{4.0, 3.0, 2.0}},
		"-r 4,3,2 --hosvd truncated":                                                        {"hooi", "none", []any{4.0, 3.0, 2.0}},
		"-r 4,3,2 --nonneg":                                                                 {"hals", "none", []any{4.0, 3.0, 2.0}},
		"-r 4,3,2 --nonneg=0,core":                                                          {"hals", "none", []any{4.0, 3.0, 2.0}},
		"-r 4,3,2 --l2 all=0.1 --balance scalar":                                            {"hals", "scalar", []any{4.0, 3.0, 2.0}},
		"-r 4,3,2 --loss kl":                                                                {"mu", "none", []any{4.0, 3.0, 2.0}},
		"-r 4,3,2 --loss 1.5 --lp all=3:0.1":                                                {"mu", "sinkhorn", []any{4.0, 3.0, 2.0}},
		"-r 4,3,2 --loss is --eps 1e-6 --normalize l1":                                      {"mu", "none", []any{4.0, 3.0, 2.0}},
		"-r 4,3,2 --method mu --extrapolate":                                                {"mu", "none", []any{4.0, 3.0, 2.0}},
		"-r 4,3,2 --method hals --inner 2 --init random --seed 3 --eps 1e-12":               {"hals", "none", []any{4.0, 3.0, 2.0}},
		"-r 4,3,2 --fix 0 --fix core --l1 all=0.1 --method mu --init " + dir + "/truth":     {"mu", "sinkhorn", []any{4.0, 3.0, 2.0}},
		"-r 4,3,2 --l1 core=0.1 --l2 factors=0.1 --method mu --balance sinkhorn --sweeps 1": {"mu", "sinkhorn", []any{4.0, 3.0, 2.0}},
	} {
		v := told(t, append([]string{"tucker", x, "-o", out, "--force", "--json"}, append(strings.Fields(flags), limit(flags)...)...)...)
		o := v["options"].(map[string]any)
		require.Equal(t, c.method, o["method"], flags)
		require.Equal(t, c.balance, v["balance"].(map[string]any)["mode"], flags)
		require.Equal(t, c.ranks, o["rank"], flags)
		require.Less(t, v["rel_error"], .25, flags)
		m, err := tucker.Load[float64](out)
		require.NoError(t, err)
		x, err := ndio.Load[float64](x)
		require.NoError(t, err)
		require.InEpsilon(t, v["rel_error"], m.RelError(x), 1e-6, flags)
		require.Equal(t, strings.Contains(flags, "modes"), m.Factors[1] == nil, flags)
		if c.method == "hosvd" {
			require.Equal(t, "converged", v["status"])
			require.Zero(t, v["iterations"])
			require.Empty(t, v["kkt"])
		}
		require.GreaterOrEqual(t, v["workers"], 1., flags)

		// What is written is evaluated to the same numbers.
		e := told(t, "eval", out, filepath.Join(dir, "X.npy"), "--json")
		if !strings.Contains(flags, "normalize") {
			require.InEpsilon(t, v["objective"], e["objective"], 1e-6, flags)
		}
		require.InEpsilon(t, v["rel_error"], e["rel_error"], 1e-6, flags)
		require.Equal(t, v["pruned"], e["pruned"], flags)
		for key, k := range v["kkt"].(map[string]any) {
			if !strings.Contains(flags, "normalize") {
				require.InDelta(t, k, e["kkt"].(map[string]any)[key], 1e-5, "%s: %s", flags, key)
			}
		}
	}
	code, stdout, stderr := call("tucker", x, "-r", "4,3,2", "--l1", "all=0.1", "--method", "mu", "--max-iter", "3")
	require.Zero(t, code, stderr)
	for _, s := range []string{"12 x 10 x 8 float64, rank [4 3 2]", "mu, balance sinkhorn", "+ penalty core", "kkt residual"} {
		require.Contains(t, stdout, s)
	}
}

// What an earlier model has left is no part of a new one.
func TestForceLeavesOneModel(t *testing.T) {
	dir := t.TempDir()
	x, out := tuckerFile(t, dir), filepath.Join(dir, "out")
	for _, c := range []struct {
		args  []string
		files []string
	}{
		{[]string{"tucker", x, "-r", "2", "-o", out}, []string{"core.npy", "factor_0.npy", "factor_1.npy", "factor_2.npy", "result.json", "trace.csv"}},
		{[]string{"tucker", x, "-r", "2", "--modes", "0,2", "-o", out}, []string{"core.npy", "factor_0.npy", "factor_2.npy", "result.json", "trace.csv"}},
		{[]string{"cpd", x, "-r", "2", "-o", out, "--max-iter", "3"}, []string{"factor_0.npy", "factor_1.npy", "factor_2.npy", "result.json", "trace.csv", "weights.npy"}},
		{[]string{"transform", filepath.Join(dir, "truth"), x, "-o", out}, []string{"core.npy", "factor_0.npy", "factor_1.npy", "factor_2.npy", "result.json", "trace.csv"}},
		{[]string{"synth", "cpd", filepath.Join(dir, "Y.npy"), "--shape", "3,3", "-r", "2", "--truth", filepath.Join(dir, "truth")}, nil},
	} {
		code, _, stderr := call(append(c.args, "--force", "-q")...)
		require.Zero(t, code, stderr)
		if c.files == nil {
			require.NoFileExists(t, filepath.Join(dir, "truth", "core.npy"))
			require.NoFileExists(t, filepath.Join(dir, "truth", "factor_2.npy"))
			continue
		}
		entries, err := os.ReadDir(out)
		require.NoError(t, err)
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		require.Equal(t, c.files, names)
		_, _, stderr = call("eval", out, x)
		require.Empty(t, stderr)
	}
	mine := filepath.Join(dir, "mine")
	require.NoError(t, os.Mkdir(mine, 0o777))
	for _, name := range []string{"core.npy", "notes.txt"} { // not a model's
		require.NoError(t, os.WriteFile(filepath.Join(mine, name), nil, 0o666))
	}
	code, _, stderr := call("cpd", x, "-r", "2", "-o", mine, "--max-iter", "3", "--force", "-q")
	require.Zero(t, code, stderr)
	require.FileExists(t, filepath.Join(mine, "core.npy"))
	code, _, stderr = call("eval", mine, x)
	require.Zero(t, code, stderr)

	// A file that would be taken for a part of the new model is not put beside it.
	require.NoError(t, os.RemoveAll(mine))
	require.NoError(t, os.Mkdir(mine, 0o777))
	for _, name := range []string{"factor_7.npy", "notes.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(mine, name), nil, 0o666))
	}
	refused(t, exit.Usage, []string{"factor_7.npy", "move it away"}, "cpd", x, "-r", "2", "-o", mine, "--force")
	require.FileExists(t, filepath.Join(mine, "factor_7.npy"))
}

func TestErrorTargetsAreMetWithTheSmallestRanks(t *testing.T) {
	dir := t.TempDir()
	x := tuckerFile(t, dir)
	for _, flags := range []string{"--method hosvd", "--method hosvd --hosvd truncated", "", "--hosvd truncated", "--modes 0,1"} {
		for target, most := range map[string][]any{"0.05": {4.0, 3.0, 2.0}, "0.6": {3.0, 3.0, 2.0}} {
			v := told(t, append([]string{"tucker", x, "--error-target", target, "--json"}, strings.Fields(flags)...)...)
			require.LessOrEqual(t, fmt.Sprint(v["rel_error"]), target, flags)
			ranks := v["options"].(map[string]any)["rank"].([]any)
			for n, r := range ranks {
				if n == 2 && strings.Contains(flags, "modes") {
					require.Equal(t, 8.0, r)
					continue
				}
				require.LessOrEqual(t, r, most[n], "%s %s", flags, target)
			}
			require.Contains(t, v["options"], "error_target")
		}
	}
}

// A fit says how many numbers and bytes it has for those of the data, as they are in
// the file.
func TestFitsTellHowFarTheyCompress(t *testing.T) {
	dir := t.TempDir()
	x := filepath.Join(dir, "bytes.npy")
	header := "{'descr': '|u1', 'fortran_order': False, 'shape': (6, 5, 4), }"
	header += strings.Repeat(" ", 117-len(header)) + "\n"
	content := append([]byte("\x93NUMPY\x01\x00\x76\x00"), header...)
	for i := range 120 {
		content = append(content, byte(i*i%251))
	}
	require.NoError(t, os.WriteFile(x, content, 0o666))
	for _, c := range []struct {
		args   string
		stored float64
	}{{"tucker -r 3,2,2", 3*6 + 2*5 + 2*4 + 12}, {"tucker -r 3,5,2 --modes 0,2", 3*6 + 2*4 + 30}, {"cpd -r 2 --max-iter 3", 2*15 + 2}} {
		page := filepath.Join(dir, "page.html")
		args := append(strings.Fields(c.args), x, "--report", page)
		v := told(t, append(args, "--json")...)["size"].(map[string]any)
		require.Equal(t, map[string]any{"stored": c.stored, "data": 120.0, "ratio": 120 / c.stored,
			"stored_bytes": 8 * c.stored, "data_bytes": 120.0, "bytes_ratio": 15 / c.stored}, v, c.args)
		code, out, _ := call(args...)
		require.Zero(t, code)
		for _, text := range []string{fmt.Sprintf("%g numbers for 120", c.stored), fmt.Sprintf("%g bytes for 120 bytes", 8*c.stored)} {
			require.Contains(t, out, text)
			html, err := os.ReadFile(page)
			require.NoError(t, err)
			require.Contains(t, string(html), text)
		}
	}
	m := filepath.Join(dir, "m.csv")
	require.NoError(t, os.WriteFile(m, []byte("1,2,3\n4,5,6\n"), 0o666))
	v := told(t, "nmf", m, "-r", "1", "--json")["size"].(map[string]any)
	require.Equal(t, 5.0, v["stored"])
	require.Equal(t, 48.0, v["data_bytes"])
}

func TestTuckerModelsAreComparedAndReconstructed(t *testing.T) {
	dir := t.TempDir()
	x := tuckerFile(t, dir, "--nonneg", "--dtype", "f32")
	truth, out := filepath.Join(dir, "truth"), filepath.Join(dir, "Y.npy")
	v := told(t, "eval", truth, x, "--against", truth, "--json")
	require.Equal(t, "tucker", v["kind"])
	require.Equal(t, []any{4.0, 3.0, 2.0}, v["rank"])
	require.InDelta(t, .01, v["rel_error"], .001)
	against := v["against"].(map[string]any)
	require.InDelta(t, 1, against["fms"], 1e-6)
	require.InDelta(t, 1, against["cosine"], 1e-6)
	require.Equal(t, []any{0.0, 1.0, 2.0, 3.0}, against["match"].([]any)[0])

	// Columns in another order and scale are the same components; a turned model is
	// the same array.
	m, err := tucker.Load[float64](truth)
	require.NoError(t, err)
	f := m.Factors[2]
	for i := range f.Rows {
		f.Row(i)[0], f.Row(i)[1] = 2*f.Row(i)[1], f.Row(i)[0]
	}
	swapped := filepath.Join(dir, "swapped")
	core := tensor.New[float64](m.Core.Shape...)
	for i := 0; i < m.Core.Len(); i += 2 {
		core.Data[i], core.Data[i+1] = m.Core.Data[i+1]/2, m.Core.Data[i]
	}
	m.Core = core
	require.NoError(t, m.Save(swapped))
	against = told(t, "eval", truth, "--against", swapped, "--json")["against"].(map[string]any)
	require.InDelta(t, 1, against["fms"], 1e-6)
	require.InDelta(t, 1, against["cosine"], 1e-6)
	require.Equal(t, []any{1.0, 0.0}, against["match"].([]any)[2])
	require.InDelta(t, 1, against["recovered"], 1e-6)
	require.Equal(t, []any{9.0, 0.0, 0.0}, []any{against["matched"], against["missing"], against["extra"]})
	skipped := told(t, "eval", truth, "--against", swapped, "--json", "--skip-mode", "1")["against"].(map[string]any)
	require.Equal(t, []any{6.0, nil}, []any{skipped["matched"], skipped["cosine"]})
	require.Nil(t, skipped["fms_modes"].([]any)[1])
	require.NoError(t, m.Orthogonalize())
	require.NoError(t, m.Save(swapped))
	against = told(t, "eval", truth, "--against", swapped, "--json")["against"].(map[string]any)
	require.Less(t, against["fms"], .95)
	require.InDelta(t, 1, against["cosine"], 1e-6)

	code, stdout, stderr := call("eval", truth, x, "--against", swapped, "--l1", "core=1")
	require.Equal(t, exit.Usage, code)
	require.Contains(t, stderr, "penalize mode 0 too")
	require.Empty(t, stdout)
	code, stdout, stderr = call("eval", truth, x, "--against", swapped, "--l1", "core=1", "--l2", "factors=2")
	require.Zero(t, code, stderr)
	for _, s := range []string{"tucker, 12 x 10 x 8, core 4 x 3 x 2", "mode 2", "core  ", "1·||G||_1", "cosine of the arrays 1"} {
		require.Contains(t, stdout, s)
	}

	code, stdout, stderr = call("reconstruct", truth, out)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "12 x 10 x 8 float32, core 4 x 3 x 2")
	y, err := ndio.Load[float32](out)
	require.NoError(t, err)
	single, err := tucker.Load[float32](truth)
	require.NoError(t, err)
	for i, v := range single.Reconstruct().Data {
		require.InEpsilon(t, v, y.Data[i], 1e-5)
	}

	info := told(t, "info", truth, "--json")["model"].(map[string]any)
	require.Equal(t, "tucker", info["kind"])
	require.Equal(t, "float32", info["dtype"])
	require.Equal(t, []any{4.0, 3.0, 2.0}, info["rank"])
	require.NotContains(t, info, "status")
}

func TestTuckerTransformsAreModels(t *testing.T) {
	dir := t.TempDir()
	x := tuckerFile(t, dir, "--nonneg")
	for name, flags := range map[string]string{
		"hooi": "", "hals": "--nonneg --l1 all=0.05", "kl": "--loss kl --l1 core=0.1 --l2 factors=0.1", "some": "--nonneg=2 --modes 1,2 -r 3,2", "mu": "--method mu --lp all=1.5:0.01",
	} {
		model, out := filepath.Join(dir, name), filepath.Join(dir, name+" out")
		args := []string{"tucker", x, "-o", model, "--json", "--tol", "1e-9", "--max-iter", "500"}
		if !strings.Contains(flags, "-r") {
			args = append(args, "-r", "4,3,2")
		}
		fit := told(t, append(args, strings.Fields(flags)...)...)
		res := told(t, "transform", model, x, "-o", out, "--json", "--tol", "1e-9", "--max-iter", "500")
		require.InEpsilon(t, fit["loss"], res["loss"], .02, name)
		require.Equal(t, fit["options"].(map[string]any)["loss"], res["options"].(map[string]any)["loss"])
		require.Len(t, res["kkt"], 1, "one factor is free")
		e := told(t, "eval", out, x, "--against", model, "--json")
		require.InEpsilon(t, res["objective"], e["objective"], 1e-6, name)
		require.InDelta(t, 1, e["against"].(map[string]any)["cosine"], 1e-3, name)
		a, err := tucker.Load[float64](model)
		require.NoError(t, err)
		b, err := tucker.Load[float64](out)
		require.NoError(t, err)
		require.Equal(t, a.Core.Data, b.Core.Data)
		require.Equal(t, a.Factors[:2], b.Factors[:2])
		for _, w := range []struct {
			code  int
			flags []string
			says  string
		}{
			{2, []string{"--l1", "core=1"}, "the core stays"}, {2, []string{"--l1", "0=1"}, "mode 0 stays"}, {2, []string{"--method", "hosvd"}, "want hals or mu"},
			{2, []string{"--method", "hooi"}, "want hals or mu"}, {2, []string{"--l1", "w=1"}, "by mode number"}, {2, []string{"--nonneg=core"}, "only mode 2"},
			{2, []string{"--missing", "0"}, "--missing"}, {2, []string{"--tol", "-1"}, "--tol"}, {2, []string{"--workers", "-1"}, "--workers is -1"},
		} {
			code, stdout, stderr := call(append([]string{"transform", model, x, "-o", filepath.Join(dir, "no")}, w.flags...)...)
			require.Equal(t, w.code, code, "%v %s", w.flags, stderr)
			require.Contains(t, stderr, w.says)
			require.Empty(t, stdout)
			require.Equal(t, 1, strings.Count(stderr, "\n"))
			require.NoDirExists(t, filepath.Join(dir, "no"))
		}
	}
}

func TestWrongTuckerDecompositionsAreRefused(t *testing.T) {
	dir := t.TempDir()
	x := tuckerFile(t, dir)
	truth, out := filepath.Join(dir, "truth"), filepath.Join(dir, "out")
	bad := filepath.Join(dir, "bad")
	require.NoError(t, os.Mkdir(bad, 0o777))
	vector, empty, nan := filepath.Join(dir, "v.npy"), filepath.Join(dir, "e.npy"), filepath.Join(dir, "nan.csv")
	require.NoError(t, ndio.WriteFile(vector, tensor.New[float64](5)))
	require.NoError(t, ndio.WriteFile(empty, tensor.New[float64](5, 0, 2)))
	require.NoError(t, os.WriteFile(nan, []byte("1,nan\n2,3\n"), 0o666))
	for line, c := range map[string]struct {
		code int
		says string
	}{
		x:                                                           {2, "ranks are missing"},
		x + " -r 0":                                                 {2, "(flag: --rank)"},
		x + " -r -1":                                                {2, "want numbers"},
		x + " -r 4,x":                                               {2, "want numbers"},
		x + " -r 4,3":                                               {2, "2 ranks for 3 modes"},
		x + " -r 4,3 --modes 0":                                     {2, "2 ranks, but --modes 0 names 1 of the 3 modes"},
		x + " -r 4,3,2,1 --modes 0,2":                               {2, "4 ranks, but --modes 0,2 names 2 of the 3 modes"},
		x + " -r 4,3,2,1":                                           {2, "4 ranks for 3 modes"},
		x + " -r 13,3,2":                                            {2, "no orthonormal factor"},
		x + " -r 12,2,2":                                            {2, "product of the others"},
		x + " -r 4,3,2 --error-target 0.1":                          {2, "leave one out"},
		x + " --error-target 0":                                     {2, "--error-target is 0"},
		x + " --error-target 1.5":                                   {2, "--error-target is 1.5"},
		x + " --error-target 1e-16":                                 {2, "--error-target 1e-16 is within"},
		x + " --error-target 0.1 --nonneg":                          {2, "--error-target is for hosvd and hooi"},
		x + " --error-target 0.1 --init random":                     {2, "--error-target"},
		x + " -r 4,3,2 --modes 3":                                   {2, "--modes names mode 3"},
		x + " -r 4,3,2 --modes core":                                {2, "--modes"},
		x + " -r 4,3,2 --modes 0,2":                                 {2, "for mode 1, which is left alone"},
		x + " -r 4,3,2 --method als":                                {2, "hosvd, hooi, hals or mu"},
		x + " -r 4,3,2 --loss kl --method hals":                     {2, "frobenius"},
		x + " -r 4,3,2 --loss kl --method hosvd":                    {2, "use --method mu"},
		x + " -r 4,3,2 --loss hinge":                                {2, "--loss"},
		x + " -r 4,3,2 --method hosvd --nonneg":                     {2, "--nonneg has no effect"},
		x + " -r 4,3,2 --method hosvd --max-iter 3":                 {2, "--max-iter has no effect"},
		x + " -r 4,3,2 --method hosvd --l1 all=1":                   {2, "--l1 has no effect"},
		x + " -r 4,3,2 --method hosvd --restarts 2":                 {2, "--restarts"},
		x + " -r 4,3,2 --method hosvd --eps 1e-9":                   {2, "--eps"},
		x + " -r 4,3,2 --method hosvd --balance scalar":             {2, "--balance"},
		x + " -r 4,3,2 --hosvd both":                                {2, "--hosvd"},
		x + " -r 4,3,2 --hosvd truncated --nonneg":                  {2, "--hosvd truncated is for"},
		x + " -r 4,3,2 --hosvd truncated --init " + truth:           {2, "--hosvd truncated"},
		x + " -r 4,3,2 --method hooi --inner 2":                     {2, "--inner"},
		x + " -r 4,3,2 --method hooi --nonneg":                      {2, "leave --nonneg out, or use --method hals"},
		x + " -r 4,3,2 --method hooi --l1 all=1":                    {2, "use --method hals"},
		x + " -r 4,3,2 --method hals --inner -1":                    {2, "--inner"},
		x + " -r 4,3,2 --method hals --extrapolate":                 {2, "--extrapolate"},
		x + " -r 4,3,2 --method hals --lp all=3:1":                  {2, "use --method mu"},
		x + " -r 4,3,2 --l1 core=1":                                 {2, "flags: --l1 BLOCK=V"},
		x + " -r 4,3,2 --l1 w=1":                                    {2, "core, factors or all"},
		x + " -r 4,3,2 --l1 3=1":                                    {2, "modes 0 to 2"},
		x + " -r 4,3,2 --nonneg=5":                                  {2, "--nonneg names mode 5"},
		x + " -r 4,3,2 --method mu --nonneg=0":                      {2, "leave --nonneg out"},
		x + " -r 4,3,2 --balance block":                             {2, "--balance"},
		x + " -r 4,3,2 --balance sinkhorn --nonneg":                 {2, "--balance sinkhorn without penalties"},
		x + " -r 4,3,2 --sweeps -1":                                 {2, "--sweeps is -1"},
		x + " -r 4,3,2 --sweeps 2":                                  {2, "--sweeps has no effect"},
		x + " -r 4,3,2 --fix 0":                                     {2, "--init DIR"},
		x + " -r 4,3,2 --fix w --init " + truth:                     {2, "core"},
		x + " -r 4,3,2 --fix 0 --init " + truth + " --normalize l2": {2, "--normalize"},
		x + " -r 4,3,2 --init nowhere":                              {2, "svd, random"},
		x + " -r 4,3,2 --init=":                                     {2, "--init is empty"},
		x + " -r 4,3,2 --init " + bad:                               {1, "core.npy"},
		x + " -r 5,3,2 --init " + truth:                             {1, "core"},
		x + " -r 4,3,2 --restarts 0":                                {2, "--restarts"},
		x + " -r 4,3,2 --restarts 2 --init svd":                     {2, "--init random"},
		x + " -r 4,3,2 --normalize max":                             {2, "--normalize"},
		x + " -r 4,3,2 --eps 1e-9":                                  {2, "--eps has no effect"},
		x + " -r 4,3,2 --tol -1":                                    {2, "--tol"},
		x + " -r 4,3,2 --order wh":                                  {2, "unknown flag"},
		x + " -r 4,3,2 --loss kl":                                   {1, "entry"},
		x + " -r 100000 --nonneg":                                   {2, "(flag: --rank)"},
		vector + " -r 1":                                            {1, "two or more modes"},
		empty + " -r 1":                                             {1, "no entries"},
		nan + " -r 1":                                               {1, "is NaN"},
		filepath.Join(dir, "no.npy") + " -r 1":                      {1, "no.npy"},
		dir + " -r 1":                                               {1, "folder"},
	} {
		code, stdout, stderr := call(append([]string{"tucker", "-o", out}, strings.Fields(line)...)...)
		require.Equal(t, c.code, code, "%s: %s", line, stderr)
		require.Contains(t, stderr, c.says, line)
		require.False(t, goNames.MatchString(stderr), stderr)
		require.Empty(t, stdout, line)
		require.Equal(t, 1, strings.Count(stderr, "\n"), line)
		require.NoDirExists(t, out, line)
	}
}

func TestInterruptedTuckerDecompositionsAreWritten(t *testing.T) {
	dir := t.TempDir()
	x := tuckerFile(t, dir, "--nonneg")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(exit.ErrInterrupted)
	for i, flags := range []string{"--init random", "--loss kl --init random", "--init " + filepath.Join(dir, "truth") + " --nonneg"} {
		out := filepath.Join(dir, fmt.Sprint("out", i))
		code, _, stderr := callWith(ctx, nil, append([]string{"tucker", x, "-r", "4,3,2", "-o", out}, strings.Fields(flags)...)...)
		require.Equal(t, exit.Interrupted, code, stderr)
		_, err := tucker.Load[float64](out)
		require.NoError(t, err)
	}
	out := filepath.Join(dir, "nothing") // there is no model before the HOSVD ends
	code, _, stderr := callWith(ctx, nil, "tucker", x, "-r", "4,3,2", "--method", "hosvd", "-o", out)
	require.Equal(t, exit.Interrupted, code, stderr)
	require.NoDirExists(t, out)
	code, _, _ = call("tucker", x, "-r", "4,3,2", "--nonneg", "--max-iter", "1", "--strict")
	require.Equal(t, exit.NotConverged, code)
}
