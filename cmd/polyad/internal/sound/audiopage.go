package sound

import (
	"fmt"
	"io"
	"path"

	"polyad/cmd/polyad/internal/models"
	"polyad/internal/report"
	"polyad/matrix"
	"polyad/nmf"
)

// WritePage writes the report of a recording taken apart.
func WritePage(w io.Writer, res *models.Result, r *nmf.Result[float64], rec *Recording, x *matrix.Dense[float64], comps []Component, sounds bool) error {
	p := report.AudioPage{
		Command:      res.Command,
		Facts:        append([]report.Fact{{Name: "window", Value: fmt.Sprintf("%d samples, hop %d", rec.Mono.Size, rec.Mono.Hop)}}, models.Facts(res)...),
		Formula:      res.Formula,
		Trace:        r.Trace,
		Name:         path.Base(rec.File),
		Seconds:      rec.Sound.Seconds(),
		Rate:         rec.Sound.Rate,
		Spectrogram:  x,
		FrameSeconds: float64(rec.Mono.Hop) / float64(rec.Mono.Rate),
		BinHz:        float64(rec.Mono.Rate) / float64(rec.Mono.Size),
	}
	if sounds {
		p.Mixture = MixtureFile
	}
	for q, c := range comps {
		spectrum := make([]float64, r.W.Rows)
		for f := range spectrum {
			spectrum[f] = r.W.At(f, q)
		}
		p.Components = append(p.Components, report.Component{
			Index: c.Index, EnergyShare: c.Energy, Peaks: c.PeaksHz, Notes: c.Notes, Plays: c.when(6),
			Spectrum: spectrum, Activation: r.H.Row(q), Stem: c.Stem,
		})
	}
	return report.Audio(w, p)
}
