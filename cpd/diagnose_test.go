package cpd_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cpd"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

func TestSharesAndCongruenceMatchTheArrays(t *testing.T) {
	both(t, testShares[float32], testShares[float64])
}

func testShares[T asm.Float](t *testing.T) {
	m := model[T](1, []int{5, 4, 3}, 3, false)
	m.Weights = []float64{2, -1, .5}
	y := m.Reconstruct()
	var parts []*tensor.Dense[T]
	for q := range 3 {
		one := m.Clone()
		for p := range one.Weights {
			if p != q {
				one.Weights[p] = 0
			}
		}
		parts = append(parts, one.Reconstruct())
	}
	inner := func(a, b *tensor.Dense[T]) (s float64) {
		for i, v := range a.Data {
			s += float64(v) * float64(b.Data[i])
		}
		return s
	}
	shares, c := m.Shares(), m.Congruence()
	tol := precision[T](1e-12, 1e-5)
	sum := 0.0
	for q, a := range parts {
		sum += shares[q]
		require.InDelta(t, inner(a, y)/inner(y, y), shares[q], tol*10)
		for p, b := range parts {
			require.InDelta(t, inner(a, b)/math.Sqrt(inner(a, a)*inner(b, b)), c.At(q, p), tol)
		}
	}
	require.InDelta(t, 1, sum, tol)

	m.Weights = []float64{0, 0, 0}
	require.Equal(t, []float64{0, 0, 0}, m.Shares())
	require.Equal(t, matrix.New[float64](3, 3), m.Congruence())
}

func TestCancellingComponentsAreDegenerate(t *testing.T) {
	m := model[float64](1, []int{5, 4, 3}, 3, true)
	_, _, _, yes := m.Degenerate()
	require.False(t, yes)
	for _, f := range m.Factors {
		for i := range f.Rows {
			f.Set(i, 2, f.At(i, 0)*(1+.01*float64(i)))
		}
	}
	m.Weights = []float64{3, 1, -3}
	p, q, c, yes := m.Degenerate()
	require.True(t, yes)
	require.Equal(t, [2]int{0, 2}, [2]int{p, q})
	require.Less(t, c, -.99)
}

func TestCoreConsistencyTellsTheRank(t *testing.T) {
	both(t, testConsistency[float32], testConsistency[float64])
}

func testConsistency[T asm.Float](t *testing.T) {
	truth := model[T](4, []int{9, 8, 7}, 3, false)
	truth.Weights = []float64{1, -2, 30}
	x := truth.Reconstruct()
	c, err := truth.CoreConsistency(x)
	require.NoError(t, err)
	require.InDelta(t, 100, c, precision[T](1e-8, 1e-1))

	padded := truth.Clone() // a pruned component does not count
	padded.Weights = append(padded.Weights, 1)
	for n, f := range padded.Factors {
		wide := matrix.New[T](f.Rows, 4)
		for i := range f.Rows {
			copy(wide.Row(i), f.Row(i))
		}
		padded.Factors[n] = wide
	}
	c, err = padded.CoreConsistency(x)
	require.NoError(t, err)
	require.InDelta(t, 100, c, precision[T](1e-8, 1e-1))

	noise := noisy[T](5, []int{9, 8, 7}, 2, false, .3)
	for rank, low := range map[int]bool{2: false, 5: true} {
		r, err := cpd.Fit(ctx, noise, rank, nil)
		require.NoError(t, err)
		c, err := r.CoreConsistency(noise)
		require.NoError(t, err)
		require.Equal(t, low, c < 70, "rank %d: %g", rank, c)
	}

	zero := truth.Clone()
	zero.Weights = []float64{0, 0, 0}
	c, err = zero.CoreConsistency(x)
	require.NoError(t, err)
	require.Zero(t, c)
	_, err = truth.CoreConsistency(x.Permute(1, 0, 2))
	require.ErrorIs(t, err, cpd.ErrShape)
	_, err = truth.CoreConsistency(tensor.New[T](9, 8))
	require.ErrorIs(t, err, cpd.ErrShape)
	_, err = model[T](1, []int{9, 8, 7}, 500, true).CoreConsistency(x)
	require.ErrorIs(t, err, cpd.ErrRank)
	x.Data[3] = T(math.NaN())
	_, err = truth.CoreConsistency(x)
	require.ErrorIs(t, err, cpd.ErrData)
}

// The numbers are those of NumPy, g = default_rng(11): factors g.random((k, 3)) for k
// = 6, 5, 4, weights 10, 1, .3, and noise of 5 % of the standard deviation of their
// array; the core consistency is that of the definition with numpy.linalg.pinv.
func TestCoreConsistencyIsTheSameInEveryOrder(t *testing.T) {
	both(t, testConsistencyOrder[float32], testConsistencyOrder[float64])
}

func testConsistencyOrder[T asm.Float](t *testing.T) {
	read := func(name string) *tensor.Dense[T] {
		a, err := ndio.ReadFile("testdata/core_consistency.npz:" + name)
		require.NoError(t, err)
		y := tensor.New[T](a.F64.Shape...)
		for i, v := range a.F64.Contiguous().Data {
			y.Data[i] = T(v)
		}
		return y
	}
	x := read("x")
	m := &cpd.Model[T]{}
	for _, w := range read("w").Data {
		m.Weights = append(m.Weights, float64(w))
	}
	for _, name := range []string{"a", "b", "c"} {
		m.Factors = append(m.Factors, read(name).Matrix())
	}
	for _, p := range [][]int{{0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		for _, sign := range []float64{1, -1} { // of two columns of one component
			turned := &cpd.Model[T]{Weights: m.Weights}
			for _, n := range p {
				turned.Factors = append(turned.Factors, m.Factors[n].Clone())
			}
			for _, f := range turned.Factors[:2] {
				for i := range f.Rows {
					f.Set(i, 1, T(sign)*f.At(i, 1))
				}
			}
			c, err := turned.CoreConsistency(x.Permute(p...))
			require.NoError(t, err)
			require.InDelta(t, -82.91291108484569, c, precision[T](1e-9, 1e-2), "%v", p)
		}
	}
}

// Neither does the scale of data and model matter, nor how it is spread over the
// factors, nor a component that is nothing beside the others.
func TestCoreConsistencyIsTheSameAtEveryScale(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testConsistencyScale[float32](t, 1e-30, 1e-20, 1, 1e20, 1e30, 1e37) })
	t.Run("float64", func(t *testing.T) { testConsistencyScale[float64](t, 1e-280, 1e-30, 1, 1e30, 1e280) })
}

func testConsistencyScale[T asm.Float](t *testing.T, scales ...float64) {
	truth := model[T](4, []int{9, 8, 7}, 3, false)
	x := noisy[T](4, []int{9, 8, 7}, 3, false, .1)
	want, err := truth.CoreConsistency(x)
	require.NoError(t, err)
	for _, scale := range scales {
		y := x.Clone()
		for i := range y.Data {
			y.Data[i] *= T(scale)
		}
		for _, spread := range []float64{1, 1e-18, 1e18} {
			for _, extra := range []float64{0, 1e-30} {
				m := truth.Clone()
				m.Weights = []float64{scale, scale, scale}
				for i := range m.Factors[0].Data {
					m.Factors[0].Data[i] *= T(spread)
				}
				for q := range m.Weights {
					m.Weights[q] /= spread
				}
				if extra > 0 {
					m.Weights = append(m.Weights, extra*scale/spread)
					for n, f := range m.Factors {
						wide := matrix.New[T](f.Rows, 4)
						for i := range f.Rows {
							copy(wide.Row(i), f.Row(i))
							wide.Set(i, 3, T(1+i%(n+2)))
							if n == 0 {
								wide.Set(i, 3, T(spread)*wide.At(i, 3))
							}
						}
						m.Factors[n] = wide
					}
				}
				c, err := m.CoreConsistency(y)
				require.NoError(t, err)
				require.InEpsilon(t, want, c, precision[T](1e-9, 1e-3), "scale %g, spread %g, extra %g", scale, spread, extra)
			}
		}
	}
}

// Two components that are equal in one mode share what the data have of them.
func TestCoreConsistencyOfEqualColumns(t *testing.T) {
	m := model[float64](3, []int{4, 5, 6}, 2, false)
	for i := range m.Factors[0].Data { // ones(4, 2)
		m.Factors[0].Data[i] = 1
	}
	for _, p := range [][]int{{0, 1, 2}, {1, 0, 2}, {1, 2, 0}} {
		turned := &cpd.Model[float64]{Weights: []float64{1, 7}}
		for _, n := range p {
			turned.Factors = append(turned.Factors, m.Factors[n])
		}
		c, err := turned.CoreConsistency(turned.Reconstruct())
		require.NoError(t, err)
		require.InDelta(t, 50, c, 1e-9, "%v", p)
	}
}

func TestSingularGramMatricesAreCounted(t *testing.T) {
	both(t, testRidges[float32], testRidges[float64])
}

func testRidges[T asm.Float](t *testing.T) {
	x := noisy[T](1, []int{3, 2, 2}, 2, true, .1)
	wide := noisy[T](2, []int{9, 8, 7}, 3, true, .3)
	dead := model[T](3, []int{9, 8, 7}, 3, true)
	for _, f := range dead.Factors[:2] { // one alone would come back
		for i := range f.Rows {
			f.Set(i, 1, 0)
		}
	}
	for _, o := range []cpd.Options{{Method: cpd.ALS{}}, {Method: cpd.ALS{LineSearch: true}}, {Method: cpd.ALS{}, Nonneg: cpd.All}} {
		o.Run = sweeps(5)
		r, err := cpd.Fit(ctx, x, 6, &o)
		require.NoError(t, err)
		require.GreaterOrEqual(t, r.Ridges, 5, "%v: the Hadamard product of Gram matrices of rank 2 has rank 4", o.Nonneg)
		r, err = cpd.Fit(ctx, wide, 3, &o)
		require.NoError(t, err)
		require.Zero(t, r.Ridges)
		require.Equal(t, 3, r.Surviving())
		if len(o.Nonneg) > 0 || o.Method == (cpd.ALS{LineSearch: true}) {
			continue
		}
		o.Init = dead
		r, err = cpd.Fit(ctx, wide, 3, &o)
		require.NoError(t, err)
		require.Positive(t, r.Ridges, "other columns of a component vanish")
		require.Equal(t, []int{1}, r.Pruned)
		require.Equal(t, 2, r.Surviving())
	}
}
