package asm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// sweepProblem holds the operands of a sweep or a substitution. Everything that
// must not be read is NaN.
type sweepProblem[T Float] struct {
	r, n     int
	g, a, x  *strided[T]
	inv, old []T
	l1       T
	floor    T
}

func newSweepProblem[T Float](rnd *rand.Rand, r, n, pad int) *sweepProblem[T] {
	p := &sweepProblem[T]{r: r, n: n, l1: T(rnd.NormFloat64()), floor: T(rnd.IntN(2)) / 8, inv: make([]T, r)}
	p.g, p.a, p.x = newStrided[T](rnd, r, r, pad, false), newStrided[T](rnd, r, n, pad, false), newStrided[T](rnd, r, n, 3*pad, false)
	for k := range r {
		for s := range r { // rows that do not blow up
			p.g.x[k*p.g.row+s] /= T(r)
		}
		p.inv[k] = T(.5 + rnd.Float64())
		p.g.x[k*p.g.row+k] = T(math.NaN())
	}
	p.old = append([]T(nil), p.x.x...)
	return p
}

// sweep is the oracle: the reference loop in float64, which after every row
// goes on with what the kernel got, so that errors do not add up. It checks x
// and returns the squared change.
func (p *sweepProblem[T]) sweep(t *testing.T, msg string) (change float64) {
	t.Helper()
	for k := range p.r {
		for j := range p.n {
			o := k*p.x.row + j
			if p.inv[k] == 0 {
				require.Equal(t, bits(p.old[o]), bits(p.x.x[o]), "%s: row %d was not kept", msg, k)
				continue
			}
			sum := p.a.at(k, j) - float64(p.l1)
			size := math.Abs(p.a.at(k, j)) + math.Abs(float64(p.l1))
			for s := range p.r {
				if s == k {
					continue
				}
				v := float64(p.old[s*p.x.row+j])
				if s < k {
					v = p.x.at(s, j)
				}
				sum -= p.g.at(k, s) * v
				size += math.Abs(p.g.at(k, s) * v)
			}
			want := math.Max(sum*float64(p.inv[k]), float64(p.floor))
			if !(math.Abs(want-p.x.at(k, j)) <= float64(p.r+3)*epsilon[T]()*size*float64(p.inv[k])) {
				require.Failf(t, "wrong sweep", "%s: element (%d, %d) is %v, want %v", msg, k, j, p.x.at(k, j), want)
			}
			d := float64(p.x.x[o] - p.old[o])
			change += d * d
		}
	}
	p.between(t, msg)
	return change
}

// between asserts that nothing between the rows of x was written.
func (p *sweepProblem[T]) between(t *testing.T, msg string) {
	t.Helper()
	for o, v := range p.x.x {
		if o%p.x.row >= p.n && !math.IsNaN(float64(v)) {
			require.Failf(t, "written between the rows", "%s: element %d", msg, o)
		}
	}
}

// substitution is the oracle of SolveLower: it multiplies back.
func (p *sweepProblem[T]) substitution(t *testing.T, transposed bool, msg string) {
	t.Helper()
	for k := range p.r {
		for j := range p.n {
			sum := p.x.at(k, j) / float64(p.inv[k])
			size := math.Abs(sum) + math.Abs(float64(p.old[k*p.x.row+j]))
			for s := range p.r {
				l := 0.0
				if !transposed && s < k {
					l = p.g.at(k, s)
				} else if transposed && s > k {
					l = p.g.at(s, k)
				}
				if l != 0 {
					sum += l * p.x.at(s, j)
					size += math.Abs(l * p.x.at(s, j))
				}
			}
			if !(math.Abs(float64(p.old[k*p.x.row+j])-sum) <= float64(p.r+3)*epsilon[T]()*size) {
				require.Failf(t, "wrong solution", "%s: element (%d, %d)", msg, k, j)
			}
		}
	}
	p.between(t, msg)
}

// lower hides what is not below the diagonal.
func (p *sweepProblem[T]) lower() {
	for k := range p.r {
		for s := k; s < p.r; s++ {
			p.g.x[k*p.g.row+s] = T(math.NaN())
		}
	}
}

// stripShapes calls f for numbers of columns around all widths of strips with few
// rows, and for all numbers of rows with few columns.
func stripShapes(lanes int, f func(rnd *rand.Rand, r, n int)) {
	rnd := rand.New(rand.NewPCG(11, 12))
	for n := 0; n <= 5*lanes+3; n++ {
		for _, r := range []int{0, 1, 2, 3, 4, 7} {
			f(rnd, r, n)
		}
	}
	for r := 1; r <= 70; r++ {
		for _, n := range []int{1, lanes, 5*lanes + 3} {
			f(rnd, r, n)
		}
	}
}

func TestHALSMatchesItsReferenceLoop(t *testing.T) {
	both(t, testHALS[float32], testHALS[float64])
}

func testHALS[T Float](t *testing.T, ker *Kernels[T]) {
	stripShapes(ker.Lanes, func(rnd *rand.Rand, r, n int) {
		p := newSweepProblem[T](rnd, r, n, 1+n%3)
		for k := range r {
			if rnd.IntN(5) == 0 {
				p.inv[k] = T(math.Copysign(0, float64(rnd.IntN(2)*2-1)))
			}
		}
		msg := fmt.Sprintf("%d x %d", r, n)
		got := ker.HALS(r, n, p.g.x, p.g.row, p.a.x, p.a.row, p.x.x, p.x.row, p.inv, p.l1, p.floor)
		want := p.sweep(t, msg)
		require.InDelta(t, want, got, float64(r*n+1)*epsilon[float64]()*want, "%s: the squared change", msg)
	})
}

func TestSolveLowerMatchesItsReferenceLoop(t *testing.T) {
	both(t, testSolveLower[float32], testSolveLower[float64])
}

func testSolveLower[T Float](t *testing.T, ker *Kernels[T]) {
	stripShapes(ker.Lanes, func(rnd *rand.Rand, r, n int) {
		for _, transposed := range []bool{false, true} {
			p := newSweepProblem[T](rnd, r, n, n%3)
			p.lower()
			ker.SolveLower(r, n, p.g.x, p.g.row, transposed, p.inv, p.x.x, p.x.row)
			p.substitution(t, transposed, fmt.Sprintf("%d x %d, transposed %v", r, n, transposed))
		}
	})
}

func TestColumnsGetTheSameBitsHoweverTheyAreCut(t *testing.T) {
	both(t, testStripCuts[float32], testStripCuts[float64])
}

func testStripCuts[T Float](t *testing.T, ker *Kernels[T]) {
	rnd := rand.New(rand.NewPCG(13, 14))
	n := 5*ker.Lanes + 3
	for _, r := range []int{1, 6, 11} {
		for _, solve := range []bool{false, true} {
			p := newSweepProblem[T](rnd, r, n, 2)
			if solve {
				p.lower()
			}
			run := func(j, n int) {
				if solve {
					ker.SolveLower(r, n, p.g.x, p.g.row, false, p.inv, p.x.x[j:], p.x.row)
				} else {
					ker.HALS(r, n, p.g.x, p.g.row, p.a.x[j:], p.a.row, p.x.x[j:], p.x.row, p.inv, p.l1, p.floor)
				}
			}
			run(0, n)
			whole := append([]T(nil), p.x.x...)
			copy(p.x.x, p.old)
			for j := 0; j < n; {
				w := min(1+rnd.IntN(2*ker.Lanes), n-j)
				run(j, w)
				j += w
			}
			for o := range whole {
				require.Equal(t, bits(whole[o]), bits(p.x.x[o]), "%d x %d, solve %v: element %d", r, n, solve, o)
			}
		}
	}
}

// One call of a kernel is bounded, so that tall strips take several.
func TestTallStripsAreCutIntoCalls(t *testing.T) {
	both(t, testTall[float32], testTall[float64])
}

func testTall[T Float](t *testing.T, ker *Kernels[T]) {
	const r = 700
	n := ker.Strips[0].Cols + 1
	require.Less(t, ker.Strips[0].rows(r), r)
	rnd := rand.New(rand.NewPCG(15, 16))
	p := newSweepProblem[T](rnd, r, n, 1)
	ker.HALS(r, n, p.g.x, p.g.row, p.a.x, p.a.row, p.x.x, p.x.row, p.inv, p.l1, p.floor)
	p.sweep(t, "tall")
	for _, transposed := range []bool{false, true} {
		p = newSweepProblem[T](rnd, r, n, 1)
		p.lower()
		ker.SolveLower(r, n, p.g.x, p.g.row, transposed, p.inv, p.x.x, p.x.row)
		p.substitution(t, transposed, "tall")
	}
}

func TestSpecialValuesStayInTheirColumn(t *testing.T) {
	both(t, testSpecialStrips[float32], testSpecialStrips[float64])
}

func testSpecialStrips[T Float](t *testing.T, ker *Kernels[T]) {
	rnd := rand.New(rand.NewPCG(17, 18))
	const r = 7
	n := ker.Strips[0].Cols + ker.Lanes + 1
	for at := range n {
		for _, special := range specials[T]()[:3] {
			v := float64(special)
			p := newSweepProblem[T](rnd, r, n, 1)
			k := rnd.IntN(r)
			p.a.x[k*p.a.row+at] = T(v)
			if k == 0 { // what a row's NaN was before does not matter to itself
				p.x.x[at] = T(math.NaN())
			}
			change := ker.HALS(r, n, p.g.x, p.g.row, p.a.x, p.a.row, p.x.x, p.x.row, p.inv, p.l1, p.floor)
			for i := range r {
				for j := range n {
					got := p.x.at(i, j)
					switch {
					case j != at || i < k:
						if math.IsNaN(got) || math.IsInf(got, 0) {
							require.Failf(t, "wrong sweep", "%v at (%d, %d): element (%d, %d) is %v", v, k, at, i, j, got)
						}
					case math.IsNaN(v):
						require.True(t, math.IsNaN(got), "%v at (%d, %d): element (%d, %d) is %v", v, k, at, i, j, got)
					case i == k && v < 0:
						require.Equal(t, float64(p.floor), got)
					case i == k:
						require.True(t, math.IsInf(got, 1))
					}
				}
			}
			require.Equal(t, v < 0 && k > 0, !math.IsNaN(change) && !math.IsInf(change, 0), "%v at (%d, %d): change %v", v, k, at, change)

			p = newSweepProblem[T](rnd, r, n, 1)
			p.lower()
			p.x.x[k*p.x.row+at] = T(v)
			ker.SolveLower(r, n, p.g.x, p.g.row, false, p.inv, p.x.x, p.x.row)
			for i := range r {
				for j := range n {
					got := p.x.at(i, j)
					if (j == at && i >= k) != (math.IsNaN(got) || math.IsInf(got, 0)) {
						require.Failf(t, "wrong solution", "%v at (%d, %d): element (%d, %d) is %v", v, k, at, i, j, got)
					}
				}
			}
		}
	}
	// A gram matrix or a reciprocal that is NaN shows in X too.
	p := newSweepProblem[T](rnd, r, n, 1)
	p.inv[r-1] = T(math.NaN())
	p.g.x[1] = T(math.NaN())
	ker.HALS(r, n, p.g.x, p.g.row, p.a.x, p.a.row, p.x.x, p.x.row, p.inv, p.l1, p.floor)
	for j := range n {
		require.True(t, math.IsNaN(p.x.at(0, j)) && math.IsNaN(p.x.at(r-1, j)))
	}
}

func TestStripsPanicRatherThanReadBeyond(t *testing.T) {
	ker := For[float64]()
	short, x := make([]float64, 15), make([]float64, 16)
	require.Panics(t, func() { ker.HALS(4, 4, short, 4, x, 4, x, 4, x[:4], 0, 0) })
	require.Panics(t, func() { ker.HALS(4, 4, x, 4, short, 4, x, 4, x[:4], 0, 0) })
	require.Panics(t, func() { ker.HALS(4, 4, x, 4, x, 4, short, 4, x[:4], 0, 0) })
	require.Panics(t, func() { ker.HALS(4, 4, x, 4, x, 4, x, 4, x[:3], 0, 0) })
	require.Panics(t, func() { ker.SolveLower(4, 4, short, 4, true, x[:4], x, 4) })
	require.Panics(t, func() { ker.SolveLower(4, 4, x, 4, true, x[:4], short, 4) })
	require.Panics(t, func() { ker.SolveLower(4, 4, x, 4, true, x[:3], x, 4) })
}

func FuzzStrips(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(9), uint8(0))
	f.Add(uint64(2), uint8(70), uint8(77), uint8(7))
	f.Add(uint64(3), uint8(4), uint8(64), uint8(2))
	f.Fuzz(func(t *testing.T, seed uint64, r, n, variant uint8) {
		for _, k := range tables[float32]() {
			fuzzStrips(t, k, seed, int(r), int(n), int(variant))
		}
		for _, k := range tables[float64]() {
			fuzzStrips(t, k, seed, int(r), int(n), int(variant))
		}
	})
}

func fuzzStrips[T Float](t *testing.T, ker *Kernels[T], seed uint64, r, n, variant int) {
	rnd := rand.New(rand.NewPCG(seed, 19))
	pad := variant / 4 % 8
	msg := fmt.Sprintf("%v, %d x %d, variant %d", ker.Level, r, n, variant)
	p := newSweepProblem[T](rnd, r, n, pad)
	if variant&1 > 0 && r > 0 {
		p.inv[rnd.IntN(r)] = 0
	}
	ker.HALS(r, n, p.g.x, p.g.row, p.a.x, p.a.row, p.x.x, p.x.row, p.inv, p.l1, p.floor)
	p.sweep(t, msg)
	p = newSweepProblem[T](rnd, r, n, pad)
	p.lower()
	ker.SolveLower(r, n, p.g.x, p.g.row, variant&2 > 0, p.inv, p.x.x, p.x.row)
	p.substitution(t, variant&2 > 0, msg)
}
