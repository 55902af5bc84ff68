package matrix

import (
	"sync"

	"polyad/asm"
	"polyad/internal/par"
)

// solveBlock is the number of right sides that are solved for at once.
const solveBlock = 128

// TriSolve solves triangular systems in place, L being the lower triangle of a
// square matrix of which nothing else is read. B becomes X in
//
//	L·X = B,   with trans Lᵀ·X = B   (L r x r, B r x n),
//
// or with rows, where each row of B is a right side,
//
//	X·Lᵀ = B,  with trans X·L = B    (L r x r, B n x r).
//
// A zero on the diagonal, or a number whose reciprocal overflows, gives Inf and
// NaN. B must not overlap L. Blocks of right sides run in parallel on p; nil, which
// is what callers outside of polyad pass, means on the calling goroutine. The result
// does not depend on the number of workers. It panics when the shapes do not fit. Cost r² flops per right side.
func TriSolve[T Float](p *par.Pool, l *Dense[T], trans, rows bool, b *Dense[T]) {
	s := pooledSolver[T]()
	s.solve("TriSolve", p, l, !trans, trans, rows, b)
	solverPools[asm.SizeOf[T]()/8].Put(s)
}

// CholeskySolve solves A·X = B in place, or with rows X·A = B, where A = L·Lᵀ and
// L is what [Cholesky] left in the lower triangle. Otherwise it is like
// [TriSolve]. Cost 2·r² flops per right side.
func CholeskySolve[T Float](p *par.Pool, l *Dense[T], rows bool, b *Dense[T]) {
	s := pooledSolver[T]()
	s.solve("CholeskySolve", p, l, true, true, rows, b)
	solverPools[asm.SizeOf[T]()/8].Put(s)
}

var solverPools [2]sync.Pool

func pooledSolver[T Float]() *solver[T] {
	if s, _ := solverPools[asm.SizeOf[T]()/8].Get().(*solver[T]); s != nil {
		return s
	}
	return &solver[T]{}
}

// solver is a triangular solution under way.
type solver[T Float] struct {
	ker                     *asm.Kernels[T]
	l, b                    *Dense[T]
	r, n                    int
	forward, backward, rows bool
	staged                  bool  // blocks are copied to where they are solved
	inv                     []T   // 1 over the diagonal of L
	tiles                   [][]T // per worker
}

// tileStride is the distance of the rows of a tile: they do not get into each
// other's way in the cache.
const tileStride = solveBlock + 16

// solve substitutes forward, backward or both.
func (s *solver[T]) solve(op string, p *par.Pool, l *Dense[T], forward, backward, rows bool, b *Dense[T]) {
	l.checkFields(op)
	b.checkFields(op)
	r, n := b.Rows, b.Cols
	if rows {
		r, n = n, r
	}
	if l.Rows != l.Cols || l.Rows != r {
		fail(op, "%d x %d for right sides of length %d", l.Rows, l.Cols, r)
	}
	if r == 0 || n == 0 {
		return
	}
	s.ker, s.l, s.b, s.r, s.n = asm.For[T](), l, b, r, n
	s.forward, s.backward, s.rows = forward, backward, rows
	// Rows that lie a multiple of 1024 bytes apart would be kept in few places of
	// the cache.
	s.staged = rows || b.Stride*asm.SizeOf[T]()%1024 == 0 && r > 8
	s.reserve(p.Workers())
	p.Run((n+solveBlock-1)/solveBlock, s)
	s.l, s.b = nil, nil
}

func (s *solver[T]) reserve(workers int) {
	if len(s.inv) < s.r {
		s.inv, s.tiles = make([]T, s.r), nil
	}
	for s.staged && len(s.tiles) < workers {
		s.tiles = append(s.tiles, make([]T, len(s.inv)*tileStride))
	}
	for k := range s.r {
		s.inv[k] = 1 / s.l.Data[k*s.l.Stride+k]
	}
}

// Do solves for one block of right sides.
func (s *solver[T]) Do(block, worker int) {
	j0 := block * solveBlock
	w := min(solveBlock, s.n-j0)
	var view Dense[T]
	if s.rows {
		view = s.b.block(j0, 0, w, s.r)
	} else {
		view = s.b.block(0, j0, s.r, w)
	}
	if !s.staged {
		s.substitute(&view)
		return
	}
	tile := Dense[T]{Rows: s.r, Cols: w, Stride: tileStride, Data: s.tiles[worker]}
	if !s.rows {
		tile.Copy(&view)
		s.substitute(&tile)
		view.Copy(&tile)
		return
	}
	view.TransposeTo(&tile)
	s.substitute(&tile)
	tile.TransposeTo(&view)
}

func (s *solver[T]) substitute(x *Dense[T]) {
	if s.forward {
		s.ker.SolveLower(s.r, x.Cols, s.l.Data, s.l.Stride, false, s.inv, x.Data, x.Stride)
	}
	if s.backward {
		s.ker.SolveLower(s.r, x.Cols, s.l.Data, s.l.Stride, true, s.inv, x.Data, x.Stride)
	}
}
