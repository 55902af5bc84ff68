package nmf

import (
	"math"

	"polyad/asm"
	"polyad/reg"
)

// kkt computes the residuals of the free factors' optimality conditions
// X ≥ 0, G ≥ 0, X∘G = 0, where G = C - N + ∇penalty is the gradient: for each
// component the norm of G's projection (G where the entry is above the floor,
// its negative part elsewhere) over ‖C + ∇penalty‖ + ‖N‖. It returns the
// largest of a factor's components.
func (s *state[T]) kkt() map[string]float64 {
	s.denominators()
	out := map[string]float64{}
	if !s.o.FixW {
		s.prepareW()
		s.pool.Run(s.x.Blocks(), &gradientW[T]{s})
		c := newConditions(s.blockW, s.eps)
		for i := 0; i < s.w.Rows; i++ {
			num, den := s.wRow(i)
			for k, x := range s.w.Row(i) {
				c.add(k, i, x, num[k], den[k])
			}
		}
		out["w"] = c.residual(s.heldW)
	}
	if !s.o.FixH {
		s.prepareH()
		s.hTotals(true, true)
		c := newConditions(s.blockH, s.eps)
		for k := 0; k < s.h.Rows; k++ {
			num, den, den0 := s.hColumns(k, 0, s.h.Cols)
			for j, x := range s.h.Row(k) {
				if den != nil {
					den0 = den[j]
				}
				c.add(k, j, x, num[j], den0)
			}
		}
		out["h"] = c.residual(s.heldH)
	}
	return out
}

type gradientW[T asm.Float] struct{ *state[T] }

func (t *gradientW[T]) Do(block, worker int) { t.wBlock(block, worker, true) }

// conditions sums up the optimality conditions of one factor per component.
type conditions[T asm.Float] struct {
	terms           reg.Penalty
	eps             T
	proj, pos, negs []norm
}

func newConditions[T asm.Float](b reg.Block[T], eps T) *conditions[T] {
	r := b.Components()
	return &conditions[T]{terms: b.Penalty.Active(), eps: eps,
		proj: make([]norm, r), pos: make([]norm, r), negs: make([]norm, r)}
}

// add takes entry (i, k) of the factor with its N and C.
func (c *conditions[T]) add(k, i int, x, num, den T) {
	n, p := float64(num), float64(den)
	for _, t := range c.terms {
		mu := t.Weight
		if t.Rows != nil {
			mu *= t.Rows[i]
		}
		if mu == 0 {
			continue
		}
		if t.Degree < 1 && x == 0 {
			return // the slope is infinite: 0 is a minimum
		}
		p += mu * t.Degree * math.Pow(float64(x), t.Degree-1)
	}
	g := p - n
	if x <= c.eps {
		g = min(g, 0)
	}
	c.proj[k].add(g)
	c.pos[k].add(p)
	c.negs[k].add(n)
}

// residual returns the largest residual of a component that is not held. Where the gradient is
// out of range nothing is known, and that is the worst.
func (c *conditions[T]) residual(held []bool) (worst float64) {
	for k := range c.proj {
		g := c.proj[k].value()
		if g == 0 || held != nil && held[k] {
			continue
		}
		r := g / (c.pos[k].value() + c.negs[k].value())
		if !(r <= 1) {
			r = 1
		}
		worst = max(worst, r)
	}
	return worst
}

// norm is a Euclidean norm that neither overflows nor underflows: scale is the
// largest entry so far and sum the squares of all in its units.
type norm struct{ scale, sum float64 }

func (n *norm) add(x float64) {
	switch x = math.Abs(x); {
	case x == 0:
	case !(x <= n.scale):
		f := n.scale / x
		n.sum = 1 + n.sum*f*f
		n.scale = x
	default:
		f := x / n.scale
		n.sum += f * f
	}
}

func (n *norm) value() float64 { return n.scale * math.Sqrt(n.sum) }
