package tucker

import (
	"math"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/data"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/tensor"
)

// newData returns x times scale as data that may miss entries.
func newData[T asm.Float](pool *par.Pool, x *tensor.Dense[T], o *settled, scale, floor float64) data.Tucker[T] {
	kind := data.TuckerKind{Ranks: o.ranks, Alone: o.alone, Fixed: o.fixed[:len(o.shape)], Projections: o.projected(), Mask: o.Mask}
	return data.NewTucker(pool, x, kind, scale, floor)
}

// projected reports whether the method works with projections of the data: for the
// Frobenius loss, but for multiplicative steps where entries are missing, which passes
// over the observed ones give exactly.
func (o *settled) projected() bool {
	_, mu := o.Method.(MU)
	return o.Loss == loss.Frobenius && !(mu && o.Mask != nil)
}

// observedSums is startSums over the observed entries: with M the mask and Y the
// model they are <M, Y>, the product of the core with its denominators at β = 1, and at
// β = 2 <M∘X, Y> and <M∘Y, Y>, those with numerators and denominators.
func (s *state[T]) observedSums() balance.Sums {
	num, den := tensor.New[T](s.core.Shape...), tensor.New[T](s.core.Shape...)
	s.x.CoreQuotients(num, den, loss.KL, s.tucker())
	sums := balance.Sums{X: s.stats.Sum, M: dot(den.Data, s.core.Data)}
	if s.o.Loss == loss.Frobenius {
		s.x.CoreQuotients(num, den, loss.Frobenius, s.tucker())
		sums.XM, sums.MM = dot(num.Data, s.core.Data), dot(den.Data, s.core.Data)
	}
	return sums
}

// norm returns the norm of the data, missing entries like the observed ones.
func (s *state[T]) norm() float64 { return normOf(s.stats, s.o.shape) }

// normOf returns the norm of data of the given shape, missing entries like the
// observed ones.
func normOf(s data.Stats, shape []int) float64 {
	n, _ := tensor.Elements(shape)
	return math.Sqrt(s.Squares * float64(n) / float64(s.Count))
}
