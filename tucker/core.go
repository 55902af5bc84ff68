package tucker

import (
	"math"

	"polyad/asm"
	"polyad/matrix"
)

// coreStep fits the core given the factors, with A = X ×_0 F_0ᵀ … and S_n as in
// [grams],
//
//	½⟨G ×_0 S_0 ×_1 S_1 …, G⟩ - ⟨A, G⟩ + l1·||G||_1 + l2·||G||²,  G ≥ floor if nonnegative,
//
// by accelerated proximal gradient steps (Beck, Teboulle, A fast iterative
// shrinkage-thresholding algorithm, SIAM J. Imaging Sci. 2, 2009) in a metric of
// its own: for y > 0 the diagonal matrix D_n = diag((|S_n|·y)/y) is no smaller than
// S_n, and so is the product of the D_n for all modes against that of the S_n. So
// with the numbers d of that product, and from the point E beyond the last two,
//
//	G ← (d·E - ∇ - l1)/(d + 2·l2), raised to the floor,   ∇ = E ×_0 S_0 … - A,
//
// does not raise the objective from E on. A step that would raise it above that of
// the last G is taken back and made again from there, without momentum
// (O'Donoghue, Candès, Found. Comput. Math. 15, 2015), so the core never gets
// worse. As ∇ is linear a step costs one product, 2·|G|·Σ J_n flops. All is in
// float64.
type coreStep[T asm.Float] struct {
	*state[T]
	most   int
	delta  float64
	l1, l2 float64
	floor  float64
	signed bool

	a, d            []float64 // A and the metric
	now, last, e    []float64 // the core, the one before, the point beyond
	hNow, hLast, hE []float64 // these times the S_n
	y, z            []float64 // of one mode
}

// coreSteps bounds the steps of the accelerated rule.
const coreSteps = 50

func newCoreStep[T asm.Float](s *state[T], o HALS) *coreStep[T] {
	c := &coreStep[T]{state: s, most: o.Core, floor: float64(s.eps), signed: !s.o.nonneg[len(s.f)]}
	if o.Core == 0 {
		c.most, c.delta = coreSteps, o.Delta.Or(0.1)
	}
	for _, t := range s.blocks[len(s.f)].Penalty.Active() {
		if t.Degree == 1 {
			c.l1 += t.Weight
		} else {
			c.l2 += t.Weight
		}
	}
	size, widest := s.core.Len(), 0
	for _, j := range s.core.Shape {
		widest = max(widest, j)
	}
	for _, x := range []*[]float64{&c.a, &c.d, &c.now, &c.last, &c.e, &c.hNow, &c.hLast, &c.hE} {
		*x = make([]float64, size)
	}
	c.y, c.z = make([]float64, widest), make([]float64, widest)
	return c
}

func (c *coreStep[T]) update() {
	a := c.x.Project(len(c.f), c.f)
	for i, v := range c.core.Data {
		c.a[i], c.now[i] = float64(a.Data[i]), float64(v)
	}
	c.grams.update(c.f, -1)
	c.metric()
	c.times(c.hNow, c.now)
	copy(c.last, c.now)
	copy(c.hLast, c.hNow)
	t, first, risen := 1.0, 0.0, 0.0
	for k := 1; k <= c.most; k++ {
		tNext := (1 + math.Sqrt(1+4*t*t)) / 2
		by := (t - 1) / tNext
		t = tNext
		for {
			for i, v := range c.now {
				c.e[i] = v + by*(v-c.last[i])
				c.hE[i] = c.hNow[i] + by*(c.hNow[i]-c.hLast[i])
			}
			c.step()
			c.times(c.hE, c.e)
			if rise := c.rise(); rise <= 0 || by == 0 {
				risen += rise
				break
			}
			by, t = 0, 1
		}
		// The new point becomes the last core but one step on.
		c.last, c.now, c.e = c.now, c.e, c.last
		c.hLast, c.hNow, c.hE = c.hNow, c.hE, c.hLast
		change := 0.0
		for i, v := range c.now {
			d := v - c.last[i]
			change += c.d[i] * d * d
		}
		if k == 1 {
			first = change
		} else if c.delta > 0 && change <= c.delta*c.delta*first {
			break
		}
	}
	if !(risen <= 0) {
		return // rounding errors only: the core is as good as it was
	}
	for i, v := range c.now {
		c.core.Data[i] = T(v)
	}
}

// step replaces the point beyond by the minimizer of its majorizer.
func (c *coreStep[T]) step() {
	for i, x := range c.e {
		den := c.d[i] + 2*c.l2
		y := c.d[i]*x - (c.hE[i] - c.a[i])
		switch {
		case den == 0: // the factors vanish: only l1 is left, or nothing
			if c.l1 > 0 {
				c.e[i] = 0
			}
			if !c.signed {
				c.e[i] = max(c.e[i], c.floor)
			}
			continue
		case !c.signed:
			y = max((y-c.l1)/den, c.floor)
		case y < 0:
			y = min(y+c.l1, 0) / den
		default:
			y = max(y-c.l1, 0) / den
		}
		c.e[i] = y
	}
}

// times writes x ×_0 S_0 ×_1 S_1 … into dst.
func (c *coreStep[T]) times(dst, x []float64) {
	from, to := *c.grams.core, *c.grams.b
	from.Data, to.Data = x, dst
	c.grams.product.MultiModeProductTo(nil, &to, &from, c.grams.times, false)
}

// rise returns by how much the objective at the point E is above that at the core.
// Near the minimum the two agree in all digits long before the points do, so it is
// not their difference,
//
//	⟨E - G, (E + G) ×_0 S_0 …/2 - A + l2·(E + G)⟩ + l1·(||E||_1 - ||G||_1).
func (c *coreStep[T]) rise() (sum float64) {
	for i, v := range c.e {
		x := c.now[i]
		sum += (v-x)*((c.hE[i]+c.hNow[i])/2-c.a[i]+c.l2*(v+x)) + c.l1*(math.Abs(v)-math.Abs(x))
	}
	return sum
}

// metric computes d. y approaches the leading eigenvector of |S_n| with its
// diagonal scaled to 1, where D_n is smallest.
func (c *coreStep[T]) metric() {
	for i := range c.d {
		c.d[i] = 1
	}
	for n, s := range c.grams.times {
		if s == nil {
			continue
		}
		c.bound(s)
		l, j, r := c.core.Split(n)
		for i := range l {
			for q, v := range c.z[:j] {
				for k := range r {
					c.d[(i*j+q)*r+k] *= v
				}
			}
		}
	}
}

// bound leaves the diagonal of D_n in z.
func (c *coreStep[T]) bound(s *matrix.Dense[float64]) {
	const rounds = 10
	j := s.Rows
	y, z := c.y[:j], c.z[:j]
	for q := range y {
		y[q] = 0
		if d := s.At(q, q); d > 0 {
			y[q] = 1 / math.Sqrt(d)
		}
	}
	for round := 0; ; round++ {
		for q := range z {
			z[q] = 0
			for p, v := range s.Row(q) {
				z[q] += math.Abs(v) * y[p]
			}
		}
		if round == rounds {
			break
		}
		// With y = u/√diag, u ← the scaled matrix times u, of norm about 1.
		var top float64
		for q, v := range z {
			if d := s.At(q, q); d > 0 {
				z[q] = v / math.Sqrt(d)
				top = max(top, z[q])
			}
		}
		for q := range y {
			if d := s.At(q, q); d > 0 && top > 0 {
				// A little of every one keeps y away from 0.
				y[q] = (z[q]/top + 1e-3) / math.Sqrt(d)
			}
		}
	}
	for q := range z {
		if y[q] > 0 {
			z[q] /= y[q]
		} else {
			z[q] = 0
		}
	}
}
