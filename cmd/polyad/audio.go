package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"polyad/audio"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/input"
	"polyad/cmd/polyad/internal/models"
	"polyad/cmd/polyad/internal/output"
	"polyad/cmd/polyad/internal/sound"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

// Defaults of polyad audio where they differ from those of nmf.
const (
	audioOut     = "polyad-audio"
	audioRank    = 8
	audioMaxIter = 500
	// A random start ends lower on the built-in recording than the others do:
	// under multiplicative updates singular vectors hold on to what they begin
	// with.
	audioInit = "random"
	audioTol  = 5e-5

	// audioSparsity sets the default l1 weight mu of both factors. A component of
	// mass M costs 2·mu·√M; with mu this number times the root of the whole mass
	// penalties and the Kullback-Leibler loss grow alike with the loudness and
	// the length of a recording. That is so for no other loss, so others have
	// no default.
	audioSparsity = 0.02
)

func (a *app) audioCommand() *cobra.Command {
	var f models.FitFlags
	var outs output.Flags
	var cut audio.Options
	var exponent float64
	cmd := &cobra.Command{
		Use:   "audio [FILE]",
		Short: "A recording taken apart: components, stems to hear, report",
		Long: `audio computes the magnitude spectrogram of a recording (.wav, .w64, .flac, .ogg,
.mp3, .aiff; without FILE the one that is built in), factorizes it by balanced
sparse nonnegative matrix factorization, and writes into --out: report.html to
look at, stems/*.wav to listen to, and the model (W.npy: a spectrum per column,
H.npy: its activation over time per row, trace.csv, result.json). Components, and
so stems, are counted from 0.

The stems have the rate and the channels of the recording and sum to recording.wav
sample by sample. They are integers of as many bits as the recording has when all
of them fit, and else, as for .ogg and .mp3, 32-bit floats; nothing is clipped. An
interrupt ends the fit, or the stems, and keeps the model.

With the default loss, kl, both factors carry an l1 penalty whose weight is found
from the recording; --l1, --l2 or --lp replace it, and --l1 all=0 takes it away.
The default folder, polyad-audio, is replaced when all it holds is an earlier
run.`,
		Example: `  polyad audio
  polyad audio song.flac -r 12 -o song
  polyad audio drums.wav -r 5 --loss is --l1 all=0 --max-iter 500
  polyad audio song.ogg --json -q`,
		Args: oneFile(true),
	}
	f.Register(cmd.Flags(), models.NMF{})
	outs.RegisterFolder(cmd.Flags())
	fs := cmd.Flags()
	fs.IntVar(&cut.Size, "window", 0, "length of the analysis window in samples; default the power of two nearest to 93 ms")
	fs.IntVar(&cut.Hop, "hop", 0, "distance between frames in samples; default a quarter of the window")
	fs.Float64Var(&exponent, "mask-exponent", 1, "exponent of the soft masks that make the stems")
	for name, value := range map[string]string{"rank": fmt.Sprint(audioRank), "loss": "kl", "init": audioInit, "max-iter": fmt.Sprint(audioMaxIter), "tol": fmt.Sprint(audioTol), "out": audioOut} {
		flag := fs.Lookup(name)
		flag.Usage, _, _ = strings.Cut(flag.Usage, "; default")
		flag.DefValue = value
		if err := flag.Value.Set(value); err != nil {
			panic(err)
		}
	}
	cmd.RunE = a.verb(func(cmd *cobra.Command, args []string) error {
		o, err := models.NMF{}.FitOptions(&f)
		if err != nil {
			return err
		}
		run, err := a.host().NewRun(cmd, args, models.NMF{}, &f, &outs, !cmd.Flags().Changed("out"))
		if err != nil {
			return err
		}
		if !(exponent > 0) || math.IsInf(exponent, 0) {
			return exit.Usagef("--mask-exponent is %v; must be a positive number", exponent)
		}
		cut.Workers = f.Workers
		rec, err := sound.Read(cmd.Context(), a.err, args, cut)
		if err != nil {
			return err
		}
		if len(args) == 1 {
			run.Command = console.CommandLine(cmd, []string{sound.Named(args[0])})
		}
		return audioRun(cmd.Context(), run, &o, rec, exponent)
	})
	return cmd
}

// defaultSparsity gives both factors an l1 penalty under the default loss, when
// the user said nothing about penalties.
func defaultSparsity(o *nmf.Options, x *matrix.Dense[float64]) {
	mass := matrix.Sum(x)
	if mass == 0 || o.Loss != loss.KL {
		return
	}
	mu := roundTo(audioSparsity*math.Sqrt(mass), 3)
	o.W, o.H = reg.L1(mu), reg.L1(mu)
}

// roundTo rounds to a number of significant digits, so that a command with the
// reported weight gives the same result.
func roundTo(v float64, digits int) float64 {
	e := math.Pow(10, float64(digits-1)-math.Floor(math.Log10(v)))
	return math.Round(v*e) / e
}

// audioResult is what --json prints: the fields of result.json and what the
// sound adds. Seconds is the length of the recording here, as beside Rate;
// the time of the run is FitSeconds.
type audioResult struct {
	*models.Result
	File       string            `json:"file"`
	Seconds    float64           `json:"seconds"`
	FitSeconds float64           `json:"fit_seconds"`
	Rate       int               `json:"rate"`
	Encoding   string            `json:"encoding,omitempty"` // of the stems and recording.wav
	Warnings   []string          `json:"warnings,omitempty"`
	Components []sound.Component `json:"components"`
	Files      map[string]string `json:"files"`
}

// audioRun factorizes the spectrogram and writes what was found.
func audioRun(ctx context.Context, run *models.Fitting, o *nmf.Options, rec *sound.Recording, exponent float64) error {
	x, err := rec.Mono.MagnitudeContext(ctx)
	if err != nil {
		return err
	}
	if len(run.Flags.Given) == 0 {
		defaultSparsity(o, x)
	}
	if o.Loss.NeedsPositive() && !o.Eps.IsSet() {
		// Silence has magnitude 0, where these losses are infinite: floor the
		// data 100 dB below their mean.
		o.Eps = solver.Set(roundTo(max(1e-5*matrix.Sum(x)/float64(len(x.Data)), 1e-300), 3))
	}
	w := models.NmfOf(run.Flags, o)
	r, err := w.Model(ctx, run, rec.File, x, *o)
	if err != nil {
		return err
	}
	run.Speak(r.Options.Workers)
	facts := input.Facts{File: sound.Named(rec.File), Shape: []int{x.Rows, x.Cols}, DType: "float64", SHA256: hex.EncodeToString(rec.Sum[:])}
	r.Axes = rec.Axes(x.Rows, x.Cols)
	res := w.Outcome(run, &input.Array{Facts: facts}, r).Result
	res.Axes = nil // which have files of their own
	res.Options["window"], res.Options["hop"], res.Options["mask_exponent"] = rec.Mono.Size, rec.Mono.Hop, exponent
	comps, err := sound.Describe(rec, r)
	if err != nil {
		return err
	}
	masks, err := audio.NewMasks(r.W, r.H, exponent)
	if err != nil {
		return err
	}
	sounds := true
	var encoding audio.Encoding
	err = run.Dir.Fill(func(dir string) error {
		if err := models.WriteModel(dir, r.Model, r.Trace, res, res); err != nil {
			return err
		}
		if encoding, err = sound.WriteSounds(ctx, dir, run, rec, masks, comps); err != nil {
			if ctx.Err() == nil {
				return err
			}
			// Interrupted: the model and its page are kept, without sounds.
			sounds = false
			for _, name := range []string{"stems", sound.MixtureFile} {
				if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
					return err
				}
			}
			for q := range comps {
				comps[q].Stem = ""
			}
		}
		return models.WriteTo(filepath.Join(dir, "report.html"), func(w io.Writer) error {
			return sound.WritePage(w, res, r, rec, x, comps, sounds)
		})
	})
	if err != nil {
		return err
	}
	files := map[string]string{}
	names := []string{"report.html", "W.npy", "H.npy", "axis_0.csv", "axis_1.csv", "trace.csv", "result.json"}
	if sounds {
		names = append(names, sound.MixtureFile)
		for _, c := range comps {
			names = append(names, c.Stem)
		}
	}
	for _, name := range names {
		files[name] = filepath.ToSlash(filepath.Join(run.Dir.Path, name))
	}
	all := audioResult{Result: res, File: rec.File, Seconds: rec.Sound.Seconds(), FitSeconds: res.Seconds, Rate: rec.Sound.Rate, Warnings: rec.Sound.Warnings, Components: comps, Files: files}
	if sounds {
		all.Encoding = encoding.String()
	}
	if !run.Outs.JSON && !run.Outs.Quiet {
		if err := sound.Print(run.Out, rec, comps); err != nil {
			return err
		}
		if sounds {
			fmt.Fprintln(run.Out, sound.Stored(rec.Sound.Encoding, encoding))
		}
	}
	if err := run.Tell(res, all); err != nil {
		return err
	}
	if !sounds {
		return fmt.Errorf("%w; the model was written to %s, without stems", exit.ErrInterrupted, run.Dir.Path)
	}
	return run.Ending(ctx, r.Status)
}
