package nmf

import (
	"polyad/asm"
	"polyad/internal/fitting"
)

// kkt computes the residuals of the free factors' optimality conditions
// ([fitting.Conditions]), where C - N is the gradient of the loss. It returns the
// largest of a factor's components, 0 for a factor that is fixed.
func (s *state[T]) kkt() []float64 {
	s.denominators()
	out := make([]float64, 2)
	if !s.o.FixW {
		s.prepareW()
		s.pool.Run(s.x.Blocks(), &gradientW[T]{s})
		c := fitting.NewConditions(s.blockW, s.eps, false)
		for i := 0; i < s.w.Rows; i++ {
			num, den := s.wRow(i)
			for k, x := range s.w.Row(i) {
				c.Add(k, i, x, num[k], den[k])
			}
		}
		out[0] = c.Residual(s.heldW)
	}
	if !s.o.FixH {
		s.prepareH()
		s.hTotals(true, true)
		c := fitting.NewConditions(s.blockH, s.eps, false)
		for k := 0; k < s.h.Rows; k++ {
			num, den, den0 := s.hColumns(k, 0, s.h.Cols)
			for j, x := range s.h.Row(k) {
				if den != nil {
					den0 = den[j]
				}
				c.Add(k, j, x, num[j], den0)
			}
		}
		out[1] = c.Residual(s.heldH)
	}
	return out
}

type gradientW[T asm.Float] struct{ *state[T] }

func (t *gradientW[T]) Do(block, worker int) { t.wBlock(block, worker, true) }
