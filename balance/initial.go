package balance

import (
	"math"

	"polyad/loss"
	"polyad/reg"
)

// Sums is what the initial scale needs to know of the data X and of the model
// M at the starting point.
type Sums struct {
	X, M   float64 // ΣX and ΣM
	XM, MM float64 // <X, M> and ||M||_F^2, for Frobenius only
}

// InitialScale returns log η for the common factor η of the given number of
// free blocks that fits the model M, of degree factors in η, to data and
// penalties: the cost D_β(X, η^factors·M) + Σ_terms a·η^p is stationary there.
// p holds the penalties of the free blocks.
//
// For Frobenius it is the best positive stationary point; where the cost has
// none (the zero model is best and nothing lies between), and for every other
// loss, it is the root of the Kullback-Leibler cost; where that has none, or
// the sums are not positive, it is 0: unscaled.
func InitialScale(l loss.Loss, s Sums, factors int, p ...*reg.Columns) (logEta float64) {
	terms := total(p)
	n := float64(factors)
	if n == 0 {
		return 0
	}
	if l == loss.Frobenius && s.XM > 0 && s.MM > 0 {
		if t, ok := frobeniusScale(s, n, terms); ok {
			return t
		}
	}
	if s.X > 0 && s.M > 0 {
		return klScale(s, n, terms)
	}
	return 0
}

// term is log(p·a) of all penalties of one degree together.
type term struct{ degree, log float64 }

func total(blocks []*reg.Columns) []term {
	var out []term
	for _, c := range blocks {
		for k, p := range c.Degree {
			l := logSum(c.Log[k])
			if !math.IsInf(l, -1) {
				out = append(out, term{p, math.Log(p) + l})
			}
		}
	}
	return out
}

func logSum(x []float64) float64 {
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, v)
	}
	if math.IsInf(top, -1) {
		return top
	}
	var s float64
	for _, v := range x {
		s += math.Exp(v - top)
	}
	return top + math.Log(s)
}

// frobeniusScale finds the larger root of the derivative of
//
//	½||X - η^n M||² + Σ a η^p
//
// in log η, divided by n<X,M>η^n. With u = log η - u0, e^(n·u0) = <X,M>/||M||²:
//
//	G(u) = e^(nu) - room + Σ_{p≠n} c e^((p-n)u),  room = 1 - Σ_{p=n} c,  c > 0,
//
// which is convex, so it has at most two roots, and the larger one is the
// minimum. Where a term that increases with u is room or more, G is not
// negative: Newton's method from the smallest such u comes down to the larger
// root monotonically; when the slope stops being positive first there is none.
func frobeniusScale(s Sums, n float64, terms []term) (logEta float64, ok bool) {
	u0 := (math.Log(s.XM) - math.Log(s.MM)) / n
	ref := math.Log(n) + math.Log(s.XM)
	logC := func(t term) float64 { return t.log - ref + (t.degree-n)*u0 }
	room := 1.0
	for _, t := range terms {
		if t.degree == n {
			room -= math.Exp(logC(t))
		}
	}
	if !(room > 0) {
		return 0, false
	}
	u := math.Log(room) / n
	for _, t := range terms {
		if t.degree > n {
			u = min(u, (math.Log(room)-logC(t))/(t.degree-n))
		}
	}
	for range 200 {
		e := math.Exp(n * u)
		g, d := e-room, n*e
		for _, t := range terms {
			if t.degree != n {
				c := math.Exp(logC(t) + (t.degree-n)*u)
				g += c
				d += (t.degree - n) * c
			}
		}
		if g <= 0 {
			break
		}
		if !(d > 0) {
			return 0, false
		}
		step := g / d
		u -= step
		if !(step > 1e-16*math.Max(1, math.Abs(u+u0))) {
			break
		}
	}
	return u + u0, true
}

// klScale finds the root of n·ΣM·η^n + Σ p·a·η^p = n·ΣX: the logarithm of the
// left side is increasing and convex in log η, so Newton's method converges
// from anywhere.
func klScale(s Sums, n float64, terms []term) float64 {
	target := math.Log(n) + math.Log(s.X)
	model := math.Log(n) + math.Log(s.M)
	u := (math.Log(s.X) - math.Log(s.M)) / n
	for range 200 {
		top := model + n*u
		for _, t := range terms {
			top = max(top, t.log+t.degree*u)
		}
		sum := math.Exp(model + n*u - top)
		rate := n * sum
		for _, t := range terms {
			e := math.Exp(t.log + t.degree*u - top)
			sum += e
			rate += t.degree * e
		}
		step := (target - top - math.Log(sum)) * sum / rate
		u += step
		if !(math.Abs(step) > 4e-16*math.Max(1, math.Abs(u))) {
			break
		}
	}
	return u
}
