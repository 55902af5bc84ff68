package audio

import (
	"context"

	"polyad/internal/par"
)

// Inverse returns the signal: Samples values that are those transformed, to
// rounding.
func (s *STFT) Inverse() []float64 {
	x, err := s.InverseContext(context.Background())
	if err != nil {
		panic(err) // the background does not end
	}
	return x
}

// InverseContext is [STFT.Inverse] until the context ends, whose cause is then
// returned.
func (s *STFT) InverseContext(ctx context.Context) ([]float64, error) { return s.inverse(ctx, nil) }

// inverse returns the signal of the transform with every frame multiplied by a
// mask, if there is one: mask(dst, sum, k) writes that of frame k into dst and
// may use sum as scratch.
func (s *STFT) inverse(ctx context.Context, mask func(dst, sum []float64, k int)) ([]float64, error) {
	t := &backward{ctx: ctx, s: s, x: make([]float64, s.Samples), mask: mask, block: s.Hop * (8 * s.Size / s.Hop)}
	pool := par.New(s.workers)
	defer pool.Close()
	t.scratch = make([]inverseScratch, pool.Workers())
	pool.Run((s.Samples+t.block-1)/t.block, t)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return t.x, nil
}

// backward is the inverse as a task. A block is a stretch of the signal of about
// eight windows, which gathers from the frames that reach into it in the order
// of time; the few at its rims are transformed twice.
type backward struct {
	ctx     context.Context
	s       *STFT
	x       []float64
	mask    func(dst, sum []float64, k int)
	block   int // samples
	scratch []inverseScratch
}

type inverseScratch struct {
	scratch
	spectrum  []complex128
	mask, sum []float64
	weight    []float64
}

// Do computes one stretch of the signal.
func (t *backward) Do(block, worker int) {
	s, c := t.s, &t.scratch[worker]
	if c.fft == nil {
		c.init(s.Size)
		c.spectrum = make([]complex128, s.Bins)
		c.weight = make([]float64, t.block)
		if t.mask != nil {
			c.mask = make([]float64, s.Bins)
			c.sum = make([]float64, s.Bins)
		}
	}
	from := block * t.block
	to := min(from+t.block, s.Samples)
	x, weight := t.x[from:to], c.weight[:to-from]
	clear(weight)
	first := max(0, (from+s.Size/2-s.Size)/s.Hop)
	for k := first; k < s.Frames && s.start(k) < to && t.ctx.Err() == nil; k++ {
		start := s.start(k)
		if start+s.Size <= from {
			continue
		}
		t.frame(c, k)
		for i := max(0, from-start); i < min(s.Size, to-start); i++ {
			g := s.window[i]
			x[start+i-from] += g * c.frame[i]
			weight[start+i-from] += g * g
		}
	}
	// The transform and its inverse together multiply by Size.
	for i, w := range weight {
		x[i] /= float64(s.Size) * w
	}
}

// frame leaves Size times the inverse transform of frame k in c.frame.
func (t *backward) frame(c *inverseScratch, k int) {
	spectrum := t.s.Frame(k)
	if t.mask != nil {
		t.mask(c.mask, c.sum, k)
		for f, v := range spectrum {
			c.spectrum[f] = complex(c.mask[f]*real(v), c.mask[f]*imag(v))
		}
		spectrum = c.spectrum
	}
	c.fft.Sequence(c.frame, spectrum)
}
