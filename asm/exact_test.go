package asm

import (
	"math"
	"math/big"
)

// Logarithms, powers and divergences in 320 bits: what the kernels are held
// against where a unit in the last place of float64 counts.

const exactBits = 320

func exact(x float64) *big.Float { return new(big.Float).SetPrec(exactBits).SetFloat64(x) }

func times(a, b *big.Float) *big.Float { return exact(0).Mul(a, b) }
func plus(a, b *big.Float) *big.Float  { return exact(0).Add(a, b) }
func minus(a, b *big.Float) *big.Float { return exact(0).Sub(a, b) }
func over(a, b *big.Float) *big.Float  { return exact(0).Quo(a, b) }

var exactLn2 = artanhTwice(over(exact(1), exact(3)))

// artanhTwice returns 2·artanh s = log((1+s)/(1-s)) for |s| ≤ 1/3.
func artanhTwice(s *big.Float) *big.Float {
	sum, power, square := exact(0), times(s, exact(2)), times(s, s)
	for n := 1; n < 1000 && power.Sign() != 0 && power.MantExp(nil) > s.MantExp(nil)-exactBits; n += 2 {
		sum.Add(sum, over(power, exact(float64(n))))
		power.Mul(power, square)
	}
	return sum
}

// exactLog returns log x for x > 0.
func exactLog(x *big.Float) *big.Float {
	m := exact(0)
	e := x.MantExp(m)
	if m.Cmp(exact(math.Sqrt2/2)) < 0 {
		m.SetMantExp(m, 1)
		e--
	}
	l := artanhTwice(over(minus(m, exact(1)), plus(m, exact(1))))
	return l.Add(l, times(exactLn2, exact(float64(e))))
}

// exactExp returns e^x.
func exactExp(x *big.Float) *big.Float {
	q, _ := over(x, exactLn2).Float64()
	n := math.Round(q)
	const halvings = 12
	r := minus(x, times(exactLn2, exact(n)))
	r.SetMantExp(r, -halvings)
	sum, term := exact(1), exact(1)
	for k := 1; k < 30; k++ {
		term = over(times(term, r), exact(float64(k)))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum.SetMantExp(sum, int(n))
}

// exactPow returns x^e for x > 0.
func exactPow(x, e float64) *big.Float { return exactExp(times(exactLog(exact(x)), exact(e))) }

// exactDivergence returns d_β(x, y) for x, y > 0.
func exactDivergence(beta, x, y float64) *big.Float {
	a, b := exact(x), exact(y)
	q := over(a, b)
	switch beta {
	case 1:
		return plus(minus(times(a, exactLog(q)), a), b)
	case 0:
		return minus(minus(q, exactLog(q)), exact(1))
	}
	lower := minus(exact(beta), exact(1))
	s := minus(times(lower, b), times(exact(beta), a))
	s = plus(exactPow(x, beta), times(s, over(exactPow(y, beta), b)))
	return over(s, times(exact(beta), lower))
}

// units returns the distance of got from want in units of the last place of a
// float64 of that size.
func units(want *big.Float, got float64) float64 {
	w, _ := want.Float64()
	_, e := math.Frexp(w)
	e = max(e-53, -1074)
	d, _ := minus(want, exact(got)).SetMantExp(minus(want, exact(got)), -e).Float64()
	return math.Abs(d)
}
