package metrics_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/golden"
	"polyad/matrix"
	"polyad/metrics"
)

func TestGoldenSIR(t *testing.T) {
	cases, err := golden.NMF()
	require.NoError(t, err)
	c := cases["metrics"]
	require.NotEmpty(t, c.ID)
	mean, each, match, err := metrics.SIR(c.Inputs["S"].Matrix(), c.Inputs["E"].Matrix(), 0)
	require.NoError(t, err)
	require.NoError(t, c.Outputs["sir_unit"].Check(each))
	sum := 0.0
	for q, k := range match {
		require.Equal(t, c.Outputs["perm"].Data[q], float64(k))
		sum += each[q]
	}
	require.InDelta(t, sum/4, mean, 1e-12)
}

func TestSIRDoesNotSeeScaleSignOrderAndSide(t *testing.T) {
	both(t, func(t *testing.T) { sirInvariant[float32](t, 2e-4) }, func(t *testing.T) { sirInvariant[float64](t, 1e-9) })
}

func sirInvariant[T asm.Float](t *testing.T, tol float64) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		rows, rank := 1+r.IntN(30), 1+r.IntN(6)
		a, b := matrix.New[T](rows, rank), matrix.New[T](rows, rank)
		for i := range a.Data {
			a.Data[i], b.Data[i] = T(r.NormFloat64()), T(r.NormFloat64())
		}
		mean, each, match, err := metrics.SIR(a, b, 0)
		require.NoError(t, err)
		other := b.Clone()
		order := r.Perm(rank)
		for q, k := range order {
			scale := math.Pow(10, 30*(r.Float64()-.5)) * float64(2*r.IntN(2)-1)
			for i := range rows {
				other.Row(i)[k] = T(scale * float64(b.Row(i)[q]))
			}
		}
		mean2, each2, match2, err := metrics.SIR(a, other, 0)
		require.NoError(t, err)
		require.InDelta(t, mean, mean2, tol*math.Abs(mean)+tol)
		if rows > 1 { // else all are alike
			for q, k := range match {
				require.Equal(t, order[k], match2[q])
				require.InDelta(t, each[q], each2[q], tol*math.Abs(each[q])+tol)
			}
		}
		back, _, _, err := metrics.SIR(b, a, 0)
		require.NoError(t, err)
		require.InDelta(t, mean, back, tol*math.Abs(mean)+tol)
		same, _, _, err := metrics.SIR(b, b, 0)
		require.NoError(t, err)
		require.Equal(t, float64(metrics.MaxSIR), same, "not infinite")
	}
}

func TestSIRIsThatOfTheAngle(t *testing.T) {
	a := matrix.Of(2, 1, []float64{1, 0})
	for _, angle := range []float64{1e-9, 1e-4, .1, 1, math.Pi / 2} {
		mean, _, _, err := metrics.SIR(a, matrix.Of(2, 1, []float64{math.Cos(angle), math.Sin(angle)}), 0)
		require.NoError(t, err)
		require.InDelta(t, -20*math.Log10(2*math.Sin(angle/2)), mean, 1e-5, "%v", angle)
	}
}

func TestSIRCountsLostColumnsAsFMSDoes(t *testing.T) {
	none := math.NaN()
	a := matrix.Of(3, 3, []float64{2, 0, 0, 0, 3, 0, 0, 0, 4}) // three unit vectors
	right := -10 * math.Log10(2)
	for name, c := range map[string]struct {
		b     *matrix.Dense[float64]
		mean  float64
		each  []float64
		match []int
	}{
		"fewer":     {matrix.Of(3, 2, []float64{0, 1, 1, 0, 0, 0}), 300, []float64{300, 300, none}, []int{1, 0, -1}},
		"more":      {matrix.Of(3, 4, []float64{0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1}), 300, []float64{300, 300, 300}, []int{2, 1, 0}},
		"one lost":  {matrix.Of(3, 3, []float64{0, 1, 0, 1, 0, 0, 0, 0, 0}), (600 + right) / 3, []float64{300, 300, none}, []int{1, 0, -1}},
		"at floor":  {matrix.Of(3, 3, []float64{0, 1, 1e-9, 1, 0, 1e-9, 0, 0, 1e-9}), (600 + right) / 3, []float64{300, 300, none}, []int{1, 0, -1}},
		"all lost":  {matrix.New[float64](3, 3), right, []float64{none, none, none}, []int{-1, -1, -1}},
		"no column": {matrix.New[float64](3, 0), 300, []float64{none, none, none}, []int{-1, -1, -1}},
	} {
		mean, each, match, err := metrics.SIR(a, c.b, 1e-9)
		require.NoError(t, err, name)
		require.InDelta(t, c.mean, mean, 1e-12, name)
		require.Equal(t, c.match, match, name)
		for q, v := range c.each {
			if math.IsNaN(v) {
				require.True(t, math.IsNaN(each[q]), name)
			} else {
				require.Equal(t, v, each[q], name)
			}
		}
	}
	lost := matrix.Of(3, 2, []float64{1, 0, 0, 0, 0, 0})
	mean, _, match, err := metrics.SIR(lost, lost, 0)
	require.NoError(t, err)
	require.Equal(t, 300., mean, "lost in both")
	require.Equal(t, []int{0, -1}, match)
	_, _, _, err = metrics.SIR(a, matrix.New[float64](2, 3), 0)
	require.ErrorIs(t, err, metrics.ErrShape)
}
