package loss_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
)

var betas = []float64{-1, 0, .5, 1, 1.5, 2, 2.5, 3}

func TestZeroValueIsFrobenius(t *testing.T) {
	assert.Equal(t, loss.Frobenius, loss.Loss{})
	assert.Equal(t, loss.Frobenius, loss.Beta(2))
	assert.Equal(t, loss.IS, loss.Beta(math.Copysign(0, -1)))
	assert.NotEqual(t, loss.KL, loss.IS)
	assert.Equal(t, 2.0, loss.Loss{}.Beta())
}

func TestNamesAreParsedBack(t *testing.T) {
	for _, b := range betas {
		l, err := loss.Parse(loss.Beta(b).String())
		require.NoError(t, err)
		assert.Equal(t, loss.Beta(b), l)
	}
	for _, s := range []string{"", "hinge", "NaN", "1e3", "+Inf"} {
		_, err := loss.Parse(s)
		assert.ErrorIs(t, err, loss.ErrLoss, s)
	}
}

func TestDivergenceMatchesItsFormula(t *testing.T) {
	x, y := 3.0, 1.25
	for b, want := range map[float64]float64{
		2:   (x - y) * (x - y) / 2,
		1:   x*math.Log(x/y) - x + y,
		0:   x/y - math.Log(x/y) - 1,
		.5:  (math.Sqrt(x) - .5*math.Sqrt(y) - .5*x/math.Sqrt(y)) / (.5 * -.5),
		3:   (x*x*x + 2*y*y*y - 3*x*y*y) / 6,
		-1:  (1/x - 2/y + x/(y*y)) / 2,
		1.5: (math.Pow(x, 1.5) + .5*math.Pow(y, 1.5) - 1.5*x*math.Sqrt(y)) / .75,
	} {
		assert.InEpsilon(t, want, loss.Beta(b).Between(x, y), 1e-14, "beta %v", b)
		assert.InEpsilon(t, want, loss.Divergence(loss.Beta(b), []float64{x}, []float64{y}), 1e-14)
		assert.InEpsilon(t, 2*want, loss.Divergence(loss.Beta(b), []float32{3, 3}, []float32{1.25, 1.25}), 1e-14)
	}
}

func TestDivergenceIsNonnegativeAndZeroOnlyAtTheData(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		x, y := math.Exp(20*r.NormFloat64()/4), math.Exp(20*r.NormFloat64()/4)
		for _, b := range betas {
			l := loss.Beta(b)
			assert.GreaterOrEqual(t, l.Between(x, y), 0.0, "beta %v at %v, %v", b, x, y)
			assert.Zero(t, l.Between(x, x))
		}
	}
}

func TestDivergenceKeepsItsPrecisionNearTheData(t *testing.T) {
	// d_β(x, x(1+h)) = x^β h²/2 (1 + O(h)), and to next order the factor is
	// 1 + (β-3)... so compare KL and IS with exact series in h.
	const x, h = 3.0, 1e-6
	y := x * (1 + h)
	hh := new(big.Float).Sub(new(big.Float).SetFloat64(y), new(big.Float).SetFloat64(x))
	d, _ := hh.Float64()
	u := d / x // y/x - 1
	wantKL := x * (u*u/2 - u*u*u/3 + u*u*u*u/4)
	assert.InEpsilon(t, wantKL, loss.KL.Between(x, y), 1e-9)
	v := -u / (1 + u) // x/y - 1
	wantIS := v*v/2 - v*v*v/3 + v*v*v*v/4
	assert.InEpsilon(t, wantIS, loss.IS.Between(x, y), 1e-9)
}

func TestDivergenceIsContinuousInBeta(t *testing.T) {
	for _, b := range []float64{0, 1, 2} {
		want := loss.Beta(b).Between(3, 1.25)
		assert.InEpsilon(t, want, loss.Beta(b+1e-6).Between(3, 1.25), 1e-5)
		assert.InEpsilon(t, want, loss.Beta(b-1e-6).Between(3, 1.25), 1e-5)
	}
}

func TestDivergenceScalesWithItsDegree(t *testing.T) {
	for _, b := range betas {
		l := loss.Beta(b)
		assert.InEpsilon(t, math.Pow(8, b)*l.Between(3, 1.25), l.Between(24, 10), 1e-13)
	}
}

func TestZerosAreTheLimits(t *testing.T) {
	assert.Equal(t, 2.0, loss.KL.Between(0, 2))
	assert.Equal(t, 2.0, loss.Frobenius.Between(0, 2))
	assert.InEpsilon(t, math.Sqrt(2)/.5, loss.Beta(.5).Between(0, 2), 1e-15)
	assert.True(t, math.IsInf(loss.IS.Between(0, 2), 1))
	assert.True(t, math.IsInf(loss.KL.Between(1, 0), 1))
	assert.InEpsilon(t, 1.0/6, loss.Beta(3).Between(1, 0), 1e-15)
	for _, b := range betas {
		assert.Zero(t, loss.Beta(b).Between(0, 0))
	}
}

func TestExponentsDiffer(t *testing.T) {
	for _, b := range betas {
		hi, lo := loss.Beta(b).Exponents()
		assert.Greater(t, hi, lo)
	}
}

func ExampleParse() {
	for _, s := range []string{"frobenius", "kl", "1.5", "cosine"} {
		l, err := loss.Parse(s)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(l, l.Beta(), l.Formula("WH"))
	}
	// Output:
	// frobenius 2 1/2·||X - WH||_F^2
	// kl 1 D_KL(X | WH)
	// 1.5 1.5 D_beta=1.5(X | WH)
	// invalid loss "cosine": want frobenius, kl, is or a number
}

func TestDivergenceIsTheSumOfItsTerms(t *testing.T) {
	types := func(t *testing.T) {
		t.Run("float32", testSums[float32])
		t.Run("float64", testSums[float64])
	}
	for _, level := range asm.Levels() {
		restore, err := asm.Use(level)
		require.NoError(t, err)
		t.Run(level.String(), types)
		restore()
	}
}

func testSums[T asm.Float](t *testing.T) {
	const floor = .125
	r := rand.New(rand.NewPCG(3, 2))
	for _, n := range []int{0, 1, 7, 33, 300, 20000} { // the last in several calls of the kernel
		x, y := make([]T, n), make([]T, n+1)
		for j := range x {
			x[j], y[j] = T(math.Exp(r.NormFloat64())), T(math.Exp(3*r.NormFloat64()))
		}
		for _, b := range betas {
			l := loss.Beta(b)
			var plain, floored float64
			for j, v := range x {
				plain += l.Between(float64(v), float64(y[j]))
				floored += l.Between(float64(v), math.Max(float64(y[j]), floor))
			}
			assert.InDelta(t, plain, loss.Divergence(l, x, y), 1e-12*plain, "beta %v, length %d", b, n)
			if b != 2 {
				assert.InDelta(t, floored, loss.FlooredDivergence(l, x, y, floor), 1e-12*floored, "beta %v, length %d", b, n)
			}
		}
	}
	assert.Panics(t, func() { loss.Divergence(loss.KL, make([]T, 3), make([]T, 2)) })
}
