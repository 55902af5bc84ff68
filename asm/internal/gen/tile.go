package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tileShapes lists the heights of tiles, tallest first, for widths of 1, 2, …
// vectors, and what is needed to cover any number of rows. Twelve to sixteen
// accumulators hide the latency of the multiplications. More, where there are
// registers for them, leave no room for the next tile to begin before the last
// has ended, and a tile of shallow depth takes a fifth longer (AMD Zen 4).
func tileShapes(v isa) [][]int {
	if v.bits == 512 {
		return [][]int{{16, 8, 4, 2, 1}, {8, 4, 2, 1}, {5, 4, 2, 1}, {4, 2, 1}}
	}
	return [][]int{{12, 8, 4, 2, 1}, {6, 4, 2, 1}, {4, 2, 1}}
}

// halfBehind lists the heights of tiles that read down the columns of an array and
// have half a vector behind one and two whole ones. The tallest take 24
// accumulators: such a tile is as deep as a part of the array, and what counts is
// that it reads it once.
var halfBehind = [][]int{{12, 8, 4, 2, 1}, {8, 4, 2, 1}}

// tile generates the matrix products of small tiles.
func tile(v isa) {
	if !v.masks() && v.f64 {
		maskTable()
	}
	for nv, heights := range tileShapes(v) {
		for _, mr := range heights {
			tileKernel(v, mr, nv+1, full)
			tileKernel(v, mr, nv+1, edge)
			tileKernel(v, mr, nv+1, stream)
			downKernel(v, mr, nv+1, v, full)
			downKernel(v, mr, nv+1, v, edge)
		}
	}
	if v.bits == 512 {
		// Half a vector, which takes half the time where processors have
		// twice as many units for it.
		half := isa{v.level, 256, v.f64}
		for _, mr := range tileShapes(v)[0] {
			tileKernel(half, mr, 1, full)
			tileKernel(half, mr, 1, edge)
			tileKernel(half, mr, 1, stream)
			downKernel(half, mr, 1, half, full)
			downKernel(half, mr, 1, half, edge)
		}
		for nv, heights := range halfBehind {
			for _, mr := range heights {
				downKernel(v, mr, nv+2, half, edge)
			}
		}
	}
}

// cacheLine is the size of a cache line in bytes.
const cacheLine = 64

// variant is what tiles of one shape differ in.
type variant string

const (
	full variant = ""
	// The last vector has only its first last columns, and nothing behind them
	// is read or written.
	edge variant = "Edge"
	// C is written past the caches.
	stream variant = "Stream"
)

// tileKernel generates count products C = A·B or C += A·B for mr rows and nv
// vectors of columns. The element (i, l) of A is a[i·aRow + l·aCol], row l of B
// begins at b[l·bRow], row i of C at c[i·cRow]; aNext, bNext and cNext lead to
// the operands of the next product.
func tileKernel(v isa, mr, nv int, kind variant) {
	name := fmt.Sprintf("tile%dx%d%s%s", mr, nv, kind, v.suffix())
	if v.masks() && v.bits == 256 {
		name = fmt.Sprintf("tile%dxHalf%s%s", mr, kind, v.suffix())
	}
	edge := kind == edge
	TEXT(name, NOSPLIT, fmt.Sprintf("func(k int, a *%[1]s, aRow, aCol int, b *%[1]s, bRow int, c *%[1]s, cRow int, add, last, ahead, aheadStep, aheadTurn, aheadNext, count, aNext, bNext, cNext int)", v.typ()))
	Pragma("noescape")
	sum := "= Σ_l a[i*aRow+l*aCol] * b[l*bRow+j]"
	if kind != stream {
		sum += " (+ c[i*cRow+j] if add != 0)"
	}
	Doc(name+" is, count times,", "", fmt.Sprintf("\tfor i := range %d, j := range %s { c[i*cRow+j] %s }", mr, columns(v, nv, edge), sum))

	mask := edgeMask(v, edge)
	Label("tile")
	if kind == full {
		fetchC(v, mr, nv)
	}
	acc := accumulate(v, mr, nv, !edge, func(b GPVirtual, bv []VecVirtual) {
		for j := range bv {
			mask.load(v, Mem{Base: b, Disp: j * v.width()}, bv[j], edge && j == nv-1)
		}
	})

	putC(v, v, acc, mask, edge, kind == stream)
	if !edge {
		step := GP64()
		Load(Param("aheadNext"), step)
		ADDQ(step, address("ahead"))
	}
	nextTile(v, "a", "b", "c")
	if kind == stream {
		SFENCE()
	}
	VZEROUPPER()
	RET()
}

// putC writes the sums to the tile of C, or adds them; last are the instructions
// for the last vector of columns.
func putC(v, last isa, acc [][]VecVirtual, mask lanesMask, edge, past bool) {
	nv := len(acc[0])
	c, cRow := GP64(), v.bytes("cRow")
	Load(Param("c"), c)
	if !past {
		add, to := GP64(), GP64()
		Load(Param("add"), add)
		TESTQ(add, add)
		JZ(LabelRef("overwrite"))
		MOVQ(c, to)
		for i := range acc {
			for j := range acc[i] {
				m := Mem{Base: to, Disp: j * v.width()}
				if edge && j == nv-1 {
					t := last.vec()
					mask.load(last, m, t, true)
					last.add(t, acc[i][j], acc[i][j])
				} else {
					v.add(m, acc[i][j], acc[i][j])
				}
			}
			ADDQ(cRow, to)
		}
		Label("overwrite")
	}
	for i := range acc {
		for j := range acc[i] {
			m := Mem{Base: c, Disp: j * v.width()}
			switch {
			case past:
				v.storePast(acc[i][j], m)
			case j == nv-1:
				mask.store(last, acc[i][j], m, edge)
			default:
				v.store(acc[i][j], m)
			}
		}
		ADDQ(cRow, c)
	}
}

// bytes loads a parameter that counts elements, in bytes.
func (v isa) bytes(param string) GPVirtual {
	r := GP64()
	v.stepOf(param, r)
	return r
}

// stepOf is bytes in a register that there is.
func (v isa) stepOf(param string, to GPVirtual) {
	Load(Param(param), to)
	if v.f64 {
		SHLQ(U8(3), to)
	} else {
		SHLQ(U8(2), to)
	}
}

// accumulate generates the sums of a tile, from the parameters k, a, aRow, aCol,
// b and bRow: load loads a row of B. With fetch it asks for what comes ahead.
func accumulate(v isa, mr, nv int, fetch bool, load func(b GPVirtual, bv []VecVirtual)) [][]VecVirtual {
	k, aRow, aCol, b, bRow := GP64(), v.bytes("aRow"), v.bytes("aCol"), GP64(), v.bytes("bRow")
	Load(Param("k"), k)
	Load(Param("b"), b)
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
	acc := make([][]VecVirtual, mr)
	for i := range acc {
		acc[i] = v.vecs(nv)
		for _, r := range acc[i] {
			v.zero(r)
		}
	}
	TESTQ(k, k)
	JZ(LabelRef("summed"))
	var ahead, step, turn GPVirtual
	if fetch {
		ahead, step, turn = GP64(), GP64(), GP64()
		Load(Param("ahead"), ahead)
		ADDQ(b, ahead)
		Load(Param("aheadStep"), step)
		Label("turn")
		MOVQ(U32(cacheLine/v.size()), turn)
	}
	Label("loop")
	bv := v.vecs(nv)
	load(b, bv)
	for i := range acc {
		m := Mem{Base: ptrs[i/3]}
		if i%3 > 0 {
			m.Index, m.Scale = aRow, uint8(i%3)
		}
		if nv == 1 && v.masks() {
			v.fmaBroadcast(m, bv[0], acc[i][0])
			continue
		}
		t := v.vec()
		v.broadcast(m, t)
		for j := range bv {
			v.fma(t, bv[j], acc[i][j])
		}
	}
	if fetch {
		for j := 0; j < nv*v.width(); j += cacheLine {
			PREFETCHT0(Mem{Base: ahead, Disp: j})
		}
		if lines := cacheLine / v.size(); mr >= 2*lines { // the other half of the rows
			PREFETCHT0(Mem{Base: ahead, Index: step, Scale: uint8(lines)})
		}
		ADDQ(step, ahead)
	}
	for _, p := range ptrs {
		ADDQ(aCol, p)
	}
	ADDQ(bRow, b)
	if !fetch {
		DECQ(k)
		JNZ(LabelRef("loop"))
	} else {
		DECQ(k)
		JZ(LabelRef("summed"))
		DECQ(turn)
		JNZ(LabelRef("loop"))
		ADDQ(address("aheadTurn"), ahead)
		JMP(LabelRef("turn"))
	}
	Label("summed")
	return acc
}

// nextTile moves the operands on to those of the next of count tiles and goes
// there.
func nextTile(v isa, operands ...string) {
	for _, operand := range operands {
		step := v.bytes(operand + "Next")
		ADDQ(step, address(operand))
	}
	DECQ(address("count"))
	JNZ(LabelRef("tile"))
}

// fetchC asks for the tile of C when it will be added to.
func fetchC(v isa, mr, nv int) {
	add := GP64()
	Load(Param("add"), add)
	TESTQ(add, add)
	JZ(LabelRef("fetched"))
	c, cRow := GP64(), v.bytes("cRow")
	Load(Param("c"), c)
	for i := range mr {
		if i > 0 {
			ADDQ(cRow, c)
		}
		for j := 0; j < nv*v.width(); j += cacheLine {
			PREFETCHT0(Mem{Base: c, Disp: j})
		}
	}
	Label("fetched")
}

// address is the memory of a parameter.
func address(param string) Mem {
	m, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	return m.Addr
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

// lanesMask selects the first lanes of a vector: an opmask, or sign bits in
// memory, which are loaded where they are used because all registers are taken.
type lanesMask struct {
	k     OpmaskVirtual
	signs Mem
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
	NEGQ(last)
	LEAQ(Mem{Base: table, Index: last, Scale: uint8(v.size()), Disp: v.width()}, table)
	m.signs = Mem{Base: table}
	return m
}

func (m lanesMask) load(v isa, from Mem, to VecVirtual, masked bool) {
	switch {
	case !masked:
		v.load(from, to)
	case v.masks():
		v.loadMasked(from, m.k, to)
	case v.f64:
		VMASKMOVPD(from, m.lanes(), to)
	default:
		VMASKMOVPS(from, m.lanes(), to)
	}
}

func (m lanesMask) store(v isa, r VecVirtual, to Mem, masked bool) {
	switch {
	case !masked:
		v.store(r, to)
	case v.masks():
		v.storeMasked(r, m.k, to)
	case v.f64:
		VMASKMOVPD(r, m.lanes(), to)
	default:
		VMASKMOVPS(r, m.lanes(), to)
	}
}

func (m lanesMask) lanes() VecVirtual {
	r := YMM()
	VMOVDQU(m.signs, r)
	return r
}
