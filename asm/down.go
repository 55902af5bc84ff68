package asm

// MulDown computes C = A·B, or C += A·B with add, for a large A whose columns lie
// along memory: element (i, l) of A, m x k, is a[i+l*aCol]; rows of B, k x n, and
// of C are bRow and cRow apart. A is read once, a few rows at a time for all of
// n. B, and those rows of A, should stay in cache.
//
// With every row of a tile it asks for a part of what comes later, whether that
// exists or not, in the order of memory: another m x k elements with the same
// steps, ahead elements behind a.
func (ker *Kernels[T]) MulDown(m, n, k int, a []T, aCol int, b []T, bRow int, c []T, cRow int, add bool, ahead int) {
	if m == 0 || n == 0 || k == 0 {
		(&product[T]{c: c, cRow: cRow, add: addend(add)}).cover(ker, m, n, false)
		return
	}
	_, _, _ = a[m-1+(k-1)*aCol], b[(k-1)*bRow+n-1], c[(m-1)*cRow+n-1]
	width, atOnce := ker.downWidth(n, k), max(1, longest/k)
	if ker.half(n) && n > ker.Lanes && len(ker.DownHalf) > 0 {
		width = len(ker.DownHalf)
	}
	first := ker.downStrip(width, n)
	// A row of what is asked for is as many pieces as there are tiles.
	high := first.tiles[first.tallest(m)].Rows
	each, tiles := (m+high-1)/high, 0
	for i := 0; i < m; {
		rows, count := first.tiles[first.tallest(m-i)].Rows, 1
		if n == first.cols {
			count = min((m-i)/rows, atOnce)
		}
		row, piece := tiles*k/each, tiles*k%each
		from := ahead - i + row*aCol
		for j := 0; j < n; {
			s := ker.downStrip(width, n-j)
			for done := 0; done < rows; { // its tiles may be lower
				t := &s.tiles[s.tallest(rows-done)]
				at, f := i+done, t.Down
				if s.last > 0 {
					f = t.DownEdge
				}
				f(k, &a[at], aCol, &b[j], bRow, &c[at*cRow+j], cRow, addend(add), s.last, from+piece*t.Rows, each-piece, each, aCol-each*t.Rows, count, rows, 0, rows*cRow)
				done += t.Rows
			}
			j += s.cols
		}
		i += count * rows
		tiles += count
	}
}

// downWidth is [Kernels.stripWidth] for tiles that read down columns: the lower ones
// of the last strip work through as many rows as the others, B is in cache, and of
// equals the tallest reads it least often.
func (ker *Kernels[T]) downWidth(n, k int) int {
	best, least, high := 1, 0, 0
	for w := len(ker.Tiles); w >= 1; w-- {
		rows, cost := ker.Tiles[w-1][0].Rows, 0
		for j := 0; j < n; {
			s := ker.strip(w, n-j)
			c := ker.tilesCost(s.tiles, rows, (s.cols+ker.Lanes-1)/ker.Lanes, k)
			if s.cols < ker.Lanes && ker.half(s.cols) {
				c /= 2
			}
			cost, j = cost+c, j+s.cols
		}
		if least == 0 || cost*high <= least*rows {
			best, least, high = w, cost, rows
		}
	}
	return best
}

// downStrip is [Kernels.strip] with a half vector behind the last whole ones.
func (ker *Kernels[T]) downStrip(width, n int) strip[T] {
	if w := n / ker.Lanes; w > 0 && w <= len(ker.DownHalf) && ker.half(n) {
		return strip[T]{cols: n, last: n % ker.Lanes, tiles: ker.DownHalf[w-1]}
	}
	return ker.strip(width, n)
}

func addend(add bool) int {
	if add {
		return 1
	}
	return 0
}
