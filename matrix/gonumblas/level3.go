package gonumblas

import (
	"sync"

	"gonum.org/v1/gonum/blas"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
)

const (
	// smallGemm is the number of multiplications from which a product is faster
	// here, smallSyrk the same for a triangle. fewRows and fewSyrk are the rows of
	// C below which gonum's inner products of rows are faster than copying a
	// transposed B for the tiles.
	smallGemm = 256
	smallSyrk = 1024
	fewRows   = 6
	fewSyrk   = 12

	// parallelGemm is the number of multiplications that are worth the waking of
	// workers, which takes a few microseconds.
	parallelGemm = 1 << 20

	// syrkLeaf is the side of a block on the diagonal that is computed whole.
	syrkLeaf = 64
)

// operands are the matrices of a product; they are kept, so that one allocates
// nothing.
type operands[T asm.Float] struct {
	a, b, c matrix.Dense[T]
	block   []T // syrkLeaf x syrkLeaf
}

var operandPools [2]sync.Pool

func getOperands[T asm.Float]() *operands[T] {
	if o, ok := operandPools[asm.SizeOf[T]()/8].Get().(*operands[T]); ok {
		return o
	}
	return &operands[T]{block: make([]T, syrkLeaf*syrkLeaf)}
}

func (o *operands[T]) release() {
	o.a.Data, o.b.Data, o.c.Data = nil, nil, nil
	operandPools[asm.SizeOf[T]()/8].Put(o)
}

// gemm computes a product, or returns false when it is gonum's.
func gemm[T asm.Float](always bool, tA, tB blas.Transpose, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) bool {
	turnA, okA := isTransposed(tA)
	turnB, okB := isTransposed(tB)
	work := float64(m) * float64(n) * float64(k)
	if !okA || !okB || isSpecial(alpha) {
		return false
	}
	if (work < smallGemm || turnB && m < fewRows || isPlain()) && !always {
		return false
	}
	rowsA, colsA, rowsB, colsB := m, k, k, n
	if turnA {
		rowsA, colsA = k, m
	}
	if turnB {
		rowsB, colsB = n, k
	}
	if !holds(len(a), rowsA, colsA, lda) || !holds(len(b), rowsB, colsB, ldb) || !holds(len(c), m, n, ldc) {
		return false
	}
	o := getOperands[T]()
	defer o.release()
	o.a = matrix.Dense[T]{Rows: rowsA, Cols: colsA, Data: a, Stride: lda}
	o.b = matrix.Dense[T]{Rows: rowsB, Cols: colsB, Data: b, Stride: ldb}
	o.c = matrix.Dense[T]{Rows: m, Cols: n, Data: c, Stride: ldc}
	if (turnA || !turnB) && !isFinite(asm.For[T](), &o.b) {
		return false // gonum passes over zeros of A, but not in A·Bᵀ
	}
	p := acquire(work >= parallelGemm)
	defer release(p)
	matrix.Gemm(p, turnA, turnB, alpha, &o.a, &o.b, beta, &o.c)
	return true
}

// syrk computes a triangle of a product with the own transpose, or returns false
// when it is gonum's.
func syrk[T asm.Float](always bool, ul blas.Uplo, tA blas.Transpose, n, k int, alpha T, a []T, lda int, beta T, c []T, ldc int) bool {
	turn, ok := isTransposed(tA)
	work := float64(n) * float64(n) * float64(k)
	if !ok || ul != blas.Upper && ul != blas.Lower || isSpecial(alpha) {
		return false
	}
	if (work < smallSyrk || !turn && n < fewSyrk || isPlain()) && !always {
		return false
	}
	rows, cols := n, k
	if turn {
		rows, cols = k, n
	}
	if !holds(len(a), rows, cols, lda) || !holds(len(c), n, n, ldc) {
		return false
	}
	o := getOperands[T]()
	defer o.release()
	whole := matrix.Dense[T]{Rows: rows, Cols: cols, Data: a, Stride: lda}
	if turn && !isFinite(asm.For[T](), &whole) {
		return false // as in gemm
	}
	p := acquire(work >= parallelGemm)
	defer release(p)
	t := triangle[T]{operands: o, pool: p, upper: ul == blas.Upper, turn: turn, k: k, lda: lda, ldc: ldc, alpha: alpha, beta: beta, data: a, to: c}
	t.fill(0, n)
	return true
}

// triangle is a Syrk under way.
type triangle[T asm.Float] struct {
	*operands[T]
	pool        *par.Pool
	upper, turn bool
	k, lda, ldc int
	alpha, beta T
	data, to    []T
}

// fill computes the part on the diagonal with rows and columns [i0, i1): two
// triangles half as large and the square between them.
func (t *triangle[T]) fill(i0, i1 int) {
	if i1-i0 <= syrkLeaf {
		t.leaf(i0, i1)
		return
	}
	// Squares begin where vectors do.
	h := i0 + (i1-i0+syrkLeaf)/(2*syrkLeaf)*syrkLeaf
	t.fill(i0, h)
	t.fill(h, i1)
	rows, cols := [2]int{h, i1}, [2]int{i0, h}
	if t.upper {
		rows, cols = cols, rows
	}
	t.a, t.b = t.part(rows[0], rows[1]), t.part(cols[0], cols[1])
	t.c = matrix.Dense[T]{Rows: rows[1] - rows[0], Cols: cols[1] - cols[0], Data: t.to[rows[0]*t.ldc+cols[0]:], Stride: t.ldc}
	matrix.Gemm(t.pool, t.turn, !t.turn, t.alpha, &t.a, &t.b, t.beta, &t.c)
}

// part returns the rows [i0, i1) of A, or its columns when it is transposed.
func (t *triangle[T]) part(i0, i1 int) matrix.Dense[T] {
	if t.turn {
		return matrix.Dense[T]{Rows: t.k, Cols: i1 - i0, Data: t.data[i0:], Stride: t.lda}
	}
	return matrix.Dense[T]{Rows: i1 - i0, Cols: t.k, Data: t.data[i0*t.lda:], Stride: t.lda}
}

// leaf computes a small part on the diagonal as a square, and keeps a triangle of
// it.
func (t *triangle[T]) leaf(i0, i1 int) {
	n := i1 - i0
	t.a = t.part(i0, i1)
	t.c = matrix.Dense[T]{Rows: n, Cols: n, Data: t.block, Stride: n}
	matrix.Gemm(nil, t.turn, !t.turn, t.alpha, &t.a, &t.a, 0, &t.c)
	for i := range n {
		j0, j1 := 0, i+1
		if t.upper {
			j0, j1 = i, n
		}
		o := (i0+i)*t.ldc + i0
		to, from := t.to[o+j0:o+j1], t.block[i*n+j0:i*n+j1]
		if t.beta == 0 {
			copy(to, from)
			continue
		}
		for j, v := range from {
			to[j] = t.beta*to[j] + v
		}
	}
}
