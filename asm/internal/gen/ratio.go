package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// ratioShapes are the heights of the tiles of quotients, tallest first, and
// their width in vectors.
func ratioShapes(v isa) (heights []int, nv int) {
	if v.bits == 512 {
		return []int{4, 2, 1}, 4
	}
	return []int{6, 4, 2, 1}, 2
}

// ratio generates tiles of the model that end as quotients.
func ratio(v isa) {
	heights, nv := ratioShapes(v)
	for _, mr := range heights {
		ratioKernel(v, mr, nv, false, false)
		ratioKernel(v, mr, nv, true, false)
	}
	if v.bits == 512 {
		half := isa{v.level, 256, v.f64}
		for _, mr := range []int{8, 4, 2, 1} {
			for _, square := range []bool{false, true} {
				ratioKernel(v, mr, 1, square, true)
				ratioKernel(half, mr, 1, square, true)
			}
		}
	}
}

// ratioKernel generates count quotients of mr rows and nv vectors of columns: the
// product A·B as in a tile, and what quotient makes of it before it leaves the
// registers. The data are asked for some columns ahead. With edge the last vector
// has last columns, and nothing behind them is read or written.
func ratioKernel(v isa, mr, nv int, square, edge bool) {
	size := fmt.Sprintf("%dx%d", mr, nv)
	if edge {
		size += "Edge"
		if v.masks() && v.bits == 256 {
			size = fmt.Sprintf("%dxHalfEdge", mr)
		}
	}
	name, doc := "ratioKL"+size+v.suffix(), "y[i*yRow+j] = v[i*vRow+j] / s"
	params := "y *%[1]s, yRow int"
	next := "yNext"
	if square {
		name, doc = "ratioIS"+size+v.suffix(), "p[i*yRow+j] = 1 / s; y[i*yRow+j] = v[i*vRow+j] / s / s"
		params = "y, p *%[1]s, yRow int"
	}
	TEXT(name, NOSPLIT, fmt.Sprintf("func(k int, a *%[1]s, aRow, aCol int, b *%[1]s, bRow int, "+params+", v *%[1]s, vRow int, floor %[1]s, last, ahead, count, aNext, "+next+", vNext int)", v.typ()))
	Pragma("noescape")
	Doc(name+" is, count times,", "", fmt.Sprintf("\tfor i := range %d, j := range %s { s := max(Σ_l a[i*aRow+l*aCol] * b[l*bRow+j], floor); %s }", mr, columns(v, nv, edge), doc))
	mask := edgeMask(v, edge)
	Label("tile")
	data, dataRow := GP64(), v.bytes("vRow")
	Load(Param("v"), data)
	ahead := GP64()
	Load(Param("ahead"), ahead)
	for i := range mr {
		if i > 0 {
			ADDQ(dataRow, data)
		}
		for j := 0; j < nv*v.width(); j += 64 {
			PREFETCHT0(Mem{Base: data, Index: ahead, Scale: uint8(v.size()), Disp: j})
		}
	}
	acc := accumulate(v, mr, nv, false, func(b GPVirtual, bv []VecVirtual) {
		for j := range bv {
			mask.load(v, Mem{Base: b, Disp: j * v.width()}, bv[j], edge && j == nv-1)
		}
	})
	floor, one := v.parameter("floor"), v.vec()
	if square || v.masks() {
		v.ones(one)
	}
	y, yRow := GP64(), v.bytes("yRow")
	Load(Param("y"), y)
	x, xRow := GP64(), v.bytes("vRow")
	Load(Param("v"), x)
	var p GPVirtual
	if square {
		p = GP64()
		Load(Param("p"), p)
	}
	for i := range acc {
		for j, s := range acc[i] {
			d, part := j*v.width(), edge && j == nv-1
			v.max(s, floor, s)
			var data Op = Mem{Base: x, Disp: d}
			if part {
				r := v.vec()
				mask.load(v, Mem{Base: x, Disp: d}, r, true)
				data = r
			}
			if square {
				inv := v.reciprocal(s, one)
				mask.store(v, inv, Mem{Base: p, Disp: d}, part)
				v.mul(data, inv, s)
				v.mul(s, inv, s)
			} else {
				s = v.quotientOf(data, s, one)
			}
			mask.store(v, s, Mem{Base: y, Disp: d}, part)
		}
		if i == len(acc)-1 {
			break
		}
		ADDQ(yRow, y)
		ADDQ(xRow, x)
		if square {
			ADDQ(yRow, p)
		}
	}
	step := v.bytes("yNext")
	if square {
		ADDQ(step, address("p"))
	}
	nextTile(v, "a", "y", "v")
	VZEROUPPER()
	RET()
}
