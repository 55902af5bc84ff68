package tucker_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
	"polyad/tensor"
	"polyad/tucker"
)

// lockedStart returns a start for data of 6x5x4 and ranks 2, 2, 2 with blocks of
// zeros, the core being block 3.
func lockedStart(zero ...int) *tucker.Model[float64] {
	fill := func(x []float64, block int) {
		for i := range x {
			x[i] = float64(1 + (i*i+block)%3)
			if slices.Contains(zero, block) {
				x[i] = 0
			}
		}
	}
	m := &tucker.Model[float64]{Core: tensor.New[float64](2, 2, 2)}
	fill(m.Core.Data, 3)
	for n, size := range []int{6, 5, 4} {
		m.Factors = append(m.Factors, matrix.New[float64](size, 2))
		fill(m.Factors[n].Data, n)
	}
	return m
}

func TestGivenStartsThatLockAMethodAreRefused(t *testing.T) {
	x := lockedStart().Reconstruct()
	for i := range x.Data {
		x.Data[i] += float64(i%7) / 10
	}
	ridge, lasso := reg.Penalty{{Degree: 2, Weight: .1}}, reg.Penalty{{Degree: 1, Weight: .1}}
	none := tucker.BalanceNone
	for name, c := range map[string]struct {
		o      tucker.Options
		zero   []int
		locked string
	}{
		"hals leaves one factor":             {tucker.Options{Method: tucker.HALS{}}, []int{1}, ""},
		"hals leaves the core":               {tucker.Options{Method: tucker.HALS{}}, []int{3}, ""},
		"hals leaves one of all nonnegative": {tucker.Options{Method: tucker.HALS{}, Nonneg: tucker.All}, []int{2}, ""},
		"two factors":                        {tucker.Options{Method: tucker.HALS{}}, []int{0, 2}, "factor 0 and factor 2 are all zero"},
		"a factor and the core":              {tucker.Options{Method: tucker.HALS{}}, []int{1, 3}, "factor 1 and the core are all zero"},
		"ridges shrink the factors first":    {tucker.Options{Method: tucker.HALS{}, Balance: none, Core: ridge, Factors: tucker.Penalties{ridge, ridge, ridge}}, []int{3}, "the core is all zero in the start, which hals cannot leave"},
		"a lasso shrinks the core at last":   {tucker.Options{Method: tucker.HALS{}, Balance: none, Core: lasso, Factors: tucker.Penalties{lasso, lasso, lasso}}, []int{0, 1}, "factor 0 and factor 1 are all zero"},
		"lassos leave one factor":            {tucker.Options{Method: tucker.HALS{}, Balance: none, Core: lasso, Factors: tucker.Penalties{lasso, lasso, lasso}}, []int{1}, ""},
		"balancing takes all along":          {tucker.Options{Method: tucker.HALS{}, Core: lasso, Factors: tucker.Penalties{lasso, lasso, lasso}}, []int{1}, "factor 1 is all zero in the start, which hals with balancing cannot leave; give entries that are not zero, or do not balance"},
		"mu, a factor":                       {tucker.Options{Method: tucker.MU{}}, []int{1}, "factor 1 is all zero in the start, which mu cannot leave; give entries that are not zero, or use hals"},
		"mu, the core":                       {tucker.Options{Method: tucker.MU{}, Loss: loss.KL}, []int{3}, "the core is all zero in the start, which mu cannot leave; give entries that are not zero"},
		"hooi":                               {tucker.Options{Method: tucker.HOOI{}}, []int{0, 1, 2, 3}, ""},
	} {
		c.o.Init = lockedStart(c.zero...)
		r, err := tucker.Fit(ctx, x, []int{2, 2, 2}, &c.o)
		if c.locked != "" {
			require.ErrorIs(t, err, tucker.ErrOption, name)
			require.ErrorContains(t, err, c.locked, name)
			continue
		}
		require.NoError(t, err, name)
		require.Less(t, r.RelError, .3, name)
	}
}
