package fitting

import (
	"math"

	"polyad/asm"
	"polyad/reg"
)

// Conditions sums up the optimality conditions of one block per component. With
// the gradient G = P - N, P = C + ∇penalty, they are for a block with entries of at
// least a floor f
//
//	X ≥ f,  G ≥ 0,  (X - f)∘G = 0,
//
// and for one with entries of both signs G = 0 with the subgradient of |x| at 0. In
// units in which neither the scale of the data nor that of a component counts, an
// entry of a component with the mean x̄ is wrong by
//
//	r_i = -g_i                         where g_i < 0,
//	r_i = g_i·min(1, (x_i - f)/x̄)      where g_i > 0,
//
// and the component by ‖r‖/(‖p‖ + ‖n‖), which lies in [0, 1]. So an entry that is on
// its way to the floor counts by the share of the mean that it has to go, and one
// that wants to grow counts wherever it is.
type Conditions[T asm.Float] struct {
	terms           reg.Penalty
	floor           T
	signed          bool
	mean            []float64 // of each component, unless signed
	wrong, pos, neg []Norm
	x               []Norm // of each component
}

// NewConditions returns the conditions of a block whose entries are at least
// floor, or of both signs.
func NewConditions[T asm.Float](b reg.Block[T], floor T, signed bool) *Conditions[T] {
	r := b.Components()
	c := &Conditions[T]{terms: b.Penalty.Active(), floor: floor, signed: signed,
		wrong: make([]Norm, r), pos: make([]Norm, r), neg: make([]Norm, r), x: make([]Norm, r)}
	if signed {
		return c
	}
	c.mean = make([]float64, r)
	for i := range b.X.Rows {
		for j, x := range b.X.Row(i) {
			k := j
			if b.Trans {
				k = i
			}
			c.mean[k] += float64(x) / float64(b.Len())
		}
	}
	return c
}

// Add takes entry i of component k with its N and C.
func (c *Conditions[T]) Add(k, i int, x, num, den T) {
	n, p := float64(num), float64(den)
	c.x[k].Add(float64(x))
	size := p    // what p counts as
	slack := 0.0 // by which the gradient may differ from 0 at x = 0
	for _, t := range c.terms {
		mu := t.Weight
		if t.Rows != nil {
			mu *= t.Rows[i]
		}
		if mu == 0 {
			continue
		}
		if t.Degree < 1 && x <= c.floor {
			return // the slope is infinite at 0, which is a minimum
		}
		switch {
		case !c.signed:
			p += mu * t.Degree * math.Pow(float64(x), t.Degree-1)
			if t.Degree < 1 { // the slope near 0 is no measure for that of others
				size += mu * t.Degree * math.Pow(math.Max(float64(x), c.mean[k]), t.Degree-1)
			} else {
				size += mu * t.Degree * math.Pow(float64(x), t.Degree-1)
			}
		case x != 0:
			p += math.Copysign(mu*t.Degree*math.Pow(math.Abs(float64(x)), t.Degree-1), float64(x))
			size = p
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
	case g > 0 && float64(x-c.floor) < c.mean[k]:
		g *= float64(x-c.floor) / c.mean[k]
	}
	c.wrong[k].Add(g)
	c.pos[k].Add(size)
	c.neg[k].Add(n)
}

// Residual returns the largest residual of a component that is not held. Where the
// gradient is out of range nothing is known, and that is the worst. A component whose
// P and N are rounding errors beside those of others, by themselves and in the units of
// the objective, ‖x‖·‖p‖, has no gradient that could be told from 0.
func (c *Conditions[T]) Residual(held []bool) (worst float64) {
	var top, topCost float64
	for k := range c.wrong {
		size := c.pos[k].Value() + c.neg[k].Value()
		top, topCost = max(top, size), max(topCost, size*c.x[k].Value())
	}
	none := 4 * Precision[T]()
	for k := range c.wrong {
		g, size := c.wrong[k].Value(), c.pos[k].Value()+c.neg[k].Value()
		if g == 0 || held != nil && held[k] || size <= none*top && size*c.x[k].Value() <= none*topCost {
			continue
		}
		r := g / size
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
