package loss

import (
	"math"

	"polyad/asm"
)

// Between returns d_β(x, y) for x ≥ 0 and y ≥ 0. At y = 0 it is the limit:
// 0 for x = 0, else infinite for β ≤ 1.
func (l Loss) Between(x, y float64) float64 {
	beta := l.Beta()
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

// Divergence returns D_β(x, y) = Σ_j d_β(x[j], y[j]), accumulated in float64.
// y must be at least as long as x.
func Divergence[T asm.Float](l Loss, x, y []T) float64 {
	y = y[:len(x)]
	var s float64
	switch l.Beta() {
	case 2:
		for j, v := range x {
			d := float64(v) - float64(y[j])
			s += d * d
		}
		return s / 2
	case 1:
		for j, v := range x {
			if v == 0 {
				s += float64(y[j])
			} else {
				s += kl(float64(v), float64(y[j]))
			}
		}
	default:
		for j, v := range x {
			s += l.Between(float64(v), float64(y[j]))
		}
	}
	return s
}

// The pointwise divergences are written in terms of u = x/y - 1 or y/x - 1
// where x and y are close, so that they keep their relative precision there.

func kl(x, y float64) float64 {
	if x == 0 {
		return y
	}
	d := y - x
	if math.Abs(d) <= x/2 {
		u := d / x
		return x * (u - math.Log1p(u))
	}
	return x*math.Log(x/y) + d
}

func is(x, y float64) float64 {
	if x == 0 {
		return math.Inf(1)
	}
	d := x - y
	if math.Abs(d) <= y/2 {
		u := d / y
		return u - math.Log1p(u)
	}
	return x/y - (math.Log(x) - math.Log(y)) - 1
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
		return math.Pow(y, beta) * (math.Expm1(beta*math.Log1p(u)) - beta*u) / (beta * (beta - 1))
	}
	return (math.Pow(x, beta) + math.Pow(y, beta-1)*((beta-1)*y-beta*x)) / (beta * (beta - 1))
}
