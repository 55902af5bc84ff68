package balance_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/racing"
	"polyad/matrix"
	"polyad/reg"
)

// randomBlocks returns 2 to 5 blocks of r components whose sizes differ by
// orders of magnitude. With single set every penalty has one term.
func randomBlocks[T asm.Float](r *rand.Rand, single bool) []reg.Block[T] {
	degrees := []float64{.5, 1, 1.5, 2, 3}
	rank := 1 + r.IntN(4)
	var blocks []reg.Block[T]
	for range 2 + r.IntN(4) {
		length := 1 + r.IntN(6)
		var p reg.Penalty
		terms := 1
		if !single {
			terms += r.IntN(3)
		}
		for range terms {
			t := reg.Term{Degree: degrees[r.IntN(len(degrees))], Weight: math.Exp(2 * r.NormFloat64())}
			if r.IntN(3) == 0 {
				for range length {
					t.Rows = append(t.Rows, .1+r.Float64())
				}
			}
			p = append(p, t)
		}
		b := reg.Block[T]{X: matrix.New[T](length, rank), Trans: r.IntN(2) == 0, Penalty: p}
		if b.Trans {
			b.X = matrix.New[T](rank, length)
		}
		size := math.Exp(3 * r.NormFloat64())
		for i := range b.X.Data {
			b.X.Data[i] = T(size * r.NormFloat64())
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// entry returns entry i of component q.
func entry[T asm.Float](b reg.Block[T], i, q int) float64 {
	if b.Trans {
		i, q = q, i
	}
	return float64(b.X.At(i, q))
}

// products returns the first few entries of the model Σ_q x_0q ∘ x_1q ∘ …, each
// component by itself.
func products[T asm.Float](blocks []reg.Block[T]) (p []float64) {
	for q := range blocks[0].Components() {
		for k := range 6 {
			v := 1.0
			for _, b := range blocks {
				v *= entry(b, k%b.Len(), q)
			}
			p = append(p, v)
		}
	}
	return p
}

// scaled returns the penalty of component q at log scales t.
func scaled(cols []*reg.Columns, q int, t []float64) (v float64) {
	for b, c := range cols {
		for k, p := range c.Degree {
			v += math.Exp(c.Log[k][q] + p*t[b])
		}
	}
	return v
}

func TestBalanceKeepsTheModel(t *testing.T) { both(t, testKeeps[float32], testKeeps[float64]) }

func testKeeps[T asm.Float](t *testing.T) {
	tol := 1e-12
	if asm.SizeOf[T]() == 4 {
		tol = 2e-6
	}
	r := rand.New(rand.NewPCG(1, 1))
	for k := range 300 {
		blocks := randomBlocks[T](r, k%2 == 0)
		before, penalty := products(blocks), value(blocks)
		s := balance.Columns(columns(blocks)...)
		balance.Apply(s, 0, blocks...)
		require.Empty(t, s.Pruned)
		for q := range s.Beta {
			var sum float64
			for b := range blocks {
				sum += s.Log[b][q]
			}
			require.InDelta(t, 0, sum, 1e-13, "the product of the scales must be 1")
		}
		for i, v := range products(blocks) {
			require.InDelta(t, before[i], v, tol*math.Abs(before[i]))
		}
		require.LessOrEqual(t, value(blocks), penalty*(1+tol), "the penalty must not rise")
	}
}

func TestBalancedDerivativesEqualBeta(t *testing.T) {
	both(t, testDerivatives[float32], testDerivatives[float64])
}

func testDerivatives[T asm.Float](t *testing.T) {
	tol := 1e-12
	if asm.SizeOf[T]() == 4 {
		tol = 2e-6
	}
	r := rand.New(rand.NewPCG(2, 1))
	for k := range 300 {
		blocks := randomBlocks[T](r, k%2 == 0)
		s := balance.Columns(columns(blocks)...)
		balance.Apply(s, 0, blocks...)
		for b, c := range columns(blocks) {
			for q, beta := range s.Beta {
				var d float64
				for i, p := range c.Degree {
					d += p * math.Exp(c.Log[i][q])
				}
				require.InEpsilon(t, beta, d, tol, "block %d, component %d, degrees %v", b, q, c.Degree)
			}
		}
	}
}

func TestNoOtherScalesCostLess(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for k := range 200 {
		blocks := randomBlocks[float64](r, k%2 == 0)
		cols := columns(blocks)
		s := balance.Columns(cols...)
		for q := range s.Beta {
			best := make([]float64, len(blocks))
			for b := range best {
				best[b] = s.Log[b][q]
			}
			lowest := scaled(cols, q, best)
			for _, size := range []float64{1e-6, 1e-3, .1, 1} {
				for range 10 {
					other := make([]float64, len(best))
					var mean float64
					for b := range other {
						other[b] = size * r.NormFloat64()
						mean += other[b] / float64(len(best))
					}
					for b := range other {
						other[b] += best[b] - mean
					}
					require.GreaterOrEqual(t, scaled(cols, q, other), lowest*(1-1e-13), "step %v", size)
				}
			}
		}
	}
}

// minimize finds the log scales of sum 0 of least penalty by brute force: golden
// section searches that move two blocks against each other, round after round.
func minimize(cols []*reg.Columns, q int) []float64 {
	t := make([]float64, len(cols))
	const ratio = .6180339887498949
	for range 400 {
		var moved float64
		for i := range t {
			j := (i + 1) % len(t)
			if i == j {
				continue
			}
			at := func(d float64) float64 {
				t[i] += d
				t[j] -= d
				v := scaled(cols, q, t)
				t[i] -= d
				t[j] += d
				return v
			}
			lo, hi := -40.0, 40.0
			for range 90 {
				a, b := hi-ratio*(hi-lo), lo+ratio*(hi-lo)
				if at(a) < at(b) {
					hi = b
				} else {
					lo = a
				}
			}
			d := (lo + hi) / 2
			t[i] += d
			t[j] -= d
			moved = math.Max(moved, math.Abs(d))
		}
		if moved < 1e-7 {
			break
		}
	}
	return t
}

func TestMixedDegreesMatchBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for range 25 {
		blocks := randomBlocks[float64](r, false)
		blocks[0].Penalty = reg.L1(r.ExpFloat64()).Plus(reg.L2(r.ExpFloat64()))
		cols := columns(blocks)
		s := balance.Columns(cols...)
		best := minimize(cols, 0)
		for b := range best {
			require.InDelta(t, best[b], s.Log[b][0], 1e-5)
		}
		got := make([]float64, len(best))
		for b := range got {
			got[b] = s.Log[b][0]
		}
		want := scaled(cols, 0, best)
		require.InDelta(t, want, scaled(cols, 0, got), 1e-12*want)
	}
}

func TestEquationAgreesWithTheClosedForm(t *testing.T) {
	// Two terms of one degree that cannot be merged: the equation is solved where
	// the closed form would do.
	r := rand.New(rand.NewPCG(5, 1))
	for range 100 {
		blocks := randomBlocks[float64](r, true)
		closed := balance.Columns(columns(blocks)...)
		split := append([]reg.Block[float64](nil), blocks...)
		term := blocks[0].Penalty[0]
		if term.Rows == nil {
			for range blocks[0].Len() {
				term.Rows = append(term.Rows, 1)
			}
		}
		a, b := term, term
		a.Weight, b.Weight = term.Weight/4, 3*term.Weight/4
		split[0].Penalty = reg.Penalty{a, b}
		require.Len(t, split[0].Columns().Degree, 2)
		equation := balance.Columns(columns(split)...)
		for q := range closed.Beta {
			require.InEpsilon(t, closed.Beta[q], equation.Beta[q], 1e-12)
			for b := range blocks {
				require.InDelta(t, closed.Log[b][q], equation.Log[b][q], 1e-12)
			}
		}
	}
}

func TestExtremeMagnitudesWithMixedDegrees(t *testing.T) {
	for _, size := range []float64{1e-150, 1, 1e150} {
		for _, mu := range []float64{1e-100, 1, 1e100} {
			w := reg.Block[float64]{X: matrix.Of(2, 1, []float64{size, 2 * size}), Penalty: reg.L1(mu).Plus(reg.Lp(3, 1))}
			h := reg.Block[float64]{X: matrix.Of(2, 1, []float64{3 / size, 1 / size}), Penalty: reg.L2(1).Plus(reg.Lp(.5, 1/mu))}
			blocks := []reg.Block[float64]{w, h}
			before := products(blocks)
			s := balance.NewBalancer(nil, 0, blocks...).Balance()
			for b, c := range columns(blocks) {
				var d float64
				for i, p := range c.Degree {
					d += p * math.Exp(c.Log[i][0])
				}
				assert.InEpsilon(t, s.Beta[0], d, 1e-10, "block %d, size %v, mu %v", b, size, mu)
			}
			for i, v := range products(blocks) {
				assert.InEpsilon(t, before[i], v, 1e-11)
			}
		}
	}
}

func TestZeroColumnsPruneTheComponent(t *testing.T) { both(t, testPrune[float32], testPrune[float64]) }

func testPrune[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	for k := range 50 {
		blocks := randomBlocks[T](r, k%2 == 0)
		q := r.IntN(blocks[0].Components())
		dead := blocks[r.IntN(len(blocks))]
		off := make([]float64, dead.Components())
		off[q] = math.Inf(-1)
		dead.Scale(off)
		s := balance.Columns(columns(blocks)...)
		balance.Apply(s, 0, blocks...)
		require.Equal(t, []int{q}, s.Pruned)
		require.Zero(t, s.Beta[q])
		for b, x := range blocks {
			require.True(t, math.IsInf(s.Log[b][q], -1))
			for i := range x.Len() {
				require.Zero(t, entry(x, i, q))
			}
			for c, empty := range x.Empty(0) {
				require.Equal(t, c == q, empty)
			}
		}
	}
}

func TestBalancingTwiceChangesNothing(t *testing.T) { both(t, testTwice[float32], testTwice[float64]) }

func testTwice[T asm.Float](t *testing.T) {
	tol := 1e-14
	if asm.SizeOf[T]() == 4 {
		tol = 2e-6
	}
	r := rand.New(rand.NewPCG(7, 1))
	for k := range 300 {
		blocks := randomBlocks[T](r, k%2 == 0)
		b := balance.NewBalancer(nil, 0, blocks...)
		b.Balance()
		for _, l := range b.Balance().Log {
			for _, v := range l {
				require.InDelta(t, 0, v, tol)
			}
		}
	}
}

func TestComponentsWithoutPenaltyKeepTheirScale(t *testing.T) {
	// The entries of component 1 of w lie where its row weights are 0.
	w := reg.Block[float64]{X: matrix.Of(2, 2, []float64{1, 0, 0, 5}), Penalty: reg.Penalty{{Degree: 1, Weight: 1, Rows: []float64{1, 0}}}}
	h := reg.Block[float64]{X: matrix.Of(2, 2, []float64{4, 4, 4, 4}), Penalty: reg.L1(1)}
	s := balance.Columns(w.Columns(), h.Columns())
	assert.Empty(t, s.Pruned)
	assert.Equal(t, []float64{0, 0}, []float64{s.Log[0][1], s.Log[1][1]})
	assert.Zero(t, s.Beta[1])
	assert.InDelta(t, math.Log(8)/2, s.Log[0][0], 1e-15)

	none := reg.Block[float64]{X: matrix.Of(2, 2, []float64{1, 2, 3, 4})}
	s = balance.Columns(none.Columns(), h.Columns())
	assert.Equal(t, [][]float64{{0, 0}, {0, 0}}, s.Log)
}

func TestNoBlocksAndNoComponents(t *testing.T) {
	s := balance.Columns()
	assert.Empty(t, s.Log)
	assert.Empty(t, s.Beta)
	none := reg.Block[float64]{X: matrix.New[float64](3, 0), Penalty: reg.L1(1)}
	s = balance.NewBalancer(nil, 0, none, none).Balance()
	assert.Len(t, s.Log, 2)
	assert.Empty(t, s.Beta)
}

func TestBalancerAllocatesNothing(t *testing.T) {
	racing.CountsAllocations(t)
	both(t, testBalancerAllocations[float32], testBalancerAllocations[float64])
}

func testBalancerAllocations[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for k := range 4 {
		blocks := randomBlocks[T](r, k%2 == 0)
		off := make([]float64, blocks[0].Components())
		b := balance.NewBalancer(nil, T(1e-10), blocks...)
		b.Balance()
		assert.Zero(t, testing.AllocsPerRun(5, func() {
			off[0] = math.Inf(-1) // pruned ones must not cost memory either
			blocks[0].Scale(off)
			b.Balance()
		}))
	}
}

func ExampleColumns() {
	w := reg.Block[float64]{X: matrix.Of(2, 1, []float64{100, 300}), Penalty: reg.L1(1)}
	h := reg.Block[float64]{X: matrix.Of(1, 2, []float64{0.25, 0.75}), Trans: true, Penalty: reg.L1(1)}
	fmt.Println(w.Value() + h.Value())
	s := balance.Columns(w.Columns(), h.Columns())
	balance.Apply(s, 0, w, h)
	fmt.Printf("%.0f %.0f\n", w.X.Data, h.X.Data)
	fmt.Printf("%.0f = 2·%.0f\n", w.Value()+h.Value(), s.Beta[0])
	// Output:
	// 401
	// [5 15] [5 15]
	// 40 = 2·20
}

func ExampleBalancer() {
	const eps = 1e-16
	w := reg.Block[float64]{X: matrix.Of(1, 2, []float64{8, 3}), Penalty: reg.L2(1)}
	h := reg.Block[float64]{X: matrix.Of(2, 1, []float64{2, eps}), Trans: true, Penalty: reg.L2(1)}
	s := balance.NewBalancer(nil, eps, w, h).Balance()
	fmt.Printf("%.3g %.3g\n", w.X.Data, h.X.Data)
	fmt.Println(s.Pruned)
	// Output:
	// [4 1e-16] [4 1e-16]
	// [1]
}
