package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

// The divergences of x and y are written in terms of
//
//	b/a = 2^k·(1+f),  √½ ≤ 1+f < √2,  s = f/(2+f),  h(f) = f - log(1+f) = f·s - s³·A(s²)
//
// for which f comes from the difference of the numbers, and not of their quotient
// and 1: where x is near y, k = 0 and nothing cancels.
//
//	d_1(x, y) = x·h + (y - y') - k·x·ln 2,  y' = y·2^-k,  with b/a = y/x
//	d_0(x, y) = h + (1+f)·(2^k - 1) - k·ln 2,             with b/a = x/y

// divergence generates the sums of divergences.
func divergence(v isa) {
	divKL(v)
	divIS(v)
	divPow(v)
}

const divergenceDoc = "for j := range x { m := y[j]; if x[j] > 0 { m = max(m, floor) }; s += "

func newDivergence(v isa, name, signature, doc string) (k *kernel, x, y GPVirtual, floor VecVirtual) {
	k = newKernel(name, v, v.wide(), "x", signature, divergenceDoc+doc+" }")
	return k, base("x"), base("y"), k.scalar("floor")
}

// quotient returns the mantissa of b, times a power of two so that its quotient
// by that of a is 1+f, and k.
func (k *kernel) quotient(ma, ea, mb, eb VecVirtual) (b, exponent VecVirtual) {
	root := k.con(math.Sqrt2)
	e := k.minus(eb, ea)
	if k.masks() { // to three digits is near enough
		q := k.times(k.times(k.about(mb), root), ma)
		VGETEXPPD(q, q)
		b = k.scaleBy(mb, q)
		return b, k.minus(e, q)
	}
	high := k.compare(mb, atLeast, k.times(ma, root))
	low := k.compare(ma, greater, k.times(mb, root))
	e = k.plusIf(low, k.plusIf(high, e, k.con(1)), k.con(-1))
	return k.timesIf(low, k.timesIf(high, mb, k.con(.5)), k.con(2)), e
}

// cubic is s³·A(s²).
func (k *kernel) cubic(s VecVirtual) VecVirtual {
	z := k.times(s, s)
	return k.times(k.polynomial(z, artanhWide), k.times(s, z))
}

func divKL(v isa) {
	k, xs, ys, floor := newDivergence(v, "divKL", "(x, y []T, floor T) (s float64)", "x[j]*log(x[j]/m) - x[j] + m")
	acc, zero := k.zeros(2), k.zeros(1)[0]
	k.each([]int{2, 1}, func(l lane) {
		x, y := l.get(xs), l.get(ys)
		m := l.larger(floor, y)
		mx, ex := l.split(x)
		mm, em := l.split(m)
		b, e := l.quotient(mx, ex, mm, em)
		near := l.scaleBy(b, ex)
		s := l.over(l.minus(b, mx), l.plus(b, mx))
		d := l.times(l.minus(near, x), s)
		l.subtract(d, x, l.cubic(s))
		d = l.plus(d, l.minus(m, near))
		l.subtract(d, l.times(x, e), l.con(ln2))
		if !l.masks() {
			d = l.choose(l.compare(m, equal, zero), d, l.con(infinity))
		}
		d = l.choose(l.compare(x, equal, zero), d, y)
		l.add(d, acc[l.nr], acc[l.nr])
	})
	k.total(acc)
}

func divIS(v isa) {
	k, xs, ys, floor := newDivergence(v, "divIS", "(x, y []T, floor T) (s float64)", "x[j]/m - log(x[j]/m) - 1")
	acc, zero := k.zeros(2), k.zeros(1)[0]
	k.each([]int{2, 1}, func(l lane) {
		x, y := l.get(xs), l.get(ys)
		m := l.larger(floor, y)
		mx, ex := l.split(x)
		mm, em := l.split(m)
		b, e := l.quotient(mm, em, mx, ex)
		f, h := l.nearOne(mm, b)
		t := l.plus(f, l.con(1))
		d := l.plus(h, l.minus(l.scaleBy(t, e), t))
		l.subtract(d, e, l.con(ln2))
		d = l.seen(d, x, m)
		d = l.choose(l.compare(l.smaller(x, m), lessEqual, zero), d, l.con(infinity))
		d = l.choose(l.both(l.compare(x, equal, zero), l.compare(y, equal, zero)), d, zero)
		l.add(d, acc[l.nr], acc[l.nr])
	})
	k.total(acc)
}

// nearOne returns f and h for b/a = 1+f.
func (k *kernel) nearOne(a, b VecVirtual) (f, h VecVirtual) {
	d := k.minus(b, a)
	f = k.over(d, a)
	s := k.over(d, k.plus(b, a))
	return f, k.minus(k.times(f, s), k.cubic(s))
}

// seen is d, and NaN where x or y are not finite, which integer operations do not
// see.
func (k *kernel) seen(d, x, y VecVirtual) VecVirtual {
	if k.masks() {
		return d
	}
	return k.plus(d, k.plus(k.minus(x, x), k.minus(y, y)))
}

// expRest are the coefficients of (e^w - 1 - w)/w² for |w| ≤ 0.35 (error below
// 2^-57).
var expRest = []float64{0x1p-1, 0x1.5555555555557p-3, 0x1.555555555554ep-5, 0x1.111111110ff9cp-7, 0x1.6c16c16c1a4b4p-10, 0x1.a01a01ac96372p-13, 0x1.a01a018f70f81p-16, 0x1.71de000b44905p-19, 0x1.27e511ae6247cp-22, 0x1.af525cb9f2c57p-26, 0x1.1f1ae2a061d37p-29}

// divPow generates
//
//	d_β(x, y) = (x^β + y^(β-1)·((β-1)·y - β·x)) / (β·(β-1))
//	          = y^β·(e^w - 1 - w - β·h) / (β·(β-1)),  w = β·(f - h),  x/y = 1+f
//
// with the second form where k = 0 and |w| is small.
func divPow(v isa) {
	k, xs, ys, floor := newDivergence(v, "divPow", "(x, y []T, beta float64, floor T) (s float64)", "d_beta(x[j], m)")
	beta := k.parameter("beta")
	lower := k.minus(beta, k.con(1))
	toBeta, toLower := k.newPower(beta), k.newPower(lower)
	factor := k.keep(k.over(k.copyOf(k.con(1)), k.times(beta, lower)))
	least := k.keep(floor)
	acc, zero := k.zeros(1)[0], k.zeros(1)[0]
	k.each([]int{1}, func(l lane) {
		x, y := l.get(xs), l.get(ys)
		none := l.compare(x, equal, zero)
		m := l.choose(none, l.larger(l.copyOf(least), y), y)
		nothing := l.both(none, l.compare(y, equal, zero))
		mm, em := l.split(m)
		head, tail := l.log2Of(mm, em, true)
		py := l.exp2(toLower, m, head, tail)
		mx, ex := l.split(x)
		b, e := l.quotient(mm, em, mx, ex)
		f, h := l.nearOne(mm, b)
		w := l.times(l.minus(f, h), toBeta.e)
		near := l.both(l.compare(e, equal, zero), l.compare(l.times(w, w), less, l.con(.12)))
		close := l.times(l.times(w, w), l.polynomial(w, expRest))
		close = l.times(l.lessTimes(close, h, toBeta.e), l.times(py, m))
		head, tail = l.log2Of(mx, ex, true)
		d := l.minus(l.times(m, toLower.e), l.times(x, toBeta.e))
		d = l.timesPlus(py, d, l.exp2(toBeta, x, head, tail))
		d = l.times(l.choose(near, d, close), factor)
		d = l.choose(nothing, l.seen(d, x, m), zero)
		l.add(d, acc, acc)
	})
	k.total([]VecVirtual{acc})
}
