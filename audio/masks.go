package audio

import (
	"fmt"
	"math"

	"polyad/matrix"
)

// Masks are the soft masks of a nonnegative model W·H of a spectrogram,
//
//	M_q[f, t] = (W[f, q]·H[q, t])^α / Σ_s (W[f, s]·H[s, t])^α,
//
// 1/r where the sum is 0 (r being the number of components), so that they sum
// to 1 everywhere. They are computed when they are needed and take the memory
// of the factors.
//
// So that no magnitude overflows, columns of W and of H are divided by powers of
// two: a product is then at most 1, and its power is the product of powers that
// are taken once. Where all products underflow, logarithms are used.
type Masks struct {
	bins, frames, rank int
	alpha              float64

	w, h       *matrix.Dense[float64] // rank x bins, frames x rank: scaled, to the power α
	logW, logH *matrix.Dense[float64] // log2 of the factors, not scaled
}

// NewMasks returns the masks of the model w·h, bins x r times r x frames, with
// exponent alpha; 0 stands for the default 1. It refuses shapes that do not
// fit, and entries that are negative, NaN or infinite.
func NewMasks[T matrix.Float](w, h *matrix.Dense[T], alpha float64) (*Masks, error) {
	if alpha == 0 {
		alpha = 1
	}
	if !(alpha > 0) || math.IsInf(alpha, 1) {
		return nil, fmt.Errorf("exponent %g of the masks is not positive and finite: %w", alpha, ErrOption)
	}
	if err := checkModel(w, h); err != nil {
		return nil, err
	}
	m := &Masks{
		bins: w.Rows, frames: h.Cols, rank: w.Cols, alpha: alpha,
		w: matrix.Convert[float64](w).Transpose(), h: matrix.Convert[float64](h).Transpose(),
	}
	m.logW, m.logH = logarithms(m.w), logarithms(m.h)
	top := make([]int, m.rank) // W[f, q] < 2^top[q]
	silent := make([]bool, m.rank)
	for q := range top {
		column := m.w.Row(q)
		most := largest(column)
		top[q], silent[q] = exponent(most), most == 0
		for f, v := range column {
			column[f] = scaledPower(v, top[q], alpha)
		}
	}
	for t := 0; t < m.frames; t++ {
		column := m.h.Row(t)
		most := math.MinInt
		for q, v := range column {
			if silent[q] {
				column[q] = 0
			} else if v > 0 {
				most = max(most, exponent(v)+top[q])
			}
		}
		for q, v := range column {
			column[q] = scaledPower(v, most-top[q], alpha)
		}
	}
	return m, nil
}

// checkModel refuses factors that do not fit each other or hold entries that
// are negative or not finite.
func checkModel[T matrix.Float](w, h *matrix.Dense[T]) error {
	if w.Cols < 1 || w.Cols != h.Rows {
		return fmt.Errorf("a W of %d x %d and an H of %d x %d are no model: %w", w.Rows, w.Cols, h.Rows, h.Cols, ErrData)
	}
	for _, x := range [...]struct {
		name string
		*matrix.Dense[T]
	}{{"W", w}, {"H", h}} {
		for i := 0; i < x.Rows; i++ {
			for j, v := range x.Row(i) {
				if !(v >= 0) || math.IsInf(float64(v), 1) {
					return fmt.Errorf("%s[%d, %d] is %g: %w", x.name, i, j, v, ErrData)
				}
			}
		}
	}
	return nil
}

func largest(x []float64) float64 {
	var m float64
	for _, v := range x {
		m = max(m, v)
	}
	return m
}

// exponent returns the e for which v is in [2^(e-1), 2^e), 0 for v = 0.
func exponent(v float64) int {
	_, e := math.Frexp(v)
	return e
}

// scaledPower returns (v / 2^e)^alpha without an intermediate result that could
// overflow or underflow when this does not.
func scaledPower(v float64, e int, alpha float64) float64 {
	if v == 0 {
		return 0
	}
	fraction, own := math.Frexp(v)
	return math.Pow(fraction, alpha) * math.Exp2(alpha*float64(own-e))
}

func logarithms(x *matrix.Dense[float64]) *matrix.Dense[float64] {
	l := matrix.New[float64](x.Rows, x.Cols)
	for i := 0; i < x.Rows; i++ {
		to := l.Row(i)
		for j, v := range x.Row(i) {
			to[j] = math.Log2(v)
		}
	}
	return l
}

// Components returns the number r of components.
func (m *Masks) Components() int { return m.rank }

// Frame writes the mask of component q in frame t into dst, which has one
// element per bin. It panics when an index or the length is wrong.
func (m *Masks) Frame(dst []float64, q, t int) {
	if q < 0 || q >= m.rank || t < 0 || t >= m.frames || len(dst) != m.bins {
		panic(matrix.Error{Op: "Masks.Frame", Msg: fmt.Sprintf("component %d of %d, frame %d of %d, %d elements for %d bins",
			q, m.rank, t, m.frames, len(dst), m.bins)})
	}
	m.frame(dst, make([]float64, m.bins), q, t)
}

// frame is Frame with scratch for the sum over components.
func (m *Masks) frame(dst, sum []float64, q, t int) {
	// Below this a term that matters may have lost digits.
	const tiny = 1e-280
	h := m.h.Row(t)
	clear(sum)
	for s, g := range h {
		if g == 0 {
			continue
		}
		for f, v := range m.w.Row(s)[:len(sum)] {
			sum[f] += g * v
		}
	}
	for f, v := range m.w.Row(q)[:len(dst)] {
		if sum[f] < tiny {
			dst[f] = m.exact(f, q, t)
		} else {
			dst[f] = h[q] * v / sum[f]
		}
	}
}

// exact computes one entry from the logarithms.
func (m *Masks) exact(f, q, t int) float64 {
	most := math.Inf(-1)
	for s := 0; s < m.rank; s++ {
		most = max(most, m.logW.At(s, f)+m.logH.At(t, s))
	}
	if math.IsInf(most, -1) {
		return 1 / float64(m.rank)
	}
	power := func(s int) float64 { return math.Exp2(m.alpha * (m.logW.At(s, f) + m.logH.At(t, s) - most)) }
	var sum float64
	for s := 0; s < m.rank; s++ {
		sum += power(s)
	}
	return power(q) / sum
}

// Stem returns the sound of component q: the inverse transform of each channel
// of the mixture, weighted by the mask. The masks of one model serve all
// channels. The stems of all components sum to the mixture to rounding.
func (m *Masks) Stem(q int, mixture ...*STFT) (Sound, error) {
	if q < 0 || q >= m.rank {
		return Sound{}, fmt.Errorf("component %d of %d: %w", q, m.rank, ErrOption)
	}
	if len(mixture) == 0 {
		return Sound{}, fmt.Errorf("no channel of the mixture is given: %w", ErrData)
	}
	for c, s := range mixture {
		if s.Bins != m.bins || s.Frames != m.frames {
			return Sound{}, fmt.Errorf("channel %d has %d bins and %d frames, the model %d and %d: %w", c, s.Bins, s.Frames, m.bins, m.frames, ErrData)
		}
		if first := mixture[0]; s.Rate != first.Rate || s.Samples != first.Samples {
			return Sound{}, fmt.Errorf("channel %d has %d samples at %d Hz, channel 0 has %d at %d Hz: %w",
				c, s.Samples, s.Rate, first.Samples, first.Rate, ErrData)
		}
	}
	stem := Sound{Rate: mixture[0].Rate}
	for _, s := range mixture {
		stem.Channels = append(stem.Channels, s.inverse(func(dst, sum []float64, t int) { m.frame(dst, sum, q, t) }))
	}
	return stem, nil
}
