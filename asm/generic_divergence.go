package asm

import "math"

// Divergence returns the beta-divergence d_β(x, y) of two numbers x ≥ 0 and
// y ≥ 0, which the kernels add up:
//
//	d_2 = ½ (x - y)²,  d_1 = x log(x/y) - x + y,  d_0 = x/y - log(x/y) - 1,
//	d_β = (x^β + (β-1) y^β - β x y^(β-1)) / (β (β-1))  for any other β
//
// At y = 0 it is the limit: 0 for x = 0, else infinite for β ≤ 1. Where x and y
// are close it is written in terms of x/y - 1 or y/x - 1, so that it keeps its
// relative precision.
func Divergence(beta, x, y float64) float64 {
	switch {
	case beta == 2:
		d := x - y
		return d * d / 2
	case y == 0:
		switch {
		case x == 0:
			return 0
		case beta <= 1:
			return math.Inf(1)
		default:
			return math.Pow(x, beta) / (beta * (beta - 1))
		}
	case beta == 1:
		return kl(x, y)
	case beta == 0:
		return is(x, y)
	default:
		return power(x, y, beta)
	}
}

func kl(x, y float64) float64 {
	if x == 0 {
		return y
	}
	d := y - x
	if math.Abs(d) <= x/2 {
		u := d / x
		return x * lessLog(u)
	}
	return x*logRatio(x, y) + d
}

func is(x, y float64) float64 {
	if x == 0 {
		return math.Inf(1)
	}
	d := x - y
	if math.Abs(d) <= y/2 {
		u := d / y
		return lessLog(u)
	}
	return x/y - logRatio(x, y) - 1
}

// logRatio returns log(x/y), also where x/y is out of range.
func logRatio(x, y float64) float64 {
	if q := x / y; q > 0x1p-1000 && q < 0x1p1000 {
		return math.Log(q)
	}
	a, i := math.Frexp(x)
	b, j := math.Frexp(y)
	return math.Log(a/b) + float64(i-j)*math.Ln2
}

// lessLog returns u - log(1+u) for |u| ≤ ½.
func lessLog(u float64) float64 {
	s := u / (2 + u)
	z := s * s
	if z > .01 {
		return u - math.Log1p(u)
	}
	return u*s - s*z*(2./3+z*(2./5+z*(2./7+z*(2./9+z*(2./11+z*(2./13+z*2./15))))))
}

// lessExp returns e^w - 1 - w.
func lessExp(w float64) float64 {
	if math.Abs(w) > .2 {
		return math.Expm1(w) - w
	}
	sum, term := 0., w
	for n := 2.; n < 14; n++ {
		term *= w / n
		sum += term
	}
	return sum
}

func power(x, y, beta float64) float64 {
	if x == 0 {
		if beta < 0 {
			return math.Inf(1)
		}
		return math.Pow(y, beta) / beta
	}
	d := x - y
	if math.Abs(d) <= y/2 {
		u := d / y
		h := lessLog(u)
		return math.Pow(y, beta) * (lessExp(beta*(u-h)) - beta*h) / (beta * (beta - 1))
	}
	return (math.Pow(x, beta) + math.Pow(y, beta-1)*((beta-1)*y-beta*x)) / (beta * (beta - 1))
}

func divKLGeneric[T Float](x, y []T, floor T) float64 { return divPowGeneric(x, y, 1, floor) }

func divISGeneric[T Float](x, y []T, floor T) float64 { return divPowGeneric(x, y, 0, floor) }

func divPowGeneric[T Float](x, y []T, beta float64, floor T) (s float64) {
	y = y[:len(x)]
	for j, v := range x {
		m := y[j]
		if v > 0 {
			m = atLeast(m, floor)
		}
		s += Divergence(beta, float64(v), float64(m))
	}
	return s
}
