package report_test

import (
	"bytes"
	"fmt"
	"strings"

	"polyad/internal/report"
	"polyad/matrix"
	"polyad/solver"
)

func ExampleNMF() {
	page := report.NMFPage{
		Title:   "Counts of words",
		Command: "polyad nmf words.npy --rank 1",
		Facts:   []report.Fact{{Name: "loss", Value: report.Number(0.000123456)}, {Name: "time", Value: report.Clock(112.3)}},
		Trace:   solver.Trace{{Loss: 4, RelError: 1}, {Iter: 1, Seconds: 0.5, Loss: 1, RelError: 0.5}},
		W:       matrix.Of(2, 1, []float64{1, 2}),
		H:       matrix.Of(1, 3, []float64{1, 0, 3}),
	}
	var html bytes.Buffer
	if err := report.NMF(&html, page); err != nil {
		fmt.Println(err)
	}
	for _, line := range strings.Split(html.String(), "\n") {
		if strings.HasPrefix(line, "<h1>") || strings.HasPrefix(line, "<div><dt>") || strings.HasPrefix(line, "<p>In") {
			fmt.Println(line)
		}
	}
	// Output:
	// <h1>Counts of words</h1>
	// <div><dt>loss</dt><dd>1.235×10⁻⁴</dd></div>
	// <div><dt>time</dt><dd>1:52</dd></div>
	// <p>In 1 sweep and 0.5 s the objective went from 4 to 1 and the relative error from 1 to 0.5.</p>
}

func ExampleAudio() {
	err := report.Audio(&bytes.Buffer{}, report.AudioPage{
		Spectrogram: matrix.New[float64](3, 5), FrameSeconds: 0.02, BinHz: 100,
		Components: []report.Component{{Index: 0, Spectrum: make([]float64, 3), Activation: make([]float64, 4)}},
	})
	fmt.Println(err)
	// Output:
	// report: invalid report: Components[0] has 3 bins and 4 frames, must have 3 and 5 like the spectrogram or the first component (at least 1)
}
