package fitting

import (
	"math"

	"polyad/asm"
	"polyad/reg"
)

// Conditions sums up the optimality conditions of one block per component: with
// the gradient G = C - N + ∇penalty they are X ≥ 0, G ≥ 0, X∘G = 0, or for a block
// with entries of both signs G = 0 with the subgradient of |x| at 0.
type Conditions[T asm.Float] struct {
	terms           reg.Penalty
	floor           T
	signed          bool
	proj, pos, negs []Norm
}

// NewConditions returns the conditions of a block whose entries are at least
// floor, or of both signs.
func NewConditions[T asm.Float](b reg.Block[T], floor T, signed bool) *Conditions[T] {
	r := b.Components()
	return &Conditions[T]{terms: b.Penalty.Active(), floor: floor, signed: signed,
		proj: make([]Norm, r), pos: make([]Norm, r), negs: make([]Norm, r)}
}

// Add takes entry i of component k with its N and C.
func (c *Conditions[T]) Add(k, i int, x, num, den T) {
	n, p := float64(num), float64(den)
	slack := 0.0 // by which the gradient may differ from 0 at x = 0
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
		switch {
		case !c.signed:
			p += mu * t.Degree * math.Pow(float64(x), t.Degree-1)
		case x != 0:
			p += math.Copysign(mu*t.Degree*math.Pow(math.Abs(float64(x)), t.Degree-1), float64(x))
		case t.Degree == 1:
			slack += mu
		}
	}
	g := p - n
	switch {
	case c.signed:
		if s := math.Abs(g); s <= slack {
			g = 0
		} else if slack > 0 {
			g = math.Copysign(s-slack, g)
		}
	case x <= c.floor:
		g = min(g, 0)
	}
	c.proj[k].Add(g)
	c.pos[k].Add(p)
	c.negs[k].Add(n)
}

// Residual returns the largest residual of a component that is not held: the
// norm of the projected gradient over ‖C + ∇penalty‖ + ‖N‖. Where the gradient is
// out of range nothing is known, and that is the worst.
func (c *Conditions[T]) Residual(held []bool) (worst float64) {
	for k := range c.proj {
		g := c.proj[k].Value()
		if g == 0 || held != nil && held[k] {
			continue
		}
		r := g / (c.pos[k].Value() + c.negs[k].Value())
		if !(r <= 1) {
			r = 1
		}
		worst = max(worst, r)
	}
	return worst
}

// Norm is a Euclidean norm that neither overflows nor underflows: scale is the
// largest entry so far and sum the squares of all in its units.
type Norm struct{ scale, sum float64 }

// Add takes one entry.
func (n *Norm) Add(x float64) {
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

// Value returns the norm of the entries so far.
func (n *Norm) Value() float64 { return n.scale * math.Sqrt(n.sum) }
