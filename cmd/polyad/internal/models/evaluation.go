package models

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"polyad/asm"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/input"
	"polyad/cpd"
	"polyad/loss"
	"polyad/matrix"
	"polyad/metrics"
	"polyad/ndio"
	"polyad/reg"
	"polyad/solver"
)

// EvalSchema names the form of what eval prints.
const EvalSchema = "polyad/eval/1"

// Evaluation is what eval --json prints. The fields of Fit are there when data
// were given, Against when another model was.
type Evaluation struct {
	Schema  string               `json:"schema"`
	Command string               `json:"command"`
	Model   string               `json:"model"`
	Kind    string               `json:"kind"`
	Shape   []int                `json:"shape"`
	Rank    any                  `json:"rank"` // a number; tucker: one a mode
	Eps     float64              `json:"eps"`
	Blocks  map[string]BlockEval `json:"blocks"`
	Pruned  any                  `json:"pruned"` // a list; tucker: one a mode
	*cpdEval
	*FitEval
	Against compared `json:"against,omitempty"`

	RankWords string   `json:"-"` // the rank in words
	names     []string // of the blocks in order
	pruned    [][]int
}

// BlockEval describes one factor. Density counts the entries above 2·eps.
type BlockEval struct {
	Shape   []int   `json:"shape"`
	L1      float64 `json:"l1"`
	L2      float64 `json:"l2"`
	Max     float64 `json:"max"`
	Density float64 `json:"density"`
}

// cpdEval is what is known of the components of a tensor decomposition alone; a
// fit tells it, too.
type cpdEval struct {
	Surviving  int         `json:"surviving"`
	Shares     []float64   `json:"shares"`
	Degenerate *Degenerate `json:"degenerate"` // null: no two components nearly cancel
}

// Degenerate is a pair of components that nearly cancel.
type Degenerate struct {
	Components [2]int  `json:"components"`
	Congruence float64 `json:"congruence"`
}

// String tells of the pair.
func (d *Degenerate) String() string {
	return fmt.Sprintf("components %d and %d nearly cancel, congruence %.3f; a ridge (--l2), --nonneg or a lower rank mends it", d.Components[0], d.Components[1], d.Congruence)
}

// newCPDEval collects it; pruned components do not survive.
func newCPDEval[T asm.Float](m *cpd.Model[T], pruned int) *cpdEval {
	e := &cpdEval{Surviving: m.Rank() - pruned, Shares: m.Shares()}
	if p, q, c, yes := m.Degenerate(); yes {
		e.Degenerate = &Degenerate{[2]int{p, q}, c}
	}
	return e
}

// FitEval is how well a model fits data.
type FitEval struct {
	Input     input.Facts        `json:"input"`
	LossName  string             `json:"loss_name"`
	Formula   string             `json:"formula"`
	Objective float64            `json:"objective"`
	Loss      float64            `json:"loss"`
	Penalty   map[string]float64 `json:"penalty"`
	Observed  int                `json:"observed"`
	RelError  float64            `json:"rel_error"`
	Explained float64            `json:"explained"`
	Fit       float64            `json:"fit"`
	KKT       map[string]float64 `json:"kkt"`
	misfit

	CoreConsistency *float64 `json:"core_consistency,omitempty"` // cpd
}

// block is a factor with a column per component.
type block struct {
	name   string
	factor *matrix.Dense[float64]
	stored []int // the shape in which it is stored
	axis   ndio.Axis
}

// add measures a block.
func (e *Evaluation) add(b block) {
	e.names = append(e.names, b.name)
	e.Blocks[b.name] = b.Measure(e.Eps)
}

// components tells of the components that some blocks have in common: how many, and
// which are pruned.
func (e *Evaluation) components(blocks []block) {
	e.pruned = append(e.pruned, prunedOf(blocks, e.Eps))
	e.Rank, e.Pruned = blocks[0].factor.Cols, e.pruned[0]
}

// Measure returns norms and density.
func (b *block) Measure(eps float64) BlockEval {
	e := BlockEval{Shape: b.stored, Density: metrics.Density(b.factor, eps)}
	e.L1 = reg.Block[float64]{X: b.factor, Penalty: reg.L1(1)}.Value()
	e.L2 = math.Sqrt(matrix.Inner(b.factor, b.factor))
	for i := range b.factor.Rows {
		for _, v := range b.factor.Row(i) {
			e.Max = max(e.Max, v, -v)
		}
	}
	return e
}

// prunedOf lists the components that are zero in some block.
func prunedOf(blocks []block, eps float64) []int {
	pruned := []int{}
	empty := make([]bool, blocks[0].factor.Cols)
	for _, b := range blocks {
		for q, zero := range (reg.Block[float64]{X: b.factor}).Empty(eps) {
			empty[q] = empty[q] || zero
		}
	}
	for q, zero := range empty {
		if zero {
			pruned = append(pruned, q)
		}
	}
	return pruned
}

// newFitEval collects what the results of all kinds tell.
func newFitEval(in *input.Array, l loss.Loss, o *solver.Outcome, relError float64, formula string, b blockList) *FitEval {
	return &FitEval{Input: in.Facts, LossName: l.String(), Formula: formula, Objective: o.Objective(), Loss: o.Loss, Observed: o.Observed,
		RelError: relError, Explained: 1 - relError*relError, Fit: 1 - relError,
		Penalty: b.numbers(o.Penalty, b.without), KKT: b.numbers(o.KKT, b.fixed)}
}

// OtherShape is the error for data of another shape than the model's. New samples
// are what is new in the last mode.
func OtherShape(in *input.Array, dir string, model []int) error {
	data := in.Facts.Shape
	mend := "give it the data of its fit"
	last := len(model) - 1
	switch {
	case len(data) != len(model):
	case slices.Equal(data[:last], model[:last]):
		mend = fmt.Sprintf("new samples are for 'polyad transform %s %s', whose model is that of these data", console.Quote(dir), console.Quote(in.Facts.File))
	case len(model) == 2 && data[0] == model[1] && data[1] == model[0]:
		mend = "--transpose exchanges its rows and columns"
	}
	return fmt.Errorf("%s is %s, but the model in %s stands for %s; %s", in.Facts.File, console.Shape(data), dir, console.Shape(model), mend)
}

// Print prints an evaluation for people.
func (e *Evaluation) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := console.Rows(t)
	row("model", "%s, %s, %s, %s", e.Model, e.Kind, console.Shape(e.Shape), e.RankWords)
	e.printBlocks(row)
	for n, list := range e.pruned {
		switch {
		case len(list) == 0:
		case len(e.pruned) == 1:
			row("pruned", "components %s", console.Listed(list))
		default:
			row("pruned", "of mode %d: %s", n, console.Listed(list))
		}
	}
	if c := e.cpdEval; c != nil {
		row("shares", "%.4f", c.Shares)
		if d := c.Degenerate; d != nil {
			row("degenerate", "%s", d)
		}
		if f := e.FitEval; f != nil && f.CoreConsistency != nil {
			row("core consistency", "%.4g %%", *f.CoreConsistency)
		}
	}
	e.printFit(row)
	if e.Against != nil {
		e.Against.print(row, e.names)
	}
	return t.Flush()
}

// printBlocks prints the blocks.
func (e *Evaluation) printBlocks(row func(name, format string, args ...any)) {
	for _, name := range e.names {
		b := e.Blocks[name]
		row(blockTitle(name), "%s, l1 norm %.6g, l2 norm %.6g, largest %.6g, density %.4g", console.Shape(b.Shape), b.L1, b.L2, b.Max, b.Density)
	}
}

// printFit prints how well the model fits data, when there are any.
func (e *Evaluation) printFit(row func(name, format string, args ...any)) {
	f := e.FitEval
	if f == nil {
		return
	}
	row("data", "%s, %s %s", f.Input.File, console.Shape(f.Input.Shape), f.Input.DType)
	if seen := (&Result{Input: f.Input, Observed: f.Observed}).Seen(); seen != "" {
		row("observed", "%s", seen)
	}
	row("objective", "%.6g = %s", f.Objective, f.Formula)
	row("loss", "%.6g (%s)", f.Loss, f.LossName)
	var penalties []string
	sum := 0.0
	for _, name := range e.names {
		penalties = append(penalties, fmt.Sprintf("%s %.6g", blockTitle(name), f.Penalty[name]))
		sum += f.Penalty[name]
	}
	if sum > 0 {
		row("penalty", "%s", strings.Join(penalties, ", "))
	}
	row("relative error", "%s", console.Explained(f.RelError))
	f.misfit.print(row, f.RelError)
}
