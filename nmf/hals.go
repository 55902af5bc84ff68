package nmf

import (
	"math"

	"polyad/asm"
	"polyad/internal/nnls"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/reg"
)

// hals is hierarchical alternating least squares: with A = VHᵀ and G = HHᵀ, for
// the columns w_k of W in order (and in the same way for the rows of H)
//
//	w_k ← max(floor, (a_k - Σ_{s≠k} G_ks w_s - l1) / (G_kk + 2·l2))
//
// (Cichocki, Phan 2009), repeated on a factor while that pays (Gillis, Glineur
// 2012). A sweep costs 4·m·n·r flops for the products and 2·(m+n)·r² for every
// inner sweep. W is worked on in transposed tiles of 512 rows.
type hals[T asm.Float] struct {
	*state[T]
	exact        bool
	fused        bool // the shares for H are computed along with W, which is at most scaled after that
	capW, capH   int  // largest numbers of inner sweeps
	delta        float64
	stepW, stepH *nnls.HALS[T]
	tiles        []halsTile[T] // per worker
	taskW        halsW[T]
	taskH        halsH[T]
	whole        wholeW[T]
	changes      []float64 // per chunk, for the exact rule
	ahead        *ahead[T] // nil: not extrapolated
}

// halsTile is the memory of one worker: a tile of W and of VHᵀ, transposed, or a
// tile of H.
type halsTile[T asm.Float] struct {
	x, a    *matrix.Dense[T] // r x chunk
	vx, va  matrix.Dense[T]  // the part of them in use, or of WᵀV
	src     matrix.Dense[T]  // the part of the factor that was loaded last
	scratch []T
}

func newHALS[T asm.Float](s *state[T], a HALS) (*hals[T], error) {
	m, n, r := s.w.Rows, s.h.Cols, s.w.Cols
	h := &hals[T]{state: s, exact: a.Exact, capW: a.Inner, capH: a.Inner}
	if a.Inner == 0 {
		h.delta = a.Delta.Or(0.1)
		alpha := a.Alpha.Or(0.5)
		h.capW = innerSweeps(alpha, m, n, r)
		h.capH = innerSweeps(alpha, n, m, r)
	}
	var err error
	if h.stepW, err = nnls.NewHALS(r, m, s.blockW.Penalty, s.eps); err != nil {
		return nil, err
	}
	if h.stepH, err = nnls.NewHALS(r, n, s.blockH.Penalty, s.eps); err != nil {
		return nil, err
	}
	h.stepW.Held, h.stepH.Held = s.heldW, s.heldH
	h.tiles = make([]halsTile[T], s.pool.Workers())
	for i := range h.tiles {
		t := &h.tiles[i]
		t.x, t.a, t.scratch = newTile[T](r), newTile[T](r), make([]T, chunk)
	}
	h.changes = make([]float64, (max(m, n)+chunk-1)/chunk)
	h.taskW.hals, h.taskH.hals, h.whole.hals = h, h, h
	if a.Extrapolate {
		h.ahead = newAhead(s, &h.fused)
		s.extra = h.ahead
	}
	return h, nil
}

// newTile returns room for an r x chunk tile, with a cache line between its rows:
// one 4096 bytes behind another would be kept in the same place of the cache.
func newTile[T asm.Float](r int) *matrix.Dense[T] {
	return matrix.New[T](r, chunk+64/asm.SizeOf[T]()).View(0, 0, r, chunk)
}

// innerSweeps is the cap floor(1 + alpha·ρ) on the sweeps over an m x r factor:
// ρ = 1 + n(m+r)/(m(r+1)) compares the cost of the products with that of a
// sweep.
func innerSweeps(alpha float64, m, n, r int) int {
	rho := 1 + float64(n)*float64(m+r)/(float64(m)*float64(r+1))
	return int(math.Min(1+alpha*rho, 1e6))
}

func (h *hals[T]) updateW() {
	h.prepareW()
	h.stepW.SetGram(h.gramH)
	h.fused = !h.exact && h.o.Order == OrderWH && !h.o.FixH && (h.o.Balance != BalanceBlock || h.eps == 0)
	h.pool.Run(h.x.Blocks(), &h.taskW)
	if h.exact {
		h.exactly(h.capW, (h.w.Rows+chunk-1)/chunk, &h.whole)
	}
}

func (h *hals[T]) updateH() {
	h.prepareH()
	h.stepH.SetGram(h.gramW)
	h.hTotals(false, !h.fused)
	if h.fused && h.within != nil { // the shares were those of W before it was balanced
		reg.Block[T]{X: h.hNum, Trans: true}.Scale(h.within.Log[0])
	}
	h.fused = false
	blocks := (h.h.Cols + chunk - 1) / chunk
	if h.exact {
		h.exactly(h.capH, blocks, &h.taskH)
		return
	}
	h.pool.Run(blocks, &h.taskH)
}

// exactly sweeps over a whole factor until a sweep changes it by no more than
// delta times what the first one did, or the cap is reached.
func (h *hals[T]) exactly(most, blocks int, sweep par.Task) {
	var first float64
	for n := 1; ; n++ {
		h.pool.Run(blocks, sweep)
		var change float64
		for _, c := range h.changes[:blocks] {
			change += c
		}
		if n == 1 {
			first = change
		}
		if n >= most || n > 1 && change <= h.delta*h.delta*first {
			return
		}
	}
}

// inner sweeps over one tile by the rule of the method, or once when the rule
// is applied to the whole factor. It returns the squared change of the last
// sweep.
func (h *hals[T]) inner(s *nnls.HALS[T], most int, t *halsTile[T], j0 int) (change float64) {
	if h.exact {
		return s.Sweep(&t.vx, &t.va, j0, t.scratch)
	}
	var first float64
	for n := 1; n <= most; n++ {
		change = s.Sweep(&t.vx, &t.va, j0, t.scratch)
		if n == 1 {
			first = change
		} else if h.delta > 0 && change <= h.delta*h.delta*first {
			break
		}
	}
	return change
}

// halsW computes VHᵀ for one block of rows, updates these rows of W, and adds
// the block's share of WᵀV while its rows of V are at hand.
type halsW[T asm.Float] struct{ *hals[T] }

func (t *halsW[T]) Do(block, worker int) {
	t.wBlock(block, worker, false)
	if t.exact {
		return
	}
	i0, i1 := t.x.Rows(block)
	for i := i0; i < i1; i += chunk {
		t.rows(i, min(i+chunk, i1), worker)
	}
	if t.fused {
		if t.ahead != nil {
			r := t.w.Cols
			t.ahead.Part(0, i0*r, i1*r)
		}
		t.hBlock(block, worker, false)
	}
}

// rows updates rows [i0, i1) of W through a transposed tile.
func (h *hals[T]) rows(i0, i1, worker int) (change float64) {
	t := &h.tiles[worker]
	t.load(&t.va, t.a, h.wNum, i0, i1)
	t.load(&t.vx, t.x, h.w, i0, i1)
	change = h.inner(h.stepW, h.capW, t, i0)
	t.vx.TransposeTo(&t.src)
	return change
}

// load transposes rows [i0, i1) of m, which t.src then is, into tile and sets
// view to that part of it.
func (t *halsTile[T]) load(view, tile, m *matrix.Dense[T], i0, i1 int) {
	*view = matrix.Dense[T]{Rows: m.Cols, Cols: i1 - i0, Stride: tile.Stride, Data: tile.Data}
	t.src = matrix.Dense[T]{Rows: i1 - i0, Cols: m.Cols, Stride: m.Stride, Data: m.Data[i0*m.Stride:]}
	t.src.TransposeTo(view)
}

// wholeW makes one sweep over a chunk of rows of W, for the exact rule.
type wholeW[T asm.Float] struct{ *hals[T] }

func (t *wholeW[T]) Do(block, worker int) {
	i0 := block * chunk
	t.changes[block] = t.rows(i0, min(i0+chunk, t.w.Rows), worker)
}

// halsH updates one chunk of columns of H.
type halsH[T asm.Float] struct{ *hals[T] }

func (t *halsH[T]) Do(block, worker int) {
	j0, j1 := block*chunk, min((block+1)*chunk, t.h.Cols)
	tile := &t.tiles[worker]
	tile.src = matrix.Dense[T]{Rows: t.h.Rows, Cols: j1 - j0, Stride: t.h.Stride, Data: t.h.Data[j0:]}
	tile.vx = matrix.Dense[T]{Rows: t.h.Rows, Cols: j1 - j0, Stride: tile.x.Stride, Data: tile.x.Data}
	tile.va = matrix.Dense[T]{Rows: t.h.Rows, Cols: j1 - j0, Stride: t.hNum.Stride, Data: t.hNum.Data[j0:]}
	tile.vx.Copy(&tile.src)
	t.changes[block] = t.inner(t.stepH, t.capH, tile, j0)
	tile.src.Copy(&tile.vx)
}
