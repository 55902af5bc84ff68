package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// quot generates the quotients of the divergences.
func quot(v isa) {
	quotient(v, "quotKL", false, "y[j] = v[j] / max(y[j], floor)")
	quotient(v, "quotIS", true, "p[j] = 1 / max(y[j], floor); y[j] = v[j] * p[j] * p[j]")
}

// div divides a by b.
func (v isa) div(a, b, r Op) {
	if v.f64 {
		VDIVPD(b, a, r)
	} else {
		VDIVPS(b, a, r)
	}
}

// reciprocal replaces y by 1/y. AVX-512 has an estimate of 14 bits that Newton
// steps r ← r + r·(1 - y·r) bring to full precision, in less time than a
// division takes; the result is within 2 units in the last place. ones holds 1
// in every lane.
func (v isa) reciprocal(y, ones VecVirtual) (r VecVirtual) {
	r = v.vec()
	if !v.masks() {
		v.div(ones, y, r)
		return r
	}
	steps := 1
	if v.f64 {
		VRCP14PD(y, r)
		steps = 2
	} else {
		VRCP14PS(y, r)
	}
	for range steps {
		e := v.vec()
		v.load(ones, e)
		if v.f64 {
			VFNMADD231PD(y, r, e)
		} else {
			VFNMADD231PS(y, r, e)
		}
		v.fma(e, r, r)
	}
	return r
}

// ones sets all lanes of r to 1.
func (v isa) ones(r VecVirtual) {
	bits, x := GP64(), XMM()
	if v.f64 {
		MOVQ(U64(0x3ff0000000000000), bits)
	} else {
		MOVQ(U64(0x3f800000), bits)
	}
	VMOVQ(bits, x)
	v.broadcast(x, r)
}

// quotientOf returns x/y.
func (v isa) quotientOf(x Op, y, ones VecVirtual) (q VecVirtual) {
	if !v.masks() {
		q = v.vec()
		v.load(x, q)
		v.div(q, y, q)
		return q
	}
	q = v.reciprocal(y, ones)
	v.mul(x, q, q)
	return q
}

func (v isa) divScalar(a, b, r Op) {
	if v.f64 {
		VDIVSD(b, a, r)
	} else {
		VDIVSS(b, a, r)
	}
}

func (v isa) maxScalar(a, b, r Op) {
	if v.f64 {
		VMAXSD(a, b, r)
	} else {
		VMAXSS(a, b, r)
	}
}

func (v isa) mulScalar(a, b, r Op) {
	if v.f64 {
		VMULSD(a, b, r)
	} else {
		VMULSS(a, b, r)
	}
}

// quotient generates one of them; square means that of Itakura-Saito, which
// also gives the power p.
func quotient(v isa, name string, square bool, doc string) {
	params := "y, v"
	if square {
		params = "y, p, v"
	}
	TEXT(name+v.suffix(), NOSPLIT, fmt.Sprintf("func(%s []%s, floor %s)", params, v.typ(), v.typ()))
	Pragma("noescape")
	Doc(name+v.suffix()+" is", "", "\tfor j := range y { "+doc+" }")
	y, data, length := GP64(), GP64(), GP64()
	Load(Param("y").Base(), y)
	Load(Param("y").Len(), length)
	Load(Param("v").Base(), data)
	var p GPVirtual
	if square {
		p = GP64()
		Load(Param("p").Base(), p)
	}
	floor := v.vec()
	m, err := Param("floor").Resolve()
	if err != nil {
		panic(err)
	}
	v.broadcast(m.Addr, floor)
	one := v.vec()
	if square || v.masks() {
		v.ones(one)
	}
	i := GP64()
	XORQ(i, i)
	v.loop("loop", i, length, []int{4, 1}, func(u int) {
		for k := range u {
			d := k * v.width()
			a := v.vec()
			v.max(at(y, i, v, d), floor, a)
			if square {
				inv, b := v.reciprocal(a, one), v.vec()
				v.store(inv, at(p, i, v, d))
				v.mul(at(data, i, v, d), inv, b)
				v.mul(b, inv, a)
			} else {
				a = v.quotientOf(at(data, i, v, d), a, one)
			}
			v.store(a, at(y, i, v, d))
		}
	})
	if v.masks() {
		SUBQ(i, length)
		JZ(LabelRef("end"))
		k := v.tailMask(length)
		a, b := v.vec(), v.vec()
		// Lanes that are not there divide 0 by the floor, or 1 by it.
		v.loadMasked(at(y, i, v, 0), k, a)
		v.max(a, floor, a)
		v.loadMasked(at(data, i, v, 0), k, b)
		if square {
			inv := v.reciprocal(a, one)
			v.storeMasked(inv, k, at(p, i, v, 0))
			v.mul(b, inv, b)
			v.mul(b, inv, a)
		} else {
			a = v.quotientOf(b, a, one)
		}
		v.storeMasked(a, k, at(y, i, v, 0))
	} else {
		a, b := XMM(), XMM()
		Label("tail")
		CMPQ(i, length)
		JGE(LabelRef("end"))
		v.loadScalar(at(y, i, v, 0), a)
		v.maxScalar(a, floor.AsX(), a)
		v.loadScalar(at(data, i, v, 0), b)
		if square {
			v.divScalar(one.AsX(), a, a)
			v.storeScalar(a, at(p, i, v, 0))
			v.mulScalar(b, a, b)
			v.mulScalar(b, a, a)
		} else {
			v.divScalar(b, a, a)
		}
		v.storeScalar(a, at(y, i, v, 0))
		INCQ(i)
		JMP(LabelRef("tail"))
	}
	Label("end")
	VZEROUPPER()
	RET()
}
