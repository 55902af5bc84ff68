package cpd

import (
	"math"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/internal/nnls"
	"polyad/matrix"
)

// als is alternating least squares: with M the MTTKRP of a mode and S the
// elementwise product of the other modes' Gram matrices
//
//	F_n = M·(S + 2·l2·I)⁻¹
//
// (Carroll, Chang 1970; Harshman 1970), or for a nonnegative mode the minimizer
// over F_n ≥ 0 by block principal pivoting (package internal/nnls). A sweep costs
// 2·|X|·r flops for each pass over the data, I_n·r²·4 + r³/3 for each mode.
//
// Components are scaled by powers of two that bring the diagonal near 1, so that
// a singular A = S + 2·l2·I is told from one of components of very different sizes.
// With the ridge λ that it gets (matrix.SPD) the update is a proximal step,
//
//	F_n ← F_n + (M - F_n·A)·(A + λ·I)⁻¹,
//
// the minimizer of the objective plus λ/2·||F_n - what it was||²: it neither raises
// the objective nor moves what the data say nothing about, where M·(A + λ·I)⁻¹ would
// lose part of a good fit, and components would drift out of range. A component
// whose other columns vanish, or are too small to divide by, becomes 0; so singular
// an S counts like one that got a ridge.
type als[T asm.Float] struct {
	*state[T]
	l2     []float64
	spd    *matrix.SPD[T]
	system *matrix.Dense[float64]
	anchor float64            // λ of a proximal step
	turn   []T                // 1 over the scales
	rest   []*matrix.Dense[T] // M - F_n·A, views of one memory

	pivot           []*nnls.BPP[T]     // of nonnegative modes
	turned, turnedA []*matrix.Dense[T] // views of one memory each
}

func newALS[T asm.Float](s *state[T]) (*als[T], error) {
	a := &als[T]{state: s, l2: make([]float64, len(s.f)), pivot: make([]*nnls.BPP[T], len(s.f)),
		spd: matrix.NewSPD[T](s.rank), system: matrix.New[float64](s.rank, s.rank), turn: make([]T, s.rank)}
	a.anchor = 128 * float64(s.rank+10) * fitting.Precision[T]()
	longest, signed := 0, 0
	for _, n := range s.free {
		if !s.o.nonneg[n] {
			signed = max(signed, s.f[n].Rows)
			for _, t := range s.blocks[n].Penalty.Active() {
				a.l2[n] += t.Weight
			}
			continue
		}
		var err error
		if a.pivot[n], err = nnls.NewBPP[T](s.rank, s.f[n].Rows, s.blocks[n].Penalty, s.pool.Workers()); err != nil {
			return nil, err
		}
		longest = max(longest, s.f[n].Rows)
	}
	x, y := make([]T, s.rank*longest), make([]T, s.rank*longest)
	rest := make([]T, s.rank*signed)
	for _, f := range s.f {
		size := min(s.rank*f.Rows, len(rest))
		a.rest = append(a.rest, &matrix.Dense[T]{Rows: f.Rows, Cols: s.rank, Stride: s.rank, Data: rest[:size]})
		size = min(s.rank*f.Rows, len(x))
		a.turned = append(a.turned, &matrix.Dense[T]{Rows: s.rank, Cols: f.Rows, Stride: f.Rows, Data: x[:size]})
		a.turnedA = append(a.turnedA, &matrix.Dense[T]{Rows: s.rank, Cols: f.Rows, Stride: f.Rows, Data: y[:size]})
	}
	s.numbers = append(s.numbers, &s.ridges)
	return a, nil
}

func (a *als[T]) update(mode int) {
	num := a.product(mode)
	if a.pivot[mode] != nil {
		a.nonnegative(mode, num)
		return
	}
	x, ridge := a.f[mode], 2*a.l2[mode]
	tries, ok := a.factor(ridge)
	switch {
	case !ok:
		for i := range x.Data { // the run ends with an error
			x.Data[i] = T(math.NaN())
		}
	case tries == 0 || a.stats.Squares == 0: // of data that are zero the model becomes so at once
		a.scaleTo(x, num)
		a.spd.Solve(a.pool, x, true)
		a.scaleTo(x, x)
	default:
		a.proximal(x, num, a.rest[mode], ridge)
	}
}

// proximal makes the step for a singular matrix, with rest as scratch.
func (a *als[T]) proximal(x, num, rest *matrix.Dense[T], ridge float64) {
	for i := range x.Rows {
		f, m, to := x.Row(i), num.Row(i), rest.Row(i)
		for q := range to {
			row := a.gram.Row(q)
			if a.scales[q] == 0 {
				f[q] = 0
			}
			sum := float64(m[q]) - ridge*float64(f[q])
			for p, v := range f {
				sum -= float64(v) * row[p]
			}
			to[q] = T(sum * a.scales[q])
		}
	}
	a.spd.Solve(a.pool, rest, true)
	for i := range x.Rows {
		f, by := x.Row(i), rest.Row(i)
		for q, s := range a.turn {
			f[q] += by[q] * s
		}
	}
}

// factor factors S + ridge·I, scaled, and tells how many ridges more were tried.
func (a *als[T]) factor(ridge float64) (tries int, ok bool) {
	least := 0x1p-1000 // its root can be divided by
	if asm.SizeOf[T]() == 4 {
		least = 0x1p-120
	}
	singular := false
	for q := range a.scales {
		d := a.gram.At(q, q) + ridge
		a.scales[q] = 1
		if _, e := math.Frexp(d); d >= least && !math.IsInf(d, 0) {
			a.scales[q] = math.Ldexp(1, -e/2)
		} else if d < least {
			a.scales[q], singular = 0, true
		}
		a.turn[q] = T(a.scales[q])
	}
	for q, s := range a.scales {
		from, to := a.gram.Row(q), a.system.Row(q)
		for p, v := range from {
			to[p] = v * s * a.scales[p]
		}
		if s == 0 {
			to[q] = 1
		} else {
			to[q] += ridge * s * s
		}
	}
	tries, ok = a.spd.Factor(a.system)
	if tries > 0 && ok {
		for q := range a.scales {
			a.system.Row(q)[q] += a.anchor
		}
		_, ok = a.spd.Factor(a.system)
	}
	if tries > 0 || singular {
		a.ridges++
	}
	return tries, ok
}

// scaleTo writes from with its columns scaled.
func (a *als[T]) scaleTo(to, from *matrix.Dense[T]) {
	for i := range to.Rows {
		x, y := to.Row(i), from.Row(i)
		for q, s := range a.turn {
			x[q] = y[q] * s
		}
	}
}

// nonnegative minimizes over a nonnegative factor, as a transposed copy.
func (a *als[T]) nonnegative(mode int, num *matrix.Dense[T]) {
	x := a.f[mode]
	y, b := a.turned[mode], a.turnedA[mode]
	x.TransposeTo(y)
	num.TransposeTo(b)
	a.pivot[mode].SetGram(a.gram)
	a.ridges += float64(a.pivot[mode].Solve(a.pool, y, b))
	y.TransposeTo(x)
}
