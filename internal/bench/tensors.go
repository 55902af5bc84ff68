package bench

import (
	"strconv"
	"strings"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/tensor"
)

// tensorCases lists the products of arrays, each mode.
func tensorCases[T asm.Float](small bool) (all []testCase[T]) {
	cube, ranks, ttm := []int{300, 300, 300}, []int{16, 64}, 20
	if small {
		cube, ranks = []int{40, 40, 40}, []int{16}
	}
	for mode := range cube {
		for _, r := range ranks {
			all = append(all, mttkrpCase[T](cube, r, mode))
		}
	}
	if !small {
		for mode := range 4 {
			all = append(all, mttkrpCase[T]([]int{80, 80, 80, 80}, 16, mode))
		}
	}
	for mode := range cube {
		all = append(all, ttmCase[T](cube, ttm, mode))
	}
	return all
}

func mttkrpCase[T asm.Float](shape []int, r, mode int) testCase[T] {
	return tensorCase("mttkrp", shape, r, mode, func(pool *par.Pool, x *tensor.Dense[T]) func() {
		return mttkrp(pool, x, r, mode)
	})
}

func mttkrp[T asm.Float](pool *par.Pool, x *tensor.Dense[T], r, mode int) func() {
	f := make([]*matrix.Dense[T], len(x.Shape))
	for n, s := range x.Shape {
		f[n] = ramp[T](s, r)
	}
	dst, w := matrix.New[T](x.Shape[mode], r), &tensor.Work[T]{}
	return func() { w.MTTKRP(pool, dst, x, f, mode) }
}

func ttmCase[T asm.Float](shape []int, j, mode int) testCase[T] {
	return tensorCase("ttm", shape, j, mode, func(pool *par.Pool, x *tensor.Dense[T]) func() {
		u := ramp[T](j, shape[mode])
		dst, w := tensor.ModeProduct(nil, x, u, mode, false), &tensor.Work[T]{}
		return func() { w.ModeProductTo(pool, dst, x, u, mode, false) }
	})
}

// tensorCase is a product that reads an array once.
func tensorCase[T asm.Float](name string, shape []int, r, mode int, product func(*par.Pool, *tensor.Dense[T]) func()) testCase[T] {
	size, _ := tensor.Elements(shape)
	return testCase[T]{name: name, shape: shapeText(shape), rank: r, mode: mode,
		flops: 2 * float64(size) * float64(r), bytes: float64(size) * float64(asm.SizeOf[T]()),
		make: func(pool *par.Pool) func() {
			return product(pool, tensor.Of(ramp[T](1, size).Data, shape...))
		}}
}

func shapeText(shape []int) string {
	text := make([]string, len(shape))
	for n, s := range shape {
		text[n] = strconv.Itoa(s)
	}
	return strings.Join(text, "x")
}
