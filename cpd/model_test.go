package cpd_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cpd"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

func TestModelsKnowTheirArrayWithoutFormingIt(t *testing.T) {
	both(t, testModels[float32], testModels[float64])
}

func testModels[T asm.Float](t *testing.T) {
	tol := precision[T](1e-12, 1e-4)
	for _, shape := range [][]int{{4, 3}, {5, 1, 70}, {5, 4, 3, 6}} {
		a, b := model[T](1, shape, 3, false), model[T](2, shape, 4, false)
		b.Weights = []float64{2, -1, .5, 3}
		x, y := a.Reconstruct(), b.Reconstruct()
		require.Equal(t, shape, b.Shape())
		var xx, xy, dd float64
		for i, v := range x.Data {
			w := float64(y.Data[i])
			xx += float64(v) * float64(v)
			xy += float64(v) * w
			dd += (float64(v) - w) * (float64(v) - w)
		}
		require.InEpsilon(t, math.Sqrt(xx), a.Norm(), tol)
		require.InDelta(t, xy, a.Inner(b), tol*a.Norm()*b.Norm())
		require.InEpsilon(t, math.Sqrt(dd/xx), b.RelError(x), tol)
		require.Less(t, a.RelError(x), tol)
		if len(shape) > 2 { // a view
			turned := &cpd.Model[T]{Weights: b.Weights, Factors: append([]*matrix.Dense[T]{b.Factors[2], b.Factors[0], b.Factors[1]}, b.Factors[3:]...)}
			order := []int{2, 0, 1, 3}
			require.InEpsilon(t, math.Sqrt(dd/xx), turned.RelError(x.Permute(order[:len(shape)]...)), tol)
		}
		zero := tensor.New[T](shape...)
		require.Equal(t, 1.0, a.RelError(zero))
		require.Panics(t, func() { a.RelError(tensor.New[T](append([]int{9}, shape[1:]...)...)) })
		require.Panics(t, func() { a.RelError(tensor.New[T](3)) })
	}
}

func TestNormalizeSortAndSignsKeepTheArray(t *testing.T) {
	both(t, testNormalize[float32], testNormalize[float64])
}

func testNormalize[T asm.Float](t *testing.T) {
	tol := precision[T](1e-13, 1e-5)
	m := model[T](1, []int{5, 4, 3}, 4, false)
	m.Weights = []float64{2, -1e-3, .5, 3}
	for i := range m.Factors[1].Rows {
		m.Factors[1].Set(i, 2, 0)
	}
	x := m.Reconstruct()
	same := func() {
		t.Helper()
		for i, v := range m.Reconstruct().Data {
			require.InDelta(t, float64(x.Data[i]), float64(v), tol*20)
		}
	}
	m.FixSigns()
	same()
	require.Equal(t, 1e-3, m.Weights[1])
	for _, f := range m.Factors[:2] {
		for q := range 4 {
			var top, low T
			for i := range f.Rows {
				top, low = max(top, f.At(i, q)), max(low, -f.At(i, q))
			}
			require.GreaterOrEqual(t, float64(top), .99*float64(low))
		}
	}
	for _, n := range []cpd.Norm{cpd.NormL1, cpd.NormL2} {
		m.Normalize(n)
		same()
		require.Zero(t, m.Weights[2])
		for k, f := range m.Factors {
			for q := range 4 {
				var sum, squares float64
				for i := range f.Rows {
					sum += math.Abs(float64(f.At(i, q)))
					squares += float64(f.At(i, q)) * float64(f.At(i, q))
				}
				switch {
				case q == 2 && k == 1:
					require.Zero(t, sum)
				case n == cpd.NormL1:
					require.InDelta(t, 1, sum, tol)
				default:
					require.InDelta(t, 1, squares, tol)
				}
			}
		}
	}
	first := m.Clone()
	order := m.Sort()
	same()
	require.Equal(t, 2, order[3], "zeros are last")
	for k, q := range order {
		require.Equal(t, first.Weights[q], m.Weights[k])
		require.Equal(t, first.Factors[2].At(1, q), m.Factors[2].At(1, k))
		if k > 0 {
			require.LessOrEqual(t, m.Weights[k], m.Weights[k-1])
		}
	}
	require.Equal(t, "l1", cpd.NormL1.String())
	require.Equal(t, "l2", cpd.NormL2.String())

	m.Weights = nil
	y := m.Reconstruct()
	m.Normalize(cpd.NormL2)
	for i, v := range m.Reconstruct().Data {
		require.InDelta(t, float64(y.Data[i]), float64(v), tol*20)
	}
}

func TestSortedResultsKeepTheirLists(t *testing.T) {
	r := &cpd.Result[float64]{Model: model[float64](1, []int{3, 3}, 3, true), Pruned: []int{0}, Beta: []float64{0, 5, 6}}
	for _, f := range r.Factors {
		f.Set(0, 2, 100)
		for i := range 3 {
			f.Set(i, 0, 0)
		}
	}
	require.Equal(t, []int{2, 1, 0}, r.Sort())
	require.Equal(t, []int{2}, r.Pruned)
	require.Equal(t, []float64{6, 5, 0}, r.Beta)
}

func TestModelsAreSavedAndLoaded(t *testing.T) { both(t, testSave[float32], testSave[float64]) }

func testSave[T asm.Float](t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "model")
	m := model[T](1, []int{5, 4, 3}, 2, false)
	require.NoError(t, m.Save(dir))
	again, err := cpd.Load[T](dir)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1}, again.Weights)
	require.Equal(t, m.Factors, again.Factors)
	m.Weights = []float64{1e100, -.1}
	require.NoError(t, m.Save(dir))
	again, err = cpd.Load[T](dir)
	require.NoError(t, err)
	require.Equal(t, m, again)
	wide, err := cpd.Load[float64](dir)
	require.NoError(t, err)
	require.Equal(t, float64(m.Factors[1].At(2, 1)), wide.Factors[1].At(2, 1))

	for name, x := range map[string]*tensor.Dense[float64]{"weights.npy": tensor.New[float64](3), "factor_1.npy": tensor.New[float64](2, 2, 2), "factor_2.npy": tensor.New[float64](4, 5)} {
		require.NoError(t, m.Save(dir))
		require.NoError(t, ndio.WriteFile(filepath.Join(dir, name), x))
		_, err = cpd.Load[T](dir)
		require.ErrorIs(t, err, cpd.ErrShape, name)
	}
	require.NoError(t, ndio.WriteFile(filepath.Join(dir, "weights.npy"), tensor.New[float64](2, 2)))
	_, err = cpd.Load[T](dir)
	require.ErrorIs(t, err, cpd.ErrShape)
	require.NoError(t, m.Save(dir))
	require.NoError(t, os.Remove(filepath.Join(dir, "factor_1.npy")))
	_, err = cpd.Load[T](dir)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Nil(t, (*cpd.Model[T])(nil).Clone())
}
