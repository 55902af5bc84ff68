package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// isa is a vector width together with an element type: what the kernels of one
// level and type are generated from.
type isa struct {
	level string // name part of the level: AVX2, AVX512
	bits  int
	f64   bool
}

func (v isa) suffix() string {
	if v.f64 {
		return "F64" + v.level
	}
	return "F32" + v.level
}

// typ is the Go element type.
func (v isa) typ() string {
	if v.f64 {
		return "float64"
	}
	return "float32"
}

// size is the size of an element in bytes, width that of a vector.
func (v isa) size() int {
	if v.f64 {
		return 8
	}
	return 4
}
func (v isa) width() int  { return v.bits / 8 }
func (v isa) lanes() int  { return v.width() / v.size() }
func (v isa) masks() bool { return v.level == "AVX512" }

// vec returns a new vector register.
func (v isa) vec() VecVirtual {
	if v.bits == 512 {
		return ZMM()
	}
	return YMM()
}

// vecs returns n new vector registers.
func (v isa) vecs(n int) []VecVirtual {
	r := make([]VecVirtual, n)
	for i := range r {
		r[i] = v.vec()
	}
	return r
}

func (v isa) load(m Op, r Op) {
	if v.f64 {
		VMOVUPD(m, r)
	} else {
		VMOVUPS(m, r)
	}
}

func (v isa) store(r Op, m Op) { v.load(r, m) }

// storePast writes an aligned vector to memory past the caches.
func (v isa) storePast(r Op, m Op) {
	if v.f64 {
		VMOVNTPD(r, m)
	} else {
		VMOVNTPS(r, m)
	}
}

// loadMasked loads the lanes of k and zeroes the others.
func (v isa) loadMasked(m Op, k Op, r Op) {
	if v.f64 {
		VMOVUPD_Z(m, k, r)
	} else {
		VMOVUPS_Z(m, k, r)
	}
}

func (v isa) storeMasked(r Op, k Op, m Op) {
	if v.f64 {
		VMOVUPD(r, k, m)
	} else {
		VMOVUPS(r, k, m)
	}
}

// fma adds a·b to acc; a may be memory.
func (v isa) fma(a, b, acc Op) {
	if v.f64 {
		VFMADD231PD(a, b, acc)
	} else {
		VFMADD231PS(a, b, acc)
	}
}

// fmaBroadcast adds (the number at m)·b to acc, in one instruction of AVX-512.
func (v isa) fmaBroadcast(m, b, acc Op) {
	if v.f64 {
		VFMADD231PD_BCST(m, b, acc)
	} else {
		VFMADD231PS_BCST(m, b, acc)
	}
}

// broadcast fills r with the number at m (or in the low lane of an XMM).
func (v isa) broadcast(m Op, r Op) {
	if v.f64 {
		VBROADCASTSD(m, r)
	} else {
		VBROADCASTSS(m, r)
	}
}

func (v isa) add(a, b, r Op) {
	if v.f64 {
		VADDPD(a, b, r)
	} else {
		VADDPS(a, b, r)
	}
}

func (v isa) mul(a, b, r Op) {
	if v.f64 {
		VMULPD(a, b, r)
	} else {
		VMULPS(a, b, r)
	}
}

func (v isa) max(a, b, r Op) {
	if v.f64 {
		VMAXPD(a, b, r)
	} else {
		VMAXPS(a, b, r)
	}
}

func (v isa) zero(r VecVirtual) {
	if v.bits == 512 {
		VPXORQ(r, r, r)
	} else {
		VXORPD(r, r, r)
	}
}

// tailMask sets k to the lowest n lanes, 0 ≤ n < lanes.
func (v isa) tailMask(n GPVirtual) OpmaskVirtual {
	k := K()
	m := GP64()
	MOVQ(I64(-1), m)
	BZHIQ(n, m, m)
	KMOVW(m.As32(), k)
	return k
}
