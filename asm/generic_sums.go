package asm

import "math"

func sumGeneric[T Float](x []T) float64 {
	var s0, s1, s2, s3 float64
	j := 0
	for ; j+4 <= len(x); j += 4 {
		u := x[j : j+4 : j+4]
		s0 += float64(u[0])
		s1 += float64(u[1])
		s2 += float64(u[2])
		s3 += float64(u[3])
	}
	for ; j < len(x); j++ {
		s0 += float64(x[j])
	}
	return (s0 + s1) + (s2 + s3)
}

func sumSquaresGeneric[T Float](x []T) float64 { return dotGeneric(x, x) }

func dotGeneric[T Float](x, y []T) float64 {
	y = y[:len(x)]
	var s0, s1, s2, s3 float64
	j := 0
	for ; j+4 <= len(x); j += 4 {
		u, v := x[j:j+4:j+4], y[j:j+4:j+4]
		s0 += float64(float64(u[0]) * float64(v[0]))
		s1 += float64(float64(u[1]) * float64(v[1]))
		s2 += float64(float64(u[2]) * float64(v[2]))
		s3 += float64(float64(u[3]) * float64(v[3]))
	}
	for ; j < len(x); j++ {
		s0 += float64(float64(x[j]) * float64(y[j]))
	}
	return (s0 + s1) + (s2 + s3)
}

func sqDistGeneric[T Float](x, y []T) float64 {
	y = y[:len(x)]
	var s0, s1 float64
	j := 0
	for ; j+2 <= len(x); j += 2 {
		d0, d1 := float64(x[j])-float64(y[j]), float64(x[j+1])-float64(y[j+1])
		s0 += float64(d0 * d0)
		s1 += float64(d1 * d1)
	}
	if j < len(x) {
		d := float64(x[j]) - float64(y[j])
		s0 += float64(d * d)
	}
	return s0 + s1
}

func scanGeneric[T Float](x []T) (lo, hi T, finite bool) {
	lo, hi, finite = T(math.Inf(1)), T(math.Inf(-1)), true
	for _, v := range x {
		if v < lo {
			lo = v
		}
		if v > hi {
			hi = v
		}
		finite = finite && v-v == 0
	}
	return lo, hi, finite
}
