package tucker

import (
	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/tensor"
)

// grams are the Gram matrices S_n = F_nᵀF_n of the factors and what is computed
// with them and the core, in float64:
//
//	||Y||² = ⟨G ×_0 S_0 ×_1 S_1 …, G⟩,
//	Q_n = B_(n)·G_(n)ᵀ with B = G ×_{k≠n} S_k,
//
// the latter the matrix of the normal equations of factor n. Cost 2·|G|·Σ J_k
// flops.
type grams[T asm.Float] struct {
	s       []*matrix.Dense[float64] // nil for modes left alone
	fresh   []bool                   // whether they are those of the factors
	pool    *par.Pool
	work    matrix.GramWork[T]
	core, b *tensor.Dense[float64]
	times   []*matrix.Dense[float64] // s but for one mode
	product tensor.Work[float64]
	sums    data.Contraction[float64]
}

func (g *grams[T]) init(pool *par.Pool, f []*matrix.Dense[T], core *tensor.Dense[T]) {
	g.pool, g.fresh = pool, make([]bool, len(f))
	g.times = make([]*matrix.Dense[float64], len(f))
	for _, m := range f {
		if m == nil {
			g.s = append(g.s, nil)
			continue
		}
		g.s = append(g.s, matrix.New[float64](m.Cols, m.Cols))
	}
	g.core, g.b = tensor.New[float64](core.Shape...), tensor.New[float64](core.Shape...)
}

// update computes the Gram matrices that are out of date and leaves them in times
// but for one mode.
func (g *grams[T]) update(f []*matrix.Dense[T], but int) {
	for n, m := range f {
		g.times[n] = nil
		if m == nil || n == but {
			continue
		}
		if !g.fresh[n] {
			g.work.Gram(g.pool, g.s[n], m, false)
			g.fresh[n] = true
		}
		g.times[n] = g.s[n]
	}
}

// applied returns G ×_{k≠but} S_k, valid until the next call.
func (g *grams[T]) applied(f []*matrix.Dense[T], core *tensor.Dense[T], but int) *tensor.Dense[float64] {
	g.update(f, but)
	for i, v := range core.Data {
		g.core.Data[i] = float64(v)
	}
	g.product.MultiModeProductTo(nil, g.b, g.core, g.times, false)
	return g.b
}

// squares returns ||Y||².
func (g *grams[T]) squares(f []*matrix.Dense[T], core *tensor.Dense[T]) float64 {
	b := g.applied(f, core, -1)
	return dot(b.Data, g.core.Data)
}

// normal writes Q_n into dst, J_n x J_n.
func (g *grams[T]) normal(dst *matrix.Dense[float64], f []*matrix.Dense[T], core *tensor.Dense[T], mode int) {
	g.sums.To(nil, dst, g.applied(f, core, mode), g.core, mode)
}
