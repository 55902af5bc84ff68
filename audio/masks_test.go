package audio

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/matrix"
)

// fill returns a matrix whose elements are f().
func fill(rows, cols int, f func() float64) *matrix.Dense[float64] {
	m := matrix.New[float64](rows, cols)
	for i := range m.Data {
		m.Data[i] = f()
	}
	return m
}

// wantMask computes a mask entry from logarithms, which no magnitude disturbs.
func wantMask(w, h *matrix.Dense[float64], alpha float64, q, f, t int) float64 {
	term := func(s int) float64 { return alpha * (math.Log2(w.At(f, s)) + math.Log2(h.At(s, t))) }
	most := math.Inf(-1)
	for s := range w.Cols {
		most = math.Max(most, term(s))
	}
	if math.IsInf(most, -1) {
		return 1 / float64(w.Cols)
	}
	var sum float64
	for s := range w.Cols {
		sum += math.Exp2(term(s) - most)
	}
	return math.Exp2(term(q)-most) / sum
}

func TestMasksAreTheirFormulaAndSumToOne(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	sparse := func() float64 { return math.Max(0, r.Float64()-0.5) }
	wild := func(decades float64) func() float64 {
		return func() float64 {
			if r.IntN(5) == 0 {
				return 0
			}
			return math.Pow(10, decades*(2*r.Float64()-1))
		}
	}
	for name, entry := range map[string]func() float64{
		"plain": r.Float64, "sparse": sparse, "1e±20": wild(20), "1e±150": wild(150), "1e±300": wild(300),
		"zero":    func() float64 { return 0 },
		"ends":    func() float64 { return []float64{0, 5e-324, 1e-308, 1, math.MaxFloat64}[r.IntN(5)] },
		"largest": func() float64 { return math.MaxFloat64 },
	} {
		for _, alpha := range []float64{1, 2, 0.5, 0.01, 300} {
			const bins, frames, rank = 17, 9, 4
			w, h := fill(bins, rank, entry), fill(rank, frames, entry)
			for i := range h.Cols {
				h.Set(1, i, 0) // a component that never plays
			}
			m, err := NewMasks(w, h, alpha)
			require.NoError(t, err, name)
			column := make([]float64, bins)
			sum := make([]float64, bins)
			for k := range frames {
				clear(sum)
				for q := range rank {
					m.Frame(column, q, k)
					for f, v := range column {
						delta := 1e-12 * math.Max(1, 1000*alpha) // logarithms of ±1000 lose digits
						require.InDelta(t, wantMask(w, h, alpha, q, f, k), v, delta, "%s, alpha %g: q %d, bin %d, frame %d", name, alpha, q, f, k)
						sum[f] += v
					}
				}
				for f, v := range sum {
					require.InDelta(t, 1, v, 1e-14, "%s, alpha %g: bin %d, frame %d", name, alpha, f, k)
				}
			}
		}
	}
}

func TestStemsSumToTheMixture(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	const rank = 5
	sound := Sound{Rate: 8000, Channels: [][]float64{noise(5000, r), noise(5000, r)}}
	mixture, err := TransformAll(sound, Options{Size: 200, Hop: 60})
	require.NoError(t, err)
	w, h := fill(mixture[0].Bins, rank, r.Float64), fill(rank, mixture[0].Frames, func() float64 { return math.Max(0, r.Float64()-0.6) })
	m, err := NewMasks(w, h, 0)
	require.NoError(t, err)
	require.Equal(t, rank, m.Components())
	sum := Sound{Channels: [][]float64{make([]float64, 5000), make([]float64, 5000)}}
	for q := range rank {
		stem, err := m.Stem(q, mixture...)
		require.NoError(t, err)
		require.Equal(t, sound.Rate, stem.Rate)
		for c, x := range stem.Channels {
			assert.Greater(t, distance(t, x, sound.Channels[c]), 0.1, "a stem is not the mixture")
			for i, v := range x {
				sum.Channels[c][i] += v
			}
		}
	}
	for c := range sum.Channels {
		assert.Less(t, distance(t, sound.Channels[c], sum.Channels[c]), 1e-12)
	}
}

func TestOneComponentIsTheMixture(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	x := noise(3000, r)
	s := transform(t, x, Options{Size: 128})
	for _, scale := range []float64{1, 1e150, 1e-150, 0} {
		m, err := NewMasks(fill(s.Bins, 1, func() float64 { return scale * r.Float64() }), fill(1, s.Frames, r.Float64), 2)
		require.NoError(t, err)
		stem, err := m.Stem(0, s)
		require.NoError(t, err)
		assert.Less(t, distance(t, x, stem.Channels[0]), 1e-12, scale)
	}
}

func TestTonesAreSeparated(t *testing.T) {
	const rate, n = 8000, 16000
	low, high, mix := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range mix {
		low[i] = 0.5 * math.Sin(2*math.Pi*300*float64(i)/rate)
		if i >= n/2 {
			high[i] = 0.25 * math.Sin(2*math.Pi*1500*float64(i)/rate)
		}
		mix[i] = low[i] + high[i]
	}
	s := transform(t, mix, Options{})
	w, h := matrix.New[float32](s.Bins, 2), matrix.New[float32](2, s.Frames)
	for f := range s.Bins {
		w.Set(f, 0, float32(math.Exp(-math.Abs(s.Frequency(f)-300)/20)))
		w.Set(f, 1, float32(math.Exp(-math.Abs(s.Frequency(f)-1500)/20)))
	}
	for k := range s.Frames {
		h.Set(0, k, 1)
		if s.Time(k) >= 1 {
			h.Set(1, k, 0.5)
		}
	}
	m, err := NewMasks(w, h, 1)
	require.NoError(t, err)
	for q, want := range [][]float64{low, high} {
		stem, err := m.Stem(q, s)
		require.NoError(t, err)
		const rim = 600 // around the ends and the onset
		assert.Less(t, distance(t, want[rim:n/2-rim], stem.Channels[0][rim:n/2-rim]), 1e-3)
		assert.Less(t, distance(t, want[n/2+rim:n-rim], stem.Channels[0][n/2+rim:n-rim]), 1e-3)
	}
}

func TestStemsHaveTheSameBitsForAnyNumberOfWorkers(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 28))
	x := noise(20000, r)
	var last []float64
	for workers := 1; workers <= 3; workers++ {
		s := transform(t, x, Options{Size: 256, Workers: workers})
		q := rand.New(rand.NewPCG(29, 30))
		m, err := NewMasks(fill(s.Bins, 3, q.Float64), fill(3, s.Frames, q.Float64), 1)
		require.NoError(t, err)
		stem, err := m.Stem(2, s)
		require.NoError(t, err)
		assert.True(t, last == nil || slices.Equal(last, stem.Channels[0]), workers)
		last = stem.Channels[0]
	}
}

func TestMasksRefuse(t *testing.T) {
	one := func() float64 { return 1 }
	with := func(rows, cols, i, j int, v float64) *matrix.Dense[float64] {
		m := fill(rows, cols, one)
		m.Set(i, j, v)
		return m
	}
	for _, c := range []struct {
		w, h  *matrix.Dense[float64]
		alpha float64
		is    error
		says  string
	}{
		{fill(5, 2, one), fill(3, 4, one), 1, ErrData, "W of 5 x 2 and an H of 3 x 4"},
		{fill(5, 0, one), fill(0, 4, one), 1, ErrData, "5 x 0"},
		{with(5, 2, 3, 1, -1), fill(2, 4, one), 1, ErrData, "W[3, 1] is -1"},
		{fill(5, 2, one), with(2, 4, 1, 2, math.NaN()), 1, ErrData, "H[1, 2] is NaN"},
		{fill(5, 2, one), with(2, 4, 0, 0, math.Inf(1)), 1, ErrData, "H[0, 0] is +Inf"},
		{fill(5, 2, one), fill(2, 4, one), -1, ErrOption, "exponent -1"},
		{fill(5, 2, one), fill(2, 4, one), math.NaN(), ErrOption, "exponent NaN"},
		{fill(5, 2, one), fill(2, 4, one), math.Inf(1), ErrOption, "exponent +Inf"},
	} {
		_, err := NewMasks(c.w, c.h, c.alpha)
		assert.ErrorIs(t, err, c.is, c.says)
		assert.ErrorContains(t, err, c.says)
	}

	s, other := transform(t, make([]float64, 100), Options{Size: 8}), transform(t, make([]float64, 101), Options{Size: 8})
	m, err := NewMasks(fill(s.Bins, 2, one), fill(2, s.Frames, one), 1)
	require.NoError(t, err)
	for says, f := range map[string]func() (Sound, error){
		"component 2 of 2":       func() (Sound, error) { return m.Stem(2, s) },
		"component -1 of 2":      func() (Sound, error) { return m.Stem(-1, s) },
		"no channel":             func() (Sound, error) { return m.Stem(0) },
		"channel 1 has 9 bins":   func() (Sound, error) { return m.Stem(0, s, transform(t, make([]float64, 100), Options{Size: 16})) },
		"channel 1 has 101 samp": func() (Sound, error) { return m.Stem(0, s, other) },
	} {
		_, err := f()
		assert.ErrorContains(t, err, says)
	}
	assert.Panics(t, func() { m.Frame(make([]float64, 4), 0, 0) })
}
