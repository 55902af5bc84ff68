package tucker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/loss"
	"polyad/reg"
	"polyad/tensor"
)

func TestResultsAreTransformedByTheirOwnObjective(t *testing.T) {
	x := tensor.Of([]float64{1, 2, 3, 4, 2, 1, 5, 3, 4, 4, 1, 2}, 3, 2, 2)
	o := &Options{Loss: loss.KL, Core: reg.L1(.1), Factors: Penalties{reg.L1(.1), reg.L1(.2), reg.L1(.3)}, Seed: 1}
	r, err := Fit(t.Context(), x, []int{2, 2, 2}, o)
	require.NoError(t, err)
	again, err := r.Transform(t.Context(), x, nil)
	require.NoError(t, err)
	require.Equal(t, loss.KL, again.Options.Loss)
	require.Equal(t, r.Options.Factors[2], again.Options.Factors[2])
	require.InEpsilon(t, r.Loss, again.Loss, .01)
	plain, err := r.Transform(t.Context(), x, &Options{})
	require.NoError(t, err)
	require.Equal(t, loss.Frobenius, plain.Options.Loss)
	r.Normalize(NormL1)
	_, err = r.Transform(t.Context(), x, nil)
	require.ErrorIs(t, err, ErrOption)
}
