package nnls

import (
	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
)

// Rows makes inner sweeps of [HALS] over factors whose components are columns (F
// is I x r, A = V·Uᵀ likewise): tile by tile of 512 rows, transposed, so that what
// is worked on stays in cache.
type Rows[T asm.Float] struct {
	pool  *par.Pool
	tiles []rowsTile[T] // per worker

	step  *HALS[T]
	f, a  *matrix.Dense[T]
	most  int
	delta float64
}

// tileRows is the number of rows that are worked on at a time.
const tileRows = 512

// rowsTile is the memory of one worker: a tile of a factor and of A, transposed.
type rowsTile[T asm.Float] struct {
	x, a    []T
	vx, va  matrix.Dense[T] // the part of them in use
	src     matrix.Dense[T] // the part that was loaded last
	scratch []T
}

// tileStride is the distance of the rows of a transposed tile, a cache line more
// than their length: one 4096 bytes behind another would be kept in the same place
// of the cache.
func tileStride[T asm.Float]() int { return tileRows + 64/asm.SizeOf[T]() }

// NewRows returns sweeps over factors of at most r components.
func NewRows[T asm.Float](pool *par.Pool, r int) *Rows[T] {
	s := &Rows[T]{pool: pool, tiles: make([]rowsTile[T], pool.Workers())}
	for i := range s.tiles {
		t := &s.tiles[i]
		t.x, t.a, t.scratch = make([]T, r*tileStride[T]()), make([]T, r*tileStride[T]()), make([]T, tileRows)
	}
	return s
}

// Run makes at most the given number of sweeps of step over f, fewer for a tile
// that a sweep changes by no more than delta times what the first one did.
func (s *Rows[T]) Run(step *HALS[T], f, a *matrix.Dense[T], most int, delta float64) {
	s.step, s.f, s.a, s.most, s.delta = step, f, a, most, delta
	s.pool.Run((f.Rows+tileRows-1)/tileRows, s)
}

// Do updates one tile of rows.
func (s *Rows[T]) Do(block, worker int) {
	t := &s.tiles[worker]
	i0 := block * tileRows
	i1 := min(i0+tileRows, s.f.Rows)
	t.load(&t.va, t.a, s.a, i0, i1)
	t.load(&t.vx, t.x, s.f, i0, i1)
	var first float64
	for n := 1; n <= s.most; n++ {
		change := s.step.Sweep(&t.vx, &t.va, i0, t.scratch)
		if n == 1 {
			first = change
		} else if s.delta > 0 && change <= s.delta*s.delta*first {
			break
		}
	}
	t.vx.TransposeTo(&t.src)
}

// load transposes rows [i0, i1) of m, which t.src then is, into tile and sets
// view to that part of it.
func (t *rowsTile[T]) load(view *matrix.Dense[T], tile []T, m *matrix.Dense[T], i0, i1 int) {
	*view = matrix.Dense[T]{Rows: m.Cols, Cols: i1 - i0, Stride: tileStride[T](), Data: tile}
	t.src = matrix.Dense[T]{Rows: i1 - i0, Cols: m.Cols, Stride: m.Stride, Data: m.Data[i0*m.Stride:]}
	t.src.TransposeTo(view)
}
