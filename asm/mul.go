package asm

// Mul computes C = A·B, or C += A·B with add, for A m x k, B k x n and C m x n by
// covering C with tiles; nothing is packed or copied. Element (i, l) of A is
// a[i*aRow+l*aCol], so A may be transposed; the rows of B and C lie along memory,
// bRow and cRow apart. Choose k so that a strip of B and the rows of A that go
// with a tile stay in cache. With byColumns all rows are worked on for one strip
// of columns after the other, which suits a large B; otherwise all strips for
// one tile row after the other, which suits a large A.
func (ker *Kernels[T]) Mul(m, n, k int, a []T, aRow, aCol int, b []T, bRow int, c []T, cRow int, add, byColumns bool) {
	if m == 0 || n == 0 {
		return
	}
	if k == 0 {
		if !add {
			for i := range m {
				clear(c[i*cRow : i*cRow+n])
			}
		}
		return
	}
	// The last elements are looked at once here, so that no tile goes beyond.
	_, _, _ = a[(m-1)*aRow+(k-1)*aCol], b[(k-1)*bRow+n-1], c[(m-1)*cRow+n-1]
	p := product[T]{k: k, a: a, aRow: aRow, aCol: aCol, b: b, bRow: bRow, c: c, cRow: cRow}
	if add {
		p.add = 1
	}
	width := ker.stripWidth(m, n)
	if byColumns {
		p.far = bRow >= 512
		for j := 0; j < n; {
			w, tiles, edge := ker.strip(width, n-j)
			for i := 0; i < m; {
				i += p.tile(tiles, edge, i, m, j, w, ker.Lanes)
			}
			j += w
		}
		return
	}
	for i := 0; i < m; {
		rows := 0
		for j := 0; j < n; {
			w, tiles, edge := ker.strip(width, n-j)
			if j == 0 {
				rows = p.tile(tiles, edge, i, m, j, w, ker.Lanes)
			} else {
				for u := i; u < i+rows; {
					u += p.tile(tiles, edge, u, i+rows, j, w, ker.Lanes)
				}
			}
			j += w
		}
		i += rows
	}
}

// product holds the operands of a product that is covered with tiles.
type product[T Float] struct {
	k          int
	a, b, c    []T
	aRow, aCol int
	bRow, cRow int
	add        int
	far        bool // the rows of B are far apart
}

// tile computes the tallest tile that fits rows [i, m) at column j and returns
// its height.
func (p *product[T]) tile(tiles []Tile[T], edge bool, i, m, j, w, lanes int) int {
	t := 0
	for tiles[t].Rows > m-i {
		t++
	}
	f, last := tiles[t].Full, 0
	switch {
	case edge:
		f, last = tiles[t].Edge, (w-1)%lanes+1
	case p.far:
		f = tiles[t].Far
	}
	f(p.k, &p.a[i*p.aRow], p.aRow, p.aCol, &p.b[j], p.bRow, &p.c[i*p.cRow+j], p.cRow, p.add, last)
	return tiles[t].Rows
}

// stripWidth returns the number of vectors that a strip of columns should have:
// the one for which the tiles that cover m x n take the least time, where a
// tile takes as long as its multiplications, or as long as eight of them when
// there are too few to hide their latency, and two more for its loop.
func (ker *Kernels[T]) stripWidth(m, n int) int {
	vectors := (n + ker.Lanes - 1) / ker.Lanes
	best, least := 1, 0
	for w := len(ker.Tiles); w >= 1; w-- {
		cost := 0
		for left := vectors; left > 0; {
			v := min(w, left)
			rows := m
			for _, t := range ker.Tiles[v-1] {
				count := rows / t.Rows
				cost += count * (max(t.Rows*v, 8) + 2)
				rows -= count * t.Rows
			}
			left -= v
			if left >= w { // all full strips cost the same
				cost += (left / w) * cost
				left %= w
			}
		}
		if least == 0 || cost < least {
			best, least = w, cost
		}
	}
	return best
}

// strip returns the next strip of columns when n are left: its width in columns,
// the tiles for it, and whether its last vector is not full.
func (ker *Kernels[T]) strip(width, n int) (w int, tiles []Tile[T], edge bool) {
	vectors := min(width, (n+ker.Lanes-1)/ker.Lanes)
	w = min(vectors*ker.Lanes, n)
	return w, ker.Tiles[vectors-1], w < vectors*ker.Lanes
}
