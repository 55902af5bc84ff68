package asm

import (
	"math"
	"math/rand/v2"
	"testing"
)

// fuzzed are operands of length n with any bits, and with special values where
// mixed is set. Where tame is set, finite numbers are brought within 2^±limit, in
// which sums of products can neither overflow nor lose all digits.
func fuzzed[T Float](seed uint64, n uint8, mixed, tame bool, limit int) (v [5]*guarded[T]) {
	r := rand.New(rand.NewPCG(seed, 2))
	for i := range v {
		v[i] = newGuarded[T](r, int(n), r.IntN(8))
		for j := range v[i].x {
			x := T(math.Float64frombits(r.Uint64()))
			if SizeOf[T]() == 4 {
				x = T(math.Float32frombits(r.Uint32()))
			}
			if mixed && r.IntN(8) == 0 {
				x = specials[T]()[r.IntN(5)]
			}
			if tame && x-x == 0 {
				m, e := math.Frexp(float64(x))
				x = T(math.Ldexp(m, e%limit))
			}
			v[i].set(j, x)
		}
	}
	return v
}

func seeds(add func(seed uint64, n uint8, mixed bool)) {
	for i := range uint64(12) {
		add(i, uint8(i*i*2), i%2 > 0)
	}
}

// FuzzVectors holds the kernels on vectors of all levels against the oracle.
func FuzzVectors(f *testing.F) {
	seeds(func(seed uint64, n uint8, mixed bool) { f.Add(seed, n, mixed, 1.5, -.25) })
	f.Fuzz(func(t *testing.T, seed uint64, n uint8, mixed bool, a, b float64) {
		fuzzVectors[float32](t, seed, n, mixed, a, b)
		fuzzVectors[float64](t, seed, n, mixed, a, b)
	})
}

func fuzzVectors[T Float](t *testing.T, seed uint64, n uint8, mixed bool, a, b float64) {
	for _, ker := range tables[T]() {
		for _, c := range vectorCases[T]() {
			if c.quotient {
				continue
			}
			x, y := T(a), T(b)
			if c.tolerance > 0 {
				x, y = T(math.Mod(a, 8)), T(math.Mod(b, 8))
			}
			c.check(t, ker, fuzzed[T](seed, n, mixed, c.tolerance > 0, 20), int(n), x, y)
		}
		for _, c := range sumCases[T]() {
			if !c.divergence {
				v := fuzzed[T](seed, min(n, maxLen), mixed, c.tolerance > 0, 20)
				c.check(t, ker, v[0].x, v[1].x)
			}
		}
	}
}

// FuzzQuotients does so for quotients.
func FuzzQuotients(f *testing.F) {
	seeds(func(seed uint64, n uint8, mixed bool) { f.Add(seed, n, mixed, float64(seed%3)/4) })
	f.Fuzz(func(t *testing.T, seed uint64, n uint8, mixed bool, floor float64) {
		if floor = math.Abs(floor); !(floor < 1e6) || floor < 1e-6 {
			floor = 0
		}
		fuzzQuotients[float32](t, seed, n, mixed, floor)
		fuzzQuotients[float64](t, seed, n, mixed, floor)
	})
}

func fuzzQuotients[T Float](t *testing.T, seed uint64, n uint8, mixed bool, floor float64) {
	for _, ker := range tables[T]() {
		for _, c := range vectorCases[T]() {
			if c.quotient {
				v := fuzzed[T](seed, n, mixed, true, 20)
				for _, g := range v {
					positive(g)
				}
				c.check(t, ker, v, int(n), T(floor), 0)
			}
		}
	}
}

func positive[T Float](g *guarded[T]) {
	for j, v := range g.x {
		g.set(j, max(v, -v)+0)
	}
}

// FuzzDivergences does so for divergences.
func FuzzDivergences(f *testing.F) {
	seeds(func(seed uint64, n uint8, mixed bool) { f.Add(seed, n, mixed) })
	f.Fuzz(func(t *testing.T, seed uint64, n uint8, mixed bool) {
		fuzzDivergences[float32](t, seed, n, mixed)
		fuzzDivergences[float64](t, seed, n, mixed)
	})
}

func fuzzDivergences[T Float](t *testing.T, seed uint64, n uint8, mixed bool) {
	for _, ker := range tables[T]() {
		for _, c := range sumCases[T]() {
			if c.divergence {
				v := fuzzed[T](seed, n, mixed, true, 60)
				x, y := v[0], v[1]
				positive(x)
				positive(y)
				for j := range x.x { // the model is near the data in places
					if d := v[2].x[j]; d > -1 && d < 1 {
						y.set(j, x.x[j]*(1+d))
					}
				}
				c.check(t, ker, x.x, y.x)
			}
		}
	}
}

// FuzzMul holds products of any shape and steps against their definition.
func FuzzMul(f *testing.F) {
	for i := range uint64(30) {
		f.Add(i, uint8(i*7%40), uint8(i*11%60), uint8(i*3%30), uint8(i*37))
	}
	f.Fuzz(func(t *testing.T, seed uint64, m, n, k, flags uint8) {
		fuzzMul[float32](t, seed, m, n, k, flags)
		fuzzMul[float64](t, seed, m, n, k, flags)
	})
}

func fuzzMul[T Float](t *testing.T, seed uint64, m, n, k, flags uint8) {
	for _, ker := range tables[T]() {
		r := rand.New(rand.NewPCG(seed, 1))
		a := newStrided[T](r, int(m), int(k), int(flags>>4)%5, flags&1 > 0)
		b := newStrided[T](r, int(k), int(n), int(flags>>5), false)
		c := newStrided[T](r, int(m), int(n), int(flags>>6), false)
		old := append([]T(nil), c.x...)
		add, byColumns := flags&2 > 0, flags&4 > 0
		ker.Mul(int(m), int(n), int(k), a.x, a.row, a.col, b.x, b.row, c.x, c.row, add, byColumns)
		checkProduct(t, a, b, c, old, add, ker.Level.String())
	}
}
