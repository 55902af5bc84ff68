package balance

import (
	"math"

	"polyad/asm"
	"polyad/reg"
)

// Sweeps work on the values v_e = mu·w_e·|g_e|^p of the core's entries for each
// term of its penalty, at the scales of the moment, over the largest one at the
// time when they were computed from logarithms. They are computed so again when
// the scales have moved far, and a slice whose values are too small against the
// largest one is summed up by logarithms: so nothing overflows, and nothing that
// matters underflows.
const (
	sinkhornMost = 500
	sinkhornTol  = 1e-10
	sinkhornFar  = 50     // in logarithms of values
	sinkhornTiny = 1e-200 // of the largest value
)

// sinkhorn are the sweeps of a balancer.
type sinkhorn[T asm.Float] struct {
	b      *TuckerBalancer[T]
	terms  reg.Penalty    // of the core
	log    []float64      // log|g_e| before any scaling, -Inf for zeros
	value  [][]float64    // of each term
	top    []float64      // logarithm of the unit of each term's values
	moved  float64        // bound of how far the logarithms of values have moved
	now    []*reg.Columns // of the factors, scaled
	slices []*reg.Columns // of the core, scaled
	pair   [2]*reg.Columns
	scales []Scales  // of each mode
	factor []float64 // of the slices of a mode
	weight []float64 // of their values
}

func (s *sinkhorn[T]) init(b *TuckerBalancer[T]) {
	s.b, s.terms = b, b.active[len(b.active)-1]
	size, most := b.m.Core.Len(), 0
	s.log, s.top = make([]float64, size), make([]float64, len(s.terms))
	for range s.terms {
		s.value = append(s.value, make([]float64, size))
	}
	for n, f := range b.m.Factors {
		r := b.m.Core.Shape[n]
		s.now = append(s.now, reg.NewColumns(f.Penalty, r))
		s.slices = append(s.slices, reg.NewColumns(b.m.CorePenalty, r))
		most = max(most, r)
	}
	s.scales = make([]Scales, len(s.now))
	s.factor, s.weight = make([]float64, most), make([]float64, most)
}

// logs takes the logarithms of the core.
func (s *sinkhorn[T]) logs() {
	for e, v := range s.b.m.Core.Data[:len(s.log)] {
		s.log[e] = math.Log(math.Abs(float64(v)))
	}
}

// prune makes components zero whose column or slice is zero, and reports whether
// there were new ones.
func (s *sinkhorn[T]) prune() (more bool) {
	for n := range s.b.m.Factors {
		if s.b.m.fixed(n) {
			continue
		}
		alive := s.factor[:len(s.b.scales.Log[n])]
		clear(alive)
		l, j, r := s.b.m.Core.Split(n)
		for i := range l * j {
			for _, v := range s.log[i*r : (i+1)*r] {
				if !math.IsInf(v, -1) {
					alive[i%j] = 1
					break
				}
			}
		}
		log, zero := s.b.scales.Log[n], s.b.cols[n].Zero
		for q := range log {
			if alive[q] == 1 && !zero[q] || math.IsInf(log[q], -1) {
				continue
			}
			log[q], more = math.Inf(-1), true
			for l := range l {
				row := s.log[(l*j+q)*r:][:r]
				for e := range row {
					row[e] = math.Inf(-1)
				}
			}
		}
	}
	return more
}

// entry returns the logarithm of the value of entry e for a term, whose weight has
// the given logarithm, when the entry is scaled by e^scale.
func (s *sinkhorn[T]) entry(t reg.Term, weight float64, e int, scale float64) float64 {
	l := s.log[e]
	if math.IsInf(l, -1) {
		return l
	}
	l = t.Degree*(l+scale) + weight
	if t.Rows != nil {
		l += math.Log(t.Rows[e])
	}
	return l
}

// values computes the values of all entries at the scales of the moment.
func (s *sinkhorn[T]) values() {
	scales := s.b.m.scales(&s.b.scales)
	for k, t := range s.terms {
		v, top, weight := s.value[k], math.Inf(-1), math.Log(t.Weight)
		for e, scale := range scales {
			v[e] = s.entry(t, weight, e, scale)
			top = max(top, v[e])
		}
		if math.IsInf(top, -1) {
			top = 0
		}
		for e := range v {
			v[e] = math.Exp(v[e] - top)
		}
		s.top[k] = top
	}
	s.moved = 0
}

// coreColumn sums up the values of the core as a block of one column.
func (s *sinkhorn[T]) coreColumn(c *reg.Columns) {
	s.values()
	c.Zero[0] = true
	for _, l := range s.log {
		c.Zero[0] = c.Zero[0] && math.IsInf(l, -1)
	}
	for k := range s.terms {
		var sum float64
		for _, v := range s.value[k] {
			sum += v
		}
		c.Log[k][0] = math.Log(sum) + s.top[k]
	}
}

// run makes sweeps: so many, or when that is 0 until the fixed point is met.
func (s *sinkhorn[T]) run(sweeps int) {
	s.values()
	most := sweeps
	// The later modes of a sweep move what the earlier ones have met, each by less
	// than its own residual.
	tol := sinkhornTol / float64(max(1, len(s.b.m.Factors)-1))
	if sweeps <= 0 {
		most = sinkhornMost
	}
	for range most {
		var worst float64
		for n := range s.b.m.Factors {
			if !s.b.m.fixed(n) {
				worst = max(worst, s.mode(n))
			}
		}
		s.b.scales.Sweeps++
		s.b.scales.Residual = worst
		if sweeps <= 0 && worst < tol || worst-worst != 0 || s.b.over != nil && s.b.over() {
			return // met, or entries are no numbers, or it is time
		}
	}
}

// mode minimizes over the scales of one mode and returns the largest logarithm of
// a ratio that it found.
func (s *sinkhorn[T]) mode(n int) (worst float64) {
	log, cols, now := s.b.scales.Log[n], s.b.cols[n], s.now[n]
	for q, l := range log {
		now.Zero[q] = cols.Zero[q] || math.IsInf(l, -1)
		for k, p := range now.Degree {
			now.Log[k][q] = cols.Log[k][q] + p*l
		}
	}
	s.sums(n)
	s.pair = [2]*reg.Columns{now, s.slices[n]}
	pair := &s.scales[n]
	pair.columns(s.pair[:])
	var step float64
	factor := s.factor[:len(log)]
	for q, l := range log {
		factor[q] = 0
		if now.Zero[q] || math.IsInf(pair.Log[0][q], -1) || pair.Beta[q] == 0 && pair.Log[0][q] == 0 {
			continue // pruned, or some side is free
		}
		a, _ := slope(now, q, 0)
		c, _ := slope(s.slices[n], q, 0)
		worst = max(worst, math.Abs(a-c))
		t := (pair.Log[0][q] - pair.Log[1][q]) / 2
		factor[q] = t
		log[q] = l + t
		step = max(step, math.Abs(t))
	}
	s.scaleSlices(n, step)
	return worst
}

// sums computes the values of the core's slices along a mode.
func (s *sinkhorn[T]) sums(n int) {
	l, j, r := s.b.m.Core.Split(n)
	c := s.slices[n]
	for q := range c.Zero {
		c.Zero[q] = s.now[n].Zero[q]
	}
	for k, v := range s.value {
		sum := c.Log[k]
		clear(sum)
		for i := range l * j {
			var t float64
			for _, v := range v[i*r : (i+1)*r] {
				t += v
			}
			sum[i%j] += t
		}
		for q, v := range sum {
			if v > sinkhornTiny {
				sum[q] = math.Log(v) + s.top[k]
			} else {
				sum[q] = s.exact(n, k, q)
			}
		}
	}
}

// exact is the logarithm of one sum, by logarithms.
func (s *sinkhorn[T]) exact(n, k, q int) float64 {
	l, j, r := s.b.m.Core.Split(n)
	t, top, sum := s.terms[k], math.Inf(-1), 0.0
	weight := math.Log(t.Weight)
	for pass := range 2 {
		for l := range l {
			for e := (l*j + q) * r; e < (l*j+q+1)*r; e++ {
				v := s.entry(t, weight, e, s.b.scales.core(s.b.m.Core.Shape, e))
				if pass == 0 {
					top = max(top, v)
				} else {
					sum += math.Exp(v - top)
				}
			}
		}
		if math.IsInf(top, -1) {
			return top
		}
	}
	return top + math.Log(sum)
}

// scaleSlices divides the slices along a mode by e^factor, of which no exponent is
// beyond step.
func (s *sinkhorn[T]) scaleSlices(n int, step float64) {
	for _, t := range s.terms {
		s.moved += t.Degree * step
	}
	if s.moved > sinkhornFar {
		s.values()
		return
	}
	l, j, r := s.b.m.Core.Split(n)
	for k, v := range s.value {
		w := s.weight[:j]
		for q, t := range s.factor[:j] {
			w[q] = math.Exp(-s.terms[k].Degree * t)
		}
		for i := range l * j {
			w := w[i%j]
			for e := i * r; e < (i+1)*r; e++ {
				v[e] *= w
			}
		}
	}
}
