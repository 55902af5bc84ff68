package asm

func genericTable[T Float]() Kernels[T] {
	return Kernels[T]{
		Level:      Generic,
		Axpy:       axpyGeneric[T],
		Axpy4:      axpy4Generic[T],
		Dot:        dotGeneric[T],
		Dot4:       dot4Generic[T],
		SumSquares: sumSquaresGeneric[T],
	}
}

// The explicit conversions T(a*b) below keep the compiler from contracting a
// multiplication and an addition into one FMA, so that the oracle gives the
// same bits on every architecture.

func axpyGeneric[T Float](alpha T, x, y []T) {
	x = x[:len(y)]
	for j := range y {
		y[j] += T(alpha * x[j])
	}
}

func axpy4Generic[T Float](a0, a1, a2, a3 T, x0, x1, x2, x3, y []T) {
	n := len(y)
	x0, x1, x2, x3 = x0[:n], x1[:n], x2[:n], x3[:n]
	for j := range y {
		y[j] += (T(a0*x0[j]) + T(a1*x1[j])) + (T(a2*x2[j]) + T(a3*x3[j]))
	}
}

func dotGeneric[T Float](x, y []T) T {
	n := len(x)
	y = y[:n]
	var s0, s1, s2, s3 T
	j := 0
	for ; j+4 <= n; j += 4 {
		u, v := x[j:j+4:j+4], y[j:j+4:j+4]
		s0 += T(u[0] * v[0])
		s1 += T(u[1] * v[1])
		s2 += T(u[2] * v[2])
		s3 += T(u[3] * v[3])
	}
	for ; j < n; j++ {
		s0 += T(x[j] * y[j])
	}
	return (s0 + s1) + (s2 + s3)
}

func dot4Generic[T Float](x, y0, y1, y2, y3 []T) (s0, s1, s2, s3 T) {
	n := len(x)
	y0, y1, y2, y3 = y0[:n], y1[:n], y2[:n], y3[:n]
	for j, v := range x {
		s0 += T(v * y0[j])
		s1 += T(v * y1[j])
		s2 += T(v * y2[j])
		s3 += T(v * y3[j])
	}
	return s0, s1, s2, s3
}

func sumSquaresGeneric[T Float](x []T) float64 {
	var s0, s1 float64
	j := 0
	for ; j+2 <= len(x); j += 2 {
		a, b := float64(x[j]), float64(x[j+1])
		s0 += float64(a * a)
		s1 += float64(b * b)
	}
	if j < len(x) {
		a := float64(x[j])
		s0 += float64(a * a)
	}
	return s0 + s1
}
