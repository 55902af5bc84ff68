package asm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tables returns the kernel tables to be tested, one per level.
func tables[T Float]() (all []*Kernels[T]) {
	for _, l := range Levels() {
		restore, err := Use(l)
		if err != nil {
			panic(err)
		}
		all = append(all, For[T]())
		restore()
	}
	return all
}

// both runs a generic test body for both element types and every level.
func both(t *testing.T, f32 func(*testing.T, *Kernels[float32]), f64 func(*testing.T, *Kernels[float64])) {
	for _, k := range tables[float32]() {
		t.Run(k.Level.String()+"/float32", func(t *testing.T) { f32(t, k) })
	}
	for _, k := range tables[float64]() {
		t.Run(k.Level.String()+"/float64", func(t *testing.T) { f64(t, k) })
	}
}

func epsilon[T Float]() float64 {
	if SizeOf[T]() == 4 {
		return 0x1p-23
	}
	return 0x1p-52
}

const (
	maxLen = 147 // more than the longest unrolled loop: 8 vectors of 16
	guard  = 8
)

// guarded is a slice with guard elements before and behind it, whose offset in
// memory varies.
type guarded[T Float] struct {
	x           []T
	all, before []T
	lo          int
}

func newGuarded[T Float](r *rand.Rand, n, offset int) *guarded[T] {
	g := &guarded[T]{all: make([]T, guard+offset+n+guard), lo: guard + offset}
	for i := range g.all {
		g.all[i] = T(r.NormFloat64())
	}
	g.x = g.all[g.lo : g.lo+n]
	g.before = append([]T(nil), g.all...)
	return g
}

// old returns element j as it was at first, as float64.
func (g *guarded[T]) old(j int) float64 { return float64(g.before[g.lo+j]) }

// set writes element j as if it had always been there.
func (g *guarded[T]) set(j int, v float64) {
	g.x[j] = T(v)
	g.before[g.lo+j] = T(v)
}

// unchanged asserts that no element was written but the first n of x.
func (g *guarded[T]) unchanged(t *testing.T, n int) {
	t.Helper()
	for i := range g.all {
		if i >= g.lo && i < g.lo+n {
			continue
		}
		require.Equal(t, bits(g.before[i]), bits(g.all[i]), "element %d was written, the slice begins at %d", i, g.lo)
	}
}

func bits[T Float](v T) uint64 { return math.Float64bits(float64(v)) }

// lengths calls f for every length and offset, with operands that are as long
// as they need to be or longer.
func lengths(f func(r *rand.Rand, n, offset int)) {
	r := rand.New(rand.NewPCG(1, 7))
	for n := 0; n <= maxLen; n++ {
		for offset := range 8 {
			if n <= 35 || offset == n%8 {
				f(r, n, offset)
			}
		}
	}
}

func TestAxpyMatchesItsReferenceLoop(t *testing.T) {
	both(t, testAxpy[float32], testAxpy[float64])
}

func testAxpy[T Float](t *testing.T, ker *Kernels[T]) {
	lengths(func(r *rand.Rand, n, offset int) {
		alpha := T(r.NormFloat64())
		x, y := newGuarded[T](r, n+offset%2, offset), newGuarded[T](r, n, offset*3%8)
		ker.Axpy(alpha, x.x, y.x)
		for j := range y.x {
			p := float64(alpha) * x.old(j)
			want := y.old(j) + p
			require.InDelta(t, want, float64(y.x[j]), epsilon[T]()*(math.Abs(y.old(j))+2*math.Abs(p)), "length %d, element %d", n, j)
		}
		x.unchanged(t, 0)
		y.unchanged(t, n)
	})
}

func TestAxpy4MatchesItsReferenceLoop(t *testing.T) {
	both(t, testAxpy4[float32], testAxpy4[float64])
}

func testAxpy4[T Float](t *testing.T, ker *Kernels[T]) {
	lengths(func(r *rand.Rand, n, offset int) {
		var a [4]T
		var x [4]*guarded[T]
		for u := range x {
			a[u] = T(r.NormFloat64())
			x[u] = newGuarded[T](r, n+offset%2, (offset+u)%8)
		}
		y := newGuarded[T](r, n, offset*3%8)
		ker.Axpy4(a[0], a[1], a[2], a[3], x[0].x, x[1].x, x[2].x, x[3].x, y.x)
		for j := range y.x {
			want, size := y.old(j), math.Abs(y.old(j))
			for u := range x {
				want += float64(a[u]) * x[u].old(j)
				size += math.Abs(float64(a[u]) * x[u].old(j))
			}
			require.InDelta(t, want, float64(y.x[j]), 4*epsilon[T]()*size, "length %d, element %d", n, j)
		}
		for _, g := range x {
			g.unchanged(t, 0)
		}
		y.unchanged(t, n)
	})
}

func TestDotMatchesItsReferenceLoop(t *testing.T) {
	both(t, testDot[float32], testDot[float64])
}

func testDot[T Float](t *testing.T, ker *Kernels[T]) {
	lengths(func(r *rand.Rand, n, offset int) {
		x, y := newGuarded[T](r, n, offset), newGuarded[T](r, n+offset%2, offset*3%8)
		got := ker.Dot(x.x, y.x)
		var want, size float64
		for j := range x.x {
			want += x.old(j) * y.old(j)
			size += math.Abs(x.old(j) * y.old(j))
		}
		require.InDelta(t, want, float64(got), float64(n+1)*epsilon[T]()*size, "length %d", n)
		x.unchanged(t, 0)
		y.unchanged(t, 0)
	})
}

func TestDot4MatchesItsReferenceLoop(t *testing.T) {
	both(t, testDot4[float32], testDot4[float64])
}

func testDot4[T Float](t *testing.T, ker *Kernels[T]) {
	lengths(func(r *rand.Rand, n, offset int) {
		x := newGuarded[T](r, n, offset)
		var y [4]*guarded[T]
		for u := range y {
			y[u] = newGuarded[T](r, n+offset%2, (offset+u)%8)
		}
		var s [4]T
		s[0], s[1], s[2], s[3] = ker.Dot4(x.x, y[0].x, y[1].x, y[2].x, y[3].x)
		for u := range y {
			var want, size float64
			for j := range x.x {
				want += x.old(j) * y[u].old(j)
				size += math.Abs(x.old(j) * y[u].old(j))
			}
			require.InDelta(t, want, float64(s[u]), float64(n+1)*epsilon[T]()*size, "length %d, product %d", n, u)
			y[u].unchanged(t, 0)
		}
		x.unchanged(t, 0)
	})
}

func TestSumSquaresAccumulatesInFloat64(t *testing.T) {
	both(t, testSumSquares[float32], testSumSquares[float64])
}

func testSumSquares[T Float](t *testing.T, ker *Kernels[T]) {
	lengths(func(r *rand.Rand, n, offset int) {
		x := newGuarded[T](r, n, offset)
		var want float64
		for j := range x.x {
			want += x.old(j) * x.old(j)
		}
		require.InDelta(t, want, ker.SumSquares(x.x), float64(n+1)*epsilon[float64]()*want, "length %d", n)
		x.unchanged(t, 0)
	})
	// The squares of float32 numbers neither overflow nor lose small addends.
	assert.InEpsilon(t, 1e60, ker.SumSquares([]T{1e30}), 1e-6)
	assert.Equal(t, 1+0x1p-40, ker.SumSquares([]T{1, 0x1p-20}))
}

// specials are put into each place of each operand.
var specials = []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0}

// same reports whether two results are both NaN, the same infinity, or finite.
func same[T Float](want float64, got T) bool {
	g := float64(got)
	return math.IsNaN(want) == math.IsNaN(g) && math.IsInf(want, 1) == math.IsInf(g, 1) && math.IsInf(want, -1) == math.IsInf(g, -1)
}

func TestSpecialValuesPropagateElementwise(t *testing.T) {
	both(t, testSpecialAxpy[float32], testSpecialAxpy[float64])
}

func testSpecialAxpy[T Float](t *testing.T, ker *Kernels[T]) {
	r := rand.New(rand.NewPCG(2, 3))
	for _, n := range []int{1, 4, 7, 16, maxLen} {
		for at := range n {
			for _, v := range specials {
				for _, other := range append([]float64{1}, specials...) {
					for operand := range 5 {
						x := [4]*guarded[T]{}
						for u := range x {
							x[u] = newGuarded[T](r, n, u)
						}
						y := newGuarded[T](r, n, 1)
						a := [4]T{T(other), 1, -1, .5}
						if operand < 4 {
							x[operand].set(at, v)
						} else {
							y.set(at, v)
						}
						name := fmt.Sprintf("length %d: %v at %d of operand %d, factor %v", n, v, at, operand, other)
						y4 := append([]T(nil), y.x...)
						ker.Axpy4(a[0], a[1], a[2], a[3], x[0].x, x[1].x, x[2].x, x[3].x, y4)
						y1 := append([]T(nil), y.x...)
						ker.Axpy(a[0], x[0].x, y1)
						for j := range n {
							want := y.old(j) + float64(a[0])*x[0].old(j)
							require.True(t, same(want, y1[j]), "axpy, %s: element %d is %v, want %v", name, j, y1[j], want)
							for u := 1; u < 4; u++ {
								want += float64(a[u]) * x[u].old(j)
							}
							require.True(t, same(want, y4[j]), "axpy4, %s: element %d is %v, want %v", name, j, y4[j], want)
						}
					}
				}
			}
		}
	}
}

func TestSpecialValuesPropagateThroughSums(t *testing.T) {
	both(t, testSpecialSums[float32], testSpecialSums[float64])
}

func testSpecialSums[T Float](t *testing.T, ker *Kernels[T]) {
	r := rand.New(rand.NewPCG(4, 5))
	for n := 1; n <= maxLen; n++ {
		for at := range n {
			for _, v := range specials {
				for _, other := range append([]float64{1}, specials...) {
					x, y := newGuarded[T](r, n, 0), newGuarded[T](r, n, 1)
					x.set(at, v)
					y.set(at, other)
					y.set((at+n/2)%n, other)
					var want, squares float64
					for j := range n {
						want += x.old(j) * y.old(j)
						squares += x.old(j) * x.old(j)
					}
					got := ker.Dot(x.x, y.x)
					require.True(t, same(want, got), "dot of length %d, %v·%v at %d: %v, want %v", n, v, other, at, got, want)
					var s [4]T
					s[0], s[1], s[2], s[3] = ker.Dot4(x.x, y.x, x.x, y.x, y.x)
					for u, w := range []float64{want, squares, want, want} {
						require.True(t, same(w, s[u]), "dot4 of length %d, %v·%v at %d, product %d: %v, want %v", n, v, other, at, u, s[u], w)
					}
					require.True(t, same(squares, ker.SumSquares(x.x)))
				}
			}
		}
	}
}

func TestKernelsAllocateNothing(t *testing.T) {
	both(t, testAllocations[float32], testAllocations[float64])
}

func testAllocations[T Float](t *testing.T, _ *Kernels[T]) {
	x, y := make([]T, 100), make([]T, 100)
	var s T
	var sum float64
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		ker := For[T]()
		ker.Axpy(2, x, y)
		ker.Axpy4(1, 2, 3, 4, x, x, x, x, y)
		s += ker.Dot(x, y)
		s, _, _, _ = ker.Dot4(x, y, y, y, y)
		sum += ker.SumSquares(x)
	}))
}
