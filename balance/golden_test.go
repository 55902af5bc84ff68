package balance_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/golden"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
)

// both runs a generic test body for both element types.
func both(t *testing.T, f32, f64 func(*testing.T)) {
	t.Run("float32", f32)
	t.Run("float64", f64)
}

// tolerance is that of a reference array, and at least what rounding the inputs
// to T costs.
func tolerance[T asm.Float](a golden.Array) golden.Array {
	if asm.SizeOf[T]() == 4 {
		a.Tol = max(a.Tol, 1e-5)
	}
	return a
}

// goldenBlocks returns the blocks of a case as factors I x r, every other one
// transposed.
func goldenBlocks[T asm.Float](c golden.Case) []reg.Block[T] {
	mu, p := c.Floats("mu"), c.Floats("p")
	var blocks []reg.Block[T]
	for i := range mu {
		x := c.Inputs[fmt.Sprintf("X%d", i)].Matrix()
		b := reg.Block[T]{X: matrix.Convert[T](x), Penalty: reg.Lp(p[i], mu[i])}
		if i%2 == 1 {
			b.X, b.Trans = b.X.Transpose(), true
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// columns returns the columns of all blocks.
func columns[T asm.Float](blocks []reg.Block[T]) (c []*reg.Columns) {
	for _, b := range blocks {
		c = append(c, b.Columns())
	}
	return c
}

func value[T asm.Float](blocks []reg.Block[T]) (v float64) {
	for _, b := range blocks {
		v += b.Value()
	}
	return v
}

// checkScales compares scales and balanced blocks with a case.
func checkScales[T asm.Float](t *testing.T, c golden.Case, s *balance.Scales, blocks []reg.Block[T]) {
	t.Helper()
	var lambda []float64
	for _, l := range s.Log {
		for _, v := range l {
			lambda = append(lambda, math.Exp(v))
		}
	}
	require.NoError(t, tolerance[T](c.Outputs["lambda"]).Check(lambda))
	require.NoError(t, tolerance[T](c.Outputs["beta"]).Check(s.Beta))
	for i, b := range blocks {
		x := b.X
		if b.Trans {
			x = x.Transpose()
		}
		require.NoError(t, tolerance[T](c.Outputs[fmt.Sprintf("Y%d", i)]).Check(matrix.Convert[float64](x).Data), "block %d", i)
	}
	var pruned []int
	for q, b := range c.Outputs["beta"].Data {
		if b == 0 {
			pruned = append(pruned, q)
		}
	}
	require.Equal(t, len(pruned), len(s.Pruned))
	for i := range pruned {
		require.Equal(t, pruned[i], s.Pruned[i])
	}
}

func TestGoldenBalance(t *testing.T) { both(t, testGolden[float32], testGolden[float64]) }

func testGolden[T asm.Float](t *testing.T) {
	cases, err := golden.HRSI("balance")
	require.NoError(t, err)
	require.Equal(t, 7, len(cases))
	for _, c := range cases {
		if c.ID == "balance/extreme" && asm.SizeOf[T]() == 4 {
			continue // out of the range of float32
		}
		t.Run(c.ID, func(t *testing.T) {
			blocks := goldenBlocks[T](c)
			s := balance.Columns(columns(blocks)...)
			balance.Apply(s, 0, blocks...)
			checkScales(t, c, s, blocks)

			tol := 1e-10
			if asm.SizeOf[T]() == 4 {
				tol = 1e-5
			}
			assert.InEpsilon(t, c.Expect["penalty_after"], value(blocks), tol)
			var implicit, degrees float64
			for _, p := range c.Floats("p") {
				degrees += 1 / p
			}
			for _, b := range s.Beta {
				implicit += b * degrees
			}
			assert.InEpsilon(t, c.Expect["implicit_penalty"], implicit, tol)

			// The balancer does the same in one go.
			again := goldenBlocks[T](c)
			checkScales(t, c, balance.NewBalancer(nil, 0, again...).Balance(), again)
			assert.Equal(t, blocks, again)
		})
	}
}

func TestGoldenFloorProtocol(t *testing.T) {
	both(t, testGoldenFloor[float32], testGoldenFloor[float64])
}

func testGoldenFloor[T asm.Float](t *testing.T) {
	cases, err := golden.HRSI("balance_nn")
	require.NoError(t, err)
	require.Equal(t, 1, len(cases))
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			blocks := goldenBlocks[T](c)
			eps := T(c.Float("eps"))
			s := balance.NewBalancer(nil, eps, blocks...).Balance()
			checkScales(t, c, s, blocks)
			require.Equal(t, []int{2}, s.Pruned)
			for i, b := range blocks {
				require.Equal(t, []bool{false, false, true}, b.Empty(eps), "block %d", i)
				for j := range b.X.Rows {
					for _, v := range b.X.Row(j) {
						require.GreaterOrEqual(t, v, eps)
					}
				}
			}
		})
	}
}

// goldenSums returns the sums of an eta case, the model multiplied out naively.
func goldenSums(c golden.Case) (s balance.Sums) {
	core, hasCore := c.Inputs["G"]
	var f []*matrix.Dense[float64]
	for i := 0; ; i++ {
		a, ok := c.Inputs[fmt.Sprintf("X%d", i)]
		if !ok {
			break
		}
		f = append(f, a.Matrix())
	}
	if !hasCore { // the diagonal core of a CP model
		r := f[0].Cols
		core = golden.Array{}
		n := 1
		for range f {
			core.Shape = append(core.Shape, r)
			n *= r
		}
		core.Data = make([]float64, n)
		for q := range r {
			at := 0
			for range f {
				at = at*r + q
			}
			core.Data[at] = 1
		}
	}
	g, x := core.Tensor(), c.Inputs["T"].Tensor()
	each(x.Shape, func(i []int) {
		var m float64
		each(g.Shape, func(q []int) {
			p := g.At(q...)
			for n := range f {
				p *= f[n].At(i[n], q[n])
			}
			m += p
		})
		v := x.At(i...)
		s.X += v
		s.M += m
		s.XM += v * m
		s.MM += m * m
	})
	return s
}

// each calls f for every index of a shape.
func each(shape []int, f func(index []int)) {
	index := make([]int, len(shape))
	var mode func(n int)
	mode = func(n int) {
		if n == len(shape) {
			f(index)
			return
		}
		for i := range shape[n] {
			index[n] = i
			mode(n + 1)
		}
	}
	mode(0)
}

// goldenColumns returns the penalties of an eta case with weights times factor.
func goldenColumns(c golden.Case, factor float64) (cols []*reg.Columns) {
	mu, p := c.Floats("mu"), c.Floats("p")
	for i := range mu {
		x := c.Inputs["G"]
		if a, ok := c.Inputs[fmt.Sprintf("X%d", i)]; ok {
			x = a
		}
		b := reg.Block[float64]{X: matrix.Of(len(x.Data), 1, x.Data), Penalty: reg.Lp(p[i], factor*mu[i])}
		cols = append(cols, b.Columns())
	}
	return cols
}

func TestGoldenInitialScale(t *testing.T) {
	cases, err := golden.HRSI("eta")
	require.NoError(t, err)
	require.Equal(t, 5, len(cases))
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			s, n := goldenSums(c), int(c.Float("blocks"))
			scale := func(l loss.Loss, weights float64) float64 {
				return math.Exp(balance.InitialScale(l, s, n, goldenColumns(c, weights)...))
			}
			kl := c.Expect["eta_kl"].(float64)
			assert.InEpsilon(t, kl, scale(loss.KL, 1), 1e-10)
			assert.InEpsilon(t, kl, scale(loss.IS, 1), 1e-10, "every loss but Frobenius takes the scale of KL")

			want := c.Expect["eta_fro_half"].(float64)
			if want == 0 { // the zero model is best: what is best besides it?
				cost := newCost(s, n, goldenColumns(c, 1))
				if eta, ok := cost.best(); ok {
					want = eta
				} else {
					want = kl
				}
			}
			assert.InEpsilon(t, want, scale(loss.Frobenius, 1), 1e-10)

			// Theirs has no half on the loss: the same with half the weights.
			for _, name := range []string{"eta_fro", "eta_fro_positive"} {
				if eta, _ := c.Expect[name].(float64); eta > 0 {
					assert.InEpsilon(t, eta, scale(loss.Frobenius, .5), 1e-10, name)
				}
			}
		})
	}
}

func TestGoldenZeroBestCasesAreWhatTheyClaim(t *testing.T) {
	cases, err := golden.HRSI("eta")
	require.NoError(t, err)
	positive := map[string]bool{}
	for _, c := range cases {
		if c.Expect["eta_fro_half"].(float64) == 0 {
			_, positive[c.ID] = newCost(goldenSums(c), int(c.Float("blocks")), goldenColumns(c, 1)).best()
		}
	}
	assert.Len(t, positive, 2)
	assert.False(t, positive["eta/nmf_too_strong"])
}
