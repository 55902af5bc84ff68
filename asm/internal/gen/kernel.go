package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// kernel is a loop over slices under construction.
type kernel struct {
	isa            // of the arithmetic
	mem  isa       // of the memory; float32 may be worked on as float64
	n, i GPVirtual // the length and where the loop is
	mask restMask  // of what is left behind the last whole vector
}

// wide is the arithmetic on float64 for slices of v.
func (v isa) wide() isa { return isa{v.level, v.bits, true} }

// newKernel begins a function on slices of type mem as long as the slice over.
// T stands for the element type in the signature; doc is the reference loop.
func newKernel(name string, mem, arithmetic isa, over, signature, doc string) *kernel {
	begin(name, mem, signature, doc)
	k := &kernel{isa: arithmetic, mem: mem, n: GP64(), i: GP64()}
	Load(Param(over).Len(), k.n)
	XORQ(k.i, k.i)
	return k
}

// begin begins a function.
func begin(name string, v isa, signature, doc string) {
	TEXT(name+v.suffix(), NOSPLIT, "func"+strings.ReplaceAll(signature, "T", v.typ()))
	Pragma("noescape")
	Doc(name+v.suffix()+" is", "", "\t"+doc)
}

// base returns where a slice begins.
func base(slice string) GPVirtual {
	p := GP64()
	Load(Param(slice).Base(), p)
	return p
}

// scalar returns a parameter of the kernel's element type, in all lanes.
func (k *kernel) scalar(param string) VecVirtual {
	if k.f64 && !k.mem.f64 {
		x := XMM()
		Load(Param(param), x)
		VCVTSS2SD(x, x, x)
		r := k.vec()
		k.broadcast(x, r)
		return r
	}
	return k.parameter(param)
}

// parameter returns a parameter of the arithmetic's type, in all lanes.
func (v isa) parameter(param string) VecVirtual {
	r := v.vec()
	v.broadcast(address(param), r)
	return r
}

// lane is the vector that a loop's body is written for: number nr of the ones
// of a round, or what is left of the slices.
type lane struct {
	*kernel
	nr   int
	rest bool
}

// each writes the loop: body for as many vectors a round as unrolls says, and
// for what is left.
func (k *kernel) each(unrolls []int, body func(l lane)) {
	k.loop("loop", k.i, k.n, unrolls, func(u int) {
		for nr := range u {
			body(lane{k, nr, false})
		}
	})
	SUBQ(k.i, k.n)
	JZ(LabelRef("end"))
	if k.masks() {
		k.mask.k = k.tailMask(k.n)
	} else {
		k.mask.y = k.mem.window(k.n)
	}
	body(lane{k, 0, true})
	Label("end")
}

// restMask selects the first lanes of a vector: an opmask, or a vector of sign
// bits.
type restMask struct {
	k OpmaskVirtual
	y VecVirtual
}

func (m restMask) load(v isa, from Mem, to VecVirtual) {
	switch {
	case v.masks():
		v.loadMasked(from, m.k, to)
	case v.f64:
		VMASKMOVPD(from, m.y, to)
	default:
		VMASKMOVPS(from, m.y, to)
	}
}

func (m restMask) store(v isa, r VecVirtual, to Mem) {
	switch {
	case v.masks():
		v.storeMasked(r, m.k, to)
	case v.f64:
		VMASKMOVPD(r, m.y, to)
	default:
		VMASKMOVPS(r, m.y, to)
	}
}

// window returns the mask of the first n lanes, part of a table of ones and
// then zeros; it changes n.
func (v isa) window(n GPVirtual) VecVirtual {
	constants.masks = true
	table, mask := GP64(), YMM()
	LEAQ(NewDataAddr(Symbol{Name: "maskTable", Static: true}, 0), table)
	NEGQ(n)
	VMOVDQU(Mem{Base: table, Disp: 32, Index: n, Scale: uint8(v.size())}, mask)
	return mask
}

func (l lane) at(slice Register) Mem {
	return Mem{Base: slice, Index: l.i, Scale: uint8(l.mem.size()), Disp: l.nr * l.lanes() * l.mem.size()}
}

// float64s returns the same lane of slices of float64, beside slices of float32
// that are worked on as float64.
func (l lane) float64s() lane {
	if l.mem.f64 {
		return l
	}
	k := *l.kernel
	if k.mem = k.isa; l.rest && !k.masks() {
		k.mask.y = YMM()
		VPMOVSXDQ(l.mask.y.AsX(), k.mask.y)
	}
	l.kernel = &k
	return l
}

// get loads the vector of a slice, zeros where there is nothing left.
func (l lane) get(slice Register) VecVirtual {
	r, m := l.vec(), l.at(slice)
	switch wide := l.f64 == l.mem.f64; {
	case wide && l.rest:
		l.mask.load(l.isa, m, r)
	case wide:
		l.load(m, r)
	case !l.rest:
		VCVTPS2PD(m, r)
	case l.masks():
		VCVTPS2PD_Z(m, l.mask.k, r)
	default:
		x := XMM()
		VMASKMOVPS(m, l.mask.y.AsX(), x)
		VCVTPS2PD(x, r)
	}
	return r
}

// put stores the vector into a slice.
func (l lane) put(r VecVirtual, slice Register) {
	m := l.at(slice)
	switch wide := l.f64 == l.mem.f64; {
	case wide && l.rest:
		l.mask.store(l.isa, r, m)
	case wide:
		l.store(r, m)
	case l.masks():
		y := YMM()
		VCVTPD2PS(r, y)
		if l.rest {
			VMOVUPS(y, l.mask.k, m)
		} else {
			VMOVUPS(y, m)
		}
	default:
		x := XMM()
		VCVTPD2PSY(r, x)
		if l.rest {
			VMASKMOVPS(x, l.mask.y.AsX(), m)
		} else {
			VMOVUPS(x, m)
		}
	}
}

// end ends the function.
func end() {
	VZEROUPPER()
	RET()
}

// fold combines the lanes of r with an operation, halves with each other, and
// leaves the result in the low lane of the returned register.
func (v isa) fold(r VecVirtual, combine opcode) VecVirtual {
	if v.bits == 512 {
		hi := YMM()
		VEXTRACTF64X4(U8(1), r, hi)
		v256 := isa{"AVX2", 256, v.f64}
		return v256.fold(v256.binary(combine, r.AsY(), hi), combine)
	}
	v128 := isa{"AVX2", 128, v.f64}
	hi, x := XMM(), XMM()
	VEXTRACTF128(U8(1), r, hi)
	v128.emit(combine, 0, hi, r.AsX(), x)
	VUNPCKHPD(x, x, hi)
	v128.emit(combine, 0, hi, x, x)
	if !v.f64 {
		VMOVSHDUP(x, hi)
		v128.emit(combine, 0, hi, x, x)
	}
	return x
}

// foldAll combines several registers, and then the lanes.
func (v isa) foldAll(r []VecVirtual, combine opcode) VecVirtual {
	for n := len(r) / 2; n > 0; n /= 2 {
		for i := range n {
			v.emit(combine, 0, r[i+n], r[i], r[i])
		}
	}
	return v.fold(r[0], combine)
}

// zeros returns n registers of zeros.
func (v isa) zeros(n int) []VecVirtual {
	r := v.vecs(n)
	for _, x := range r {
		v.zero(x)
	}
	return r
}
