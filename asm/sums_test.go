package asm

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sumCase is a kernel that makes numbers of vectors. Its results may differ
// from the oracle's by tolerance, relative to those for the operands' magnitudes.
type sumCase[T Float] struct {
	name       string
	call       func(k *Kernels[T], x, y []T) float64
	tolerance  float64
	divergence bool // operands are nonnegative
}

const divergenceFloor = 0x1p-90 // below it a model is floored

func sumCases[T Float]() []sumCase[T] {
	const rounding = maxLen * 0x1p-52
	all := []sumCase[T]{
		{name: "sum", tolerance: rounding, call: func(k *Kernels[T], x, _ []T) float64 { return k.Sum(x) }},
		{name: "sumSquares", tolerance: rounding, call: func(k *Kernels[T], x, _ []T) float64 { return k.SumSquares(x) }},
		{name: "dot", tolerance: rounding, call: func(k *Kernels[T], x, y []T) float64 { return k.Dot(x, y) }},
		{name: "sqDist", tolerance: rounding, call: func(k *Kernels[T], x, y []T) float64 { return k.SqDist(x, y) }},
		{name: "scan lo", call: func(k *Kernels[T], x, _ []T) float64 { lo, _, _ := k.Scan(x); return float64(lo) + 0 }},
		{name: "scan hi", call: func(k *Kernels[T], x, _ []T) float64 { _, hi, _ := k.Scan(x); return float64(hi) + 0 }},
		{name: "scan finite", call: func(k *Kernels[T], x, _ []T) float64 {
			if _, _, finite := k.Scan(x); finite {
				return 1
			}
			return 2
		}},
		{name: "divKL", divergence: true, tolerance: 0x1p-44, call: func(k *Kernels[T], x, y []T) float64 { return k.DivKL(x, y, divergenceFloor) }},
		{name: "divIS", divergence: true, tolerance: 0x1p-44, call: func(k *Kernels[T], x, y []T) float64 { return k.DivIS(x, y, divergenceFloor) }},
	}
	for _, beta := range []float64{-1, .5, 1.5, 3} {
		all = append(all, sumCase[T]{name: "divPow", divergence: true, tolerance: 0x1p-41,
			call: func(k *Kernels[T], x, y []T) float64 { return k.DivPow(x, y, beta, divergenceFloor) }})
	}
	return all
}

// check runs the case at one level and at the generic one.
func (c *sumCase[T]) check(t *testing.T, ker *Kernels[T], x, y []T) {
	t.Helper()
	oracle := genericTable[T]()
	want, got := c.call(oracle, x, y), c.call(ker, x, y)
	tol := 0.
	if c.tolerance > 0 {
		abs := func(x []T) []T {
			a := append([]T(nil), x...)
			for j, v := range a {
				a[j] = max(v, -v)
			}
			return a
		}
		if tol = c.tolerance * math.Abs(want); !c.divergence && c.name != "sqDist" {
			tol = c.tolerance * c.call(oracle, abs(x), abs(y))
		}
		tol += 0x1p-1074
	}
	right := near(want, got, tol)
	if c.divergence && want-want != 0 {
		right = got-got != 0 // infinite or NaN
	}
	if !right {
		require.Failf(t, "wrong", "%s of length %d: %v, want %v; of %v and %v", c.name, len(x), got, want, x, y)
	}
}

func TestSumsMatchTheirReferenceLoops(t *testing.T) { both(t, testSums[float32], testSums[float64]) }

func testSums[T Float](t *testing.T, ker *Kernels[T]) {
	for _, c := range sumCases[T]() {
		lengths(func(r *rand.Rand, n, offset int) {
			x, y := newGuarded[T](r, n, offset), newGuarded[T](r, n+offset%2, offset*3%8)
			for j := range n {
				switch {
				case c.divergence:
					x.set(j, T(math.Exp2(20*r.NormFloat64())))
					y.set(j, x.x[j]*T(math.Exp2(r.NormFloat64()*[]float64{1e-6, .1, 1, 30}[r.IntN(4)])))
					if r.IntN(10) == 0 && c.name != "divIS" {
						x.set(j, 0)
					}
					if r.IntN(10) == 0 { // the floor applies
						y.set(j, 0)
					}
				case offset == 3 && r.IntN(10) == 0:
					x.set(j, specials[T]()[r.IntN(5)])
				}
			}
			c.check(t, ker, x.x, y.x)
			x.unchanged(t, 0)
			y.unchanged(t, 0)
		})
	}
}

func TestSumsAccumulateInFloat64(t *testing.T) { both(t, testWide[float32], testWide[float64]) }

func testWide[T Float](t *testing.T, ker *Kernels[T]) {
	assert.InEpsilon(t, 1e60, ker.SumSquares([]T{1e30}), 1e-6)
	assert.Equal(t, 1+0x1p-40, ker.SumSquares([]T{1, 0x1p-20}))
	assert.Equal(t, 1+0x1p-40, ker.Dot([]T{1, 0x1p-20}, []T{1, 0x1p-20}))
	assert.Equal(t, 1+0x1p-40, ker.Sum([]T{1, 0x1p-40}))
	assert.Equal(t, 0x1p-40, ker.SqDist([]T{1, 0x1p-20}, []T{1, 0}))
}

func TestSumsOfEachElementAndScalesAreThoseOfFloat64(t *testing.T) {
	both(t, testEach[float32], testEach[float64])
}

func testEach[T Float](t *testing.T, ker *Kernels[T]) {
	lengths(func(r *rand.Rand, n, offset int) {
		for kind, call := range []func(x []T, s []float64){
			func(x []T, s []float64) { ker.AddAbs(s, x) }, func(x []T, s []float64) { ker.AddSquares(s, x) }, ker.ScaleBy,
		} {
			x, s := newGuarded[T](r, n, offset), newGuarded[float64](r, n+offset%2, offset*3%8)
			for j := range n {
				if r.IntN(8) == 0 && offset%3 == 0 {
					x.set(j, specials[T]()[r.IntN(5)])
				}
			}
			call(x.x, s.x)
			for j := range n {
				v, w := x.old(j), s.old(j)
				switch kind {
				case 0:
					require.True(t, near(w+math.Abs(v), s.x[j], 0), "%d of %d: |%v| onto %v is %v", j, n, v, w, s.x[j])
				case 1:
					require.True(t, near(w+v*v, s.x[j], 0x1p-50*(math.Abs(w)+v*v)), "%d of %d: %v² onto %v is %v", j, n, v, w, s.x[j])
				default:
					require.True(t, near(T(v*w), x.x[j], 0), "%d of %d: %v by %v is %v", j, n, v, w, x.x[j])
				}
			}
			if kind == 2 {
				x.unchanged(t, n)
				s.unchanged(t, 0)
			} else {
				x.unchanged(t, 0)
				s.unchanged(t, n)
			}
		}
	})
}

func TestSpecialValuesPropagateThroughSums(t *testing.T) {
	both(t, testSpecialSums[float32], testSpecialSums[float64])
}

func testSpecialSums[T Float](t *testing.T, ker *Kernels[T]) {
	r := rand.New(rand.NewPCG(4, 5))
	cases := sumCases[T]()
	for n := 1; n <= maxLen; n++ {
		if n > 40 && n%7 > 0 {
			continue
		}
		x, y := newGuarded[T](r, n, n%8), newGuarded[T](r, n, 1)
		for at := range n {
			v := specials[T]()[(at+n)%5]
			x.x[at], y.x[(at+n/2)%n] = v, specials[T]()[at%5]
			for i := range cases {
				if !cases[i].divergence {
					cases[i].check(t, ker, x.x, y.x)
				}
			}
			x.x[at], y.x[(at+n/2)%n] = 1, -2
		}
	}
}

func TestScanSeesEachElement(t *testing.T) { both(t, testScan[float32], testScan[float64]) }

func testScan[T Float](t *testing.T, ker *Kernels[T]) {
	lo, hi, finite := ker.Scan(nil)
	require.True(t, math.IsInf(float64(lo), 1) && math.IsInf(float64(hi), -1) && finite)
	for n := 1; n <= maxLen; n++ {
		x := make([]T, n)
		for j := range x {
			x[j] = 5
		}
		for j := range x {
			for _, v := range []T{-3, 8, T(math.NaN()), T(math.Inf(1)), T(math.Inf(-1))} {
				x[j] = v
				lo, hi, finite := ker.Scan(x)
				wantLo, wantHi := T(5), T(5)
				if v != v && n == 1 {
					wantLo, wantHi = T(math.Inf(1)), T(math.Inf(-1))
				}
				if n == 1 && v == v {
					wantLo, wantHi = v, v
				}
				if v < 5 {
					wantLo = v
				} else if v > 5 {
					wantHi = v
				}
				if lo != wantLo || hi != wantHi || finite != (v-v == 0) {
					require.Failf(t, "wrong", "%v at %d of %d: %v, %v, %v", v, j, n, lo, hi, finite)
				}
			}
			x[j] = 5
		}
	}
}

func TestPeakCountsWhatItDoes(t *testing.T) {
	both(t, testPeak[float32], testPeak[float64])
}

func testPeak[T Float](t *testing.T, ker *Kernels[T]) {
	require.Positive(t, ker.PeakFlops)
	if ker.Level != Generic {
		require.Zero(t, ker.PeakFlops%(2*ker.Lanes))
		require.Zero(t, ker.Peak(10))
	}
}
