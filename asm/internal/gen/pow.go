package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Powers x^e are 2^(e·log2 x) with log2 x in two numbers, so that what e·log2 x
// loses is less than what a float64 near 1 can hold:
//
//	x = 2^k·m,  √½ ≤ m < √2,  s = (m-1)/(m+1),  log2 m = (2·s + s³·A(s²))/ln 2
//
// with s and the product 2s/ln 2 in head and tail. A is the polynomial of degree
// 6 that is nearest to (2·artanh s - 2s)/s³ (error below 2^-51, of a term that is
// at most 1 % of the sum), and 2^r = 1 + r·E(r) for |r| ≤ ½ with E of degree 10
// (error below 2^-54). For float32 one number for log2 x and polynomials of
// degrees 3 and 6 do: the error of the power stays below 2^-32.

var (
	artanhWide   = []float64{0x1.5555555555558p-1, 0x1.9999999994fbdp-2, 0x1.2492492e478e0p-2, 0x1.c71c627a5f6d4p-3, 0x1.7462d27c16a3ap-3, 0x1.39fa94077eec9p-3, 0x1.2b8678358940cp-3}
	artanhNarrow = []float64{0x1.5555554b5ab52p-1, 0x1.9999ed5a66236p-2, 0x1.245b70669c701p-2, 0x1.ddf9a6023c607p-3}
	exp2Wide     = []float64{0x1.62e42fefa39efp-1, 0x1.ebfbdff82c5a5p-3, 0x1.c6b08d7049fe3p-5, 0x1.3b2ab6fb9ffdcp-7, 0x1.5d87fe78ce0dfp-10, 0x1.4309130f1dbb0p-13, 0x1.ffcbfba7623e7p-17, 0x1.62bfc6e3ce5f2p-20, 0x1.b5267f76961bep-24, 0x1.e61ca30d536e9p-28, 0x1.e79a765e04ce2p-32}
	exp2Narrow   = []float64{0x1.62e42ff0e69fep-1, 0x1.ebfbe0790d3dap-3, 0x1.c6b08ab83cc26p-5, 0x1.3b29f20e53bf5p-7, 0x1.5d8a8b1d4b59fp-10, 0x1.445dde94a80edp-13, 0x1.fde41b1b379cep-17}
)

const (
	ln2      = 0x1.62e42fefa39efp-1
	twoLog2e = 0x1.71547652b82fep+1 // 2/ln 2, and what it lacks
	restLog  = 0x1.777d0ffda0d24p-55
)

var infinity = math.Inf(1)

func overLn2(c []float64) []float64 {
	r := make([]float64, len(c))
	for i := range c {
		r[i] = c[i] / math.Ln2
	}
	return r
}

// pow generates the quotients with powers of any exponent.
func pow(v isa) {
	k := newKernel("quotPow", v, v.wide(), "y", "(y, p, v []T, exponent float64, floor T)",
		"for j := range y { m := float64(max(y[j], floor)); q := math.Pow(m, exponent); y[j] = T(float64(v[j]) * q); p[j] = T(m * q) }")
	y, p, data, floor := base("y"), base("p"), base("v"), k.scalar("floor")
	e := k.newPower(k.parameter("exponent"))
	k.each([]int{1}, func(l lane) {
		m := l.larger(floor, l.get(y))
		logM, tail := l.log2(m, v.f64)
		q := l.exp2(e, m, logM, tail)
		l.put(l.times(q, l.get(data)), y)
		l.put(l.times(q, m), p)
	})
	end()
}

// power is an exponent other than 0, and what it makes of 0 and infinity.
type power struct{ e, atZero, atInfinity Op }

func (k *kernel) newPower(e VecVirtual) power {
	zero := k.zeros(1)[0]
	return power{k.keep(e), k.keep(k.larger(k.times(e, k.con(-infinity)), zero)), k.keep(k.larger(k.times(e, k.con(infinity)), zero))}
}

// keep returns a value that is the same in all lanes and that all rounds need:
// on the stack, as the constants are in their table.
func (k *kernel) keep(r VecVirtual) Op {
	if k.masks() {
		m := AllocLocal(8)
		VMOVSD(r.AsX(), m)
		return konst{m}
	}
	m := AllocLocal(k.width())
	k.store(r, m)
	return m
}

// split returns m and e with x = m·2^e, 1 ≤ m < 2. Of 0 the exponent is -∞, or
// without AVX-512 below that of all numbers; of infinity it is ∞, or 1024.
func (k *kernel) split(x VecVirtual) (m, e VecVirtual) {
	m, e = k.vec(), k.vec()
	if k.masks() {
		VGETMANTPD(U8(0), x, m)
		VGETEXPPD(x, e)
		return m, e
	}
	subnormal := k.mem.f64 // numbers that were float32 are not
	var small cond
	if subnormal {
		small = k.compare(x, less, k.con(0x1p-1022))
		x = k.timesIf(small, x, k.con(0x1p54))
	}
	const magic = 0x1p52 // an integer in its low bits is one added to it
	VPSRLQ(U8(52), x, e)
	VPOR(k.con(magic).Mem, e, e)
	e = k.minus(e, k.con(magic+1023))
	if subnormal {
		e = k.plusIf(small, e, k.con(-54))
	}
	VPAND(k.conBits(1<<52-1).Mem, x, m)
	VPOR(k.con(1).Mem, m, m)
	return m, e
}

// scaleBy is x·2^e for an integer e, |e| ≤ 2044, and beyond it the same as there.
func (k *kernel) scaleBy(x, e VecVirtual) VecVirtual {
	if k.masks() {
		r := k.vec()
		VSCALEFPD(e, x, r)
		return r
	}
	// 2^e is the product of two powers whose exponents, with the bias, add up
	// to e + 2046.
	e = k.larger(k.smaller(e, k.con(2044)), k.con(-2044))
	t, a, b := k.plus(e, k.con(0x1p52+2046)), k.vec(), k.vec()
	VPSRLQ(U8(1), t, a)
	VPSUBQ(a, t, b)
	VPSLLQ(U8(52), a, a)
	VPSLLQ(U8(52), b, b)
	return k.times(k.times(x, a), b)
}

// log2 returns the logarithm of x > 0; with precise set the tail holds what does
// not fit into the first result.
func (k *kernel) log2(x VecVirtual, precise bool) (head, tail VecVirtual) {
	m, e := k.split(x)
	return k.log2Of(m, e, precise)
}

// log2Of is log2 for x = m·2^e, 1 ≤ m < 2.
func (k *kernel) log2Of(m, e VecVirtual, precise bool) (head, tail VecVirtual) {
	high := k.compare(m, atLeast, k.con(math.Sqrt2))
	m, e = k.timesIf(high, m, k.con(.5)), k.plusIf(high, e, k.con(1))
	one := k.con(1)
	f, sum := k.minus(m, one), k.plus(m, one)
	s := k.over(f, sum)
	if !precise {
		z := k.times(s, s)
		u := k.times(k.times(s, z), k.polynomial(z, overLn2(artanhNarrow)))
		return k.plus(k.timesPlus(s, k.copyOf(k.con(twoLog2e)), u), e), nil
	}
	sumTail := k.minus(m, k.minus(sum, one))
	k.subtract(f, s, sum)
	k.subtract(f, s, sumTail)
	sTail := k.times(f, k.about(sum))
	z := k.times(s, s)
	c := k.copyOf(k.con(twoLog2e))
	p := k.times(s, c)
	excess := k.lessTimes(p, s, c)
	u := k.timesPlus(sTail, c, k.times(s, k.con(restLog)))
	u = k.timesPlus(k.times(s, z), k.polynomial(z, overLn2(artanhWide)), u)
	u = k.minus(u, excess)
	head = k.plus(e, p)
	return head, k.plus(k.minus(p, k.minus(head, e)), u)
}

// about is 1/x for 1 < x < 3, to three digits or more.
func (k *kernel) about(x VecVirtual) VecVirtual {
	r := k.vec()
	if k.masks() {
		VRCP14PD(x, r)
		return r
	}
	half := XMM()
	VCVTPD2PSY(x, half)
	VRCPPS(half, half)
	VCVTPS2PD(half, r)
	return r
}

// exp2 returns x^e, given x ≥ 0 and its logarithm.
func (k *kernel) exp2(e power, x, head, tail VecVirtual) VecVirtual {
	w := k.times(head, e.e)
	n := k.rounded(w)
	r := k.minus(w, n)
	c := exp2Narrow
	if tail != nil {
		c = exp2Wide
		excess := k.lessTimes(w, head, e.e)
		k.subtract(excess, tail, e.e)
		r = k.minus(r, excess)
	}
	p := k.polynomial(r, c)
	k.emit(opFMA213, 0, k.con(1), r, p)
	p = k.scaleBy(p, n)
	zero := k.zeros(1)[0]
	p = k.choose(k.compare(x, equal, zero), p, e.atZero)
	p = k.choose(k.compare(x, equal, k.con(infinity)), p, e.atInfinity)
	if !k.masks() { // integer operations do not see NaN
		p = k.choose(k.compare(x, unordered, x), p, x)
	}
	return p
}
