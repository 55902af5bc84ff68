package bench

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/par"
	"polyad/loss"
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
	if small {
		return append(all, tuckerCase[T]([]int{20, 20, 20}, []int{4, 4, 4}))
	}
	return append(all, tuckerCase[T]([]int{428, 96, 100}, []int{32, 12, 10}), tuckerCase[T]([]int{200, 200, 200}, []int{16, 16, 16}))
}

// tuckerCase are the passes of one sweep of multiplicative updates of a Tucker
// model for the Kullback-Leibler divergence, over all factors and the core. Counted
// are the products of core and factors, and of the quotients with them, in the
// order of fewest flops; rank is the largest one.
func tuckerCase[T asm.Float](shape, ranks []int) testCase[T] {
	size, _ := tensor.Elements(shape)
	order := len(shape)
	c := tensorCase("tucker-kl", shape, slices.Max(ranks), 0, func(pool *par.Pool, x *tensor.Dense[T]) func() {
		kept := make([]bool, order)
		d := data.NewTucker(pool, x, ranks, kept, 1, 0)
		core := 1
		for _, j := range ranks {
			core *= j
		}
		m := tensor.Tucker[T]{Core: tensor.Of(ramp[T](1, core).Data, ranks...)}
		num, coreNum := make([]*matrix.Dense[T], order), tensor.New[T](ranks...)
		for n, s := range shape {
			m.Factors = append(m.Factors, ramp[T](s, ranks[n]))
			num[n] = matrix.New[T](s, ranks[n])
		}
		return func() {
			for n := range shape {
				d.Quotients(num[n], nil, loss.KL, n, m)
				d.Changed(n)
			}
			d.CoreQuotients(coreNum, nil, loss.KL, m)
			d.Changed(order)
		}
	})
	c.flops = float64(2*(order+1)) * expansion(shape, ranks)
	c.bytes = float64(order+1) * float64(size) * float64(asm.SizeOf[T]())
	return c
}

// expansion returns the flops of a core times its factors, in the order of fewest.
func expansion(shape, ranks []int) (flops float64) {
	var modes []int
	size := 1.0
	for n, j := range ranks {
		modes = append(modes, n)
		size *= float64(j)
	}
	key := func(n int) float64 { return 1/float64(ranks[n]) - 1/float64(shape[n]) }
	slices.SortFunc(modes, func(a, b int) int { return cmp.Compare(key(a), key(b)) })
	for _, n := range modes {
		flops += 2 * size * float64(shape[n])
		size *= float64(shape[n]) / float64(ranks[n])
	}
	return flops
}

func mttkrpCase[T asm.Float](shape []int, r, mode int) testCase[T] {
	return tensorCase("mttkrp", shape, r, mode, func(pool *par.Pool, x *tensor.Dense[T]) func() {
		f := make([]*matrix.Dense[T], len(shape))
		for n, s := range shape {
			f[n] = ramp[T](s, r)
		}
		dst, w := matrix.New[T](shape[mode], r), &tensor.Work[T]{}
		return func() { w.MTTKRP(pool, dst, x, f, mode) }
	})
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
	text := make([]string, len(shape))
	for n, s := range shape {
		text[n] = strconv.Itoa(s)
	}
	return testCase[T]{name: name, shape: strings.Join(text, "x"), rank: r, mode: mode,
		flops: 2 * float64(size) * float64(r), bytes: float64(size) * float64(asm.SizeOf[T]()),
		make: func(pool *par.Pool) func() {
			return product(pool, tensor.Of(ramp[T](1, size).Data, shape...))
		}}
}
