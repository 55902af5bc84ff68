package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/audio"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/input"
	"polyad/cmd/polyad/internal/models"
	"polyad/cmd/polyad/internal/sound"
	"polyad/tensor"
)

// machineInfo is what info tells of polyad and the machine.
type machineInfo struct {
	Version string     `json:"version"`
	Go      string     `json:"go"`
	OS      string     `json:"os"`
	Arch    string     `json:"arch"`
	CPU     string     `json:"cpu"`
	Cores   int        `json:"cores"`
	SIMD    string     `json:"simd"`
	Levels  []string   `json:"simd_levels"`
	File    *arrayInfo `json:"file,omitempty"`
	Model   *modelInfo `json:"model,omitempty"`
	Sound   *soundInfo `json:"recording,omitempty"`
}

// arrayInfo is what info tells of an array file. Min and Max are over finite
// entries and null when there are none.
type arrayInfo struct {
	input.Facts
	Stored   string   `json:"stored"`
	Min      *float64 `json:"min"`
	Max      *float64 `json:"max"`
	Mean     *float64 `json:"mean"`
	Zeros    int      `json:"zeros"`
	Negative int      `json:"negative"`
	NaN      int      `json:"nan"`
	Inf      int      `json:"inf"`
}

type soundInfo struct {
	File     string   `json:"file"`
	Rate     int      `json:"rate"`
	Channels int      `json:"channels"`
	Seconds  float64  `json:"seconds"`
	Peak     float64  `json:"peak"`
	Encoding string   `json:"encoding"`
	Warnings []string `json:"warnings,omitempty"`

	samples string // the encoding in words
}

// modelInfo is what info tells of a model folder. Command, Status, RelError and
// Input are there when it has a result.json.
type modelInfo struct {
	Folder   string  `json:"folder"`
	Kind     string  `json:"kind"`
	Shape    []int   `json:"shape"`
	Rank     []int   `json:"rank"` // one number; tucker: one a mode
	DType    string  `json:"dtype"`
	Command  string  `json:"command,omitempty"`
	Status   string  `json:"status,omitempty"`
	RelError float64 `json:"rel_error,omitempty"`
	Input    string  `json:"input,omitempty"`
	Stale    bool    `json:"stale,omitempty"` // its result.json tells of another model
}

func (a *app) infoCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info [FILE]",
		Short: "What this machine gives; what a file or a model folder holds",
		Example: `  polyad info
  polyad info X.npy
  polyad info data.npz:X
  polyad info table.csv --index --transpose
  polyad info song.ogg --json
  polyad info model`,
		Args: oneFile(true),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	a.input.Data.Register(cmd.Flags())
	cmd.RunE = a.verb(func(cmd *cobra.Command, args []string) error {
		where := ""
		switch {
		case len(args) == 0:
			where = "without a FILE of data"
		case audio.IsRecording(args[0]) || isModel(args[0]):
			where = "on what is no file of an array"
		}
		if where != "" {
			if err := a.input.Data.Unused(cmd.Flags(), where); err != nil {
				return err
			}
		}
		info := &machineInfo{Version: models.Version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
			CPU: asm.CPU(), Cores: runtime.NumCPU(), SIMD: asm.Current().String()}
		for _, l := range asm.Levels() {
			info.Levels = append(info.Levels, l.String())
		}
		if len(args) == 1 {
			if err := a.describe(info, args[0]); err != nil {
				return err
			}
		}
		if asJSON {
			return console.JSON(a.out, info)
		}
		return info.print(a)
	})
	return cmd
}

// describe fills in what there is to say of a file.
func (a *app) describe(info *machineInfo, path string) error {
	if audio.IsRecording(path) || audio.Foreign(path) != "" {
		s, err := audio.ReadFile(path)
		if err != nil {
			return err
		}
		info.Sound = &soundInfo{File: path, Rate: s.Rate, Channels: len(s.Channels), Seconds: s.Seconds(), Encoding: s.Encoding.String(), Warnings: s.Warnings, samples: s.Encoding.Words()}
		for _, c := range s.Channels {
			for _, v := range c {
				info.Sound.Peak = math.Max(info.Sound.Peak, math.Abs(v))
			}
		}
		return nil
	}
	if isModel(path) {
		var err error
		info.Model, err = describeModel(path)
		return err
	}
	in, err := a.input.Read(path)
	if err != nil {
		return err
	}
	if in.Array.F32 != nil {
		info.File = scan(in.Array.F32)
	} else {
		info.File = scan(in.Array.F64)
	}
	info.File.Facts, info.File.Stored = in.Facts, in.Array.Stored
	return nil
}

// scan counts and bounds the entries of a row-major array.
func scan[T asm.Float](t *tensor.Dense[T]) *arrayInfo {
	info := &arrayInfo{}
	lo, hi, sum, n := math.Inf(1), math.Inf(-1), 0.0, 0
	for _, e := range t.Contiguous().Data {
		v := float64(e)
		switch {
		case math.IsNaN(v):
			info.NaN++
			continue
		case math.IsInf(v, 0):
			info.Inf++
			continue
		case v == 0:
			info.Zeros++
		case v < 0:
			info.Negative++
		}
		lo, hi = math.Min(lo, v), math.Max(hi, v)
		sum += v / float64(t.Len()) // no overflow
		n++
	}
	if n > 0 {
		mean := sum * (float64(t.Len()) / float64(n))
		info.Min, info.Max, info.Mean = &lo, &hi, &mean
	}
	return info
}

func (i *machineInfo) print(a *app) error {
	t := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	row := console.Rows(t)
	row("polyad", "%s, %s %s/%s", i.Version, i.Go, i.OS, i.Arch)
	row("processor", "%s, %d cores", i.CPU, i.Cores)
	row("kernels", "%s, of %s (POLYAD_SIMD chooses)", i.SIMD, strings.Join(i.Levels, ", "))
	if f := i.File; f != nil {
		row("file", "%s", f.File)
		row("shape", "%s", console.Shape(f.Shape))
		row("type", "%s, read as %s", f.Stored, f.DType)
		if f.Min != nil {
			row("range", "%.6g to %.6g, mean %.6g", *f.Min, *f.Max, *f.Mean)
		}
		row("entries", "%d zero, %d negative, %d NaN, %d infinite", f.Zeros, f.Negative, f.NaN, f.Inf)
	}
	if m := i.Model; m != nil {
		row("model", "%s: %s of %s, rank %s, %s", m.Folder, m.Kind, console.Shape(m.Shape), console.Shape(m.Rank), m.DType)
		if m.Stale {
			row("result.json", "tells of another model, which was replaced")
		}
		if m.Status != "" {
			row("by", "%s", m.Command)
			row("status", "%s, relative error %.6g for %s", m.Status, m.RelError, m.Input)
		}
	}
	if s := i.Sound; s != nil {
		row("file", "%s", s.File)
		row("recording", "%s at %d Hz, %.2f s, %s, peak %.3g", sound.Channels(s.Channels), s.Rate, s.Seconds, s.samples, s.Peak)
		for _, w := range s.Warnings {
			row("warning", "%s", w)
		}
	}
	return t.Flush()
}

// isModel reports whether a path is a folder with a file of a model.
func isModel(path string) bool {
	for _, file := range []string{"W.npy", "weights.npy", "core.npy"} {
		if _, err := os.Stat(filepath.Join(path, file)); err == nil {
			return true
		}
	}
	return false
}

// describeModel tells what model a folder holds.
func describeModel(dir string) (*modelInfo, error) {
	k, err := models.KindOf(dir)
	if err != nil {
		return nil, err
	}
	model, err := k.Open64(dir)
	if err != nil {
		return nil, err
	}
	m := &modelInfo{Folder: filepath.ToSlash(dir), Kind: k.Facts().Name, Shape: model.Shape(), Rank: model.RankList(), DType: "float64"}
	single, err := models.IsFloat32(k, dir)
	if err != nil {
		return nil, err
	}
	if single {
		m.DType = "float32"
	}
	saved, err := models.ReadSaved(dir)
	if errors.Is(err, models.ErrStale) {
		m.Stale, err = true, nil
	}
	if saved != nil {
		m.Command, m.Status, m.RelError, m.Input = saved.Command, saved.Status, saved.RelError, saved.Input.File
	}
	return m, err
}
