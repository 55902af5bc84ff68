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
	"polyad/internal/golden"
	"polyad/internal/racing"
	"polyad/matrix"
	"polyad/reg"
	"polyad/tensor"
)

// goldenTucker returns the model of a case.
func goldenTucker[T asm.Float](c golden.Case) *balance.Tucker[T] {
	mu, p := c.Floats("mu"), c.Floats("p")
	m := &balance.Tucker[T]{}
	n := len(mu) - 1
	for i := range n {
		m.Factors = append(m.Factors, reg.Block[T]{X: matrix.Convert[T](c.Inputs[fmt.Sprintf("X%d", i)].Matrix()), Penalty: reg.Lp(p[i], mu[i])})
	}
	g := c.Inputs["G"]
	m.Core, m.CorePenalty = tensor.New[T](g.Shape...), reg.Lp(p[n], mu[n])
	for i, v := range g.Data {
		m.Core.Data[i] = T(v)
	}
	return m
}

func clone[T asm.Float](m *balance.Tucker[T]) *balance.Tucker[T] {
	c := *m
	c.Core, c.Factors = m.Core.Clone(), nil
	for _, f := range m.Factors {
		f.X = f.X.Clone()
		c.Factors = append(c.Factors, f)
	}
	return &c
}

func tuckerPenalty[T asm.Float](m *balance.Tucker[T]) (v float64) {
	v = reg.Block[T]{X: matrix.Of(m.Core.Len(), 1, m.Core.Data), Penalty: m.CorePenalty}.Value()
	for _, f := range m.Factors {
		v += f.Value()
	}
	return v
}

func rebuild[T asm.Float](m *balance.Tucker[T]) []T {
	var f []*matrix.Dense[T]
	for _, b := range m.Factors {
		f = append(f, b.X)
	}
	return tensor.Tucker[T]{Core: m.Core, Factors: f}.Reconstruct(nil).Data
}

func wide[T asm.Float](x []T) []float64 { return matrix.Convert[float64](matrix.Of(1, len(x), x)).Data }

func TestGoldenTuckerScaling(t *testing.T) {
	both(t, testGoldenTucker[float32], testGoldenTucker[float64])
}

func testGoldenTucker[T asm.Float](t *testing.T) {
	cases, err := golden.HRSI("tucker_scaling")
	require.NoError(t, err)
	require.Equal(t, 6, len(cases))
	tol := 1e-10
	if asm.SizeOf[T]() == 4 {
		tol = 1e-5
	}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			check := func(m *balance.Tucker[T], name string) {
				require.NoError(t, tolerance[T](c.Outputs[name+"_G"]).Check(wide(m.Core.Data)), name)
				for n, f := range m.Factors {
					require.NoError(t, tolerance[T](c.Outputs[fmt.Sprintf("%s_X%d", name, n)]).Check(wide(f.X.Data)), name)
				}
			}
			m := goldenTucker[T](c)
			assert.InEpsilon(t, c.Expect["penalty_before"], tuckerPenalty(m), tol)
			if want, ok := c.Outputs["scalar_scales"]; ok {
				s := balance.Scalar(m)
				check(m, "scalar")
				core, lambda := 0.0, []float64(nil)
				for _, l := range s.Log {
					lambda = append(lambda, math.Exp(l[0]))
					core -= l[0]
				}
				require.NoError(t, tolerance[T](want).Check(append(lambda, math.Exp(core))))
				assert.InEpsilon(t, c.Expect["scalar_penalty"], tuckerPenalty(m), tol)
			}
			for _, sweeps := range []int{1, 10, 200} {
				m := goldenTucker[T](c)
				name := fmt.Sprintf("sinkhorn%d", sweeps)
				s := balance.Sinkhorn(m, sweeps)
				require.Equal(t, sweeps, s.Sweeps)
				check(m, name)
				for n, l := range s.Log {
					lambda := make([]float64, len(l))
					for q, v := range l {
						lambda[q] = math.Exp(v)
					}
					require.NoError(t, tolerance[T](c.Outputs[fmt.Sprintf("%s_lambda%d", name, n)]).Check(lambda), name)
				}
				trace := c.Outputs[name+"_penalty_trace"].Data
				assert.InEpsilon(t, trace[len(trace)-1], tuckerPenalty(m), tol)
			}
		})
	}
}

// randomTucker makes up a model with penalties of mixed degrees: on every block
// one term, or two.
func randomTucker[T asm.Float](r *rand.Rand, shape, core []int, mixed bool) *balance.Tucker[T] {
	penalty := func(rows int) reg.Penalty {
		p := reg.Lp([]float64{.5, 1, 2, 3}[r.IntN(4)], math.Exp(2*r.NormFloat64()))
		if mixed && r.IntN(2) == 0 {
			w := make([]float64, rows)
			for i := range w {
				w[i] = r.ExpFloat64()
			}
			p = p.Plus(reg.L2(.3)).Plus(reg.Penalty{{Degree: 1, Weight: .7, Rows: w}})
		}
		return p
	}
	m := &balance.Tucker[T]{Core: tensor.New[T](core...)}
	for i := range m.Core.Data {
		m.Core.Data[i] = T(r.NormFloat64() * math.Exp(r.NormFloat64()))
	}
	m.CorePenalty = penalty(m.Core.Len())
	for n, size := range shape {
		x := matrix.New[T](size, core[n])
		for i := range x.Data {
			x.Data[i] = T(r.NormFloat64() * math.Exp(r.NormFloat64()))
		}
		m.Factors = append(m.Factors, reg.Block[T]{X: x, Penalty: penalty(size)})
	}
	return m
}

// derivative returns Σ p·mu·w·|x|^p over the entries of a factor's column, or of a
// slice of the core, that belong picks.
func derivative[T asm.Float](p reg.Penalty, x []T, row func(i int) int, belongs func(i int) bool) (sum float64) {
	for _, term := range p {
		for i, v := range x {
			w := 1.0
			if term.Rows != nil {
				w = term.Rows[row(i)]
			}
			if belongs(i) {
				sum += term.Degree * term.Weight * w * math.Pow(math.Abs(float64(v)), term.Degree)
			}
		}
	}
	return sum
}

// sides returns both sides of the fixed point for component q of mode n.
func sides[T asm.Float](m *balance.Tucker[T], n, q int) (column, slice float64) {
	f := m.Factors[n]
	column = derivative(f.Penalty, f.X.Data, func(i int) int { return i / f.X.Cols }, func(i int) bool { return i%f.X.Cols == q })
	_, j, r := m.Core.Split(n)
	slice = derivative(m.CorePenalty, m.Core.Data, func(i int) int { return i }, func(i int) bool { return i/r%j == q })
	return column, slice
}

func requireSame[T asm.Float](t *testing.T, want, got []T, tol float64) {
	t.Helper()
	var largest float64
	for _, v := range want {
		largest = max(largest, math.Abs(float64(v)))
	}
	for i := range want {
		require.InDelta(t, float64(want[i]), float64(got[i]), tol*largest)
	}
}

func TestSinkhornReachesItsFixedPoint(t *testing.T) {
	both(t, testFixedPoint[float32], testFixedPoint[float64])
}

func testFixedPoint[T asm.Float](t *testing.T) {
	same, tol := 1e-12, 1e-8
	if asm.SizeOf[T]() == 4 {
		same, tol = 1e-5, 1e-5
	}
	r := rand.New(rand.NewPCG(5, 1))
	for k := range 60 {
		shape, core := []int{5, 4, 6}, []int{3, 2, 4}
		switch k % 3 {
		case 1:
			shape, core = []int{5, 4}, []int{3, 3}
		case 2:
			shape, core = []int{3, 1, 4, 2}, []int{2, 1, 3, 2}
		}
		m := randomTucker[T](r, shape, core, k%2 == 0)
		before, scalar := clone(m), clone(m)
		want := rebuild(m)
		balance.Scalar(scalar)
		requireSame(t, want, rebuild(scalar), same)
		require.LessOrEqual(t, tuckerPenalty(scalar), tuckerPenalty(before)*(1+same))
		last := tuckerPenalty(before)
		for _, sweeps := range []int{1, 2, 7, 100} {
			m := clone(before)
			balance.Sinkhorn(m, sweeps)
			requireSame(t, want, rebuild(m), same)
			require.LessOrEqual(t, tuckerPenalty(m), last*(1+same), "more sweeps, less penalty")
			last = tuckerPenalty(m)
		}
		s := balance.Sinkhorn(m, 0)
		require.Less(t, s.Sweeps, 500)
		requireSame(t, want, rebuild(m), same)
		require.LessOrEqual(t, tuckerPenalty(m), tuckerPenalty(scalar)*(1+same))
		for n, j := range core {
			for q := range j {
				a, c := sides(m, n, q)
				require.InEpsilon(t, a, c, tol, "mode %d, component %d", n, q)
			}
		}
		// A second time there is nothing to do.
		again := clone(m)
		balance.Sinkhorn(again, 0)
		requireSame(t, m.Core.Data, again.Core.Data, tol)
	}
}

// TestSinkhornIsTheMinimum compares with scales at random.
func TestSinkhornIsTheMinimum(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	for k := range 20 {
		m := randomTucker[float64](r, []int{3, 4, 2}, []int{2, 3, 2}, k%2 == 0)
		balance.Sinkhorn(m, 0)
		least := tuckerPenalty(m)
		for step := range 30 {
			o := clone(m)
			s := &balance.TuckerScales{}
			for _, f := range o.Factors {
				log := make([]float64, f.Components())
				for q := range log {
					log[q] = r.NormFloat64() * math.Pow(10, -float64(step%4))
				}
				s.Log = append(s.Log, log)
			}
			o.Apply(s)
			requireSame(t, rebuild(m), rebuild(o), 1e-12)
			require.GreaterOrEqual(t, tuckerPenalty(o), least*(1-1e-12))
		}
	}
}

func TestTuckerScalingKeepsToFreeBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	for _, c := range []struct {
		core  bool
		fixed []bool
	}{{true, nil}, {true, []bool{false, true, true}}, {false, []bool{true, false, false}}, {false, []bool{true, true, true}}, {true, []bool{true, true, true}}} {
		m := randomTucker[float64](r, []int{5, 4, 6}, []int{3, 2, 4}, false)
		m.FixedCore, m.Fixed = c.core, c.fixed
		m.Factors[0].X.Set(0, 0, 0)
		before := clone(m)
		for _, f := range []func(){func() { balance.Scalar(m) }, func() { balance.Sinkhorn(m, 0) }, func() { balance.Sinkhorn(m, 3) }} {
			last := tuckerPenalty(m)
			f()
			requireSame(t, rebuild(before), rebuild(m), 1e-12)
			require.LessOrEqual(t, tuckerPenalty(m), last*(1+1e-14))
			if c.core {
				require.Equal(t, before.Core.Data, m.Core.Data)
			}
			for n, fixed := range c.fixed {
				if fixed {
					require.Equal(t, before.Factors[n].X.Data, m.Factors[n].X.Data)
				}
			}
		}
		for n := range m.Factors {
			if !c.core && !c.fixed[n] {
				a, b := sides(m, n, 1)
				require.InEpsilon(t, a, b, 1e-8)
			}
		}
	}
	// A block without penalty leaves the others as they are.
	m := randomTucker[float64](r, []int{5, 4}, []int{3, 2}, false)
	m.CorePenalty = nil
	before := clone(m)
	balance.Scalar(m)
	balance.Sinkhorn(m, 0)
	require.Equal(t, before.Core, m.Core)
	require.Equal(t, before.Factors, m.Factors)
}

func TestSinkhornPrunesBothPartners(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	m := randomTucker[float64](r, []int{4, 4, 4}, []int{3, 3, 2}, false)
	m.Eps = 1e-16
	for i := range m.Core.Data { // what belongs to component 1 of mode 1 belongs to 2 of mode 0, too
		m.Core.Data[i] = math.Abs(m.Core.Data[i])
		if i/2%3 == 1 && i/6 != 2 {
			m.Core.Data[i] = 1e-17
		}
	}
	for _, f := range m.Factors {
		for i, v := range f.X.Data {
			f.X.Data[i] = math.Abs(v)
		}
	}
	for i := range 4 {
		m.Factors[0].X.Set(i, 2, 1e-16)
	}
	for _, f := range []func() *balance.TuckerScales{func() *balance.TuckerScales { return balance.Scalar(m) }, func() *balance.TuckerScales { return balance.Sinkhorn(m, 0) }} {
		s := f()
		require.Equal(t, [][]int{{2}, {1}, {}}, s.Pruned)
		for i, v := range m.Core.Data {
			if i/6 == 2 || i/2%3 == 1 {
				require.Equal(t, 1e-16, v)
			} else {
				require.Greater(t, v, 1e-10)
			}
		}
		for i := range 4 {
			require.Equal(t, 1e-16, m.Factors[0].X.At(i, 2))
			require.Equal(t, 1e-16, m.Factors[1].X.At(i, 1))
		}
	}
	clear(m.Core.Data)
	s := balance.Sinkhorn(m, 0)
	require.Equal(t, [][]int{{0, 1, 2}, {0, 1, 2}, {0, 1}}, s.Pruned)
	for _, v := range m.Core.Data {
		require.Equal(t, 1e-16, v)
	}
}

func TestSinkhornOfExtremeMagnitudes(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	for k := range 12 {
		m := randomTucker[float64](r, []int{3, 4, 2}, []int{2, 3, 2}, k%2 == 0)
		for q, s := range []float64{1e-160, 1e140, 1} {
			for i := range 4 {
				m.Factors[1].X.Set(i, q, m.Factors[1].X.At(i, q)*s)
			}
			for i := range m.Core.Data {
				if i/2%3 == q {
					m.Core.Data[i] *= math.Sqrt(1 / s) // the components stay unlike each other
				}
			}
		}
		s := balance.Sinkhorn(m, 0)
		require.Less(t, s.Sweeps, 500)
		for n, j := range m.Core.Shape {
			for q := range j {
				a, c := sides(m, n, q)
				if a > 1e-280 && c > 1e-280 && a < 1e280 {
					require.InEpsilon(t, a, c, 1e-8, "mode %d, component %d", n, q)
				}
			}
		}
	}
}

func TestTuckerBalancerAllocatesNothing(t *testing.T) {
	racing.CountsAllocations(t)
	m := randomTucker[float64](rand.New(rand.NewPCG(3, 3)), []int{5, 4, 6}, []int{3, 2, 4}, true)
	b := balance.NewTuckerBalancer(m)
	require.Zero(t, testing.AllocsPerRun(5, func() {
		b.Scalar()
		b.Sinkhorn(0)
		b.Sinkhorn(2)
	}))
}

func ExampleSinkhorn() {
	m := &balance.Tucker[float64]{
		Core:        tensor.Of([]float64{4, 0, 0, 1}, 2, 2),
		CorePenalty: reg.L1(1),
		Factors: []reg.Block[float64]{
			{X: matrix.Of(1, 2, []float64{1, 1}), Penalty: reg.L2(.5)},
			{X: matrix.Of(1, 2, []float64{1, 8}), Penalty: reg.L2(.5)},
		},
	}
	balance.Sinkhorn(m, 0)
	fmt.Printf("%.4f %.4f %.4f\n", m.Core.Data, m.Factors[0].X.Data, m.Factors[1].X.Data)
	// Output:
	// [2.0000 0.0000 0.0000 2.8284] [1.4142 1.6818] [1.4142 1.6818]
}

func TestModesLeftAloneAreNotLookedAt(t *testing.T) {
	m := randomTucker[float64](rand.New(rand.NewPCG(4, 4)), []int{5, 4, 6}, []int{3, 4, 2}, false)
	one := clone(m)
	for i := range 4 {
		for j := range 4 {
			one.Factors[1].X.Set(i, j, 0)
		}
		one.Factors[1].X.Set(i, i, 1)
	}
	m.Fixed, one.Fixed = []bool{false, true, false}, []bool{false, true, false}
	m.Factors[1] = reg.Block[float64]{}
	require.Equal(t, balance.Sinkhorn(one, 0), balance.Sinkhorn(m, 0))
	require.Equal(t, one.Core, m.Core)
	require.Equal(t, balance.Scalar(one), balance.Scalar(m))
}

// What is no number stays none, so that sweeps over it are for nothing: Sinkhorn ends
// with the sweep that meets it first, whatever the number of sweeps.
func TestSinkhornEndsWithWhatIsNoNumber(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		for _, block := range []int{0, 1, 2} {
			for _, sweeps := range []int{0, 300} {
				terms := reg.L1(.1).Plus(reg.L2(.2))
				core := tensor.New[float64](2, 3)
				m := &balance.Tucker[float64]{Core: core, CorePenalty: terms}
				for n, j := range core.Shape {
					m.Factors = append(m.Factors, reg.Block[float64]{X: matrix.New[float64](4, j), Penalty: terms})
					for i := range m.Factors[n].X.Data {
						m.Factors[n].X.Data[i] = 1 + float64(i)
					}
				}
				for i := range core.Data {
					core.Data[i] = 2 + float64(i)
				}
				if block < 2 {
					m.Factors[block].X.Data[1] = bad
				} else {
					core.Data[1] = bad
				}
				require.LessOrEqual(t, balance.Sinkhorn(m, sweeps).Sweeps, 2, "%v in block %d", bad, block)
			}
		}
	}
}
