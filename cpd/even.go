package cpd

import (
	"math"

	"polyad/balance"
)

// farApart is the ratio of the norms of a component's columns from which on they
// are evened out: far more than data and starts have, and far from where products
// of columns leave the range of float32.
const farApart = 0x1p32

// even brings the columns of a component to norms alike, by powers of two whose
// product is 1, where no penalty says how large they are and rounding has driven
// them far apart, as may happen to components that the data do not determine. It
// returns nil where there are none, which is nearly always. The model does not
// change.
func (s *state[T]) even() *balance.Scales {
	if s.evened == nil {
		return nil
	}
	some := false
	for q := range s.rank {
		least, most, sum := math.Inf(1), 0.0, 0.0
		for i, n := range s.free {
			if !s.fresh[n] {
				s.gramWork.Gram(s.pool, s.grams[n], s.f[n], false)
				s.fresh[n] = true
			}
			norm := math.Sqrt(s.grams[n].At(q, q))
			least, most = min(least, norm), max(most, norm)
			s.evened.Log[i][q] = math.Round(math.Log2(norm))
			sum += s.evened.Log[i][q]
		}
		far := most > farApart*least && least > 0 && most <= math.MaxFloat64
		some = some || far
		mean := math.Round(sum / float64(len(s.free)))
		for i := range s.free {
			log := 0.0
			if far {
				log = mean - s.evened.Log[i][q]
				if i == 0 { // the product stays 1
					log += sum - mean*float64(len(s.free))
				}
			}
			s.evened.Log[i][q] = math.Ln2 * log
		}
	}
	if !some {
		return nil
	}
	for i, n := range s.free {
		s.blocks[n].Scale(s.evened.Log[i])
	}
	s.scaled(s.evened)
	return s.evened
}

// drifts reports whether components may drift: least squares without a penalty,
// where several factors are free. Steps of other methods go from where a factor is.
func (s *state[T]) drifts() bool {
	_, als := s.o.Method.(ALS)
	for _, n := range s.free {
		als = als && len(s.blocks[n].Penalty.Active()) == 0
	}
	return als && len(s.free) > 1
}
