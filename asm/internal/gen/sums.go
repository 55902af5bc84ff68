package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

// sums generates the kernels that make one number of vectors. They add up in
// float64, each lane and each of the vectors of a round for itself.
func sums(v isa) {
	sum(v)
	sumOfTwo(v, "dot", "(x, y []T) (s float64)", "for j := range x { s += float64(x[j]) * float64(y[j]) }", func(l lane, x, y, acc VecVirtual) {
		l.fma(x, y, acc)
	})
	sumOfTwo(v, "sqDist", "(x, y []T) (s float64)", "for j := range x { d := float64(x[j]) - float64(y[j]); s += d * d }", func(l lane, x, y, acc VecVirtual) {
		d := l.minus(x, y)
		l.fma(d, d, acc)
	})
	sumSquares(v)
	scan(v)
}

// accumulators is the number of vectors of a round: latency times throughput of
// a multiply-add.
const accumulators = 8

// total ends a kernel with the sum of its accumulators.
func (k *kernel) total(acc []VecVirtual) {
	Store(k.foldAll(acc, opAdd), Return("s"))
	end()
}

func sum(v isa) {
	k := newKernel("sum", v, v.wide(), "x", "(x []T) (s float64)", "for j := range x { s += float64(x[j]) }")
	x, acc := base("x"), k.zeros(accumulators)
	k.each([]int{accumulators, 1}, func(l lane) { l.add(l.get(x), acc[l.nr], acc[l.nr]) })
	k.total(acc)
}

func sumSquares(v isa) {
	k := newKernel("sumSquares", v, v.wide(), "x", "(x []T) (s float64)", "for j := range x { s += float64(x[j]) * float64(x[j]) }")
	x, acc := base("x"), k.zeros(accumulators)
	k.each([]int{accumulators, 1}, func(l lane) {
		e := l.get(x)
		l.fma(e, e, acc[l.nr])
	})
	k.total(acc)
}

func sumOfTwo(v isa, name, signature, doc string, body func(l lane, x, y, acc VecVirtual)) {
	k := newKernel(name, v, v.wide(), "x", signature, doc)
	x, y, acc := base("x"), base("y"), k.zeros(accumulators)
	k.each([]int{accumulators, 1}, func(l lane) { body(l, l.get(x), l.get(y), acc[l.nr]) })
	k.total(acc)
}

// scan generates the pass that looks at data. An element that is not finite
// shows in a sum of zeros: its product with 0 is NaN.
func scan(v isa) {
	k := newKernel("scan", v, v, "x", "(x []T) (lo, hi T, finite bool)",
		"for j := range x { if x[j] < lo { lo = x[j] }; if x[j] > hi { hi = x[j] }; finite = finite && x[j]-x[j] == 0 }")
	const u = 4
	x, lo, hi, bad, zero := base("x"), k.vecs(u), k.vecs(u), k.zeros(u), k.zeros(1)[0]
	inf := k.con(infinity)
	for i := range u {
		k.load(k.copyOf(inf), lo[i])
		v.emit(opSub, 0, lo[i], zero, hi[i])
	}
	k.each([]int{u, 1}, func(l lane) {
		e, r := l.get(x), l.nr
		l.fma(e, zero, bad[r])
		low, high := e, e
		if l.rest { // what is not there neither rises nor falls
			c := cond{l.mask.k, l.mask.y}
			low, high = l.choose(c, lo[r], e), l.choose(c, hi[r], e)
		}
		// NaN leaves the second operand.
		v.emit(opMin, 0, lo[r], low, lo[r])
		v.emit(opMax, 0, hi[r], high, hi[r])
	})
	Store(k.foldAll(lo, opMin), Return("lo"))
	Store(k.foldAll(hi, opMax), Return("hi"))
	sum := k.foldAll(bad, opAdd)
	finite := GP8()
	if v.f64 {
		VUCOMISD(sum, sum)
	} else {
		VUCOMISS(sum, sum)
	}
	SETPC(finite) // no NaN
	Store(finite, Return("finite"))
	end()
}
