package report

import (
	"fmt"
	"html/template"
	"io"
	"strings"

	"polyad/matrix"
	"polyad/solver"
)

// AudioPage is what a page about a recording taken apart into components shows.
type AudioPage struct {
	// Title heads the page, Summary is a sentence below it. Defaults are made
	// from the recording.
	Title, Summary string
	// Command is the command line of the run.
	Command string
	// Facts are shown in this order: window, hop, loss, method, status and so on.
	Facts []Fact
	// Formula is the objective as text.
	Formula string
	// Trace is the trace of the run.
	Trace solver.Trace

	// Name, Seconds and Rate (in Hz) are those of the recording.
	Name    string
	Seconds float64
	Rate    int
	// Mixture is the recording as a relative, slash-separated path from the page
	// to a sound file, not escaped; empty when there is none.
	Mixture string

	// Spectrogram holds magnitudes, bins x frames: bin f is at f·BinHz, frame t
	// is centred at t·FrameSeconds. Nil leaves the picture out.
	Spectrogram *matrix.Dense[float64]
	// FrameSeconds and BinHz are positive; they are needed for spectra and
	// activations too.
	FrameSeconds, BinHz float64

	// Components in the order of the page.
	Components []Component
}

// Component is a part of the model of a recording: spectrum times activation.
type Component struct {
	// Index is its number as shown, by convention counted from 0.
	Index int
	// Label is a name for it, or empty.
	Label string
	// EnergyShare is its part of the energy of all components, 0 to 1.
	EnergyShare float64
	// Peaks are its dominant frequencies in Hz, Notes their names: either empty
	// or one per peak.
	Peaks []float64
	Notes []string
	// Plays says when it is heard: "0:04–0:31, 1:10–1:52".
	Plays string
	// Spectrum is its column of W, a value per bin, and Activation its row of H,
	// a value per frame.
	Spectrum, Activation []float64
	// Stem is its sound as a relative, slash-separated path from the page to a
	// sound file, not escaped; empty when there is none.
	Stem string
}

// Audio writes the page about a recording taken apart into components.
func Audio(w io.Writer, p AudioPage) error {
	return write(w, "audio.html", func() (any, error) { return buildAudio(p) })
}

// audioView is what audio.html shows.
type audioView struct {
	AudioPage
	Convergence *convergence
	MixtureURL  string
	Image       template.HTML // the spectrogram
	Activations template.HTML
	Cards       []card
	HasStems    bool
}

func buildAudio(p AudioPage) (*audioView, error) {
	if err := checkAudio(p); err != nil {
		return nil, err
	}
	v := &audioView{AudioPage: p, MixtureURL: link(p.Mixture)}
	if v.Title == "" {
		v.Title = "Components of a recording"
		if p.Name != "" {
			v.Title = "Components of " + p.Name
		}
	}
	if v.Summary == "" {
		v.Summary = p.summary()
	}
	var err error
	if v.Convergence, err = newConvergence(p.Trace); err != nil {
		return nil, err
	}
	if p.Spectrogram != nil {
		if v.Image, err = spectrogramFigure(p); err != nil {
			return nil, err
		}
	}
	if len(p.Components) == 0 {
		return v, nil
	}
	if v.Activations, err = activationsFigure(p); err != nil {
		return nil, err
	}
	for _, c := range p.Components {
		drawn, err := newCard(p, c)
		if err != nil {
			return nil, err
		}
		v.Cards = append(v.Cards, drawn)
		v.HasStems = v.HasStems || c.Stem != ""
	}
	return v, nil
}

// summary says what was done.
func (p AudioPage) summary() string {
	name := p.Name
	if name == "" {
		name = "A recording"
	}
	var details []string
	if p.Seconds > 0 {
		details = append(details, Clock(p.Seconds))
	}
	if p.Rate > 0 {
		details = append(details, Number(float64(p.Rate)/1000)+" kHz")
	}
	if len(details) > 0 {
		name += " (" + strings.Join(details, ", ") + ")"
	}
	switch r := len(p.Components); r {
	case 0:
		return name + "."
	case 1:
		return name + " as 1 component, a sound with a fixed spectrum that becomes louder and softer."
	default:
		return fmt.Sprintf("%s, taken apart into %d components, sounds with a fixed spectrum that become louder and softer.", name, r)
	}
}

func checkAudio(p AudioPage) error {
	if err := checkTrace(p.Trace); err != nil {
		return err
	}
	if !(p.Seconds >= 0) || !finite(p.Seconds) || p.Rate < 0 {
		return fmt.Errorf("%w: the recording has Seconds %v and Rate %d, they must not be negative", ErrPage, p.Seconds, p.Rate)
	}
	if p.Spectrogram == nil && len(p.Components) == 0 {
		return nil
	}
	if !(p.FrameSeconds > 0) || !(p.BinHz > 0) || !finite(p.FrameSeconds) || !finite(p.BinHz) {
		return fmt.Errorf("%w: FrameSeconds is %v and BinHz %v, they must be positive", ErrPage, p.FrameSeconds, p.BinHz)
	}
	bins, frames := p.size()
	if p.Spectrogram != nil {
		if err := checkMatrix("Spectrogram", p.Spectrogram); err != nil {
			return err
		}
	}
	for i, c := range p.Components {
		at := fmt.Sprintf("Components[%d]", i)
		if len(c.Spectrum) != bins || len(c.Activation) != frames || bins == 0 || frames == 0 {
			return fmt.Errorf("%w: %s has %d bins and %d frames, must have %d and %d like the spectrogram or the first component (at least 1)", ErrPage, at, len(c.Spectrum), len(c.Activation), bins, frames)
		}
		if len(c.Notes) != 0 && len(c.Notes) != len(c.Peaks) {
			return fmt.Errorf("%w: %s has %d peaks and %d notes, give a note for each or none", ErrPage, at, len(c.Peaks), len(c.Notes))
		}
		for _, f := range []struct {
			name   string
			values []float64
		}{{"Spectrum", c.Spectrum}, {"Activation", c.Activation}, {"Peaks", c.Peaks}, {"EnergyShare", []float64{c.EnergyShare}}} {
			if err := checkValues(at+"."+f.name, f.values); err != nil {
				return err
			}
		}
	}
	return nil
}

// size returns the numbers of bins and frames.
func (p AudioPage) size() (bins, frames int) {
	if p.Spectrogram != nil {
		return p.Spectrogram.Rows, p.Spectrogram.Cols
	}
	return len(p.Components[0].Spectrum), len(p.Components[0].Activation)
}
