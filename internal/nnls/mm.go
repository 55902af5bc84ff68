package nnls

import (
	"fmt"
	"math"

	"polyad/asm"
	"polyad/loss"
	"polyad/reg"
)

// maxTerms is the largest number of active terms of one penalty.
const maxTerms = 8

// MM is the multiplicative step on a factor: with D = (V∘Z^(β-2))Uᵀ and
// C = Z^(β-1)Uᵀ for the model Z = WU, the new w = W·u minimizes the majorizer of
// D_β plus penalties, so that u is the root of
//
//	C·u^a - D·u^b + Σ_terms mu·p·W^(p-1)·u^(p-1) = 0
//
// with (a, b) = (0, β-2) for β < 1, (β-1, β-2) for 1 ≤ β ≤ 2, (β-1, 0) for β > 2
// (Févotte, Idier 2011; Cohen, Leplat 2025). Terms of degree below 1 are concave
// and majorized by their tangent first. Where D is 0 the new entry is 0, and an
// entry that is 0 stays 0; then every entry is raised to Eps. The objective
// never rises. With Keep an entry that nothing depends on, C and D being 0 and
// without a penalty, stays as it is: none of its data are observed.
type MM[T asm.Float] struct {
	Eps   T
	Held  []bool // components that Row leaves as they are; nil: none
	Keep  bool
	beta  float64
	a, b  float64
	terms reg.Penalty
	rows  bool // some term has row weights
}

// NewMM returns the step of a loss and a penalty. The error wraps
// [reg.ErrPenalty] when the penalty has too many terms.
func NewMM[T asm.Float](l loss.Loss, p reg.Penalty, eps T) (*MM[T], error) {
	s := &MM[T]{Eps: eps, beta: l.Beta(), terms: p.Active()}
	s.a, s.b = l.Exponents()
	if len(s.terms) > maxTerms {
		return nil, fmt.Errorf("%w: %d terms on one block, at most %d are supported", reg.ErrPenalty, len(s.terms), maxTerms)
	}
	for _, t := range s.terms {
		s.rows = s.rows || t.Rows != nil
	}
	return s, nil
}

// weights are the penalties of one entry: of degree 1 and 2, and the others.
type weights struct {
	l1, l2 float64
	n      int
	mu, p  [maxTerms]float64
}

// at collects the weights of row i of the factor.
func (s *MM[T]) at(i int) (w weights) {
	for _, t := range s.terms {
		mu := t.Weight
		if t.Rows != nil {
			mu *= t.Rows[i]
		}
		switch {
		case mu == 0:
		case t.Degree == 1:
			w.l1 += mu
		case t.Degree == 2:
			w.l2 += mu
		default:
			w.mu[w.n], w.p[w.n] = mu, t.Degree
			w.n++
		}
	}
	return w
}

// Row updates the entries x of row i of the factor (one per component), with
// num and den their D and C.
func (s *MM[T]) Row(x, num, den []T, i int) {
	if s.Held != nil {
		w := s.at(i)
		for k, held := range s.Held {
			if !held {
				s.update(x[k:k+1], num[k:k+1], den[k:k+1], 0, w)
			}
		}
		return
	}
	s.update(x, num, den, 0, s.at(i))
}

// Component updates the entries x of rows i0… of one component, with num their
// D; their C is den, or den0 for all of them when den is nil.
func (s *MM[T]) Component(x, num, den []T, den0 T, i0 int) {
	if !s.rows {
		s.update(x, num, den, den0, s.at(i0))
		return
	}
	for j := range x {
		if den != nil {
			den0 = den[j]
		}
		x[j] = s.entry(x[j], num[j], den0, s.at(i0+j))
	}
}

// update is the step for entries of equal weights; their C is den, or den0 for
// all of them when den is nil.
func (s *MM[T]) update(x, num, den []T, den0 T, w weights) {
	num = num[:len(x)]
	simple := s.beta == 1 && w.l2 == 0 && w.n == 0
	l1 := T(w.l1)
	for j, v := range x {
		c := den0
		if den != nil {
			c = den[j]
		}
		switch {
		case !simple:
			x[j] = s.entry(v, num[j], c, w)
			continue
		case num[j] == 0 && !(s.Keep && c+l1 == 0):
			v = 0
		case c+l1 != 0:
			v *= num[j] / (c + l1)
		}
		x[j] = max(v, s.Eps)
	}
}

func (s *MM[T]) entry(v, num, den T, w weights) T {
	return max(T(s.step(float64(v), float64(num), float64(den), w)), s.Eps)
}

// step returns the new value of one entry.
func (s *MM[T]) step(x, d, c float64, w weights) float64 {
	if s.Keep && c == 0 && d == 0 && w.l1 == 0 && w.l2 == 0 && w.n == 0 {
		return x
	}
	if x == 0 || d == 0 {
		return 0
	}
	n := 0
	for k := 0; k < w.n; k++ {
		if w.p[k] < 1 { // concave: its tangent at x is of degree 1
			w.l1 += w.mu[k] * w.p[k] * math.Pow(x, w.p[k]-1)
			continue
		}
		w.mu[n], w.p[n] = w.mu[k], w.p[k]
		n++
	}
	w.n = n
	if s.b == 0 { // the term of degree 1 stands beside D
		d -= w.l1
		w.l1 = 0
		if d <= 0 {
			return 0
		}
	}
	if s.a == 0 { // the term of degree 1 stands beside C
		c += w.l1
		w.l1 = 0
	}
	ridge := 2 * w.l2 * x
	switch {
	case w.n > 0:
	case ridge == 0 && w.l1 == 0:
		if c == 0 {
			return x
		}
		return x * root(d/c, s.a-s.b)
	case s.beta == 1:
		return x * 2 * d / (c + math.Sqrt(c*c+4*ridge*d))
	case s.beta == 2:
		return x * d / (c + ridge)
	case s.beta == 1.5 && ridge == 0: // C·s² + l1·s - D = 0 with s = √u
		r := 2 * d / (w.l1 + math.Sqrt(w.l1*w.l1+4*c*d))
		return x * r * r
	case s.beta == 3:
		return x * 2 * d / (ridge + math.Sqrt(ridge*ridge+4*c*d))
	}
	return x * math.Exp(s.logRoot(x, d, c, w))
}

// root returns x^(1/p).
func root(x, p float64) float64 {
	switch p {
	case 1:
		return x
	case 2:
		return math.Sqrt(x)
	}
	return math.Pow(x, 1/p)
}

// logRoot solves C·e^((a-b)t) + Σ mu·p·x^(p-1)·e^((p-1-b)t) = D for t = log u.
// The logarithm of the left side is increasing and convex in t, so Newton's
// method converges from anywhere.
func (s *MM[T]) logRoot(x, d, c float64, w weights) (t float64) {
	var rate, coef [maxTerms + 3]float64
	n := 0
	add := func(v, r float64) {
		if v > 0 {
			coef[n], rate[n] = math.Log(v), r
			n++
		}
	}
	add(c, s.a-s.b)
	add(w.l1, -s.b)
	add(2*w.l2*x, 1-s.b)
	for k := 0; k < w.n; k++ {
		add(w.mu[k]*w.p[k]*math.Pow(x, w.p[k]-1), w.p[k]-1-s.b)
	}
	if n == 0 {
		return 0
	}
	target := math.Log(d)
	for range 100 {
		top := math.Inf(-1)
		for k := 0; k < n; k++ {
			top = max(top, coef[k]+rate[k]*t)
		}
		var sum, slope float64
		for k := 0; k < n; k++ {
			e := math.Exp(coef[k] + rate[k]*t - top)
			sum += e
			slope += rate[k] * e
		}
		step := (target - top - math.Log(sum)) * sum / slope
		t += step
		if math.Abs(step) <= 4e-16*math.Max(1, math.Abs(t)) {
			break
		}
	}
	return t
}
