package synth

import (
	"fmt"
	"math"
	"math/rand/v2"

	"polyad/asm"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/solver"
	"polyad/tensor"
)

// ErrOption is wrapped when sizes, ranks or options make no sense.
var ErrOption = solver.ErrOption

// Options say what the data are like. The zero value is dense and exact.
type Options struct {
	// Density is the share of entries that are not zero, in (0, 1], of each
	// factor or, for Tucker, of the core; 0 means 1.
	Density float64
	// Nonneg makes the factors and the core of CPD and Tucker nonnegative; NMF is.
	Nonneg bool
	// Noise is the kind of noise, and SNR its signal-to-noise ratio in dB.
	Noise Noise
	SNR   float64
	// Seed determines everything; every number is a seed.
	Seed uint64
}

// Model is what all models have in common.
type Model interface {
	// Save writes the files of a model folder into dir.
	Save(dir string) error
}

// Data is an array and the model behind it.
type Data[T asm.Float, M Model] struct {
	X     *tensor.Dense[T]
	Truth M
	// RelError is ‖X - truth‖_F / ‖X‖_F, what the noise has added; 0 without
	// noise, rounding aside.
	RelError float64
}

// streams is the first of this package's random streams. A fit's random start
// has the streams 0 and 1 of its seed, so the truth must not.
const streams = 0x73796e7468 << 16

// The streams of the core and of the noise; factor n has stream n.
const (
	coreStream  = 1 << 8
	noiseStream = 1<<8 + 1
)

// generator returns a random stream of its own.
func generator(seed, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, streams+stream))
}

// maxModes is the number of modes that an .npy file holds.
const maxModes = 64

// maxLen is the number of entries above which data are refused rather than
// given to an allocation that would kill the process.
const maxLen = 1 << 34

// check refuses sizes and options that make no sense.
func (o *Options) check(shape, ranks []int) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("synth: %w: %s", ErrOption, fmt.Sprintf(format, args...))
	}
	switch {
	case len(shape) < 2 || len(shape) > maxModes:
		return fail("the shape has %d modes; want 2 to %d", len(shape), maxModes)
	case o.Density < 0 || o.Density > 1 || math.IsNaN(o.Density):
		return fail("the density is %v; want above 0 and at most 1", o.Density)
	case o.Noise < None || o.Noise > Gamma:
		return fail("there is no noise %d", int(o.Noise))
	case o.Noise != None && !(math.Abs(o.SNR) <= 200):
		return fail("the signal-to-noise ratio is %v dB; want -200 to 200", o.SNR)
	case (o.Noise == Poisson || o.Noise == Gamma) && !o.Nonneg:
		return fail("%s noise needs a nonnegative model", o.Noise)
	}
	memory := func(sizes ...int) bool {
		n, ok := tensor.Elements(sizes)
		return ok && int64(n) <= maxLen
	}
	for i, n := range shape {
		r := ranks[min(i, len(ranks)-1)]
		switch {
		case n < 1:
			return fail("mode %d has size %d; want at least 1", i, n)
		case r < 1:
			return fail("the rank is %d; want at least 1", r)
		case !memory(n, r):
			return fail("the factor of mode %d, %d x %d, fits no memory", i, n, r)
		}
	}
	if !memory(shape...) {
		return fail("an array of shape %v fits no memory", shape)
	}
	return nil
}

// factor draws a rows x cols factor whose values are exactly of type T. Each
// column has the density of the options.
func factor[T asm.Float](o *Options, stream uint64, rows, cols int) *matrix.Dense[T] {
	f := matrix.New[T](rows, cols)
	draw(o, generator(o.Seed, stream), f.Data, cols)
	return f
}

// draw fills x with values and thins out its step interleaved columns.
func draw[T asm.Float](o *Options, r *rand.Rand, x []T, step int) {
	for i := range x {
		for x[i] == 0 { // zeros are the thinning's alone
			if o.Nonneg {
				x[i] = T(1 - r.Float64())
			} else {
				x[i] = T(r.NormFloat64())
			}
		}
	}
	n := len(x) / step
	keep := n
	if o.Density > 0 {
		keep = max(1, int(math.Round(o.Density*float64(n))))
	}
	if keep == n {
		return
	}
	for q := range step {
		for _, i := range r.Perm(n)[keep:] {
			x[i*step+q] = 0
		}
	}
}

// NMF returns an m x n matrix W·H of the given rank with nonnegative factors.
// Poisson noise puts its scale into H. The error wraps ErrOption.
func NMF[T asm.Float](m, n, rank int, o Options) (*Data[T, *nmf.Model[T]], error) {
	o.Nonneg = true
	if err := o.check([]int{m, n}, []int{rank}); err != nil {
		return nil, err
	}
	w, ht := factor[T](&o, 0, m, rank), factor[T](&o, 1, n, rank)
	truth := &nmf.Model[T]{W: w, H: ht.Transpose()}
	mean := func() *tensor.Dense[float64] {
		wide := nmf.Model[float64]{W: matrix.Convert[float64](truth.W), H: matrix.Convert[float64](truth.H)}
		return tensor.FromMatrix(wide.Reconstruct())
	}
	return finish(&o, truth, mean, truth.H.Data), nil
}

// CPD returns an array of the given shape that is a sum of rank outer products.
// The weights are 1, but for Poisson noise, which puts its scale into them. The
// error wraps ErrOption.
func CPD[T asm.Float](shape []int, rank int, o Options) (*Data[T, *CPModel[T]], error) {
	if err := o.check(shape, []int{rank}); err != nil {
		return nil, err
	}
	truth := &CPModel[T]{Weights: make([]T, rank)}
	for q := range truth.Weights {
		truth.Weights[q] = 1
	}
	for i, n := range shape {
		truth.Factors = append(truth.Factors, factor[T](&o, uint64(i), n, rank))
	}
	return finish(&o, truth, truth.Reconstruct, truth.Weights), nil
}

// Tucker returns an array of the given shape and multilinear rank: a core of
// shape ranks, multiplied with a factor in each mode. Poisson noise puts its
// scale into the core. The error wraps ErrOption.
func Tucker[T asm.Float](shape, ranks []int, o Options) (*Data[T, *TuckerModel[T]], error) {
	if len(ranks) != len(shape) {
		return nil, fmt.Errorf("synth: %w: there are %d ranks for %d modes", ErrOption, len(ranks), len(shape))
	}
	if err := o.check(shape, ranks); err != nil {
		return nil, err
	}
	size, ok := tensor.Elements(ranks)
	for i, n := range shape {
		if ranks[i] > n {
			return nil, fmt.Errorf("synth: %w: the rank of mode %d is %d, above its size %d", ErrOption, i, ranks[i], n)
		}
		if ok && ranks[i] > size/ranks[i] {
			return nil, fmt.Errorf("synth: %w: the rank of mode %d is %d, above the product %d of the others", ErrOption, i, ranks[i], size/ranks[i])
		}
	}
	truth := &TuckerModel[T]{Core: tensor.New[T](ranks...)}
	draw(&o, generator(o.Seed, coreStream), truth.Core.Data, 1)
	dense := o
	dense.Density = 1
	for i, n := range shape {
		truth.Factors = append(truth.Factors, factor[T](&dense, uint64(i), n, ranks[i]))
	}
	return finish(&o, truth, truth.Reconstruct, truth.Core.Data), nil
}

// finish makes the data of a model: its reconstruction mean, with noise. scale
// is the block that carries the model's scale.
func finish[T asm.Float, M Model](o *Options, truth M, mean func() *tensor.Dense[float64], scale []T) *Data[T, M] {
	x := mean()
	if o.Noise == Poisson {
		c := poissonScale(x.Data, o.SNR)
		for i := range scale {
			scale[i] *= T(c)
		}
		x = mean() // of the scaled model as rounded to T
	}
	d := &Data[T, M]{Truth: truth, RelError: o.disturb(x.Data)}
	if same, ok := any(x).(*tensor.Dense[T]); ok {
		d.X = same
		return d
	}
	d.X = tensor.New[T](x.Shape...)
	for i, v := range x.Data {
		d.X.Data[i] = T(v)
	}
	return d
}
