package asm_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
)

// exactly returns d_β(x, y) for β ≠ 0, 1 in 400 bits.
func exactly(x, y, beta float64) float64 {
	of := func(v float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(v) }
	b, one := of(beta), of(1)
	lower := new(big.Float).Sub(b, one)
	lx, ly := logBig(of(x)), logBig(of(y))
	times := func(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Mul(a, b) }
	sum := expBig(times(b, lx))
	sum.Add(sum, times(lower, expBig(times(b, ly))))
	sum.Sub(sum, times(b, times(of(x), expBig(times(lower, ly)))))
	v, _ := sum.Quo(sum, times(b, lower)).Float64()
	return v
}

const bits = 400 // more than what cancels

// expBig returns e^x.
func expBig(x *big.Float) *big.Float {
	const halvings = 20
	x = new(big.Float).SetPrec(bits).SetMantExp(x, -halvings)
	sum, term := new(big.Float).SetPrec(bits).SetInt64(1), new(big.Float).SetPrec(bits).SetInt64(1)
	for n := int64(1); n < 90; n++ {
		term.Mul(term, x)
		term.Quo(term, new(big.Float).SetInt64(n))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum
}

// logBig returns log x by Newton's method.
func logBig(x *big.Float) *big.Float {
	v, _ := x.Float64()
	y := new(big.Float).SetPrec(bits).SetFloat64(math.Log(v))
	for range 6 {
		e := expBig(new(big.Float).SetPrec(bits).Neg(y))
		e.Mul(e, x)
		y.Add(y, e.Sub(e, big.NewFloat(1)))
	}
	return y
}

func TestDivergencesNearItakuraSaitoAndKullbackLeiblerArePrecise(t *testing.T) {
	t.Run("float32", nearSpecialBetas[float32])
	t.Run("float64", nearSpecialBetas[float64])
}

func nearSpecialBetas[T asm.Float](t *testing.T) {
	for _, beta := range []float64{1e-15, -1e-13, 1e-8, -1e-4, .01, .016, 1 + 0x1p-52, 1 - 0x1p-53, 1 + 1e-12, 1 - 1e-8, .999, 1.015, 1.016} {
		r := rand.New(rand.NewPCG(1, 2))
		for k := range 12 {
			x, y := T(math.Exp(3*r.NormFloat64())), T(math.Exp(3*r.NormFloat64()))
			if k%2 == 0 {
				y = x * T(1+math.Pow(10, -6*r.Float64())*r.NormFloat64()/4)
			}
			want := exactly(float64(x), float64(y), beta)
			require.GreaterOrEqual(t, want, 0.)
			for _, l := range asm.Levels() {
				restore, err := asm.Use(l)
				require.NoError(t, err)
				require.InDelta(t, want, asm.For[T]().Divergence(beta, []T{x}, []T{y}, 0), 4e-13*want, "beta %v of %v, %v, level %v", beta, x, y, l)
				restore()
			}
			if beta < .016 || math.Abs(beta-1) < .015 {
				require.InDelta(t, want, asm.Divergence(beta, float64(x), float64(y)), 4e-15*want, "beta %v of %v, %v", beta, x, y)
			}
		}
	}
}

func TestDivergencesAreContinuousInBeta(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 2))
	for range 200 {
		x, y := math.Exp(3*r.NormFloat64()), math.Exp(3*r.NormFloat64())
		for _, at := range []float64{0, 1} {
			want := asm.Divergence(at, x, y)
			for _, by := range []float64{math.SmallestNonzeroFloat64, 1e-300, 0x1p-61, 0x1p-59, 1e-17, 1e-15, 1e-14} {
				for _, beta := range []float64{at + by, at - by} {
					got := asm.Divergence(beta, x, y)
					require.GreaterOrEqual(t, got, 0., "beta %v of %v, %v", beta, x, y)
					require.InDelta(t, want, got, 1e-12*want, "beta %v of %v, %v", beta, x, y)
				}
			}
		}
		for _, beta := range []float64{1. / 64, -1. / 64, 63. / 64, 65. / 64} { // where another formula begins
			before, after := math.Nextafter(beta, -3), math.Nextafter(beta, 3)
			require.InEpsilon(t, asm.Divergence(before, x, y), asm.Divergence(after, x, y), 4e-13, "beta %v of %v, %v", beta, x, y)
		}
	}
	for _, at := range []float64{0, 1} { // the limits where a number is 0
		require.Equal(t, asm.Divergence(at, 0, 2), asm.Divergence(at-1e-300, 0, 2))
	}
	require.InEpsilon(t, 1e300, asm.Divergence(1e-300, 0, 2), 1e-12)
	require.True(t, math.IsInf(asm.Divergence(1e-15, 2, 0), 1))
}
