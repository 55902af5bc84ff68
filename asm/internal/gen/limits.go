package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// peakChains is the number of independent chains of multiply-adds: more than
// latency times throughput of any processor, and fewer than there are
// registers.
const peakChains = 12

// limits generates what benchmarks measure a machine's limits with.
func limits(v isa) {
	peak(v)
	sum(v)
	fill(v)
}

// peak generates chains of multiply-adds that need no memory.
func peak(v isa) {
	TEXT("peak"+v.suffix(), NOSPLIT, fmt.Sprintf("func(n int) (s %s)", v.typ()))
	Doc("peak"+v.suffix()+" is", "", fmt.Sprintf("\tfor range n { for k := range %d { acc[k] += x*y } }", peakChains))
	n := GP64()
	Load(Param("n"), n)
	acc := v.vecs(peakChains)
	x := v.vec()
	v.zero(x)
	for _, a := range acc {
		v.zero(a)
	}
	Label("loop")
	for _, a := range acc {
		v.fma(x, x, a)
	}
	for _, a := range acc {
		v.fma(x, x, a)
	}
	SUBQ(U8(2), n)
	JG(LabelRef("loop"))
	for _, a := range acc[1:] {
		v.add(a, acc[0], acc[0])
	}
	Store(v.reduce(acc[0]), Return("s"))
	VZEROUPPER()
	RET()
}

// sum generates the sum of a vector.
func sum(v isa) {
	TEXT("sum"+v.suffix(), NOSPLIT, fmt.Sprintf("func(x []%s) (s %s)", v.typ(), v.typ()))
	Pragma("noescape")
	Doc("sum"+v.suffix()+" is", "", "\tfor j := range x { s += x[j] }")
	x, length := GP64(), GP64()
	Load(Param("x").Base(), x)
	Load(Param("x").Len(), length)
	acc := v.vecs(8)
	for _, a := range acc {
		v.zero(a)
	}
	i := GP64()
	XORQ(i, i)
	v.loop("loop", i, length, []int{8, 1}, func(u int) {
		for k := range u {
			v.add(at(x, i, v, k*v.width()), acc[k], acc[k])
		}
	})
	if v.masks() {
		SUBQ(i, length)
		JZ(LabelRef("sum"))
		k := v.tailMask(length)
		t := v.vec()
		v.loadMasked(at(x, i, v, 0), k, t)
		v.add(t, acc[0], acc[0])
		Label("sum")
	}
	for half := 4; half > 0; half /= 2 {
		for k := range half {
			v.add(acc[k], acc[k+half], acc[k])
		}
	}
	s := v.reduce(acc[0])
	if !v.masks() {
		Label("tail")
		CMPQ(i, length)
		JGE(LabelRef("end"))
		if v.f64 {
			VADDSD(at(x, i, v, 0), s, s)
		} else {
			VADDSS(at(x, i, v, 0), s, s)
		}
		INCQ(i)
		JMP(LabelRef("tail"))
		Label("end")
	}
	Store(s, Return("s"))
	VZEROUPPER()
	RET()
}

// fill generates the filling of a vector with one number.
func fill(v isa) {
	TEXT("fill"+v.suffix(), NOSPLIT, fmt.Sprintf("func(x []%s, a %s)", v.typ(), v.typ()))
	Pragma("noescape")
	Doc("fill"+v.suffix()+" is", "", "\tfor j := range x { x[j] = a }")
	x, length := GP64(), GP64()
	Load(Param("x").Base(), x)
	Load(Param("x").Len(), length)
	a := v.vec()
	m, err := Param("a").Resolve()
	if err != nil {
		panic(err)
	}
	v.broadcast(m.Addr, a)
	i := GP64()
	XORQ(i, i)
	v.loop("loop", i, length, []int{8, 1}, func(u int) {
		for k := range u {
			v.store(a, at(x, i, v, k*v.width()))
		}
	})
	if v.masks() {
		SUBQ(i, length)
		JZ(LabelRef("end"))
		v.storeMasked(a, v.tailMask(length), at(x, i, v, 0))
	} else {
		Label("tail")
		CMPQ(i, length)
		JGE(LabelRef("end"))
		v.storeScalar(a.AsX(), at(x, i, v, 0))
		INCQ(i)
		JMP(LabelRef("tail"))
	}
	Label("end")
	VZEROUPPER()
	RET()
}
