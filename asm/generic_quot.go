package asm

import "math"

func quotKLGeneric[T Float](y, v []T, floor T) {
	v = v[:len(y)]
	for j, m := range y {
		y[j] = v[j] / atLeast(m, floor)
	}
}

func quotISGeneric[T Float](y, p, v []T, floor T) {
	p, v = p[:len(y)], v[:len(y)]
	for j, m := range y {
		inv := 1 / atLeast(m, floor)
		p[j] = inv
		y[j] = T(v[j]*inv) * inv
	}
}

func quot05Generic[T Float](y, p, v []T, floor T) {
	p, v = p[:len(y)], v[:len(y)]
	for j, m := range y {
		inv := 1 / sqrt(atLeast(m, floor))
		p[j] = inv
		y[j] = T(T(v[j]*inv)*inv) * inv
	}
}

func quot15Generic[T Float](y, p, v []T, floor T) {
	p, v = p[:len(y)], v[:len(y)]
	for j, m := range y {
		p[j] = sqrt(atLeast(m, floor))
		y[j] = v[j] / p[j]
	}
}

func quot3Generic[T Float](y, p, v []T, floor T) {
	p, v = p[:len(y)], v[:len(y)]
	for j, m := range y {
		m = atLeast(m, floor)
		p[j] = m * m
		y[j] = v[j] * m
	}
}

func quotPowGeneric[T Float](y, p, v []T, exponent float64, floor T) {
	p, v = p[:len(y)], v[:len(y)]
	for j, m := range y {
		f := float64(atLeast(m, floor))
		q := math.Pow(f, exponent)
		y[j] = T(float64(v[j]) * q)
		p[j] = T(f * q)
	}
}

func sqrt[T Float](x T) T { return T(math.Sqrt(float64(x))) }

// atLeast is the greater of two numbers, m where they are equal or m is NaN: zeros
// keep their sign as the processor's maximum keeps it.
func atLeast[T Float](m, floor T) T {
	if m < floor {
		return floor
	}
	return m
}
