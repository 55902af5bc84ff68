package tucker

import (
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/matrix"
)

// kkt computes the residuals of the free blocks' optimality conditions
// ([fitting.Conditions]), where C - N is the gradient of the loss. The largest of a
// block's components is returned, 0 for blocks that are fixed. For the Frobenius
// loss, with P and A as in [data.Tucker], B and Q as in [grams],
//
//	N = P_(n)·G_(n)ᵀ,  C = F_n·Q_n   for factor n,   N = A,  C = B   for the core.
func (s *state[T]) kkt() []float64 {
	out := make([]float64, len(s.f)+1)
	if !s.projected {
		return s.kktByGradient(out)
	}
	if s.masked() { // the gradients of the observed and of the filled loss agree there
		s.x.Fill(s.tucker())
	}
	var sums data.Contraction[T]
	for _, n := range s.free {
		c := fitting.NewConditions(s.blocks[n], s.eps, !s.o.nonneg[n])
		if n == len(s.f) {
			a := s.x.Project(n, s.f)
			b := s.grams.applied(s.f, s.core, -1)
			for i, x := range s.core.Data {
				c.Add(0, i, x, a.Data[i], T(b.Data[i]))
			}
			out[n] = c.Residual(nil)
			continue
		}
		f := s.f[n]
		num, den := matrix.New[T](f.Rows, f.Cols), matrix.New[T](f.Rows, f.Cols)
		sums.To(s.pool, num, s.x.Project(n, s.f), s.core, n)
		q := matrix.New[float64](f.Cols, f.Cols)
		s.grams.normal(q, s.f, s.core, n)
		matrix.Gemm(s.pool, false, false, 1, f, matrix.Convert[T](q), 0, den)
		for i := range f.Rows {
			for k, x := range f.Row(i) {
				c.Add(k, i, x, num.Row(i)[k], den.Row(i)[k])
			}
		}
		out[n] = c.Residual(nil)
	}
	return out
}

// kktByGradient is kkt from passes of the divergence.
func (s *state[T]) kktByGradient(out []float64) []float64 {
	g := newGradient(s)
	for _, n := range s.free {
		c := fitting.NewConditions(s.blocks[n], s.eps, false)
		g.compute(n, true)
		if n == len(s.f) {
			for i, x := range s.core.Data {
				c.Add(0, i, x, g.core.Data[i], g.coreDen.Data[i])
			}
			out[n] = c.Residual(nil)
			continue
		}
		for i := range s.f[n].Rows {
			num, den := g.row(n, i)
			for k, x := range s.f[n].Row(i) {
				c.Add(k, i, x, num[k], den[k])
			}
		}
		out[n] = c.Residual(nil)
	}
	return out
}
