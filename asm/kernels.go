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

	// Fill sets all elements:
	//
	//	for j := range x { x[j] = a }
	Fill func(x []T, a T)

	// Peak makes n rounds, n even, of PeakFlops multiplications and additions
	// that need no memory: benchmarks find the machine's peak with it.
	Peak func(n int) T
	// PeakFlops is the number of operations in one round of Peak.
	PeakFlops int

	// Hadamard and HadamardAdd write, or add, the products of elements:
	//
	//	for j := range dst { dst[j] = x[j] * y[j] } or { dst[j] += x[j] * y[j] }
	//
	// dst may be x or y.
	Hadamard, HadamardAdd func(dst, x, y []T)

	// Scale multiplies x by a:
	//
	//	for j := range x { x[j] *= a }
	Scale func(x []T, a T)

	// ScaleFloor raises the elements of src to floor and multiplies them:
	//
	//	for j := range dst { s := src[j]; if s < floor { s = floor }; dst[j] = s * scale }
	//
	// A floor of -Inf is none. NaN stays. dst may be src.
	ScaleFloor func(dst, src []T, scale, floor T)

	// Clamp raises the elements of x to lo; NaN stays, and so does -0 at lo = 0:
	//
	//	for j := range x { if x[j] < lo { x[j] = lo } }
	Clamp func(x []T, lo T)

	// Select takes the elements of src that have a weight; nothing that src or w
	// hold elsewhere has any effect:
	//
	//	for j := range dst { if w[j] != 0 { dst[j] = src[j] } else { dst[j] = other } }
	//
	// dst may be src.
	Select func(dst, src, w []T, other T)

	// AddAbs and AddSquares add what each element has to sums of its own, in
	// float64; ScaleBy multiplies each by a number, rounding once:
	//
	//	for j := range x { sum[j] += math.Abs(float64(x[j])) }
	//	for j := range x { sum[j] += float64(x[j]) * float64(x[j]) }
	//	for j := range x { x[j] = T(float64(x[j]) * s[j]) }
	AddAbs, AddSquares func(sum []float64, x []T)
	ScaleBy            func(x []T, s []float64)

	// Transpose writes the transpose of a block of rows x cols elements whose
	// rows are srcRow apart, to rows dstRow apart:
	//
	//	for i := range rows { for j := range cols { dst[j*dstRow+i] = src[i*srcRow+j] } }
	Transpose func(dst []T, dstRow int, src []T, srcRow, rows, cols int)

	// Sum, SumSquares, Dot and SqDist return Σ x[j], Σ x[j]², Σ x[j]·y[j] and
	// Σ (x[j] - y[j])², computed in float64.
	Sum, SumSquares func(x []T) float64
	Dot, SqDist     func(x, y []T) float64

	// Scan returns the smallest and the largest element that is not NaN, Inf and
	// -Inf where there is none, and whether all are finite:
	//
	//	for j := range x { if x[j] < lo { lo = x[j] }; if x[j] > hi { hi = x[j] }; finite = finite && x[j]-x[j] == 0 }
	//
	// Of zeros of both signs either is returned.
	Scan func(x []T) (lo, hi T, finite bool)

	// QuotKL replaces a model y by the quotient of the data v and the model; in
	// this and the kernels below it is y^(β-2)·v, and p the power y^(β-1), that
	// the update for the divergence of the name needs. floor ≥ 0, and of zeros of
	// both signs max takes the model's. Levels may multiply by a reciprocal, so
	// that of a normal number 1/max(y[j], floor) must be one, too.
	//
	//	for j := range y { y[j] = v[j] / max(y[j], floor) }
	QuotKL func(y, v []T, floor T)

	// QuotIS is the same for the Itakura-Saito divergence, β = 0, and Quot05,
	// Quot15 and Quot3 for β = ½, 1½ and 3:
	//
	//	for j := range y { m := max(y[j], floor); p[j] = 1/m;  y[j] = v[j] * p[j] * p[j] }
	//	for j := range y { m := max(y[j], floor); p[j] = 1/√m; y[j] = v[j] * p[j] * p[j] * p[j] }
	//	for j := range y { m := max(y[j], floor); p[j] = √m;   y[j] = v[j] / p[j] }
	//	for j := range y { m := max(y[j], floor); p[j] = m*m;  y[j] = v[j] * m }
	QuotIS, Quot05, Quot15, Quot3 func(y, p, v []T, floor T)

	// QuotPow is the same for any other β, with the exponent β-2, which is not 0:
	//
	//	for j := range y {
	//		m := float64(max(y[j], floor)); q := math.Pow(m, exponent)
	//		y[j] = T(float64(v[j]) * q); p[j] = T(m * q)
	//	}
	//
	// For |exponent| ≤ 12 the power is within 2 units in the last place of a
	// float64; 0, Inf and NaN are as in math.Pow. At the Generic level it is
	// math.Pow, which is less precise.
	QuotPow func(y, p, v []T, exponent float64, floor T)

	// DivKL, DivIS and DivPow return the sums of [Divergence] for β = 1, 0 and
	// any other β but 2, where the model y is taken for at least floor ≥ 0 unless
	// the data x are 0:
	//
	//	for j := range x { m := y[j]; if x[j] > 0 { m = max(m, floor) }; s += Divergence(β, x[j], m) }
	//
	// Each term is computed in float64, with a relative error below 2^-48, near
	// x = y, too; for other β below 2^-44/min(1, |β|, |β-1|) while x^β, y^β and
	// y^(β-1) are normal numbers. An operand that is infinite or NaN makes the sum
	// infinite or NaN.
	DivKL, DivIS func(x, y []T, floor T) float64
	DivPow       func(x, y []T, beta float64, floor T) float64

	// Ratios are tiles of quotients of data by a model, all of one width, the
	// tallest first, the last one with one row; none at the Generic level.
	// [Kernels.RatioKL] and [Kernels.RatioIS] cover a matrix with them.
	Ratios []Ratio[T]

	// RatioEdge and RatioHalf are such tiles for a vector, or up to half of one, of
	// columns that are left, or none.
	RatioEdge, RatioHalf []Ratio[T]

	// Strips are the kernels of [Kernels.HALS] and [Kernels.SolveLower] for strips
	// of columns, the widest first.
	Strips []Strip[T]

	// Tiles[w-1] are the products of tiles w vectors wide, the tallest first;
	// the last of each width has one row. [Kernels.Mul] covers a matrix with
	// them.
	Tiles [][]Tile[T]

	// Half are tiles half a vector wide, or none.
	Half []Tile[T]

	// DownHalf[w-1] are tiles w vectors and a half wide with DownEdge alone, or none.
	DownHalf [][]Tile[T]
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
// caches. Full and Stream ask for as many cache lines as they are wide at every l,
// whether there is such memory or not: ahead bytes behind b at first, aheadStep
// bytes farther at each l, aheadTurn bytes in addition whenever as many rows of
// B are done as numbers fit a cache line, and aheadNext bytes for the next tile in
// addition to where its b is; tiles of twice as many rows as numbers fit a line
// also ask for the line eight steps farther. So what is asked for may be later rows of B, or
// as well rows of A, one after the other, and then their next cache lines.
type Tile[T Float] struct {
	Rows               int
	Full, Edge, Stream TileFunc[T]
	Down, DownEdge     DownFunc[T]
}

// TileFunc is the form of a tile's product.
type TileFunc[T Float] func(k int, a *T, aRow, aCol int, b *T, bRow int, c *T, cRow int, add, last, ahead, aheadStep, aheadTurn, aheadNext, count, aNext, bNext, cNext int)

// DownFunc is the product of a tile whose A is read down the columns of an array
// that comes from afar, with aRow = 1; columns and last are those of Full and Edge.
// With each of the k rows of the array it asks for as many elements as the tile has rows, one piece behind the
// other from ahead elements behind a on, but jump elements further behind the
// first left of them, and then every each of them.
type DownFunc[T Float] func(k int, a *T, aCol int, b *T, bRow int, c *T, cRow int, add, last, ahead, left, each, jump, count, aNext, bNext, cNext int)

// Ratio is a tile of the quotients of data V by a model A·B that is never stored,
// Rows rows and Vectors vectors of columns. A and B are those of a [Tile], v the
// data, y the quotients; it is made count times, and asks for the data ahead
// elements behind those that it reads:
//
//	for i, j { s := max(Σ_l a[i*aRow+l*aCol] * b[l*bRow+j], floor); y[i*yRow+j] = v[i*vRow+j] / s }
//
// IS divides twice and also writes p[i*yRow+j] = 1 / s. Those of RatioEdge and
// RatioHalf read and write the first last columns, 1 ≤ last ≤ Lanes.
type Ratio[T Float] struct {
	Rows, Vectors int

	KL func(k int, a *T, aRow, aCol int, b *T, bRow int, y *T, yRow int, v *T, vRow int, floor T, last, ahead, count, aNext, yNext, vNext int)
	IS func(k int, a *T, aRow, aCol int, b *T, bRow int, y, p *T, yRow int, v *T, vRow int, floor T, last, ahead, count, aNext, yNext, vNext int)
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
