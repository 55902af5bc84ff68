package gonumblas

import (
	"runtime"
	"sync"

	"gonum.org/v1/gonum/blas"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
)

// shared are the workers of all products. A pool serves one product at a time;
// whoever finds it taken works alone, since its processors are at work then.
var shared struct {
	sync.Mutex
	pool *par.Pool
}

// acquire returns the workers for a product worth their while, else nil.
func acquire(worth bool) *par.Pool {
	if !worth {
		return nil
	}
	procs := runtime.GOMAXPROCS(0)
	if procs == 1 || !shared.TryLock() {
		return nil
	}
	if shared.pool.Workers() != procs {
		shared.pool.Close()
		shared.pool = par.New(procs)
	}
	return shared.pool
}

// release gives back what acquire returned.
func release(p *par.Pool) {
	if p != nil {
		shared.Unlock()
	}
}

// isPlain reports whether the kernels are plain Go, which gonum's assembly is
// faster than.
func isPlain() bool { return asm.Current() == asm.Generic }

// isTransposed reads a blas.Transpose; ok is false when it is none.
func isTransposed(t blas.Transpose) (yes, ok bool) {
	yes = t == blas.Trans || t == blas.ConjTrans
	return yes, yes || t == blas.NoTrans
}

// holds reports whether a slice of the given length holds a matrix of rows x cols,
// both positive, with rows ld apart.
func holds(length, rows, cols, ld int) bool {
	return rows > 0 && cols > 0 && ld >= cols && length >= cols && rows-1 <= (length-cols)/ld
}

// isSpecial reports whether a factor alpha is one of those with which gonum knows
// better than arithmetic: 0, NaN and Inf.
func isSpecial[T asm.Float](alpha T) bool { return alpha == 0 || alpha-alpha != 0 }

// isFinite reports whether a matrix is free of NaN and Inf. A sum that is finite
// says so; one that is not may have overflowed.
func isFinite[T asm.Float](ker *asm.Kernels[T], m *matrix.Dense[T]) bool {
	for i := range m.Rows {
		row := m.Row(i)
		if s := ker.Sum(row); s-s == 0 {
			continue
		}
		for _, v := range row {
			if v-v != 0 {
				return false
			}
		}
	}
	return true
}
