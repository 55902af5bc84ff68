package asm

// Kernels is the table of one level for one element type.
type Kernels[T Float] struct {
	Level Level

	// Lanes is the number of elements in a vector register.
	Lanes int

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

	// Sum returns the sum of x:
	//
	//	for j := range x { s += x[j] }
	Sum func(x []T) T

	// Fill sets all elements:
	//
	//	for j := range x { x[j] = a }
	Fill func(x []T, a T)

	// Peak makes n rounds, n even, of PeakFlops multiplications and additions
	// that need no memory: benchmarks find the machine's peak with it.
	Peak func(n int) T
	// PeakFlops is the number of operations in one round of Peak.
	PeakFlops int

	// SumSquares returns Σ x[j]², accumulated in float64.
	SumSquares func(x []T) float64

	// QuotKL replaces a model y by the quotient of the data v and the model:
	//
	//	for j := range y { y[j] = v[j] / max(y[j], floor) }
	QuotKL func(y, v []T, floor T)

	// QuotIS is the same for the Itakura-Saito divergence:
	//
	//	for j := range y { p[j] = 1 / max(y[j], floor); y[j] = v[j] * p[j] * p[j] }
	QuotIS func(y, p, v []T, floor T)

	// Ratios are tiles of quotients of data by a model, all of one width, the
	// tallest first, the last one with one row; none at the Generic level.
	// [Kernels.RatioKL] and [Kernels.RatioIS] cover a matrix with them.
	Ratios []Ratio[T]

	// Strips are the kernels of [Kernels.HALS] and [Kernels.SolveLower] for strips
	// of columns, the widest first.
	Strips []Strip[T]

	// Tiles[w-1] are the products of tiles w vectors wide, the tallest first;
	// the last of each width has one row. [Kernels.Mul] covers a matrix with
	// them.
	Tiles [][]Tile[T]
}

// Tile is the product of a small tile, C = A·B or C += A·B, with Rows rows of C.
// Element (i, l) of A is a[i*aRow+l*aCol], row l of B begins at b[l*bRow], row i
// of C at c[i*cRow]. It is made count times, 1 ≤ count, the operands of each
// aNext, bNext and cNext elements behind those of the one before:
//
//	for i, j { s := Σ_l a[i*aRow+l*aCol] * b[l*bRow+j]; if add != 0 { s += c[i*cRow+j] }; c[i*cRow+j] = s }
//
// Full has all columns of its width and ignores last; of Edge's last vector only
// the first last columns are read and written, 1 ≤ last ≤ Lanes. Stream is Full
// without add for vectors of C that are aligned to their size, written past the
// caches. Full and Stream ask for the part of each row of B that comes ahead
// elements later, in whatever direction and whether it exists or not.
type Tile[T Float] struct {
	Rows               int
	Full, Edge, Stream TileFunc[T]
}

// TileFunc is the form of a tile's product.
type TileFunc[T Float] func(k int, a *T, aRow, aCol int, b *T, bRow int, c *T, cRow int, add, last, ahead, count, aNext, bNext, cNext int)

// Ratio is a tile of the quotients of data V by a model A·B that is never stored,
// Rows rows and Vectors vectors of columns. A and B are those of a [Tile], v the
// data, y the quotients; it is made count times, and asks for the data ahead
// elements behind those that it reads:
//
//	for i, j { s := max(Σ_l a[i*aRow+l*aCol] * b[l*bRow+j], floor); y[i*yRow+j] = v[i*vRow+j] / s }
//
// IS divides twice and also writes p[i*yRow+j] = 1 / s.
type Ratio[T Float] struct {
	Rows, Vectors int

	KL func(k int, a *T, aRow, aCol int, b *T, bRow int, y *T, yRow int, v *T, vRow int, floor T, ahead, count, aNext, yNext, vNext int)
	IS func(k int, a *T, aRow, aCol int, b *T, bRow int, y, p *T, yRow int, v *T, vRow int, floor T, ahead, count, aNext, yNext, vNext int)
}

// For returns the table of the current level for T. It holds the one type
// switch between generic code and the kernels; fetch the table once per driver
// call, not per kernel call.
func For[T Float]() *Kernels[T] {
	t := current.Load()
	var k any
	var zero T
	switch any(zero).(type) {
	case float32:
		k = t.f32
	default:
		k = t.f64
	}
	return k.(*Kernels[T])
}
