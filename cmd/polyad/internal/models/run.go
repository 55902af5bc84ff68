package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
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

// Compute computes a model from data of one element type and writes what was asked for.
func Compute[T asm.Float](ctx context.Context, run *Fitting, p *Plan, of Computation[T], in *input.Array, masks *input.MaskFlags, x *tensor.Dense[T]) error {
	if p.Settle != nil {
		if err := p.Settle(in); err != nil {
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
	run.Speak(out.Workers)
	masks.Record(out.Options)
	return run.done(ctx, out)
}

// Host is where a run takes place.
type Host struct {
	Out, Err io.Writer
	Terminal io.Writer               // for the progress line
	Working  *atomic.Bool            // set when there may be a model to be kept
	Filling  *atomic.Pointer[string] // the hidden folder that is being filled
}

// Fitting is one run of a verb that computes a model.
type Fitting struct {
	Host
	Command string
	kind    Kind
	Flags   *FitFlags
	Outs    *output.Flags
	Dir     *output.Folder // nil: no folder
	Remark  string         // said when all is done
}

// NewRun checks what is written where. own says that an earlier run in the folder may
// be replaced.
func (h Host) NewRun(cmd *cobra.Command, args []string, k Kind, f *FitFlags, outs *output.Flags, own bool) (run *Fitting, err error) {
	if err := outs.Check(); err != nil {
		return nil, err
	}
	run = &Fitting{Host: h, Command: console.CommandLine(cmd, args), kind: k, Flags: f, Outs: outs}
	if outs.Out != "" {
		run.Dir, err = output.Open(h.Filling, "--out", outs.Out, k.Facts().Name, outs.Force, own)
	}
	return run, err
}

// watch says that the work begins: a progress line shows it, and from here on an
// interrupt ends it and keeps the model.
func (run *Fitting) watch(o *solver.Options) *console.Progress {
	run.Working.Store(true)
	bar := console.NewProgress(run.Terminal, run.Outs.Progress, run.Outs.Quiet)
	if bar != nil {
		bar.Runs = run.Flags.restarts
		o.Observe = []solver.Observer{bar.Observe}
	}
	return bar
}

// done writes what was asked for of a model and its page, tells about it, and
// returns what the way it ended means.
func (run *Fitting) done(ctx context.Context, out *Outcome) error {
	axes := out.Axes
	out.Axes = nil // which have files of their own
	if run.Dir != nil {
		if err := run.Dir.Fill(func(dir string) error { return WriteModel(dir, out.model, out.report.Trace, out.Result, out.all) }); err != nil {
			return err
		}
	}
	if run.Outs.Report != "" {
		if err := os.MkdirAll(filepath.Dir(run.Outs.Report), 0o777); err != nil { // below --out
			return fmt.Errorf("--report: %w", err)
		}
		if err := wholefile.Write(run.Outs.Report, out.page); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
	out.Axes = axes
	if run.Remark != "" && !run.Outs.Quiet {
		fmt.Fprintln(run.Err, "polyad: "+console.Line(run.Remark))
	}
	if err := run.Tell(out.Result, out.all); err != nil {
		return err
	}
	return run.Ending(ctx, out.report.Status)
}

// Speak says on what the work was done, when more words are wanted.
func (run *Fitting) Speak(workers int) {
	if run.Outs.Verbose {
		fmt.Fprintf(run.Err, "polyad: %s, %s kernels, %d workers\n", asm.CPU(), asm.Current(), workers)
	}
}

// Ending turns how a run ended into the verb's error, once all is written.
func (run *Fitting) Ending(ctx context.Context, s solver.Status) error {
	switch {
	case errors.Is(context.Cause(ctx), exit.ErrInterrupted):
		if run.Dir != nil {
			return fmt.Errorf("%w; what there is was written to %s", exit.ErrInterrupted, run.Dir.Path)
		}
		return exit.ErrInterrupted
	case run.Outs.Strict && s == solver.MaxTime:
		return fmt.Errorf("%w: %s; raise --max-time", exit.ErrNotConverged, s)
	case run.Outs.Strict && s != solver.Converged:
		return fmt.Errorf("%w: %s; raise --max-iter or --tol", exit.ErrNotConverged, s)
	}
	return nil
}

// summary prints what came out for people.
func (run *Fitting) summary(w io.Writer, res *Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := console.Rows(t)
	row("data", "%s, %s %s, rank %v", res.Input.File, console.Shape(res.Input.Shape), res.Input.DType, res.Options["rank"])
	if seen := res.Seen(); seen != "" {
		row("observed", "%s", seen)
	}
	row("minimized", "%s", res.Formula)
	row("by", "%s, balance %s, seed %d", res.By(), res.Balance.Mode, res.Seed)
	switch n := len(res.Restarts); {
	case n == 1 && run.Flags.restarts > 1:
		row("restarts", "%s", RanOf(n, run.Flags.restarts))
	case n > 1:
		least := 1.0
		for _, r := range res.Restarts {
			least = min(least, r.Agreement)
		}
		row("restarts", "%s, the best from seed %d; the others agree with it by %.2f or more", RanOf(n, run.Flags.restarts), res.Restarts[res.Best].Seed, least)
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
	if run.Dir != nil {
		row("written", "%s", run.Dir.Path)
	}
	if run.Outs.Report != "" {
		row("report", "%s", run.Outs.Report)
	}
	return t.Flush()
}

// RanOf says how many of the runs there were before the time was up.
func RanOf(n, all int) string {
	if n < all {
		return fmt.Sprintf("%d of %d runs", n, all)
	}
	return fmt.Sprintf("%d runs", n)
}

// Tell prints the result: as JSON, or a summary, or nothing.
func (run *Fitting) Tell(res *Result, all any) error {
	switch {
	case run.Outs.JSON:
		return console.JSON(run.Out, all)
	case !run.Outs.Quiet:
		return run.summary(run.Out, res)
	}
	return nil
}
