package cpd

import (
	"polyad/asm"
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
// A singular S makes a proximal step (nnls.Free), and a component whose other columns
// vanish, or are too small to divide by, becomes 0; so singular an S counts like one
// that got a ridge.
type als[T asm.Float] struct {
	*state[T]
	l2     []float64
	solver *nnls.Free[T]

	pivot           []*nnls.BPP[T]     // of nonnegative modes
	turned, turnedA []*matrix.Dense[T] // views of one memory each
}

func newALS[T asm.Float](s *state[T]) (*als[T], error) {
	a := &als[T]{state: s, l2: make([]float64, len(s.f)), pivot: make([]*nnls.BPP[T], len(s.f))}
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
	a.solver = nnls.NewFree[T](s.rank, signed)
	x, y := make([]T, s.rank*longest), make([]T, s.rank*longest)
	for _, f := range s.f {
		size := min(s.rank*f.Rows, len(x))
		a.turned = append(a.turned, &matrix.Dense[T]{Rows: s.rank, Cols: f.Rows, Stride: f.Rows, Data: x[:size]})
		a.turnedA = append(a.turnedA, &matrix.Dense[T]{Rows: s.rank, Cols: f.Rows, Stride: f.Rows, Data: y[:size]})
	}
	s.Numbers = append(s.Numbers, &s.ridges)
	return a, nil
}

func (a *als[T]) update(mode int) {
	num := a.product(mode)
	if a.pivot[mode] != nil {
		a.nonnegative(mode, num)
		return
	}
	if a.solver.SetGram(a.gram, a.l2[mode]) {
		a.ridges++
	}
	if a.stats.Squares == 0 { // of data that are zero the model becomes so at once
		a.solver.Solve(a.pool, a.f[mode], num)
		return
	}
	a.solver.Step(a.pool, a.f[mode], num)
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
