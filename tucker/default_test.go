package tucker_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// A fit that names no method runs with one that can; what is refused is refused for
// the data, or as no method has these signs.
func TestNoMethodNamedMeansOneThatCan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	positive, signed := tensor.New[float64](6, 5, 4), tensor.New[float64](6, 5, 4)
	for i := range positive.Data {
		positive.Data[i], signed.Data[i] = 1-r.Float64(), r.NormFloat64()
	}
	for _, l := range []loss.Loss{loss.Frobenius, loss.KL, loss.IS, loss.Beta(3)} {
		for name, p := range map[string]reg.Penalty{"none": nil, "l1": reg.L1(.01), "l2": reg.L2(.01), "lp": reg.Lp(1.5, .01)} {
			for _, nonneg := range []tucker.Modes{nil, {}, {1}, tucker.All} {
				for _, x := range []*tensor.Dense[float64]{positive, signed} {
					o := tucker.Options{Loss: l, Core: p, Nonneg: nonneg, Run: solver.Options{MaxIter: solver.Set(2)}}
					if p != nil {
						o.Factors = tucker.Each(p)
					}
					_, err := tucker.Fit(ctx, x, []int{2, 2, 2}, &o)
					mu := l != loss.Frobenius || name == "lp"
					switch {
					case mu && nonneg != nil && !slices.Contains(nonneg, tucker.All[0]):
						require.ErrorIs(t, err, tucker.ErrOption)
						require.NotContains(t, err.Error(), "use ")
					case mu && x == signed:
						require.True(t, errors.Is(err, tucker.ErrData), "%v", err)
					default:
						require.NoError(t, err, "%v %s %v", l, name, nonneg)
					}
				}
			}
		}
	}
	m, err := tucker.Fit(ctx, positive, []int{2, 2, 2}, nil)
	require.NoError(t, err)
	_, err = tucker.Fit(ctx, positive, []int{2, 2, 2}, &tucker.Options{Init: m, Fix: tucker.Modes{tucker.Core}, Nonneg: tucker.Modes{}, Run: solver.Options{MaxIter: solver.Set(2)}})
	require.NoError(t, err, "a core that stays is for hals")
}

func TestResultsShareNothingWithTheOptions(t *testing.T) {
	x := tensor.New[float64](4, 3, 3)
	for i := range x.Data {
		x.Data[i] = float64(i%5 + 1)
	}
	ranks, each := []int{2, 2, 2}, reg.L2(.25)
	o := tucker.Options{Core: reg.L1(.5), Factors: tucker.Each(each), Nonneg: tucker.Modes{0, tucker.Core}, Run: solver.Options{MaxIter: solver.Set(2)}}
	r, err := tucker.Fit(ctx, x, ranks, &o)
	require.NoError(t, err)
	formula := r.Formula()
	o.Core[0].Weight, each[0].Degree, o.Nonneg[0], ranks[0] = 7, 1, 2, 9
	require.Equal(t, formula, r.Formula())
	require.Equal(t, tucker.Modes{0, tucker.Core}, r.Options.Nonneg)
	require.Equal(t, []int{2, 2, 2}, r.Ranks())
}
