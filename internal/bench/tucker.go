package bench

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// tuckerSweep is a method for Tucker decompositions on one shape.
type tuckerSweep struct {
	name          string
	shape, ranks  []int
	method        tucker.Method // nil: HOSVD, all of it
	flops, passes float64       // of least work
}

// tuckerSweeps lists the sweeps of Tucker decompositions; small leaves one small
// shape.
func tuckerSweeps(small bool) (all []tuckerSweep) {
	hooi, cube, odd := []int{300, 300, 300}, []int{200, 200, 200}, []int{428, 96, 100}
	j, k, of := 20, 16, []int{32, 12, 10}
	if small {
		hooi, cube, odd, j, k, of = []int{40, 40, 40}, []int{20, 20, 20}, []int{24, 10, 9}, 4, 3, []int{4, 3, 2}
	}
	same := func(j int) []int { return []int{j, j, j} }
	add := func(name string, shape, ranks []int, m tucker.Method, flops, passes float64) {
		all = append(all, tuckerSweep{name, shape, ranks, m, flops, passes})
	}
	// An iteration of HOOI applies each unfolding and its transpose at least once.
	n, r := float64(hooi[0]), float64(j)
	add("hooi", hooi, same(j), tucker.HOOI{}, projections(n, r)+3*4*n*r*r*r, 1.5)
	// Gram matrices and projections, each of what the one before has left.
	add("hosvd", hooi, same(j), nil, n*n*n*(n+2*r)+n*n*r*(n+2*r)+n*r*r*(n+2*r), 2)
	n, r = float64(cube[0]), float64(k)
	add("hals", cube, same(k), tucker.HALS{}, projections(n, r)+3*2*n*r*r*r, 1.5)
	for _, c := range [][2][]int{{odd, of}, {cube, same(k)}} {
		// A model and a product of its quotients for each of four blocks.
		add("kl", c[0], c[1], tucker.MU{}, 8*expansion(c[0], c[1]), 4)
	}
	return all
}

// projections returns the flops of projecting a cube of side n onto r vectors
// along all modes but each one in turn, and then all, where products are shared:
// there are three products with the data in two sweeps.
func projections(n, r float64) float64 {
	return 1.5*2*n*n*n*r + 3*2*n*n*r*r + 2*n*r*r*r
}

// expansion returns the flops of a core times its factors, in the order of fewest.
func expansion(shape, ranks []int) (flops float64) {
	var modes []int
	size := 1.0
	for n, j := range ranks {
		modes = append(modes, n)
		size *= float64(j)
	}
	key := func(n int) float64 { return 1/float64(ranks[n]) - 1/float64(shape[n]) }
	slices.SortFunc(modes, func(a, b int) int { return cmp.Compare(key(a), key(b)) })
	for _, n := range modes {
		flops += 2 * size * float64(shape[n])
		size *= float64(shape[n]) / float64(ranks[n])
	}
	return flops
}

func (c tuckerSweep) key() string { return shapeText(c.shape) + "/r" + shapeText(c.ranks) }

// limitsOf returns the limits of so many workers, measured when they are asked for
// first, with a pool to measure more.
func limitsOf[T asm.Float](known map[int]*limits[T], pool *par.Pool, t timer) *limits[T] {
	l := known[pool.Workers()]
	if l == nil {
		l = newLimits[T](pool, t)
		known[pool.Workers()] = l
	}
	l.pool = pool
	return l
}

// measureTucker measures a case.
func measureTucker[T asm.Float](ctx context.Context, c tuckerSweep, known map[int]*limits[T], workers int, t timer) ([]Sweep, error) {
	s := Sweep{Name: "tucker-" + c.name, DType: dtype[T](), Shape: shapeText(c.shape), Ranks: shapeText(c.ranks), SIMD: asm.Current().String(), Workers: workers}
	x := planted[T](c.shape, c.ranks, c.name == "kl" || c.name == "hals")
	pool := par.New(workers)
	lim := limitsOf(known, pool, t)
	bytes := float64(x.Len()) * float64(asm.SizeOf[T]())
	s.Least = max(c.flops/lim.peak, c.passes*bytes/lim.rate("read", bytes)) / 1e9
	lim.warm()
	pool.Close()
	times, err := c.times(ctx, t.samples, func(sweeps, every int, o solver.Observer) error {
		if c.method == nil {
			_, err := tucker.HOSVD(ctx, x, c.ranks, &tucker.HOSVDOptions{Workers: workers})
			return err
		}
		opt := &tucker.Options{Method: c.method, Init: tucker.Random{}, Restarts: 1, Workers: workers}
		if c.name == "kl" {
			opt.Loss = loss.KL
		}
		opt.Run = solver.Options{MaxIter: solver.Set(sweeps), Tol: solver.Set(0.), TraceEvery: every, Observe: []solver.Observer{o}}
		_, err := tucker.Fit(ctx, x, c.ranks, opt)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.take(times)
	s.Share = over(s.Least, s.Seconds)
	return []Sweep{s}, nil
}

// times returns the times of sweeps, in order of size: with the objective between
// them, which costs HOOI and HALS next to nothing, but without for a divergence.
func (c tuckerSweep) times(ctx context.Context, samples int, run func(sweeps, every int, o solver.Observer) error) (times []float64, err error) {
	none := func(solver.Event) bool { return false }
	switch {
	case c.method == nil:
		for i := range samples + 1 {
			start := time.Now()
			if err := run(0, 0, none); err != nil {
				return nil, err
			}
			if i > 0 {
				times = append(times, time.Since(start).Seconds())
			}
		}
	case c.name == "kl":
		// Few and many sweeps to an objective: the difference has none.
		const few, many = 1, 4
		var a, b []float64
		if a, err = laps(samples, few, run); err == nil {
			b, err = laps(samples, many, run)
		}
		if err != nil {
			return nil, err
		}
		times = differences(a, b, many-few)
	default:
		// Two sweeps share products.
		if times, err = laps(2*samples, 2, run); err != nil {
			return nil, err
		}
		for i := range times {
			times[i] /= 2
		}
	}
	slices.Sort(times)
	return times, context.Cause(ctx)
}

// differences returns the times of a sweep, as rounds of more sweeps take longer than
// the median of rounds that have so many less.
func differences(few, many []float64, sweeps int) (times []float64) {
	for _, v := range many {
		times = append(times, (v-few[len(few)/2])/float64(sweeps))
	}
	return times
}

// laps returns the times of a number of rounds of as many sweeps, each followed
// by the objective, in order of size.
func laps(samples, sweeps int, run func(sweeps, every int, o solver.Observer) error) ([]float64, error) {
	const warm = 2
	var at []time.Time
	// The last event comes after the final objective, which counts more.
	err := run((samples+warm+1)*sweeps, sweeps, func(solver.Event) bool {
		at = append(at, time.Now())
		return false
	})
	if err != nil {
		return nil, err
	}
	var times []float64
	for i := warm + 1; i < len(at)-1; i++ {
		times = append(times, at[i].Sub(at[i-1]).Seconds())
	}
	slices.Sort(times)
	return times, nil
}

// planted returns a model of random numbers with a tenth of noise.
func planted[T asm.Float](shape, ranks []int, nonneg bool) *tensor.Dense[T] {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func() T {
		if nonneg {
			return T(r.Float64())
		}
		return T(r.NormFloat64())
	}
	m := tensor.Tucker[T]{Core: tensor.New[T](ranks...)}
	for i := range m.Core.Data {
		m.Core.Data[i] = draw()
	}
	for n, size := range shape {
		f := matrix.New[T](size, ranks[n])
		for i := range f.Data {
			f.Data[i] = draw()
		}
		m.Factors = append(m.Factors, f)
	}
	x := m.Reconstruct(nil)
	var squares float64
	for _, v := range x.Data {
		squares += float64(v) * float64(v)
	}
	noise := T(.1 * math.Sqrt(squares/float64(x.Len())))
	for i := range x.Data {
		x.Data[i] += noise * draw()
	}
	return x
}
