package asm

// Mul computes C = A·B, or C += A·B with add, for A m x k, B k x n and C m x n by
// covering C with tiles; nothing is packed or copied. Element (i, l) of A is
// a[i*aRow+l*aCol], so A may be transposed; the rows of B and C lie along memory,
// bRow and cRow apart. Choose k so that a strip of B and the rows of A that go
// with a tile stay in cache. With byColumns all rows are worked on for one group
// of strips of columns after the other, which suits a large B; otherwise all
// strips for one tile row after the other, which suits a large A.
func (ker *Kernels[T]) Mul(m, n, k int, a []T, aRow, aCol int, b []T, bRow int, c []T, cRow int, add, byColumns bool) {
	p := product[T]{k: k, a: a, aRow: aRow, aCol: aCol, b: b, bRow: bRow, c: c, cRow: cRow}
	if add {
		p.add = 1
	}
	p.cover(ker, m, n, byColumns)
}

// MulPast is [Kernels.Mul] without add and byColumns for a C that is not read
// again before it has left the caches: cache lines that a strip fills are written
// past them.
func (ker *Kernels[T]) MulPast(m, n, k int, a []T, aRow, aCol int, b []T, bRow int, c []T, cRow int) {
	p := product[T]{k: k, a: a, aRow: aRow, aCol: aCol, b: b, bRow: bRow, c: c, cRow: cRow}
	p.past = len(c) > 0 && aligned(c, cacheLine) && cRow*SizeOf[T]()%cacheLine == 0
	p.cover(ker, m, n, false)
}

// Narrow returns the number of columns of the narrowest strip that [Kernels.Mul]
// works on at full speed: one vector where a multiplication can take its other
// factor from memory, else two.
func (ker *Kernels[T]) Narrow() int {
	if ker.Level == AVX512 {
		return ker.Lanes
	}
	return min(2, len(ker.Tiles)) * ker.Lanes
}

// Panel returns the height of the panels and the width of the strips in which
// [Kernels.MulPacked] wants its operands.
func (ker *Kernels[T]) Panel() (rows, cols int) {
	v := min(2, len(ker.Tiles))
	return ker.Tiles[v-1][0].Rows, v * ker.Lanes
}

// MulPacked computes C = A·B, or C += A·B with add, for one strip of columns of C
// and operands that were copied: A into panels of as many rows as [Kernels.Panel]
// says, column after column of each, the last one with as much room as the
// others; B, k x n, row after row.
func (ker *Kernels[T]) MulPacked(m, n, k int, a, b, c []T, cRow int, add bool) {
	p := product[T]{k: k, a: a, aRow: 1, b: b, bRow: n, c: c, cRow: cRow}
	p.panel, _ = ker.Panel()
	p.aCol = p.panel
	if add {
		p.add = 1
	}
	last := (m - 1) % p.panel
	_, _, _ = a[(m-1-last)*k+(k-1)*p.panel+last], b[k*n-1], c[(m-1)*cRow+n-1]
	for j := 0; j < n; {
		s := ker.strip(2, n-j)
		p.column(&s, 0, m, j)
		j += s.cols
	}
}

// product holds the operands of a product that is covered with tiles.
type product[T Float] struct {
	k          int
	a, b, c    []T
	aRow, aCol int
	bRow, cRow int
	add        int
	past       bool // the caches
	lead       int  // of long rows of A
	panel      int  // rows of a panel when A is packed, else 0
}

func (p *product[T]) cover(ker *Kernels[T], m, n int, byColumns bool) {
	if m == 0 || n == 0 {
		return
	}
	if p.k == 0 {
		if p.add == 0 {
			for i := range m {
				clear(p.c[i*p.cRow : i*p.cRow+n])
			}
		}
		return
	}
	p.lead = ker.lead()
	// The last elements are looked at once here, so that no tile goes beyond.
	_, _, _ = p.a[(m-1)*p.aRow+(p.k-1)*p.aCol], p.b[(p.k-1)*p.bRow+n-1], p.c[(m-1)*p.cRow+n-1]
	grouped := byColumns && p.runs(n) && 2*p.k*ker.Lanes*SizeOf[T]() <= groupBytes
	width := ker.stripWidth(m, n, p.k, byColumns, grouped)
	if byColumns {
		j := 0
		if grouped {
			j = p.groups(ker, m, n, width)
		}
		for j < n {
			s := ker.strip(width, n-j)
			p.column(&s, 0, m, j)
			j += s.cols
		}
		return
	}
	first := ker.strip(width, n)
	for i := 0; i < m; {
		t := first.tallest(m - i)
		rows, j := first.tiles[t].Rows, 0
		if first.last == 0 {
			strips := n / first.cols
			p.run(&first, t, i, 0, strips, 0, first.cols)
			j = strips * first.cols
		}
		for j < n {
			s := ker.strip(width, n-j)
			p.column(&s, i, i+rows, j)
			j += s.cols
		}
		i += rows
	}
}

// groupBytes is how much of B a group of strips may have: it stays in the first-
// level cache from one row of tiles to the next.
const groupBytes = 16 << 10

// runs reports whether rows of n columns of B are long or follow each other soon,
// so that a processor foresees them. Of others every strip is used up at once.
func (p *product[T]) runs(n int) bool { return p.bRow < 4*n || n*SizeOf[T]() >= 8192 }

// groups computes the whole strips in groups, row by row of tiles, each of them
// with one call, and returns the number of columns that are done: none when a
// group would be one strip. Where one row of tiles is all, so is one group.
func (p *product[T]) groups(ker *Kernels[T], m, n, width int) (j int) {
	s := ker.strip(width, n)
	strips := n / s.cols
	group := strips
	if s.tiles[s.tallest(m)].Rows < m {
		group = groupBytes / (p.k * s.cols * SizeOf[T]())
	}
	if s.last > 0 || group < 2 {
		return 0
	}
	for ; strips > 0; strips -= group {
		g := min(group, strips)
		for i := 0; i < m; {
			t := s.tallest(m - i)
			p.run(&s, t, i, j, g, 0, s.cols)
			i += s.tiles[t].Rows
		}
		j += g * s.cols
	}
	return j
}

// column computes rows [i, i1) of the strip at column j.
func (p *product[T]) column(s *strip[T], i, i1, j int) {
	for i < i1 {
		left := i1 - i
		switch {
		case p.panel == 0:
		case left > p.panel && s.tiles[0].Rows == p.panel:
			left -= left % p.panel // whole panels first
		default:
			left = min(left, p.panel-i%p.panel)
		}
		t := s.tallest(left)
		rows := s.tiles[t].Rows
		count := left / rows
		p.run(s, t, i, j, count, rows, 0)
		i += count * rows
	}
}

// cacheLine is the size of a cache line in bytes. One that is written past the
// caches must be written whole.
const cacheLine = 64

// longest bounds the work of one call: tiles times depth.
const longest = 8192

// run computes count tiles, each the given numbers of rows and columns behind
// the one before.
func (p *product[T]) run(s *strip[T], t, i, j, count, rows, cols int) {
	tile := &s.tiles[t]
	f := tile.Full
	switch {
	case s.last > 0:
		f = tile.Edge
	case p.past && s.cols*SizeOf[T]()%cacheLine == 0:
		f = tile.Stream
	}
	from, step := i*p.aRow, rows*p.aRow
	if p.panel > 0 {
		from = (i-i%p.panel)*p.k + i%p.panel
		if rows == p.panel {
			step = rows * p.k
		}
	}
	atOnce := max(1, longest/p.k)
	for count > 0 {
		now, ahead := min(count, atOnce), p.ahead(tile.Rows, s.cols, from, j, step, cols)
		f(p.k, &p.a[from], p.aRow, p.aCol, &p.b[j], p.bRow, &p.c[i*p.cRow+j], p.cRow,
			p.add, s.last, ahead.from, ahead.step, ahead.turn, ahead.next, now, step, cols, rows*p.cRow+cols)
		i, j, from, count = i+now*rows, j+now*cols, from+now*step, count-now
	}
}

// Rows of A that lie along memory, longRow bytes or more of each, come from afar.
// Tiles ask for what comes lead bytes later in them; in the rows of B, two strips
// later if that is more, but deepLead bytes for deep tiles, which take longer and of
// which the first-level cache would not hold as much. Shorter rows that follow each
// other are asked for in the order of memory, streamLead bytes ahead: some rows of tiles.
const (
	longRow    = 2048
	lead       = 256
	deepTile   = 96
	deepLead   = 192
	streamLead = 8192
)

// lead is how many bytes tiles ask ahead in long rows of A: those of short vectors
// are through with a number in less than half the time.
func (ker *Kernels[T]) lead() int {
	if ker.Lanes*SizeOf[T]() < cacheLine {
		return max(lead, 64*SizeOf[T]())
	}
	return lead
}

// ahead is what a tile asks for, as [Tile] has it.
type ahead struct{ from, step, turn, next int }

// ahead is what tiles of as many rows and columns ask for whose rows of A begin at
// a[from], and whose strip of columns begins at column j: the next cache lines of
// the rows of A, or what follows them, or the next lines of the rows of B, or later
// rows of B where strips are all that they have.
func (p *product[T]) ahead(rows, cols, from, j, aNext, bNext int) ahead {
	size := SizeOf[T]()
	next := (aNext - bNext) * size
	switch {
	case p.aCol == 1 && p.k*size >= longRow:
		// Tiles have as many rows as numbers fit a line, or fewer, or twice as many.
		return ahead{distance(p.b, j, p.a, from) + p.lead, p.aRow * size, cacheLine - cacheLine*p.aRow, next}
	case p.aCol == 1 && p.panel == 0 && p.aRow < 2*p.k:
		s := ahead{distance(p.b, j, p.a, from) + streamLead, rows * p.aRow * size / p.k, 0, next}
		if lines := cacheLine / size; rows >= 2*lines { // they ask for two lines, as many steps apart
			s.step /= 2
			s.turn = lines * s.step
		}
		return s
	case p.bRow <= cols:
		return ahead{8 * p.bRow * size, p.bRow * size, 0, 0}
	case p.k >= deepTile:
		return ahead{max(deepLead, 2*cols*size), p.bRow * size, 0, 0}
	default:
		return ahead{max(lead, 2*cols*size), p.bRow * size, 0, 0}
	}
}

// strip is a strip of columns with the tiles for it; last is the number of
// columns of its last vector when that is not full, else 0.
type strip[T Float] struct {
	cols, last int
	tiles      []Tile[T]
}

// strip returns the next strip of columns when n are left and strips have up to
// the given number of vectors.
func (ker *Kernels[T]) strip(width, n int) (s strip[T]) {
	vectors := min(width, (n+ker.Lanes-1)/ker.Lanes)
	if n <= vectors*ker.Lanes && ker.half(n) {
		if vectors--; vectors == 0 {
			s.tiles, s.cols = ker.Half, n
			if 2*n < ker.Lanes {
				s.last = n
			}
			return s
		}
		n -= n % ker.Lanes
	}
	s.cols = min(vectors*ker.Lanes, n)
	s.tiles = ker.Tiles[vectors-1]
	if s.cols < vectors*ker.Lanes {
		s.last = s.cols - (vectors-1)*ker.Lanes
	}
	return s
}

// tallest returns the index of the tile for the next of m rows: the tallest that
// fits, but the second where that covers what is left without a low tile at the
// end.
func (s *strip[T]) tallest(m int) (t int) {
	if first := s.tiles[0].Rows; m > first && m < 2*first && len(s.tiles) > 1 && m%s.tiles[1].Rows == 0 {
		return 1
	}
	for s.tiles[t].Rows > m {
		t++
	}
	return t
}

// stripWidth returns the number of vectors that a strip of columns should have:
// the one for which the tiles that cover m x n take the least time. A tile of
// accumulators takes depth times as many multiplications, or eight where there
// are too few to hide their latency, or as loads are more, and one round more to
// begin and to end. Of equals row by row the narrowest is best, as its tiles are
// the tallest: B, all of which passes by for each row of tiles, passes least often.
// By columns that counts as time, where strips make groups.
func (ker *Kernels[T]) stripWidth(m, n, k int, byColumns, grouped bool) int {
	vectors, extra := (n+ker.Lanes-1)/ker.Lanes, 0
	if ker.half(n) {
		vectors--
		extra = ker.tilesCost(ker.Half, m, 1, k) / 2
	}
	best, least := 1, 0
	for w := len(ker.Tiles); w >= 1; w-- {
		if (grouped || !byColumns) && vectors > w && w*ker.Lanes*SizeOf[T]()%cacheLine != 0 {
			continue // strips would share cache lines, which come from afar for each
		}
		cost := extra + vectors/w*ker.tilesCost(ker.Tiles[w-1], m, w, k)
		if rest := vectors % w; rest > 0 {
			cost += ker.tilesCost(ker.Tiles[rest-1], m, rest, k)
		}
		if grouped {
			cost += passing * tileRows(ker.Tiles[w-1], m) * vectors * k
		}
		if least == 0 || cost < least || cost == least && !byColumns {
			best, least = w, cost
		}
	}
	return best
}

// tilesCost is the time in multiplications in which tiles of w vectors cover m
// rows.
func (ker *Kernels[T]) tilesCost(tiles []Tile[T], m, w, k int) (cost int) {
	for _, t := range tiles {
		count := m / t.Rows
		round := max(t.Rows*w, 8, t.Rows+w+1) // as many loads, with one to fetch ahead
		cost += count * (k + 1) * round
		m -= count * t.Rows
	}
	return cost
}

// passing is how many multiplications take as long as a vector of B takes to come
// from the second-level cache once more, for one more row of tiles.
const passing = 3

// tileRows is the number of rows of tiles that cover m rows.
func tileRows[T Float](tiles []Tile[T], m int) (rows int) {
	for _, t := range tiles {
		rows += m / t.Rows
		m %= t.Rows
	}
	return rows
}

// half reports whether the last of n columns are a strip of half a vector.
func (ker *Kernels[T]) half(n int) bool {
	rest := n % ker.Lanes
	return len(ker.Half) > 0 && rest > 0 && 2*rest <= ker.Lanes
}
