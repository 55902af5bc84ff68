package apitest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/cpd"
	"polyad/loss"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// read returns what is in JSON, as a map.
func read(t *testing.T, v any) map[string]any {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	m := map[string]any{}
	require.NoError(t, json.Unmarshal(b, &m))
	return m
}

func cube() *tensor.Dense[float64] {
	x := tensor.New[float64](6, 5, 4)
	for i := range x.Data {
		x.Data[i] = float64(i%7 + i%3 + 1)
	}
	return x
}

func TestResultsTellOfTheFitInJSON(t *testing.T) {
	ctx, x := context.Background(), cube()
	run := solver.Options{MaxIter: solver.Set(5), Observe: []solver.Observer{func(solver.Event) bool { return false }}}
	n, err := nmf.Fit(ctx, x.Unfold(0), 2, &nmf.Options{Loss: loss.KL, W: reg.L1(.1), H: reg.L1(.1), Run: run})
	require.NoError(t, err)
	c, err := cpd.Fit(ctx, x, 2, &cpd.Options{Penalty: cpd.Each(reg.L2(.1)), Init: cpd.Compressed{}, Run: run})
	require.NoError(t, err)
	k, err := tucker.Fit(ctx, x, []int{2, 2, 2}, &tucker.Options{Nonneg: tucker.All, Restarts: 2, Run: run})
	require.NoError(t, err)
	for _, r := range []struct {
		kind      string
		result    any
		report    solver.Report
		objective float64
		formula   string
		blocks    int
	}{{"nmf", n, n.Report, n.Objective(), n.Formula(), 2}, {"cpd", c, c.Report, c.Objective(), c.Formula(), 3}, {"tucker", *k, k.Report, k.Objective(), k.Formula(), 4}} {
		m := read(t, r.result)
		assert.Equal(t, r.kind, m["kind"])
		assert.Equal(t, r.report.Status.String(), m["status"], r.kind)
		assert.Equal(t, r.objective, m["objective"])
		assert.Equal(t, r.formula, m["formula"])
		assert.EqualValues(t, r.report.Returned.Iter, m["best_iteration"])
		assert.Len(t, m["penalty"], r.blocks)
		assert.Len(t, m["kkt"], r.blocks)
		assert.Len(t, m["trace"], len(r.report.Trace))
		assert.NotEmpty(t, m["options"].(map[string]any)["method"])
		for _, key := range []string{"core", "factors", "W", "H"} {
			assert.NotContains(t, m, key, "the model goes into files")
		}
		var text, out bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("done", "fit", r.result)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("done", "fit", r.result)
		for _, want := range []string{"fit.kind=" + r.kind, "fit.status=" + r.report.Status.String(), "fit.options.loss=", "fit.options.run.tol=", "fit.rel_error="} {
			assert.Contains(t, text.String(), want)
		}
		assert.NotContains(t, text.String(), "fit.trace=")
		assert.NotContains(t, text.String(), "ERROR")
		require.True(t, json.Valid(out.Bytes()))
	}
	assert.Contains(t, read(t, c), "compression")
	assert.Len(t, read(t, k)["restarts"], 2)

	// The options of a result, read again, make the same fit.
	b, err := json.Marshal(read(t, c)["options"])
	require.NoError(t, err)
	var o cpd.Options
	require.NoError(t, json.Unmarshal(b, &o))
	assert.True(t, o.Run.Start.IsZero(), "its time counts anew")
	again, err := cpd.Fit(ctx, x, 2, &o)
	require.NoError(t, err)
	assert.Equal(t, c.Factors, again.Factors)
}

func TestFailedRunsAreWrittenWithWordsForNumbersThatAreNone(t *testing.T) {
	r := nmf.Result[float32]{RelError: math.Inf(1), Outcome: solver.Outcome{Loss: math.NaN(), KKT: []float64{math.Inf(-1)},
		Report: solver.Report{Trace: solver.Trace{{Loss: math.NaN()}}}}}
	m := read(t, r)
	assert.Equal(t, "NaN", m["loss"])
	assert.Equal(t, "Inf", m["rel_error"])
	assert.Equal(t, "-Inf", m["explained"])
	assert.Equal(t, map[string]any{"w": "-Inf"}, m["kkt"])
	assert.Equal(t, "NaN", m["trace"].([]any)[0].(map[string]any)["objective"])
	var none *cpd.Result[float64]
	b, err := json.Marshal(none)
	require.NoError(t, err)
	assert.Equal(t, "null", string(b))
}

// A model that was the start is not lost in silence.
func TestStartsThatAreModelsAreAskedForAgain(t *testing.T) {
	ctx, x := context.Background(), cube()
	through := func(from, to any) {
		b, err := json.Marshal(from)
		require.NoError(t, err)
		assert.Contains(t, string(b), `"init":"model"`)
		require.NoError(t, json.Unmarshal(b, to))
	}
	var n nmf.Options
	through(nmf.Options{Init: &nmf.Model[float64]{}}, &n)
	_, err := nmf.Fit(ctx, x.Unfold(0), 2, &n)
	require.ErrorIs(t, err, nmf.ErrOption)
	require.ErrorContains(t, err, "set Init")
	var c cpd.Options
	through(cpd.Options{Init: &cpd.Result[float32]{}}, &c)
	_, err = cpd.Fit(ctx, x, 2, &c)
	require.ErrorIs(t, err, cpd.ErrOption)
	require.ErrorContains(t, err, "set Init")
	var k tucker.Options
	through(tucker.Options{Init: &tucker.HOSVDResult[float64]{}}, &k)
	through(k, &k)
	_, err = tucker.Fit(ctx, x, []int{2, 2, 2}, &k)
	require.ErrorIs(t, err, tucker.ErrOption)
	require.ErrorContains(t, err, "set Init")
}
