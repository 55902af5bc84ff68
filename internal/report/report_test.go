package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/matrix"
	"polyad/solver"
)

// notes returns an audio page about r decaying notes with harmonics and noise.
func notes(bins, frames, r int) AudioPage {
	rng := rand.New(rand.NewPCG(1, 2))
	p := AudioPage{
		Title: "Notes", Command: "polyad separate notes.wav --rank 8", Formula: "D_KL(X | W·H)",
		Facts: []Fact{{"rank", fmt.Sprint(r)}}, Trace: falling(40), Name: "notes.wav", Rate: 22050,
		Seconds: float64(frames-1) * 512 / 22050, Mixture: "mixture.wav", FrameSeconds: 512.0 / 22050, BinHz: 22050.0 / 2048,
		Spectrogram: matrix.New[float64](bins, frames),
	}
	for q := range r {
		c := Component{
			Index: q + 1, EnergyShare: 1 / float64(r), Peaks: []float64{110 * float64(q+1)}, Notes: []string{"A2"},
			Plays: "0:01–0:05", Stem: fmt.Sprintf("stems/%02d.wav", q+1),
			Spectrum: make([]float64, bins), Activation: make([]float64, frames),
		}
		for f := range c.Spectrum {
			c.Spectrum[f] = 1e-3 * rng.Float64()
			if f%(5*(q+1)) == 0 {
				c.Spectrum[f] += math.Exp(-float64(f) / 100)
			}
		}
		for t := range c.Activation {
			c.Activation[t] = math.Exp(-float64((t+37*q)%200)/40) * (0.9 + 0.1*rng.Float64())
		}
		for f, w := range c.Spectrum {
			row := p.Spectrogram.Row(f)
			for t, h := range c.Activation {
				row[t] += w * h
			}
		}
		p.Components = append(p.Components, c)
	}
	for f := range bins {
		row := p.Spectrogram.Row(f)
		for t := range row {
			row[t] += 1e-2 * rng.ExpFloat64()
		}
	}
	return p
}

// falling returns a trace of n points.
func falling(n int) solver.Trace {
	t := make(solver.Trace, n)
	for i := range t {
		decay := math.Exp(-float64(i) / 5)
		t[i] = solver.Point{Iter: i, Seconds: 0.01 * float64(i), Loss: 1 + 1000*decay, Penalty: 0.3, RelError: 0.1 + 0.9*decay}
	}
	return t
}

// blocks returns a page about a factorization of random factors.
func blocks(m, n, r int) NMFPage {
	rng := rand.New(rand.NewPCG(3, 4))
	random := func(rows, cols int) *matrix.Dense[float64] {
		x := matrix.New[float64](rows, cols)
		for i := range x.Data {
			x.Data[i] = math.Max(0, rng.NormFloat64())
		}
		return x
	}
	beta := make([]float64, r)
	for q := range beta {
		beta[q] = 1 + rng.Float64()
	}
	return NMFPage{
		Title: "Factors", Command: "polyad nmf x.npy --rank 8", Facts: []Fact{{"file", "x.npy"}}, Formula: "1/2·||X - W·H||²",
		Trace: falling(40), W: random(m, r), H: random(r, n), Penalty: map[string]float64{"w": 0.2, "h": 0.1}, Beta: beta,
	}
}

func audioPage(t *testing.T, p AudioPage) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Audio(&b, p))
	checkPage(t, b.String())
	return b.String()
}

func nmfPage(t *testing.T, p NMFPage) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, NMF(&b, p))
	checkPage(t, b.String())
	return b.String()
}

// checkPage requires that elements are nested well, that nothing outside is
// referred to, and that no number went wrong.
func checkPage(t *testing.T, page string) {
	t.Helper()
	void := []string{"meta", "br", "image", "path"}
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.Entity = false, xml.HTMLEntity
	var open []string
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch e := token.(type) {
		case xml.StartElement:
			if !slices.Contains(void, e.Name.Local) {
				open = append(open, e.Name.Local)
			}
			for _, a := range e.Attr {
				switch a.Name.Local {
				case "src", "href":
					if !strings.HasPrefix(a.Value, "data:image/png;base64,") {
						assert.NotRegexp(t, `^(//|[a-zA-Z][a-zA-Z0-9+.-]*:)`, a.Value)
					}
				case "srcset", "onclick", "onerror", "onload":
					t.Errorf("attribute %s", a.Name.Local)
				}
			}
			assert.NotContains(t, []string{"script", "link", "iframe", "object", "base"}, e.Name.Local)
		case xml.EndElement:
			if !slices.Contains(void, e.Name.Local) {
				require.NotEmpty(t, open, "</%s> closes nothing", e.Name.Local)
				require.Equal(t, open[len(open)-1], e.Name.Local)
				open = open[:len(open)-1]
			}
		}
	}
	require.Empty(t, open, "elements left open")
	words := regexp.MustCompile(`base64,[A-Za-z0-9+/=]*`).ReplaceAllString(page, "")
	for _, bad := range []string{"=\"http", "url(", "@import", "NaN", "Inf", "ZgotmplZ", "&lt;no value", "%!"} {
		hasNot(t, words, bad)
	}
}

// has and hasNot do not print the page when they fail.
func has(t *testing.T, page, want string) {
	t.Helper()
	assert.True(t, strings.Contains(page, want), "the page lacks %q", want)
}

func hasNot(t *testing.T, page, bad string) {
	t.Helper()
	at := strings.Index(page, bad)
	assert.Negative(t, at, "the page has %q: %s", bad, page[max(0, at-60):min(len(page), at+60)])
}

func TestPagesHoldWhatTheyAreGiven(t *testing.T) {
	page := audioPage(t, notes(513, 900, 8))
	for _, want := range []string{"<h1>Notes</h1>", "notes.wav (20.9 s, 22.05 kHz)", "8 components", "polyad separate notes.wav --rank 8", "D_KL(X | W·H)",
		`src="mixture.wav"`, `src="stems/08.wav"`, "880 Hz (A2)", "12.5 %", "0:01–0:05", "In 39 sweeps"} {
		has(t, page, want)
	}
	assert.Equal(t, 9, strings.Count(page, "<audio"))
	assert.Equal(t, 2, strings.Count(page, "data:image/png;base64,"))

	p := blocks(60, 70, 8)
	p.Pruned = []int{6, 2}
	page = nmfPage(t, p)
	for _, want := range []string{"<h1>Factors</h1>", "60 × 70", "polyad nmf x.npy --rank 8", "x.npy", "1/2·||X - W·H||²", "them: 2, 6.", "66.7 %", "pruned"} {
		has(t, page, want)
	}
	hasNot(t, page, "<audio")
}

func TestOrderOfTheAudioPage(t *testing.T) {
	page := audioPage(t, notes(65, 90, 2))
	last := -1
	for _, part := range []string{"<h1>", "Spectrogram:", "Activations:", "<h2>Components", `id="component-1"`, `id="component-2"`, "<h2>Convergence", `class="facts"`, `class="legend"`} {
		at := strings.Index(page, part)
		assert.Greater(t, at, last, part)
		last = at
	}
}

func TestSectionsWithoutContentAreLeftOut(t *testing.T) {
	page := nmfPage(t, NMFPage{Trace: falling(3)})
	hasNot(t, page, "<h2>Factors")
	hasNot(t, page, "<h2>Penalties")
	hasNot(t, page, "<pre>")
	page = nmfPage(t, NMFPage{})
	has(t, page, "No trace was recorded.")
	has(t, page, "<h1>Nonnegative matrix factorization</h1>")
	page = audioPage(t, AudioPage{})
	hasNot(t, page, "<audio")
	hasNot(t, page, "<h2>Components")
}

func TestHostileTextIsEscaped(t *testing.T) {
	const evil = `"><script>alert('x')</script>&<img src=x onerror=y>`
	p := notes(65, 90, 1)
	p.Title, p.Summary, p.Command, p.Formula, p.Name = evil, evil, evil, evil, evil
	p.Facts = []Fact{{evil, evil}}
	p.Mixture = evil
	p.Components[0].Label, p.Components[0].Plays, p.Components[0].Stem, p.Components[0].Notes = evil, evil, evil, []string{evil}
	page := audioPage(t, p)
	hasNot(t, page, "<script")
	hasNot(t, page, "<img")

	p.Title, p.Summary = "", ""
	hasNot(t, audioPage(t, p), "<script")

	q := blocks(6, 7, 2)
	q.Title, q.Summary, q.Command, q.Formula = evil, evil, evil, evil
	q.Facts = []Fact{{evil, evil}}
	q.Penalty = map[string]float64{evil: 1}
	page = nmfPage(t, q)
	hasNot(t, page, "<script")
	hasNot(t, page, "<img")
}

func TestLinksStayRelative(t *testing.T) {
	for path, want := range map[string]string{
		"stems/01.wav":        "stems/01.wav",
		"my songs/a#1 %.wav":  "my%20songs/a%231%20%25.wav",
		"take 1: voice.wav":   "./take%201:%20voice.wav",
		"javascript:alert(1)": "./javascript:alert%281%29",
		"http://example.com":  "./http://example.com",
		"../été.wav":          "../%C3%A9t%C3%A9.wav",
	} {
		p := notes(9, 9, 1)
		p.Mixture = ""
		p.Components[0].Stem = path
		var b bytes.Buffer
		require.NoError(t, Audio(&b, p))
		src := regexp.MustCompile(`<audio[^>]* src="([^"]*)"`).FindStringSubmatch(b.String())
		require.Len(t, src, 2, path)
		assert.Equal(t, want, src[1], path)
	}
	for _, path := range []string{"//example.com/x.wav", "///x.wav"} {
		assert.False(t, strings.HasPrefix(link(path), "//"), link(path))
	}
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	p := blocks(80, 90, 5)
	p.Penalty = map[string]float64{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}
	first, second := nmfPage(t, p), nmfPage(t, p)
	assert.True(t, first == second)
	q := notes(129, 200, 3)
	first, second = audioPage(t, q), audioPage(t, q)
	assert.True(t, first == second)
}

func TestTwoMinutesOfSoundFitInOneAndAHalfMegabytes(t *testing.T) {
	p := notes(1025, 4824, 8)
	p.Trace = falling(2000)
	page := audioPage(t, p)
	assert.Less(t, len(page), 1_500_000)
	assert.Greater(t, len(page), 200_000)
	assert.Less(t, len(nmfPage(t, blocks(5000, 7000, 60))), 2_500_000)
}

func TestPicturesOfOneTimeAxisAreAligned(t *testing.T) {
	page := audioPage(t, notes(129, 300, 3))
	images := regexp.MustCompile(`<image [^>]*? x="([0-9.]+)" y="[^"]*" width="([0-9.]+)"`).FindAllStringSubmatch(page, -1)
	require.Len(t, images, 2)
	for _, i := range images {
		var x, width float64
		_, err := fmt.Sscan(i[1]+" "+i[2], &x, &width)
		require.NoError(t, err)
		assert.InDelta(t, marginLeft, x, 1e-6)
		assert.InDelta(t, wide-marginLeft-marginRight, width, 1e-6)
	}
	at := regexp.MustCompile(`<text x="([0-9.]+)" y="[0-9.]+" text-anchor="middle">2 s</text>`).FindAllStringSubmatch(page, -1)
	require.Len(t, at, 5) // spectrogram, activations, three cards
	for _, a := range at {
		assert.Equal(t, at[0][1], a[1])
	}
}

func TestNothingIsWrittenWhenThePageCannotBeMade(t *testing.T) {
	bad := map[string]func(*AudioPage){
		"Trace[1]":               func(p *AudioPage) { p.Trace[1].Loss = math.NaN() },
		"Trace[2]":               func(p *AudioPage) { p.Trace[2].Iter = 0 },
		"Seconds":                func(p *AudioPage) { p.Seconds = -1 },
		"FrameSeconds":           func(p *AudioPage) { p.FrameSeconds = 0 },
		"BinHz":                  func(p *AudioPage) { p.BinHz = math.Inf(1) },
		"Spectrogram row 3":      func(p *AudioPage) { p.Spectrogram.Set(3, 4, math.Inf(1)) },
		"Spectrogram is 0":       func(p *AudioPage) { p.Spectrogram, p.Components = &matrix.Dense[float64]{}, nil },
		"Components[1] has":      func(p *AudioPage) { p.Components[1].Activation = nil },
		"notes":                  func(p *AudioPage) { p.Components[0].Notes = []string{"A", "B"} },
		"Components[0].Spectrum": func(p *AudioPage) { p.Components[0].Spectrum[2] = -1 },
		"drawing failed":         func(p *AudioPage) { p.Spectrogram.Data = nil },
	}
	for want, spoil := range bad {
		p := notes(9, 11, 2)
		spoil(&p)
		var b bytes.Buffer
		err := Audio(&b, p)
		require.ErrorIs(t, err, ErrPage, want)
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "\n")
		assert.Zero(t, b.Len())
	}
	for want, spoil := range map[string]func(*NMFPage){
		"one of W and H":   func(p *NMFPage) { p.H = nil },
		"inner sizes":      func(p *NMFPage) { p.H = matrix.New[float64](3, 7) },
		"Beta has":         func(p *NMFPage) { p.Beta = []float64{1} },
		"W row 1, value 0": func(p *NMFPage) { p.W.Set(1, 0, -1) },
		`Penalty["w"]`:     func(p *NMFPage) { p.Penalty["w"] = math.Inf(1) },
		"Pruned":           func(p *NMFPage) { p.Pruned = []int{2} },
	} {
		p := blocks(6, 7, 2)
		spoil(&p)
		var b bytes.Buffer
		err := NMF(&b, p)
		require.ErrorIs(t, err, ErrPage, want)
		assert.ErrorContains(t, err, want)
		assert.Zero(t, b.Len())
	}
	failing := errors.New("disk full")
	assert.ErrorIs(t, NMF(broken{failing}, blocks(6, 7, 2)), failing)
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }
