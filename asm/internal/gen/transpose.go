package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// transpose generates the transposition of a block: squares of as many rows as
// a vector has lanes are turned in registers, in three or four rounds of
// shuffles of ever larger pieces.
func transpose(v isa) {
	begin("transpose", v, "(dst []T, dstRow int, src []T, srcRow, rows, cols int)",
		"for i := range rows { for j := range cols { dst[j*dstRow+i] = src[i*srcRow+j] } }")
	dst, src, dstRow, srcRow, rows, cols := base("dst"), base("src"), GP64(), GP64(), GP64(), GP64()
	Load(Param("dstRow"), dstRow)
	Load(Param("srcRow"), srcRow)
	Load(Param("rows"), rows)
	Load(Param("cols"), cols)
	side := v.lanes()
	shift := U8(2)
	if v.f64 {
		shift = U8(3)
	}
	SHLQ(shift, dstRow)
	SHLQ(shift, srcRow)

	from, to, left, p, next := GP64(), GP64(), GP64(), GP64(), GP64()
	TESTQ(cols, cols)
	JLE(LabelRef("end"))
	Label("rows")
	TESTQ(rows, rows)
	JLE(LabelRef("end"))
	MOVQ(src, from)
	MOVQ(dst, to)
	MOVQ(cols, left)
	Label("cols")
	CMPQ(rows, I32(int32(side)))
	JL(LabelRef("edge"))
	CMPQ(left, I32(int32(side)))
	JL(LabelRef("edge"))

	MOVQ(from, p)
	in := v.vecs(side)
	for i := range in {
		v.load(Mem{Base: p}, in[i])
		if i < side-1 {
			ADDQ(srcRow, p)
		}
	}
	for _, c := range v.turn(in) {
		v.store(c, Mem{Base: to})
		ADDQ(dstRow, to)
	}
	ADDQ(I32(int32(v.width())), from)
	SUBQ(I32(int32(side)), left)
	JG(LabelRef("cols"))
	Label("nextRows")
	IMUL3Q(I8(int8(side)), srcRow, p)
	ADDQ(p, src)
	ADDQ(I32(int32(v.width())), dst)
	SUBQ(I32(int32(side)), rows)
	JMP(LabelRef("rows"))

	// A square of which rows or columns are missing: the last row stands in for
	// those that are not there.
	Label("edge")
	inRow, inColumn := v.firstLanes(left), v.firstLanes(rows)
	MOVQ(from, p)
	in = v.vecs(side)
	for i := range in {
		inRow.load(v, Mem{Base: p}, in[i])
		if i < side-1 {
			LEAQ(Mem{Base: p, Index: srcRow, Scale: 1}, next)
			CMPQ(rows, I32(int32(i+1)))
			CMOVQGT(next, p)
		}
	}
	for j, c := range v.turn(in) {
		inColumn.store(v, c, Mem{Base: to})
		ADDQ(dstRow, to)
		if j < side-1 {
			CMPQ(left, I32(int32(j+1)))
			JLE(LabelRef("nextRows"))
		}
	}
	ADDQ(I32(int32(v.width())), from)
	SUBQ(I32(int32(side)), left)
	JG(LabelRef("cols"))
	JMP(LabelRef("nextRows"))
	Label("end")
	end()
}

// firstLanes selects the first min(n, lanes) lanes.
func (v isa) firstLanes(n GPVirtual) (m restMask) {
	c, most := GP64(), GP64()
	MOVQ(n, c)
	MOVQ(U32(uint32(v.lanes())), most)
	CMPQ(c, most)
	CMOVQGT(most, c)
	if v.masks() {
		m.k = v.tailMask(c)
		return m
	}
	m.y = v.window(c)
	return m
}

// turn returns the columns of the square whose rows are given.
func (v isa) turn(r []VecVirtual) []VecVirtual {
	pairs := func(lo, hi func(...Op), a, b VecVirtual) (x, y VecVirtual) {
		x, y = v.vec(), v.vec()
		lo(b, a, x)
		hi(b, a, y)
		return x, y
	}
	// Within the 128-bit blocks: block b of register c of a group holds what
	// the group's rows have in column b·wide + c.
	wide := 2
	var groups [][]VecVirtual
	if v.f64 {
		for i := 0; i < len(r); i += 2 {
			x, y := pairs(VUNPCKLPD, VUNPCKHPD, r[i], r[i+1])
			groups = append(groups, []VecVirtual{x, y})
		}
	} else {
		wide = 4
		for i := 0; i < len(r); i += 4 {
			a, b := pairs(VUNPCKLPS, VUNPCKHPS, r[i], r[i+1])
			c, d := pairs(VUNPCKLPS, VUNPCKHPS, r[i+2], r[i+3])
			x0, x1 := pairs(VUNPCKLPD, VUNPCKHPD, a, c)
			x2, x3 := pairs(VUNPCKLPD, VUNPCKHPD, b, d)
			groups = append(groups, []VecVirtual{x0, x1, x2, x3})
		}
	}
	out := make([]VecVirtual, len(r))
	for c := range wide {
		blocks := make([]VecVirtual, len(groups))
		for g := range groups {
			blocks[g] = groups[g][c]
		}
		for b, x := range v.turnBlocks(blocks) {
			out[b*wide+c] = x
		}
	}
	return out
}

// turnBlocks transposes a square of 128-bit blocks.
func (v isa) turnBlocks(x []VecVirtual) []VecVirtual {
	shuffle := func(pattern int, a, b VecVirtual) VecVirtual {
		r := v.vec()
		if v.bits == 512 {
			VSHUFF64X2(U8(pattern), b, a, r)
		} else {
			VPERM2F128(U8(pattern), b, a, r)
		}
		return r
	}
	if len(x) == 2 {
		return []VecVirtual{shuffle(0x20, x[0], x[1]), shuffle(0x31, x[0], x[1])}
	}
	const even, odd = 0x88, 0xdd
	a, b := shuffle(even, x[0], x[1]), shuffle(odd, x[0], x[1])
	c, d := shuffle(even, x[2], x[3]), shuffle(odd, x[2], x[3])
	return []VecVirtual{shuffle(even, a, c), shuffle(even, b, d), shuffle(odd, a, c), shuffle(odd, b, d)}
}
