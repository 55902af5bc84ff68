package asm

// RatioKL writes the quotients of the data V by the model A·B into Y,
//
//	y_ij = v_ij / max((A·B)_ij, floor)
//
// for A m x k and B k x n as in [Kernels.Mul]. The model stays in registers. V is
// worked on for one strip of columns after the other; keep m so small that its
// rows are a few dozen streams.
func (ker *Kernels[T]) RatioKL(m, n, k int, a []T, aRow, aCol int, b []T, bRow int, y []T, yRow int, v []T, vRow int, floor T) {
	ker.ratio(m, n, k, a, aRow, aCol, b, bRow, y, nil, yRow, v, vRow, floor)
}

// RatioIS writes v_ij / s² into Y and 1 / s into P, s = max((A·B)_ij, floor).
func (ker *Kernels[T]) RatioIS(m, n, k int, a []T, aRow, aCol int, b []T, bRow int, y, p []T, yRow int, v []T, vRow int, floor T) {
	ker.ratio(m, n, k, a, aRow, aCol, b, bRow, y, p, yRow, v, vRow, floor)
}

// ratio makes the quotients of RatioIS, or those of RatioKL when p is nil.
func (ker *Kernels[T]) ratio(m, n, k int, a []T, aRow, aCol int, b []T, bRow int, y, p []T, yRow int, v []T, vRow int, floor T) {
	if m == 0 || n == 0 {
		return
	}
	done := 0 // columns
	if len(ker.Ratios) > 0 && k > 0 {
		done = ker.ratioTiles(m, n, k, a, aRow, aCol, b, bRow, y, p, yRow, v, vRow, floor)
		if done < n && len(ker.RatioEdge) > 0 {
			ker.ratioEdges(m, done, n, k, a, aRow, aCol, b, bRow, y, p, yRow, v, vRow, floor)
			done = n
		}
	}
	if done == n {
		return
	}
	// The columns that fill no tile: the model first, then its quotients.
	if k > 0 {
		b = b[done:]
	}
	ker.Mul(m, n-done, k, a, aRow, aCol, b, bRow, y[done:], yRow, false, true)
	for i := range m {
		row, data := y[i*yRow+done:i*yRow+n], v[i*vRow+done:i*vRow+n]
		if p == nil {
			ker.QuotKL(row, data, floor)
		} else {
			ker.QuotIS(row, p[i*yRow+done:i*yRow+n], data, floor)
		}
	}
}

// ratioShort is the longest distance of rows of data that count as short.
const ratioShort = 512

// ratioTiles covers the columns that fill tiles and returns their number.
func (ker *Kernels[T]) ratioTiles(m, n, k int, a []T, aRow, aCol int, b []T, bRow int, y, p []T, yRow int, v []T, vRow int, floor T) int {
	width := ker.Ratios[0].Vectors * ker.Lanes
	n -= n % width
	if n == 0 {
		return 0
	}
	// The last elements are looked at once here, so that no tile goes beyond.
	_, _, _, _ = a[(m-1)*aRow+(k-1)*aCol], b[(k-1)*bRow+n-1], y[(m-1)*yRow+n-1], v[(m-1)*vRow+n-1]
	if p != nil {
		_ = p[(m-1)*yRow+n-1]
	}
	ahead := 2 * width
	if vRow <= ratioShort {
		ahead = m * vRow // there is no more to come of a short row than of the next m rows
	}
	for j := 0; j < n; j += width {
		ker.ratioStrip(ker.Ratios, m, j, k, a, aRow, aCol, b, bRow, y, p, yRow, v, vRow, floor, ker.Lanes, ahead)
	}
	return n
}

// ratioEdges covers columns [j, n), fewer than fill a tile, vector by vector.
func (ker *Kernels[T]) ratioEdges(m, j, n, k int, a []T, aRow, aCol int, b []T, bRow int, y, p []T, yRow int, v []T, vRow int, floor T) {
	_, _, _, _ = a[(m-1)*aRow+(k-1)*aCol], b[(k-1)*bRow+n-1], y[(m-1)*yRow+n-1], v[(m-1)*vRow+n-1]
	if p != nil {
		_ = p[(m-1)*yRow+n-1]
	}
	for ; j < n; j += ker.Lanes {
		last, tiles := min(ker.Lanes, n-j), ker.RatioEdge
		if 2*last <= ker.Lanes {
			tiles = ker.RatioHalf
		}
		ker.ratioStrip(tiles, m, j, k, a, aRow, aCol, b, bRow, y, p, yRow, v, vRow, floor, last, m*vRow)
	}
}

// ratioStrip computes the strip of columns at j with tiles as wide as it is.
func (ker *Kernels[T]) ratioStrip(tiles []Ratio[T], m, j, k int, a []T, aRow, aCol int, b []T, bRow int, y, p []T, yRow int, v []T, vRow int, floor T, last, ahead int) {
	atOnce, t := max(1, longest/k), 0
	for i := 0; i < m; {
		for tiles[t].Rows > m-i {
			t++
		}
		r := &tiles[t]
		count := min((m-i)/r.Rows, atOnce)
		if o := i*yRow + j; p == nil {
			r.KL(k, &a[i*aRow], aRow, aCol, &b[j], bRow, &y[o], yRow, &v[i*vRow+j], vRow, floor,
				last, ahead, count, r.Rows*aRow, r.Rows*yRow, r.Rows*vRow)
		} else {
			r.IS(k, &a[i*aRow], aRow, aCol, &b[j], bRow, &y[o], &p[o], yRow, &v[i*vRow+j], vRow, floor,
				last, ahead, count, r.Rows*aRow, r.Rows*yRow, r.Rows*vRow)
		}
		i += count * r.Rows
	}
}
