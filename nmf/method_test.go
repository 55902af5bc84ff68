package nmf_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

func TestDefaultMethodIsThatOfTheLoss(t *testing.T) {
	x := positive[float64](1, 6, 5, 1)
	for _, c := range []struct {
		l    loss.Loss
		want nmf.Method
	}{
		{loss.Frobenius, nmf.HALS{Extrapolate: true}}, {loss.Beta(2), nmf.HALS{Extrapolate: true}},
		{loss.KL, nmf.MU{Extrapolate: true}}, {loss.Beta(1.9), nmf.MU{Extrapolate: true}},
		{loss.IS, nmf.MU{}}, {loss.Beta(.99), nmf.MU{}}, {loss.Beta(3), nmf.MU{}},
	} {
		r, err := nmf.Fit(ctx, x, 2, &nmf.Options{Loss: c.l, Run: run(2)})
		require.NoError(t, err)
		assert.Equal(t, c.want, r.Options.Method)
		assert.Equal(t, c.want, nmf.DefaultMethod(c.l))
	}
}

// swimmer returns the 256 images of 32 x 32 pixels of a body with four limbs of
// four positions each (Donoho, Stodden 2004), an image per column.
func swimmer[T asm.Float]() *matrix.Dense[T] {
	limbs := [4]struct {
		joint [2]int
		dirs  [4][2]int
	}{
		{[2]int{21, 14}, [4][2]int{{1, 0}, {1, -1}, {0, -1}, {-1, -1}}},
		{[2]int{21, 16}, [4][2]int{{1, 0}, {1, 1}, {0, 1}, {-1, 1}}},
		{[2]int{10, 14}, [4][2]int{{-1, 0}, {-1, -1}, {0, -1}, {1, -1}}},
		{[2]int{10, 16}, [4][2]int{{-1, 0}, {-1, 1}, {0, 1}, {1, 1}}},
	}
	x := matrix.New[T](1024, 256)
	for image := range 256 {
		set := func(i, j int) { x.Set(32*i+j, image, 1) }
		for i := 10; i <= 21; i++ {
			set(i, 15)
		}
		for l, limb := range limbs {
			set(limb.joint[0], limb.joint[1])
			d := limb.dirs[image>>(6-2*l)&3]
			for k := 1; k <= 5; k++ {
				set(limb.joint[0]+k*d[0], limb.joint[1]+k*d[1])
			}
		}
	}
	return x
}

func TestSwimmerIsTakenApartFromAnySeed(t *testing.T) {
	x := swimmer[float64]()
	var lit int
	for _, v := range x.Data {
		lit += int(v)
	}
	require.Equal(t, 256*36, lit)
	exact := func(e solver.Event) bool { return e.RelError < 1e-6 }
	for name, x := range map[string]*matrix.Dense[float64]{"images in columns": x, "images in rows": x.Transpose()} {
		for seed := range uint64(5) {
			r, err := nmf.Fit(ctx, x, 17, &nmf.Options{Init: nmf.Random{}, Seed: seed,
				Run: solver.Options{MaxIter: solver.Set(3000), Tol: solver.Set(0.0), Observe: []solver.Observer{exact}}})
			require.NoError(t, err)
			assert.Less(t, r.RelError, 1e-6, "%s, seed %d", name, seed)
		}
	}
}

func TestExtrapolationIsAheadOfThePlainMethod(t *testing.T) {
	x := positive[float64](4, 50, 40, 1)
	for _, c := range []struct {
		l               loss.Loss
		plain, extended nmf.Method
	}{
		{loss.Frobenius, nmf.HALS{}, nmf.HALS{Extrapolate: true}},
		{loss.Frobenius, nmf.MU{}, nmf.MU{Extrapolate: true}},
		{loss.KL, nmf.MU{}, nmf.MU{Extrapolate: true}},
		{loss.Beta(1.5), nmf.MU{}, nmf.MU{Extrapolate: true}},
	} {
		var sum [2]float64
		for i, m := range []nmf.Method{c.plain, c.extended} {
			for seed := range uint64(4) {
				r, err := nmf.Fit(ctx, x, 8, &nmf.Options{Loss: c.l, Method: m, Init: nmf.Random{}, Seed: seed, Run: run(60)})
				require.NoError(t, err)
				sum[i] += r.Loss
			}
		}
		assert.Less(t, sum[1], .99*sum[0], "%v %v", c.l, c.plain)
	}
}

// The model is the accepted one wherever a run ends, and so is what is reported.
func TestExtrapolatedRunEndsAtItsLastPoint(t *testing.T) {
	x := positive[float64](5, 20, 17, 1)
	for _, o := range []nmf.Options{
		{}, {Order: nmf.OrderHW}, {W: reg.L1(.01), H: reg.L1(.01)}, {Method: nmf.MU{Extrapolate: true}},
		{Loss: loss.KL}, {Loss: loss.KL, W: reg.L1(.01), H: reg.L2(.01)},
	} {
		o.Run = run(120)
		o.Run.TraceEvery = 7
		whole, err := nmf.Fit(ctx, x, 4, &o)
		require.NoError(t, err)
		for n := 1; n <= 120; n += 1 + n/3 {
			o.Run.MaxIter = solver.Set(n)
			r, err := nmf.Fit(ctx, x, 4, &o)
			require.NoError(t, err)
			require.InEpsilon(t, loss.Divergence(o.Loss, x.Data, r.Reconstruct().Data), r.Trace.Last().Loss, 1e-6, "%v, %d sweeps", o.Method, n)
			require.LessOrEqual(t, r.Objective(), r.Trace[len(r.Trace)-2].Objective()*(1+1e-12))
			for i, p := range r.Trace[:len(r.Trace)-1] {
				require.Equal(t, whole.Trace[i].Objective(), p.Objective())
			}
		}
	}
}

func TestPlainMethodsDoNotSeeHowOftenTheyAreTraced(t *testing.T) {
	x := positive[float64](6, 20, 17, 1)
	for _, m := range []nmf.Method{nmf.HALS{}, nmf.HALS{Extrapolate: true}, nmf.MU{}, nmf.ANLS{}, nmf.ALS{}} {
		o := nmf.Options{Method: m, W: reg.L2(.01), H: reg.L2(.01), Run: run(12)}
		every, err := nmf.Fit(ctx, x, 4, &o)
		require.NoError(t, err)
		o.Run.TraceEvery = 4
		some, err := nmf.Fit(ctx, x, 4, &o)
		require.NoError(t, err)
		require.Equal(t, every.Model, some.Model, "%v", m)
		for i, p := range some.Trace {
			require.Equal(t, every.Trace[4*i].Objective(), p.Objective(), "%v", m)
		}
	}
}

func TestANLSSolvesForTheLastFactor(t *testing.T) {
	x := positive[float64](7, 30, 20, 1)
	for _, o := range []nmf.Options{{}, {W: reg.L1(.1), H: reg.L1(.1).Plus(reg.L2(.2))}, {Order: nmf.OrderHW}} {
		o.Method, o.Run, o.Balance = nmf.ANLS{}, run(2), nmf.BalanceNone
		r, err := nmf.Fit(ctx, x, 5, &o)
		require.NoError(t, err)
		last := map[nmf.Order]int{nmf.OrderWH: 1, nmf.OrderHW: 0}[o.Order]
		assert.Less(t, r.KKT[last], 1e-13)
		assert.Zero(t, r.Ridges)
	}
}

func TestRidgesAreCounted(t *testing.T) {
	x := positive[float64](8, 12, 9, 1)
	for _, m := range []nmf.Method{nmf.ALS{}, nmf.ANLS{}} {
		r, err := nmf.Fit(ctx, x, 15, &nmf.Options{Method: m, Run: run(3)}) // HHᵀ is singular
		require.NoError(t, err)
		assert.GreaterOrEqual(t, r.Ridges, 3, "%v", m)
		finite(t, r, m.String())
	}
}

// Evaluating the objective leaves products for the next step, which are the ones
// that the step would make.
func TestLookingChangesNoBit(t *testing.T) {
	x := positive[float64](7, 70, 300, 1)
	start := &nmf.Model[float64]{W: positive[float64](8, 70, 5, 1), H: positive[float64](9, 5, 300, 1)}
	for _, o := range []nmf.Options{
		{Loss: loss.KL}, {Loss: loss.IS}, {Loss: loss.Beta(1.5)}, {Loss: loss.Beta(-.3)}, {Loss: loss.KL, Order: nmf.OrderHW}, {Loss: loss.IS, Order: nmf.OrderHW},
		{Loss: loss.KL, FixW: true}, {Loss: loss.IS, FixH: true, Order: nmf.OrderHW}, {Loss: loss.KL, W: reg.L1(.1), H: reg.L2(.1)},
	} {
		for _, inner := range []int{1, 3} {
			o.Method, o.Init, o.Run = nmf.MU{Inner: inner}, start, run(12)
			o.Run.TraceEvery = 1
			often, err := nmf.Fit(ctx, x, 5, &o)
			require.NoError(t, err)
			o.Run.TraceEvery = 12
			once, err := nmf.Fit(ctx, x, 5, &o)
			require.NoError(t, err)
			require.Equal(t, once.Model, often.Model, "%v, order %v, inner %d", o.Loss, o.Order, inner)
			require.InEpsilon(t, once.Loss, often.Loss, 1e-12)
			for i := 1; i < len(often.Trace); i++ {
				require.LessOrEqual(t, often.Trace[i].Objective(), often.Trace[i-1].Objective()*(1+1e-12))
			}
		}
	}
}
