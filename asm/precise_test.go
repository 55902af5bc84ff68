package asm

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func samples(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

func TestPowersAreWithinTwoUnits(t *testing.T) {
	for _, ker := range tables[float64]() {
		if ker.Level == Generic {
			continue // math.Pow
		}
		r := rand.New(rand.NewPCG(1, 2))
		for _, e := range []float64{-12, -3, -2.5, -1.3, -.7, -1e-3, .5, 1.7, 8, 12} {
			for range samples(1500) {
				x := math.Exp2(r.NormFloat64() * []float64{1e-6, .1, 1, 30, 300}[r.IntN(5)])
				if r.IntN(20) == 0 {
					x = math.Float64frombits(r.Uint64N(1 << 52)) // subnormal
				}
				if x == 0 || math.IsInf(x, 1) {
					continue
				}
				ref := exactPow(x, e)
				want, _ := ref.Float64()
				y, p := []float64{x}, []float64{0}
				ker.QuotPow(y, p, []float64{1}, e, 0)
				if math.IsInf(want, 1) {
					require.GreaterOrEqual(t, y[0], math.MaxFloat64, "%v: %v^%v", ker.Level, x, e)
					continue
				}
				require.LessOrEqual(t, units(ref, y[0]), 2., "%v: %v^%v is %v", ker.Level, x, e, y[0])
			}
		}
	}
}

func TestPowersOfFloat32AreRoundedOnce(t *testing.T) {
	for _, ker := range tables[float32]() {
		r := rand.New(rand.NewPCG(1, 3))
		for _, e := range []float64{-12, -2.5, -1.3, -1e-3, .5, 8} {
			for range samples(5000) {
				x := math.Float32frombits(r.Uint32N(0x7f800000))
				y, p := []float32{x}, []float32{0}
				ker.QuotPow(y, p, []float32{1}, e, 0)
				want := math.Pow(float64(x), e)
				if got := float64(y[0]); math.Abs(got-want) > want*0x1.01p-24+0x1p-150 && !(math.IsInf(got, 1) && want > math.MaxFloat32) {
					require.Failf(t, "wrong", "%v: %v^%v is %v, want %v", ker.Level, x, e, got, want)
				}
				if got, want := float64(p[0]), want*float64(x); math.Abs(got-want) > want*0x1.01p-24+0x1p-150 && !(math.IsInf(got, 1) && want > math.MaxFloat32) {
					require.Failf(t, "wrong", "%v: %v^%v is %v, want %v", ker.Level, x, e+1, got, want)
				}
			}
		}
	}
}

// TestDivergencesKeepTheirPrecision holds single terms against their values in
// 320 bits, from x nearly y to x far from y.
func TestDivergencesKeepTheirPrecision(t *testing.T) {
	for _, ker := range tables[float64]() {
		r := rand.New(rand.NewPCG(1, 4))
		for _, beta := range []float64{1, 0, -10, -1, .1, .5, .9, 1.5, 2.5, 3, 10} {
			limit := 16.
			if beta != 0 && beta != 1 {
				limit = 256 / min(1, math.Abs(beta), math.Abs(beta-1))
			}
			for range samples(600) {
				x := math.Exp2(r.NormFloat64() * 8)
				y := x * math.Exp2(r.NormFloat64()*[]float64{1e-8, 1e-3, .1, 1, 10}[r.IntN(5)])
				if x == y {
					continue
				}
				got := divergence(ker, beta, x, y)
				require.LessOrEqual(t, units(exactDivergence(beta, x, y), got), limit, "%v: beta %v of %v and %v is %v", ker.Level, beta, x, y, got)
				require.Zero(t, divergence(ker, beta, x, x))
			}
		}
	}
}

func divergence[T Float](ker *Kernels[T], beta float64, x, y T) float64 {
	switch beta {
	case 1:
		return ker.DivKL([]T{x}, []T{y}, 0)
	case 0:
		return ker.DivIS([]T{x}, []T{y}, 0)
	}
	return ker.DivPow([]T{x}, []T{y}, beta, 0)
}

// TestDivergencesOfExtremes takes all pairs of numbers at the ends of the range.
func TestDivergencesOfExtremes(t *testing.T) { both(t, testExtremes[float32], testExtremes[float64]) }

func testExtremes[T Float](t *testing.T, ker *Kernels[T]) {
	oracle := genericTable[T]()
	values := []T{0, 0x1p-149, 3e-40, 0x1p-126, 1e-30, .5, 1, 3, 1e30, math.MaxFloat32, T(math.Inf(1)), T(math.NaN())}
	if SizeOf[T]() == 8 {
		wide := []float64{0x1p-1074, 3e-310, 0x1p-1022, 1e-200, 1e200, 1e307, math.MaxFloat64}
		for _, w := range wide {
			values = append(values, T(w))
		}
	}
	for _, x := range values {
		for _, y := range values {
			for _, beta := range []float64{1, 0, -1, .5, 1.5, 3} {
				got, want := divergence(ker, beta, x, y), divergence(oracle, beta, x, y)
				if inverse := math.Pow(float64(y), beta-1); beta != 0 && y > 0 && math.IsInf(inverse, 0) {
					continue
				}
				tol := math.Abs(want)*1e-12 + 0x1p-1021
				if beta != 0 && beta != 1 { // products with subnormal numbers underflow
					tol += 0x1p-500
				}
				switch {
				case x-x != 0 || y-y != 0:
					require.False(t, got-got == 0, "beta %v of %v and %v: %v", beta, x, y, got)
				case math.IsInf(want, 0) || want != want: // also where a power is out of range
					require.False(t, got-got == 0, "beta %v of %v and %v: %v, want %v", beta, x, y, got, want)
				default:
					require.InDelta(t, want, got, tol, "beta %v of %v and %v", beta, x, y)
				}
			}
		}
	}
}

// TestDivergencesTakeTheFloorWhereThereAreData checks whom the floor is for.
func TestDivergencesTakeTheFloorWhereThereAreData(t *testing.T) {
	both(t, testFloor[float32], testFloor[float64])
}

func testFloor[T Float](t *testing.T, ker *Kernels[T]) {
	const floor = .25
	require.InEpsilon(t, Divergence(1, 3, floor), ker.DivKL([]T{3}, []T{.1}, floor), 1e-14)
	require.InEpsilon(t, Divergence(0, 3, floor), ker.DivIS([]T{3}, []T{.1}, floor), 1e-14)
	require.InEpsilon(t, Divergence(1.5, 3, floor), ker.DivPow([]T{3}, []T{.1}, 1.5, floor), 1e-13)
	require.InEpsilon(t, float64(T(.1)), ker.DivKL([]T{0}, []T{.1}, floor), 1e-14)
	require.InEpsilon(t, Divergence(1.5, 0, float64(T(.1))), ker.DivPow([]T{0}, []T{.1}, 1.5, floor), 1e-13)
	for _, beta := range []float64{1, 0, -1, .5, 1.5, 3} {
		require.Zero(t, divergence(ker, beta, 0, 0))
	}
	require.Zero(t, ker.DivIS([]T{0}, []T{0}, floor))
	require.True(t, math.IsInf(ker.DivIS([]T{0}, []T{1}, floor), 1))
	require.True(t, math.IsInf(ker.DivKL([]T{1}, []T{0}, 0), 1))
}
