package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vec generates the kernels on vectors.
func vec(v isa) {
	axpy(v, 1)
	axpy(v, 4)
	dot(v, 1)
	dot(v, 4)
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

// at returns the operand base[i·size + offset].
func at(base, i Register, v isa, offset int) Mem {
	return Mem{Base: base, Index: i, Scale: uint8(v.size()), Disp: offset}
}

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
	TEXT(name+v.suffix(), NOSPLIT, fmt.Sprintf("func(%s %s, %s, y []%s)", list(a), v.typ(), list(x), v.typ()))
	Pragma("noescape")
	Doc(name+v.suffix()+" is", "", "\tfor j := range y { "+doc+" }")
	y := Load(Param("y").Base(), GP64())
	length := GP64()
	Load(Param("y").Len(), length)
	var xs []Register
	var coef []VecVirtual
	for r := range n {
		xs = append(xs, Load(Param(x[r]).Base(), GP64()))
		c := v.vec()
		m, err := Param(a[r]).Resolve()
		if err != nil {
			panic(err)
		}
		v.broadcast(m.Addr, c)
		coef = append(coef, c)
	}
	i := GP64()
	XORQ(i, i)
	unrolls := []int{4, 1}
	if n == 4 {
		unrolls = []int{2, 1}
	}
	v.loop("loop", i, length, unrolls, func(u int) {
		acc := v.vecs(u)
		for k := range acc {
			v.load(at(y, i, v, k*v.width()), acc[k])
		}
		for r := range xs {
			for k := range acc {
				v.fma(at(xs[r], i, v, k*v.width()), coef[r], acc[k])
			}
		}
		for k := range acc {
			v.store(acc[k], at(y, i, v, k*v.width()))
		}
	})
	if v.masks() {
		SUBQ(i, length)
		JZ(LabelRef("end"))
		k := v.tailMask(length)
		acc, t := v.vec(), v.vec()
		v.loadMasked(at(y, i, v, 0), k, acc)
		for r := range xs {
			v.loadMasked(at(xs[r], i, v, 0), k, t)
			v.fma(t, coef[r], acc)
		}
		v.storeMasked(acc, k, at(y, i, v, 0))
	} else {
		acc := XMM()
		Label("tail")
		CMPQ(i, length)
		JGE(LabelRef("end"))
		v.loadScalar(at(y, i, v, 0), acc)
		for r := range xs {
			v.fmaScalar(at(xs[r], i, v, 0), coef[r].AsX(), acc)
		}
		v.storeScalar(acc, at(y, i, v, 0))
		INCQ(i)
		JMP(LabelRef("tail"))
	}
	Label("end")
	VZEROUPPER()
	RET()
}

// dot generates the inner products of x with n vectors y_r.
func dot(v isa, n int) {
	name, y, s := "dot", names("y", n), names("s", n)
	doc := "s += x[j]*y[j]"
	if n > 1 {
		name = fmt.Sprintf("dot%d", n)
		doc = "s0 += x[j]*y0[j]; s1 += x[j]*y1[j]; s2 += x[j]*y2[j]; s3 += x[j]*y3[j]"
	}
	TEXT(name+v.suffix(), NOSPLIT, fmt.Sprintf("func(x, %s []%s) (%s %s)", list(y), v.typ(), list(s), v.typ()))
	Pragma("noescape")
	Doc(name+v.suffix()+" is", "", "\tfor j := range x { "+doc+" }")
	x := Load(Param("x").Base(), GP64())
	length := GP64()
	Load(Param("x").Len(), length)
	var ys []Register
	for r := range n {
		ys = append(ys, Load(Param(y[r]).Base(), GP64()))
	}
	unroll := 8
	if n == 4 {
		unroll = 2
	}
	acc := make([][]VecVirtual, n)
	for r := range acc {
		acc[r] = v.vecs(unroll)
		for _, a := range acc[r] {
			v.zero(a)
		}
	}
	i := GP64()
	XORQ(i, i)
	v.loop("loop", i, length, []int{unroll, 1}, func(u int) {
		t := v.vecs(u)
		for k := range t {
			v.load(at(x, i, v, k*v.width()), t[k])
			for r := range ys {
				v.fma(at(ys[r], i, v, k*v.width()), t[k], acc[r][k])
			}
		}
	})
	if v.masks() {
		SUBQ(i, length)
		JZ(LabelRef("sum"))
		k := v.tailMask(length)
		a, b := v.vec(), v.vec()
		v.loadMasked(at(x, i, v, 0), k, a)
		for r := range ys {
			v.loadMasked(at(ys[r], i, v, 0), k, b)
			v.fma(a, b, acc[r][0])
		}
		Label("sum")
	}
	for r := range acc {
		for half := unroll / 2; half > 0; half /= 2 {
			for k := range half {
				v.add(acc[r][k], acc[r][k+half], acc[r][k])
			}
		}
	}
	sums := make([]VecVirtual, n)
	for r := range acc {
		sums[r] = v.reduce(acc[r][0])
	}
	if !v.masks() {
		a := XMM()
		Label("tail")
		CMPQ(i, length)
		JGE(LabelRef("end"))
		v.loadScalar(at(x, i, v, 0), a)
		for r := range ys {
			v.fmaScalar(at(ys[r], i, v, 0), a, sums[r])
		}
		INCQ(i)
		JMP(LabelRef("tail"))
		Label("end")
	}
	for r := range sums {
		Store(sums[r], Return(s[r]))
	}
	VZEROUPPER()
	RET()
}
