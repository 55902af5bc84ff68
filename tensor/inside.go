package tensor

// Sums over a run of modes. With t seen as L x I x R, and U a matrix or the
// Khatri-Rao product of the run's factors,
//
//	P[q, l, c] = Σ_i U[i, q]·t[l, i, c]
//
// Rows of t meet U transposed, a strip of columns at a time: S = Uᵀ·t[l, :, c…].
// The part of U that is not at hand is multiplied in afterwards, once for each
// row of S.

import (
	"polyad/asm"
	"polyad/internal/par"
)

const (
	insideCols = 512
	insideStep = 528 // from row to row of S: not a multiple of a page, so that its rows do not meet in the cache
	insideUnit = 16  // columns that are not cut

	// A product is this deep at most. The deep one takes a cache line's width of
	// columns at a time, which pays when there are many rows or components.
	insideDeep, insideShallow = 128, 32
	insideMany, insideWide    = 1024, 32

	// The kernels ask for the memory two strips ahead along a row when rows are
	// far apart. Of shorter rows one product takes every second, third, … at most
	// insideTurns-th, so that what is ahead belongs to the next product. The
	// number is odd, for rows of a power of two.
	insideFar   = 512
	insideTurns = 15
)

// inside is such a product as a task.
type inside[T Float] struct {
	ker      *asm.Kernels[T]
	x        []T
	l, i, r  int
	rank     int
	u        krRun[T]
	uq, ui   int // steps of the part of U that is at hand
	out      []T
	q, lStep int // steps of out from component to component and from l to l

	depth   int  // of one product
	wide    int  // columns of one product
	turns   int  // how many products take turns along the depth
	direct  bool // one product is all there is to an element of out
	byDepth bool // blocks are cut along what is summed over, else along (l, c)
	units   int
	blocks  int
	parts   []T // of all blocks but the first, as out with L·R elements a component
	scratch [][]T
}

// run computes the product; x has l·i·r elements, none of the sizes is 0. u is
// set before. Element (q, l, c) of the result is out[q·qStep + l·lStep + c].
func (t *inside[T]) run(p *par.Pool, out []T, qStep, lStep int) {
	t.ker, t.turns = asm.For[T](), 1
	if t.r < insideFar {
		t.turns = insideTurns
	}
	t.depth, t.wide = insideShallow, insideCols
	if t.u.in >= insideMany || t.rank >= insideWide {
		t.depth, t.wide = insideDeep, 64/asm.SizeOf[T]()
	}
	if t.direct = t.u.outer == 0 && t.i <= insideShallow; t.direct {
		t.wide = insideCols
	}
	t.out, t.q, t.lStep = out, qStep, lStep
	t.units = ceil(t.l*t.r, insideUnit)
	t.byDepth = t.units < 4*maxBlocks
	if t.byDepth {
		t.units = ceil(t.i, 64)
	}
	t.blocks = blocksFor(t.units, float64(t.l*t.i)*float64(t.r*t.rank))
	size := t.rank * t.l * t.r
	if t.byDepth {
		t.parts = grow(t.parts, (t.blocks-1)*size)
	}
	rows := insideStep + 2
	if t.u.inner == nil {
		rows += insideDeep
	}
	t.scratch = growAll(t.scratch, p.Workers(), rows*t.rank)
	p.Run(t.blocks, t)
	if t.byDepth {
		for b := range t.blocks - 1 {
			part := t.parts[b*size:]
			for q := range t.rank {
				for l := range t.l {
					t.ker.Axpy(1, part[(q*t.l+l)*t.r:][:t.r], t.out[q*t.q+l*t.lStep:][:t.r])
				}
			}
		}
	}
	t.x, t.out, t.u.f, t.u.inner = nil, nil, nil, nil
}

// Do computes one block.
func (t *inside[T]) Do(block, worker int) {
	s := insideBlock[T]{inside: t, out: t.out, q: t.q, lStep: t.lStep}
	room := t.scratch[worker]
	cut(&room, &s.left, t.rank)
	cut(&room, &s.w, t.rank)
	cut(&room, &s.s, insideStep*t.rank)
	if t.u.inner == nil {
		cut(&room, &s.panel, insideDeep*t.rank)
	}
	lo, hi := block*t.units/t.blocks, (block+1)*t.units/t.blocks
	if t.byDepth {
		if block > 0 {
			s.out, s.q, s.lStep = t.parts[(block-1)*t.rank*t.l*t.r:], t.l*t.r, t.r
		}
		s.columns(0, t.l*t.r, lo*t.i/t.units, hi*t.i/t.units)
		return
	}
	s.columns(lo*insideUnit, min(hi*insideUnit, t.l*t.r), 0, t.i)
}

// insideBlock is a block that is being computed.
type insideBlock[T Float] struct {
	*inside[T]
	out      []T
	q, lStep int
	s, panel []T
	left, w  []T // a row each
}

// columns computes columns [v0, v1), counted over (l, c), with depth [d0, d1).
func (s *insideBlock[T]) columns(v0, v1, d0, d1 int) {
	if s.u.inner == nil { // each panel is formed once for all columns
		for d := d0; d < d1; {
			depth := pieceOf(d1-d, insideDeep)
			krPanel(s.panel, s.rank, s.u.f, d, d+depth, s.left)
			for v := v0; v < v1; {
				l, c, n := s.strip(v, v1)
				s.mul(l, c, n, d, 1, depth, s.panel, 1, s.rank, s.out[l*s.lStep+c:], s.q, d > d0)
				v += n
			}
			d += depth
		}
		return
	}
	for v := v0; v < v1; {
		l, c, n := s.strip(v, v1)
		to := s.out[l*s.lStep+c:]
		if s.direct {
			s.mul(l, c, n, d0, 1, d1-d0, s.u.inner[d0*s.ui:], s.uq, s.ui, to, s.q, false)
			v += n
			continue
		}
		for d := d0; d < d1; {
			o := d / s.u.in
			k0 := d - o*s.u.in
			k1 := min(s.u.in, k0+d1-d)
			for k := k0; k < k1; {
				rows := pieceOf(k1-k, s.depth*s.turns)
				turns := min(s.turns, ceil(rows, s.depth)|1)
				for v := range turns {
					s.mul(l, c, n, o*s.u.in+k+v, turns, ceil(rows-v, turns), s.u.inner[(k+v)*s.ui:], s.uq, s.ui*turns, s.s, insideStep, k > k0 || v > 0)
				}
				k += rows
			}
			s.fold(to, n, o, d == d0)
			d += k1 - k0
		}
		v += n
	}
}

// strip returns the columns from v on that belong to one l, at most insideCols
// and not beyond v1.
func (s *insideBlock[T]) strip(v, v1 int) (l, c, n int) {
	l = v / s.r
	c = v - l*s.r
	n = min(s.r-c, v1-v)
	return l, c, min(n, ceil(pieceOf(n, insideCols), insideUnit)*insideUnit)
}

// mul computes, or adds, Uᵀ times t[l, :, c…], depth rows from d on of which
// each is turns behind the one before.
func (s *insideBlock[T]) mul(l, c, n, d, turns, depth int, u []T, uq, ui int, dst []T, step int, add bool) {
	x := s.x[(l*s.i+d)*s.r+c:]
	for q := 0; q < s.rank; q += rankStrip {
		for c := 0; c < n; c += s.wide {
			s.ker.Mul(min(rankStrip, s.rank-q), min(s.wide, n-c), depth, u[q*uq:], uq, ui, x[c:], turns*s.r, dst[q*step+c:], step, add, true)
		}
	}
}

// fold adds the rows of S to the result, or sets it, each times its weight for o.
func (s *insideBlock[T]) fold(to []T, n, o int, set bool) {
	if s.u.outer == 0 {
		for q := range s.rank {
			copy(to[q*s.q:][:n], s.s[q*insideStep:])
		}
		return
	}
	s.u.weights(s.w, o)
	for q, w := range s.w {
		dst := to[q*s.q:][:n]
		if set {
			clear(dst)
		}
		s.ker.Axpy(w, s.s[q*insideStep:][:n], dst)
	}
}
