package cpd

import "polyad/internal/fitting"

// kkt computes the residuals of the free factors' optimality conditions
// ([fitting.Conditions]), where C - N is the gradient of the loss. The largest of a
// factor's components is returned, 0 for factors that are fixed.
func (s *state[T]) kkt() []float64 {
	out := make([]float64, len(s.f))
	parts := newGradient(s)
	for _, n := range s.free {
		parts.compute(n, true)
		parts.rows(n, 0, s.f[n].Rows)
		c := fitting.NewConditions(s.blocks[n], s.eps, !s.o.nonneg[n])
		for i := range s.f[n].Rows {
			num, den := parts.row(n, i)
			for q, x := range s.f[n].Row(i) {
				c.Add(q, i, x, num[q], den[q])
			}
		}
		out[n] = c.Residual(nil)
	}
	return out
}
