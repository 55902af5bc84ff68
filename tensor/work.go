package tensor

import (
	"sync"

	"polyad/asm"
)

// Work is the memory that products work with. One that is kept makes sure that
// nothing is allocated once each product has been computed with it; it serves one
// product at a time. The zero value is ready.
type Work[T Float] struct {
	out outside[T]
	in  inside[T]
	tv  vectors[T]
	buf [2][]T // products under way
	u   []T    // a matrix, transposed

	// Of products along several modes.
	modes, shape []int
}

// check panics where there is no memory.
func (w *Work[T]) check(op string) {
	if w == nil {
		fail(op, "the memory is nil")
	}
}

var workPools [2]sync.Pool

// getWork and putWork lend memory to the functions that are called without.
func getWork[T Float]() *Work[T] {
	w, _ := workPools[asm.SizeOf[T]()/8].Get().(*Work[T])
	if w == nil {
		w = &Work[T]{}
	}
	return w
}

func putWork[T Float](w *Work[T]) { workPools[asm.SizeOf[T]()/8].Put(w) }

// maxBlocks is the number of blocks, and so of partial results, that a product
// is cut into at most; minBlock are the multiplications that a block is worth.
const (
	maxBlocks = 16
	minBlock  = 1 << 15
)

// blocksFor returns the number of blocks for so many units and multiplications.
func blocksFor(units int, work float64) int {
	return max(1, min(maxBlocks, units, int(work/minBlock)))
}

func ceil(n, d int) int { return (n + d - 1) / d }

// pieceOf returns the first of as few pieces of n as have at most most, all about
// equally long.
func pieceOf(n, most int) int { return ceil(n, ceil(n, most)) }

// grow returns x, or new memory, with at least n elements.
func grow[T Float](x []T, n int) []T {
	if len(x) < n {
		return make([]T, n)
	}
	return x
}

// growAll returns so many slices of at least n elements.
func growAll[T Float](x [][]T, count, n int) [][]T {
	for len(x) < count {
		x = append(x, nil)
	}
	for i := range x[:count] {
		x[i] = grow(x[i], n)
	}
	return x
}

// cut takes the first n elements off room.
func cut[T Float](room, to *[]T, n int) { *to, *room = (*room)[:n:n], (*room)[n:] }
