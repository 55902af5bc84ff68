package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/input"
	"polyad/cmd/polyad/internal/output"
	"polyad/internal/wholefile"
	"polyad/solver"
	"polyad/tensor"
)

// What the help of all fits says.
const (
	aboutFiles = `FILE is a .npy, .npz, .csv, .tsv, .txt, .dat, .mtx or .mat file (MATLAB's, up to
-v7), all but .npz and .mat also with .gz, or - for standard input; of several
arrays FILE.npz:NAME or FILE.mat:NAME chooses one. Header line and index column of
a table are found; what was taken for them is told on standard error.`
	aboutMissing = `Entries may be missing: --missing nan takes every NaN for one, --mask FILE those
where a second file is 0. They have no part in the loss, and the model says what
they may have been.`
)

// fitCommand returns the verb that fits models of a kind.
func (a *app) fitCommand(k kind) *cobra.Command {
	var f fitFlags
	var outs output.Flags
	var masks input.MaskFlags
	about := k.facts()
	cmd := &cobra.Command{Use: about.name + " FILE", Short: about.short, Long: about.long, Example: about.example, Args: oneFile(false)}
	f.register(cmd.Flags(), k)
	masks.Register(cmd.Flags(), &a.input.Data)
	a.input.Data.RegisterType(cmd.Flags())
	a.input.Names.Register(cmd.Flags())
	outs.Register(cmd.Flags())
	cmd.RunE = a.verb(func(cmd *cobra.Command, args []string) error {
		if err := masks.Check(); err != nil {
			return err
		}
		p, err := k.fit(&f)
		if err != nil {
			return err
		}
		run, err := a.newRun(cmd, args, k, &f, &outs, false)
		if err != nil {
			return err
		}
		in, err := a.input.Read(args[0])
		if err != nil {
			return err
		}
		if in.Array.F32 != nil {
			return compute(cmd.Context(), run, p, p.work32.fit, in, &masks, in.Array.F32)
		}
		return compute(cmd.Context(), run, p, p.work64.fit, in, &masks, in.Array.F64)
	})
	return cmd
}

// compute computes a model from data of one element type and writes what was asked for.
func compute[T asm.Float](ctx context.Context, run *fitting, p *plan, of computation[T], in *input.Array, masks *input.MaskFlags, x *tensor.Dense[T]) error {
	if p.settle != nil {
		if err := p.settle(in); err != nil {
			return err
		}
	}
	mask, err := input.ArrayMask(masks, in.Facts.File, x)
	if err != nil {
		return err
	}
	out, err := of(ctx, run, in, x, mask)
	if err != nil {
		return err
	}
	run.speak(out.Workers)
	masks.Record(out.Options)
	return run.done(ctx, out)
}

// fitting is one run of a verb that computes a model.
type fitting struct {
	app     *app
	command string
	kind    kind
	flags   *fitFlags
	outs    *output.Flags
	dir     *output.Folder // nil: no folder
	remark  string         // said when all is done
}

// newRun checks what is written where. own says that an earlier run in the folder may
// be replaced.
func (a *app) newRun(cmd *cobra.Command, args []string, k kind, f *fitFlags, outs *output.Flags, own bool) (run *fitting, err error) {
	if err := outs.Check(); err != nil {
		return nil, err
	}
	run = &fitting{app: a, command: console.CommandLine(cmd, args), kind: k, flags: f, outs: outs}
	if outs.Out != "" {
		run.dir, err = output.Open(&a.unfinished, "--out", outs.Out, k.facts().name, outs.Force, own)
	}
	return run, err
}

// watch says that the work begins: a progress line shows it, and from here on an
// interrupt ends it and keeps the model.
func (run *fitting) watch(o *solver.Options) *console.Progress {
	run.app.working.Store(true)
	bar := console.NewProgress(run.app.terminal, run.outs.Progress, run.outs.Quiet)
	if bar != nil {
		bar.Runs = run.flags.restarts
		o.Observe = []solver.Observer{bar.Observe}
	}
	return bar
}

// done writes what was asked for of a model and its page, tells about it, and
// returns what the way it ended means.
func (run *fitting) done(ctx context.Context, out *outcome) error {
	axes := out.Axes
	out.Axes = nil // which have files of their own
	if run.dir != nil {
		if err := run.dir.Fill(func(dir string) error { return writeModel(dir, out.model, out.report.Trace, out.result, out.all) }); err != nil {
			return err
		}
	}
	if run.outs.Report != "" {
		if err := os.MkdirAll(filepath.Dir(run.outs.Report), 0o777); err != nil { // below --out
			return fmt.Errorf("--report: %w", err)
		}
		if err := wholefile.Write(run.outs.Report, out.page); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
	out.Axes = axes
	if run.remark != "" && !run.outs.Quiet {
		fmt.Fprintln(run.app.err, "polyad: "+console.Line(run.remark))
	}
	if err := run.tell(out.result, out.all); err != nil {
		return err
	}
	return run.ending(ctx, out.report.Status)
}

// speak says on what the work was done, when more words are wanted.
func (run *fitting) speak(workers int) {
	if run.outs.Verbose {
		fmt.Fprintf(run.app.err, "polyad: %s, %s kernels, %d workers\n", asm.CPU(), asm.Current(), workers)
	}
}

// ending turns how a run ended into the verb's error, once all is written.
func (run *fitting) ending(ctx context.Context, s solver.Status) error {
	switch {
	case errors.Is(context.Cause(ctx), exit.ErrInterrupted):
		if run.dir != nil {
			return fmt.Errorf("%w; what there is was written to %s", exit.ErrInterrupted, run.dir.Path)
		}
		return exit.ErrInterrupted
	case run.outs.Strict && s == solver.MaxTime:
		return fmt.Errorf("%w: %s; raise --max-time", exit.ErrNotConverged, s)
	case run.outs.Strict && s != solver.Converged:
		return fmt.Errorf("%w: %s; raise --max-iter or --tol", exit.ErrNotConverged, s)
	}
	return nil
}

// summary prints what came out for people.
func (run *fitting) summary(w io.Writer, res *result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := console.Rows(t)
	row("data", "%s, %s %s, rank %v", res.Input.File, console.Shape(res.Input.Shape), res.Input.DType, res.Options["rank"])
	if seen := res.observed(); seen != "" {
		row("observed", "%s", seen)
	}
	row("minimized", "%s", res.Formula)
	row("by", "%s, balance %s, seed %d", res.by(), res.Balance.Mode, res.Seed)
	switch n := len(res.Restarts); {
	case n == 1 && run.flags.restarts > 1:
		row("restarts", "%s", ranOf(n, run.flags.restarts))
	case n > 1:
		least := 1.0
		for _, r := range res.Restarts {
			least = min(least, r.Agreement)
		}
		row("restarts", "%s, the best from seed %d; the others agree with it by %.2f or more", ranOf(n, run.flags.restarts), res.Restarts[res.Best].Seed, least)
	}
	if c := res.Compression; c != nil {
		row("compressed", "to %s, which leaves out %.3g, and fitted there in %d sweeps", console.Shape(c.Ranks), c.Left, c.Iterations)
	}
	if res.Start != nil {
		row("start", "%s", res.Start)
	}
	row("status", "%s, %.3g s", res.ended(), res.Seconds)
	sum := fmt.Sprintf("%.6g", res.Objective)
	if res.penalized() {
		sum += fmt.Sprintf(" = loss %.6g", res.Loss)
		for _, b := range res.blocks {
			sum += fmt.Sprintf(" + penalty %s %.4g", blockTitle(b), res.Penalty[b])
		}
	}
	row("objective", "%s", sum)
	row("relative error", "%s", console.Explained(res.RelError))
	if res.Size != nil {
		row("size", "%s", res.Size)
	}
	var kkt []string
	for _, b := range res.blocks {
		if v, ok := res.KKT[b]; ok {
			kkt = append(kkt, fmt.Sprintf("%s %.2g", blockTitle(b), v))
		}
	}
	if len(kkt) > 0 {
		row("kkt residual", "%s", strings.Join(kkt, ", "))
	}
	for n, list := range res.prunedModes {
		if len(list) > 0 {
			row("pruned", "of mode %d: %s", n, console.Listed(list))
		}
	}
	if n := len(res.Pruned); n > 0 {
		row("pruned", "%d of %v components: %s", n, res.Options["rank"], console.Listed(res.Pruned))
	}
	if res.Degenerate != nil {
		row("degenerate", "%s", res.Degenerate)
	}
	if run.dir != nil {
		row("written", "%s", run.dir.Path)
	}
	if run.outs.Report != "" {
		row("report", "%s", run.outs.Report)
	}
	return t.Flush()
}

// ranOf says how many of the runs there were before the time was up.
func ranOf(n, all int) string {
	if n < all {
		return fmt.Sprintf("%d of %d runs", n, all)
	}
	return fmt.Sprintf("%d runs", n)
}

// tell prints the result: as JSON, or a summary, or nothing.
func (run *fitting) tell(res *result, all any) error {
	switch {
	case run.outs.JSON:
		return console.JSON(run.app.out, all)
	case !run.outs.Quiet:
		return run.summary(run.app.out, res)
	}
	return nil
}
