package asm

import (
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
func (g *guarded[T]) set(j int, v T) {
	g.x[j] = v
	g.before[g.lo+j] = v
}

// unchanged asserts that no element was written but the first n of x.
func (g *guarded[T]) unchanged(t *testing.T, n int) {
	t.Helper()
	for i := range g.all {
		if (i < g.lo || i >= g.lo+n) && bits(g.before[i]) != bits(g.all[i]) {
			require.Failf(t, "written", "element %d, the slice begins at %d", i, g.lo)
		}
	}
}

func bits[T Float](v T) uint64 { return math.Float64bits(float64(v)) }

// lengths calls f for every length and offset, with operands that are as long
// as they need to be or longer.
func lengths(f func(r *rand.Rand, n, offset int)) {
	r := rand.New(rand.NewPCG(1, 7))
	for n := 0; n <= maxLen; n++ {
		for offset := range 8 {
			if (n <= 35 && !testing.Short()) || offset == n%8 {
				f(r, n, offset)
			}
		}
	}
}

// specials are the values that propagate.
func specials[T Float]() []T {
	inf := T(math.Inf(1))
	return []T{T(math.NaN()), inf, -inf, 0, T(math.Copysign(0, -1))}
}

// near reports whether two results are both NaN, or apart by tol at most.
func near[T Float](want, got T, tol float64) bool {
	switch {
	case want != want:
		return got != got
	case tol == 0:
		return bits(want) == bits(got)
	}
	return want == got || math.Abs(float64(want)-float64(got)) <= tol && !math.IsInf(float64(want), 0)
}

// vectorCase is a kernel that works on each element for itself.
type vectorCase[T Float] struct {
	name         string
	args, writes int // the number of operands, and how many of them are written
	call         func(k *Kernels[T], v [5][]T, a, b T)

	// tolerance is in units of epsilon, relative to the result for the
	// magnitudes of the operands; 0 means the same bits.
	// math.Pow needs most of it; the precision of QuotPow is tested apart.
	tolerance float64
	quotient  bool // operands are data and a model, positive but for specials
}

func vectorCases[T Float]() []vectorCase[T] {
	return []vectorCase[T]{
		{name: "axpy", args: 2, writes: 1, tolerance: 2, call: func(k *Kernels[T], v [5][]T, a, _ T) { k.Axpy(a, v[1], v[0]) }},
		{name: "axpy4", args: 5, writes: 1, tolerance: 5, call: func(k *Kernels[T], v [5][]T, a, b T) { k.Axpy4(a, b, 1, .5, v[1], v[2], v[3], v[4], v[0]) }},
		{name: "hadamard", args: 3, writes: 1, call: func(k *Kernels[T], v [5][]T, _, _ T) { k.Hadamard(v[0], v[1], v[2]) }},
		{name: "hadamard in place", args: 2, writes: 1, call: func(k *Kernels[T], v [5][]T, _, _ T) { k.Hadamard(v[0], v[0], v[1]) }},
		{name: "hadamardAdd", args: 3, writes: 1, tolerance: 2, call: func(k *Kernels[T], v [5][]T, _, _ T) { k.HadamardAdd(v[0], v[1], v[2]) }},
		{name: "fill", args: 1, writes: 1, call: func(k *Kernels[T], v [5][]T, a, _ T) { k.Fill(v[0], a) }},
		{name: "scale", args: 1, writes: 1, call: func(k *Kernels[T], v [5][]T, a, _ T) { k.Scale(v[0], a) }},
		{name: "scaleFloor", args: 2, writes: 1, call: func(k *Kernels[T], v [5][]T, a, b T) { k.ScaleFloor(v[0], v[1], a, b) }},
		{name: "scaleFloor without floor", args: 1, writes: 1, call: func(k *Kernels[T], v [5][]T, a, _ T) { k.ScaleFloor(v[0], v[0], a, T(math.Inf(-1))) }},
		{name: "clamp", args: 1, writes: 1, call: func(k *Kernels[T], v [5][]T, a, _ T) { k.Clamp(v[0], a) }},
		{name: "clamp at 0", args: 1, writes: 1, call: func(k *Kernels[T], v [5][]T, _, _ T) { k.Clamp(v[0], 0) }},
		{name: "select", args: 3, writes: 1, call: func(k *Kernels[T], v [5][]T, a, _ T) { k.Select(v[0], v[1], v[2], a) }},
		{name: "quotKL", args: 2, writes: 1, quotient: true, tolerance: 4, call: func(k *Kernels[T], v [5][]T, a, _ T) { k.QuotKL(v[0], v[1], a) }},
		{name: "quotIS", args: 3, writes: 2, quotient: true, tolerance: 6, call: func(k *Kernels[T], v [5][]T, a, _ T) { k.QuotIS(v[0], v[1], v[2], a) }},
		{name: "quot05", args: 3, writes: 2, quotient: true, tolerance: 9, call: func(k *Kernels[T], v [5][]T, a, _ T) { k.Quot05(v[0], v[1], v[2], a) }},
		{name: "quot15", args: 3, writes: 2, quotient: true, tolerance: 5, call: func(k *Kernels[T], v [5][]T, a, _ T) { k.Quot15(v[0], v[1], v[2], a) }},
		{name: "quot3", args: 3, writes: 2, quotient: true, tolerance: 1, call: func(k *Kernels[T], v [5][]T, a, _ T) { k.Quot3(v[0], v[1], v[2], a) }},
		{name: "quotPow -1.3", args: 3, writes: 2, quotient: true, tolerance: 100, call: func(k *Kernels[T], v [5][]T, a, _ T) { k.QuotPow(v[0], v[1], v[2], -1.3, a) }},
		{name: "quotPow 2.2", args: 3, writes: 2, quotient: true, tolerance: 100, call: func(k *Kernels[T], v [5][]T, a, _ T) { k.QuotPow(v[0], v[1], v[2], 2.2, a) }},
	}
}

// check runs the case at one level and at the generic one.
func (c *vectorCase[T]) check(t *testing.T, ker *Kernels[T], v [5]*guarded[T], n int, a, b T) {
	t.Helper()
	var args, want, size [5][]T
	for i, g := range v[:c.args] {
		args[i] = g.x
		want[i] = append([]T(nil), g.x...)
		size[i] = append([]T(nil), g.x...)
		for j, x := range size[i] {
			size[i][j] = max(x, -x)
		}
	}
	oracle := genericTable[T]()
	c.call(oracle, want, a, b)
	if c.tolerance > 0 {
		c.call(oracle, size, max(a, -a), max(b, -b))
	}
	c.call(ker, args, a, b)
	for i, g := range v[:c.args] {
		if i >= c.writes {
			g.unchanged(t, 0)
			continue
		}
		g.unchanged(t, n)
		for j, w := range want[i][:n] {
			tol := c.tolerance * epsilon[T]() * float64(size[i][j])
			if !near(w, g.x[j], tol) {
				var old []float64
				for _, o := range v[:c.args] {
					old = append(old, o.old(j))
				}
				require.Failf(t, "wrong", "%s of length %d, element %d of operand %d: %v, want %v from %v with %v and %v", c.name, n, j, i, g.x[j], w, old, a, b)
			}
		}
	}
}

func TestVectorKernelsMatchTheirReferenceLoops(t *testing.T) {
	both(t, testVectors[float32], testVectors[float64])
}

func testVectors[T Float](t *testing.T, ker *Kernels[T]) {
	for _, c := range vectorCases[T]() {
		lengths(func(r *rand.Rand, n, offset int) {
			var v [5]*guarded[T]
			for i := range c.args {
				longer := 0
				if i > 0 && !c.quotient {
					longer = offset % 2
				}
				v[i] = newGuarded[T](r, n+longer, (offset*(2*i+1)+i)%8)
				for j := range v[i].x {
					switch k := r.IntN(8); {
					case k < 2 && (offset+n)%3 == 0:
						v[i].set(j, specials[T]()[r.IntN(5)])
					case c.quotient:
						v[i].set(j, T(math.Exp2(20*r.NormFloat64())))
					}
				}
			}
			a, b := T(r.NormFloat64()), T(r.NormFloat64())
			if c.quotient {
				a = T(r.IntN(2)) / 4
			}
			c.check(t, ker, v, n, a, b)
		})
	}
}

func TestSelectLooksAtNothingWithoutAWeight(t *testing.T) {
	both(t, testSelect[float32], testSelect[float64])
}

func testSelect[T Float](t *testing.T, ker *Kernels[T]) {
	for n := range 40 {
		src, w, dst := make([]T, n), make([]T, n), make([]T, n)
		for j := range src {
			src[j], w[j] = T(math.NaN()), T(j%2)
			if j%2 == 1 {
				src[j] = T(j)
			}
		}
		ker.Select(dst, src, w, 7)
		for j := range dst {
			want := T(7)
			if j%2 == 1 {
				want = T(j)
			}
			require.Equal(t, want, dst[j])
		}
	}
}

func TestTransposeMatchesItsReferenceLoop(t *testing.T) {
	both(t, testTranspose[float32], testTranspose[float64])
}

func testTranspose[T Float](t *testing.T, ker *Kernels[T]) {
	r := rand.New(rand.NewPCG(3, 9))
	for rows := range 40 {
		for cols := range 40 {
			if testing.Short() && (rows*7+cols)%5 > 0 {
				continue
			}
			src, dst := newStrided[T](r, rows, cols, rows%3, false), newStrided[T](r, cols, rows, cols%4, false)
			old := append([]T(nil), dst.x...)
			ker.Transpose(dst.x, dst.row, src.x, src.row, rows, cols)
			for j := range cols {
				for i := range rows {
					if dst.at(j, i) != src.at(i, j) {
						require.Failf(t, "wrong", "%d x %d: (%d, %d) is %v, want %v", rows, cols, j, i, dst.at(j, i), src.at(i, j))
					}
				}
				for o := j*dst.row + rows; o < min((j+1)*dst.row, len(old)); o++ {
					require.Equal(t, bits(old[o]), bits(dst.x[o]), "%d x %d: element %d between the rows was written", rows, cols, o)
				}
			}
		}
	}
}

func TestKernelsAllocateNothing(t *testing.T) {
	both(t, testAllocations[float32], testAllocations[float64])
}

func testAllocations[T Float](t *testing.T, ker *Kernels[T]) {
	x, y, p := make([]T, 100), make([]T, 100), make([]T, 100)
	v, wide := [5][]T{x, y, p, x, y}, make([]float64, 100)
	vectors, sums := vectorCases[T](), sumCases[T]()
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		For[T]()
		for i := range vectors {
			vectors[i].call(ker, v, 2, 3)
		}
		for i := range sums {
			sums[i].call(ker, x, y)
		}
		ker.Transpose(x, 10, y, 10, 10, 10)
		ker.AddAbs(wide, x)
		ker.AddSquares(wide, x)
		ker.ScaleBy(x, wide)
	}))
}
