package asm

import "unsafe"

func genericTables() *tableSet {
	return &tableSet{Generic, genericTable[float32](), genericTable[float64]()}
}

func genericTable[T Float]() *Kernels[T] {
	return &Kernels[T]{
		Level:       Generic,
		Lanes:       genericLanes,
		Axpy:        axpyGeneric[T],
		Axpy4:       axpy4Generic[T],
		Fill:        fillGeneric[T],
		Peak:        peakGeneric[T],
		PeakFlops:   16,
		Hadamard:    hadamardGeneric[T],
		HadamardAdd: hadamardAddGeneric[T],
		Scale:       scaleGeneric[T],
		ScaleFloor:  scaleFloorGeneric[T],
		Clamp:       clampGeneric[T],
		Select:      selectGeneric[T],
		AddAbs:      addAbsGeneric[T],
		AddSquares:  addSquaresGeneric[T],
		ScaleBy:     scaleByGeneric[T],
		Transpose:   transposeGeneric[T],
		Dot:         dotGeneric[T],
		Sum:         sumGeneric[T],
		SumSquares:  sumSquaresGeneric[T],
		SqDist:      sqDistGeneric[T],
		Scan:        scanGeneric[T],
		QuotKL:      quotKLGeneric[T],
		QuotIS:      quotISGeneric[T],
		Quot05:      quot05Generic[T],
		Quot15:      quot15Generic[T],
		Quot3:       quot3Generic[T],
		QuotPow:     quotPowGeneric[T],
		DivKL:       divKLGeneric[T],
		DivIS:       divISGeneric[T],
		DivPow:      divPowGeneric[T],
		Strips:      []Strip[T]{{genericStrip, halsGeneric[T], solveGeneric[T]}},
		Tiles: [][]Tile[T]{{
			{4, tile4Generic[T], tile4EdgeGeneric[T], tile4Generic[T], downGeneric(tile4Generic[T]), downGeneric(tile4EdgeGeneric[T])},
			{1, tile1Generic[T], tile1EdgeGeneric[T], tile1Generic[T], downGeneric(tile1Generic[T]), downGeneric(tile1EdgeGeneric[T])},
		}},
	}
}

// The explicit conversions T(a*b) below keep the compiler from contracting a
// multiplication and an addition into one FMA, so that the oracle gives the
// same bits on every architecture.

func axpyGeneric[T Float](alpha T, x, y []T) {
	x = x[:len(y)]
	for j := range y {
		y[j] += T(alpha * x[j])
	}
}

func axpy4Generic[T Float](a0, a1, a2, a3 T, x0, x1, x2, x3, y []T) {
	n := len(y)
	x0, x1, x2, x3 = x0[:n], x1[:n], x2[:n], x3[:n]
	for j := range y {
		y[j] += (T(a0*x0[j]) + T(a1*x1[j])) + (T(a2*x2[j]) + T(a3*x3[j]))
	}
}

func fillGeneric[T Float](x []T, a T) {
	for j := range x {
		x[j] = a
	}
}

func peakGeneric[T Float](n int) T {
	x := T(n) // not known to the compiler
	var s0, s1, s2, s3, s4, s5, s6, s7 T
	for range n {
		s0 += T(x * x)
		s1 += T(x * s0)
		s2 += T(x * x)
		s3 += T(x * s2)
		s4 += T(x * x)
		s5 += T(x * s4)
		s6 += T(x * x)
		s7 += T(x * s6)
	}
	return s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7
}

// genericLanes is the width of the generic tiles.
const genericLanes = 4

// tile4Generic is a tile of four rows and four columns.
func tile4Generic[T Float](k int, a *T, aRow, aCol int, b *T, bRow int, c *T, cRow int, add, _, _, _, _, _, count, aNext, bNext, cNext int) {
	for t := range count {
		x, y := span(at(a, t*aNext, k), 4, aRow, k, aCol), span(at(b, t*bNext, k), k, bRow, genericLanes, 1)
		var s [4][genericLanes]T
		for l := 0; l < k; l++ {
			o := l * aCol
			a0, a1, a2, a3 := x[o], x[o+aRow], x[o+2*aRow], x[o+3*aRow]
			for j, v := range (*[genericLanes]T)(y[l*bRow:]) {
				s[0][j] += T(a0 * v)
				s[1][j] += T(a1 * v)
				s[2][j] += T(a2 * v)
				s[3][j] += T(a3 * v)
			}
		}
		putTile(s[:], span(at(c, t*cNext, 1), 4, cRow, genericLanes, 1), cRow, add, genericLanes)
	}
}

func tile4EdgeGeneric[T Float](k int, a *T, aRow, aCol int, b *T, bRow int, c *T, cRow int, add, last, _, _, _, _, count, aNext, bNext, cNext int) {
	for i := range 4 {
		tile1EdgeGeneric(k, at(a, i*aRow, k), aRow, aCol, b, bRow, at(c, i*cRow, 1), cRow, add, last, 0, 0, 0, 0, count, aNext, bNext, cNext)
	}
}

func tile1Generic[T Float](k int, a *T, aRow, aCol int, b *T, bRow int, c *T, cRow int, add, _, _, _, _, _, count, aNext, bNext, cNext int) {
	tile1EdgeGeneric(k, a, aRow, aCol, b, bRow, c, cRow, add, genericLanes, 0, 0, 0, 0, count, aNext, bNext, cNext)
}

func tile1EdgeGeneric[T Float](k int, a *T, aRow, aCol int, b *T, bRow int, c *T, cRow int, add, last, _, _, _, _, count, aNext, bNext, cNext int) {
	for t := range count {
		x, y := span(at(a, t*aNext, k), 1, aRow, k, aCol), span(at(b, t*bNext, k), k, bRow, last, 1)
		var s [1][genericLanes]T
		for l := 0; l < k; l++ {
			f := x[l*aCol]
			for j, v := range y[l*bRow : l*bRow+last] {
				s[0][j] += T(f * v)
			}
		}
		putTile(s[:], span(at(c, t*cNext, 1), 1, cRow, last, 1), cRow, add, last)
	}
}

// downGeneric makes the form of a tile for columns; it asks for nothing ahead.
func downGeneric[T Float](tile TileFunc[T]) DownFunc[T] {
	return func(k int, a *T, aCol int, b *T, bRow int, c *T, cRow int, add, last, _, _, _, _, count, aNext, bNext, cNext int) {
		tile(k, a, 1, aCol, b, bRow, c, cRow, add, last, 0, 0, 0, 0, count, aNext, bNext, cNext)
	}
}

// putTile writes or adds the first n columns of s.
func putTile[T Float](s [][genericLanes]T, c []T, cRow, add, n int) {
	for i := range s {
		row := c[i*cRow : i*cRow+n]
		for j := range row {
			if add != 0 {
				row[j] += s[i][j]
			} else {
				row[j] = s[i][j]
			}
		}
	}
}

// span is the memory of a matrix with the given steps that begins at p.
func span[T Float](p *T, rows, rowStep, cols, colStep int) []T {
	if rows == 0 || cols == 0 {
		return nil
	}
	return unsafe.Slice(p, (rows-1)*rowStep+(cols-1)*colStep+1)
}

// at is the address o elements behind p; p itself when nothing is read there.
func at[T Float](p *T, o, reads int) *T {
	if reads == 0 {
		return p
	}
	return (*T)(unsafe.Add(unsafe.Pointer(p), o*SizeOf[T]()))
}
