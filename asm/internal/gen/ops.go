package main

import (
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// konst is a number in the table of constants: one number where instructions
// broadcast it, a vector of it where they do not.
type konst struct{ Mem }

// constants is the table of the file that is written.
var constants struct {
	offset map[konstKey]int
	data   []datum
	size   int
	masks  bool // the table of masks is used, too
}

type konstKey struct {
	bits uint64
	f64  bool
}

type datum struct {
	offset int
	value  Constant
}

// con returns the constant x.
func (v isa) con(x float64) konst {
	if v.f64 {
		return v.conBits(math.Float64bits(x))
	}
	return v.conBits(uint64(math.Float32bits(float32(x))))
}

// conBits returns the constant with the given bits.
func (v isa) conBits(bits uint64) konst {
	c := &constants
	key := konstKey{bits, v.f64}
	o, ok := c.offset[key]
	if !ok {
		copies := v.lanes()
		if v.masks() {
			copies = 1
		}
		o = (c.size + v.size() - 1) / v.size() * v.size()
		for i := range copies {
			d := datum{offset: o + i*v.size(), value: U64(bits)}
			if !v.f64 {
				d.value = U32(uint32(bits))
			}
			c.data = append(c.data, d)
		}
		c.size = o + copies*v.size()
		if c.offset == nil {
			c.offset = map[konstKey]int{}
		}
		c.offset[key] = o
	}
	return konst{NewDataAddr(Symbol{Name: "constants", Static: true}, o)}
}

// writeTables writes the tables that the kernels of this file have asked for.
func writeTables() {
	if len(constants.data) > 0 {
		GLOBL("constants", attr.RODATA|attr.NOPTR)
		for _, d := range constants.data {
			DATA(d.offset, d.value)
		}
	}
	if constants.masks {
		maskTable()
	}
}

// opcode is an instruction in its forms for both element types, each without
// and with an embedded broadcast.
type opcode struct{ pd, pdBroadcast, ps, psBroadcast func(...Op) }

var (
	opAdd     = opcode{VADDPD, VADDPD_BCST, VADDPS, VADDPS_BCST}
	opSub     = opcode{VSUBPD, VSUBPD_BCST, VSUBPS, VSUBPS_BCST}
	opMul     = opcode{VMULPD, VMULPD_BCST, VMULPS, VMULPS_BCST}
	opDiv     = opcode{VDIVPD, VDIVPD_BCST, VDIVPS, VDIVPS_BCST}
	opAnd     = opcode{VANDPD, VANDPD_BCST, VANDPS, VANDPS_BCST}
	opMax     = opcode{VMAXPD, VMAXPD_BCST, VMAXPS, VMAXPS_BCST}
	opMin     = opcode{VMINPD, VMINPD_BCST, VMINPS, VMINPS_BCST}
	opFMA213  = opcode{VFMADD213PD, VFMADD213PD_BCST, VFMADD213PS, VFMADD213PS_BCST}
	opFMA231  = opcode{VFMADD231PD, VFMADD231PD_BCST, VFMADD231PS, VFMADD231PS_BCST}
	opFNMA231 = opcode{VFNMADD231PD, VFNMADD231PD_BCST, VFNMADD231PS, VFNMADD231PS_BCST}
	opCompare = opcode{VCMPPD, VCMPPD_BCST, VCMPPS, VCMPPS_BCST}
	opBlend   = opcode{VBLENDMPD, VBLENDMPD_BCST, VBLENDMPS, VBLENDMPS_BCST}
)

// emit writes an instruction; operand b is the one that may be a constant.
func (v isa) emit(o opcode, b int, ops ...Op) {
	f := o.pd
	if !v.f64 {
		f = o.ps
	}
	if c, ok := ops[b].(konst); ok {
		ops[b] = c.Mem
		if v.masks() {
			if f = o.pdBroadcast; !v.f64 {
				f = o.psBroadcast
			}
		}
	}
	f(ops...)
}

// The functions below return their result in a new register. The last operand
// may be a constant or memory, all others are registers.

func (v isa) binary(o opcode, a, b Op) VecVirtual {
	r := v.vec()
	v.emit(o, 0, b, a, r)
	return r
}

func (v isa) plus(a, b Op) VecVirtual  { return v.binary(opAdd, a, b) }
func (v isa) minus(a, b Op) VecVirtual { return v.binary(opSub, a, b) }
func (v isa) times(a, b Op) VecVirtual { return v.binary(opMul, a, b) }
func (v isa) over(a, b Op) VecVirtual  { return v.binary(opDiv, a, b) }

// larger is a > b ? a : b, and so b where one of them is NaN.
func (v isa) larger(a, b Op) VecVirtual { return v.binary(opMax, a, b) }

// smaller is a < b ? a : b.
func (v isa) smaller(a, b Op) VecVirtual { return v.binary(opMin, a, b) }

// copyOf returns the value of a register or constant in a new register.
func (v isa) copyOf(a Op) VecVirtual {
	r := v.vec()
	if c, ok := a.(konst); ok {
		if a = c.Mem; v.masks() {
			v.broadcast(a, r)
			return r
		}
	}
	v.load(a, r)
	return r
}

// timesPlus is a·b + c.
func (v isa) timesPlus(a, b, c Op) VecVirtual {
	if _, ok := c.(konst); ok {
		r := v.copyOf(a)
		v.emit(opFMA213, 0, c, b, r)
		return r
	}
	r := v.copyOf(c)
	v.emit(opFMA231, 0, b, a, r)
	return r
}

// lessTimes is c - a·b.
func (v isa) lessTimes(c, a, b Op) VecVirtual {
	r := v.copyOf(c)
	v.emit(opFNMA231, 0, b, a, r)
	return r
}

// subtract replaces c by c - a·b.
func (v isa) subtract(c VecVirtual, a, b Op) { v.emit(opFNMA231, 0, b, a, c) }

// polynomial is Σ c[i]·x^i.
func (v isa) polynomial(x VecVirtual, c []float64) VecVirtual {
	r := v.copyOf(v.con(c[len(c)-1]))
	for i := len(c) - 2; i >= 0; i-- {
		v.emit(opFMA213, 0, v.con(c[i]), x, r)
	}
	return r
}

// cond is a condition for each lane.
type cond struct {
	k OpmaskVirtual
	y VecVirtual
}

// Predicates of comparisons, false (all but notEqual) where an operand is NaN.
const (
	equal     = 0
	less      = 1
	lessEqual = 2
	unordered = 3
	notEqual  = 4
	ordered   = 7
	atLeast   = 13
	greater   = 14
)

func (v isa) compare(a Op, predicate int, b Op) (c cond) {
	if v.masks() {
		c.k = K()
		v.emit(opCompare, 1, U8(predicate), b, a, c.k)
	} else {
		c.y = YMM()
		v.emit(opCompare, 1, U8(predicate), b, a, c.y)
	}
	return c
}

// both is the condition that a and b hold.
func (v isa) both(a, b cond) (c cond) {
	if v.masks() {
		c.k = K()
		KANDW(a.k, b.k, c.k)
	} else {
		c.y = YMM()
		VANDPD(a.y, b.y, c.y)
	}
	return c
}

// choose is c ? yes : no.
func (v isa) choose(c cond, no, yes Op) VecVirtual {
	r := v.vec()
	if v.masks() {
		v.emit(opBlend, 0, yes, no, c.k, r)
		return r
	}
	if k, ok := yes.(konst); ok {
		yes = k.Mem
	}
	if v.f64 {
		VBLENDVPD(c.y, yes, no, r)
	} else {
		VBLENDVPS(c.y, yes, no, r)
	}
	return r
}

// plusIf is c ? a + b : a.
func (v isa) plusIf(c cond, a VecVirtual, b konst) VecVirtual {
	if v.masks() {
		r := v.copyOf(a)
		v.emit(opAdd, 0, b, a, c.k, r)
		return r
	}
	t := v.vec()
	VANDPD(b.Mem, c.y, t)
	return v.plus(a, t)
}

// timesIf is c ? a·b : a.
func (v isa) timesIf(c cond, a VecVirtual, b konst) VecVirtual {
	if v.masks() {
		r := v.copyOf(a)
		v.emit(opMul, 0, b, a, c.k, r)
		return r
	}
	return v.choose(c, a, v.times(a, b))
}
