package balance_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/balance"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
)

// cost is ½||X - η^n M||² + Σ a η^p as a function of u = log η, by its terms.
type cost struct {
	s      balance.Sums
	n      float64
	degree []float64
	log    []float64 // log a
}

func newCost(s balance.Sums, n int, cols []*reg.Columns) *cost {
	c := &cost{s: s, n: float64(n)}
	for _, x := range cols {
		for k, p := range x.Degree {
			for _, l := range x.Log[k] {
				if !math.IsInf(l, -1) {
					c.degree, c.log = append(c.degree, p), append(c.log, l)
				}
			}
		}
	}
	return c
}

// value is the cost up to the constant ½||X||².
func (c *cost) value(u float64) float64 {
	v := math.Exp(2*c.n*u)*c.s.MM/2 - math.Exp(c.n*u)*c.s.XM
	for k, p := range c.degree {
		v += math.Exp(c.log[k] + p*u)
	}
	return v
}

// up and down are the logarithms of the positive and the negative part of the
// derivative in u: n·||M||²·η^2n + Σ p·a·η^p and n·<X,M>·η^n.
func (c *cost) up(u float64) float64 {
	return logSum(func(yield func(float64)) {
		yield(math.Log(c.n) + math.Log(c.s.MM) + 2*c.n*u)
		for k, p := range c.degree {
			yield(math.Log(p) + c.log[k] + p*u)
		}
	})
}

func (c *cost) down(u float64) float64 { return math.Log(c.n) + math.Log(c.s.XM) + c.n*u }

// kl is the logarithm of n·ΣM·η^n + Σ p·a·η^p over n·ΣX.
func (c *cost) kl(u float64) float64 {
	return logSum(func(yield func(float64)) {
		yield(math.Log(c.n) + math.Log(c.s.M) + c.n*u)
		for k, p := range c.degree {
			yield(math.Log(p) + c.log[k] + p*u)
		}
	}) - math.Log(c.n) - math.Log(c.s.X)
}

func logSum(terms func(yield func(float64))) float64 {
	top, sum := math.Inf(-1), 0.0
	terms(func(v float64) { top = math.Max(top, v) })
	terms(func(v float64) { sum += math.Exp(v - top) })
	return top + math.Log(sum)
}

// best finds the local minimum over η > 0 of least cost by brute force: a fine
// grid for the derivative's sign, then bisection.
func (c *cost) best() (eta float64, ok bool) {
	const step = 1e-3
	lowest := math.Inf(1)
	center := (math.Log(c.s.XM) - math.Log(c.s.MM)) / c.n
	grows := func(u float64) bool { return c.up(u) >= c.down(u) }
	for u := center - 12; u < center+.1; u += step {
		if grows(u) || !grows(u+step) {
			continue
		}
		lo, hi := u, u+step
		for range 80 {
			if mid := (lo + hi) / 2; grows(mid) {
				hi = mid
			} else {
				lo = mid
			}
		}
		if v := c.value(hi); v < lowest {
			lowest, eta, ok = v, math.Exp(hi), true
		}
	}
	return eta, ok
}

// randomCost makes up sums and penalties of the given strength. The sums come
// from small vectors, so that they obey the Cauchy-Schwarz inequality.
func randomCost(r *rand.Rand, strength float64) (s balance.Sums, n int, cols []*reg.Columns) {
	for range 6 {
		x, m := r.ExpFloat64(), r.ExpFloat64()
		s.X += x
		s.M += m
		s.XM += x * m
		s.MM += m * m
	}
	n = 1 + r.IntN(4)
	degrees := []float64{.5, 1, 1.5, 2, 3}
	for range n {
		var p reg.Penalty
		for range 1 + r.IntN(2) {
			p = p.Plus(reg.Lp(degrees[r.IntN(len(degrees))], strength*r.ExpFloat64()))
		}
		cols = append(cols, reg.Block[float64]{X: matrix.Of(2, 2, []float64{r.ExpFloat64(), r.NormFloat64(), 0, r.ExpFloat64()}), Penalty: p}.Columns())
	}
	return s, n, cols
}

func TestInitialScaleIsTheBestPositiveStationaryPoint(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	found, none := 0, 0
	for k := range 100 {
		s, n, cols := randomCost(r, math.Pow(10, -3+4*float64(k%10)/9))
		c := newCost(s, n, cols)
		got := balance.InitialScale(loss.Frobenius, s, n, cols...)
		eta, ok := c.best()
		if !ok {
			none++
			require.InDelta(t, 0, c.kl(got), 1e-12, "no positive stationary point: the scale of KL")
			continue
		}
		found++
		require.InEpsilon(t, eta, math.Exp(got), 1e-9)
		require.InDelta(t, c.down(got), c.up(got), 1e-12*(1+math.Abs(c.down(got))), "stationary")
		for _, d := range []float64{1e-4, 1e-3, 1e-2} { // a local minimum
			slack := 1e-13 * (math.Abs(c.value(got)) + 1)
			require.LessOrEqual(t, c.value(got), c.value(got+d)+slack)
			require.LessOrEqual(t, c.value(got), c.value(got-d)+slack)
		}
	}
	assert.Greater(t, found, 30)
	assert.Greater(t, none, 20)
}

func TestInitialScaleWithoutPenaltiesFitsTheModel(t *testing.T) {
	s := balance.Sums{X: 8, M: 2, XM: 6, MM: 3}
	assert.InDelta(t, math.Log(2)/3, balance.InitialScale(loss.Frobenius, s, 3), 1e-15)
	assert.InDelta(t, math.Log(4)/3, balance.InitialScale(loss.KL, s, 3), 1e-15)
	zero := reg.Block[float64]{X: matrix.New[float64](3, 2), Penalty: reg.L1(1)}.Columns()
	assert.InDelta(t, math.Log(2)/3, balance.InitialScale(loss.Frobenius, s, 3, zero), 1e-15, "the penalty of zeros is none")
}

func TestInitialScaleOfKLIsItsOnlyRoot(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 1))
	for k := range 200 {
		s, n, cols := randomCost(r, math.Pow(10, float64(k%41)-20))
		c := newCost(s, n, cols)
		u := balance.InitialScale(loss.KL, s, n, cols...)
		require.InDelta(t, 0, c.kl(u), 1e-12)
		for _, d := range []float64{1e-6, 1, 50} {
			require.Negative(t, c.kl(u-d))
			require.Positive(t, c.kl(u+d))
		}
	}
}

func TestInitialScaleAtExtremeMagnitudes(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 1))
	roots := 0
	for _, x := range []float64{1e-150, 1, 1e150} {
		for _, m := range []float64{1e-150, 1, 1e150} {
			for _, mu := range []float64{1e-150, 1e-3, 1, 1e150} {
				for n := 1; n <= 4; n++ {
					for _, degrees := range [][]float64{{.5}, {1}, {1.5}, {2}, {3}, {2.001}, {1, 3}, {.5, 2, 3}} {
						s := balance.Sums{X: 3 * x, M: 2 * m, XM: 2.5 * x * m, MM: 1.5 * m * m}
						if s.MM == 0 || s.XM == 0 || math.IsInf(s.MM, 0) {
							continue
						}
						var p reg.Penalty
						for _, d := range degrees {
							p = p.Plus(reg.Lp(d, mu*(1+r.Float64())))
						}
						cols := reg.Block[float64]{X: matrix.Of(2, 1, []float64{1, 2}), Penalty: p}.Columns()
						c := newCost(s, n, []*reg.Columns{cols})
						name := fmt.Sprintf("x %v, m %v, mu %v, n %d, degrees %v", x, m, mu, n, degrees)

						u := balance.InitialScale(loss.KL, s, n, cols)
						require.InDelta(t, 0, c.kl(u), 1e-11, name)

						u = balance.InitialScale(loss.Frobenius, s, n, cols)
						if tol := 1e-12 * (1 + math.Abs(c.down(u))); math.Abs(c.up(u)-c.down(u)) <= tol {
							roots++
							require.Less(t, c.up(u-1e-3)-c.down(u-1e-3), tol, "%s: a maximum", name)
							continue
						}
						// The scale of KL, which needs a reason: a penalty that grows
						// no faster than the model, and too strong.
						require.InDelta(t, 0, c.kl(u), 1e-11, name)
						slow := false
						for _, d := range degrees {
							slow = slow || d <= float64(n)
						}
						require.True(t, slow, "%s: there is a root", name)
						for v := u - 300; v < u+300; v++ {
							require.GreaterOrEqual(t, c.up(v), c.down(v)-1e-10, "%s: the cost falls at %v", name, v)
						}
					}
				}
			}
		}
	}
	assert.Greater(t, roots, 100)
}

func TestInitialScaleOfSumsThatAreNotPositive(t *testing.T) {
	p := reg.Block[float64]{X: matrix.Of(1, 1, []float64{1}), Penalty: reg.L1(1)}.Columns()
	for _, s := range []balance.Sums{{}, {X: 1}, {M: 1}, {X: -1, M: 1, XM: 0, MM: 1}, {X: 1, M: -1, XM: -1, MM: 1}, {X: math.NaN(), M: 1}} {
		assert.Zero(t, balance.InitialScale(loss.Frobenius, s, 2, p), "%+v", s)
		assert.Zero(t, balance.InitialScale(loss.KL, s, 2, p), "%+v", s)
	}
	good := balance.Sums{X: 1, M: 1, XM: 1, MM: 1}
	assert.Zero(t, balance.InitialScale(loss.Frobenius, good, 0, p), "nothing to scale")
	// A signed model may fit although its sum is 0.
	assert.InDelta(t, math.Log(2)/2, balance.InitialScale(loss.Frobenius, balance.Sums{X: 0, M: 0, XM: 2, MM: 1}, 2), 1e-15)
	// One that points the wrong way is left to the sums.
	got := balance.InitialScale(loss.Frobenius, balance.Sums{X: 4, M: 1, XM: -2, MM: 1}, 2)
	assert.InDelta(t, math.Log(4)/2, got, 1e-15)
}

func ExampleInitialScale() {
	// A start whose model is a hundred times too large, under l1 penalties.
	w := reg.Block[float64]{X: matrix.Of(2, 1, []float64{10, 10}), Penalty: reg.L1(0.01)}
	h := reg.Block[float64]{X: matrix.Of(1, 2, []float64{10, 10}), Trans: true, Penalty: reg.L1(0.01)}
	sums := balance.Sums{X: 4, M: 400, XM: 400, MM: 40000} // data of ones
	eta := balance.InitialScale(loss.Frobenius, sums, 2, w.Columns(), h.Columns())
	fmt.Printf("%.4f\n", math.Exp(eta))
	// Output: 0.0997
}
