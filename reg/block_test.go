package reg_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/racing"
	"polyad/matrix"
	"polyad/reg"
)

// both runs a generic test body for both element types.
func both(t *testing.T, f32, f64 func(*testing.T)) {
	t.Run("float32", f32)
	t.Run("float64", f64)
}

// smallest and largest are magnitudes within the range of T, far out.
func extremes[T asm.Float]() (smallest, largest float64) {
	if asm.SizeOf[T]() == 4 {
		return 1e-37, 1e37
	}
	return 1e-200, 1e200
}

// factor returns a random factor I x r as a block, stored as r x I when trans is
// set, within a larger matrix when the length is even. A tenth of the entries is 0.
func factor[T asm.Float](r *rand.Rand, length, rank int, trans bool, p reg.Penalty) reg.Block[T] {
	rows, cols := length, rank
	if trans {
		rows, cols = rank, length
	}
	x := matrix.New[T](rows+1, cols+2).View(1, 1, rows, cols)
	if length%2 > 0 { // or one row behind the other
		x = matrix.New[T](rows, cols)
	}
	for i := range rows {
		for j := range cols {
			if r.Float64() > .1 {
				x.Set(i, j, T(r.NormFloat64()))
			}
		}
	}
	return reg.Block[T]{X: x, Trans: trans, Penalty: p}
}

// entry returns entry i of component q.
func entry[T asm.Float](b reg.Block[T], i, q int) float64 {
	if b.Trans {
		i, q = q, i
	}
	return float64(b.X.At(i, q))
}

// naive returns the value of a term in component q.
func naive[T asm.Float](b reg.Block[T], t reg.Term, q int) float64 {
	var s float64
	for i := range b.Len() {
		w := t.Weight
		if t.Rows != nil {
			w *= t.Rows[i]
		}
		s += w * math.Pow(math.Abs(entry(b, i, q)), t.Degree)
	}
	return s
}

func penalties(r *rand.Rand, length int) []reg.Penalty {
	rows := make([]float64, length)
	for i := range rows {
		rows[i] = r.Float64() * float64(i%3)
	}
	var all reg.Penalty
	list := []reg.Penalty{nil, reg.L1(0), reg.L1(.1).Plus(reg.L2(.3)), reg.L1(.1).Plus(reg.L1(.2))}
	for _, p := range []float64{.5, 1, 2, 3} {
		weighted := reg.Penalty{{Degree: p, Weight: .7, Rows: rows}}
		list = append(list, reg.Lp(p, 1.5), weighted)
		all = all.Plus(reg.Lp(p, .2)).Plus(weighted)
	}
	return append(list, all)
}

// blocks calls f with blocks of several sizes, both orientations and many
// penalties.
func blocks[T asm.Float](f func(b reg.Block[T])) {
	r := rand.New(rand.NewPCG(1, 3))
	for _, length := range []int{1, 2, 7, 30, 301, 302} {
		for _, rank := range []int{1, 3, 8} {
			for _, trans := range []bool{false, true} {
				for _, p := range penalties(r, length) {
					f(factor[T](r, length, rank, trans, p))
				}
			}
		}
	}
}

func TestValueMatchesTheFormula(t *testing.T) { both(t, testValue[float32], testValue[float64]) }

func testValue[T asm.Float](t *testing.T) {
	blocks(func(b reg.Block[T]) {
		var want float64
		for _, term := range b.Penalty {
			for q := range b.Components() {
				want += naive(b, term, q)
			}
		}
		require.InDelta(t, want, b.Value(), 1e-13*want, "%v", b.Penalty)
	})
}

func TestColumnsAreLogarithmsOfTheTerms(t *testing.T) {
	both(t, testColumns[float32], testColumns[float64])
}

func testColumns[T asm.Float](t *testing.T) {
	blocks(func(b reg.Block[T]) {
		// One component of zeros.
		for i := range b.Len() {
			if b.Trans {
				b.X.Set(0, i, 0)
			} else {
				b.X.Set(i, 0, 0)
			}
		}
		c := b.Columns()
		active := b.Penalty.Active()
		require.Len(t, c.Degree, len(active))
		require.Len(t, c.Log, len(active))
		require.Len(t, c.Zero, b.Components())
		for q := range c.Zero {
			zero := true
			for i := range b.Len() {
				zero = zero && entry(b, i, q) == 0
			}
			require.Equal(t, zero, c.Zero[q])
			for k, term := range active {
				require.Equal(t, term.Degree, c.Degree[k])
				want := math.Log(naive(b, term, q))
				if math.IsInf(want, -1) {
					require.Equal(t, want, c.Log[k][q])
				} else {
					require.InDelta(t, want, c.Log[k][q], 1e-13*(1+math.Abs(want)))
				}
			}
		}
		var total float64
		for _, l := range c.Log {
			for _, v := range l {
				total += math.Exp(v)
			}
		}
		require.InDelta(t, b.Value(), total, 1e-13*total, "the terms add up to the value")
	})
}

func TestColumnsNeitherOverflowNorUnderflow(t *testing.T) {
	both(t, testExtremeColumns[float32], testExtremeColumns[float64])
}

func testExtremeColumns[T asm.Float](t *testing.T) {
	small, large := extremes[T]()
	for _, p := range []float64{.5, 1, 2, 3} {
		for _, size := range []float64{small, large} {
			for _, mu := range []float64{1e-100, 1, 1e100} {
				v := T(size)
				x := matrix.Of(3, 1, []T{v, -2 * v, 0})
				want := math.Log(mu) + math.Log(1+math.Pow(2, p)) + p*math.Log(float64(v))
				c := reg.Block[T]{X: x, Penalty: reg.Lp(p, mu)}.Columns()
				assert.InDelta(t, want, c.Log[0][0], 1e-12, "degree %v of %v", p, size)
				assert.False(t, c.Zero[0])

				// Entries without weight don't count, however large they are.
				x = matrix.Of(3, 1, []T{T(large), -2 * v, v})
				c = reg.Block[T]{X: x, Penalty: reg.Penalty{{Degree: p, Weight: mu, Rows: []float64{0, 1, 1}}}}.Columns()
				assert.InDelta(t, want, c.Log[0][0], 1e-12, "degree %v of %v beside a large entry", p, size)
			}
		}
	}
	// Large and small side by side.
	c := reg.Block[T]{X: matrix.Of(1, 2, []T{T(large), T(small)}), Trans: true, Penalty: reg.L2(1)}.Columns()
	assert.InDelta(t, 2*math.Log(large), c.Log[0][0], 1e-6)
}

func TestColumnsToAllocatesNothing(t *testing.T) {
	racing.CountsAllocations(t)
	r := rand.New(rand.NewPCG(1, 3))
	b := factor[float32](r, 9, 4, true, reg.L1(1).Plus(reg.Lp(3, 2)))
	c, active := reg.NewColumns(b.Penalty, 4), b.Penalty.Active()
	scale := []float64{0, 1, -1, .5}
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		b.ColumnsTo(c, active)
		b.Scale(scale)
		b.Clear(1e-10)
		b.Floor(1e-10)
	}))
	b.ColumnsTo(c, active)
	assert.Equal(t, b.Columns(), c)
}

func TestScaleMultipliesComponents(t *testing.T) { both(t, testScale[float32], testScale[float64]) }

func testScale[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	for _, trans := range []bool{false, true} {
		b := factor[T](r, 6, 4, trans, nil)
		before := reg.Block[T]{X: b.X.Clone(), Trans: trans}
		b.Scale([]float64{0, math.Log(3), math.Inf(-1), -2})
		for i := range 6 {
			assert.Equal(t, entry(before, i, 0), entry(b, i, 0), "log 0 changes no bit")
			assert.InDelta(t, 3*entry(before, i, 1), entry(b, i, 1), 1e-6)
			assert.Zero(t, entry(b, i, 2))
			assert.InDelta(t, math.Exp(-2)*entry(before, i, 3), entry(b, i, 3), 1e-6)
		}
	}
}

func TestScaleRoundsOnce(t *testing.T) { both(t, testRoundsOnce[float32], testRoundsOnce[float64]) }

func testRoundsOnce[T asm.Float](t *testing.T) {
	// Rows that are longer than what kernels get at once, short ones side by side,
	// and scales so near to 1 that multiplying may change nothing.
	r := rand.New(rand.NewPCG(4, 3))
	for _, shape := range [][2]int{{3, 9001}, {9001, 3}, {2000, 10}, {40, 700}, {1, 1}} {
		for _, trans := range []bool{false, true} {
			for _, inside := range []bool{false, true} {
				x := matrix.New[T](shape[0], shape[1])
				if inside {
					x = matrix.New[T](shape[0], shape[1]+1).View(0, 0, shape[0], shape[1])
				}
				b := reg.Block[T]{X: x, Trans: trans, Penalty: reg.L1(1).Plus(reg.L2(3))}
				log := make([]float64, b.Components())
				for q := range log {
					log[q] = r.NormFloat64() * []float64{0, 0x1p-27, 0x1p-25, 0x1p-24, 1}[r.IntN(5)]
				}
				for i := range x.Data {
					x.Data[i] = T(math.Ldexp(1+float64(r.IntN(9)-4)*0x1p-24, r.IntN(9)-4))
				}
				before := reg.Block[T]{X: x.Clone(), Trans: trans}
				c := b.Columns()
				b.Scale(log)
				for q, l := range log {
					for k, term := range b.Penalty {
						require.InEpsilon(t, naive(before, term, q), math.Exp(c.Log[k][q]), 1e-12)
					}
					for i := range b.Len() {
						want := T(entry(before, i, q) * math.Exp(l))
						if got := entry(b, i, q); got != float64(want) {
							require.Failf(t, "wrong", "%v times exp(%v) is %v, want %v", entry(before, i, q), l, got, want)
						}
					}
				}
			}
		}
	}
}

func TestScaleReachesProductsInRange(t *testing.T) {
	// exp(log) is out of range, or has lost its digits, where the product is not.
	for _, c := range []struct{ x, log, want float64 }{
		{1e-300, 1000, 1e-300 * math.Exp(500) * math.Exp(500)},
		{-1e300, -1000, -1e300 * math.Exp(-500) * math.Exp(-500)},
		{1e300, -740, 1e300 * math.Exp(-370) * math.Exp(-370)},
		{0, 1000, 0}, {0, -1000, 0},
	} {
		x := matrix.Of(1, 1, []float64{c.x})
		reg.Block[float64]{X: x}.Scale([]float64{c.log})
		assert.InDelta(t, c.want, x.At(0, 0), 1e-12*math.Abs(c.want), "%v·exp(%v)", c.x, c.log)
	}
	x := matrix.Of(1, 1, []float32{1e-30})
	reg.Block[float32]{X: x}.Scale([]float64{140})
	assert.InEpsilon(t, 1e-30*math.Exp(140), x.At(0, 0), 1e-6)
}

func TestClearAndFloorUndoEachOther(t *testing.T) {
	both(t, testClear[float32], testClear[float64])
}

func testClear[T asm.Float](t *testing.T) {
	x := matrix.New[T](3, 4).View(0, 0, 2, 3)
	b := reg.Block[T]{X: x}
	copy(x.Row(0), []T{1e-6, 2e-6, 0})
	copy(x.Row(1), []T{1, 1e-7, 1e-6})
	b.Clear(1e-6)
	assert.Equal(t, []T{0, 2e-6, 0, 1, 0, 0}, x.Clone().Data)
	b.Floor(1e-6)
	assert.Equal(t, []T{1e-6, 2e-6, 1e-6, 1, 1e-6, 1e-6}, x.Clone().Data)

	// Without a floor neither does anything, not even to negative entries.
	x.Set(0, 0, -3)
	before := x.Clone()
	b.Clear(0)
	b.Floor(0)
	assert.Equal(t, before, x.Clone())
}

func TestEmptyComponents(t *testing.T) { both(t, testEmpty[float32], testEmpty[float64]) }

func testEmpty[T asm.Float](t *testing.T) {
	x := matrix.Of(2, 5, []T{
		0, 1e-6, 2e-6, -1, T(math.NaN()),
		0, 0, 0, 0, 0})
	assert.Equal(t, []bool{true, true, false, false, false}, reg.Block[T]{X: x}.Empty(1e-6))
	assert.Equal(t, []bool{true, false, false, false, false}, reg.Block[T]{X: x}.Empty(0))
	assert.Equal(t, []bool{true, true, false, false, false}, reg.Block[T]{X: x.Transpose(), Trans: true}.Empty(1e-6))
}

func TestBlocksWithoutRows(t *testing.T) {
	for _, b := range []reg.Block[float64]{{X: matrix.New[float64](0, 3)}, {X: matrix.New[float64](3, 0), Trans: true}} {
		b.Penalty = reg.L1(1)
		assert.Equal(t, 3, b.Components())
		assert.Zero(t, b.Len())
		assert.Zero(t, b.Value())
		assert.Equal(t, []bool{true, true, true}, b.Columns().Zero)
		assert.NotPanics(t, func() { b.Scale([]float64{1, 2, 3}) })
		assert.Equal(t, []bool{true, true, true}, b.Empty(0))
	}
}

func TestRescaledFollowsTheScaleOfTheFactor(t *testing.T) {
	both(t, testRescaled[float32], testRescaled[float64])
}

func testRescaled[T asm.Float](t *testing.T) {
	blocks(func(b reg.Block[T]) {
		for _, f := range []float64{1, .25, 40} {
			for _, s := range []float64{1, 8, 0x1p-20} {
				x := b.X.Clone()
				for i := range x.Data {
					x.Data[i] *= T(s)
				}
				scaled := reg.Block[T]{X: x, Trans: b.Trans, Penalty: b.Penalty.Rescaled(f, s)}
				want := f * b.Value()
				require.InDelta(t, want, scaled.Value(), 1e-12*want, "factor %v, scale %v, %v", f, s, b.Penalty)
			}
		}
	})
}

func ExampleBlock() {
	w := matrix.Of(3, 2, []float64{1, 0, 2, 0, 3, 4})
	b := reg.Block[float64]{X: w, Penalty: reg.L1(0.5)}
	c := b.Columns()
	fmt.Println(b.Value())
	fmt.Printf("%.3f %.3f\n", math.Exp(c.Log[0][0]), math.Exp(c.Log[0][1]))
	b.Scale([]float64{math.Log(2), math.Inf(-1)})
	fmt.Println(w.Data, b.Empty(0))
	// Output:
	// 5
	// 3.000 2.000
	// [2 0 4 0 6 0] [false true]
}
