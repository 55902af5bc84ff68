package main

import (
	"fmt"
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vec generates the kernels that work on each element of vectors.
func vec(v isa) {
	axpy(v, 1)
	axpy(v, 4)
	hadamard(v, false)
	hadamard(v, true)
	fill(v)
	scale(v)
	scaleFloor(v)
	clamp(v)
	choose(v)
	addEach(v, "addAbs", "sum[j] += math.Abs(float64(x[j]))", false)
	addEach(v, "addSquares", "sum[j] += float64(x[j]) * float64(x[j])", true)
	scaleBy(v)
}

// names returns "x" or "x0, x1, …".
func names(prefix string, n int) []string {
	if n == 1 {
		return []string{prefix}
	}
	s := make([]string, n)
	for i := range s {
		s[i] = fmt.Sprintf("%s%d", prefix, i)
	}
	return s
}

func list(n []string) string { return strings.Join(n, ", ") }

// loop runs body over [i, n) in steps of unroll vectors, then of one vector,
// and leaves in i where it stopped.
func (v isa) loop(label string, i, n GPVirtual, unrolls []int, body func(unroll int)) {
	left := GP64()
	for _, u := range unrolls {
		step := u * v.lanes()
		top, done := fmt.Sprintf("%s%d", label, u), fmt.Sprintf("%s%ddone", label, u)
		MOVQ(n, left)
		SUBQ(i, left)
		Label(top)
		CMPQ(left, I32(int32(step)))
		JL(LabelRef(done))
		body(u)
		ADDQ(I32(int32(step)), i)
		SUBQ(I32(int32(step)), left)
		JMP(LabelRef(top))
		Label(done)
	}
}

// axpy generates y += Σ_r a_r·x_r for n vectors x_r.
func axpy(v isa, n int) {
	name, a, x := "axpy", names("a", n), names("x", n)
	doc := "y[j] += alpha*x[j]"
	if n == 1 {
		a = []string{"alpha"}
	} else {
		name = fmt.Sprintf("axpy%d", n)
		doc = "y[j] += a0*x0[j] + a1*x1[j] + a2*x2[j] + a3*x3[j]"
	}
	k := newKernel(name, v, v, "y", fmt.Sprintf("(%s T, %s, y []T)", list(a), list(x)), "for j := range y { "+doc+" }")
	y := base("y")
	var xs []Register
	var coef []VecVirtual
	for r := range n {
		xs = append(xs, base(x[r]))
		coef = append(coef, k.scalar(a[r]))
	}
	k.each([]int{8 / (1 + n/2), 1}, func(l lane) {
		acc := l.get(y)
		for r := range xs {
			if l.rest {
				l.fma(l.get(xs[r]), coef[r], acc)
			} else {
				l.fma(l.at(xs[r]), coef[r], acc)
			}
		}
		l.put(acc, y)
	})
	end()
}

// hadamard generates the products of elements.
func hadamard(v isa, add bool) {
	name, doc := "hadamard", "dst[j] = x[j]*y[j]"
	if add {
		name, doc = "hadamardAdd", "dst[j] += x[j]*y[j]"
	}
	k := newKernel(name, v, v, "dst", "(dst, x, y []T)", "for j := range dst { "+doc+" }")
	dst, x, y := base("dst"), base("x"), base("y")
	k.each([]int{4, 1}, func(l lane) {
		if add {
			l.put(l.timesPlus(l.get(x), l.get(y), l.get(dst)), dst)
		} else {
			l.put(l.times(l.get(x), l.get(y)), dst)
		}
	})
	end()
}

func fill(v isa) {
	k := newKernel("fill", v, v, "x", "(x []T, a T)", "for j := range x { x[j] = a }")
	x, a := base("x"), k.scalar("a")
	k.each([]int{8, 1}, func(l lane) { l.put(a, x) })
	end()
}

func scale(v isa) {
	k := newKernel("scale", v, v, "x", "(x []T, a T)", "for j := range x { x[j] *= a }")
	x, a := base("x"), k.scalar("a")
	k.each([]int{4, 1}, func(l lane) { l.put(l.times(l.get(x), a), x) })
	end()
}

func scaleFloor(v isa) {
	k := newKernel("scaleFloor", v, v, "dst", "(dst, src []T, scale, floor T)",
		"for j := range dst { s := src[j]; if s < floor { s = floor }; dst[j] = s * scale }")
	dst, src, scale, floor := base("dst"), base("src"), k.scalar("scale"), k.scalar("floor")
	k.each([]int{4, 1}, func(l lane) {
		l.put(l.times(l.larger(floor, l.get(src)), scale), dst)
	})
	end()
}

func clamp(v isa) {
	k := newKernel("clamp", v, v, "x", "(x []T, lo T)", "for j := range x { if x[j] < lo { x[j] = lo } }")
	x, lo := base("x"), k.scalar("lo")
	k.each([]int{4, 1}, func(l lane) { l.put(l.larger(lo, l.get(x)), x) })
	end()
}

// choose generates Select.
func choose(v isa) {
	k := newKernel("choose", v, v, "dst", "(dst, src, w []T, other T)",
		"for j := range dst { if w[j] != 0 { dst[j] = src[j] } else { dst[j] = other } }")
	dst, src, w, other := base("dst"), base("src"), base("w"), k.scalar("other")
	zero := k.zeros(1)[0]
	k.each([]int{4, 1}, func(l lane) {
		l.put(l.choose(l.compare(l.get(w), notEqual, zero), other, l.get(src)), dst)
	})
	end()
}

// addEach generates sums of each element by itself, in float64.
func addEach(v isa, name, doc string, squares bool) {
	k := newKernel(name, v, v.wide(), "x", "(sum []float64, x []T)", "for j := range x { "+doc+" }")
	sum, x := base("sum"), base("x")
	var rest Op // all bits but that of the sign
	if !squares {
		rest = k.copyOf(k.conBits(math.MaxInt64))
	}
	k.each([]int{4, 1}, func(l lane) {
		to := l.float64s()
		e, acc := l.get(x), to.get(sum)
		if squares {
			l.fma(e, e, acc)
		} else {
			l.add(l.binary(opAnd, e, rest), acc, acc)
		}
		to.put(acc, sum)
	})
	end()
}

// scaleBy generates products with float64 numbers, rounded once.
func scaleBy(v isa) {
	k := newKernel("scaleBy", v, v.wide(), "x", "(x []T, s []float64)", "for j := range x { x[j] = T(float64(x[j]) * s[j]) }")
	x, s := base("x"), base("s")
	k.each([]int{4, 1}, func(l lane) { l.put(l.times(l.get(x), l.float64s().get(s)), x) })
	end()
}
