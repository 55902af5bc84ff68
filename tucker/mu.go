package tucker

import (
	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/nnls"
	"polyad/matrix"
	"polyad/tensor"
)

// mu is the multiplicative update: with Y the model, for one step on a block B
//
//	B ← B ∘ u,  u the minimizer of the majorizer at B of D_β plus penalties,
//
// which without penalties is u = (N/C)^γ with N and C the two parts of the gradient
// as in [gradient], and γ = 1/(2-β), 1, 1/(β-1) for β < 1, 1 ≤ β ≤ 2, β > 2
// (Févotte, Idier 2011; package internal/nnls has the penalized step). The
// objective never rises. A step costs a pass over the data (package internal/data),
// 4·|X|·J flops for β = 1 and 6·|X|·J else, J the smallest rank or one that costs
// less; for β = 2 the projections of [data.Tucker], which inner steps share, where
// no entry is missing.
type mu[T asm.Float] struct {
	*state[T]
	parts *gradient[T]
	inner int
	steps []*nnls.MM[T]
	block int
}

// muRows and muEntries are what is updated as one piece of work, of a factor and
// of the core.
const muRows, muEntries = 48, 512

func newMU[T asm.Float](s *state[T], a MU) (*mu[T], error) {
	u := &mu[T]{state: s, parts: newGradient(s), inner: max(a.Inner, 1), steps: make([]*nnls.MM[T], len(s.blocks))}
	for _, n := range s.free {
		var err error
		if u.steps[n], err = nnls.NewMM(s.o.Loss, s.blocks[n].Penalty, s.eps); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (u *mu[T]) update(block int) {
	u.block = block
	pieces := (u.blocks[block].X.Rows + muRows - 1) / muRows
	if block == len(u.f) {
		pieces = (len(u.core.Data) + muEntries - 1) / muEntries
	}
	for k := range u.inner {
		u.parts.compute(block, k == 0)
		u.pool.Run(pieces, u)
		if !u.projected {
			u.x.Changed(block)
		}
	}
}

// Do makes a step on some rows of a factor, or some entries of the core.
func (u *mu[T]) Do(piece, _ int) {
	step := u.steps[u.block]
	if u.block == len(u.f) {
		i0 := piece * muEntries
		i1 := min(i0+muEntries, len(u.core.Data))
		step.Component(u.core.Data[i0:i1], u.parts.core.Data[i0:i1], u.parts.coreDen.Data[i0:i1], 0, i0)
		return
	}
	f := u.f[u.block]
	i0 := piece * muRows
	i1 := min(i0+muRows, f.Rows)
	u.parts.rows(u.block, i0, i1)
	for i := i0; i < i1; i++ {
		num, den := u.parts.row(u.block, i)
		step.Row(f.Row(i), num, den, i)
	}
}

// gradient computes the two parts of the gradient of D_β with respect to a block.
// With B_n the core times the factors of all other modes
//
//	N = (X∘Y^(β-2))_(n)·B_(n)ᵀ,     C = Y^(β-1)_(n)·B_(n)ᵀ              for factor n,
//	N = X∘Y^(β-2) ×_0 F_0ᵀ ×_1 …,   C = Y^(β-1) ×_0 F_0ᵀ ×_1 …          for the core.
//
// For β = 2 they are, with P and A the projections of the data, Q and B as in [grams], P_(n)·G_(n)ᵀ
// and F_n·Q_n, A and B. For β = 1 all rows of C are alike, B_n summed up over all
// modes but n, and C of the core is the outer product of the factors' column sums.
type gradient[T asm.Float] struct {
	*state[T]
	num, den      []*matrix.Dense[T] // of the factors, each sharing memory; den nil at β = 1
	sums          []T                // a row of C at β = 1
	core, coreDen *tensor.Dense[T]
	columns       [][]float64 // column sums of the factors
	weights       []float64   // their outer product, without one mode
	product       data.Contraction[T]
	normal        []*matrix.Dense[float64] // Q, sharing memory
	rounded       []*matrix.Dense[T]       // and in T
}

func newGradient[T asm.Float](s *state[T]) *gradient[T] {
	order := len(s.f)
	g := &gradient[T]{state: s, coreDen: tensor.New[T](s.core.Shape...), core: tensor.New[T](s.core.Shape...)}
	longest, widest := 0, 0
	for _, f := range s.f {
		if f != nil {
			longest, widest = max(longest, f.Rows*f.Cols), max(widest, f.Cols)
		}
	}
	num, den := make([]T, longest), []T(nil)
	frobenius, kl := s.projected, s.o.Loss.Beta() == 1 && !s.masked()
	if !kl {
		den = make([]T, longest)
	}
	var normal []float64
	var rounded []T
	if frobenius {
		normal, rounded = make([]float64, widest*widest), make([]T, widest*widest)
	}
	g.num, g.den = make([]*matrix.Dense[T], order), make([]*matrix.Dense[T], order)
	g.normal, g.rounded = make([]*matrix.Dense[float64], order), make([]*matrix.Dense[T], order)
	for n, f := range s.f {
		if f == nil {
			continue
		}
		g.num[n] = matrix.Of(f.Rows, f.Cols, num[:f.Rows*f.Cols])
		if !kl {
			g.den[n] = matrix.Of(f.Rows, f.Cols, den[:f.Rows*f.Cols])
		}
		if frobenius {
			g.normal[n] = matrix.Of(f.Cols, f.Cols, normal[:f.Cols*f.Cols])
			g.rounded[n] = matrix.Of(f.Cols, f.Cols, rounded[:f.Cols*f.Cols])
		}
	}
	if kl {
		g.sums, g.weights, g.columns = make([]T, widest), make([]float64, s.core.Len()), make([][]float64, order)
		for n, f := range s.f {
			if f != nil {
				g.columns[n] = make([]float64, f.Cols)
			}
		}
	}
	return g
}

// compute computes both parts. fresh says that other blocks have changed, and not
// this one alone.
func (g *gradient[T]) compute(block int, fresh bool) {
	if g.projected {
		g.frobenius(block, fresh)
		return
	}
	model := g.tucker()
	kl := g.columns != nil
	if kl && fresh {
		g.columnSums(block)
	}
	switch {
	case block < len(g.f):
		g.x.Quotients(g.num[block], g.den[block], g.o.Loss, block, model)
	case kl:
		g.x.CoreQuotients(g.core, nil, g.o.Loss, model)
	default:
		g.x.CoreQuotients(g.core, g.coreDen, g.o.Loss, model)
	}
}

// frobenius computes both parts for β = 2.
func (g *gradient[T]) frobenius(block int, fresh bool) {
	if block == len(g.f) {
		if fresh {
			copy(g.core.Data, g.x.Project(block, g.f).Data)
		}
		for i, v := range g.grams.applied(g.f, g.state.core, -1).Data {
			g.coreDen.Data[i] = T(v)
		}
		return
	}
	if !fresh {
		return
	}
	g.product.To(g.pool, g.num[block], g.x.Project(block, g.f), g.state.core, block)
	g.grams.normal(g.normal[block], g.f, g.state.core, block)
	for i, v := range g.normal[block].Data {
		g.rounded[block].Data[i] = T(v)
	}
}

// rows computes what compute has left of C for rows [i0, i1) of a factor.
func (g *gradient[T]) rows(mode, i0, i1 int) {
	if !g.projected {
		return
	}
	f, den, q := g.f[mode], g.den[mode], g.rounded[mode]
	asm.For[T]().Mul(i1-i0, f.Cols, f.Cols, f.Data[i0*f.Stride:], f.Stride, 1, q.Data, q.Stride, den.Data[i0*den.Stride:], den.Stride, false, false)
}

// row returns N and C of row i of a factor after compute and rows.
func (g *gradient[T]) row(mode, i int) (num, den []T) {
	if g.den[mode] == nil {
		return g.num[mode].Row(i), g.sums[:g.num[mode].Cols]
	}
	return g.num[mode].Row(i), g.den[mode].Row(i)
}

// columnSums computes C at β = 1, a row of it for a factor.
func (g *gradient[T]) columnSums(block int) {
	shape := g.state.core.Shape
	w := g.weights[:1]
	w[0] = 1
	for n, f := range g.f {
		if f != nil && n != block {
			sums := g.columns[n]
			clear(sums)
			for i := range f.Rows {
				for q, v := range f.Row(i) {
					sums[q] += float64(v)
				}
			}
		}
		// From the last weight on, so that each is read before it is written over.
		before := len(w)
		w = g.weights[:before*shape[n]]
		for k := before - 1; k >= 0; k-- {
			v := w[k]
			for q := shape[n] - 1; q >= 0; q-- {
				if w[k*shape[n]+q] = v; f != nil && n != block {
					w[k*shape[n]+q] = v * g.columns[n][q]
				}
			}
		}
	}
	if block == len(g.f) {
		for i, v := range w {
			g.coreDen.Data[i] = T(v)
		}
		return
	}
	l, j, r := g.state.core.Split(block)
	for q := range j {
		var sum float64
		for k := range l {
			for e := (k*j + q) * r; e < (k*j+q+1)*r; e++ {
				sum += w[e] * float64(g.state.core.Data[e])
			}
		}
		g.sums[q] = T(sum)
	}
}
