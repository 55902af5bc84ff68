package models

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"polyad/asm"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/input"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
)

// Version is the version of polyad; CHANGELOG.md says what is in it.
const Version = "0.1.0"

// ResultSchema names the form of result.json; fields may be added to it.
const ResultSchema = "polyad/result/1"

// Result is the content of result.json and of --json.
type Result struct {
	Schema      string             `json:"schema"`
	Command     string             `json:"command"`
	Arrays      map[string]string  `json:"arrays,omitempty"` // the SHA-256 of the model's files, in result.json
	Kind        string             `json:"kind"`             // nmf, cpd or tucker
	Options     map[string]any     `json:"options"`
	Seed        uint64             `json:"seed"`
	Status      string             `json:"status"`
	Iterations  int                `json:"iterations"`
	Returned    int                `json:"best_iteration"` // the one whose model this is
	Objective   float64            `json:"objective"`
	Formula     string             `json:"formula"`
	Loss        float64            `json:"loss"`
	Penalty     map[string]float64 `json:"penalty"`
	RelError    float64            `json:"rel_error"`
	Explained   float64            `json:"explained"` // 1 - RelError²
	KKT         map[string]float64 `json:"kkt"`
	Observed    int                `json:"observed"`
	Pruned      []int              `json:"pruned"`
	Ridges      int                `json:"ridges"`
	Balance     balanceResult      `json:"balance"`
	Restarts    []runResult        `json:"restarts"`
	Compression *compressionResult `json:"compression,omitempty"`
	Size        *storage           `json:"size,omitempty"` // of a fit
	Start       *startResult       `json:"start,omitempty"`
	Best        int                `json:"best"`
	Seconds     float64            `json:"seconds"`
	CPU         string             `json:"cpu"`
	SIMD        string             `json:"simd"`
	Workers     int                `json:"workers"`
	Version     string             `json:"version"`
	Input       input.Facts        `json:"input"`

	// Of a tensor decomposition.
	Surviving  *int        `json:"surviving,omitempty"`
	Shares     []float64   `json:"shares,omitempty"`
	Degenerate *Degenerate `json:"degenerate,omitempty"`

	Axes []input.AxisResult `json:"axes,omitempty"` // of each mode; the folder has them in files of their own

	blocks      []string // the keys of Penalty and KKT in order
	prunedModes [][]int  // instead of Pruned, where each mode has components of its own
}

// ended says how the run ended, and after which sweep the model was taken when that
// was not the last one.
func (r *Result) ended() string {
	s := fmt.Sprintf("%s after %d sweeps", r.Status, r.Iterations)
	if r.Returned != r.Iterations {
		s += fmt.Sprintf(", the best model after %d", r.Returned)
	}
	return s
}

// penalized reports whether some block has a penalty that is not 0.
func (r *Result) penalized() bool {
	for _, b := range r.blocks {
		if r.Penalty[b] > 0 {
			return true
		}
	}
	return false
}

// blockTitle names a block for people: W, H, the core, or a mode.
func blockTitle(key string) string {
	switch key {
	case "w", "h":
		return strings.ToUpper(key)
	case "core":
		return key
	}
	return "mode " + key
}

type balanceResult struct {
	Mode   string    `json:"mode"`
	Beta   []float64 `json:"beta"`
	Scales any       `json:"scales,omitempty"` // of a Tucker model: a list per mode
}

// compressionResult tells of a start fitted to compressed data: their shape, what
// they leave out as a relative error, and the fit to them.
type compressionResult struct {
	Ranks      []int   `json:"ranks"`
	Left       float64 `json:"left_out"`
	Iterations int     `json:"iterations"`
	RelError   float64 `json:"rel_error"`
}

// startResult tells of starts that were tried because the generated one was doubted.
type startResult struct {
	Reason string `json:"reason"`
	Tried  int    `json:"tried"`
	Sweeps int    `json:"sweeps"`
	Chosen string `json:"chosen"`
	Seed   uint64 `json:"seed"`
}

// startOf returns what is reported of a start, nil when it was taken as it was.
func startOf(s *solver.Start) *startResult {
	if s == nil {
		return nil
	}
	return &startResult{s.Reason, s.Tried, s.Sweeps, s.Chosen, s.Seed}
}

// String tells of the start in a line.
func (s *startResult) String() string {
	name := s.Chosen
	if name == "random" {
		name = fmt.Sprintf("random, seed %d", s.Seed)
	}
	return fmt.Sprintf("%s, the best of %d tried for %d sweeps: %s", name, s.Tried, s.Sweeps, s.Reason)
}

// runResult is one of several runs. Best, beside the list, is the index in it of
// the run whose model was kept.
type runResult struct {
	Seed       uint64  `json:"seed"`
	Status     string  `json:"status"`
	Iterations int     `json:"iterations"`
	Seconds    float64 `json:"seconds"`
	Objective  float64 `json:"objective"`
	RelError   float64 `json:"rel_error"`
	Agreement  float64 `json:"agreement"`
	Error      string  `json:"error,omitempty"`
}

// runsOf lists the runs of a fit.
func runsOf(runs []solver.Restart) []runResult {
	out := []runResult{}
	for _, r := range runs {
		one := runResult{r.Seed, r.Status.String(), r.Iterations, r.Seconds, r.Objective, r.RelError, r.Agreement, ""}
		if r.Err != nil {
			one.Status, one.Error = "failed", r.Err.Error()
		}
		out = append(out, one)
	}
	return out
}

// blockList are the keys of the blocks of a kind of model. Of those that a model is
// without nothing is told, of those that are fixed no KKT residual.
type blockList struct {
	keys           []string
	without, fixed func(key string) bool
}

// result begins what is reported of a fit.
func (run *Fitting) result(in *input.Array, o *solver.Outcome, relError float64, formula string, b blockList) *Result {
	return &Result{
		Schema: ResultSchema, Command: run.Command, Kind: run.kind.Facts().Name, Status: o.Status.String(), Iterations: o.Iterations,
		Returned: o.Returned.Iter, Seconds: o.Seconds, Objective: o.Objective(), Formula: formula, Loss: o.Loss, Observed: o.Observed,
		RelError: relError, Explained: 1 - relError*relError, Penalty: b.numbers(o.Penalty, b.without), KKT: b.numbers(o.KKT, b.fixed),
		Restarts: runsOf(o.Runs), Best: o.Best, Start: startOf(o.Start),
		blocks: slices.DeleteFunc(slices.Clone(b.keys), b.without),
		CPU:    asm.CPU(), SIMD: asm.Current().String(), Version: Version, Input: in.Facts,
	}
}

// options lists the options that all kinds have.
func (run *Fitting) options(l loss.Loss, balance fmt.Stringer, scale solver.Opt[bool], start string, restarts int, eps solver.Opt[float64], o solver.Options, seed uint64, keys []string, p []reg.Penalty) map[string]any {
	options := map[string]any{
		"loss": l.String(), "balance": balance.String(), "scale_init": scale.Or(false), "init": start, "restarts": restarts, "normalize": run.Flags.normalize,
		"eps": eps.Or(0), "tol": o.Tol.Or(0), "max_iter": o.MaxIter.Or(0), "max_time": o.MaxTime.Seconds(), "trace_every": o.TraceEvery, "seed": seed,
	}
	for _, kind := range []string{"l1", "l2", "lp"} {
		of := map[string]any{}
		for n, q := range p {
			of[keys[n]] = weightOf(q, kind)
		}
		options[kind] = of
	}
	return options
}

// set adds options.
func (r *Result) set(options map[string]any) { maps.Copy(r.Options, options) }

// startName names the starting point of a fit in results.
func (f *FitFlags) startName(k Kind, start any) string {
	if s, ok := start.(fmt.Stringer); ok && !f.fromFolder(k) {
		return s.String()
	}
	return f.Init
}

// numbers returns numbers of blocks by their keys, without some and those that a model
// is without.
func (b blockList) numbers(values []float64, some func(key string) bool) map[string]float64 {
	m := map[string]float64{}
	for n, v := range values {
		if key := b.keys[n]; !some(key) && !b.without(key) {
			m[key] = v
		}
	}
	return m
}

// fixedOnes lists the blocks that are fixed.
func (b blockList) fixedOnes() (keys []string) {
	return slices.DeleteFunc(slices.Clone(b.keys), func(key string) bool { return !b.fixed(key) })
}

// balanceOf returns what is told of the balance of a model.
func balanceOf(mode fmt.Stringer, beta []float64) balanceResult {
	if beta == nil {
		beta = []float64{}
	}
	return balanceResult{Mode: mode.String(), Beta: beta}
}

// By names the method and its variant.
func (r *Result) By() string {
	if r.Options["extrapolate"] == true {
		return fmt.Sprintf("%v, extrapolated", r.Options["method"])
	}
	if r.Options["line_search"] == true {
		return fmt.Sprintf("%v with line search", r.Options["method"])
	}
	return fmt.Sprint(r.Options["method"])
}

// indices returns a list that is not nil.
func indices(list []int) []int {
	if list == nil {
		return []int{}
	}
	return list
}

// weightOf returns the weight of degree 1 or 2, or the other terms as P:V.
func weightOf(p reg.Penalty, kind string) any {
	var other []string
	weight := 0.0
	for _, t := range p.Active() {
		switch {
		case t.Degree == 1 && kind == "l1", t.Degree == 2 && kind == "l2":
			weight += t.Weight
		case t.Degree != 1 && t.Degree != 2:
			other = append(other, fmt.Sprintf("%g:%g", t.Degree, t.Weight))
		}
	}
	if kind == "lp" {
		return strings.Join(other, "+")
	}
	return weight
}

// WriteModel writes the files of a model folder into dir; all is the result as JSON
// shows it.
func WriteModel(dir string, m interface{ Save(dir string) error }, trace solver.Trace, res *Result, all any) error {
	if err := m.Save(dir); err != nil {
		return err
	}
	if err := res.sum(dir); err != nil {
		return err
	}
	if err := WriteTo(filepath.Join(dir, "trace.csv"), func(w io.Writer) error { return writeTrace(w, trace) }); err != nil {
		return err
	}
	return WriteTo(filepath.Join(dir, "result.json"), func(w io.Writer) error { return console.JSON(w, all) })
}

// sum takes down which arrays the result is of, so that it is known when others
// take their places.
func (r *Result) sum(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	r.Arrays = map[string]string{}
	for _, e := range entries {
		if name := e.Name(); filepath.Ext(name) == ".npy" {
			if r.Arrays[name], err = sumOf(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeTrace writes a trace as CSV, one row per evaluated point.
func writeTrace(w io.Writer, trace solver.Trace) error {
	var b strings.Builder
	b.WriteString("iter,seconds,objective,loss,penalty,rel_error\n")
	for _, p := range trace {
		b.WriteString(strconv.Itoa(p.Iter))
		for _, v := range []float64{p.Seconds, p.Objective(), p.Loss, p.Penalty, p.RelError} {
			b.WriteByte(',')
			b.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteTo creates a file with what write writes.
func WriteTo(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.Close()
}

// Seen tells how many of the entries count, and nothing when all do.
func (r *Result) Seen() string {
	all := 1
	for _, n := range r.Input.Shape {
		all *= n
	}
	if len(r.Input.Shape) < 2 || r.Observed == all {
		return ""
	}
	return fmt.Sprintf("%d of %d entries (%.3g %%)", r.Observed, all, 100*float64(r.Observed)/float64(all))
}
