package matrix

import "polyad/internal/par"

// Operator is an m x n matrix A that is known by its products with few columns,
// so that a matrix that is sparse, masked or on disk needs no other form for
// [SVD]. dst does not overlap x.
type Operator[T Float] interface {
	Dims() (rows, cols int)
	MulTo(dst, x *Dense[T])  // dst = A·x, x with n rows
	TMulTo(dst, x *Dense[T]) // dst = Aᵀ·x, x with m rows
}

// AsOperator returns a as an Operator, sharing memory. Its products are those of
// [Gemm] and run on p.
func AsOperator[T Float](p *par.Pool, a *Dense[T]) Operator[T] {
	a.checkFields("AsOperator")
	return denseOperator[T]{a, p}
}

type denseOperator[T Float] struct {
	*Dense[T]
	pool *par.Pool
}

func (o denseOperator[T]) MulTo(dst, x *Dense[T]) {
	Gemm(o.pool, false, false, 1, o.Dense, x, 0, dst)
}

func (o denseOperator[T]) TMulTo(dst, x *Dense[T]) {
	Gemm(o.pool, true, false, 1, o.Dense, x, 0, dst)
}

// transposed is Aᵀ for the operator A.
type transposed[T Float] struct{ a Operator[T] }

func (t transposed[T]) Dims() (rows, cols int) {
	cols, rows = t.a.Dims()
	return rows, cols
}
func (t transposed[T]) MulTo(dst, x *Dense[T])  { t.a.TMulTo(dst, x) }
func (t transposed[T]) TMulTo(dst, x *Dense[T]) { t.a.MulTo(dst, x) }
