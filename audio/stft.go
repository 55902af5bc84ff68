package audio

import (
	"context"
	"fmt"
	"math"
	"math/cmplx"

	"gonum.org/v1/gonum/dsp/fourier"
	"gonum.org/v1/gonum/dsp/window"

	"polyad/internal/par"
	"polyad/matrix"
)

// Options say how a recording is cut into frames. The zero value is the
// documented default.
type Options struct {
	// Size is the length of the window in samples, a product of twos, threes
	// and fives. Default: [DefaultSize] of the rate.
	Size int
	// Hop is the distance between frames in samples, at least 1 and at most
	// Size/2. Default: Size/4.
	Hop int
	// Workers is the number of goroutines for the transform, its inverse and
	// stems; results do not depend on it. Default: GOMAXPROCS.
	Workers int
}

// STFT is the short-time Fourier transform of one channel; the package comment
// has the formula. It is made by [Transform].
type STFT struct {
	Size, Hop    int // of the window and between frames, in samples
	Rate         int // samples per second
	Samples      int // length of the recording
	Bins, Frames int // Bins is Size/2 + 1

	data    []complex128 // frame after frame
	window  []float64
	workers int
}

// DefaultSize returns the power of two that is nearest to 93 ms at the given
// rate: 2048 at 22.05 kHz, 4096 at 44.1 and 48 kHz.
func DefaultSize(rate int) int {
	want := 0.093 * float64(rate)
	size := 8
	for size < 1<<24 && want-float64(size) > float64(2*size)-want {
		size *= 2
	}
	return size
}

// GoodSize returns the smallest number that is at least n and has no prime
// factor above 5. Such window sizes are transformed in O(n log n); others are
// refused.
func GoodSize(n int) int {
	for n = max(n, 1); ; n++ {
		m := n
		for _, p := range [...]int{2, 3, 5} {
			for m%p == 0 {
				m /= p
			}
		}
		if m == 1 {
			return n
		}
	}
}

// check fills in the defaults.
func (o Options) check(rate int) (Options, error) {
	const longest = 1 << 24
	if rate < 1 || rate > MaxRate {
		return o, fmt.Errorf("rate %d Hz is outside [1, %d]: %w", rate, MaxRate, ErrOption)
	}
	if o.Size == 0 {
		o.Size = DefaultSize(rate)
	}
	if o.Size < 2 || o.Size > longest {
		return o, fmt.Errorf("size %d of the window is outside [2, %d]: %w", o.Size, longest, ErrOption)
	}
	if good := GoodSize(o.Size); good != o.Size {
		return o, fmt.Errorf("size %d of the window has a prime factor above 5; the next size that has none is %d: %w", o.Size, good, ErrOption)
	}
	if o.Hop == 0 {
		o.Hop = max(o.Size/4, 1)
	}
	if o.Hop < 1 || o.Hop > o.Size/2 {
		return o, fmt.Errorf("hop %d is outside [1, %d], half of the window of %d: %w", o.Hop, o.Size/2, o.Size, ErrOption)
	}
	if o.Workers < 0 {
		return o, fmt.Errorf("workers %d is negative: %w", o.Workers, ErrOption)
	}
	return o, nil
}

// frames returns the number of frames for n samples. The last one is centred
// within Size/4 of the last sample, where the window is at least 1/2, so that
// the inverse divides by no small number.
func (o Options) frames(n int) int {
	k := 1 + n/o.Hop
	if behind := n - 1 - (k-1)*o.Hop; behind > o.Size/4 {
		k++
	}
	return k
}

// Transform is [TransformContext] without a way to end it.
func Transform(x []float64, rate int, o Options) (*STFT, error) {
	return TransformContext(context.Background(), x, rate, o)
}

// TransformContext returns the short-time Fourier transform of the samples x,
// which may be shorter than the window, but for a window above 65536 samples not
// by more than half. NaN, infinite and absurdly large samples are refused. The
// result takes 16 bytes per bin and frame, which is 4·Size/Hop times the memory
// of x; when that is more than is free, the error wraps [ErrMemory]. When the
// context ends first, its cause is returned.
func TransformContext(ctx context.Context, x []float64, rate int, o Options) (*STFT, error) {
	o, err := o.check(rate)
	if err != nil {
		return nil, err
	}
	const long = 1 << 16
	if most := max(long, 2*len(x), DefaultSize(rate)); o.Size > most {
		return nil, fmt.Errorf("size %d of the window is more than twice the %d samples of the recording: %w", o.Size, len(x), ErrOption)
	}
	for i, v := range x {
		if !(math.Abs(v) <= 1e300) {
			return nil, fmt.Errorf("sample %d is %g: %w", i, v, ErrData)
		}
	}
	s := &STFT{
		Size: o.Size, Hop: o.Hop, Rate: rate, Samples: len(x),
		Bins: o.Size/2 + 1, Frames: o.frames(len(x)),
		window: hann(o.Size), workers: o.Workers,
	}
	if s.Frames > math.MaxInt/16/s.Bins {
		return nil, fmt.Errorf("%d frames of %d bins exceed the memory of this machine; raise the hop: %w", s.Frames, s.Bins, ErrOption)
	}
	if err := weigh(fmt.Sprintf("a transform of %d frames of %d bins", s.Frames, s.Bins), 16*int64(s.Frames)*int64(s.Bins)); err != nil {
		return nil, fmt.Errorf("raise the hop: %w", err)
	}
	s.data = make([]complex128, s.Frames*s.Bins)
	pool := par.New(s.workers)
	defer pool.Close()
	t := &forward{ctx: ctx, s: s, x: x, scratch: make([]scratch, pool.Workers())}
	pool.Run((s.Frames+framesPerBlock-1)/framesPerBlock, t)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return s, nil
}

// TransformAll is [TransformAllContext] without a way to end it.
func TransformAll(sound Sound, o Options) ([]*STFT, error) {
	return TransformAllContext(context.Background(), sound, o)
}

// TransformAllContext returns the transforms of all channels of a recording; see
// [TransformContext].
func TransformAllContext(ctx context.Context, sound Sound, o Options) ([]*STFT, error) {
	all := make([]*STFT, len(sound.Channels))
	for c, x := range sound.Channels {
		s, err := TransformContext(ctx, x, sound.Rate, o)
		if err != nil {
			return nil, fmt.Errorf("channel %d: %w", c, err)
		}
		all[c] = s
	}
	return all, nil
}

// hann returns the periodic Hann window, which is one sample short of a
// symmetric one.
func hann(size int) []float64 {
	w := make([]float64, size+1)
	for i := range w {
		w[i] = 1
	}
	return window.Hann(w)[:size]
}

const framesPerBlock = 32

// forward is the transform as a task; a block is framesPerBlock frames.
type forward struct {
	ctx     context.Context
	s       *STFT
	x       []float64
	scratch []scratch // of each worker
}

// scratch is what one worker needs for itself: an FFT plan is not safe for
// concurrent use.
type scratch struct {
	fft   *fourier.FFT
	frame []float64
}

func (c *scratch) init(size int) {
	if c.fft == nil {
		c.fft = fourier.NewFFT(size)
		c.frame = make([]float64, size)
	}
}

// Do transforms one block of frames.
func (t *forward) Do(block, worker int) {
	s, c := t.s, &t.scratch[worker]
	c.init(s.Size)
	first := block * framesPerBlock
	for k := first; k < min(first+framesPerBlock, s.Frames) && t.ctx.Err() == nil; k++ {
		start := s.start(k)
		clear(c.frame)
		for i := max(0, -start); i < min(s.Size, s.Samples-start); i++ {
			c.frame[i] = s.window[i] * t.x[start+i]
		}
		c.fft.Coefficients(s.Frame(k), c.frame)
	}
}

// start returns the sample at which frame k begins, which may be negative.
func (s *STFT) start(k int) int { return k*s.Hop - s.Size/2 }

// Frame returns the spectrum of frame k: Bins values that share memory with s.
func (s *STFT) Frame(k int) []complex128 {
	return s.data[k*s.Bins : (k+1)*s.Bins : (k+1)*s.Bins]
}

// Magnitude returns the absolute values, bins x frames: row f is a frequency,
// column t a time.
func (s *STFT) Magnitude() *matrix.Dense[float64] {
	m, err := s.MagnitudeContext(context.Background())
	if err != nil {
		panic(err) // the background does not end
	}
	return m
}

// MagnitudeContext is [STFT.Magnitude] until the context ends, whose cause is
// then returned.
func (s *STFT) MagnitudeContext(ctx context.Context) (*matrix.Dense[float64], error) {
	m := matrix.New[float64](s.Bins, s.Frames)
	const tile = 16 // frames whose values are written next to each other
	for k0 := 0; k0 < s.Frames; k0 += tile {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		k1 := min(k0+tile, s.Frames)
		for f := 0; f < s.Bins; f++ {
			row := m.Row(f)
			for k := k0; k < k1; k++ {
				row[k] = cmplx.Abs(s.data[k*s.Bins+f])
			}
		}
	}
	return m, nil
}

// Frequency returns the frequency in Hz at the centre of a bin.
func (s *STFT) Frequency(bin int) float64 {
	return float64(bin) * float64(s.Rate) / float64(s.Size)
}

// Time returns the time in seconds at the centre of a frame.
func (s *STFT) Time(frame int) float64 {
	return float64(frame) * float64(s.Hop) / float64(s.Rate)
}
