package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"polyad/audio"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/input"
	"polyad/cmd/polyad/internal/models"
	"polyad/cmd/polyad/internal/output"
	"polyad/loss"
	"polyad/matrix"
	"polyad/ndio"
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

	// loudest is the largest sample that is taken, so that stems of it are finite
	// in float32.
	loudest = 1e30

	// mixtureFile is the recording itself, for the page's player.
	mixtureFile = "recording.wav"

	// audioSparsity sets the default l1 weight mu of both factors. A component of
	// mass M costs 2·mu·√M; with mu this number times the root of the whole mass
	// penalties and the Kullback-Leibler loss grow alike with the loudness and
	// the length of a recording. That is so for no other loss, so others have
	// no default.
	audioSparsity = 0.02
)

// recording is the sound that is taken apart.
type recording struct {
	file     string
	sum      [sha256.Size]byte
	sound    audio.Sound
	channels []*audio.STFT
	mono     *audio.STFT
}

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
		rec, err := a.readRecording(cmd.Context(), args, cut)
		if err != nil {
			return err
		}
		if len(args) == 1 {
			run.Command = console.CommandLine(cmd, []string{named(args[0])})
		}
		return audioRun(cmd.Context(), run, &o, rec, exponent)
	})
	return cmd
}

// readRecording reads and transforms the file that is named, or the built-in
// recording.
func (a *app) readRecording(ctx context.Context, args []string, cut audio.Options) (*recording, error) {
	rec := &recording{file: audio.BuiltinName}
	var err error
	if len(args) == 0 {
		rec.sum = sha256.Sum256(audio.BuiltinFile())
		rec.sound, err = audio.Builtin()
	} else {
		rec.file = filepath.ToSlash(args[0])
		rec.sound, rec.sum, err = readSound(ctx, args[0])
	}
	if err != nil {
		return nil, err
	}
	for _, w := range rec.sound.Warnings {
		fmt.Fprintf(a.err, "polyad: %s: %s\n", rec.file, w)
	}
	if rec.sound.Frames() == 0 {
		return nil, fmt.Errorf("%s: there is no sound in it, 0 samples", rec.file)
	}
	for c, x := range rec.sound.Channels {
		for i, v := range x {
			if math.Abs(v) > loudest {
				return nil, fmt.Errorf("%s: sample %d of channel %d is %.3g; scale the recording, whose full scale is 1", rec.file, i, c, v)
			}
		}
	}
	if rec.channels, err = audio.TransformAllContext(ctx, rec.sound, cut); err != nil {
		return nil, fmt.Errorf("%s: %w", rec.file, err)
	}
	rec.mono = rec.channels[0]
	if len(rec.channels) > 1 {
		if rec.mono, err = audio.TransformContext(ctx, rec.sound.Mono(), rec.sound.Rate, cut); err != nil {
			return nil, fmt.Errorf("%s: %w", rec.file, err)
		}
	}
	return rec, nil
}

// named returns a path as pages and result files show it, which others may get: of
// an absolute one its last element.
func named(file string) string {
	if filepath.IsAbs(file) {
		return filepath.Base(file)
	}
	return file
}

// readSound reads a recording and the hash of its whole file, in one pass.
func readSound(ctx context.Context, path string) (s audio.Sound, sum [sha256.Size]byte, err error) {
	kind, err := audio.KindOfFile(path)
	if err != nil {
		return s, sum, exit.AsUsage(err)
	}
	f, err := os.Open(path)
	if err != nil {
		return s, sum, err
	}
	defer f.Close()
	h := sha256.New()
	r := bufio.NewReaderSize(io.TeeReader(f, h), 1<<16)
	if s, err = audio.DecodeContext(ctx, r, kind); err != nil {
		return s, sum, audio.About(path, err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return s, sum, err
	}
	return s, [sha256.Size]byte(h.Sum(nil)), nil
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
	Components []audioComponent  `json:"components"`
	Files      map[string]string `json:"files"`
}

// audioComponent describes one component.
type audioComponent struct {
	Index   int          `json:"index"`
	Energy  float64      `json:"energy"`
	PeakHz  float64      `json:"peak_hz"`
	PeaksHz []float64    `json:"peaks_hz"`
	Notes   []string     `json:"notes"`
	Plays   [][2]float64 `json:"plays"`
	Pruned  bool         `json:"pruned"`
	Stem    string       `json:"stem"`
}

// axes returns where the bins and the frames of the spectrogram lie.
func (rec *recording) axes(bins, frames int) []ndio.Axis {
	f := ndio.Axis{Title: "frequency", Unit: "Hz", Values: make([]float64, bins)}
	for k := range f.Values {
		f.Values[k] = rec.mono.Frequency(k)
	}
	t := ndio.Axis{Title: "time", Unit: "s", Values: make([]float64, frames)}
	for k := range t.Values {
		t.Values[k] = rec.mono.Time(k)
	}
	return []ndio.Axis{f, t}
}

// audioRun factorizes the spectrogram and writes what was found.
func audioRun(ctx context.Context, run *models.Fitting, o *nmf.Options, rec *recording, exponent float64) error {
	x, err := rec.mono.MagnitudeContext(ctx)
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
	r, err := w.Model(ctx, run, rec.file, x, *o)
	if err != nil {
		return err
	}
	run.Speak(r.Options.Workers)
	facts := input.Facts{File: named(rec.file), Shape: []int{x.Rows, x.Cols}, DType: "float64", SHA256: hex.EncodeToString(rec.sum[:])}
	r.Axes = rec.axes(x.Rows, x.Cols)
	res := w.Outcome(run, &input.Array{Facts: facts}, r).Result
	res.Axes = nil // which have files of their own
	res.Options["window"], res.Options["hop"], res.Options["mask_exponent"] = rec.mono.Size, rec.mono.Hop, exponent
	comps, err := describeComponents(rec, r)
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
		if encoding, err = writeSounds(ctx, dir, run, rec, masks, comps); err != nil {
			if ctx.Err() == nil {
				return err
			}
			// Interrupted: the model and its page are kept, without sounds.
			sounds = false
			for _, name := range []string{"stems", mixtureFile} {
				if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
					return err
				}
			}
			for q := range comps {
				comps[q].Stem = ""
			}
		}
		return models.WriteTo(filepath.Join(dir, "report.html"), func(w io.Writer) error {
			return writeAudioPage(w, res, r, rec, x, comps, sounds)
		})
	})
	if err != nil {
		return err
	}
	files := map[string]string{}
	names := []string{"report.html", "W.npy", "H.npy", "axis_0.csv", "axis_1.csv", "trace.csv", "result.json"}
	if sounds {
		names = append(names, mixtureFile)
		for _, c := range comps {
			names = append(names, c.Stem)
		}
	}
	for _, name := range names {
		files[name] = filepath.ToSlash(filepath.Join(run.Dir.Path, name))
	}
	all := audioResult{Result: res, File: rec.file, Seconds: rec.sound.Seconds(), FitSeconds: res.Seconds, Rate: rec.sound.Rate, Warnings: rec.sound.Warnings, Components: comps, Files: files}
	if sounds {
		all.Encoding = encoding.String()
	}
	if !run.Outs.JSON && !run.Outs.Quiet {
		if err := printComponents(run.Out, rec, comps); err != nil {
			return err
		}
		if sounds {
			fmt.Fprintln(run.Out, stored(rec.sound.Encoding, encoding))
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

// describeComponents says what each component sounds like; of a pruned one
// there is nothing to say.
func describeComponents(rec *recording, r *nmf.Result[float64]) ([]audioComponent, error) {
	described, err := audio.Describe(rec.mono, r.W, r.H)
	if err != nil {
		return nil, err
	}
	comps := make([]audioComponent, len(described))
	for q, d := range described {
		c := audioComponent{Index: q, Energy: d.Share, PeaksHz: []float64{}, Notes: []string{}, Plays: [][2]float64{}, Stem: fmt.Sprintf("stems/%02d.wav", q)}
		if c.Pruned = slices.Contains(r.Pruned, q); c.Pruned {
			c.Energy, d.Peaks, d.Plays = 0, nil, nil
		}
		for _, p := range d.Peaks {
			c.PeaksHz = append(c.PeaksHz, p.Hz)
			c.Notes = append(c.Notes, audio.NoteName(p.Hz))
		}
		if len(c.PeaksHz) > 0 {
			c.PeakHz = c.PeaksHz[0]
		}
		for _, p := range d.Plays {
			c.Plays = append(c.Plays, [2]float64{p.Start, p.End})
		}
		comps[q] = c
	}
	return comps, nil
}

// writeSounds writes the sound of each component, and the recording itself, in
// one encoding, which it returns.
func writeSounds(ctx context.Context, dir string, run *models.Fitting, rec *recording, masks *audio.Masks, comps []audioComponent) (audio.Encoding, error) {
	if err := os.Mkdir(filepath.Join(dir, "stems"), 0o777); err != nil {
		return 0, err
	}
	bar := console.NewProgress(run.Terminal, run.Outs.Progress, run.Outs.Quiet)
	defer bar.Clear()
	e, err := audio.WriteStems(ctx, masks, rec.sound, rec.channels, func(q int) (io.WriteCloser, error) {
		bar.Show(fmt.Sprintf("stem %d of %d", q+1, len(comps)))
		return os.Create(filepath.Join(dir, filepath.FromSlash(comps[q].Stem)))
	})
	if err != nil {
		return e, err
	}
	return e, writeSound(ctx, filepath.Join(dir, mixtureFile), rec.sound, e)
}

// writeSound writes a WAV file.
func writeSound(ctx context.Context, path string, s audio.Sound, e audio.Encoding) error {
	return models.WriteTo(path, func(w io.Writer) error {
		_, err := audio.WriteWAVContext(ctx, w, s, e)
		return err
	})
}

// stored says how the stems of a recording are stored, and why.
func stored(recorded, e audio.Encoding) string {
	why := "as the recording"
	switch {
	case recorded == audio.Float32 || recorded == audio.Float64:
		why = "as the recording has no integers"
	case e == recorded:
	default:
		why = "as some do not fit the recording's " + recorded.Words()
	}
	return fmt.Sprintf("stems and %s: %s, %s", mixtureFile, e.Words(), why)
}

// printComponents prints the table of what was found.
func printComponents(w io.Writer, rec *recording, comps []audioComponent) error {
	fmt.Fprintf(w, "%s: %s s, %d Hz, %s, spectrogram %d x %d\n\n", console.Line(rec.file), strconv.FormatFloat(math.Round(rec.sound.Seconds()*1000)/1000, 'g', 4, 64), rec.sound.Rate, channels(len(rec.sound.Channels)), rec.mono.Bins, rec.mono.Frames)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "component\tenergy\tstrongest frequencies\tplays")
	for _, c := range comps {
		fmt.Fprintf(t, "%d\t%.1f %%\t%s\t%s\n", c.Index, 100*c.Energy, c.peaks(), c.when(4))
	}
	fmt.Fprintln(t)
	return t.Flush()
}

// peaks lists the strongest frequencies with their notes.
func (c *audioComponent) peaks() string {
	var s []string
	for i, hz := range c.PeaksHz {
		s = append(s, fmt.Sprintf("%.0f Hz (%s)", hz, c.Notes[i]))
	}
	if len(s) == 0 {
		return "none"
	}
	return strings.Join(s, ", ")
}

// when lists up to n intervals in which the component plays.
func (c *audioComponent) when(n int) string {
	if c.Pruned {
		return "pruned: zero in the model"
	}
	if len(c.Plays) == 0 {
		return "never"
	}
	var s []string
	var total float64
	for i, p := range c.Plays {
		if i < n {
			s = append(s, interval(p[0], p[1]))
		}
		total += p[1] - p[0]
	}
	if len(c.Plays) > n {
		s = append(s, fmt.Sprintf("… (%d times, %.0f s in all)", len(c.Plays), total))
	}
	return strings.Join(s, " ")
}

// channels names a number of channels.
func channels(n int) string {
	switch n {
	case 1:
		return "mono"
	case 2:
		return "stereo"
	}
	return fmt.Sprintf("%d channels", n)
}

// interval formats a stretch of time in whole seconds, or in tenths where it is
// shorter than two.
func interval(start, end float64) string {
	if end-start >= 2 {
		return clock(math.Round(start), 2, 0) + "-" + clock(math.Round(end), 2, 0)
	}
	return clock(start, 4, 1) + "-" + clock(end, 4, 1)
}

// clock formats seconds as m:ss or m:ss.s.
func clock(s float64, width, decimals int) string {
	m := math.Floor(s / 60)
	return fmt.Sprintf("%.0f:%0*.*f", m, width, decimals, s-60*m)
}
