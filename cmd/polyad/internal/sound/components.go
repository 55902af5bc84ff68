package sound

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"polyad/audio"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/models"
	"polyad/nmf"
)

// Component describes one component.
type Component struct {
	Index   int          `json:"index"`
	Energy  float64      `json:"energy"`
	PeakHz  float64      `json:"peak_hz"`
	PeaksHz []float64    `json:"peaks_hz"`
	Notes   []string     `json:"notes"`
	Plays   [][2]float64 `json:"plays"`
	Pruned  bool         `json:"pruned"`
	Stem    string       `json:"stem"`
}

// Describe says what each component sounds like; of a pruned one
// there is nothing to say.
func Describe(rec *Recording, r *nmf.Result[float64]) ([]Component, error) {
	described, err := audio.Describe(rec.Mono, r.W, r.H)
	if err != nil {
		return nil, err
	}
	comps := make([]Component, len(described))
	for q, d := range described {
		c := Component{Index: q, Energy: d.Share, PeaksHz: []float64{}, Notes: []string{}, Plays: [][2]float64{}, Stem: fmt.Sprintf("stems/%02d.wav", q)}
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

// WriteSounds writes the sound of each component, and the recording itself, in
// one encoding, which it returns.
func WriteSounds(ctx context.Context, dir string, run *models.Fitting, rec *Recording, masks *audio.Masks, comps []Component) (audio.Encoding, error) {
	if err := os.Mkdir(filepath.Join(dir, "stems"), 0o777); err != nil {
		return 0, err
	}
	bar := console.NewProgress(run.Terminal, run.Outs.Progress, run.Outs.Quiet)
	defer bar.Clear()
	e, err := audio.WriteStems(ctx, masks, rec.Sound, rec.channels, func(q int) (io.WriteCloser, error) {
		bar.Show(fmt.Sprintf("stem %d of %d", q+1, len(comps)))
		return os.Create(filepath.Join(dir, filepath.FromSlash(comps[q].Stem)))
	})
	if err != nil {
		return e, err
	}
	return e, WriteSound(ctx, filepath.Join(dir, MixtureFile), rec.Sound, e)
}

// WriteSound writes a WAV file.
func WriteSound(ctx context.Context, path string, s audio.Sound, e audio.Encoding) error {
	return models.WriteTo(path, func(w io.Writer) error {
		_, err := audio.WriteWAVContext(ctx, w, s, e)
		return err
	})
}

// Stored says how the stems of a recording are stored, and why.
func Stored(recorded, e audio.Encoding) string {
	why := "as the recording"
	switch {
	case recorded == audio.Float32 || recorded == audio.Float64:
		why = "as the recording has no integers"
	case e == recorded:
	default:
		why = "as some do not fit the recording's " + recorded.Words()
	}
	return fmt.Sprintf("stems and %s: %s, %s", MixtureFile, e.Words(), why)
}

// Print prints the table of what was found.
func Print(w io.Writer, rec *Recording, comps []Component) error {
	fmt.Fprintf(w, "%s: %s s, %d Hz, %s, spectrogram %d x %d\n\n", console.Line(rec.File), strconv.FormatFloat(math.Round(rec.Sound.Seconds()*1000)/1000, 'g', 4, 64), rec.Sound.Rate, Channels(len(rec.Sound.Channels)), rec.Mono.Bins, rec.Mono.Frames)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "component\tenergy\tstrongest frequencies\tplays")
	for _, c := range comps {
		fmt.Fprintf(t, "%d\t%.1f %%\t%s\t%s\n", c.Index, 100*c.Energy, c.peaks(), c.when(4))
	}
	fmt.Fprintln(t)
	return t.Flush()
}

// peaks lists the strongest frequencies with their notes.
func (c *Component) peaks() string {
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
func (c *Component) when(n int) string {
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

// Channels names a number of channels.
func Channels(n int) string {
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
