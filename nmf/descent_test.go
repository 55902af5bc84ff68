package nmf_test

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
)

// setting is one combination of loss, method, penalties and balancing.
type setting struct {
	name string
	o    nmf.Options
}

// mayRise says whether the objective of the method may rise.
func (s *setting) mayRise() bool {
	_, als := s.o.Method.(nmf.ALS)
	return als
}

func settings() (all []setting) {
	penalties := map[string]reg.Penalty{"": nil, "l1": reg.L1(.02), "l2": reg.L2(.03), "l1l2": reg.L1(.01).Plus(reg.L2(.02))}
	for name, p := range penalties {
		for i, beta := range []float64{-1, 0, .5, 1, 1.5, 2, 2.5, 3} {
			o := nmf.Options{Loss: loss.Beta(beta), Method: nmf.MU{Inner: 1 + i%2}, W: p, H: p, Order: nmf.Order(i / 2 % 2)}
			all = append(all, setting{fmt.Sprintf("mu/beta=%v/%s", beta, name), o})
		}
		for _, beta := range []float64{1, 1.3, 2} {
			all = append(all, setting{fmt.Sprintf("mue/beta=%v/%s", beta, name),
				nmf.Options{Loss: loss.Beta(beta), Method: nmf.MU{Extrapolate: true}, W: p, H: p}})
		}
		all = append(all,
			setting{"mue3/" + name, nmf.Options{Loss: loss.KL, Method: nmf.MU{Inner: 3, Extrapolate: true}, W: p, H: p, Order: nmf.OrderHW}},
			setting{"hals/" + name, nmf.Options{Method: nmf.HALS{}, W: p, H: p}},
			setting{"hals1/" + name, nmf.Options{Method: nmf.HALS{Inner: 1}, W: p, H: p, Order: nmf.OrderHW}},
			setting{"hals-exact/" + name, nmf.Options{Method: nmf.HALS{Exact: true}, W: p, H: p}},
			setting{"ahead/" + name, nmf.Options{W: p, H: p}},
			setting{"ahead1/" + name, nmf.Options{Method: nmf.HALS{Inner: 1, Extrapolate: true}, W: p, H: p, Order: nmf.OrderHW}},
			setting{"ahead-exact/" + name, nmf.Options{Method: nmf.HALS{Exact: true, Extrapolate: true}, W: p, H: p}},
			setting{"anls/" + name, nmf.Options{Method: nmf.ANLS{}, W: p, H: p}},
			setting{"als/" + name, nmf.Options{Method: nmf.ALS{}, W: p, H: p, Order: nmf.OrderHW}})
	}
	all = append(all,
		setting{"mu1/l1+l2 on W, l3/2 on H", nmf.Options{Loss: loss.KL, W: reg.L1(.02).Plus(reg.L2(.01)), H: reg.Lp(1.5, .02)}},
		setting{"mue/l1 on W, l2 on H", nmf.Options{Loss: loss.KL, W: reg.L1(.02), H: reg.L2(.02)}},
		setting{"ahead/l1 on W, l2 on H", nmf.Options{W: reg.L1(.02), H: reg.L2(.02)}},
		setting{"ahead/not balanced", nmf.Options{W: reg.L1(.02), H: reg.L2(.02), Balance: nmf.BalanceNone}},
		setting{"anls/l1 on W, l2 on H", nmf.Options{Method: nmf.ANLS{}, W: reg.L1(.02), H: reg.L2(.02), Order: nmf.OrderHW}})
	return append(all, blockSettings()...)
}

// drawn reports whether a case is run: all are in a full run, in a short one every
// fourth, by its name.
func drawn(name ...any) bool {
	h := fnv.New32a()
	fmt.Fprint(h, name...)
	return !testing.Short() || h.Sum32()%4 == 0
}

// problem returns random data of 1 to 7 rows and columns and a rank that may
// be above both, by turns with zero rows, zero columns, rank 1, tiny and huge
// entries, all of them or some, as far as the loss takes them.
func problem[T asm.Float](seed uint64, l loss.Loss) (x *matrix.Dense[T], rank int) {
	r := rand.New(rand.NewPCG(seed, 9))
	m, n := 1+r.IntN(7), 1+r.IntN(7)
	x = positive[T](seed, m, n, 1)
	rank = []int{1, 2, 4, max(m, n) + 1}[r.IntN(4)]
	kind := seed % 8
	if l.Beta() <= 0 {
		kind %= 4 // a zero is out of its range, and the smallest entry all that counts
	}
	switch kind {
	case 1:
		for i := range x.Data {
			x.Data[i] *= 1e30
		}
	case 2:
		for i := range x.Data {
			x.Data[i] *= 1e-30
		}
	case 3: // exactly of rank 1
		for i := range x.Data {
			x.Data[i] = x.Data[i/n*n] * x.Data[i%n]
		}
	case 4:
		clear(x.Row(m / 2))
	case 5:
		for i := range m {
			x.Set(i, n/2, 0)
		}
	case 6:
		for i := range x.Data {
			if r.IntN(3) == 0 {
				x.Data[i] = 1e-30
			}
		}
	case 7:
		x.Data[r.IntN(len(x.Data))] = 1e30
	}
	return x, rank
}

func TestObjectiveNeverRises(t *testing.T) {
	for _, s := range settings() {
		if s.mayRise() {
			continue
		}
		t.Run("float64/"+s.name, func(t *testing.T) { t.Parallel(); neverRises[float64](t, s, 1e-12) })
		t.Run("float32/"+s.name, func(t *testing.T) { t.Parallel(); neverRises[float32](t, s, 3e-6) })
	}
}

func neverRises[T asm.Float](t *testing.T, s setting, slack float64) {
	fell, w, h := 0, s.o.W, s.o.H
	problems := uint64(200)
	if testing.Short() {
		problems = 40
	}
	for seed := range problems {
		x, rank := problem[T](seed, s.o.Loss)
		s.o.W, s.o.H = w, h
		if top := float64(slices.Max(x.Data)); s.o.Loss.Beta() <= 0 {
			// A penalty that outweighs such a loss by 30 decades makes a model that
			// is below the floor of the divergence.
			s.o.W, s.o.H = w.Rescaled(math.Pow(top, s.o.Loss.Beta()), math.Sqrt(top)), h.Rescaled(math.Pow(top, s.o.Loss.Beta()), math.Sqrt(top))
		}
		s.o.Seed, s.o.Run, s.o.Workers = seed, run(8), 1
		s.o.Run.TraceEvery = 1 + int(seed%2)
		if seed%16 == 0 { // starts that are given are not scaled
			s.o.Init = &nmf.Model[T]{W: positive[T](seed, x.Rows, rank, 3), H: positive[T](seed+1, rank, x.Cols, 1)}
		} else {
			s.o.Init = nmf.Random{} // far from the data, beside which rounding is measured
		}
		r, err := nmf.Fit(ctx, x, rank, &s.o)
		require.NoError(t, err, "seed %d", seed)
		twice := x.Clone()
		for i := range twice.Data {
			twice.Data[i] *= 2
		}
		// A start may be exact but for rounding, of the data and of the divergence.
		within := slack*r.Trace[0].Objective() + max(slack*slack, 1e-15)*loss.Divergence(s.o.Loss, x.Data, twice.Data)
		for i := 1; i < len(r.Trace); i++ {
			before, after := r.Trace[i-1].Objective(), r.Trace[i].Objective()
			require.LessOrEqual(t, after, before+within, "seed %d, point %d", seed, i)
		}
		if r.Objective() < r.Trace[0].Objective() {
			fell++
		}
	}
	require.Greater(t, fell, int(problems)*3/4)
}
