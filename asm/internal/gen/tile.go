package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tileShapes lists the heights of tiles, tallest first, for widths of 1, 2, …
// vectors: as many accumulators as there are registers for, and what is needed
// to cover any number of rows.
func tileShapes(v isa) [][]int {
	if v.bits == 512 {
		return [][]int{{16, 8, 4, 2, 1}, {12, 8, 4, 2, 1}, {8, 4, 2, 1}}
	}
	return [][]int{{12, 8, 4, 2, 1}, {6, 4, 2, 1}, {4, 2, 1}}
}

// tile generates the matrix products of small tiles.
func tile(v isa) {
	if !v.masks() && v.f64 {
		maskTable()
	}
	for nv, heights := range tileShapes(v) {
		for _, mr := range heights {
			tileKernel(v, mr, nv+1, full)
			tileKernel(v, mr, nv+1, edge)
			tileKernel(v, mr, nv+1, far)
		}
	}
}

// variant is what tiles of one shape differ in.
type variant string

const (
	full variant = ""
	// The last vector has only its first last columns, and nothing behind them
	// is read or written.
	edge variant = "Edge"
	// The rows of B lie far apart, where no processor sees a pattern: each step
	// asks for the part of its row that comes two strips later.
	far variant = "Far"
)

// tileKernel generates C = A·B or C += A·B for mr rows and nv vectors of
// columns. The element (i, l) of A is a[i·aRow + l·aCol], row l of B begins at
// b[l·bRow], row i of C at c[i·cRow].
func tileKernel(v isa, mr, nv int, kind variant) {
	name := fmt.Sprintf("tile%dx%d%s%s", mr, nv, kind, v.suffix())
	edge := kind == edge
	TEXT(name, NOSPLIT, fmt.Sprintf("func(k int, a *%[1]s, aRow, aCol int, b *%[1]s, bRow int, c *%[1]s, cRow int, add, last int)", v.typ()))
	Pragma("noescape")
	Doc(name+" is", "", fmt.Sprintf("\tfor i := range %d, j := range %s { c[i*cRow+j] = Σ_l a[i*aRow+l*aCol] * b[l*bRow+j] (+ c[i*cRow+j] if add != 0) }", mr, columns(v, nv, edge)))

	k, aRow, aCol, b, bRow := GP64(), GP64(), GP64(), GP64(), GP64()
	Load(Param("k"), k)
	Load(Param("aRow"), aRow)
	Load(Param("aCol"), aCol)
	Load(Param("b"), b)
	Load(Param("bRow"), bRow)
	shift := U8(2)
	if v.f64 {
		shift = U8(3)
	}
	for _, s := range []Register{aRow, aCol, bRow} {
		SHLQ(shift, s)
	}
	// Three rows of A to a pointer: [p], [p + aRow], [p + 2·aRow].
	var ptrs []GPVirtual
	for i := 0; i < mr; i += 3 {
		p := GP64()
		if i == 0 {
			Load(Param("a"), p)
		} else {
			LEAQ(Mem{Base: ptrs[len(ptrs)-1], Index: aRow, Scale: 2}, p)
			ADDQ(aRow, p)
		}
		ptrs = append(ptrs, p)
	}
	row := func(i int) Mem {
		m := Mem{Base: ptrs[i/3]}
		if i%3 > 0 {
			m.Index, m.Scale = aRow, uint8(i%3)
		}
		return m
	}
	mask := edgeMask(v, edge)

	acc := make([][]VecVirtual, mr)
	for i := range acc {
		acc[i] = v.vecs(nv)
		for _, r := range acc[i] {
			v.zero(r)
		}
	}
	TESTQ(k, k)
	JZ(LabelRef("store"))
	Label("loop")
	bv := v.vecs(nv)
	for j := range bv {
		mask.load(v, Mem{Base: b, Disp: j * v.width()}, bv[j], edge && j == nv-1)
	}
	for i := range acc {
		if nv == 1 && v.bits == 512 {
			v.fmaBroadcast(row(i), bv[0], acc[i][0], nil)
			continue
		}
		t := v.vec()
		v.broadcast(row(i), t)
		for j := range bv {
			v.fma(t, bv[j], acc[i][j])
		}
	}
	for j := 0; kind == far && j < nv*v.width(); j += 64 {
		PREFETCHT0(Mem{Base: b, Disp: 2*nv*v.width() + j})
	}
	for _, p := range ptrs {
		ADDQ(aCol, p)
	}
	ADDQ(bRow, b)
	DECQ(k)
	JNZ(LabelRef("loop"))

	Label("store")
	c, cRow, add := GP64(), GP64(), GP64()
	Load(Param("c"), c)
	Load(Param("cRow"), cRow)
	Load(Param("add"), add)
	SHLQ(shift, cRow)
	TESTQ(add, add)
	JZ(LabelRef("overwrite"))
	sum := GP64()
	MOVQ(c, sum)
	for i := range acc {
		for j := range acc[i] {
			m := Mem{Base: sum, Disp: j * v.width()}
			if edge && j == nv-1 {
				t := v.vec()
				mask.load(v, m, t, true)
				v.add(t, acc[i][j], acc[i][j])
			} else {
				v.add(m, acc[i][j], acc[i][j])
			}
		}
		ADDQ(cRow, sum)
	}
	Label("overwrite")
	for i := range acc {
		for j := range acc[i] {
			mask.store(v, acc[i][j], Mem{Base: c, Disp: j * v.width()}, edge && j == nv-1)
		}
		ADDQ(cRow, c)
	}
	VZEROUPPER()
	RET()
}

func columns(v isa, nv int, edge bool) string {
	if edge {
		return fmt.Sprintf("%d+last", (nv-1)*v.lanes())
	}
	return fmt.Sprint(nv * v.lanes())
}

// maskTable writes 32 bytes of ones and 32 of zeros.
func maskTable() {
	GLOBL("maskTable", attr.RODATA|attr.NOPTR)
	for i := range 8 {
		DATA(8*i, I64(i/4-1)) // -1 four times, then 0
	}
}

// lanesMask selects the first lanes of a vector: an opmask, or a vector of
// sign bits.
type lanesMask struct {
	k OpmaskVirtual
	y VecVirtual
}

// edgeMask loads the mask of the parameter last.
func edgeMask(v isa, edge bool) (m lanesMask) {
	if !edge {
		return m
	}
	last := GP64()
	Load(Param("last"), last)
	if v.masks() {
		m.k = K()
		ones := GP64()
		MOVQ(I64(-1), ones)
		BZHIQ(last, ones, ones)
		KMOVW(ones.As32(), m.k)
		return m
	}
	// A window of a table of ones and then zeros.
	table := GP64()
	LEAQ(NewDataAddr(Symbol{Name: "maskTable", Static: true}, 0), table)
	off := GP64()
	MOVQ(U32(uint32(v.lanes())), off)
	SUBQ(last, off)
	m.y = YMM()
	VMOVDQU(Mem{Base: table, Index: off, Scale: uint8(v.size())}, m.y)
	return m
}

func (m lanesMask) load(v isa, from Mem, to VecVirtual, masked bool) {
	switch {
	case !masked:
		v.load(from, to)
	case v.masks():
		v.loadMasked(from, m.k, to)
	case v.f64:
		VMASKMOVPD(from, m.y, to)
	default:
		VMASKMOVPS(from, m.y, to)
	}
}

func (m lanesMask) store(v isa, r VecVirtual, to Mem, masked bool) {
	switch {
	case !masked:
		v.store(r, to)
	case v.masks():
		v.storeMasked(r, m.k, to)
	case v.f64:
		VMASKMOVPD(r, m.y, to)
	default:
		VMASKMOVPS(r, m.y, to)
	}
}
