package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// downKernel generates the products of tiles whose A, mr columns of an array that
// comes from afar, is read down them: a row of the tile is one column. With each
// row of the array it asks for mr elements: those from ahead on, then the ones
// behind them, and every time left, or later each, of them have been asked for,
// those jump behind. last are the instructions for the last vector of columns, which
// may be half as long.
func downKernel(v isa, mr, nv int, last isa, kind variant) {
	name := fmt.Sprintf("down%dx%d%s%s", mr, nv, kind, v.suffix())
	if v.masks() && v.bits == 256 {
		name = fmt.Sprintf("down%dxHalf%s%s", mr, kind, v.suffix())
	}
	if last != v {
		name = fmt.Sprintf("down%dx%dHalf%s%s", mr, nv-1, kind, v.suffix())
	}
	edge := kind == edge
	TEXT(name, NOSPLIT, fmt.Sprintf("func(k int, a *%[1]s, aCol int, b *%[1]s, bRow int, c *%[1]s, cRow int, add, last, ahead, left, each, jump, count, aNext, bNext, cNext int)", v.typ()))
	Pragma("noescape")
	Doc(name+" is, count times,", "", fmt.Sprintf("\tfor i := range %d, j := range %s { c[i*cRow+j] = Σ_l a[i+l*aCol] * b[l*bRow+j] (+ c[i*cRow+j] if add != 0) }", mr, columns(v, nv, edge)))

	mask := edgeMask(v, edge)
	ahead, left := v.bytes("ahead"), GP64()
	ADDQ(address("a"), ahead)
	Load(Param("left"), left)
	Label("tile")
	fetchC(v, mr, nv)
	k, a, aCol, b, bRow := GP64(), GP64(), v.bytes("aCol"), GP64(), v.bytes("bRow")
	Load(Param("k"), k)
	Load(Param("a"), a)
	Load(Param("b"), b)
	acc := make([][]VecVirtual, mr)
	for i := range acc {
		acc[i] = v.vecsTo(nv, last)
		for j, r := range acc[i] {
			if j == nv-1 {
				last.zero(r)
			} else {
				v.zero(r)
			}
		}
	}
	Label("loop")
	bv := v.vecsTo(nv, last)
	for j := range bv {
		m := Mem{Base: b, Disp: j * v.width()}
		if j == nv-1 {
			mask.load(last, m, bv[j], edge)
		} else {
			v.load(m, bv[j])
		}
	}
	for i := range acc {
		m := Mem{Base: a, Disp: i * v.size()}
		if nv == 1 && v.masks() {
			v.fmaBroadcast(m, bv[0], acc[i][0])
			continue
		}
		t := v.vec()
		v.broadcast(m, t)
		for j := range bv {
			if j == nv-1 && last != v {
				last.fma(t.AsY(), bv[j], acc[i][j])
			} else {
				v.fma(t, bv[j], acc[i][j])
			}
		}
	}
	for j := 0; j < mr*v.size(); j += 64 {
		PREFETCHT1(Mem{Base: ahead, Disp: j})
	}
	ADDQ(U32(mr*v.size()), ahead)
	DECQ(left)
	JNZ(LabelRef("along"))
	jump := v.bytes("jump")
	ADDQ(jump, ahead)
	Load(Param("each"), left)
	Label("along")
	ADDQ(aCol, a)
	ADDQ(bRow, b)
	DECQ(k)
	JNZ(LabelRef("loop"))
	putC(v, last, acc, mask, edge, false)
	nextTile(v, "a", "b", "c")
	VZEROUPPER()
	RET()
}

// vecsTo returns n vectors, the last one of the given kind.
func (v isa) vecsTo(n int, last isa) []VecVirtual { return append(v.vecs(n-1), last.vec()) }
