package nmf_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

// cubed returns data of rank 4 whose factors are cubes of uniform numbers, on which
// projected least squares rise and cycle.
func cubed(seed uint64, m, n int) *matrix.Dense[float64] {
	w, h := positive[float64](seed, m, 4, 1), positive[float64](seed+1000, 4, n, 1)
	for _, f := range []*matrix.Dense[float64]{w, h} {
		for i, v := range f.Data {
			f.Data[i] = v * v * v
		}
	}
	x := matrix.New[float64](m, n)
	matrix.Gemm(nil, false, false, 1, w, h, 0, x)
	return x
}

func TestMethodsThatRiseReturnTheBestModelTheyPassed(t *testing.T) {
	t.Run("float64", returnsTheBest[float64])
	t.Run("float32", returnsTheBest[float32])
}

func returnsTheBest[T asm.Float](t *testing.T) {
	precision := math.Pow(2, -52)
	if asm.SizeOf[T]() == 4 {
		precision = math.Pow(2, -23)
	}
	earlier, converged := 0, 0
	for seed := range uint64(20) {
		x := matrix.Convert[T](cubed(seed, 15, 12))
		for _, o := range []nmf.Options{
			{Method: nmf.ALS{}},
			{Method: nmf.ALS{}, Run: solver.Options{TraceEvery: 7}},
			{Method: nmf.ALS{}, W: reg.L1(.01), H: reg.L1(.01)},
			{Method: nmf.HALS{Extrapolate: true}, W: reg.L2(.01), H: reg.L1(.1), Eps: solver.Set(.05)},
		} {
			o.Run.MaxIter = solver.Set(200)
			r, err := nmf.Fit(ctx, x, 4, &o)
			require.NoError(t, err)
			lowest := r.Trace[0]
			for _, p := range r.Trace {
				if p.Objective() < lowest.Objective() {
					lowest = p
				}
			}
			// Up to what the stop rule calls standing still, and to rounding.
			require.LessOrEqual(t, r.Objective(), lowest.Objective()*(1+2e-6)+20*precision*matrix.Inner(x, x))
			require.Contains(t, r.Trace, r.Returned)
			require.Equal(t, r.Returned.Objective(), r.Objective())
			y := r.Reconstruct()
			var squares float64
			for i, v := range y.Data {
				squares += (float64(v) - float64(x.Data[i])) * (float64(v) - float64(x.Data[i]))
			}
			require.InEpsilon(t, r.Loss, squares/2, 1e-4, "the factors are those of the objective")
			if r.Returned.Iter < r.Iterations && r.Objective() < .99*r.Trace.Last().Objective() {
				earlier++
			}
			if r.Status == solver.Converged {
				converged++
				for _, p := range r.Trace {
					if p.Iter >= r.Iterations-10 {
						f := r.Trace.Last().Objective()
						assert.InDelta(t, f, p.Objective(), 1e-5*f+20*precision*matrix.Inner(x, x), "it stands still")
					}
				}
			}
		}
	}
	assert.Greater(t, earlier, 3, "the data make it rise")
	assert.Greater(t, converged, 3, "and not always")
}

func TestMethodsThatDescendReturnTheLastModel(t *testing.T) {
	x := positive[float64](1, 12, 10, 1)
	for _, o := range []nmf.Options{{}, {Method: nmf.MU{}}, {Method: nmf.ANLS{}}} {
		o.Run.MaxIter = solver.Set(20)
		r, err := nmf.Fit(ctx, x, 3, &o)
		require.NoError(t, err)
		require.Equal(t, r.Trace.Last(), r.Returned)
	}
}
