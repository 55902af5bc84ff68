package apitest_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"go/ast"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/audio"
	"polyad/cpd"
	"polyad/internal/apitest"
	"polyad/internal/synth"
	"polyad/loss"
	"polyad/matrix"
	"polyad/metrics"
	"polyad/ndio"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// enums are the types that have a word for each value.
var enums = map[string]any{
	"asm.Level": asm.Level(0), "audio.Encoding": audio.Encoding(0), "audio.Kind": audio.Kind(0), "ndio.Presence": ndio.Presence(0), "solver.Status": solver.Status(0),
	"nmf.Balance": nmf.Balance(0), "nmf.Order": nmf.Order(0), "nmf.Fill": nmf.Fill(0), "nmf.Norm": nmf.Norm(0),
	"cpd.Balance": cpd.Balance(0), "cpd.Norm": cpd.Norm(0), "tucker.Balance": tucker.Balance(0), "tucker.Norm": tucker.Norm(0),
	"synth.Noise": synth.Noise(0),
}

// isEnum reports whether a type is a number, a text or a truth value by another name.
func isEnum(e ast.Expr) bool {
	i, ok := e.(*ast.Ident)
	return ok && slices.Contains(strings.Fields("bool string int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 byte rune float32 float64"), i.Name)
}

func TestEveryEnumerationHasWords(t *testing.T) {
	for _, folder := range append(slices.Clone(apitest.Packages), "internal/synth") {
		for name, of := range apitest.Of(t, folder).Types {
			name = folder[strings.LastIndex(folder, "/")+1:] + "." + name
			if isEnum(of) {
				assert.Contains(t, enums, name, "give it MarshalText and UnmarshalText (package named), and put it here")
			}
		}
	}
	for name, zero := range enums {
		word := func(i int64) (string, bool) {
			v := reflect.New(reflect.TypeOf(zero)).Elem()
			v.SetInt(i)
			text, err := v.Interface().(encoding.TextMarshaler).MarshalText()
			return string(text), err == nil
		}
		_, ok := word(-1)
		require.False(t, ok, name)
		seen := map[string]bool{}
		for i := range int64(100) {
			w, ok := word(i)
			if !ok {
				continue
			}
			require.False(t, seen[w], "%s: %s", name, w)
			seen[w] = true
			v := reflect.New(reflect.TypeOf(zero))
			require.NoError(t, v.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(w)))
			require.Equal(t, i, v.Elem().Int(), "%s: %s", name, w)
			assert.Equal(t, w, v.Elem().Interface().(interface{ String() string }).String(), name)
			b, err := json.Marshal(v.Elem().Interface())
			require.NoError(t, err)
			require.Equal(t, `"`+w+`"`, string(b))
		}
		assert.Greater(t, len(seen), 1, name)
		v := reflect.New(reflect.TypeOf(zero))
		v.Elem().SetInt(1)
		err := v.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte("nonsense"))
		require.Error(t, err, name)
		for w := range seen {
			assert.Contains(t, err.Error(), w, name)
		}
		require.EqualValues(t, 1, v.Elem().Int(), "an error leaves it as it is")
	}
}

// samples are values of the types that go through JSON and come back.
func samples() map[string][]any {
	p := reg.L1(.1).Plus(reg.Lp(1.5, 1e-300))
	p = append(p, reg.Term{Degree: 2, Weight: 3, Rows: []float64{0, 1}})
	run := solver.Options{Tol: solver.Set(0.0), MaxIter: solver.Set(0), MaxTime: 90*time.Second + 1, TraceEvery: 7, Start: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)}
	point := solver.Point{Iter: 3, Seconds: .1, Loss: math.Inf(1), Penalty: 1. / 3, RelError: 1e-17}
	mask, mask3 := matrix.NewMask(3, 70), tensor.NewMask(2, 3, 4)
	mask.Set(1, 69, true)
	mask3.Set(true, 1, 2, 3)
	set := solver.Set(.3)
	return map[string][]any{
		"loss.Loss":          {loss.Frobenius, loss.KL, loss.IS, loss.Beta(1. / 3), loss.Beta(-1e-3)},
		"reg.Term":           {p[0], p[2]},
		"reg.Penalty":        {reg.Penalty(nil), p},
		"solver.Opt":         {solver.Opt[float64]{}, solver.Set(0.0), solver.Set(math.Inf(-1)), solver.Set(false), solver.Opt[int]{}, solver.Set(5)},
		"solver.Options":     {solver.Options{}, run, solver.Options{MaxTime: 1 << 62}},
		"solver.Point":       {point, solver.Point{}},
		"solver.Trace":       {solver.Trace{point, {}}},
		"solver.Event":       {solver.Event{Point: point, Run: 4}},
		"solver.Report":      {solver.Report{Status: solver.MaxTime, Iterations: 3, Seconds: 4, Trace: solver.Trace{point}, Returned: point}},
		"solver.Restart":     {solver.Restart{Seed: math.MaxUint64, Status: solver.Stopped, Objective: math.Inf(1), Err: errors.New("why")}, solver.Restart{Agreement: .5}},
		"solver.Start":       {solver.Start{Reason: "why", Tried: 3, Sweeps: 4, Chosen: "random", Seed: 5}},
		"matrix.Mask":        {*mask},
		"tensor.Mask":        {*mask3},
		"ndio.Options":       {ndio.Options{Header: ndio.Present, Index: ndio.Absent, Transpose: true}},
		"audio.Options":      {audio.Options{Size: 1, Hop: 2, Workers: 3}},
		"metrics.FMSOptions": {metrics.FMSOptions{Weighted: true, Skip: []int{1}, Eps: 1e-16}},
		"nmf.HALS":           {nmf.HALS{}, nmf.HALS{Inner: 2, Extrapolate: true}, nmf.HALS{Alpha: set, Delta: solver.Set(0.0), Exact: true}},
		"nmf.MU":             {nmf.MU{}, nmf.MU{Inner: 2, Extrapolate: true}},
		"nmf.ALS":            {nmf.ALS{}},
		"nmf.ANLS":           {nmf.ANLS{}},
		"nmf.Random":         {nmf.Random{}},
		"nmf.NNDSVD":         {nmf.NNDSVD{}, nmf.NNDSVD{Fill: nmf.FillMean}, nmf.NNDSVD{Fill: nmf.FillRandom}},
		"nmf.SPA":            {nmf.SPA{}},
		"nmf.Options": {nmf.Options{}, nmf.Options{Loss: loss.Beta(1.5), Method: nmf.HALS{Inner: 3}, W: p, H: reg.L2(1), Balance: nmf.BalanceBlock, Init: nmf.NNDSVD{Fill: nmf.FillRandom},
			ScaleInit: solver.Set(false), Order: nmf.OrderHW, FixW: true, FixH: true, Mask: mask, HoldW: []int{0}, HoldH: []int{1, 2}, Eps: set, Seed: math.MaxUint64, Restarts: 2, Workers: 3, Run: run}},
		"cpd.ALS":         {cpd.ALS{}, cpd.ALS{Extrapolate: true}, cpd.ALS{LineSearch: true}},
		"cpd.HALS":        {cpd.HALS{}, cpd.HALS{Inner: 2, Extrapolate: true}, cpd.HALS{Alpha: set, Delta: set}},
		"cpd.MU":          {cpd.MU{}, cpd.MU{Inner: 2}},
		"cpd.Random":      {cpd.Random{}},
		"cpd.SVD":         {cpd.SVD{}},
		"cpd.Compressed":  {cpd.Compressed{}, cpd.Compressed{Tol: set}, cpd.Compressed{Ranks: []int{1, 2}}},
		"cpd.Compression": {cpd.Compression{Ranks: []int{1, 2}, Left: .1, Iterations: 4, RelError: .2}},
		"cpd.Modes":       {cpd.Modes{}, cpd.All, cpd.Modes{0, 2}},
		"cpd.Penalties":   {cpd.Penalties(nil), cpd.Penalties{nil, p}},
		"cpd.Options": {cpd.Options{}, cpd.Options{Loss: loss.KL, Method: cpd.MU{Inner: 3}, Nonneg: cpd.All, Penalty: cpd.Penalties{p, nil, reg.L2(1)}, Balance: cpd.BalanceInit,
			Init: cpd.Compressed{Ranks: []int{2, 3}}, ScaleInit: solver.Set(true), Fix: cpd.Modes{1}, Mask: mask3, Eps: set, Seed: 1, Restarts: 2, Workers: 3, Run: run}},
		"tucker.HOOI":         {tucker.HOOI{}},
		"tucker.HALS":         {tucker.HALS{}, tucker.HALS{Inner: 2, Core: 3}, tucker.HALS{Alpha: set, Delta: set}},
		"tucker.MU":           {tucker.MU{}, tucker.MU{Inner: 2, Extrapolate: true}},
		"tucker.Random":       {tucker.Random{}},
		"tucker.SVD":          {tucker.SVD{}},
		"tucker.Modes":        {tucker.Modes{}, tucker.All, tucker.Modes{0, 2, tucker.Core}},
		"tucker.Penalties":    {tucker.Penalties(nil), tucker.Penalties{nil, p}},
		"tucker.HOSVDOptions": {tucker.HOSVDOptions{}, tucker.HOSVDOptions{Target: set, Truncated: true, Modes: tucker.Modes{0}, Workers: 2}},
		"tucker.Options": {tucker.Options{}, tucker.Options{Loss: loss.KL, Method: tucker.MU{Inner: 3}, Modes: tucker.Modes{0, 1}, Target: set, Nonneg: tucker.Modes{}, Core: reg.L1(.1), Factors: tucker.Penalties{p, nil},
			Balance: tucker.BalanceScalar, Sweeps: 3, Init: tucker.SVD{}, ScaleInit: solver.Set(true), Fix: tucker.Modes{1, tucker.Core}, Mask: mask3, Eps: set, Seed: 1, Restarts: 2, Workers: 3, Run: run}},
	}
}

// others are the types that do not go through JSON, and why; Methods, Starts and
// observers are interfaces, and functions.
var others = map[string]string{
	"audio.Component": "numbers of a result", "audio.Interval": "numbers of a result", "audio.Peak": "numbers of a result", "audio.Section": "a part of a recording",
	"audio.STFT": "data", "audio.Sound": "data", "audio.Masks": "data",
	"balance.Balancer": "work", "balance.Scales": "numbers of a step", "balance.Sums": "numbers of a step", "balance.Tucker": "work", "balance.TuckerScales": "numbers of a step", "balance.TuckerBalancer": "work",
	"solver.Outcome": "part of results",
	"cpd.Method":     "an interface", "cpd.Start": "an interface", "cpd.Model": "data", "cpd.Result": "written, not read",
	"matrix.Float": "a constraint", "matrix.Dense": "data", "matrix.Error": "an error", "matrix.Operator": "an interface", "matrix.SPD": "work", "matrix.GramWork": "work", "matrix.QRWork": "work",
	"gonumblas.Implementation": "no value", "metrics.Recovery": "numbers of a result",
	"ndio.Array": "data", "ndio.Axis": "data", "ndio.Named": "data", "ndio.TableWriter": "work", "ndio.NPYWriter": "work",
	"nmf.Method": "an interface", "nmf.Start": "an interface", "nmf.Model": "data", "nmf.Result": "written, not read", "nmf.Masks": "data",
	"reg.Block": "work", "reg.Columns": "work",
	"solver.Observer": "a function", "solver.Problem": "an interface", "solver.Checkpointer": "an interface", "solver.Stiller": "an interface", "solver.Returner": "an interface", "solver.Riser": "an interface",
	"tensor.Float": "a constraint", "tensor.Dense": "data", "tensor.Error": "an error", "tensor.CP": "data", "tensor.CPTiles": "work", "tensor.Tree": "work", "tensor.Work": "work", "tensor.Tucker": "data", "tensor.TuckerTiles": "work",
	"tucker.Method": "an interface", "tucker.Start": "an interface", "tucker.Model": "data", "tucker.Result": "written, not read", "tucker.HOSVDResult": "data",
}

func TestOptionsComeBackFromJSON(t *testing.T) {
	all := samples()
	for _, folder := range apitest.Packages {
		if folder == "asm" {
			continue // kernels
		}
		for name, of := range apitest.Of(t, folder).Types {
			name = folder[strings.LastIndex(folder, "/")+1:] + "." + name
			if _, sampled := all[name]; !isEnum(of) && !sampled {
				assert.Contains(t, others, name, "a type that says how a fit goes, or went, goes through JSON: put it here")
			}
		}
	}
	for name, values := range all {
		for _, want := range values {
			b, err := json.Marshal(want)
			require.NoError(t, err, name)
			got := reflect.New(reflect.TypeOf(want))
			require.NoError(t, json.Unmarshal(b, got.Interface()), "%s: %s", name, b)
			require.Equal(t, want, got.Elem().Interface(), "%s: %s", name, b)
			again, err := json.Marshal(got.Interface())
			require.NoError(t, err)
			require.Equal(t, string(b), string(again))
			for _, h := range []slog.Handler{slog.NewTextHandler(&bytes.Buffer{}, nil), slog.NewJSONHandler(&bytes.Buffer{}, nil)} {
				slog.New(h).Info("it", "v", want)
			}
			var out bytes.Buffer
			slog.New(slog.NewTextHandler(&out, nil)).Info("it", "v", want)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("it", "v", want)
			assert.NotContains(t, out.String(), "ERROR", name)
			assert.NotContains(t, out.String(), "0x", "an address tells nothing: %s", name)
		}
	}
	// No field of options is left at zero above, so that none is forgotten.
	for _, name := range []string{"nmf.Options", "cpd.Options", "tucker.Options", "solver.Options"} {
		v := reflect.ValueOf(all[name][1])
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Tag.Get("json") != "-" {
				assert.False(t, v.Field(i).IsZero(), "%s.%s", name, f.Name)
			}
		}
	}
}

func TestOptionsInJSONRead(t *testing.T) {
	b, err := json.Marshal(nmf.Options{Loss: loss.KL, Method: nmf.MU{Extrapolate: true}, W: reg.L1(.1), H: reg.L1(.1), Init: nmf.Random{}, Seed: 3, Run: solver.Options{MaxTime: 1500 * time.Millisecond}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"loss":"kl","method":{"name":"mu","extrapolate":true},"w":[{"degree":1,"weight":0.1}],"h":[{"degree":1,"weight":0.1}],
		"balance":"auto","init":"random","order":"wh","seed":3,"run":{"max_time":1.5}}`, string(b))
	b, err = json.Marshal(tucker.Options{Nonneg: tucker.Modes{0, tucker.Core}, Fix: tucker.All})
	require.NoError(t, err)
	assert.JSONEq(t, `{"loss":"frobenius","nonneg":"0,core","balance":"auto","fix":"all","seed":0}`, string(b))

	// What a person would write.
	var o cpd.Options
	require.NoError(t, json.Unmarshal([]byte(`{"method":"hals","init":{"name":"compressed","tol":1e-3},"nonneg":"all","eps":null,"run":{"tol":1e-9,"max_time":2e1}}`), &o))
	assert.Equal(t, cpd.Options{Method: cpd.HALS{}, Init: cpd.Compressed{Tol: solver.Set(1e-3)}, Nonneg: cpd.All, Run: solver.Options{Tol: solver.Set(1e-9), MaxTime: 20 * time.Second}}, o)
	before := o
	for text, want := range map[string]string{
		`{"method":"hal"}`:                             "als, hals or mu",
		`{"method":{"inner":3}}`:                       "without a name",
		`{"method":{"name":"hals","iner":3}}`:          "iner",
		`{"metod":"hals"}`:                             "metod",
		`{"init":"nndsvd"}`:                            "svd, random or compressed",
		`{"balance":"sinkhorn"}`:                       "auto, none, init, every or block",
		`{"loss":"huber"}`:                             "frobenius, kl, is or a number",
		`{"nonneg":"0,core"}`:                          "mode numbers",
		`{"run":{"maxiter":3}}`:                        "maxiter",
		`{"run":{"max_iter":3.5}}`:                     "3.5",
		`{"run":{"max_time":1e300}}`:                   "out of range",
		`{"penalty":[[{"degree":1,"weigth":3}]]}`:      "weigth",
		`{"method":"hals"} {}`:                         "after top-level value",
		`{"seed":-1}`:                                  "-1",
		`{"init":{"name":"compressed","ranks":[1.5]}}`: "1.5",
	} {
		err := json.Unmarshal([]byte(text), &o)
		require.Error(t, err, text)
		assert.ErrorContains(t, err, want, text)
		if !strings.Contains(text, "} {") {
			assert.True(t, errors.Is(err, cpd.ErrOption) || errors.Is(err, loss.ErrLoss), "%s: %v", text, err)
		}
		assert.Equal(t, before, o, "an error leaves the options as they were: %s", text)
	}
}
