package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/input"
	"polyad/cpd"
	"polyad/loss"
	"polyad/matrix"
	"polyad/metrics"
	"polyad/ndio"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

// evalSchema names the form of what eval prints.
const evalSchema = "polyad/eval/1"

// evaluation is what eval --json prints. The fields of Fit are there when data
// were given, Against when another model was.
type evaluation struct {
	Schema  string               `json:"schema"`
	Command string               `json:"command"`
	Model   string               `json:"model"`
	Kind    string               `json:"kind"`
	Shape   []int                `json:"shape"`
	Rank    any                  `json:"rank"` // a number; tucker: one a mode
	Eps     float64              `json:"eps"`
	Blocks  map[string]blockEval `json:"blocks"`
	Pruned  any                  `json:"pruned"` // a list; tucker: one a mode
	*cpdEval
	*fitEval
	Against compared `json:"against,omitempty"`

	size   string   // the rank in words
	names  []string // of the blocks in order
	pruned [][]int
}

// blockEval describes one factor. Density counts the entries above 2·eps.
type blockEval struct {
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
	Degenerate *degenerate `json:"degenerate"` // null: no two components nearly cancel
}

// degenerate is a pair of components that nearly cancel.
type degenerate struct {
	Components [2]int  `json:"components"`
	Congruence float64 `json:"congruence"`
}

// String tells of the pair.
func (d *degenerate) String() string {
	return fmt.Sprintf("components %d and %d nearly cancel, congruence %.3f; a ridge (--l2), --nonneg or a lower rank mends it", d.Components[0], d.Components[1], d.Congruence)
}

// newCPDEval collects it; pruned components do not survive.
func newCPDEval[T asm.Float](m *cpd.Model[T], pruned int) *cpdEval {
	e := &cpdEval{Surviving: m.Rank() - pruned, Shares: m.Shares()}
	if p, q, c, yes := m.Degenerate(); yes {
		e.Degenerate = &degenerate{[2]int{p, q}, c}
	}
	return e
}

// fitEval is how well a model fits data.
type fitEval struct {
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

func (a *app) evalCommand() *cobra.Command {
	var f fitFlags
	var masks input.MaskFlags
	var other comparison
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "eval MODEL [FILE]",
		Short: "How well a model fits data, how dense it is, how like another one",
		Long: `eval measures the model in the folder MODEL: the norms and densities of its
factors; the loss, penalties and relative error for the data in FILE; and with
--against the factor match score with another model (1: the same components). Of a
tensor decomposition it also tells each component's part of the model, which
components nearly cancel, and with FILE the core consistency (100: no interactions).

With --against the first row says how much of the other model's components was
found: the sum of the scores of matched components over the number of components of
the other model that are not zero, so that one that is missing costs its share. The
factor match score is the mean over matched pairs, and the same in both directions.
--skip-mode leaves a mode out, as that of the samples of two halves of the data.

Where both models have names of a mode, the same ones in another order, the rows of the
other model are put into the order of MODEL first; by which entries matched components
lead is told by name.

With --against each factor also gets the signal to interference ratio of the
components of the two models that are most alike in it: -20·log10 of their distance
as columns of length 1, in dB, at most 300, which means equal; those that have
nothing in common have -3. Instead, the columns of a Tucker model's factors are
matched mode by mode, and the arrays that the models stand for compared by the cosine
of the angle between them.

With FILE the indices of each mode are named that have most of the squared error, and
with --mask the error over the entries that it leaves out, which are held out, stands
beside that over the others.

Loss, penalties and floor are those that MODEL/result.json tells of, unless flags
say otherwise; so is --missing, while --mask is to be given again. Entries at the
floor count as zeros, and a component that is zero matches nothing.`,
		Example: `  polyad eval model X.npy
  polyad eval model X.npy --loss kl --l1 all=0 --json
  polyad eval model --against truth
  polyad eval half --against other-half --skip-mode 0`,
		Args: cobra.MaximumNArgs(2),
	}
	f.registerSome(cmd.Flags(), "loss", "l1", "l2", "lp", "eps", "workers")
	masks.Register(cmd.Flags(), &a.input.Data)
	other.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = a.verb(func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return exit.Usagef("eval takes the folder of a MODEL, and a FILE of data")
		}
		if err := masks.Check(); err != nil {
			return err
		}
		if len(other.skip) > 0 && other.dir == "" {
			return exit.Usagef("--skip-mode has no effect without --against")
		}
		e := &evaluation{Schema: evalSchema, Command: console.CommandLine(cmd, args), Model: filepath.ToSlash(args[0]), Blocks: map[string]blockEval{}}
		if err := a.evaluate(cmd, e, &f, &masks, args, &other); err != nil {
			return err
		}
		if err := console.JSON(io.Discard, e); err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		if asJSON {
			return console.JSON(a.out, e)
		}
		return e.print(a.out)
	})
	return cmd
}

// evaluate fills in all that was asked for.
func (a *app) evaluate(cmd *cobra.Command, e *evaluation, f *fitFlags, masks *input.MaskFlags, args []string, other *comparison) error {
	k, m, err := openModel(args[0])
	if err != nil {
		return err
	}
	var with modelOf[float64]
	if cmd.Flags().Changed("against") {
		theirs, opened, err := openModel(other.dir)
		switch {
		case err != nil:
			return fmt.Errorf("--against: %w", err)
		case theirs != k:
			return fmt.Errorf("%s and %s are models of different kinds", args[0], other.dir)
		}
		with, other.model = opened, e.Model
	}
	if len(args) == 1 {
		for _, name := range append([]string{"loss", "l1", "l2", "lp", "workers", "mask", "missing"}, input.DataFlagNames...) {
			if f.changed(name) {
				return exit.Usagef("--%s has no effect without a FILE of data", name)
			}
		}
	}
	if err := f.penaltyFlags.check(k, args[0]); err != nil {
		return err
	}
	of, err := f.saved(args[0], m)
	if err != nil && !(errors.Is(err, errStale) && len(args) == 1) {
		return err
	}
	if f.changed("eps") {
		of.eps = f.eps
	}
	e.Kind, e.Shape, e.Eps, e.size = k.facts().name, m.Shape(), of.eps, m.size()
	m.measure(e)
	if with != nil {
		if e.Against, err = m.compare(with, other, of.eps); err != nil {
			return fmt.Errorf("--against %s: %w", other.dir, err)
		}
	}
	if len(args) == 1 {
		return nil
	}
	if err := f.inherit(of, k.keys(len(e.Shape))); err != nil {
		return err
	}
	masks.Inherit(of.saved.Options.Missing)
	p, err := k.evaluate(f, of)
	if err != nil {
		return err
	}
	in, err := a.input.Read(args[1])
	if err != nil {
		return err
	}
	if in.Array.F32 != nil {
		e.fitEval, err = evaluateData(cmd.Context(), p, p.work32, of, in, masks, in.Array.F32)
	} else {
		e.fitEval, err = evaluateData(cmd.Context(), p, p.work64, of, in, masks, in.Array.F64)
	}
	return err
}

// evaluateData evaluates the objective of a model for data of one element type.
func evaluateData[T asm.Float](ctx context.Context, p *plan, w work[T], of *savedModel, in *input.Array, masks *input.MaskFlags, x *tensor.Dense[T]) (*fitEval, error) {
	if p.settle != nil {
		if err := p.settle(in); err != nil {
			return nil, err
		}
	}
	if !slices.Equal(x.Shape, of.shape) {
		return nil, otherShape(in, of.dir, of.shape)
	}
	mask, err := input.ArrayMask(masks, in.Facts.File, x)
	if err != nil {
		return nil, err
	}
	return w.evaluate(ctx, in, x, mask)
}

// add measures a block.
func (e *evaluation) add(b block) {
	e.names = append(e.names, b.name)
	e.Blocks[b.name] = b.measure(e.Eps)
}

// components tells of the components that some blocks have in common: how many, and
// which are pruned.
func (e *evaluation) components(blocks []block) {
	e.pruned = append(e.pruned, prunedOf(blocks, e.Eps))
	e.Rank, e.Pruned = blocks[0].factor.Cols, e.pruned[0]
}

// measure returns norms and density.
func (b *block) measure(eps float64) blockEval {
	e := blockEval{Shape: b.stored, Density: metrics.Density(b.factor, eps)}
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
func newFitEval(in *input.Array, l loss.Loss, o *solver.Outcome, relError float64, formula string, b blockList) *fitEval {
	return &fitEval{Input: in.Facts, LossName: l.String(), Formula: formula, Objective: o.Objective(), Loss: o.Loss, Observed: o.Observed,
		RelError: relError, Explained: 1 - relError*relError, Fit: 1 - relError,
		Penalty: b.numbers(o.Penalty, b.without), KKT: b.numbers(o.KKT, b.fixed)}
}

// otherShape is the error for data of another shape than the model's. New samples
// are what is new in the last mode.
func otherShape(in *input.Array, dir string, model []int) error {
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

// print prints an evaluation for people.
func (e *evaluation) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := console.Rows(t)
	row("model", "%s, %s, %s, %s", e.Model, e.Kind, console.Shape(e.Shape), e.size)
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
		if f := e.fitEval; f != nil && f.CoreConsistency != nil {
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
func (e *evaluation) printBlocks(row func(name, format string, args ...any)) {
	for _, name := range e.names {
		b := e.Blocks[name]
		row(blockTitle(name), "%s, l1 norm %.6g, l2 norm %.6g, largest %.6g, density %.4g", console.Shape(b.Shape), b.L1, b.L2, b.Max, b.Density)
	}
}

// printFit prints how well the model fits data, when there are any.
func (e *evaluation) printFit(row func(name, format string, args ...any)) {
	f := e.fitEval
	if f == nil {
		return
	}
	row("data", "%s, %s %s", f.Input.File, console.Shape(f.Input.Shape), f.Input.DType)
	if seen := (&result{Input: f.Input, Observed: f.Observed}).observed(); seen != "" {
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
