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
	"polyad/cpd"
	"polyad/internal/golden"
	"polyad/matrix"
	"polyad/ndio"
)

// tensorFile writes data of rank 3 with a little noise and returns their path.
func tensorFile(t *testing.T, dir string, more ...string) string {
	t.Helper()
	x := filepath.Join(dir, "X.npy")
	code, _, stderr := call(append([]string{"synth", "cpd", x, "--shape", "12,10,8", "-r", "3", "--noise", "gaussian", "--snr", "40", "-q", "--truth", filepath.Join(dir, "truth")}, more...)...)
	require.Zero(t, code, stderr)
	return x
}

func TestGoldenRidgeThroughTheCommandLine(t *testing.T) {
	cases, err := golden.HRSI("rcpd")
	require.NoError(t, err)
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			dir := t.TempDir()
			x := filepath.Join(dir, "T.npy")
			require.NoError(t, ndio.WriteFile(x, c.Inputs["T"].Tensor()))
			start := &cpd.Model[float64]{}
			for n := range c.Inputs["T"].Shape {
				start.Factors = append(start.Factors, c.Inputs[fmt.Sprintf("X%d", n)].Matrix())
			}
			require.NoError(t, start.Save(filepath.Join(dir, "start")))
			args := []string{"cpd", x, "-r", fmt.Sprint(start.Rank()), "--l2", fmt.Sprintf("all=%v", c.Float("mu")/2), "--balance", c.Params["balancing"].(string),
				"--init", filepath.Join(dir, "start"), "--max-iter", "10", "--tol", "0", "-o", filepath.Join(dir, "out")}
			if c.Params["solver"] == "als" {
				args = append(args, "--method", "als")
			} else {
				args = append(args, "--method", "hals", "--inner", fmt.Sprint(c.Float("inner")))
				if c.Params["nonneg"].(bool) {
					args = append(args, "--nonneg", "--eps", "1e-16")
				}
			}
			code, _, stderr := call(args...)
			require.Zero(t, code, stderr)
			require.Empty(t, stderr)
			m, err := cpd.Load[float64](filepath.Join(dir, "out"))
			require.NoError(t, err)
			for n, f := range m.Factors {
				require.NoError(t, c.Outputs[fmt.Sprintf("it10_X%d", n)].Check(f.Data))
			}
		})
	}
}

func TestDecompositionLeavesItsFiles(t *testing.T) {
	dir := t.TempDir()
	x := tensorFile(t, dir, "--nonneg", "--dtype", "f32")
	out, page := filepath.Join(dir, "out"), filepath.Join(dir, "page.html")
	code, stdout, stderr := call("cpd", x, "-r", "4", "--nonneg", "--l2", "all=0.2", "--l1", "1=0.1", "--l2", "1=0.3", "--restarts", "2", "--normalize", "l2", "--sort", "-o", out, "--report", page, "--json")
	require.Zero(t, code, stderr)
	var res struct {
		Schema, Status   string
		Options          map[string]any
		Objective, Loss  float64
		Penalty, KKT     map[string]float64
		Iterations, Best int
		Balance          struct {
			Mode string
			Beta []float64
		}
		Restarts []struct{ Seed int }
		Input    struct{ Shape []int }
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &res))
	require.Equal(t, models.ResultSchema, res.Schema)
	require.Equal(t, "hals", res.Options["method"])
	require.Equal(t, []any{0.0, 1.0, 2.0}, res.Options["nonneg"])
	require.Equal(t, map[string]any{"0": 0.2, "1": 0.3, "2": 0.2}, res.Options["l2"])
	require.Equal(t, map[string]any{"0": 0.0, "1": 0.1, "2": 0.0}, res.Options["l1"])
	require.Equal(t, "random", res.Options["init"])
	require.Equal(t, "every", res.Balance.Mode)
	require.Len(t, res.Balance.Beta, 4)
	require.Len(t, res.Restarts, 2)
	require.Equal(t, []int{12, 10, 8}, res.Input.Shape)
	require.Len(t, res.KKT, 3)
	require.InEpsilon(t, res.Objective, res.Loss+res.Penalty["0"]+res.Penalty["1"]+res.Penalty["2"], 1e-12)

	m, err := cpd.Load[float64](out)
	require.NoError(t, err)
	require.Equal(t, []int{12, 10, 8}, m.Shape())
	require.GreaterOrEqual(t, m.Weights[0], m.Weights[3])
	require.InDelta(t, 1, norm(m.Factors[1], 0), 1e-6)
	a, err := ndio.ReadFile(filepath.Join(out, "factor_0.npy"))
	require.NoError(t, err)
	require.NotNil(t, a.F32, "float32 stays float32")
	trace, err := os.ReadFile(filepath.Join(out, "trace.csv"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(trace), "iter,seconds,objective,loss,penalty,rel_error\n0,"))
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(html), "index of mode 2")

	code, stdout, stderr = call("cpd", x, "-r", "3", "--init", "compressed", "--max-iter", "2", "--json")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, `"init": "compressed"`)

	code, stdout, stderr = call("cpd", x, "-r", "4", "--l2", "all=0.2", "--max-iter", "3")
	require.Zero(t, code, stderr)
	for _, s := range []string{"12 x 10 x 8 float32, rank 4", "als, extrapolated, balance every", "+ penalty mode 2", "kkt residual", "mode 0 "} {
		require.Contains(t, stdout, s)
	}
}

func norm(f *matrix.Dense[float64], q int) (sum float64) {
	for i := range f.Rows {
		sum += f.At(i, q) * f.At(i, q)
	}
	return sum
}

func TestFixedFactorsStayThroughTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	x := tensorFile(t, dir)
	truth, out := filepath.Join(dir, "truth"), filepath.Join(dir, "out")
	code, stdout, stderr := call("cpd", x, "-r", "3", "--init", truth, "--fix", "0", "--fix", "2", "--l2", "all=0.1", "-o", out, "--json")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, `"fix": [`)
	a, err := cpd.Load[float64](truth)
	require.NoError(t, err)
	b, err := cpd.Load[float64](out)
	require.NoError(t, err)
	require.Equal(t, a.Factors[0], b.Factors[0])
	require.Equal(t, a.Factors[2], b.Factors[2])
	require.NotEqual(t, a.Factors[1], b.Factors[1])
}

func TestWrongDecompositionsAreUsageErrors(t *testing.T) {
	dir := t.TempDir()
	x := tensorFile(t, dir)
	truth := filepath.Join(dir, "truth")
	for flags, says := range map[string]string{
		"":                              "rank is missing",
		"-r 0":                          "--rank",
		"-r 3 --method anls":            "als, hals or mu",
		"-r 3 --method als --inner 2":   "--inner",
		"-r 3 --method hals --inner -1": "--inner",
		"-r 3 --method als --loss kl":   "use --method mu",
		"-r 3 --loss kl --extrapolate":  "--extrapolate",
		"-r 3 --extrapolate --l2 all=1 --balance block": "balance every",
		"-r 3 --loss hinge":                             "--loss",
		"-r 3 --l2 0=1":                                 "--l2 BLOCK=V",
		"-r 3 --l2 w=1":                                 "want a mode number",
		"-r 3 --l2 3=1":                                 "modes 0 to 2",
		"-r 3 --method als --l1 all=1":                  "use --method hals",
		"-r 3 --nonneg=0,x":                             "mode numbers",
		"-r 3 --nonneg=7":                               "modes 0 to 2",
		"-r 3 --balance sinkhorn":                       "--balance",
		"-r 3 --balance block":                          "without penalties",
		"-r 3 --fix 0":                                  "--init DIR",
		"-r 3 --fix w --init " + truth:                  "mode number",
		"-r 3 --init nowhere":                           "svd, random",
		"-r 3 --init=":                                  "--init is empty",
		"-r 3 --restarts 0":                             "--restarts",
		"-r 3 --restarts 2 --init svd":                  "--init random",
		"-r 3 --normalize max":                          "--normalize",
		"-r 3 --eps 1e-9":                               "eps has no effect",
		"-r 3 --tol -1":                                 "tol",
		"-r 3 --order wh":                               "unknown flag",
		"-r 4 --init " + truth + " --fix 1":             "rank",
	} {
		code, stdout, stderr := call(append([]string{"cpd", x}, strings.Fields(flags)...)...)
		if strings.HasPrefix(flags, "-r 4") { // what the model is like is not the command line's
			require.Equal(t, exit.Failed, code, flags)
		} else {
			require.Equal(t, exit.Usage, code, "%s: %s", flags, stderr)
		}
		require.Contains(t, stderr, says, flags)
		require.Empty(t, stdout)
		require.Equal(t, 1, strings.Count(stderr, "\n"))
	}
	v := filepath.Join(dir, "v.csv")
	require.NoError(t, os.WriteFile(v, []byte("1,2,-1\n"), 0o666))
	code, _, stderr := call("cpd", v, "-r", "1", "--loss", "kl")
	require.Equal(t, exit.Failed, code)
	require.Contains(t, stderr, "entry [0 2] is -1")
}

func TestInterruptedDecompositionsAreWritten(t *testing.T) {
	dir := t.TempDir()
	x := tensorFile(t, dir)
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(exit.ErrInterrupted)
	out := filepath.Join(dir, "out")
	code, _, stderr := callWith(ctx, nil, "cpd", x, "-r", "3", "-o", out)
	require.Equal(t, exit.Interrupted, code, stderr)
	_, err := cpd.Load[float64](out)
	require.NoError(t, err)

	code, _, _ = call("cpd", x, "-r", "3", "--max-iter", "1", "--strict")
	require.Equal(t, exit.NotConverged, code)
}
