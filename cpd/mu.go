package cpd

import (
	"polyad/asm"
	"polyad/internal/nnls"
	"polyad/matrix"
)

// mu is the multiplicative update: with Y the model, and K the Khatri-Rao product
// of the other modes' factors, for one step on F_n
//
//	F_n ← F_n ∘ u,  u the minimizer of the majorizer at F_n of D_β plus penalties,
//
// which without penalties is u = ((X∘Y^(β-2))_(n)·K / Y^(β-1)_(n)·K)^γ with γ =
// 1/(2-β), 1, 1/(β-1) for β < 1, 1 ≤ β ≤ 2, β > 2 (Févotte, Idier 2011; package
// internal/nnls has the penalized step). The objective never rises. A step on one
// mode costs 2·|X|·r flops for β = 2, of which modes share passes, 4·|X|·r for
// β = 1 and 6·|X|·r else.
type mu[T asm.Float] struct {
	*state[T]
	parts *gradient[T]
	inner int
	steps []*nnls.MM[T]
	mode  int
}

// tileRows is the number of rows that are worked on at a time.
const tileRows = 512

func newMU[T asm.Float](s *state[T], a MU) (*mu[T], error) {
	u := &mu[T]{state: s, parts: newGradient(s), inner: max(a.Inner, 1), steps: make([]*nnls.MM[T], len(s.f))}
	for _, n := range s.free {
		var err error
		if u.steps[n], err = nnls.NewMM(s.o.Loss, s.blocks[n].Penalty, s.eps); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (u *mu[T]) update(mode int) {
	u.mode = mode
	for k := range u.inner {
		u.parts.compute(mode, k == 0)
		u.pool.Run((u.f[mode].Rows+tileRows-1)/tileRows, u)
	}
}

// Do makes a step on one tile of rows.
func (u *mu[T]) Do(block, _ int) {
	f := u.f[u.mode]
	i0 := block * tileRows
	i1 := min(i0+tileRows, f.Rows)
	u.parts.rows(u.mode, i0, i1)
	for i := i0; i < i1; i++ {
		num, den := u.parts.row(u.mode, i)
		u.steps[u.mode].Row(f.Row(i), num, den, i)
	}
}

// gradient computes the two parts of the gradient of D_β with respect to a
// factor, N = (X∘Y^(β-2))_(n)·K and C = Y^(β-1)_(n)·K. For β = 2 they are the
// MTTKRP and F_n·S; for β = 1 all rows of C are alike.
type gradient[T asm.Float] struct {
	*state[T]
	den     []*matrix.Dense[T] // sharing memory, nil at β = 1
	sums    []T
	rounded *matrix.Dense[T] // S in T
}

func newGradient[T asm.Float](s *state[T]) *gradient[T] {
	g := &gradient[T]{state: s, sums: make([]T, s.rank), rounded: matrix.New[T](s.rank, s.rank)}
	if s.o.Loss.Beta() == 1 {
		return g
	}
	longest := 0
	for _, f := range s.f {
		longest = max(longest, f.Rows)
	}
	memory := make([]T, longest*s.rank)
	for _, f := range s.f {
		g.den = append(g.den, matrix.Of(f.Rows, s.rank, memory[:f.Rows*s.rank]))
	}
	return g
}

// compute computes both parts. fresh says that other factors have changed, and
// not this one alone.
func (g *gradient[T]) compute(mode int, fresh bool) {
	switch {
	case g.isFrobenius():
		if fresh {
			g.product(mode)
		}
		for i, v := range g.gram.Data {
			g.rounded.Data[i] = T(v)
		}
	case g.den != nil:
		g.x.Quotients(g.num[mode], g.den[mode], g.o.Loss, mode, g.f)
	default:
		if fresh {
			g.columnSums(mode)
		}
		g.x.Quotients(g.num[mode], nil, g.o.Loss, mode, g.f)
	}
}

// columnSums computes the products of the other factors' column sums.
func (g *gradient[T]) columnSums(mode int) {
	for q := range g.scales {
		product := 1.0
		for n, f := range g.f {
			if n == mode {
				continue
			}
			var sum float64
			for i := range f.Rows {
				sum += float64(f.Row(i)[q])
			}
			product *= sum
		}
		g.sums[q] = T(product)
	}
}

// rows computes what compute has left of C for rows [i0, i1).
func (g *gradient[T]) rows(mode, i0, i1 int) {
	if !g.isFrobenius() {
		return
	}
	r, f, den := g.rank, g.f[mode], g.den[mode]
	asm.For[T]().Mul(i1-i0, r, r, f.Data[i0*f.Stride:], f.Stride, 1, g.rounded.Data, r, den.Data[i0*r:], r, false, false)
}

// row returns N and C of row i after compute and rows.
func (g *gradient[T]) row(mode, i int) (num, den []T) {
	if g.den == nil {
		return g.num[mode].Row(i), g.sums
	}
	return g.num[mode].Row(i), g.den[mode].Row(i)
}
