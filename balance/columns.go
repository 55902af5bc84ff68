package balance

import (
	"math"

	"polyad/reg"
)

// Scales is how blocks are to be scaled, and what balancing found.
type Scales struct {
	// Log[b][q] is the logarithm of the scale of component q in block b, -Inf
	// for a pruned component.
	Log [][]float64
	// Beta[q] is the common value β_q of the balanced component, 0 for a pruned
	// one; its penalty is β_q Σ_b 1/p_b when all terms of a block share a degree.
	Beta []float64
	// Pruned lists the components that are zero in some block.
	Pruned []int
}

// Columns returns the scales that minimize the sum of the blocks' penalties,
// component by component, with the product of a component's scales kept at 1.
// All blocks must have the same number of components and at least one term; a
// block whose penalty of a nonzero column is 0 (row weights of 0) gets scale 1,
// as do all blocks of that component.
func Columns(blocks ...*reg.Columns) *Scales {
	var s Scales
	s.columns(blocks)
	return &s
}

// columns is Columns into s, reusing its memory.
func (s *Scales) columns(blocks []*reg.Columns) {
	r := 0
	if len(blocks) > 0 {
		r = len(blocks[0].Zero)
	}
	s.reset(len(blocks), r)
	for q := 0; q < r; q++ {
		switch beta, ok := s.component(blocks, q); {
		case ok:
			s.Beta[q] = math.Exp(beta)
		default:
			s.Pruned = append(s.Pruned, q)
			s.Beta[q] = 0
			for b := range blocks {
				s.Log[b][q] = math.Inf(-1)
			}
		}
	}
}

func (s *Scales) reset(blocks, r int) {
	if len(s.Log) != blocks || len(s.Beta) != r {
		s.Log = make([][]float64, blocks)
		for b := range s.Log {
			s.Log[b] = make([]float64, r)
		}
		s.Beta = make([]float64, r)
		s.Pruned = make([]int, 0, r)
	}
	s.Pruned = s.Pruned[:0]
}

// component sets the log scales of component q and returns log β_q; ok is false
// when one of its columns is zero.
func (s *Scales) component(blocks []*reg.Columns, q int) (logBeta float64, ok bool) {
	single, free := true, false
	for b, c := range blocks {
		if c.Zero[q] {
			return 0, false
		}
		s.Log[b][q] = 0
		single = single && len(c.Degree) == 1
		largest := math.Inf(-1)
		for _, l := range c.Log {
			largest = max(largest, l[q])
		}
		free = free || math.IsInf(largest, -1)
	}
	if free {
		return math.Inf(-1), true
	}
	if single {
		return s.closed(blocks, q), true
	}
	return s.equation(blocks, q), true
}

// closed is the closed form for one term per block.
func (s *Scales) closed(blocks []*reg.Columns, q int) (logBeta float64) {
	var num, den float64
	for _, c := range blocks {
		p := c.Degree[0]
		num += (math.Log(p) + c.Log[0][q]) / p
		den += 1 / p
	}
	logBeta = num / den
	for b, c := range blocks {
		p := c.Degree[0]
		s.Log[b][q] = (logBeta - math.Log(p) - c.Log[0][q]) / p
	}
	return logBeta
}

// equation solves Σ_b t_b(log β) = 0, where t_b is the log scale at which the
// derivative of block b's penalty is β. Each t_b is increasing and concave in
// log β (the inverse of a log-sum-exp), hence so is the sum, and Newton's method
// from below increases monotonically to the root.
func (s *Scales) equation(blocks []*reg.Columns, q int) (logBeta float64) {
	// At the smallest derivative at t = 0 every t_b is at most 0, the sum too.
	logBeta = math.Inf(1)
	for _, c := range blocks {
		v, _ := slope(c, q, 0)
		logBeta = min(logBeta, v)
	}
	for range 100 {
		var sum, rate float64
		for b, c := range blocks {
			t, d := s.inverse(c, q, s.Log[b][q], logBeta)
			s.Log[b][q] = t
			sum += t
			rate += 1 / d
		}
		step := -sum / rate
		logBeta += step
		if !(math.Abs(step) > 4e-16*math.Max(1, math.Abs(logBeta))) { // NaN ends it, too
			break
		}
	}
	// What rounding leaves is taken out evenly, so that the product stays 1.
	var sum float64
	for b := range blocks {
		sum += s.Log[b][q]
	}
	for b := range blocks {
		s.Log[b][q] -= sum / float64(len(blocks))
	}
	return logBeta
}

// slope returns log Σ_k p_k a_k e^(p_k t) and its derivative in t.
func slope(c *reg.Columns, q int, t float64) (v, d float64) {
	top := math.Inf(-1)
	for k, p := range c.Degree {
		top = max(top, math.Log(p)+c.Log[k][q]+p*t)
	}
	var sum, weighted float64
	for k, p := range c.Degree {
		e := math.Exp(math.Log(p) + c.Log[k][q] + p*t - top)
		sum += e
		weighted += p * e
	}
	return top + math.Log(sum), weighted / sum
}

// inverse returns the t at which slope is target, and slope's derivative there.
// slope is convex in t: after one step Newton's method comes down to the root
// from above.
func (s *Scales) inverse(c *reg.Columns, q int, t, target float64) (root, d float64) {
	for range 100 {
		var v float64
		v, d = slope(c, q, t)
		step := (target - v) / d
		t += step
		if !(math.Abs(step) > 4e-16*math.Max(1, math.Abs(t))) {
			break
		}
	}
	return t, d
}
