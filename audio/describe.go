package audio

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"polyad/matrix"
)

// Component says in numbers what a component of a model sounds like.
type Component struct {
	// Share is the component's part of the energy; see [Shares].
	Share float64
	// Peaks are its dominant frequencies; see [Peaks].
	Peaks []Peak
	// Plays is when it is heard; see [Plays].
	Plays []Interval
}

// Interval is a stretch of time in seconds.
type Interval struct{ Start, End float64 }

// Peak is a local maximum of a spectrum.
type Peak struct {
	Hz     float64
	Height float64 // relative to the highest peak
}

// Describe describes the components of a model w·h of the magnitudes of s, bins
// x r times r x frames. Only the geometry of s is used, so the transform of any
// channel will do.
func Describe[T matrix.Float](s *STFT, w, h *matrix.Dense[T]) ([]Component, error) {
	if w.Rows != s.Bins || h.Cols != s.Frames {
		return nil, fmt.Errorf("the model has %d bins and %d frames, the spectrogram %d and %d: %w", w.Rows, h.Cols, s.Bins, s.Frames, ErrData)
	}
	shares, err := Shares(w, h)
	if err != nil {
		return nil, err
	}
	columns, rows := matrix.Convert[float64](w).Transpose(), matrix.Convert[float64](h)
	end := float64(s.Samples) / float64(s.Rate)
	list := make([]Component, len(shares))
	for q := range list {
		list[q] = Component{Share: shares[q], Peaks: Peaks(columns.Row(q), s.Frequency(1)), Plays: Plays(rows.Row(q), s.Time(1), end)}
	}
	return list, nil
}

// Shares returns the energy of each component, the sum of the squares of
// W[f, q]·H[q, t] over bins and frames, as a part of the sum over components.
// That is ‖w_q‖²·‖h_q‖²; products of different components are left out. The
// shares of a model that is zero are 0.
func Shares[T matrix.Float](w, h *matrix.Dense[T]) ([]float64, error) {
	if err := checkModel(w, h); err != nil {
		return nil, err
	}
	columns, rows := matrix.Convert[float64](w).Transpose(), matrix.Convert[float64](h)
	shares := make([]float64, w.Cols)
	most := math.Inf(-1)
	for q := range shares {
		shares[q] = 2 * (logNorm(columns.Row(q)) + logNorm(rows.Row(q)))
		most = max(most, shares[q])
	}
	if math.IsInf(most, -1) {
		clear(shares)
		return shares, nil
	}
	var sum float64
	for q, l := range shares {
		shares[q] = math.Exp2(l - most)
		sum += shares[q]
	}
	for q := range shares {
		shares[q] /= sum
	}
	return shares, nil
}

// logNorm returns log2 of the Euclidean norm of x ≥ 0.
func logNorm(x []float64) float64 {
	most := largest(x)
	if most == 0 {
		return math.Inf(-1)
	}
	var sum float64
	for _, v := range x {
		sum += (v / most) * (v / most)
	}
	return math.Log2(most) + math.Log2(sum)/2
}

// Peaks returns the frequencies of up to three local maxima of a magnitude
// spectrum whose bins are binHz apart, the highest first. Maxima below a tenth
// of the highest are left out, and so are 0 Hz and what is not finite. Each is refined to a fraction of
// a bin by the parabola through the logarithms of three bins.
func Peaks(spectrum []float64, binHz float64) []Peak {
	const most, floor = 3, 0.1
	var peaks []Peak
	for f := 1; f < len(spectrum); f++ {
		first := f
		for f+1 < len(spectrum) && spectrum[f+1] == spectrum[f] {
			f++
		}
		falls := f+1 == len(spectrum) || spectrum[f+1] < spectrum[f]
		if spectrum[first] > spectrum[first-1] && falls && !math.IsInf(spectrum[f], 1) {
			at := float64(first+f) / 2 // the middle of a plateau
			if first == f && f+1 < len(spectrum) {
				at += vertex(spectrum[f-1], spectrum[f], spectrum[f+1])
			}
			peaks = append(peaks, Peak{Hz: at * binHz, Height: spectrum[f]})
		}
	}
	slices.SortStableFunc(peaks, func(a, b Peak) int { return cmp.Compare(b.Height, a.Height) })
	for i := range peaks {
		if i == most || peaks[i].Height < floor*peaks[0].Height {
			peaks = peaks[:i]
			break
		}
	}
	for i := len(peaks) - 1; i >= 0; i-- {
		peaks[i].Height /= peaks[0].Height
	}
	return peaks
}

// vertex returns where the parabola through the logarithms of three neighbours,
// the middle one being the largest, has its maximum: between -1/2 and 1/2. It is
// Log2 because math.Log is wrong for subnormal numbers on amd64.
func vertex(left, middle, right float64) float64 {
	if left <= 0 || right <= 0 {
		return 0
	}
	l, m, r := math.Log2(left), math.Log2(middle), math.Log2(right)
	if at := (l - r) / (2 * (l - 2*m + r)); math.Abs(at) <= 0.5 {
		return at
	}
	return 0 // all three are equal but for rounding
}

// Plays returns when a component is heard: where its activation, one value every
// step seconds beginning at 0 and averaged over 0.2 s, exceeds 15 % of its
// maximum. Gaps shorter than 0.5 s are closed, and then what is shorter than 0.25
// s is dropped, unless all of it is: the average makes a click of a few frames
// 0.2 s wide. Intervals lie in [0, end] and do not touch.
func Plays(activation []float64, step, end float64) []Interval {
	const threshold, width, gap, blip = 0.15, 0.2, 0.5, 0.25
	if !(step > 0) || math.IsInf(step, 1) || math.IsNaN(end) {
		return nil
	}
	half := math.Min(math.Round(width/2/step), float64(len(activation)))
	x := movingAverage(activation, int(half))
	level := threshold * largest(x)
	var plays []Interval
	for t, v := range x {
		if !(v > level) {
			continue
		}
		p := Interval{max(0, (float64(t)-0.5)*step), min(end, (float64(t)+0.5)*step)}
		if n := len(plays); n > 0 && p.Start-plays[n-1].End < gap {
			plays[n-1].End = p.End
		} else {
			plays = append(plays, p)
		}
	}
	isBlip := func(p Interval) bool { return p.End-p.Start < blip }
	if !slices.ContainsFunc(plays, func(p Interval) bool { return !isBlip(p) }) {
		return plays
	}
	return slices.DeleteFunc(plays, isBlip)
}

// movingAverage returns the mean of x over up to half neighbours to each side,
// in units of the largest element.
func movingAverage(x []float64, half int) []float64 {
	sums := make([]float64, len(x)+1)
	unit := largest(x)
	if unit == 0 {
		return sums[:len(x)]
	}
	for t, v := range x {
		sums[t+1] = sums[t] + v/unit
	}
	mean := make([]float64, len(x))
	for t := range mean {
		from, to := max(0, t-half), min(len(x), t+half+1)
		mean[t] = (sums[to] - sums[from]) / float64(to-from)
	}
	return mean
}

// NoteName returns the note of the equally tempered scale that is nearest to a
// frequency, A4 being 440 Hz: "A4", "C#5". It is empty for what is no positive
// finite frequency.
func NoteName(hz float64) string {
	if !(hz > 0) || math.IsInf(hz, 1) {
		return ""
	}
	names := [...]string{"C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"}
	note := int(math.Round(12*(math.Log2(hz)-math.Log2(440)))) + 57 // half tones above C0
	octave := int(math.Floor(float64(note) / 12))
	return fmt.Sprintf("%s%d", names[note-12*octave], octave)
}

func largest(x []float64) float64 {
	var m float64
	for _, v := range x {
		m = max(m, v)
	}
	return m
}
