package main

import (
	"fmt"
	"io"
	"path"
	"slices"

	"polyad/cmd/polyad/internal/console"
	"polyad/internal/report"
	"polyad/matrix"
	"polyad/nmf"
)

// penaltyOf returns the penalties per block, nil when there are none.
func penaltyOf(res *result) map[string]float64 {
	if !res.penalized() {
		return nil
	}
	p := map[string]float64{}
	for _, b := range res.blocks {
		p[blockTitle(b)] = res.Penalty[b]
	}
	return p
}

// writeAudioPage writes the report of a recording taken apart.
func writeAudioPage(w io.Writer, res *result, r *nmf.Result[float64], rec *recording, x *matrix.Dense[float64], comps []audioComponent, sounds bool) error {
	p := report.AudioPage{
		Command:      res.Command,
		Facts:        append([]report.Fact{{Name: "window", Value: fmt.Sprintf("%d samples, hop %d", rec.mono.Size, rec.mono.Hop)}}, facts(res)...),
		Formula:      res.Formula,
		Trace:        r.Trace,
		Name:         path.Base(rec.file),
		Seconds:      rec.sound.Seconds(),
		Rate:         rec.sound.Rate,
		Spectrogram:  x,
		FrameSeconds: float64(rec.mono.Hop) / float64(rec.mono.Rate),
		BinHz:        float64(rec.mono.Rate) / float64(rec.mono.Size),
	}
	if sounds {
		p.Mixture = mixtureFile
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

// facts lists what was run and what came out.
func facts(res *result) []report.Fact {
	method := res.by()
	if inner, ok := res.Options["inner"]; ok && inner != 0 { // 0: the method's own rule
		method += fmt.Sprintf(", inner %v", inner)
	}
	if order, ok := res.Options["order"]; ok {
		method += fmt.Sprintf(", order %v", order)
	}
	f := []report.Fact{
		{Name: "data", Value: fmt.Sprintf("%s, %s %s", res.Input.File, console.Shape(res.Input.Shape), res.Input.DType)},
		{Name: "rank", Value: fmt.Sprint(res.Options["rank"])},
		{Name: "method", Value: method},
		{Name: "start", Value: fmt.Sprintf("%v, seed %d", res.Options["init"], res.Seed)},
		{Name: "balance", Value: res.Balance.Mode},
		{Name: "status", Value: fmt.Sprintf("%s, %s", res.ended(), report.Clock(res.Seconds))},
		{Name: "objective", Value: report.Number(res.Objective)},
		{Name: "loss", Value: report.Number(res.Loss)},
	}
	if seen := res.observed(); seen != "" {
		f = slices.Insert(f, 1, report.Fact{Name: "observed", Value: seen})
	}
	for _, b := range res.blocks {
		if v := res.Penalty[b]; v > 0 {
			f = append(f, report.Fact{Name: "penalty on " + blockTitle(b), Value: report.Number(v)})
		}
	}
	f = append(f, report.Fact{Name: "relative error", Value: report.Number(res.RelError)}, report.Fact{Name: "explained", Value: console.Percent(res.RelError)})
	if res.Size != nil {
		f = append(f, report.Fact{Name: "size", Value: res.Size.String()})
	}
	for _, b := range res.blocks {
		if v, ok := res.KKT[b]; ok {
			f = append(f, report.Fact{Name: "KKT residual of " + blockTitle(b), Value: report.Number(v)})
		}
	}
	return append(f,
		report.Fact{Name: "processor", Value: fmt.Sprintf("%s, %s kernels, %d workers", res.CPU, res.SIMD, res.Workers)},
		report.Fact{Name: "version", Value: "polyad " + res.Version})
}
