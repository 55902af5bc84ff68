package main

import (
	"cmp"
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
	"polyad/cpd"
	"polyad/matrix"
	"polyad/metrics"
	"polyad/ndio"
	"polyad/nmf"
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
	Rank    int                  `json:"rank"`
	Eps     float64              `json:"eps"`
	Blocks  map[string]blockEval `json:"blocks"`
	Pruned  []int                `json:"pruned"`
	*cpdEval
	*fitEval
	Against *againstEval `json:"against,omitempty"`
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
// fit tells it, too. CoreConsistency is there when data were given to eval.
type cpdEval struct {
	Surviving       int         `json:"surviving"`
	Shares          []float64   `json:"shares"`
	Degenerate      *degenerate `json:"degenerate"` // null: no two components nearly cancel
	CoreConsistency *float64    `json:"core_consistency,omitempty"`
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
	Input     inputFacts         `json:"input"`
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
}

// block is a factor with a column per component.
type block struct {
	name   string
	factor *matrix.Dense[float64]
	stored []int // the shape in which it is stored
	axis   ndio.Axis
}

func (a *app) evalCommand() *cobra.Command {
	var f cpdFlags
	var masks maskFlags
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
	masks.register(cmd.Flags(), &a.data)
	other.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = a.verb(func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("eval takes the folder of a MODEL, and a FILE of data")
		}
		if err := masks.check(); err != nil {
			return err
		}
		if len(other.skip) > 0 && other.dir == "" {
			return usagef("--skip-mode has no effect without --against")
		}
		kind := ""
		for _, dir := range []string{args[0], other.dir} {
			if dir == "" && !cmd.Flags().Changed("against") {
				continue
			}
			k, err := kindOf(dir)
			if err != nil {
				return err
			}
			if k.name == "nmf" {
				if err := checkModel(dir); err != nil {
					return err
				}
			}
			if kind != "" && k.name != kind {
				return fmt.Errorf("%s and %s are models of different kinds", args[0], dir)
			}
			kind = k.name
		}
		if len(args) == 1 {
			for _, name := range append([]string{"loss", "l1", "l2", "lp", "workers", "mask", "missing"}, dataFlagNames...) {
				if f.changed(name) {
					return usagef("--%s has no effect without a FILE of data", name)
				}
			}
		}
		e := &evaluation{Schema: evalSchema, Command: commandLine(cmd, args), Model: filepath.ToSlash(args[0])}
		var err error
		all, print := any(e), e.print
		switch kind {
		case "tucker":
			t := &tuckerEvaluation{evaluation: *e}
			all, print = t, t.print
			err = a.evaluateTucker(cmd.Context(), t, &f, &masks, args, &other)
		case "cpd":
			err = a.evaluateCPD(cmd.Context(), e, &f, &masks, args, &other)
		default:
			if err = f.noModes(); err == nil {
				err = a.evaluate(cmd.Context(), e, &f.fitFlags, &masks, args, &other)
			}
		}
		if err != nil {
			return err
		}
		if err := writeJSON(io.Discard, all); err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		if asJSON {
			return writeJSON(a.out, all)
		}
		return print(a.out)
	})
	return cmd
}

// evaluate fills in all that was asked for.
func (a *app) evaluate(ctx context.Context, e *evaluation, f *fitFlags, masks *maskFlags, args []string, against *comparison) error {
	saved, err := f.savedFor(args)
	if err != nil {
		return err
	}
	eps, err := f.inherit(args[0], "w", "h")
	if err != nil && len(args) > 1 {
		return err
	}
	if f.changed("eps") {
		eps = f.eps
	}
	f.chooseMethod() // any method that takes the penalties measures alike
	f.rank, f.restarts, f.normalize, f.tol = 1, 1, "none", 0
	o, err := f.options()
	if err != nil {
		return err
	}
	o.Eps, o.Balance = solver.Set(eps), nmf.BalanceNone
	m, err := nmf.Load[float64](args[0])
	if err != nil {
		return err
	}
	if err := checkFinite(args[0], m); err != nil {
		return err
	}
	e.Kind, e.Shape, e.Rank, e.Eps = "nmf", []int{m.W.Rows, m.H.Cols}, m.Rank(), eps
	blocks := blocksOf(m)
	e.Blocks = map[string]blockEval{}
	for _, b := range blocks {
		e.Blocks[b.name] = b.measure(eps)
	}
	e.Pruned = prunedOf(blocks, eps)
	if against.dir != "" {
		other, err := nmf.Load[float64](against.dir)
		if err != nil {
			return fmt.Errorf("--against: %w", err)
		}
		if err := checkFinite(against.dir, other); err != nil {
			return fmt.Errorf("--against: %w", err)
		}
		if e.Against, err = against.compare(blocks, blocksOf(other), eps); err != nil {
			return err
		}
	}
	if len(args) == 1 {
		return nil
	}
	if s := saved; s != nil { // a fixed factor needs no penalty
		o.FixW, o.FixH = slices.Contains(s.Options.Fix, "w") && len(o.W.Active()) == 0, slices.Contains(s.Options.Fix, "h") && len(o.H.Active()) == 0
	}
	masks.inherit(saved)
	in, err := a.readArray(args[1])
	if err != nil {
		return err
	}
	if in.array.F32 != nil {
		e.fitEval, err = evalFit(ctx, args[0], in, masks, in.array.F32, o)
	} else {
		e.fitEval, err = evalFit(ctx, args[0], in, masks, in.array.F64, o)
	}
	return err
}

// savedFor is readOwn for the arguments of eval; without data nothing is minimized.
func (f *fitFlags) savedFor(args []string) (*savedFit, error) {
	s, err := f.readOwn(args[0])
	if errors.Is(err, errStale) && len(args) == 1 {
		return nil, nil
	}
	return s, err
}

// blocksOf returns the factors of a model.
func blocksOf(m *nmf.Model[float64]) []block {
	return []block{
		{name: "w", factor: m.W, stored: []int{m.W.Rows, m.W.Cols}, axis: axisOf(m.Axes, 0)},
		{name: "h", factor: m.H.Transpose(), stored: []int{m.H.Rows, m.H.Cols}, axis: axisOf(m.Axes, 1)},
	}
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

// evalFit evaluates the objective of a model for data of one element type.
func evalFit[T asm.Float](ctx context.Context, dir string, in *input, masks *maskFlags, t *tensor.Dense[T], o nmf.Options) (*fitEval, error) {
	if err := checkMatrix(in.facts.File, t); err != nil {
		return nil, err
	}
	m, err := nmf.Load[T](dir)
	if err != nil {
		return nil, err
	}
	if x := t.Matrix(); x.Rows != m.W.Rows || x.Cols != m.H.Cols {
		return nil, otherShape(in, dir, []int{m.W.Rows, m.H.Cols})
	}
	mask, err := arrayMask(masks, in.facts.File, t)
	if err != nil {
		return nil, err
	}
	if mask != nil {
		o.Mask = mask.Matrix(m.W.Rows, m.H.Cols)
	}
	o.Init, o.Restarts, o.Run = m, 0, solver.Options{MaxIter: solver.Set(0)}
	r, err := nmf.Fit(ctx, t.Matrix(), m.Rank(), &o)
	if err != nil {
		return nil, ofModel(dir, in.facts.File, err)
	}
	return &fitEval{Input: in.facts, LossName: o.Loss.String(), Formula: r.Formula(), Objective: r.Objective(), Loss: r.Loss,
		Penalty: ofFactors(r.Penalty, false, false), Observed: r.Observed, RelError: r.RelError, Explained: r.Explained(), Fit: r.Fit(), KKT: ofFactors(r.KKT, o.FixW, o.FixH),
		misfit: misfitOf(nmfModel[T]{m}, t, mask, either(in.axes, m.Axes))}, nil
}

// otherShape is the error for data of another shape than the model's. New samples
// are what is new in the last mode.
func otherShape(in *input, dir string, model []int) error {
	data := in.facts.Shape
	mend := "give it the data of its fit"
	last := len(model) - 1
	switch {
	case len(data) != len(model):
	case slices.Equal(data[:last], model[:last]):
		mend = fmt.Sprintf("new samples are for 'polyad transform %s %s', whose model is that of these data", quote(dir), quote(in.facts.File))
	case len(model) == 2 && data[0] == model[1] && data[1] == model[0]:
		mend = "--transpose exchanges its rows and columns"
	}
	return fmt.Errorf("%s is %s, but the model in %s stands for %s; %s", in.facts.File, shape(data), dir, shape(model), mend)
}

// print prints an evaluation for people.
func (e *evaluation) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := rower(t)
	row("model", "%s, %s, %s, rank %d", e.Model, e.Kind, shape(e.Shape), e.Rank)
	var names []string
	for name := range e.Blocks {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if e.Kind == "nmf" {
			return strings.Compare(b, a) // W before H
		}
		return cmp.Or(len(a)-len(b), strings.Compare(a, b))
	})
	e.printBlocks(row, names)
	if len(e.Pruned) > 0 {
		row("pruned", "components %s", listed(e.Pruned))
	}
	if c := e.cpdEval; c != nil {
		row("shares", "%.4f", c.Shares)
		if d := c.Degenerate; d != nil {
			row("degenerate", "%s", d)
		}
		if c.CoreConsistency != nil {
			row("core consistency", "%.4g %%", *c.CoreConsistency)
		}
	}
	e.printFit(row, names)
	if e.Against != nil {
		e.Against.print(row, names)
	}
	return t.Flush()
}

// printBlocks prints the blocks of these names.
func (e *evaluation) printBlocks(row func(name, format string, args ...any), names []string) {
	for _, name := range names {
		b := e.Blocks[name]
		row(blockTitle(name), "%s, l1 norm %.6g, l2 norm %.6g, largest %.6g, density %.4g", shape(b.Shape), b.L1, b.L2, b.Max, b.Density)
	}
}

// printFit prints how well the model fits data, when there are any.
func (e *evaluation) printFit(row func(name, format string, args ...any), names []string) {
	f := e.fitEval
	if f == nil {
		return
	}
	row("data", "%s, %s %s", f.Input.File, shape(f.Input.Shape), f.Input.DType)
	if seen := (&result{Input: f.Input, Observed: f.Observed}).observed(); seen != "" {
		row("observed", "%s", seen)
	}
	row("objective", "%.6g = %s", f.Objective, f.Formula)
	row("loss", "%.6g (%s)", f.Loss, f.LossName)
	var penalties []string
	sum := 0.0
	for _, name := range names {
		penalties = append(penalties, fmt.Sprintf("%s %.6g", blockTitle(name), f.Penalty[name]))
		sum += f.Penalty[name]
	}
	if sum > 0 {
		row("penalty", "%s", strings.Join(penalties, ", "))
	}
	row("relative error", "%s", explained(f.RelError))
	f.misfit.print(row, f.RelError)
}
