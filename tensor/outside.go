package tensor

// Sums over the modes before and behind a run of modes. With t seen as
// L x I x R, and A and B the Khatri-Rao products of the factors before and behind,
//
//	M[i, q] = Σ_{l,k} t[l, i, k]·A[l, q]·B[k, q]
//
// Rows of t that lie along memory meet B, which stays in the second-level cache:
// Z = t[l, i, :]·B, a product as deep as B. Then A, and the part of B that is not
// at hand, are multiplied in, once for each row of Z.

import (
	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
)

const (
	outsideTile  = 48   // rows of t in a tile, a multiple of the heights of the kernels' tiles
	outsideDepth = 1024 // at most, of one product
	rankStrip    = 128  // components that are worked on at a time

	// Rows that are a multiple of a page apart meet in the first-level cache, which
	// holds the lines of only so many.
	outsidePage = 4096
	outsideLow  = 8
	// Tiles ask ahead of short rows by themselves. Of others shorter than a page a
	// tile takes every second, third, … at most
	// outsideTurns-th: the processor follows rows in separate pages, and is already
	// at the rows of the next tile when one ends. The number is odd, for rows of a
	// power of two. Z has room for all of them, of as many elements at most.
	outsideShort = 1024
	outsideMost  = 240 // short rows in a tile: what is not arithmetic is shared by more
	outsideTurns = 15
	outsideWords = 1 << 14
)

// outside is such a product as a task.
type outside[T Float] struct {
	ker     *asm.Kernels[T]
	x       []T
	l, i, r int
	rank    int
	a       []*matrix.Dense[T]
	b       krRun[T]
	out     []T
	row     int // the step from row to row of out
	turned  bool

	high, turns int // of tiles, and how many take turns along the rows

	cut     cutting
	units   int // of what is cut into blocks
	blocks  int
	size    int // of a partial result
	parts   []T // of all blocks but the first
	scratch [][]T
}

// cutting says where a product is cut into blocks.
type cutting int

const (
	cutKept  cutting = iota // along what is kept: each block has its own part of the result
	cutRows                 // along the rows (l, i)
	cutDepth                // along what is summed over
)

// run computes the product; x has l·i·r elements, none of the sizes is 0. out is
// i x rank with the given step between rows or, turned, rank x i. a and b are
// set before.
func (t *outside[T]) run(p *par.Pool, out []T, row int, turned bool) {
	t.ker = asm.For[T]()
	t.out, t.row, t.turned = out, row, turned
	t.high, t.turns = outsideTile, 1
	switch bytes := t.r * asm.SizeOf[T](); {
	case bytes%outsidePage == 0:
		rows, _ := t.ker.Panel() // as high as tiles are, or a multiple
		t.high = max(1, outsideLow/rows) * rows
	case bytes < outsideShort:
		t.high = max(outsideTile, min(outsideMost, outsideWords/t.rank)/outsideTile*outsideTile)
	case bytes < outsidePage:
		t.turns = max(1, min(outsideTurns, outsideWords/(outsideTile*t.rank)))
	}
	keptUnits, rowUnits := ceil(t.i, outsideTile), ceil(t.l*t.i, outsideTile)
	switch {
	case keptUnits >= maxBlocks:
		t.cut, t.units = cutKept, keptUnits
	case rowUnits >= maxBlocks:
		t.cut, t.units = cutRows, rowUnits
	default:
		t.cut, t.units = cutDepth, ceil(t.r, 128)
	}
	t.blocks = blocksFor(t.units, float64(t.l*t.i)*float64(t.r*t.rank))
	t.size = t.i * t.rank
	if t.cut != cutKept {
		t.parts = grow(t.parts, (t.blocks-1)*t.size)
	}
	rows := t.high*t.turns + 2 + krLeft(t.rank)
	if turned {
		rows += t.high * t.turns
	}
	if t.b.inner == nil {
		rows += outsideDepth
	}
	t.scratch = growAll(t.scratch, p.Workers(), rows*t.rank)
	p.Run(t.blocks, t)
	if t.cut != cutKept {
		t.add()
	}
	t.x, t.out, t.a, t.b.f, t.b.inner = nil, nil, nil, nil, nil
}

// add adds the partial results to the first one, which is out.
func (t *outside[T]) add() {
	rows, cols := t.i, t.rank
	if t.turned {
		rows, cols = cols, rows
	}
	for b := range t.blocks - 1 {
		part := t.parts[b*t.size:]
		for i := range rows {
			t.ker.Axpy(1, part[i*cols:(i+1)*cols], t.out[i*t.row:i*t.row+cols])
		}
	}
}

// Do computes one block.
func (t *outside[T]) Do(block, worker int) {
	lo, hi := block*t.units/t.blocks, (block+1)*t.units/t.blocks
	s := outsideBlock[T]{outside: t, out: t.out, row: t.row}
	room := t.scratch[worker]
	cut(&room, &s.left, t.rank)
	cut(&room, &s.w, krLeft(t.rank)*t.rank)
	cut(&room, &s.wLeft, t.rank)
	cut(&room, &s.z, t.high*t.turns*t.rank)
	if t.turned {
		cut(&room, &s.zt, t.high*t.turns*t.rank)
	}
	if t.b.inner == nil {
		cut(&room, &s.panel, outsideDepth*t.rank)
	}
	if block > 0 && t.cut != cutKept {
		s.out, s.row = t.parts[(block-1)*t.size:], t.rank
		if t.turned {
			s.row = t.i
		}
	}
	switch t.cut {
	case cutKept:
		i0, i1 := lo*outsideTile, min(hi*outsideTile, t.i)
		s.clear(i0, i1)
		for l := range t.l {
			s.rows(l*t.i+i0, l*t.i+i1, 0, t.r)
		}
	case cutRows:
		s.clear(0, t.i)
		s.rows(lo*outsideTile, min(hi*outsideTile, t.l*t.i), 0, t.r)
	case cutDepth:
		s.clear(0, t.i)
		s.rows(0, t.l*t.i, lo*t.r/t.units, hi*t.r/t.units)
	}
}

// outsideBlock is a block that is being computed, with the result that it adds
// to and its scratch memory.
type outsideBlock[T Float] struct {
	*outside[T]
	out            []T
	row            int
	z, zt, panel   []T
	left, w, wLeft []T // a row each; of w copies behind it
}

// clear makes rows [i0, i1) of the result zero where they are added to.
func (s *outsideBlock[T]) clear(i0, i1 int) {
	if s.l == 1 {
		return
	}
	if s.turned {
		for q := range s.rank {
			clear(s.out[q*s.row+i0 : q*s.row+i1])
		}
		return
	}
	for i := i0; i < i1; i++ {
		clear(s.out[i*s.row : i*s.row+s.rank])
	}
}

// rows adds what rows [u0, u1) of t as an L·I x R matrix give with depth
// [d0, d1).
func (s *outsideBlock[T]) rows(u0, u1, d0, d1 int) {
	if s.b.inner != nil {
		s.tiles(u0, u1, d0, d1, d0)
		return
	}
	for d := d0; d < d1; { // each panel is formed once for all rows
		depth := pieceOf(d1-d, outsideDepth)
		krPanel(s.panel, s.rank, s.b.f, d, d+depth, s.left)
		s.tiles(u0, u1, d, d+depth, d0)
		d += depth
	}
}

// tiles adds what rows [u0, u1) give with depth [d0, d1); first is the depth that
// rows begin with.
func (s *outsideBlock[T]) tiles(u0, u1, d0, d1, first int) {
	for u := u0; u < u1; u += s.high * s.turns {
		n := min(s.high*s.turns, u1-u)
		if s.b.inner == nil {
			s.mul(u, n, d0, d1-d0, s.panel, s.rank, s.plain() && d0 > first)
			s.fold(u, n, 0, d0 == first)
			continue
		}
		for d := d0; d < d1; {
			o := d / s.b.in
			k0 := d - o*s.b.in
			k1 := min(s.b.in, k0+d1-d)
			for k := k0; k < k1; {
				depth := pieceOf(k1-k, outsideDepth)
				s.mul(u, n, o*s.b.in+k, depth, s.b.inner[k*s.b.stride:], s.b.stride, k > k0)
				k += depth
			}
			s.fold(u, n, o, d == first)
			d += k1 - k0
		}
	}
}

// plain reports whether the rows of t times B are the result.
func (t *outside[T]) plain() bool { return len(t.a) == 0 && t.b.outer == 0 && !t.turned }

// mul computes, or adds, n rows of t from row u and depth d on times b, into Z or,
// when that is all, into the result.
func (s *outsideBlock[T]) mul(u, n, d, depth int, b []T, bRow int, add bool) {
	c, row := s.z, s.rank
	if s.plain() {
		c, row = s.out[u*s.row:], s.row
	}
	turns := min(s.turns, ceil(n, s.high)|1, n)
	for v := range turns {
		for q := 0; q < s.rank; q += rankStrip {
			s.ker.Mul(ceil(n-v, turns), min(rankStrip, s.rank-q), depth, s.x[(u+v)*s.r+d:], turns*s.r, 1, b[q:], bRow, c[v*row+q:], turns*row, add, false)
		}
	}
}

// fold adds the n rows of Z, which belong to rows u… of t and to o, to the result,
// each times its row of A and of B's outer part; set says that they are the first.
func (s *outsideBlock[T]) fold(u, n, o int, set bool) {
	if s.plain() {
		return
	}
	set = set && s.l == 1
	for z := s.z; n > 0; {
		l := u / s.i
		i := u - l*s.i
		m := min(n, s.i-i)
		w := s.w[:s.rank]
		krRow(w, s.a, l)
		if s.b.outer > 0 {
			s.b.weights(s.wLeft, o)
			times(w, w, s.wLeft)
		}
		if s.turned {
			s.foldTurned(z, i, m, set)
		} else {
			s.foldRows(z, i, m, set)
		}
		z, u, n = z[m*s.rank:], u+m, n-m
	}
}

// foldRows is fold for m rows of one l.
func (s *outsideBlock[T]) foldRows(z []T, i, m int, set bool) {
	most := 1
	if s.row == s.rank {
		most = len(s.w) / s.rank
		copyRow(s.w, s.rank, min(most, m))
	}
	for j := 0; j < m; j += most {
		n := min(most, m-j) * s.rank
		to := s.out[(i+j)*s.row:][:n]
		if set {
			times(to, s.w, z[j*s.rank:])
		} else {
			addTimes(to, s.w, z[j*s.rank:])
		}
	}
}

// foldTurned is fold for m rows of one l and a result whose rows are the
// components.
func (s *outsideBlock[T]) foldTurned(z []T, i, m int, set bool) {
	if set {
		s.ker.Transpose(s.out[i:], s.row, z, s.rank, m, s.rank)
		for q, w := range s.w[:s.rank] {
			s.ker.Scale(s.out[q*s.row+i:][:m], w)
		}
		return
	}
	s.ker.Transpose(s.zt, m, z, s.rank, m, s.rank)
	for q, w := range s.w[:s.rank] {
		s.ker.Axpy(w, s.zt[q*m:][:m], s.out[q*s.row+i:][:m])
	}
}
