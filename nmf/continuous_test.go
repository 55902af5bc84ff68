package nmf_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/nmf"
	"polyad/reg"
)

// β and degrees of penalties within rounding of those that have formulas of their own.
func TestFitsAreContinuousInExponents(t *testing.T) {
	t.Run("float32", continuous[float32])
	t.Run("float64", continuous[float64])
}

func continuous[T asm.Float](t *testing.T) {
	x := positive[T](63, 25, 18, 1)
	fit := func(beta, degree float64) *nmf.Result[T] {
		p := reg.Lp(degree, .02)
		r, err := nmf.Fit(ctx, x, 3, &nmf.Options{Method: nmf.MU{}, Loss: loss.Beta(beta), W: p, H: p, Run: run(30)})
		require.NoError(t, err)
		for i, pt := range r.Trace[1:] {
			require.GreaterOrEqual(t, pt.Loss, 0., "beta %v, degree %v", beta, degree)
			require.LessOrEqual(t, pt.Objective(), r.Trace[i].Objective()*(1+1e-6), "beta %v, degree %v: sweep %d", beta, degree, i+1)
		}
		return r
	}
	tolerance := 1e-8
	if asm.SizeOf[T]() == 4 {
		tolerance = 1e-4 // sweeps in float32, of which each rounds otherwise
	}
	for _, by := range []float64{0x1p-52, 1e-12, 1e-300} {
		for _, beta := range []float64{-1, 0, 1, 2} {
			want := fit(beta, 1).Objective()
			assert.InEpsilon(t, want, fit(beta+by, 1).Objective(), tolerance, "beta %v+%v", beta, by)
			assert.InEpsilon(t, want, fit(beta-by, 1).Objective(), tolerance, "beta %v-%v", beta, by)
		}
		for _, beta := range []float64{0, 1, 1.5, 2, 2.5} {
			for _, degree := range []float64{1, 2} {
				want := fit(beta, degree).Objective()
				assert.InEpsilon(t, want, fit(beta, degree+by).Objective(), tolerance, "beta %v, degree %v+%v", beta, degree, by)
				assert.InEpsilon(t, want, fit(beta, degree-by).Objective(), tolerance, "beta %v, degree %v-%v", beta, degree, by)
			}
		}
	}
}
