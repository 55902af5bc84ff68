package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// sweepGroups are the numbers of rows that are worked on at once: the sums over
// all other rows are taken for the whole group, so that it shares what it loads
// of them, and the rows of the group are then finished one after the other.
var sweepGroups = []int{4, 2, 1}

// sweep generates the kernels that finish the rows of a strip of columns in
// order, each from all the others: one wide strip, and one vector of which only
// the first columns are read and written.
func sweep(v isa) {
	if !v.masks() && v.f64 {
		maskTable()
	}
	wide := 2
	if v.bits == 512 {
		wide = 4
	}
	for _, nv := range []int{wide, 1} {
		halsKernel(v, nv)
		solveKernel(v, nv)
	}
}

// strip is a kernel under construction.
type strip struct {
	isa
	nv    int
	mask  lanesMask
	p     [4]GPVirtual // where the coefficients of the group's rows begin
	col   GPVirtual    // the offset of a coefficient within its row, in bytes
	step  Op           // from one coefficient of a row to the next
	xs    GPVirtual    // the row of X that is read
	xRow  GPVirtual
	count GPVirtual
}

func newStrip(v isa, nv int) *strip {
	s := &strip{isa: v, nv: nv, col: GP64(), xs: GP64(), xRow: GP64(), count: GP64()}
	if nv == 1 {
		s.mask = edgeMask(v, true)
	}
	for i := range s.p {
		s.p[i] = GP64()
	}
	return s
}

// rowAt sets p to row k of a matrix of which p is the beginning.
func (s *strip) rowAt(p, k, row GPVirtual) {
	t := GP64()
	MOVQ(row, t)
	IMULQ(k, t)
	ADDQ(t, p)
}

func (s *strip) loadRow(from GPVirtual, to []VecVirtual) {
	for j := range to {
		s.mask.load(s.isa, Mem{Base: from, Disp: j * s.width()}, to[j], s.nv == 1)
	}
}

func (s *strip) storeRow(r []VecVirtual, to GPVirtual) {
	for j := range r {
		s.mask.store(s.isa, r[j], Mem{Base: to, Disp: j * s.width()}, s.nv == 1)
	}
}

// subtract takes coefficient·x from row i of the group.
func (s *strip) subtract(coefficient Mem, x, acc []VecVirtual) {
	f := s.vec()
	s.broadcast(coefficient, f)
	for j := range x {
		if s.f64 {
			VFNMADD231PD(f, x[j], acc[j])
		} else {
			VFNMADD231PS(f, x[j], acc[j])
		}
	}
}

// pointers sets p[1:mr] to the rows below p[0], row bytes apart.
func (s *strip) pointers(mr int, row GPVirtual) {
	if mr > 1 {
		LEAQ(Mem{Base: s.p[0], Index: row, Scale: 1}, s.p[1])
	}
	if mr > 2 {
		LEAQ(Mem{Base: s.p[0], Index: row, Scale: 2}, s.p[2])
		LEAQ(Mem{Base: s.p[1], Index: row, Scale: 2}, s.p[3])
	}
}

// others subtracts the products of the group's rows with count rows of X.
func (s *strip) others(label string, acc [][]VecVirtual) {
	TESTQ(s.count, s.count)
	JZ(LabelRef(label + "done"))
	Label(label)
	x := s.vecs(s.nv)
	s.loadRow(s.xs, x)
	for i := range acc {
		s.subtract(Mem{Base: s.p[i], Index: s.col, Scale: 1}, x, acc[i])
	}
	ADDQ(s.step, s.col)
	ADDQ(s.xRow, s.xs)
	DECQ(s.count)
	JNZ(LabelRef(label))
	Label(label + "done")
}

// finish tells the rows of the group below i about row i, which is done.
func (s *strip) finish(i int, acc [][]VecVirtual) {
	for j := i + 1; j < len(acc); j++ {
		s.subtract(Mem{Base: s.p[j], Index: s.col, Scale: 1}, acc[i], acc[j])
	}
	ADDQ(s.step, s.col)
}

// groups runs body for rows k … k+mr-1 while k+mr ≤ k1, for each size of group.
func (s *strip) groups(k GPVirtual, body func(mr int, acc [][]VecVirtual)) {
	for _, mr := range sweepGroups {
		top := fmt.Sprintf("group%d", mr)
		Label(top)
		left := GP64()
		Load(Param("k1"), left)
		SUBQ(k, left)
		CMPQ(left, U8(uint8(mr)))
		JL(LabelRef(top + "done"))
		acc := make([][]VecVirtual, mr)
		for i := range acc {
			acc[i] = s.vecs(s.nv)
		}
		body(mr, acc)
		ADDQ(U8(uint8(mr)), k)
		if mr == sweepGroups[0] {
			JMP(LabelRef(top))
		}
		Label(top + "done")
	}
}

// halsKernel generates a sweep of coordinate descent.
func halsKernel(v isa, nv int) {
	name := fmt.Sprintf("hals%d%s", nv, v.suffix())
	TEXT(name, NOSPLIT, fmt.Sprintf("func(k0, k1, r int, gram *%[1]s, gRow int, a *%[1]s, aRow int, x *%[1]s, xRow int, inv *%[1]s, l1, floor %[1]s, last int) (change float64)", v.typ()))
	Pragma("noescape")
	Doc(name+" is, for the columns j of the strip,", "",
		"\tfor k := k0; k < k1; k++ { if inv[k] != 0 { x[k*xRow+j] = max((a[k*aRow+j] - l1 - Σ_{s≠k} gram[k*gRow+s]*x[s*xRow+j]) * inv[k], floor) } }",
		"", "and returns the squared change of x.")
	s := newStrip(v, nv)
	s.step = U8(uint8(v.size()))
	wide := isa{v.level, v.bits, true}

	k, a, x, inv := GP64(), GP64(), GP64(), GP64()
	Load(Param("k0"), k)
	Load(Param("gram"), s.p[0])
	Load(Param("a"), a)
	Load(Param("x"), x)
	Load(Param("inv"), inv)
	row := GP64()
	s.stepOf("gRow", row)
	s.rowAt(s.p[0], k, row)
	s.stepOf("aRow", row)
	s.rowAt(a, k, row)
	s.stepOf("xRow", s.xRow)
	s.rowAt(x, k, s.xRow)
	LEAQ(Mem{Base: inv, Index: k, Scale: uint8(v.size())}, inv)
	var change [2]VecVirtual
	for i := range change {
		change[i] = v.vec()
		v.zero(change[i])
	}
	l1, floor := v.parameter("l1"), v.parameter("floor")

	s.groups(k, func(mr int, acc [][]VecVirtual) {
		row := GP64()
		s.stepOf("gRow", row)
		s.pointers(mr, row)
		s.stepOf("aRow", row)
		for i := range acc {
			s.loadRow(a, acc[i])
			for _, r := range acc[i] {
				v.sub(r, l1, r)
			}
			ADDQ(row, a)
		}
		Load(Param("x"), s.xs)
		XORQ(s.col, s.col)
		MOVQ(k, s.count)
		s.others(fmt.Sprintf("above%d", mr), acc)
		// Rows of the group depend on those below them as they still are.
		for j := range mr {
			if j > 0 {
				x := s.vecs(nv)
				s.loadRow(s.xs, x)
				for i := range j {
					s.subtract(Mem{Base: s.p[i], Index: s.col, Scale: 1}, x, acc[i])
				}
			}
			ADDQ(s.step, s.col)
			ADDQ(s.xRow, s.xs)
		}
		Load(Param("r"), s.count)
		SUBQ(k, s.count)
		SUBQ(U8(uint8(mr)), s.count)
		s.others(fmt.Sprintf("below%d", mr), acc)
		LEAQ(Mem{Base: k, Index: k, Scale: 1}, s.col)
		SHLQ(U8(uint8(v.size()/4)), s.col) // k times the size, which is 4 or 8
		for i := range acc {
			keep, done := fmt.Sprintf("keep%d_%d", mr, i), fmt.Sprintf("done%d_%d", mr, i)
			bits := GP64()
			if v.f64 {
				MOVQ(Mem{Base: inv}, bits)
				ADDQ(bits, bits) // without its sign
			} else {
				MOVL(Mem{Base: inv}, bits.As32())
				ADDL(bits.As32(), bits.As32())
			}
			JZ(LabelRef(keep))
			f := v.vec()
			v.broadcast(Mem{Base: inv}, f)
			for j, r := range acc[i] {
				v.mul(r, f, r)
				v.max(r, floor, r) // NaN in r stays
				d := v.vec()
				m := Mem{Base: x, Disp: j * v.width()}
				s.mask.load(v, m, d, nv == 1)
				v.sub(r, d, d)
				s.mask.clear(v, d, nv == 1)
				s.mask.store(v, r, m, nv == 1)
				addSquares(v, wide, d, change[:])
			}
			JMP(LabelRef(done))
			Label(keep)
			s.loadRow(x, acc[i])
			Label(done)
			s.finish(i, acc)
			ADDQ(s.xRow, x)
			ADDQ(U8(uint8(v.size())), inv)
		}
		s.stepOf("gRow", row)
		LEAQ(Mem{Base: s.p[mr-1], Index: row, Scale: 1}, s.p[0])
	})
	wide.add(change[0], change[1], change[0])
	Store(wide.fold(change[0], opAdd), Return("change"))
	VZEROUPPER()
	RET()
}

// addSquares adds d² in float64.
func addSquares(v, wide isa, d VecVirtual, change []VecVirtual) {
	if v.f64 {
		wide.fma(d, d, change[0])
		return
	}
	var half Register
	var low, high VecVirtual
	if v.bits == 512 {
		h := YMM()
		VEXTRACTF32X8(U8(1), d, h)
		half, low, high = h, ZMM(), ZMM()
		VCVTPS2PD(d.AsY(), low)
	} else {
		h := XMM()
		VEXTRACTF128(U8(1), d, h)
		half, low, high = h, YMM(), YMM()
		VCVTPS2PD(d.AsX(), low)
	}
	wide.fma(low, low, change[0])
	VCVTPS2PD(half, high)
	wide.fma(high, high, change[1])
}

// solveKernel generates the substitution of a triangular system.
func solveKernel(v isa, nv int) {
	name := fmt.Sprintf("solve%d%s", nv, v.suffix())
	TEXT(name, NOSPLIT, fmt.Sprintf("func(k0, k1 int, l *%[1]s, lRow, lCol int, x *%[1]s, xRow int, inv *%[1]s, invStep, last int)", v.typ()))
	Pragma("noescape")
	Doc(name+" is, for the columns j of the strip,", "",
		"\tfor k := k0; k < k1; k++ { x[k*xRow+j] = (x[k*xRow+j] - Σ_{s<k} l[k*lRow+s*lCol]*x[s*xRow+j]) * inv[k*invStep] }")
	s := newStrip(v, nv)
	step := GP64()
	s.step = step
	k, x, inv, invStep := GP64(), GP64(), GP64(), GP64()
	Load(Param("k0"), k)
	Load(Param("l"), s.p[0])
	Load(Param("x"), x)
	Load(Param("inv"), inv)
	row := GP64()
	s.stepOf("lRow", row)
	s.rowAt(s.p[0], k, row)
	s.stepOf("lCol", step)
	s.stepOf("xRow", s.xRow)
	s.rowAt(x, k, s.xRow)
	s.stepOf("invStep", invStep)
	s.rowAt(inv, k, invStep)
	s.groups(k, func(mr int, acc [][]VecVirtual) {
		row := GP64()
		s.stepOf("lRow", row)
		s.pointers(mr, row)
		MOVQ(x, s.xs)
		for i := range acc {
			s.loadRow(s.xs, acc[i])
			ADDQ(s.xRow, s.xs)
		}
		Load(Param("x"), s.xs)
		XORQ(s.col, s.col)
		MOVQ(k, s.count)
		s.others(fmt.Sprintf("above%d", mr), acc)
		for i := range acc {
			f := v.vec()
			v.broadcast(Mem{Base: inv}, f)
			for _, r := range acc[i] {
				v.mul(r, f, r)
			}
			s.storeRow(acc[i], x)
			s.finish(i, acc)
			ADDQ(s.xRow, x)
			ADDQ(invStep, inv)
		}
		s.stepOf("lRow", row)
		LEAQ(Mem{Base: s.p[mr-1], Index: row, Scale: 1}, s.p[0])
	})
	VZEROUPPER()
	RET()
}

// sub subtracts b from a.
func (v isa) sub(a, b, r Op) {
	if v.f64 {
		VSUBPD(b, a, r)
	} else {
		VSUBPS(b, a, r)
	}
}

// clear sets the lanes of r that are not there to 0.
func (m lanesMask) clear(v isa, r VecVirtual, masked bool) {
	switch {
	case !masked:
	case v.masks() && v.f64:
		VMOVAPD_Z(r, m.k, r)
	case v.masks():
		VMOVAPS_Z(r, m.k, r)
	default:
		VANDPD(m.signs, r, r)
	}
}
