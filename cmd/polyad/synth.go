package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"polyad/asm"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/input"
	"polyad/cmd/polyad/internal/models"
	"polyad/cmd/polyad/internal/output"
	"polyad/internal/synth"
	"polyad/ndio"
	"polyad/tensor"
)

// synthSchema names the form of what synth --json prints; fields may be added.
const synthSchema = "polyad/synth/1"

// synthResult is what synth tells of the data it made.
type synthResult struct {
	Schema   string  `json:"schema"`
	Command  string  `json:"command"`
	Kind     string  `json:"kind"`
	File     string  `json:"file"`
	Shape    []int   `json:"shape"`
	DType    string  `json:"dtype"`
	Rank     []int   `json:"rank"`              // one number; tucker: one a mode
	Density  float64 `json:"density,omitempty"` // Swimmer and fluorescence have none
	Nonneg   bool    `json:"nonneg"`
	Noise    string  `json:"noise"`
	SNR      float64 `json:"snr"` // dB; 0 without noise
	Seed     uint64  `json:"seed"`
	Truth    string  `json:"truth"` // the folder, "" when the model was not kept
	Mask     string  `json:"mask,omitempty"`
	Observed int     `json:"observed,omitempty"` // entries that are not missing, where some are
	RelError float64 `json:"rel_error"`          // of the true model
	Version  string  `json:"version"`
}

// synthFlags are the flags of all kinds of data; each kind registers those that
// have an effect.
type synthFlags struct {
	shape, rank models.Sizes
	density     float64
	nonneg      bool
	noise       string
	snr         float64
	dtype       input.DTypeFlag
	seed        uint64
	truth       string
	mask        string
	force       bool
	json, quiet bool

	set *pflag.FlagSet
	dir *output.Folder // for the true model, nil when it is not kept
}

const synthNoise = `
The noise has the ratio --snr to the model, in dB: gaussian is added (and
nonnegative data cut off at 0), poisson makes counts whose mean is the model times
a constant, which --truth keeps, and gamma multiplies by numbers of mean 1. Poisson
and gamma need a nonnegative model. The seed determines everything.`

func (a *app) synthCommand() *cobra.Command {
	kinds := []string{"nmf", "cpd", "tucker", "fluorescence", "swimmer"}
	cmd := &cobra.Command{
		Use:   "synth nmf|cpd|tucker|fluorescence|swimmer OUT.npy",
		Short: "Data with a known answer: arrays of low rank with noise, Swimmer",
		Example: `  polyad synth nmf X.npy --shape 200,100 -r 5 --truth model
  polyad synth swimmer swimmer.npy`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Usagef("there is no kind of data %q; want %s", args[0], strings.Join(kinds, ", "))
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error {
			return exit.Usagef("which kind of data? want %s", strings.Join(kinds, ", "))
		},
	}
	cmd.AddCommand(
		a.synthKind("nmf", "Nonnegative matrix X = W·H", `nmf makes X = W·H (m x n) of nonnegative factors of rank r. Their entries are
uniform on (0, 1]; --density d keeps that share of each column of W and row of H.
`, `  polyad synth nmf X.npy --shape 2000,1000 -r 32
  polyad synth nmf X.npy --shape 200,100 -r 5 --density 0.3 --noise poisson --snr 20 --truth model`),
		a.synthKind("cpd", "N-way array, a sum of r outer products", `cpd makes a sum of r outer products. The factors' entries are standard normal,
with --nonneg uniform on (0, 1]; --density d keeps that share of each column.
`, `  polyad synth cpd X.npy --shape 30,30,30 -r 4 --nonneg --noise gaussian --snr 40 --truth model
  polyad synth cpd X.npy --shape 300,300,300 -r 16 --dtype f32`),
		a.synthKind("tucker", "N-way array, a core times a factor in each mode", `tucker makes a core of shape R0 x R1 x … times a factor in each mode; a single
rank is that of every mode. Entries are standard normal, with --nonneg uniform on
(0, 1]; --density d keeps that share of the core.
`, `  polyad synth tucker X.npy --shape 30,30,30 -r 4 --nonneg --density 0.3 --noise poisson
  polyad synth tucker X.npy --shape 60,50,40 -r 6,5,4 --truth model`),
		a.synthKind("fluorescence", "Samples x emission x excitation, with missing entries", `fluorescence makes data as a spectrometer takes them, samples x emission x
excitation, a nonnegative sum of r outer products: bands of light in emission (250
to 450 nm) and excitation (240 to 300 nm), and gamma distributed concentrations.
What is emitted near the excitation or below it is scattered light (Rayleigh), and
missing: NaN in OUT.npy, to be fitted with --missing nan. With --mask OUT.npy is
complete, and MASK.npy is 0 where entries are missing, for --mask of the fits.
`, `  polyad synth fluorescence X.npy --shape 5,201,61 -r 4 --noise gaussian --snr 50 --truth model
  polyad cpd X.npy -r 4 --nonneg --missing nan
  polyad eval out --against model`),
		a.synthKind("swimmer", "The Swimmer pictures, 1024 x 256, and their 17 parts", `swimmer makes the 256 Swimmer pictures of 32 x 32 pixels, one a column: a torso and
four limbs in four positions each, 17 parts in all, which --truth keeps.
`, `  polyad synth swimmer swimmer.npy --truth parts
  polyad synth swimmer noisy.npy --noise poisson --snr 10`),
	)
	return cmd
}

// synthKind is the command that makes one kind of data.
func (a *app) synthKind(kind, short, long, example string) *cobra.Command {
	f := &synthFlags{dtype: "float64"}
	cmd := &cobra.Command{
		Use: kind + " OUT.npy", Short: short, Long: long + synthNoise, Example: example,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exit.Usagef("one file to write is wanted, such as X.npy; there are %d", len(args))
			}
			return nil
		},
	}
	fs := cmd.Flags()
	f.set = fs
	fs.SortFlags = false
	rankUsage := "number `R` of components"
	if kind == "tucker" {
		rankUsage = "size `R0,R1,...` of the core; one number: in every mode"
	}
	if kind != "swimmer" {
		fs.Var(&f.shape, "shape", "sizes of the modes")
		fs.VarP(&f.rank, "rank", "r", rankUsage)
	}
	switch kind {
	case "fluorescence":
		fs.StringVar(&f.mask, "mask", "", "write `MASK.npy`, 0 where entries are missing, instead of NaN into OUT.npy")
	case "nmf", "cpd", "tucker":
		fs.Float64Var(&f.density, "density", 1, "share of entries that are not zero, above 0")
	}
	if kind == "cpd" || kind == "tucker" {
		fs.BoolVar(&f.nonneg, "nonneg", false, "a nonnegative model")
	}
	fs.StringVar(&f.noise, "noise", "none", "gaussian, poisson or gamma")
	fs.Float64Var(&f.snr, "snr", 40, "signal-to-noise ratio of the noise, in dB")
	fs.Var(&f.dtype, "dtype", "f32 or f64")
	fs.Uint64Var(&f.seed, "seed", 0, "seed of all random numbers")
	fs.StringVar(&f.truth, "truth", "", "folder for the true model; must be missing or empty")
	fs.BoolVar(&f.force, "force", false, "replace OUT.npy, and write into --truth even if it is not empty")
	fs.BoolVar(&f.json, "json", false, "print what was made as JSON on standard output")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing but errors (and what --json prints)")
	cmd.RunE = a.verb(func(cmd *cobra.Command, args []string) error {
		o, err := f.check(kind, args[0])
		if err != nil {
			return err
		}
		res := &synthResult{
			Schema: synthSchema, Command: console.CommandLine(cmd, args), Kind: kind, File: filepath.ToSlash(args[0]), DType: f.dtype.String(),
			Density: o.Density, Nonneg: o.Nonneg, Noise: o.Noise.String(), SNR: o.SNR, Seed: o.Seed, Truth: filepath.ToSlash(f.truth), Mask: filepath.ToSlash(f.mask), Version: models.Version,
		}
		if f.truth != "" {
			if f.dir, err = output.Open(&a.unfinished, "--truth", f.truth, kind, f.force, false); err != nil {
				return err
			}
		}
		if f.dtype == "float32" {
			return makeData[float32](a, f, o, res)
		}
		return makeData[float64](a, f, o, res)
	})
	return cmd
}

// check turns the flags into options and refuses what makes no sense, before any
// work.
func (f *synthFlags) check(kind, out string) (o synth.Options, err error) {
	o = synth.Options{Density: f.density, Nonneg: f.nonneg || kind != "cpd" && kind != "tucker", Seed: f.seed}
	if o.Noise, err = synth.ParseNoise(f.noise); err != nil {
		return o, exit.Usagef("--noise %q; want gaussian, poisson or gamma", f.noise)
	}
	if o.Noise != synth.None {
		o.SNR = f.snr
	}
	switch suffix := strings.ToLower(filepath.Ext(out)); {
	case suffix != ".npy" && suffix != ".csv" && suffix != ".tsv":
		return o, exit.Usagef("%s: the file's name must end in .npy, or for a matrix in .csv or .tsv", console.Quote(out))
	case suffix != ".npy" && len(f.shape) > 2:
		return o, exit.Usagef("%s holds matrices; an array of %d modes goes into an .npy file", suffix, len(f.shape))
	case kind != "swimmer" && len(f.shape) == 0:
		return o, exit.Usagef("the sizes are missing; give them with --shape, such as --shape 200,100")
	case kind == "nmf" && len(f.shape) != 2:
		return o, exit.Usagef("--shape %s has %d modes; nmf makes a matrix", f.shape, len(f.shape))
	case kind == "fluorescence" && len(f.shape) != 3:
		return o, exit.Usagef("--shape %s has %d modes; fluorescence has samples, emission and excitation", f.shape, len(f.shape))
	case kind != "swimmer" && len(f.rank) == 0:
		return o, exit.Usagef("the rank is missing; give it with -r")
	case kind != "tucker" && len(f.rank) > 1:
		return o, exit.Usagef("-r %s: %s takes one rank", f.rank, kind)
	case kind == "tucker" && len(f.rank) > 1 && len(f.rank) != len(f.shape):
		return o, exit.Usagef("-r %s: want one rank, or one for each of the %d modes", f.rank, len(f.shape))
	case f.set.Lookup("density") != nil && f.density == 0:
		return o, exit.Usagef("--density is 0; must be above 0")
	case o.Noise == synth.None && f.set.Changed("snr"):
		return o, exit.Usagef("--snr has no effect without --noise")
	case o.Noise > synth.Gaussian && !o.Nonneg:
		return o, exit.Usagef("--noise %s needs a nonnegative model; add --nonneg", o.Noise)
	case f.truth == "" && f.set.Changed("truth"):
		return o, exit.Usagef("--truth is empty; give the name of a folder")
	case f.set.Changed("mask") && filepath.Ext(f.mask) != ".npy":
		return o, exit.Usagef("--mask %s: the file's name must end in .npy", console.Quote(f.mask))
	case f.mask != "" && filepath.Clean(f.mask) == filepath.Clean(out):
		return o, exit.Usagef("--mask and the data are the same file %s", console.Quote(out))
	}
	for _, name := range []string{out, f.mask} {
		if name == "" {
			continue
		}
		if _, err := os.Lstat(name); err == nil && !f.force {
			return o, exit.Usagef("%s exists; choose another name, or --force to replace it", name)
		}
		if err := output.Probe("output", filepath.Dir(name)); err != nil {
			return o, err
		}
	}
	return o, nil
}

// makeData makes the data of one element type and writes what was asked for.
func makeData[T asm.Float](a *app, f *synthFlags, o synth.Options, res *synthResult) error {
	switch res.Kind {
	case "nmf":
		d, err := synth.NMF[T](f.shape[0], f.shape[1], f.rank[0], o)
		return keep(a, f, res, f.rank, d, err)
	case "cpd":
		d, err := synth.CPD[T](f.shape, f.rank[0], o)
		return keep(a, f, res, f.rank, d, err)
	case "tucker":
		ranks := f.rank
		if len(ranks) == 1 {
			ranks = slices.Repeat(ranks, len(f.shape))
		}
		d, err := synth.Tucker[T](f.shape, ranks, o)
		return keep(a, f, res, ranks, d, err)
	}
	if res.Kind == "fluorescence" {
		d, mask, err := synth.Fluorescence[T](f.shape, f.rank[0], o)
		if err != nil {
			return err
		}
		res.Observed = mask.Count()
		if err := hide(f.mask, d.X, mask); err != nil {
			return err
		}
		return keep(a, f, res, f.rank, d, nil)
	}
	d, err := synth.Swimmer[T](o)
	return keep(a, f, res, []int{17}, d, err)
}

// hide makes the missing entries of x NaN, or writes a file of the mask when that
// has a name.
func hide[T asm.Float](name string, x *tensor.Dense[T], mask *tensor.Mask) error {
	seen := tensor.New[T](x.Shape...)
	for i := range x.Data {
		if mask.Bits[i/64]>>(i%64)&1 == 1 {
			seen.Data[i] = 1
		} else if name == "" {
			x.Data[i] = T(math.NaN())
		}
	}
	if name == "" {
		return nil
	}
	return ndio.WriteFile(name, seen)
}

// keep writes the data, the model if it is wanted, and tells about them.
func keep[T asm.Float, M synth.Model](a *app, f *synthFlags, res *synthResult, rank []int, d *synth.Data[T, M], err error) error {
	if err != nil {
		return err
	}
	if err := ndio.WriteFile(filepath.FromSlash(res.File), d.X); err != nil {
		return err
	}
	if f.dir != nil {
		if err := f.dir.Fill(func(to string) error { return d.Truth.Save(to) }); err != nil {
			return err
		}
	}
	res.Shape, res.Rank, res.RelError = d.X.Shape, rank, d.RelError
	switch {
	case f.json:
		return console.JSON(a.out, res)
	case f.quiet:
		return nil
	}
	t := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "written\t%s: %s %s of rank %s\n", console.Line(res.File), console.Shape(res.Shape), res.DType, models.Sizes(res.Rank))
	if res.Noise != "none" {
		fmt.Fprintf(t, "noise\t%s, %g dB\n", res.Noise, res.SNR)
		fmt.Fprintf(t, "relative error\t%.6g of the true model\n", res.RelError)
	}
	if res.Observed > 0 {
		all, _ := tensor.Elements(res.Shape)
		where := "NaN there"
		if res.Mask != "" {
			where = "0 in " + console.Line(res.Mask)
		}
		fmt.Fprintf(t, "missing\t%d of %d entries (%.3g %%), %s\n", all-res.Observed, all, 100*float64(all-res.Observed)/float64(all), where)
	}
	if res.Truth != "" {
		fmt.Fprintf(t, "true model\t%s\n", console.Line(res.Truth))
	}
	return t.Flush()
}
