package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/models"
	"polyad/internal/golden"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/nmf"
	"polyad/tensor"
)

// call runs a command line in this process.
func call(args ...string) (code int, stdout, stderr string) {
	return callWith(context.Background(), nil, args...)
}

func callWith(ctx context.Context, stdin []byte, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = (&app{in: bytes.NewReader(stdin), out: &out, err: &err}).run(ctx, args)
	return code, out.String(), err.String()
}

// save writes an array and returns its path.
func save[T asm.Float](t *testing.T, path string, m *matrix.Dense[T]) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, ndio.WriteFile(path, tensor.FromMatrix(m)))
	return path
}

// sample is a small matrix of rank 3.
func sample[T asm.Float]() *matrix.Dense[T] {
	x := matrix.New[T](30, 20)
	for i := range x.Rows {
		for j := range x.Cols {
			x.Set(i, j, T(float64(i%3*(j%4))+float64(i%5)*float64(j%2)+float64((i*j)%7)/7))
		}
	}
	return x
}

func TestGoldenThroughTheCommandLine(t *testing.T) {
	cases, err := golden.NMF()
	require.NoError(t, err)
	for name, flags := range map[string]string{
		"hals_plain":     "--method hals --inner 1 --balance none --eps 0",
		"hals_l1":        "--method hals --inner 1 --l1 w=0.2 --l1 h=0.1 --balance none --eps 0",
		"hals_l2":        "--method hals --inner 1 --l2 w=0.1 --l2 h=0.05 --balance none --eps 0",
		"hals_l1l2":      "--method hals --inner 1 --l1 w=0.2 --l1 h=0.1 --l2 w=0.025 --l2 h=0.15 --balance none --eps 0",
		"mu_beta1_WH":    "--loss kl --method mu --inner 1 --eps 0",
		"mu_beta1_HW":    "--loss kl --method mu --inner 1 --order hw --eps 0",
		"mu_beta2_WH":    "--method mu --inner 1 --eps 0",
		"mu_beta0_WH":    "--loss is --method mu --inner 1 --eps 0",
		"mu_beta1p5_WH":  "--loss 1.5 --method mu --inner 1 --eps 0",
		"mu_zeros_beta1": "--loss kl --method mu --inner 1 --eps 0",
		"mue_beta1":      "--loss kl --method mu --extrapolate --order hw --eps 0",
		"mue_beta1p5":    "--loss 1.5 --inner 1 --extrapolate=true --order hw --eps 0 --balance none",
		"als_projected":  "--method als --order hw --extrapolate=false --inner 0 --eps 0",
	} {
		t.Run(name, func(t *testing.T) {
			c := cases[name]
			dir := t.TempDir()
			v := save(t, filepath.Join(dir, "V.npy"), c.Inputs["V"].Matrix())
			start := filepath.Join(dir, "start")
			save(t, filepath.Join(start, "W.npy"), c.Inputs["W0"].Matrix())
			save(t, filepath.Join(start, "H.npy"), c.Inputs["H0"].Matrix())
			out := filepath.Join(dir, "out")
			args := append([]string{"nmf", v, "-r", "4"}, strings.Fields(flags)...)
			args = append(args, "--scale-init=false", "--init", start, "--max-iter", "10", "--tol", "0", "-o", out)
			code, _, stderr := call(args...)
			require.Zero(t, code, stderr)
			require.Empty(t, stderr)
			m, err := nmf.Load[float64](out)
			require.NoError(t, err)
			require.NoError(t, c.Outputs["W_10"].Check(m.W.Data))
			require.NoError(t, c.Outputs["H_10"].Check(m.H.Data))
		})
	}
}

func TestGoldenSparseThroughTheCommandLine(t *testing.T) {
	cases, err := golden.HRSI("snmf")
	require.NoError(t, err)
	for _, c := range cases {
		if c.Params["eta_kl_first"].(bool) {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			dir := t.TempDir()
			v := save(t, filepath.Join(dir, "V.npy"), c.Inputs["Y"].Matrix())
			start := filepath.Join(dir, "start")
			save(t, filepath.Join(start, "W.npy"), c.Inputs["X0"].Matrix())
			save(t, filepath.Join(start, "H.npy"), c.Inputs["X1"].Matrix().Transpose())
			mu := c.Floats("mu")
			out := filepath.Join(dir, "out")
			code, _, stderr := call("nmf", v, "-r", fmt.Sprint(c.Inputs["X0"].Shape[1]), "--loss", "kl", "--method", "mu",
				"--inner", fmt.Sprint(c.Float("inner")), "--l1", fmt.Sprintf("w=%v", mu[0]), "--l1", fmt.Sprintf("h=%v", mu[1]),
				"--balance", c.Params["balancing"].(string), "--scale-init=false", "--init", start,
				"--max-iter", "10", "--tol", "0", "--eps", "1e-16", "-o", out)
			require.Zero(t, code, stderr)
			m, err := nmf.Load[float64](out)
			require.NoError(t, err)
			require.NoError(t, c.Outputs["it10_X0"].Check(m.W.Data))
			require.NoError(t, c.Outputs["it10_X1"].Check(m.H.Transpose().Data))
		})
	}
}

func TestModelFolderHasAllItsFiles(t *testing.T) {
	dir := t.TempDir()
	x := save(t, filepath.Join(dir, "X.npy"), sample[float64]())
	out := filepath.Join(dir, "deep", "out")
	code, stdout, stderr := call("nmf", x, "-r", "3", "--l1", "all=0.1", "--max-iter", "25", "--tol", "0", "-o", out, "--report", filepath.Join(dir, "r.html"))
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "1/2·||X - W·H||_F^2 + 0.1·||W||_1 + 0.1·||H||_1")
	assert.Contains(t, stdout, "max_iter after 25 sweeps")
	entries, err := os.ReadDir(out)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	assert.Equal(t, []string{"H.npy", "W.npy", "result.json", "trace.csv"}, names)
	page, err := os.ReadFile(filepath.Join(dir, "r.html"))
	require.NoError(t, err)
	assert.Contains(t, string(page), "</html>")

	var res map[string]any
	b, err := os.ReadFile(filepath.Join(out, "result.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &res))
	for _, key := range []string{"schema", "command", "options", "seed", "status", "iterations", "objective", "loss", "penalty",
		"rel_error", "kkt", "pruned", "balance", "seconds", "cpu", "simd", "workers", "version", "input"} {
		assert.Contains(t, res, key)
	}
	assert.Equal(t, "max_iter", res["status"])
	assert.Equal(t, 25.0, res["iterations"])
	penalty := res["penalty"].(map[string]any)
	assert.InEpsilon(t, res["objective"], res["loss"].(float64)+penalty["w"].(float64)+penalty["h"].(float64), 1e-12)
	assert.Equal(t, "every", res["balance"].(map[string]any)["mode"])
	assert.Len(t, res["balance"].(map[string]any)["beta"], 3)
	assert.Equal(t, []any{30.0, 20.0}, res["input"].(map[string]any)["shape"])
	assert.Len(t, res["input"].(map[string]any)["sha256"], 64)

	trace, err := os.ReadFile(filepath.Join(out, "trace.csv"))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(trace)), "\n")
	assert.Equal(t, "iter,seconds,objective,loss,penalty,rel_error", lines[0])
	assert.Len(t, lines, 27)
	assert.True(t, strings.HasPrefix(lines[1], "0,"))
	last := strings.Split(lines[26], ",")
	assert.Equal(t, fmt.Sprint(res["objective"]), fmt.Sprint(mustFloat(t, last[2])))
}

func mustFloat(t *testing.T, s string) (v float64) {
	_, err := fmt.Sscan(s, &v)
	require.NoError(t, err)
	return v
}

func TestElementTypeIsThatOfTheFile(t *testing.T) {
	dir := t.TempDir()
	for name, x := range map[string]string{
		"float32": save(t, filepath.Join(dir, "f32.npy"), sample[float32]()),
		"float64": save(t, filepath.Join(dir, "f64.npy"), sample[float64]()),
	} {
		out := filepath.Join(dir, name)
		code, _, stderr := call("nmf", x, "-r", "3", "-o", out, "-q")
		require.Zero(t, code, stderr)
		for _, f := range []string{"W.npy", "H.npy"} {
			a, err := ndio.ReadFile(filepath.Join(out, f))
			require.NoError(t, err)
			assert.Equal(t, name, a.DType())
		}
	}
}

func TestSameCommandGivesTheSameBits(t *testing.T) {
	dir := t.TempDir()
	for _, flags := range []string{"", "--loss kl --l1 all=0.1", "--method mu --loss 0.5"} {
		for _, x := range []string{save(t, filepath.Join(dir, "f32.npy"), sample[float32]()), save(t, filepath.Join(dir, "f64.npy"), sample[float64]())} {
			var first []byte
			for _, workers := range []string{"1", "1", "2", "3"} {
				out := filepath.Join(t.TempDir(), "out")
				args := append([]string{"nmf", x, "-r", "4", "--seed", "3", "--max-iter", "30", "-q", "-o", out, "--workers", workers}, strings.Fields(flags)...)
				code, _, stderr := call(args...)
				require.Zero(t, code, stderr)
				var bits []byte
				for _, f := range []string{"W.npy", "H.npy"} {
					b, err := os.ReadFile(filepath.Join(out, f))
					require.NoError(t, err)
					bits = append(bits, b...)
				}
				if first == nil {
					first = bits
				}
				require.Equal(t, first, bits)
			}
		}
	}
}

func TestBadInputsEndWithOneLineAndNothingWritten(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o666))
		return path
	}
	with := func(name string, v float64) string {
		m := sample[float64]()
		m.Set(4, 7, v)
		return save(t, filepath.Join(dir, name), m)
	}
	good := save(t, filepath.Join(dir, "good.npy"), sample[float64]())
	whole, err := os.ReadFile(good)
	require.NoError(t, err)
	cube := filepath.Join(dir, "cube.npy")
	require.NoError(t, ndio.WriteFile(cube, tensor.New[float64](2, 3, 4)))
	none := filepath.Join(dir, "none.npy")
	require.NoError(t, ndio.WriteFile(none, tensor.New[float64](0, 7)))
	for name, c := range map[string]struct {
		code int
		args []string
		text string
	}{
		"nan":            {1, []string{with("nan.npy", math.NaN()), "-r", "2"}, "nan.npy: nmf: invalid data: entry [4,7] is NaN"},
		"inf":            {1, []string{with("inf.npy", math.Inf(1)), "-r", "2"}, "entry [4,7] is +Inf"},
		"negative":       {1, []string{with("neg.npy", -1), "-r", "2"}, "entry [4,7] is -1"},
		"empty":          {1, []string{file("empty.npy", nil), "-r", "2"}, "empty.npy"},
		"empty csv":      {1, []string{file("empty.csv", nil), "-r", "2"}, "empty.csv"},
		"truncated":      {1, []string{file("cut.npy", whole[:500]), "-r", "2"}, "cut.npy"},
		"header only":    {1, []string{file("header.npy", whole[:20]), "-r", "2"}, "header.npy"},
		"0 x n":          {1, []string{none, "-r", "2"}, "no entries"},
		"zero and is":    {1, []string{good, "-r", "2", "--loss", "is"}, "eps"},
		"missing":        {1, []string{filepath.Join(dir, "missing.npy"), "-r", "2"}, "missing.npy"},
		"a folder":       {1, []string{dir, "-r", "2"}, ""},
		"suffix":         {1, []string{file("x.xls", []byte("x")), "-r", "2"}, "x.xls"},
		"cube":           {1, []string{cube, "-r", "2"}, "2 x 3 x 4"},
		"recording":      {2, []string{"song.wav", "-r", "2"}, "polyad audio"},
		"rank 0":         {2, []string{good, "-r", "0"}, "rank"},
		"rank -1":        {2, []string{good, "-r", "-1"}, "rank"},
		"rank huge":      {2, []string{good, "-r", "1000000000"}, "rank"},
		"rank word":      {2, []string{good, "-r", "two"}, "rank"},
		"no rank":        {2, []string{good}, "-r"},
		"no file":        {2, nil, "FILE is missing"},
		"two files":      {2, []string{good, good, "-r", "2"}, "one FILE"},
		"one-sided w":    {2, []string{good, "-r", "2", "--l1", "w=0.1"}, "penalize H too"},
		"one-sided h":    {2, []string{good, "-r", "2", "--l2", "h=0.1", "--l1", "w=0"}, "penalize W too"},
		"unknown flag":   {2, []string{good, "-r", "2", "--bogus"}, "bogus"},
		"loss":           {2, []string{good, "-r", "2", "--loss", "l3"}, "--loss"},
		"method":         {2, []string{good, "-r", "2", "--method", "nmf"}, "--method"},
		"order, fixed":   {2, []string{good, "-r", "2", "--init", "model", "--fix", "w", "--order", "hw"}, "--order has no effect"},
		"anls and kl":    {2, []string{good, "-r", "2", "--method", "anls", "--loss", "kl"}, "use --method mu"},
		"als and lp":     {2, []string{good, "-r", "2", "--method", "als", "--lp", "all=3:0.1"}, "use --method mu"},
		"als and inner":  {2, []string{good, "-r", "2", "--method", "als", "--inner", "2"}, "--inner"},
		"anls and inner": {2, []string{good, "-r", "2", "--method", "anls", "--inner", "1"}, "--inner"},
		"anls and eps":   {2, []string{good, "-r", "2", "--method", "anls", "--eps", "1e-9"}, "eps"},
		"hals and kl":    {2, []string{good, "-r", "2", "--method", "hals", "--loss", "kl"}, "hals"},
		"balance":        {2, []string{good, "-r", "2", "--balance", "every"}, "balance every without penalties"},
		"balance block":  {2, []string{good, "-r", "2", "--balance", "block"}, "--balance block without penalties"},
		"balance word":   {2, []string{good, "-r", "2", "--balance", "often"}, "--balance"},
		"extrapolate":    {2, []string{good, "-r", "2", "--method", "als", "--extrapolate"}, "--extrapolate"},
		"extrapolate is": {2, []string{good, "-r", "2", "--loss", "is", "--eps", "1", "--extrapolate"}, "extrapolate"},
		"inner":          {2, []string{good, "-r", "2", "--inner", "-1"}, "--inner"},
		"order":          {2, []string{good, "-r", "2", "--order", "ww"}, "--order"},
		"l1 form":        {2, []string{good, "-r", "2", "--l1", "0.1"}, "BLOCK=V"},
		"l1 block":       {2, []string{good, "-r", "2", "--l1", "core=1"}, "core"},
		"l1 weight":      {2, []string{good, "-r", "2", "--l1", "all=-1"}, "weight"},
		"l1 nan":         {2, []string{good, "-r", "2", "--l1", "all=NaN"}, "weight"},
		"lp form":        {2, []string{good, "-r", "2", "--lp", "all=3"}, "BLOCK=P:V"},
		"lp and hals":    {2, []string{good, "-r", "2", "--method", "hals", "--lp", "all=3:0.1"}, "use --method mu"},
		"tol":            {2, []string{good, "-r", "2", "--tol", "-1"}, "tol"},
		"max-iter":       {2, []string{good, "-r", "2", "--max-iter", "-1"}, "max-iter"},
		"max-time":       {2, []string{good, "-r", "2", "--max-time", "soon"}, "max-time"},
		"trace-every":    {2, []string{good, "-r", "2", "--trace-every", "0"}, "trace-every"},
		"eps":            {2, []string{good, "-r", "2", "--eps", "-1"}, "eps"},
		"workers":        {2, []string{good, "-r", "2", "--workers", "-1"}, "workers"},
		"fix alone":      {2, []string{good, "-r", "2", "--fix", "w"}, "--init"},
		"init missing":   {2, []string{good, "-r", "2", "--init", filepath.Join(dir, "nothing")}, "W.npy"},
		"init word":      {2, []string{good, "-r", "2", "--init", "hosvd"}, "nndsvda"},
		"init none":      {2, []string{good, "-r", "2", "--init", ""}, "--init is empty"},
		"zeros and mu":   {2, []string{good, "-r", "2", "--init", "nndsvd", "--loss", "kl"}, "nndsvda"},
		"restarts":       {2, []string{good, "-r", "2", "--restarts", "0"}, "--restarts"},
		"restarts alike": {2, []string{good, "-r", "2", "--restarts", "3", "--init", "spa"}, "nndsvdar"},
		"normalize":      {2, []string{good, "-r", "2", "--normalize", "max"}, "--normalize"},
		"hold alone":     {2, []string{good, "-r", "2", "--hold", "w=0"}, "--init DIR"},
		"init empty":     {1, []string{good, "-r", "2", "--init", t.TempDir()}, "W.npy"},
		"empty report":   {2, []string{good, "-r", "2", "--report", ""}, "--report"},
		"report suffix":  {2, []string{good, "-r", "2", "--report", good}, ".html"},
		"report folder":  {1, []string{good, "-r", "2", "--report", filepath.Join(dir, "no", "x.html")}, "--report"},
		"progress":       {2, []string{good, "-r", "2", "--progress", "loud"}, "--progress"},
		"force alone":    {2, []string{good, "-r", "2", "--force"}, "--force"},
		"unknown verb":   {2, []string{"--", "x"}, ""},
		"negative stdin": {1, []string{"-", "-r", "2"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			args := append([]string{"nmf"}, c.args...)
			if name == "unknown verb" {
				args = []string{"nfm", good}
			} else if name != "force alone" {
				args = append(args, "-o", out)
			}
			code, stdout, stderr := callWith(context.Background(), []byte("1,-2\n3,4\n"), args...)
			assert.Equal(t, c.code, code, stderr)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, c.text)
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			assert.True(t, strings.HasPrefix(lines[0], "polyad: "), stderr)
			assert.NotContains(t, stderr, "strconv")
			assert.Len(t, lines, 1, stderr)
			_, err := os.Stat(out)
			assert.ErrorIs(t, err, os.ErrNotExist, "nothing may be written")
		})
	}
}

func TestNonEmptyFolderIsRefusedWithoutForce(t *testing.T) {
	dir := t.TempDir()
	x := save(t, filepath.Join(dir, "X.npy"), sample[float64]())
	out := filepath.Join(dir, "out")
	require.NoError(t, os.Mkdir(out, 0o777))
	note := filepath.Join(out, "note.txt")
	code, _, stderr := call("nmf", x, "-r", "2", "-o", out) // empty: fine
	require.Zero(t, code, stderr)
	require.NoError(t, os.WriteFile(note, []byte("mine"), 0o666))
	code, _, stderr = call("nmf", x, "-r", "3", "-o", out)
	assert.Equal(t, exit.Usage, code)
	assert.Contains(t, stderr, "--force")
	code, _, stderr = call("nmf", x, "-r", "3", "-o", out, "--force")
	require.Zero(t, code, stderr)
	m, err := nmf.Load[float64](out)
	require.NoError(t, err)
	assert.Equal(t, 3, m.Rank())
	assert.FileExists(t, note)
	code, _, _ = call("nmf", x, "-r", "2", "-o", note)
	assert.Equal(t, exit.Failed, code)
	code, _, stderr = call("nmf", x, "-r", "2", "-o", "")
	assert.Equal(t, exit.Usage, code)
	assert.Contains(t, stderr, "--out is empty")
}

func TestStandardInputIsReadByItsKind(t *testing.T) {
	dir := t.TempDir()
	x := save(t, filepath.Join(dir, "X.npy"), sample[float32]())
	npy, err := os.ReadFile(x)
	require.NoError(t, err)
	code, stdout, stderr := callWith(context.Background(), npy, "nmf", "-", "-r", "2", "--json")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, `"dtype": "float32"`)
	code, stdout, stderr = callWith(context.Background(), []byte("a,b\n1,2\n3,4\n5,6\n"), "nmf", "-", "-r", "1", "--json")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, `"dtype": "float64"`)
}

func TestJSONIsAllThatIsPrinted(t *testing.T) {
	x := save(t, filepath.Join(t.TempDir(), "X.npy"), sample[float64]())
	code, stdout, stderr := call("nmf", x, "-r", "2", "--json", "--loss", "kl", "--lp", "all=1.5:0.1", "--max-iter", "12")
	require.Zero(t, code)
	assert.Empty(t, stderr)
	var res models.Result
	d := json.NewDecoder(strings.NewReader(stdout))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&res))
	assert.Equal(t, "kl", res.Options["loss"])
	assert.Equal(t, "mu", res.Options["method"])
	assert.Equal(t, map[string]any{"w": "1.5:0.1", "h": "1.5:0.1"}, res.Options["lp"])
	assert.Equal(t, 12.0, res.Options["max_iter"])
	assert.Equal(t, 10.0, res.Options["trace_every"])
	code, stdout, _ = call("nmf", x, "-r", "2", "-q")
	require.Zero(t, code)
	assert.Empty(t, stdout)
}

func TestMethodThatTookEffectIsRecorded(t *testing.T) {
	x := save(t, filepath.Join(t.TempDir(), "X.npy"), sample[float64]())
	for flags, want := range map[string]string{
		"":                                  "hals, extrapolated",
		"--extrapolate=false":               "hals",
		"--method hals":                     "hals",
		"--method hals --extrapolate":       "hals, extrapolated",
		"--loss kl":                         "mu, extrapolated",
		"--loss kl --method mu":             "mu",
		"--loss kl --extrapolate=false":     "mu",
		"--loss 0.5":                        "mu",
		"--method mu --extrapolate=true":    "mu, extrapolated",
		"--method anls":                     "anls",
		"--method als --extrapolate=false":  "als",
		"--loss 3 --method mu --inner 2":    "mu",
		"--inner 2 --l1 all=0.1 --order hw": "hals, extrapolated",
	} {
		args := append([]string{"nmf", x, "-r", "2", "--max-iter", "3"}, strings.Fields(flags)...)
		code, stdout, stderr := call(append(args, "--json")...)
		require.Zero(t, code, stderr)
		var res models.Result
		require.NoError(t, json.Unmarshal([]byte(stdout), &res))
		assert.Equal(t, want, res.By(), flags)
		assert.Equal(t, strings.HasSuffix(want, "extrapolated"), res.Options["extrapolate"])
		if want == "als" || want == "anls" {
			assert.NotContains(t, res.Options, "inner")
		}
		code, stdout, stderr = call(append(args, "--report", filepath.Join(t.TempDir(), "r.html"))...)
		require.Zero(t, code, stderr)
		assert.Contains(t, stdout, want+", balance")
	}
}

func TestStrictAsksForConvergence(t *testing.T) {
	x := save(t, filepath.Join(t.TempDir(), "X.npy"), sample[float64]())
	code, _, stderr := call("nmf", x, "-r", "2", "--max-iter", "3", "--strict", "-q")
	assert.Equal(t, exit.NotConverged, code)
	assert.Contains(t, stderr, "--max-iter")
	code, _, _ = call("nmf", x, "-r", "2", "--strict", "-q")
	assert.Zero(t, code)
}

func TestLaterPenaltyOfABlockWins(t *testing.T) {
	x := save(t, filepath.Join(t.TempDir(), "X.npy"), sample[float64]())
	code, stdout, stderr := call("nmf", x, "-r", "2", "--l1", "all=5", "--l1", "w=0.25", "--l2", "1=3", "--max-iter", "1", "--json")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "0.25·||W||_1 + 5·||H||_1 + 3·||H||_F^2")
}

func TestWarmStartReproducesTheModel(t *testing.T) {
	dir := t.TempDir()
	x := save(t, filepath.Join(dir, "X.npy"), sample[float64]())
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	code, _, stderr := call("nmf", x, "-r", "3", "--max-iter", "7", "-q", "-o", a)
	require.Zero(t, code, stderr)
	code, _, stderr = call("nmf", x, "-r", "3", "--max-iter", "0", "-q", "-o", b, "--init", a)
	require.Zero(t, code, stderr)
	ma, err := nmf.Load[float64](a)
	require.NoError(t, err)
	mb, err := nmf.Load[float64](b)
	require.NoError(t, err)
	assert.Equal(t, ma, mb)
	code, _, stderr = call("nmf", x, "-r", "3", "--fix", "w", "-q", "--force", "-o", b, "--init", a)
	require.Zero(t, code, stderr)
	mb, err = nmf.Load[float64](b)
	require.NoError(t, err)
	assert.Equal(t, ma.W, mb.W)
	assert.NotEqual(t, ma.H, mb.H)
}

func TestInterruptedRunKeepsItsModel(t *testing.T) {
	dir := t.TempDir()
	x := save(t, filepath.Join(dir, "X.npy"), sample[float64]())
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(exit.ErrInterrupted)
	out := filepath.Join(dir, "out")
	code, _, stderr := callWith(ctx, nil, "nmf", x, "-r", "3", "-o", out)
	assert.Equal(t, exit.Interrupted, code)
	assert.Contains(t, stderr, "interrupted")
	m, err := nmf.Load[float64](out)
	require.NoError(t, err)
	assert.Equal(t, 3, m.Rank())
	b, err := os.ReadFile(filepath.Join(out, "result.json"))
	require.NoError(t, err)
	assert.Contains(t, string(b), `"status": "cancelled"`)
}
