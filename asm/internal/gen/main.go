// Command gen writes the assembly of package asm: one family of kernels for one
// level per call. It is a module of its own so that users of polyad never see
// its dependencies.
//
// It uses virtual registers; a kernel that needs more than there are fails here.
package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	family := flag.String("family", "", "one of the names below")
	level := flag.String("level", "", "avx2 or avx512")
	flag.Parse()
	bits := map[string]int{"avx2": 256, "avx512": 512}[*level]
	name := map[string]string{"avx2": "AVX2", "avx512": "AVX512"}[*level]
	generate := map[string]func(isa){
		"vec": vec, "sums": sums, "transpose": transpose, "tile": tile, "ratio": ratio, "sweep": sweep, "quot": quot, "pow": pow, "divergence": divergence, "limits": limits,
	}[*family]
	if bits == 0 || generate == nil {
		log.Fatalf("unknown level %q or family %q", *level, *family)
	}
	ConstraintExpr("!purego")
	for _, f64 := range []bool{false, true} {
		generate(isa{name, bits, f64})
	}
	writeTables()
	Generate()
}
