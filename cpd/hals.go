package cpd

import (
	"math"

	"polyad/asm"
	"polyad/internal/nnls"
	"polyad/matrix"
)

// hals is hierarchical alternating least squares: with M the MTTKRP of a mode and
// S the elementwise product of the other modes' Gram matrices, for the columns x_q
// of F_n in order
//
//	x_q ← (m_q - Σ_{s≠q} S_qs·x_s - l1) / (S_qq + 2·l2), raised to the floor
//
// (Cichocki, Phan 2009), or with the threshold l1 from both sides where entries
// may be negative; repeated while that pays (Gillis, Glineur 2012). Each step
// minimizes exactly. A sweep costs 2·|X|·r flops for each pass over the data and
// 2·I_n·r² for every inner sweep. Factors are worked on in transposed tiles of 512
// rows.
type hals[T asm.Float] struct {
	*state[T]
	most  []int // inner sweeps of each mode
	delta float64
	steps []*nnls.HALS[T]
	tiles []halsTile[T] // per worker
	mode  int
}

// tileRows is the number of rows that are worked on at a time.
const tileRows = 512

// halsTile is the memory of one worker: a tile of a factor and of its MTTKRP,
// transposed.
type halsTile[T asm.Float] struct {
	x, a    *matrix.Dense[T] // r x tileRows
	vx, va  matrix.Dense[T]  // the part of them in use
	src     matrix.Dense[T]  // the part that was loaded last
	scratch []T
}

// mostInner bounds the sweeps of the accelerated rule.
const mostInner = 50

func newHALS[T asm.Float](s *state[T], a HALS) (*hals[T], error) {
	h := &hals[T]{state: s, most: make([]int, len(s.f)), steps: make([]*nnls.HALS[T], len(s.f))}
	if a.Inner == 0 {
		h.delta = a.Delta.Or(0.1)
	}
	size := 1.0
	for _, n := range s.o.shape {
		size *= float64(n)
	}
	for _, n := range s.free {
		rows := s.f[n].Rows
		h.most[n] = a.Inner
		if a.Inner == 0 {
			rho := 1 + size/float64(rows)/float64(s.rank+1)
			h.most[n] = int(math.Min(1+a.Alpha.Or(0.5)*rho, mostInner))
		}
		var err error
		if h.steps[n], err = nnls.NewHALS(s.rank, rows, s.blocks[n].Penalty, s.eps); err != nil {
			return nil, err
		}
		h.steps[n].Signed = !s.o.nonneg[n]
	}
	h.tiles = make([]halsTile[T], s.pool.Workers())
	for i := range h.tiles {
		t := &h.tiles[i]
		t.x, t.a, t.scratch = newTile[T](s.rank), newTile[T](s.rank), make([]T, tileRows)
	}
	return h, nil
}

// newTile returns room for an r x tileRows tile, with a cache line between its
// rows: one 4096 bytes behind another would be kept in the same place of the cache.
func newTile[T asm.Float](r int) *matrix.Dense[T] {
	return matrix.New[T](r, tileRows+64/asm.SizeOf[T]()).View(0, 0, r, tileRows)
}

func (h *hals[T]) update(mode int) {
	h.product(mode)
	h.steps[mode].SetGram(h.gram)
	h.mode = mode
	h.pool.Run((h.f[mode].Rows+tileRows-1)/tileRows, h)
}

// Do updates one tile of rows.
func (h *hals[T]) Do(block, worker int) {
	t, f, step := &h.tiles[worker], h.f[h.mode], h.steps[h.mode]
	i0 := block * tileRows
	i1 := min(i0+tileRows, f.Rows)
	t.load(&t.va, t.a, h.num[h.mode], i0, i1)
	t.load(&t.vx, t.x, f, i0, i1)
	var first float64
	for n := 1; n <= h.most[h.mode]; n++ {
		change := step.Sweep(&t.vx, &t.va, i0, t.scratch)
		if n == 1 {
			first = change
		} else if h.delta > 0 && change <= h.delta*h.delta*first {
			break
		}
	}
	t.vx.TransposeTo(&t.src)
}

// load transposes rows [i0, i1) of m, which t.src then is, into tile and sets
// view to that part of it.
func (t *halsTile[T]) load(view, tile, m *matrix.Dense[T], i0, i1 int) {
	*view = matrix.Dense[T]{Rows: m.Cols, Cols: i1 - i0, Stride: tile.Stride, Data: tile.Data}
	t.src = matrix.Dense[T]{Rows: i1 - i0, Cols: m.Cols, Stride: m.Stride, Data: m.Data[i0*m.Stride:]}
	t.src.TransposeTo(view)
}
