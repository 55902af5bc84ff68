package tucker_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/matrix"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// denseBasis returns the leading left singular vectors of an unfolding by the SVD
// of all of it.
func denseBasis(t *testing.T, x *tensor.Dense[float64], mode, rank int) *matrix.Dense[float64] {
	u, _, _, ok := matrix.ThinSVD(nil, x.Unfold(mode))
	require.True(t, ok)
	return u.View(0, 0, u.Rows, rank).Clone()
}

// denseHOSVD is the truncated or sequentially truncated HOSVD by dense
// decompositions; rank 0 leaves a mode alone.
func denseHOSVD(t *testing.T, x *tensor.Dense[float64], ranks []int, truncated bool) *tucker.Model[float64] {
	m := &tucker.Model[float64]{Core: x, Factors: make([]*matrix.Dense[float64], len(ranks))}
	for n, r := range ranks {
		if r == 0 {
			continue
		}
		src := m.Core
		if truncated {
			src = x
		}
		m.Factors[n] = denseBasis(t, src, n, r)
		m.Core = tensor.ModeProduct(nil, m.Core, m.Factors[n], n, true)
	}
	return m
}

// denseHOOI is HOOI by dense decompositions, from a start.
func denseHOOI(t *testing.T, x *tensor.Dense[float64], start *tucker.Model[float64], sweeps int) *tucker.Model[float64] {
	m := start.Clone()
	for range sweeps {
		for n, f := range m.Factors {
			if f == nil {
				continue
			}
			others := append([]*matrix.Dense[float64]{}, m.Factors...)
			others[n] = nil
			m.Factors[n] = denseBasis(t, tensor.MultiModeProduct(nil, x, others, true), n, f.Cols)
		}
	}
	m.Core = tensor.MultiModeProduct(nil, x, m.Factors, true)
	return m
}

// requireSameSpaces compares the projectors onto the columns of the factors.
func requireSameSpaces[T asm.Float](t *testing.T, want *tucker.Model[float64], got *tucker.Model[T], tol float64, what string) {
	for n, w := range want.Factors {
		g := got.Factors[n]
		if w == nil {
			require.Nil(t, g, what)
			continue
		}
		a, b := projector(w), projector(matrix.Convert[float64](g))
		for i, v := range a.Data {
			require.InDelta(t, v, b.Data[i], tol, "%s: mode %d", what, n)
		}
	}
}

func projector(f *matrix.Dense[float64]) *matrix.Dense[float64] {
	p := matrix.New[float64](f.Rows, f.Rows)
	matrix.Gemm(nil, false, true, 1, f, f, 0, p)
	return p
}

func convert[T asm.Float](x *tensor.Dense[float64]) *tensor.Dense[T] {
	y := tensor.New[T](x.Shape...)
	for i, v := range x.Data {
		y.Data[i] = T(v)
	}
	return y
}

// relError is the error of a model by forming it.
func relError[T asm.Float](x *tensor.Dense[T], m *tucker.Model[T]) float64 {
	y := m.Reconstruct()
	var rest, all float64
	for i, v := range x.Contiguous().Data {
		rest += math.Pow(float64(v)-float64(y.Data[i]), 2)
		all += float64(v) * float64(v)
	}
	return math.Sqrt(rest / all)
}

// requireHOSVDForm checks orthonormal factors, orthogonal slices of the core in
// the order of their norms, and signs.
func requireHOSVDForm[T asm.Float](t *testing.T, m *tucker.Model[T], ordered bool) {
	tol := precision[T](1e-12, 1e-4)
	for n, f := range m.Factors {
		if f == nil {
			continue
		}
		g := matrix.New[float64](f.Cols, f.Cols)
		matrix.Gram(nil, g, f, false)
		core := m.Core.Unfold(n)
		c := matrix.New[float64](f.Cols, f.Cols)
		matrix.Gram(nil, c, core, true)
		all := 0.0
		for k := range f.Cols {
			all += c.At(k, k)
		}
		for k := range f.Cols {
			for l := range f.Cols {
				want := 0.0
				if k == l {
					want = 1
				}
				require.InDelta(t, want, g.At(k, l), tol, "mode %d", n)
				if ordered && k != l {
					require.InDelta(t, 0, c.At(k, l), tol*all, "mode %d", n)
				}
			}
			if ordered && k > 0 {
				require.LessOrEqual(t, c.At(k, k), c.At(k-1, k-1)+tol*all)
			}
		}
	}
}

var reference = []struct{ shape, ranks []int }{
	{[]int{9, 8, 7}, []int{3, 2, 4}}, {[]int{12, 5}, []int{4, 4}}, {[]int{6, 5, 4, 3}, []int{2, 3, 2, 2}}, {[]int{40, 4, 5}, []int{6, 3, 5}},
	{[]int{7, 9, 8}, []int{3, 0, 3}}, {[]int{5, 1, 6}, []int{4, 1, 4}}, {[]int{8, 7, 6}, []int{8, 7, 6}}, {[]int{10, 6, 30}, []int{0, 2, 3}},
}

func modesOf(ranks []int) (m tucker.Modes) {
	for n, r := range ranks {
		if r > 0 {
			m = append(m, n)
		}
	}
	return m
}

func TestHOSVDMatchesDenseReference(t *testing.T) {
	both(t, testHOSVDReference[float32], testHOSVDReference[float64])
}

func testHOSVDReference[T asm.Float](t *testing.T) {
	for k, c := range reference {
		x64 := noisy[float64](uint64(k), c.shape, min3(c.ranks, c.shape), false, 1)
		x := convert[T](x64)
		for _, truncated := range []bool{false, true} {
			want := denseHOSVD(t, x64, c.ranks, truncated)
			got, err := tucker.HOSVD(context.Background(), x, c.ranks, &tucker.HOSVDOptions{Truncated: truncated, Modes: modesOf(c.ranks)})
			require.NoError(t, err)
			requireSameSpaces(t, want, got.Model, precision[T](1e-10, 1e-4), fmt.Sprint(c.shape))
			require.InDelta(t, relError(x64, want), got.RelError, precision[T](1e-10, 1e-5), "%v", c.shape)
			require.InDelta(t, got.RelError, got.Model.RelError(x), precision[T](1e-12, 1e-4))
			requireHOSVDForm(t, got.Model, false)
			for n, s := range got.Values {
				if c.ranks[n] == 0 {
					require.Nil(t, s)
				} else {
					require.GreaterOrEqual(t, len(s), c.ranks[n])
				}
			}
		}
	}
}

// min3 returns ranks of the model under the noise.
func min3(ranks, shape []int) (r []int) {
	for n, j := range ranks {
		if j == 0 {
			j = shape[n]
		}
		r = append(r, min(j, 3))
	}
	return r
}

func TestHOSVDMeetsItsTargetWithTheSmallestRanks(t *testing.T) {
	both(t, testTarget[float32], testTarget[float64])
}

// decaying is an array whose singular values along all modes fall quickly, at
// every scale.
func decaying[T asm.Float](shape ...int) *tensor.Dense[T] {
	x := tensor.New[T](shape...)
	for i := range x.Data {
		sum, rest := 1.0, i
		for n := len(shape) - 1; n >= 0; n-- {
			sum += float64(rest%shape[n]) / float64(n+2)
			rest /= shape[n]
		}
		x.Data[i] = T(1 / sum)
	}
	return x
}

func testTarget[T asm.Float](t *testing.T) {
	targets := []float64{.5, .05, 1e-3, 1e-5, 1e-6, 1e-8, 1e-11, 1e-13}
	if asm.SizeOf[T]() == 4 {
		targets = targets[:4]
	}
	for k, x := range []*tensor.Dense[T]{decaying[T](14, 12, 10), decaying[T](9, 20), noisy[T](3, []int{8, 9, 7}, []int{2, 3, 2}, false, .1), decaying[T](6, 5, 4, 7), noisy[T](4, []int{30, 3, 4}, []int{2, 2, 2}, true, .5)} {
		for _, target := range targets {
			for _, o := range []tucker.HOSVDOptions{{}, {Truncated: true}, {Modes: tucker.Modes{1}}, {Workers: 2}} {
				o.Target = solver.Set(target)
				r, err := tucker.HOSVD(context.Background(), x, nil, &o)
				require.NoError(t, err, "%d %g", k, target)
				require.LessOrEqual(t, r.RelError, target, "%d %g", k, target)
				require.InDelta(t, r.RelError, relError(x, r.Model), precision[T](1e-15, 1e-6))
				requireHOSVDForm(t, r.Model, true)
				for n, f := range r.Factors {
					if f == nil {
						continue
					}
					if j := r.Core.Shape[n]; j > 1 { // the last slice cannot be left out
						less := &tucker.Model[T]{Core: r.Core.Slice(n, 0, j-1), Factors: append([]*matrix.Dense[T]{}, r.Factors...)}
						less.Factors[n] = f.View(0, 0, f.Rows, j-1)
						require.Greater(t, relError(x, less), target*(1-1e-6)-precision[T](1e-15, 1e-6), "%d %g mode %d", k, target, n)
					}
				}
			}
		}
	}
}

func TestSmallSingularValuesSurviveTheOrthogonalRoute(t *testing.T) {
	// Singular values 1, 1e-5, 1e-10 in two modes: their squares span 1e-20.
	x := tensor.New[float64](20, 15)
	a, b := model[float64](7, []int{20, 15}, []int{3, 3}, false), 1.0
	require.NoError(t, a.Orthogonalize())
	a.Core = tensor.New[float64](3, 3)
	for k := range 3 {
		a.Core.Set(b, k, k)
		b *= 1e-5
	}
	copy(x.Data, a.Reconstruct().Data)
	for _, c := range []struct {
		target float64
		rank   int
	}{{1e-3, 1}, {2e-7, 2}, {2e-10, 2}, {1e-12, 3}} {
		r, err := tucker.HOSVD(context.Background(), x, nil, &tucker.HOSVDOptions{Target: solver.Set(c.target)})
		require.NoError(t, err)
		require.Equal(t, []int{c.rank, c.rank}, r.Ranks(), "%g", c.target)
	}
}

func TestHOOIMatchesDenseReference(t *testing.T) {
	both(t, testHOOIReference[float32], testHOOIReference[float64])
}

func testHOOIReference[T asm.Float](t *testing.T) {
	for k, c := range reference {
		x64 := noisy[float64](uint64(k), c.shape, min3(c.ranks, c.shape), false, .3)
		x := convert[T](x64)
		start := denseHOSVD(t, x64, c.ranks, false)
		want := denseHOOI(t, x64, start, 300)
		o := tucker.Options{Modes: modesOf(c.ranks), Run: solver.Options{MaxIter: solver.Set(300), Tol: solver.Set(0.0)}}
		got, err := tucker.Fit(context.Background(), x, c.ranks, &o)
		require.NoError(t, err)
		requireSameSpaces(t, want, got.Model, precision[T](1e-10, 3e-3), fmt.Sprint(c.shape))
		require.InDelta(t, relError(x64, want), got.RelError, precision[T](1e-10, 1e-5), "%v", c.shape)
		require.LessOrEqual(t, got.RelError, relError(x64, start)+precision[T](1e-14, 1e-6))
		requireHOSVDForm(t, got.Model, true)
		for _, r := range got.KKT {
			require.Less(t, r, precision[T](1e-10, 1e-2))
		}
	}
}

func TestHOOINeverWorseThanHOSVD(t *testing.T) {
	for seed := range uint64(30) {
		x := noisy[float64](seed, []int{9, 11, 10}, []int{2, 2, 2}, seed%2 == 0, 3)
		h, err := tucker.HOSVD(context.Background(), x, []int{4, 3, 3}, nil)
		require.NoError(t, err)
		for _, sweeps := range []int{0, 1, 30} {
			r, err := tucker.Fit(context.Background(), x, []int{4, 3, 3}, &tucker.Options{Run: solver.Options{MaxIter: solver.Set(sweeps)}})
			require.NoError(t, err)
			require.LessOrEqual(t, r.RelError, h.RelError*(1+1e-12))
		}
	}
}

func TestHOSVDErrorsHaveTheirDigitsWhenSmall(t *testing.T) {
	both(t, testSmallErrors[float32], testSmallErrors[float64])
}

func testSmallErrors[T asm.Float](t *testing.T) {
	for _, share := range []float64{.003, .01, .03, .1} {
		x := noisy[T](1, []int{9, 8, 7}, []int{2, 2, 2}, true, share)
		h, err := tucker.HOSVD(context.Background(), x, []int{2, 2, 2}, nil)
		require.NoError(t, err)
		// In float32 the entries of the model are rounded by that much of the error.
		require.InEpsilon(t, relError(x, h.Model), h.RelError, precision[T](1e-11, 1e-5+0x1p-24/h.RelError), "%g", h.RelError)
	}
}

func TestHOOIMeetsATarget(t *testing.T) {
	x := decaying[float64](14, 12, 10)
	for _, target := range []float64{.1, 1e-4, 1e-9} {
		h, err := tucker.HOSVD(context.Background(), x, nil, &tucker.HOSVDOptions{Target: solver.Set(target)})
		require.NoError(t, err)
		r, err := tucker.Fit(context.Background(), x, nil, &tucker.Options{Target: solver.Set(target)})
		require.NoError(t, err)
		require.LessOrEqual(t, r.Stored(), h.Stored())
		require.LessOrEqual(t, r.RelError, target)
		require.Equal(t, target, r.Options.Target.Or(0))
	}
}

func TestRanksBeyondThoseOfTheDataLeaveNoResidual(t *testing.T) {
	both(t, testSurplusRanks[float32], testSurplusRanks[float64])
}

func testSurplusRanks[T asm.Float](t *testing.T) {
	for _, shape := range [][]int{{4, 5, 3}, {1, 5, 3}, {6, 4, 4}} {
		x := tensor.New[T](shape...)
		for i := range x.Data {
			x.Data[i] = 1
		}
		r, err := tucker.Fit(t.Context(), x, []int{1, 2, 2}, nil)
		require.NoError(t, err)
		for n, k := range r.KKT {
			require.Less(t, k, precision[T](1e-12, 1e-4), "%v block %d", shape, n)
		}
	}
}
