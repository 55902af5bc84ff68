package audio

import (
	"context"
	"fmt"
	"math"

	"polyad/matrix"
	"polyad/nmf"
)

// Masks are the soft masks ([nmf.Masks]) of a nonnegative model W·H of a
// spectrogram,
//
//	M_q[f, t] = (W[f, q]·H[q, t])^α / Σ_s (W[f, s]·H[s, t])^α,
//
// which sum to 1 everywhere.
type Masks struct {
	core         *nmf.Masks
	bins, frames int
}

// NewMasks returns the masks of the model w·h, bins x r times r x frames, with
// exponent alpha; 0 stands for the default 1. It refuses shapes that do not
// fit, and entries that are negative, NaN or infinite.
func NewMasks[T matrix.Float](w, h *matrix.Dense[T], alpha float64) (*Masks, error) {
	if alpha != 0 && !(alpha > 0) || math.IsInf(alpha, 1) {
		return nil, fmt.Errorf("exponent %g of the masks is not positive and finite: %w", alpha, ErrOption)
	}
	if err := checkModel(w, h); err != nil {
		return nil, err
	}
	core, err := (&nmf.Model[T]{W: w, H: h}).SoftMasks(alpha)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrData, err)
	}
	return &Masks{core: core, bins: w.Rows, frames: h.Cols}, nil
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

// Components returns the number r of components.
func (m *Masks) Components() int { return m.core.Components() }

// Frame writes the mask of component q in frame t into dst, which has one
// element per bin. It panics when an index or the length is wrong.
func (m *Masks) Frame(dst []float64, q, t int) {
	if len(dst) != m.bins {
		panic(matrix.Error{Op: "Masks.Frame", Msg: fmt.Sprintf("%d elements for %d bins", len(dst), m.bins)})
	}
	m.core.ColumnTo(dst, nil, q, 0, t)
}

// Stem is [Masks.StemContext] without a way to end it.
func (m *Masks) Stem(q int, mixture ...*STFT) (Sound, error) {
	return m.StemContext(context.Background(), q, mixture...)
}

// StemContext returns the sound of component q: the inverse transform of each
// channel of the mixture, weighted by the mask. The masks of one model serve all
// channels. The stems of all components sum to the mixture to rounding. When the
// context ends first, its cause is returned.
func (m *Masks) StemContext(ctx context.Context, q int, mixture ...*STFT) (Sound, error) {
	if q < 0 || q >= m.Components() {
		return Sound{}, fmt.Errorf("component %d of %d: %w", q, m.Components(), ErrOption)
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
	stem := Sound{Rate: mixture[0].Rate, Encoding: Float64}
	for _, s := range mixture {
		x, err := s.inverse(ctx, func(dst, sum []float64, t int) { m.core.ColumnTo(dst, sum, q, 0, t) })
		if err != nil {
			return Sound{}, err
		}
		stem.Channels = append(stem.Channels, x)
	}
	return stem, nil
}
