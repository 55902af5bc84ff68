package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// quot generates the quotients of the divergences whose powers are products,
// quotients and roots.
func quot(v isa) {
	k := newKernel("quotKL", v, v, "y", "(y, v []T, floor T)", "for j := range y { y[j] = v[j] / max(y[j], floor) }")
	y, data, floor, one := base("y"), base("v"), k.scalar("floor"), k.vec()
	k.ones(one)
	k.each([]int{4, 1}, func(l lane) {
		l.put(l.quotientOf(l.get(data), l.larger(floor, l.get(y)), one), y)
	})
	end()

	quotient(v, "quotIS", "p[j] = 1/m; y[j] = v[j] * p[j] * p[j]", func(l lane, m, v, one VecVirtual) (y, p VecVirtual) {
		p = l.reciprocal(m, one)
		return l.times(l.times(v, p), p), p
	})
	quotient(v, "quot05", "p[j] = 1/√m; y[j] = v[j] * p[j] * p[j] * p[j]", func(l lane, m, v, one VecVirtual) (y, p VecVirtual) {
		_, p = l.roots(m, one)
		return l.times(l.times(l.times(v, p), p), p), p
	})
	quotient(v, "quot15", "p[j] = √m; y[j] = v[j] / p[j]", func(l lane, m, v, one VecVirtual) (y, p VecVirtual) {
		if !l.masks() {
			p = l.root(m)
			return l.over(v, p), p
		}
		p, inverse := l.roots(m, one)
		return l.times(v, inverse), p
	})
	quotient(v, "quot3", "p[j] = m * m; y[j] = v[j] * m", func(l lane, m, v, _ VecVirtual) (y, p VecVirtual) {
		return l.times(v, m), l.times(m, m)
	})
}

// quotient generates one of those that also give a power.
func quotient(v isa, name, doc string, body func(l lane, m, v, one VecVirtual) (y, p VecVirtual)) {
	k := newKernel(name, v, v, "y", "(y, p, v []T, floor T)", "for j := range y { m := max(y[j], floor); "+doc+" }")
	y, p, data, floor, one := base("y"), base("p"), base("v"), k.scalar("floor"), k.vec()
	k.ones(one)
	k.each([]int{2, 1}, func(l lane) {
		a, b := body(l, l.larger(floor, l.get(y)), l.get(data), one)
		l.put(a, y)
		l.put(b, p)
	})
	end()
}

// ones sets all lanes of r to 1.
func (v isa) ones(r VecVirtual) { v.load(v.copyOf(v.con(1)), r) }

// quotientOf returns x/y.
func (v isa) quotientOf(x Op, y, ones VecVirtual) VecVirtual {
	if v.masks() {
		return v.times(v.reciprocal(y, ones), x)
	}
	q := v.copyOf(x)
	return v.over(q, y)
}

// reciprocal returns 1/y, with ones holding 1 in every lane. AVX-512 has an estimate of 14 bits that Newton steps
// r ← r + r·(1 - y·r) bring to full precision, in less time than a division
// takes; the result is within 2 units in the last place. Where y is 0, infinite
// or NaN the estimate is the result.
func (v isa) reciprocal(y, ones VecVirtual) VecVirtual {
	if !v.masks() {
		return v.over(ones, y)
	}
	r, steps := v.vec(), 1
	if v.f64 {
		VRCP14PD(y, r)
		steps = 2
	} else {
		VRCP14PS(y, r)
	}
	var regular cond
	for i := range steps {
		e := v.lessTimes(ones, y, r)
		if i == 0 {
			regular = v.compare(e, ordered, e)
		}
		v.emit(opFMA231, 0, e, r, regular.k, r)
	}
	return r
}

// root returns √x.
func (v isa) root(x VecVirtual) VecVirtual {
	r := v.vec()
	if v.f64 {
		VSQRTPD(x, r)
	} else {
		VSQRTPS(x, r)
	}
	return r
}

// roots returns √x and 1/√x. AVX-512 has an estimate of 14 bits for the latter:
// with e = 1 - x·r², r ← r·(1 + e/2 + 3e²/8) makes about 40 bits of them, and
// r ← r·(1 + e/2) all that there are but 2 units in the last place. Where x is 0,
// infinite or NaN the estimate and x are the results.
func (v isa) roots(x, ones VecVirtual) (root, inverse VecVirtual) {
	if !v.masks() {
		root = v.root(x)
		return root, v.over(ones, root)
	}
	half := v.con(.5)
	r := v.vec()
	if v.f64 {
		VRSQRT14PD(x, r)
	} else {
		VRSQRT14PS(x, r)
	}
	e := v.lessTimes(ones, v.times(x, r), r)
	regular := v.compare(e, ordered, e)
	if v.f64 {
		step := v.times(e, v.timesPlus(e, v.copyOf(v.con(.375)), half))
		v.emit(opFMA231, 0, step, r, regular.k, r)
		e = v.lessTimes(ones, v.times(x, r), r)
	}
	v.emit(opFMA231, 0, v.times(e, half), r, regular.k, r)
	root = v.copyOf(x)
	v.emit(opMul, 0, r, x, regular.k, root)
	return root, r
}

// Rounding to nearest, without exceptions.
const toNearest = U8(8)

// rounded returns the integer nearest to x.
func (v isa) rounded(x VecVirtual) VecVirtual {
	r := v.vec()
	if v.masks() {
		VRNDSCALEPD(toNearest, x, r)
	} else {
		VROUNDPD(toNearest, x, r)
	}
	return r
}
