package tucker_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// both runs a generic test body for both element types.
func both(t *testing.T, f32, f64 func(*testing.T)) {
	t.Run("float32", f32)
	t.Run("float64", f64)
}

func precision[T asm.Float](wide, narrow float64) float64 {
	if asm.SizeOf[T]() == 4 {
		return narrow
	}
	return wide
}

// model draws a model, uniform on (0.1, 1.1) or standard normal.
func model[T asm.Float](seed uint64, shape, ranks []int, nonneg bool) *tucker.Model[T] {
	r := rand.New(rand.NewPCG(seed, 77))
	fill := func(x []T) {
		for i := range x {
			x[i] = T(.1 + r.Float64())
			if !nonneg {
				x[i] = T(r.NormFloat64())
			}
		}
	}
	m := &tucker.Model[T]{Core: tensor.New[T](ranks...)}
	fill(m.Core.Data)
	for n, i := range shape {
		f := matrix.New[T](i, ranks[n])
		fill(f.Data)
		m.Factors = append(m.Factors, f)
	}
	return m
}

// noisy is a model's array with a share of noise added, nonnegative when the
// model is.
func noisy[T asm.Float](seed uint64, shape, ranks []int, nonneg bool, share float64) *tensor.Dense[T] {
	x := model[T](seed, shape, ranks, nonneg).Reconstruct()
	r := rand.New(rand.NewPCG(seed, 78))
	for i := range x.Data {
		if nonneg {
			x.Data[i] += T(share * r.Float64())
		} else {
			x.Data[i] += T(share * r.NormFloat64())
		}
	}
	return x
}

type setting struct {
	name string
	o    tucker.Options
}

// settings are options of all kinds.
func settings() []setting {
	l2, l1 := reg.L2(.1), reg.L1(.05)
	return []setting{
		{"hooi", tucker.Options{}},
		{"hooi random", tucker.Options{Init: tucker.Random{}}},
		{"hooi partial", tucker.Options{Modes: tucker.Modes{0, 2}}},
		{"hals", tucker.Options{Method: tucker.HALS{}}},
		{"hals random", tucker.Options{Method: tucker.HALS{}, Init: tucker.Random{}}},
		{"hals partial", tucker.Options{Method: tucker.HALS{}, Modes: tucker.Modes{0, 1}}},
		{"hals signed", tucker.Options{Method: tucker.HALS{Inner: 2, Core: 3}, Nonneg: tucker.Modes{}}},
		{"hals mixed", tucker.Options{Nonneg: tucker.Modes{1, tucker.Core}}},
		{"hals l1 core", tucker.Options{Method: tucker.HALS{}, Core: l1, Factors: tucker.Each(l2), Balance: tucker.BalanceNone}},
		{"hals signed l1", tucker.Options{Method: tucker.HALS{}, Nonneg: tucker.Modes{0}, Core: l1.Plus(l2), Factors: tucker.Each(l1), Balance: tucker.BalanceNone}},
		{"hals sinkhorn", tucker.Options{Method: tucker.HALS{}, Core: l1, Factors: tucker.Each(l2)}},
		{"hals scalar", tucker.Options{Method: tucker.HALS{}, Nonneg: tucker.Modes{0}, Core: l1.Plus(l2), Factors: tucker.Each(l1), Balance: tucker.BalanceScalar}},
		{"mu", tucker.Options{Method: tucker.MU{}}},
		{"mu sinkhorn", tucker.Options{Method: tucker.MU{Inner: 3}, Core: l2, Factors: tucker.Each(l1)}},
		{"mu extrapolated", tucker.Options{Method: tucker.MU{Extrapolate: true}, Core: l1, Factors: tucker.Each(l2)}},
		{"kl", tucker.Options{Loss: loss.KL}},
		{"kl partial", tucker.Options{Loss: loss.KL, Modes: tucker.Modes{0, 2}, Core: l1, Factors: tucker.Each(l2.Plus(l1))}},
		{"kl scalar", tucker.Options{Loss: loss.KL, Method: tucker.MU{Inner: 2}, Core: l1, Factors: tucker.Each(l2), Balance: tucker.BalanceScalar}},
		{"kl extrapolated", tucker.Options{Loss: loss.KL, Method: tucker.MU{Extrapolate: true}, Init: tucker.Random{}, Core: l2, Factors: tucker.Each(l1), Sweeps: 1}},
		{"is", tucker.Options{Loss: loss.IS, Method: tucker.MU{Extrapolate: true}}},
		{"0.5", tucker.Options{Loss: loss.Beta(.5), Core: reg.Lp(3, .1), Factors: tucker.Each(l2)}},
		{"1.5", tucker.Options{Loss: loss.Beta(1.5), Method: tucker.MU{Inner: 2}}},
	}
}

// divergence returns D_β(x, y).
func divergence[T asm.Float](l loss.Loss, x, y *tensor.Dense[T]) (sum float64) {
	for i, v := range x.Data {
		sum += l.Between(float64(v), float64(y.Data[i]))
	}
	return sum
}

func penaltyOf[T asm.Float](m *tucker.Model[T], o *tucker.Options) (sum float64) {
	for n, f := range m.Factors {
		if len(o.Factors) > 0 && f != nil {
			sum += reg.Block[T]{X: f, Penalty: o.Factors[min(n, len(o.Factors)-1)]}.Value()
		}
	}
	return sum + reg.Block[T]{X: matrix.Of(1, len(m.Core.Data), m.Core.Data), Penalty: o.Core}.Value()
}

func TestReportedNumbersAreThoseOfTheModelAndNeverRise(t *testing.T) {
	both(t, testReported[float32], testReported[float64])
}

func testReported[T asm.Float](t *testing.T) {
	for _, c := range []struct{ shape, ranks []int }{{[]int{9, 8, 7}, []int{3, 2, 4}}, {[]int{6, 5, 4, 3}, []int{2, 3, 2, 2}}, {[]int{12, 10, 3}, []int{4, 3, 3}}} {
		x := noisy[T](1, c.shape, c.ranks, true, .3)
		for _, s := range settings() {
			ranks := append([]int(nil), c.ranks...)
			if s.o.Modes != nil {
				for n := range ranks {
					alone := true
					for _, m := range s.o.Modes {
						alone = alone && m != n
					}
					if alone {
						ranks[n] = 0
					}
				}
			}
			s.o.Run.MaxIter = solver.Set(40)
			r, err := tucker.Fit(context.Background(), x, ranks, &s.o)
			require.NoError(t, err, s.name)
			y := r.Reconstruct()
			var squares, all float64
			for i, v := range x.Data {
				d := float64(v) - float64(y.Data[i])
				squares += d * d
				all += float64(v) * float64(v)
			}
			tol := precision[T](1e-9, 1e-3)
			require.InDelta(t, divergence(s.o.Loss, x, y), r.Loss, tol*(squares+1e-3*all), s.name)
			require.InDelta(t, math.Sqrt(squares/all), r.RelError, tol, s.name)
			require.Equal(t, r.Trace.Last().Objective(), r.Objective(), s.name)
			require.InEpsilon(t, 1+penaltyOf(r.Model, &s.o), 1+r.Objective()-r.Loss, tol, s.name)
			for i, p := range r.Trace[1:] {
				require.LessOrEqual(t, p.Objective(), r.Trace[i].Objective()+precision[T](1e-12, 1e-5)*all, "%s %d", s.name, i)
			}
			require.Less(t, r.RelError, .6, s.name)
		}
	}
}
