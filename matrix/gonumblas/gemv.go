package gonumblas

import (
	"gonum.org/v1/gonum/blas"

	"polyad/asm"
)

const (
	// smallGemv is the number of elements from which a product with a vector is
	// faster here, if rows have at least narrowGemv of them. Large ones wait for
	// memory: where this was measured, a second processor did not help.
	smallGemv  = 4096
	narrowGemv = 48

	// gemvCols is the number of columns that one kernel call goes through.
	gemvCols = 1 << 13
)

// gemv computes a product with a vector, or returns false when it is gonum's.
func gemv[T asm.Float](always bool, tA blas.Transpose, m, n int, alpha T, a []T, lda int, x []T, incX int, beta T, y []T, incY int) bool {
	turn, ok := isTransposed(tA)
	if !ok || incX != 1 || incY != 1 || isSpecial(alpha) || beta-beta != 0 {
		return false
	}
	if (n < narrowGemv || float64(m)*float64(n) < smallGemv || isPlain()) && !always {
		return false
	}
	lenX, lenY := n, m
	if turn {
		lenX, lenY = m, n
	}
	if !holds(len(a), m, n, lda) || len(x) < lenX || len(y) < lenY {
		return false
	}
	x, y = x[:lenX], y[:lenY]
	switch beta {
	case 0:
		clear(y)
	case 1:
	default:
		for j := range y {
			y[j] *= beta
		}
	}
	ker := asm.For[T]()
	for j := 0; j < n; j += gemvCols {
		w := min(gemvCols, n-j)
		if turn {
			addColumns(ker, m, alpha, a[j:], lda, x, y[j:j+w])
		} else {
			addRows(ker, alpha, a[j:], lda, x[j:j+w], y)
		}
	}
	return true
}

// addRows adds alpha·A·x to y.
func addRows[T asm.Float](ker *asm.Kernels[T], alpha T, a []T, lda int, x, y []T) {
	for i := range y {
		y[i] += alpha * T(ker.Dot(x, a[i*lda:i*lda+len(x)]))
	}
}

// addColumns adds alpha·Aᵀ·x to y, for an A of m rows.
func addColumns[T asm.Float](ker *asm.Kernels[T], m int, alpha T, a []T, lda int, x, y []T) {
	w := len(y)
	i := 0
	for ; i+4 <= m; i += 4 {
		r0, r2 := a[i*lda:], a[(i+2)*lda:]
		ker.Axpy4(alpha*x[i], alpha*x[i+1], alpha*x[i+2], alpha*x[i+3], r0[:w], r0[lda:lda+w], r2[:w], r2[lda:lda+w], y)
	}
	for ; i < m; i++ {
		ker.Axpy(alpha*x[i], a[i*lda:i*lda+w], y)
	}
}
