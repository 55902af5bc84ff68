package fitting

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"polyad/matrix"
	"polyad/reg"
)

// residual returns that of one component with the entries x, N and P.
func residual(floor float64, x, num, den []float64, p reg.Penalty) float64 {
	c := NewConditions(reg.Block[float64]{X: matrix.Of(len(x), 1, x), Penalty: p}, floor, false)
	for i, v := range x {
		c.Add(0, i, v, num[i], den[i])
	}
	return c.Residual(nil)
}

func TestResidualVanishesAtComplementarity(t *testing.T) {
	// The last entry has a positive gradient and is on its way to zero.
	num, den := []float64{2, 3, 1}, []float64{2, 3, 4}
	last := 1.0
	for _, x := range []float64{1e-2, 1e-4, 1e-8, 1e-14, 0} {
		r := residual(0, []float64{1, 2, x}, num, den, nil)
		assert.InDelta(t, x*3/9, r, .5*x, "by its share of the mean, and the gradient's")
		assert.Less(t, r, last)
		last = r
	}
	assert.Zero(t, residual(1e-3, []float64{1, 2, 1e-3}, num, den, nil), "at the floor")
	assert.Zero(t, residual(1e-3, []float64{1, 2, 1e-4}, num, den, nil), "below it")
}

func TestResidualSeesWhatWantsToGrow(t *testing.T) {
	num, den := []float64{2, 3, 4}, []float64{2, 3, 1}
	want := residual(0, []float64{1, 2, 1}, num, den, nil)
	assert.Greater(t, want, .3)
	for _, x := range []float64{1e-2, 1e-14, 0} {
		assert.Equal(t, want, residual(0, []float64{1, 2, x}, num, den, nil), "wherever it is")
	}
}

func TestResidualIsFreeOfScale(t *testing.T) {
	x, num, den := []float64{1, 2, .1}, []float64{2, 3.5, 1}, []float64{2.2, 3, 4}
	want := residual(0, x, num, den, nil)
	for _, s := range []float64{1e-200, 1e-9, 1e9, 1e200} {
		scaled := func(x []float64, s float64) (y []float64) {
			for _, v := range x {
				y = append(y, v*s)
			}
			return y
		}
		assert.InEpsilon(t, want, residual(0, scaled(x, s), num, den, nil), 1e-12)
		assert.InEpsilon(t, want, residual(0, x, scaled(num, s), scaled(den, s), nil), 1e-12)
	}
}

// TestSlopesNearZeroHideNoGradient: where a penalty's slope is infinite at 0 an
// entry near it must not make those of others look small.
func TestSlopesNearZeroHideNoGradient(t *testing.T) {
	p := reg.Lp(.5, 1e-3)
	r := residual(1e-16, []float64{1, 1, 1e-14}, []float64{1, 2, 1}, []float64{2, 1, 1}, p)
	assert.Greater(t, r, .2)
}

// residualOf returns that of a matrix of components, one a column.
func residualOf(x, num, den *matrix.Dense[float64]) float64 {
	c := NewConditions(reg.Block[float64]{X: x}, 0, true)
	for i := range x.Rows {
		for k, v := range x.Row(i) {
			c.Add(k, i, v, num.At(i, k), den.At(i, k))
		}
	}
	return c.Residual(nil)
}

func TestRoundingErrorsAreNoGradient(t *testing.T) {
	x := matrix.Of(2, 2, []float64{1, 1, 1, 1})
	num, den := matrix.Of(2, 2, []float64{1, 1e-17, 2, -2e-17}), matrix.Of(2, 2, []float64{1, 0, 2, 1e-17})
	assert.Zero(t, residualOf(x, num, den), "a component of which nothing but rounding is left")
	// One whose column is so long that it matters has a gradient, and so has a
	// column of zeros that wants to grow.
	x.Set(0, 1, 1e20)
	assert.Greater(t, residualOf(x, num, den), .5)
	x, num, den = matrix.Of(2, 2, []float64{1, 0, 1, 0}), matrix.Of(2, 2, []float64{1, 1, 2, 1}), matrix.Of(2, 2, []float64{1, 0, 2, 0})
	assert.Equal(t, 1.0, residualOf(x, num, den))
}
