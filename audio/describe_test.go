package audio

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/matrix"
)

func TestPeaksFindTonesBetweenBins(t *testing.T) {
	const rate, n = 22050, 8192
	for _, hz := range []float64{100, 261.63, 440, 441.5, 1234.5, 9999} {
		x := make([]float64, n)
		for i := range x {
			x[i] = math.Sin(2*math.Pi*hz*float64(i)/rate) + 0.4*math.Sin(2*math.Pi*(hz+700)*float64(i)/rate)
		}
		s, err := Transform(x, rate, Options{})
		require.NoError(t, err)
		peaks := Peaks(s.Magnitude().Transpose().Row(s.Frames/2), s.Frequency(1))
		require.Len(t, peaks, 2, hz)
		assert.InDelta(t, hz, peaks[0].Hz, 0.02*s.Frequency(1), "%g Hz", hz)
		assert.InDelta(t, hz+700, peaks[1].Hz, 0.02*s.Frequency(1), "%g Hz", hz)
		assert.Equal(t, 1.0, peaks[0].Height)
		assert.InDelta(t, 0.4, peaks[1].Height, 0.07)
	}
}

func TestPeaksAreLocalMaxima(t *testing.T) {
	for _, c := range []struct {
		spectrum []float64
		want     []Peak
	}{
		{nil, nil},
		{[]float64{3}, nil},
		{[]float64{0, 0, 0}, nil},
		{[]float64{5, 5, 5}, nil},
		{[]float64{9, 1, 0, 0}, nil}, // 0 Hz is no tone
		{[]float64{0, 2, 0, 4, 0}, []Peak{{30, 1}, {10, 0.5}}},
		{[]float64{0, 0, 2, 2, 0}, []Peak{{25, 1}}},                   // the middle of a plateau
		{[]float64{0, 2, 2, 4, 0}, []Peak{{30, 1}}},                   // a step is no peak
		{[]float64{0, 0, 7}, []Peak{{20, 1}}},                         // the last bin
		{[]float64{1, 2, 1, 0}, []Peak{{10, 1}}},                      // symmetric
		{[]float64{0, 20, 0, 1, 0, 2, 0}, []Peak{{10, 1}, {50, 0.1}}}, // 1 is below a tenth
		{[]float64{0, 1, 0, 2, 0, 3, 0, 4, 0}, []Peak{{70, 1}, {50, 0.75}, {30, 0.5}}},
		{[]float64{0, 1, 0, 1, 0}, []Peak{{10, 1}, {30, 1}}}, // ties: the lower first
		{[]float64{0, 1e-320, 0}, []Peak{{10, 1}}},
	} {
		got := Peaks(c.spectrum, 10)
		require.Len(t, got, len(c.want), "%v", c.spectrum)
		for i, p := range c.want {
			assert.InDelta(t, p.Hz, got[i].Hz, 1e-12, "%v", c.spectrum)
			assert.InDelta(t, p.Height, got[i].Height, 1e-12, "%v", c.spectrum)
		}
	}
	assert.Len(t, Peaks([]float64{0, 5, 0, 4, 0, 3, 0, 2, 0}, 10), 3)
}

func TestPlaysFindsWhenAComponentIsHeard(t *testing.T) {
	const step, n = 0.01, 1000
	end := step * (n - 1)
	for _, c := range []struct {
		name string
		on   []Interval
		want []Interval
	}{
		{"two notes", []Interval{{2, 3}, {5, 7}}, []Interval{{2, 3}, {5, 7}}},
		{"a short gap is closed", []Interval{{2, 3}, {3.4, 4}}, []Interval{{2, 4}}},
		{"a long gap is not", []Interval{{2, 3}, {3.8, 5}}, []Interval{{2, 3}, {3.8, 5}}},
		{"a click is dropped", []Interval{{2, 2.02}, {5, 7}}, []Interval{{5, 7}}},
		{"the ends", []Interval{{0, 1}, {9, 11}}, []Interval{{0, 1}, {9, end}}},
		{"silence", nil, nil},
	} {
		x := make([]float64, n)
		for i := range x {
			x[i] = 1e-3
			for _, p := range c.on {
				if at := float64(i) * step; at >= p.Start && at < p.End {
					x[i] = 1e5
				}
			}
		}
		if c.on == nil {
			clear(x)
		}
		got := Plays(x, step, end)
		require.Len(t, got, len(c.want), c.name)
		for i, p := range c.want {
			assert.InDelta(t, p.Start, got[i].Start, 0.1, c.name)
			assert.InDelta(t, p.End, got[i].End, 0.1, c.name)
			assert.GreaterOrEqual(t, got[i].Start, 0.0)
			assert.LessOrEqual(t, got[i].End, end)
		}
	}
	assert.Empty(t, Plays([]float64{1, 2}, 0, 1))
	assert.Empty(t, Plays(nil, 1, 1))
	assert.Equal(t, []Interval{{0, 7.5}, {22.5, 30}}, Plays([]float64{1, 1e-3, 1}, 15, 30), "frames longer than the average")
}

func TestDescribeTellsTwoTonesApart(t *testing.T) {
	const rate, seconds = 8000, 4
	x := make([]float64, rate*seconds)
	for i := range x {
		hz, amplitude := 440.0, 0.5
		if i >= len(x)/2 {
			hz, amplitude = 880, 0.25
		}
		x[i] = amplitude * math.Sin(2*math.Pi*hz*float64(i)/rate)
	}
	s := transform(t, x, Options{})
	v := s.Magnitude()
	w, h := matrix.New[float64](s.Bins, 2), matrix.New[float64](2, s.Frames)
	for q, at := range []int{s.Frames / 4, 3 * s.Frames / 4} {
		for f := range s.Bins {
			w.Set(f, q, v.At(f, at))
		}
		for k := range s.Frames {
			if (s.Time(k) >= seconds/2) == (q == 1) {
				h.Set(q, k, 1)
			}
		}
	}
	list, err := Describe(s, w, h)
	require.NoError(t, err)
	require.Len(t, list, 2)
	for q, hz := range []float64{440, 880} {
		require.Len(t, list[q].Peaks, 1)
		assert.InDelta(t, hz, list[q].Peaks[0].Hz, 0.5)
		require.Len(t, list[q].Plays, 1)
		assert.InDelta(t, 2*float64(q), list[q].Plays[0].Start, 0.1)
		assert.InDelta(t, 2*float64(q)+2, list[q].Plays[0].End, 0.1)
	}
	assert.InDelta(t, 0.8, list[0].Share, 0.02, "four times the energy of the other")
	assert.InDelta(t, 0.2, list[1].Share, 0.02)

	_, err = Describe(s, w.View(1, 0, s.Bins-1, 2), h)
	assert.ErrorIs(t, err, ErrData)
	h.Set(0, 0, -1)
	_, err = Describe(s, w, h)
	assert.ErrorIs(t, err, ErrData)
}

func TestSharesAreEnergies(t *testing.T) {
	w := matrix.Of(2, 3, []float64{3, 1, 0, 4, 0, 0})
	h := matrix.Of(3, 2, []float64{1, 0, 0, 5, 1, 1})
	got, err := Shares(w, h)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{0.5, 0.5, 0}, got, 1e-15)

	for i := range w.Data {
		w.Data[i] *= 1e200
	}
	for i := range h.Data {
		h.Data[i] *= 1e250
	}
	got, err = Shares(w, h)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{0.5, 0.5, 0}, got, 1e-12)

	h.Zero()
	got, err = Shares(w, h)
	require.NoError(t, err)
	assert.Equal(t, []float64{0, 0, 0}, got)
	_, err = Shares(w, matrix.New[float64](2, 2))
	assert.ErrorIs(t, err, ErrData)
}

func TestNoteNames(t *testing.T) {
	for hz, want := range map[float64]string{
		440: "A4", 261.63: "C4", 27.5: "A0", 4186.01: "C8", 554.37: "C#5", 246.94: "B3", 450: "A4", 16.35: "C0", 8.18: "C-1",
		0: "", -1: "", math.Inf(1): "",
	} {
		assert.Equal(t, want, NoteName(hz), hz)
	}
	assert.Empty(t, NoteName(math.NaN()))
}

// Powers of two lie 0.38 half tones below a C, which is 440·2^(-9/12) Hz.
func TestNamesOfExtremeNotes(t *testing.T) {
	for hz, want := range map[float64]string{
		5e-324: "C-1078", 0x1p-1022: "C-1026", math.MaxFloat64: "C1020", 440: "A4", 8.1757989: "C-1",
		0: "", -1: "", math.Inf(1): "", math.Inf(-1): "",
	} {
		assert.Equal(t, want, NoteName(hz), hz)
	}
	assert.Empty(t, NoteName(math.NaN()))
}

func TestDescriptionsOfExtremeNumbersAreFinite(t *testing.T) {
	next := math.Nextafter(1, 2)
	for _, spectrum := range [][]float64{
		{0, 1, next, 1, 0}, // whose logarithms are equal
		{0, math.Inf(1), 0, 1, 0}, {0, math.NaN(), 0, 1, 0}, {0, 5e-324, 0}, {0, math.MaxFloat64, 0}, {1, 2}, {1}, {},
	} {
		for _, p := range Peaks(spectrum, 10) {
			assert.False(t, math.IsNaN(p.Hz) || math.IsInf(p.Hz, 0), spectrum)
			assert.True(t, p.Height > 0 && p.Height <= 1, "%v: %v", spectrum, p)
		}
	}
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		assert.Empty(t, Plays([]float64{0, 1, 0}, bad, 1))
	}
	assert.Empty(t, Plays([]float64{0, 1, 0}, 1, math.NaN()))
	for _, x := range [][]float64{{math.Inf(1), 1}, {math.NaN(), 1}, {5e-324}, {}, nil} {
		for _, p := range Plays(x, 0.1, 1) {
			assert.True(t, p.Start >= 0 && p.End <= 1 && p.Start < p.End, "%v: %v", x, p)
		}
	}
}
