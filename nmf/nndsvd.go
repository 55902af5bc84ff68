package nmf

import (
	"fmt"
	"math"
	"math/rand/v2"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/named"
	"polyad/internal/par"
	"polyad/matrix"
)

// NNDSVD is the start from the leading singular triplets of the data (C.
// Boutsidis, E. Gallopoulos, SVD based initialization, Pattern Recognition 41,
// 2008). With u = u⁺ - u⁻, v = v⁺ - v⁻ the positive and negative parts of
// singular vectors,
//
//	w_k = √(σ_k·μ)·u±/‖u±‖,  h_k = √(σ_k·μ)·v±/‖v±‖,  μ = ‖u±‖·‖v±‖,
//
// the sign being the one with the larger μ; the leading pair has one sign
// anyway. The signs of singular vectors do not matter. Entries below 1e-6 are
// set to 0, and zeros are then filled in.
//
// What is filled in and the bound of 1e-6 are published for data of ordinary
// size. So they are taken in units, powers of four, in which the mean of the
// data is from ½ to 2, and the start does not depend on the units of the data.
//
// Components beyond the rank of the data get small random entries. Options.Seed
// determines them, those of [FillRandom], and the start of the singular vectors
// ([matrix.SVD]), which cost about 26·(r+10) flops for each entry of the data.
type NNDSVD struct {
	// Fill says what becomes of zeros: they would stay under [MU], which
	// therefore refuses FillZero.
	Fill Fill
}

// Fill says what the zeros of an [NNDSVD] start become.
type Fill int

// What zeros become.
const (
	// FillZero leaves zeros (NNDSVD).
	FillZero Fill = iota
	// FillMean makes them the mean of the data (NNDSVDa).
	FillMean
	// FillRandom makes them the absolute values of normal variates with a
	// hundredth of the mean as their deviation (NNDSVDar).
	FillRandom
)

var fills = named.Enum[Fill]{Type: "Fill", Option: "fill", Err: ErrOption, Words: []string{"zero", "mean", "random"}}

// String returns zero, mean or random.
func (f Fill) String() string { return fills.String(f) }

// MarshalText returns the word that String returns, and an error for a value that
// does not exist.
func (f Fill) MarshalText() ([]byte, error) { return fills.Text(f) }

// UnmarshalText reads a word; the error wraps [ErrOption] and lists them all.
func (f *Fill) UnmarshalText(text []byte) error { return fills.Set(f, text) }

func (NNDSVD) start() {}

// String returns nndsvd, nndsvda or nndsvdar.
func (s NNDSVD) String() string {
	switch s.Fill {
	case FillMean:
		return "nndsvda"
	case FillRandom:
		return "nndsvdar"
	}
	return "nndsvd"
}

// The streams of random numbers that starts take, apart from those of Random's W
// and H, 0 and 1.
const (
	streamPad  = 2
	streamFill = 3
)

// units returns the power of two in which the entries of factors are near 1, for
// factors that are worked on times scale, and the mean of the data in the square
// of it, which is from ½ to 2. Both are 0 for data without a mean.
func units[T asm.Float](v data.Matrix[T], scale float64) (unit, mean float64) {
	mean = v.Stats().Mean() / (scale * scale)
	if !(mean > 0) {
		return 0, 0
	}
	e := int(math.Floor(math.Log2(mean)/2 + .5))
	return math.Ldexp(scale, e), math.Ldexp(mean, -2*e)
}

// nndsvd makes the start for data v, and a model in their units.
func nndsvd[T asm.Float](v data.Matrix[T], rank int, fill Fill, seed uint64, scale float64, pool *par.Pool) *Model[T] {
	m, n := v.Dims()
	model := &Model[T]{W: matrix.New[T](m, rank), H: matrix.New[T](rank, n)}
	unit, mean := units(v, scale)
	u, s, vt := matrix.SVD(pool, v.Operator(pool), rank, seed)
	found := 0
	noise := float64(max(m, n)) * 0x1p-52
	if asm.SizeOf[T]() == 4 {
		noise = float64(max(m, n)) * 0x1p-23
	}
	for found < len(s) && s[found] > noise*s[0] {
		found++
	}
	column, row := make([]float64, m), make([]float64, n)
	for k := range found {
		part(column, row, u, vt, k, s[k])
		for i, x := range column {
			model.W.Data[i*rank+k] = above(T(x), 1e-6*unit)
		}
		for j, x := range row {
			model.H.Row(k)[j] = above(T(x), 1e-6*unit)
		}
	}
	r := rand.New(rand.NewPCG(seed, streamFill))
	for _, f := range []*matrix.Dense[T]{model.W, model.H} {
		for i, x := range f.Data {
			switch {
			case x != 0:
			case fill == FillMean:
				f.Data[i] = T(mean * unit)
			case fill == FillRandom:
				f.Data[i] = T(math.Abs(r.NormFloat64()) * mean * unit / 100)
			}
		}
	}
	pad(model, found, seed, mean, unit)
	return model
}

// above returns x, or 0 for what is below least.
func above[T asm.Float](x T, least float64) T {
	if float64(x) < least {
		return 0
	}
	return x
}

// part writes the parts of one sign of the singular vectors k, times the root of
// σ·‖u±‖·‖v±‖, into w and h. The sign of the vectors is not defined.
func part[T asm.Float](w, h []float64, u, v *matrix.Dense[T], k int, sigma float64) {
	var us, vs [2]float64 // squares of the positive and the negative parts
	squares := func(x *matrix.Dense[T], s *[2]float64) {
		for i := range x.Rows {
			if f := float64(x.Row(i)[k]); f > 0 {
				s[0] += f * f
			} else {
				s[1] += f * f
			}
		}
	}
	squares(u, &us)
	squares(v, &vs)
	sign, side := 1.0, 0
	if us[1]*vs[1] > us[0]*vs[0] {
		sign, side = -1, 1
	}
	nu, nv := math.Sqrt(us[side]), math.Sqrt(vs[side])
	size := math.Sqrt(sigma * nu * nv)
	for i := range w {
		w[i] = 0
		if f := sign * float64(u.Row(i)[k]); f > 0 {
			w[i] = size * f / nu
		}
	}
	for j := range h {
		h[j] = 0
		if f := sign * float64(v.Row(j)[k]); f > 0 {
			h[j] = size * f / nv
		}
	}
}

// pad gives the components from the first one on random entries, uniform and a
// tenth as large as those of a [Random] start, so that their part of the model
// is small and no two of them are alike.
func pad[T asm.Float](model *Model[T], first int, seed uint64, mean, unit float64) {
	rank := model.Rank()
	if first >= rank {
		return
	}
	size := .2 * math.Sqrt(mean/float64(rank)) * unit
	r := rand.New(rand.NewPCG(seed, streamPad))
	for k := first; k < rank; k++ {
		for i := range model.W.Rows {
			model.W.Data[i*rank+k] = T((1 - r.Float64()) * size)
		}
		row := model.H.Row(k)
		for j := range row {
			row[j] = T((1 - r.Float64()) * size)
		}
	}
}

func (s NNDSVD) validate(a Method) error {
	if s.Fill < FillZero || s.Fill > FillRandom {
		return fmt.Errorf("nmf: %w: fill %d; want FillZero, FillMean or FillRandom", ErrOption, int(s.Fill))
	}
	if _, ok := a.(MU); ok && s.Fill == FillZero {
		return fmt.Errorf("nmf: %w: nndsvd gives a start with zeros, which multiplicative updates cannot leave; use nndsvda (NNDSVD{Fill: FillMean}) or nndsvdar", ErrOption)
	}
	return nil
}
