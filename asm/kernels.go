package asm

// Kernels is the table of one level for one element type.
type Kernels[T Float] struct {
	Level Level

	// Axpy adds alpha·x to y:
	//
	//	for j := range y { y[j] += alpha * x[j] }
	Axpy func(alpha T, x, y []T)

	// Axpy4 adds four scaled vectors to y, one rank-4 step of a product whose
	// long dimension lies along memory:
	//
	//	for j := range y { y[j] += a0*x0[j] + a1*x1[j] + a2*x2[j] + a3*x3[j] }
	Axpy4 func(a0, a1, a2, a3 T, x0, x1, x2, x3, y []T)

	// Dot returns the inner product of x and y:
	//
	//	for j := range x { s += x[j] * y[j] }
	Dot func(x, y []T) T

	// Dot4 returns the inner products of x with four vectors:
	//
	//	for j := range x { s0 += x[j]*y0[j]; …; s3 += x[j]*y3[j] }
	Dot4 func(x, y0, y1, y2, y3 []T) (s0, s1, s2, s3 T)

	// SumSquares returns Σ x[j]², accumulated in float64.
	SumSquares func(x []T) float64
}

// For returns the table of the current level for T. It holds the one type
// switch between generic code and the kernels; fetch the table once per driver
// call, not per kernel call.
func For[T Float]() *Kernels[T] {
	var k any
	var zero T
	switch any(zero).(type) {
	case float32:
		k = &genericF32
	default:
		k = &genericF64
	}
	return k.(*Kernels[T])
}

var (
	genericF32 = genericTable[float32]()
	genericF64 = genericTable[float64]()
)
