package tucker_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

func TestMultiplicativeUpdatesDescendForEveryLossAndPenalty(t *testing.T) {
	both(t, testDescent[float32], testDescent[float64])
}

func testDescent[T asm.Float](t *testing.T) {
	shape, ranks := []int{7, 6, 5}, []int{3, 2, 2}
	x := noisy[T](4, shape, ranks, true, 1)
	rows := reg.Penalty{{Degree: 1, Weight: .3, Rows: []float64{1, 2, 0, 1, 5, 1, 1}}}
	penalties := []struct {
		core    reg.Penalty
		factors tucker.Penalties
		balance tucker.Balance
	}{
		{},
		{reg.L1(.1), tucker.Each(reg.L2(.2)), tucker.BalanceAuto},
		{reg.L2(.1), tucker.Penalties{reg.L1(.3), reg.L2(.1), reg.L2(.2)}, tucker.BalanceScalar},
		{reg.Lp(3, .1), tucker.Penalties{reg.Lp(1.5, .3), reg.L1(.1).Plus(reg.L2(.2)), reg.Lp(.5, .2)}, tucker.BalanceSinkhorn},
		{reg.L1(.1).Plus(reg.L2(.1)), tucker.Penalties{rows.Plus(reg.L2(.1)), reg.L1(.2), reg.L1(.2)}, tucker.BalanceNone},
	}
	for _, beta := range []float64{-1, 0, .5, 1, 1.5, 2, 2.5, 3} {
		for k, p := range penalties {
			for _, method := range []tucker.MU{{}, {Inner: 3}, {Extrapolate: true}} {
				o := tucker.Options{Loss: loss.Beta(beta), Method: method, Core: p.core, Factors: p.factors, Balance: p.balance,
					Init: tucker.Random{}, Seed: uint64(k), Run: sweeps(12)}
				o.Run.TraceEvery = 1
				r, err := tucker.Fit(ctx, x, ranks, &o)
				require.NoError(t, err)
				require.Len(t, r.Trace, 13)
				for i, q := range r.Trace[1:] {
					before := r.Trace[i].Objective()
					require.LessOrEqual(t, q.Objective(), before+precision[T](1e-11, 1e-4)*(before+1), "beta %g, penalty %d, %+v, sweep %d", beta, k, method, i+1)
				}
				require.Less(t, r.Objective(), r.Trace[0].Objective())
				require.InEpsilon(t, divergence(o.Loss, x, r.Reconstruct()), r.Loss, precision[T](1e-10, 1e-3))
				require.InDelta(t, penaltyOf(r.Model, &o), r.Objective()-r.Loss, precision[T](1e-11, 1e-4)*r.Objective())
				for _, f := range r.Factors {
					for _, v := range f.Data {
						require.GreaterOrEqual(t, v, T(r.Options.Eps.Or(-1)))
					}
				}
			}
		}
	}
}

// TestMultiplicativeUpdatesEndAtAMinimum compares with models nearby, and holds
// the reported residuals of the optimality conditions against that.
func TestMultiplicativeUpdatesEndAtAMinimum(t *testing.T) {
	shape, ranks := []int{4, 3, 3}, []int{2, 2, 1}
	x := noisy[float64](4, shape, ranks, true, 1)
	r := rand.New(rand.NewPCG(1, 2))
	for _, beta := range []float64{0, 1, 2.5} {
		for _, extrapolate := range []bool{false, true} {
			o := tucker.Options{Loss: loss.Beta(beta), Method: tucker.MU{Inner: 4, Extrapolate: extrapolate}, Core: reg.L1(.05), Factors: tucker.Each(reg.L2(.05)), Workers: 1, Run: sweeps(800)}
			f, err := tucker.Fit(ctx, x, ranks, &o)
			require.NoError(t, err)
			for n, k := range f.KKT {
				require.Less(t, k, 1e-4, "beta %g, block %d", beta, n)
			}
			for range 200 {
				near := f.Model.Clone()
				move := func(x []float64) {
					for i := range x {
						x[i] *= math.Exp(1e-3 * r.NormFloat64())
					}
				}
				move(near.Core.Data)
				for _, f := range near.Factors {
					move(f.Data)
				}
				require.Greater(t, divergence(o.Loss, x, near.Reconstruct())+penaltyOf(near, &o), f.Objective()*(1-1e-9))
			}
		}
	}
}

func TestBalancingKeepsTheStart(t *testing.T) {
	shape, ranks := []int{7, 6, 5, 4}, []int{3, 2, 2, 3}
	x := noisy[float64](4, shape, ranks, true, 1)
	start := model[float64](9, shape, ranks, true)
	want := start.Reconstruct()
	for _, way := range []tucker.Balance{tucker.BalanceScalar, tucker.BalanceSinkhorn} {
		for _, method := range []tucker.Method{tucker.MU{}, tucker.HALS{}} {
			o := tucker.Options{Method: method, Core: reg.L1(.3), Factors: tucker.Each(reg.L2(.2)), Balance: way, Init: start, Run: sweeps(0)}
			r, err := tucker.Fit(ctx, x, ranks, &o)
			require.NoError(t, err)
			got := r.Reconstruct()
			for i, v := range want.Data {
				require.InEpsilon(t, v, got.Data[i], 1e-12)
			}
			require.Less(t, penaltyOf(r.Model, &o), penaltyOf(start, &o))
		}
	}
}

func TestSinkhornBalancedFitsAreBalanced(t *testing.T) {
	shape, ranks := []int{7, 6, 5}, []int{3, 2, 2}
	x := noisy[float64](4, shape, ranks, true, 1)
	for _, o := range []tucker.Options{{Loss: loss.KL}, {Method: tucker.HALS{}}, {Loss: loss.KL, Method: tucker.MU{Extrapolate: true}}, {Loss: loss.KL, Fix: tucker.Modes{1}, Init: model[float64](9, shape, ranks, true)}} {
		o.Core, o.Factors, o.Run = reg.L1(.1), tucker.Each(reg.L2(.2)), sweeps(7)
		r, err := tucker.Fit(ctx, x, ranks, &o)
		require.NoError(t, err)
		require.Equal(t, tucker.BalanceSinkhorn, r.Options.Balance)
		for n, j := range ranks {
			if len(o.Fix) > 0 && o.Fix[0] == n {
				continue
			}
			for q := range j {
				var column, slice float64
				for i := range r.Factors[n].Rows {
					v := r.Factors[n].At(i, q)
					column += 2 * .2 * v * v
				}
				for _, v := range r.Core.Slice(n, q, q+1).Contiguous().Data {
					slice += .1 * v
				}
				if column == 0 && slice == 0 {
					require.Contains(t, r.Pruned[n], q)
					continue
				}
				require.InEpsilon(t, column, slice, 1e-8)
			}
		}
	}
}

func TestStrongPenaltiesPruneComponents(t *testing.T) {
	x := noisy[float64](4, []int{9, 8, 7}, []int{2, 2, 2}, true, .05)
	o := tucker.Options{Loss: loss.KL, Core: reg.L1(3), Factors: tucker.Each(reg.L2(3)), Init: tucker.Random{}, Run: sweeps(600)}
	r, err := tucker.Fit(ctx, x, []int{5, 4, 4}, &o)
	require.NoError(t, err)
	require.NotEmpty(t, r.Pruned[0])
	for n, pruned := range r.Pruned {
		require.Less(t, len(pruned), r.Core.Shape[n], "something is left")
		for _, q := range pruned {
			for _, v := range r.Core.Slice(n, q, q+1).Contiguous().Data {
				require.LessOrEqual(t, v, r.Options.Eps.Or(0))
			}
		}
	}
}

func TestMultiplicativeUpdatesTakeZerosAndExtremes(t *testing.T) {
	both(t, testMUExtremes[float32], testMUExtremes[float64])
}

func testMUExtremes[T asm.Float](t *testing.T) {
	x := noisy[T](2, []int{6, 5, 4}, []int{2, 2, 2}, true, .5)
	for i := range x.Data {
		if i%3 == 0 || i%4 == 1 {
			x.Data[i] = 0
		}
	}
	ranks := []int{3, 2, 2}
	fit := func(x *tensor.Dense[T], o tucker.Options) (*tucker.Result[T], error) {
		o.Run = sweeps(10)
		return tucker.Fit(ctx, x, ranks, &o)
	}
	for _, beta := range []float64{.5, 1, 1.5, 2, 3} {
		r, err := fit(x, tucker.Options{Loss: loss.Beta(beta), Method: tucker.MU{}})
		require.NoError(t, err)
		require.InEpsilon(t, divergence(loss.Beta(beta), x, r.Reconstruct()), r.Loss, precision[T](1e-9, 1e-3))
	}
	_, err := fit(x, tucker.Options{Loss: loss.IS})
	require.ErrorIs(t, err, tucker.ErrData)
	r, err := fit(x, tucker.Options{Loss: loss.IS, Eps: solver.Set(.01)})
	require.NoError(t, err)
	require.Less(t, r.Loss, r.Trace[0].Loss)
	y := x.Clone()
	y.Data[7] = -1
	for _, l := range []loss.Loss{loss.Frobenius, loss.KL} {
		_, err = fit(y, tucker.Options{Loss: l, Method: tucker.MU{}})
		require.ErrorIs(t, err, tucker.ErrData)
	}
	for _, o := range []tucker.Options{{Method: tucker.MU{Inner: -1}}, {Method: tucker.MU{}, Nonneg: tucker.Modes{0}}, {Method: &tucker.MU{}}, {Method: tucker.MU{}, Sweeps: 2},
		{Loss: loss.KL, Method: tucker.HALS{}}, {Loss: loss.KL, Method: tucker.HOOI{}}} {
		_, err = fit(x, o)
		require.ErrorIs(t, err, tucker.ErrOption)
	}
	_, err = fit(x, tucker.Options{Loss: loss.KL, Core: reg.L1(.1)})
	require.ErrorIs(t, err, tucker.ErrOneSided)
}
