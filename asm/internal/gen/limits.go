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

// limits generates chains of multiply-adds that need no memory, with which
// benchmarks measure a machine's limits.
func limits(v isa) {
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
	Store(v.fold(acc[0], opAdd), Return("s"))
	end()
}
