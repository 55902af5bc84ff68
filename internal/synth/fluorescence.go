package synth

import (
	"fmt"
	"math"

	"polyad/asm"
	"polyad/matrix"
	"polyad/tensor"
)

// Fluorescence returns data as a spectrometer takes them, samples x emission x
// excitation, nonnegative and of the given rank: every component has a Gaussian band
// or two in emission and in excitation, and a gamma
// distributed concentration in each sample. Emission goes from 250 to 450 nm and
// excitation from 240 to 300 nm, in as many steps as the shape says.
//
// Light that is only scattered (Rayleigh) covers what is emitted near the excitation
// and below it: these entries are missing, and the mask says so. About a sixth of a
// 5 x 201 x 61 array is. o.Nonneg and o.Density have no effect. The error wraps
// ErrOption.
func Fluorescence[T asm.Float](shape []int, rank int, o Options) (*Data[T, *CPModel[T]], *tensor.Mask, error) {
	o.Nonneg, o.Density = true, 1
	if len(shape) != 3 {
		return nil, nil, fmt.Errorf("synth: %w: the shape has %d modes; want samples, emission, excitation", ErrOption, len(shape))
	}
	if err := o.check(shape, []int{rank}); err != nil {
		return nil, nil, err
	}
	const emission, excitation, width, nearest = 250., 240., 200., 14.
	wave := func(from, width float64, i, n int) float64 { return from + width*float64(i)/float64(max(n-1, 1)) }
	truth := &CPModel[T]{Weights: make([]T, rank)}
	for n, size := range shape {
		f, r := matrix.New[T](size, rank), generator(o.Seed, uint64(n))
		for q := range rank {
			truth.Weights[q] = 1
			// Bands of different components overlap, and none is that of another one.
			at, wide := (float64(q)+.2+.6*r.Float64())/float64(rank), .12+.08*r.Float64()
			second := .4 * r.Float64()
			for i := range size {
				t := float64(i) / float64(max(size-1, 1))
				v := math.Exp(-(t-.15-.6*at)*(t-.15-.6*at)/(2*wide*wide)) + second*math.Exp(-(t-at)*(t-at)/(wide*wide))
				if n == 0 {
					v = gamma(r, 2)
				}
				f.Row(i)[q] = T(v)
			}
		}
		truth.Factors = append(truth.Factors, f)
	}
	d := finish(&o, truth, truth.Reconstruct, truth.Weights)
	mask := tensor.NewMask(shape...)
	for i := range shape[0] {
		for j := range shape[1] {
			for k := range shape[2] {
				if wave(emission, width, j, shape[1]) >= wave(excitation, 60, k, shape[2])+nearest {
					mask.Set(true, i, j, k)
				}
			}
		}
	}
	return d, mask, nil
}
