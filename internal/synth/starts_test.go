package synth_test

import (
	"context"
	"flag"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/cpd"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// startCase is an array to which models are fitted from all starts.
type startCase struct {
	x       *tensor.Dense[float64]
	rank    int
	penalty reg.Penalty
}

// lowRank returns the sum of three components of standard normal, or positive
// uniform, factors.
func lowRank(r *rand.Rand, nonneg bool, shape ...int) *tensor.Dense[float64] {
	var f []*matrix.Dense[float64]
	for _, n := range shape {
		m := matrix.New[float64](n, 3)
		for i := range m.Data {
			if m.Data[i] = r.NormFloat64(); nonneg {
				m.Data[i] = r.Float64()
			}
		}
		f = append(f, m)
	}
	return tensor.CP[float64]{Factors: f}.Reconstruct(nil)
}

// noisy adds noise of 5 to 50 percent of the size of the entries.
func noisy(r *rand.Rand, nonneg bool, x *tensor.Dense[float64]) *tensor.Dense[float64] {
	var squares float64
	for _, v := range x.Data {
		squares += v * v
	}
	size := (.05 + .45*r.Float64()) * math.Sqrt(squares/float64(len(x.Data)))
	for i, v := range x.Data {
		if x.Data[i] = v + size*r.NormFloat64(); nonneg {
			x.Data[i] = max(x.Data[i], 0)
		}
	}
	return x
}

// repeated returns c copies of a matrix behind each other.
func repeated(x *tensor.Dense[float64], c int) *tensor.Dense[float64] {
	y := tensor.New[float64](x.Shape[0], x.Shape[1], c)
	for i := range y.Data {
		y.Data[i] = x.Data[i/c]
	}
	return y
}

// structured returns an array of zeros and ones.
func structured(r *rand.Rand) *tensor.Dense[float64] {
	switch k := 2 + r.IntN(3); r.IntN(5) {
	case 0: // one where all indices differ
		x := tensor.New[float64](k+1, k+1, k+1)
		for i := range k + 1 {
			for j := range k + 1 {
				for l := range k + 1 {
					if i != j && j != l && l != i {
						x.Set(1, i, j, l)
					}
				}
			}
		}
		return x
	case 1: // blocks along the diagonal, repeated
		a, b := 1+r.IntN(3), 1+r.IntN(3)
		x := tensor.New[float64](k*a, k*b)
		for i := range k * a {
			for j := range k * b {
				if i/a == j/b {
					x.Set(1, i, j)
				}
			}
		}
		return repeated(x, 1+r.IntN(4))
	case 2: // the identity
		x := tensor.New[float64](k+1, k+1, k+1)
		for i := range k + 1 {
			x.Set(1, i, i, i)
		}
		return x
	case 3: // boxes that overlap
		x := tensor.New[float64](4+r.IntN(3), 4+r.IntN(3), 3+r.IntN(3))
		for range k {
			in := [3][]bool{}
			for n, size := range x.Shape {
				in[n] = make([]bool, size)
				for i := range in[n] {
					in[n][i] = r.IntN(2) == 0
				}
			}
			for i := range x.Shape[0] {
				for j := range x.Shape[1] {
					for l := range x.Shape[2] {
						if in[0][i] && in[1][j] && in[2][l] {
							x.Set(1, i, j, l)
						}
					}
				}
			}
		}
		return x
	}
	x := tensor.New[float64](3+r.IntN(4), 3+r.IntN(4), 2+r.IntN(4))
	for i := range x.Data {
		if r.IntN(3) == 0 {
			x.Data[i] = 1
		}
	}
	return x
}

// startKinds are the kinds of arrays that starts are tried on.
var startKinds = []struct {
	name string
	make func(r *rand.Rand, nonneg bool) startCase
}{
	{"noisy", func(r *rand.Rand, nonneg bool) startCase {
		return startCase{x: noisy(r, nonneg, lowRank(r, nonneg, 4+r.IntN(5), 4+r.IntN(5), 3+r.IntN(5))), rank: 1 + r.IntN(4)}
	}},
	{"repeated", func(r *rand.Rand, nonneg bool) startCase {
		return startCase{x: repeated(noisy(r, nonneg, lowRank(r, nonneg, 4+r.IntN(5), 4+r.IntN(5))), 2+r.IntN(4)), rank: 1 + r.IntN(4)}
	}},
	{"structured", func(r *rand.Rand, _ bool) startCase {
		return startCase{x: structured(r), rank: 1 + r.IntN(4)}
	}},
	{"penalized", func(r *rand.Rand, nonneg bool) startCase {
		c := startCase{rank: 1 + r.IntN(4)}
		switch r.IntN(3) {
		case 0:
			c.x = noisy(r, nonneg, lowRank(r, nonneg, 4+r.IntN(5), 4+r.IntN(5), 3+r.IntN(5)))
		case 1:
			c.x = repeated(noisy(r, nonneg, lowRank(r, nonneg, 4+r.IntN(5), 4+r.IntN(5))), 2+r.IntN(4))
		case 2:
			c.x = structured(r)
		}
		weight := .03 * math.Pow(30, r.Float64())
		if r.IntN(2) == 0 {
			c.penalty = reg.L1(weight)
		} else {
			c.penalty = reg.L2(weight)
		}
		return c
	}},
}

// startOrders are the orders of three modes.
var startOrders = [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}

// fitted is what a fit came to: its objective, and what its start cost in sweeps.
type fitted struct {
	objective float64
	cost      int
	changed   bool
	err       error
}

// startOf returns what a fit came to.
func startOf(objective float64, start *solver.Start, err error) fitted {
	f := fitted{objective: objective, err: err}
	if start != nil {
		f.cost, f.changed = start.Sweeps, true
	}
	return f
}

// startFit is a fit that is tried, from a named start, or for "" from a random one of
// a seed that is given as a model, so that no others are tried.
type startFit struct {
	name   string
	nonneg bool
	starts []string
	fit    func(c startCase, x *tensor.Dense[float64], start string, seed uint64) fitted
}

// startFits are all of them.
func startFits() (all []startFit) {
	ctx := context.Background()
	none := solver.Options{MaxIter: solver.Set(0)}
	for _, nonneg := range []bool{false, true} {
		name := map[bool]string{false: "cpd", true: "cpd nonneg"}[nonneg]
		all = append(all, startFit{name, nonneg, []string{"svd", "random"}, func(c startCase, x *tensor.Dense[float64], start string, seed uint64) fitted {
			o := &cpd.Options{Seed: seed, Init: map[string]cpd.Start{"": cpd.Random{}, "svd": cpd.SVD{}, "random": cpd.Random{}}[start]}
			if nonneg {
				o.Nonneg = cpd.All
			}
			if len(c.penalty) > 0 {
				o.Penalty = cpd.Each(c.penalty)
				if c.penalty[0].Degree == 1 && !nonneg {
					o.Method = cpd.HALS{Extrapolate: true}
				}
			}
			if start == "" {
				o.Run = none
				first, err := cpd.Fit(ctx, x, c.rank, o)
				if err != nil {
					return fitted{err: err}
				}
				o.Init, o.Run = first, solver.Options{}
			}
			r, err := cpd.Fit(ctx, x, c.rank, o)
			if err != nil {
				return fitted{err: err}
			}
			return startOf(r.Objective(), r.Start, err)
		}})
	}
	for _, nonneg := range []bool{false, true} {
		name := map[bool]string{false: "tucker", true: "tucker nonneg"}[nonneg]
		all = append(all, startFit{name, nonneg, []string{"svd", "random"}, func(c startCase, x *tensor.Dense[float64], start string, seed uint64) fitted {
			o := &tucker.Options{Seed: seed, Init: map[string]tucker.Start{"": tucker.Random{}, "svd": tucker.SVD{}, "random": tucker.Random{}}[start]}
			if nonneg {
				o.Nonneg = tucker.All
			}
			if len(c.penalty) > 0 {
				o.Factors, o.Core, o.Method = tucker.Each(c.penalty), c.penalty, tucker.HALS{}
			}
			ranks := make([]int, len(x.Shape))
			for n, size := range x.Shape {
				ranks[n] = min(c.rank, size)
			}
			for n := range ranks {
				p := 1
				for k, j := range ranks {
					if k != n {
						p *= j
					}
				}
				ranks[n] = min(ranks[n], p)
			}
			if start == "" {
				o.Run = none
				first, err := tucker.Fit(ctx, x, ranks, o)
				if err != nil {
					return fitted{err: err}
				}
				o.Init, o.Run = first, solver.Options{}
			}
			r, err := tucker.Fit(ctx, x, ranks, o)
			if err != nil {
				return fitted{err: err}
			}
			return startOf(r.Objective(), r.Start, err)
		}})
	}
	for _, m := range []struct {
		name   string
		method nmf.Method
		loss   loss.Loss
	}{
		{"nmf", nil, loss.Frobenius}, {"nmf mu", nmf.MU{}, loss.Frobenius}, {"nmf anls", nmf.ANLS{}, loss.Frobenius}, {"nmf als", nmf.ALS{}, loss.Frobenius},
		{"nmf kl", nil, loss.KL},
	} {
		starts := []string{"nndsvd", "nndsvda", "nndsvdar", "spa", "random"}
		if m.name == "nmf mu" || m.loss == loss.KL { // which cannot leave zeros, and refuse them
			starts = starts[1:]
		}
		all = append(all, startFit{m.name, true, starts, func(c startCase, x *tensor.Dense[float64], start string, seed uint64) fitted {
			o := &nmf.Options{Seed: seed, Method: m.method, Loss: m.loss, Init: map[string]nmf.Start{"": nmf.Random{}, "nndsvd": nmf.NNDSVD{}, "nndsvda": nmf.NNDSVD{Fill: nmf.FillMean},
				"nndsvdar": nmf.NNDSVD{Fill: nmf.FillRandom}, "spa": nmf.SPA{}, "random": nmf.Random{}}[start]}
			o.W, o.H = c.penalty, c.penalty
			v := x.Unfold(0)
			if start == "" {
				o.Run = none
				first, err := nmf.Fit(ctx, v, c.rank, o)
				if err != nil {
					return fitted{err: err}
				}
				o.Init, o.Run = first, solver.Options{}
			}
			r, err := nmf.Fit(ctx, v, c.rank, o)
			if err != nil {
				return fitted{err: err}
			}
			return startOf(r.Objective(), r.Start, err)
		}})
	}
	return all
}

var (
	startArrays = flag.Int("starts", 6, "arrays of each kind on which starts are tried")
	startOnly   = flag.String("start-fits", "", "the name of the fits for which they are; default all")
)

// A fit from any named start is to end at most at 1.05 times the objective of the best
// of five random starts, in every order of the modes. Below 1e-5·||X||² objectives of
// exact data are as good as the stop rule makes them. Not all do; -v prints which.
func TestStartsComeCloseToTheBestOfFiveRandomOnes(t *testing.T) {
	n := *startArrays
	if testing.Short() {
		n = 1
	}
	t.Logf("%-14s %-11s %-9s %5s %5s %5s %6s %9s", "fit", "data", "start", "fits", ">1.05", "tried", "sweeps", "worst")
	var fits, above [2]int // from random starts, and others
	for _, f := range startFits() {
		if *startOnly != "" && f.name != *startOnly {
			continue
		}
		for _, kind := range startKinds {
			found := map[string]*startCount{}
			for _, s := range f.starts {
				found[s] = &startCount{}
			}
			var mu sync.Mutex
			var wg sync.WaitGroup
			slots := make(chan bool, runtime.GOMAXPROCS(0))
			for i := range n {
				wg.Add(1)
				slots <- true
				go func() {
					defer func() { <-slots; wg.Done() }()
					f.compare(t, kind.make(rand.New(rand.NewPCG(uint64(i), 77)), f.nonneg), &mu, found)
				}()
			}
			wg.Wait()
			for _, s := range f.starts {
				c, other := found[s], 1
				if s == "random" {
					other = 0
				}
				fits[other], above[other] = fits[other]+c.fits, above[other]+c.above
				t.Logf("%-14s %-11s %-9s %5d %5d %5d %6.1f %9.3g", f.name, kind.name, s, c.fits, c.above, c.tried, float64(c.sweeps)/float64(max(c.tried, 1)), c.worst)
			}
		}
	}
	t.Logf("above: %d of %d fits from named starts, %d of %d from one random start", above[1], fits[1], above[0], fits[0])
	require.LessOrEqual(t, float64(above[1]), .03*float64(fits[1]))
	require.LessOrEqual(t, float64(above[0]), .02*float64(fits[0]))
}

// compare fits one array in all orders of its modes from all starts.
func (f *startFit) compare(t *testing.T, c startCase, mu *sync.Mutex, found map[string]*startCount) {
	var squares float64
	for _, v := range c.x.Data {
		squares += v * v
	}
	for _, order := range startOrders {
		x := c.x.Permute(order...).Contiguous()
		best := math.Inf(1)
		for seed := range 5 {
			r := f.fit(c, x, "", uint64(100+seed))
			if assert.NoError(t, r.err) {
				best = min(best, r.objective)
			}
		}
		for _, s := range f.starts {
			r := f.fit(c, x, s, 0)
			assert.NoError(t, r.err, "%s from %s", f.name, s)
			mu.Lock()
			found[s].add(r, 1.05*best+1e-5*squares)
			mu.Unlock()
		}
	}
}

// startCount counts fits from a start: all, those that end above the limit, those
// with others tried, what that cost in sweeps, and the largest ratio to the limit.
type startCount struct {
	fits, above, tried, sweeps int
	worst                      float64
}

func (c *startCount) add(f fitted, limit float64) {
	c.fits++
	if f.objective > limit {
		c.above++
	}
	if f.changed {
		c.tried++
	}
	c.sweeps += f.cost
	c.worst = max(c.worst, f.objective/limit)
}
