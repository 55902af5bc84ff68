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
	switch {
	case math.Abs(beta) < nearSpecial:
		return nearIS(x, y, beta)
	case math.Abs(beta-1) < nearSpecial:
		return nearKL(x, y, beta)
	}
	d := x - y
	if math.Abs(d) <= y/2 {
		u := d / y
		h := lessLog(u)
		return math.Pow(y, beta) * (lessExp(beta*(u-h)) - beta*h) / (beta * (beta - 1))
	}
	return (math.Pow(x, beta) + math.Pow(y, beta-1)*((beta-1)*y-beta*x)) / (beta * (beta - 1))
}

// Divergence returns the sum of [Divergence] over the elements of x and y, in which y
// is taken for at least floor where x is not 0, by the kernel for β. At β = 2 there
// is no floor.
func (ker *Kernels[T]) Divergence(beta float64, x, y []T, floor T) float64 {
	switch {
	case beta == 2:
		return ker.SqDist(x, y) / 2
	case beta == 1:
		return ker.DivKL(x, y, floor)
	case beta == 0:
		return ker.DivIS(x, y, floor)
	case math.Abs(beta) < nearSpecial || math.Abs(beta-1) < nearSpecial:
		return divPowGeneric(x, y, beta, floor)
	default:
		return ker.DivPow(x, y, beta, floor)
	}
}

// nearSpecial is how near to 0 or 1 a β is for which the sum of powers of DivPow
// cancels: its terms are right to some 8·2⁻⁵²/|β (β-1)|, which is 1e-13 here. Nearer,
// the difference of two powers is taken by expm1.
const nearSpecial = 1. / 64

// nearIS is the divergence for β near 0 but not 0, with L = log(x/y):
//
//	d_β = y^β·((x/y - 1) - (e^(β·L) - 1)/β) / (1-β)
//
// Nearer to 0 than 2⁻⁶⁰ it is that of β = 0, to less than rounding.
func nearIS(x, y, beta float64) float64 {
	if math.Abs(beta) < 0x1p-60 {
		return is(x, y)
	}
	d := x - y
	if math.Abs(d) <= y/2 {
		u := d / y
		h := lessLog(u)
		return math.Pow(y, beta) * (h - lessExp(beta*(u-h))/beta) / (1 - beta)
	}
	lower := math.Pow(y, beta-1)
	return (lower*d - lower*y*(math.Expm1(beta*logRatio(x, y))/beta)) / (1 - beta)
}

// nearKL is the divergence for β = 1+δ near 1:
//
//	d_β = y^δ·(x·(e^(δ·L) - 1)/δ - x + y) / β
func nearKL(x, y, beta float64) float64 {
	d, delta := y-x, beta-1
	power := math.Pow(y, delta)
	if math.Abs(d) <= x/2 {
		u := d / x
		h := lessLog(u) // u + L
		return power * x * (h + lessExp(delta*(h-u))/delta) / beta
	}
	return (x*(power*(math.Expm1(delta*logRatio(x, y))/delta)) + power*d) / beta
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
