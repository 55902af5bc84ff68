package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime"
	"slices"
	"time"

	"polyad/asm"
	"polyad/cpd"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/solver"
	"polyad/tensor"
)

// Sweep is the time of one sweep of a solver. For canonical decompositions it
// stands beside that of the passes over the data that it makes: a pass is what the
// MTTKRP takes in the same run, the mean of the medians of all modes. For Tucker
// decompositions it stands beside the least that it could take. Fields of the other
// kind are 0.
type Sweep struct {
	// als, or hals with all factors nonnegative; tucker-hooi, tucker-hals, tucker-kl
	// for multiplicative updates without the objective, or tucker-hosvd, a whole
	// decomposition.
	Name    string `json:"name"`
	DType   string `json:"dtype"`
	Shape   string `json:"shape"`
	Rank    int    `json:"rank"`
	Ranks   string `json:"ranks"` // of Tucker
	SIMD    string `json:"simd"`
	Workers int    `json:"workers"`

	// The median, least and largest mean of two sweeps, which share passes. A time
	// that is taken as a difference of runs may be lost in what else the machine does:
	// Noise says that one of the differences was not positive, and those are 0.
	Seconds float64 `json:"seconds"`
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
	Noise   bool    `json:"noise"`

	// Least is what the multiply-adds take at the peak when products are made in the
	// order of fewest and shared between blocks where they can be, or the passes over
	// the data at the rate of reading, whichever is longer; Share is Least/Seconds.
	Least float64 `json:"least"`
	Share float64 `json:"share"`

	Pass   float64 `json:"pass"`   // seconds
	Passes float64 `json:"passes"` // that a sweep takes as long as
	Reads  float64 `json:"reads"`  // passes that it makes
	Words  int     `json:"words"`  // that partial products are kept in
	Bound  int     `json:"bound"`  // of Words

	OfALS float64 `json:"of_als"` // Seconds over those of als; 0 for als
	OfF64 float64 `json:"of_f64"` // float64's seconds over these; 0 for float64
}

// sweepCase is a shape and rank to time sweeps of.
type sweepCase struct {
	shape []int
	rank  int
}

func sweepCases(small bool) []sweepCase {
	if small {
		return []sweepCase{{[]int{40, 40, 40}, 8}}
	}
	return []sweepCase{{[]int{300, 300, 300}, 16}, {[]int{300, 300, 300}, 64}, {[]int{80, 80, 80, 80}, 16}}
}

var sweepMethods = []cpd.Method{cpd.ALS{}, cpd.HALS{}}

// solverCase is what is measured with one shape and ranks.
type solverCase struct {
	key      string
	f64, f32 func(ctx context.Context, workers int, t timer) ([]Sweep, error)
}

// solverCases lists everything.
func solverCases(small bool) (all []solverCase) {
	for _, c := range sweepCases(small) {
		all = append(all, solverCase{c.key(),
			func(ctx context.Context, workers int, t timer) ([]Sweep, error) {
				return sweeps[float64](ctx, c, workers, t)
			},
			func(ctx context.Context, workers int, t timer) ([]Sweep, error) {
				return sweeps[float32](ctx, c, workers, t)
			}})
	}
	l64, l32 := map[int]*limits[float64]{}, map[int]*limits[float32]{}
	for _, c := range tuckerSweeps(small) {
		all = append(all, solverCase{"tucker-" + c.name + "/" + c.key(),
			func(ctx context.Context, workers int, t timer) ([]Sweep, error) {
				return measureTucker(ctx, c, l64, workers, t)
			},
			func(ctx context.Context, workers int, t timer) ([]Sweep, error) {
				return measureTucker(ctx, c, l32, workers, t)
			}})
	}
	return all
}

func (c sweepCase) key() string { return fmt.Sprintf("cpd/%s/r%d", shapeText(c.shape), c.rank) }

// Sweeps measures the solvers on the current level, Generic on small shapes,
// for both element types and for one worker and as many as there are processors, at
// most two. The filter is matched against "cpd/shape/rRANK/wWORKERS" and
// "tucker-METHOD/shape/rRANKS/wWORKERS". row is told each row as it is measured and
// may be nil. When ctx is cancelled what was measured so far is returned with its
// cause.
func Sweeps(ctx context.Context, filter *regexp.Regexp, quick bool, row func(Sweep)) (rows []Sweep, err error) {
	t := careful
	if quick {
		t = timer{3, time.Millisecond}
	}
	for _, c := range solverCases(asm.Current() == asm.Generic) {
		for workers := 1; workers <= min(2, runtime.GOMAXPROCS(0)); workers++ {
			if filter != nil && !filter.MatchString(fmt.Sprintf("%s/w%d", c.key, workers)) {
				continue
			}
			var f64, f32 []Sweep
			if f64, err = c.f64(ctx, workers, t); err == nil {
				f32, err = c.f32(ctx, workers, t)
			}
			for i := range f32 {
				f32[i].OfF64 = over(f64[i].Seconds, f32[i].Seconds)
			}
			for _, s := range append(f64, f32...) {
				rows = append(rows, s)
				if row != nil {
					row(s)
				}
			}
			if err != nil {
				return rows, err
			}
		}
	}
	return rows, context.Cause(ctx)
}

// dtype is the name of an element type.
func dtype[T asm.Float]() string {
	if asm.SizeOf[T]() == 4 {
		return "f32"
	}
	return "f64"
}

// sweeps measures all methods on one shape.
func sweeps[T asm.Float](ctx context.Context, c sweepCase, workers int, t timer) (rows []Sweep, err error) {
	x, pool := uniform[T](c.shape), par.New(workers)
	defer pool.Close()
	base := Sweep{DType: dtype[T](), Shape: shapeText(c.shape), Rank: c.rank, SIMD: asm.Current().String(), Workers: workers}
	for mode := range c.shape {
		median, _, _ := t.time(mttkrp(pool, x, c.rank, mode))
		base.Pass += median / float64(len(c.shape))
	}
	base.Reads, base.Words = treeReads(pool, x, c.rank)
	base.Bound = min(int(1.2*float64(x.Len()/slices.Min(c.shape)*c.rank)), x.Len()/2)
	for _, m := range sweepMethods {
		s := base
		s.Name = m.String()
		times, err := sweepTimes(ctx, x, c.rank, m, workers, 2*t.samples)
		if err != nil {
			return rows, err
		}
		s.take(times)
		s.Passes = s.Seconds / s.Pass
		if len(rows) > 0 {
			s.OfALS = s.Seconds / rows[0].Seconds
		}
		rows = append(rows, s)
	}
	return rows, nil
}

// take sets the times of a sweep, which are given in order of size.
func (s *Sweep) take(times []float64) {
	s.Noise = times[0] <= 0
	s.Seconds, s.Min, s.Max = max(0, times[len(times)/2]), max(0, times[0]), max(0, times[len(times)-1])
}

// over returns a/b, and 0 where b is lost in noise.
func over(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// sweepTimes returns the mean times of two sweeps each, in order of size.
func sweepTimes[T asm.Float](ctx context.Context, x *tensor.Dense[T], rank int, m cpd.Method, workers, sweeps int) ([]float64, error) {
	const warm = 3
	at := make([]time.Time, 0, sweeps+warm+1)
	err := fit(ctx, x, rank, m, workers, sweeps+warm, func(solver.Event) bool {
		at = append(at, time.Now())
		return false
	})
	if err != nil {
		return nil, err
	}
	var times []float64
	// The last event comes after the final loss, which is no part of a sweep.
	for i := warm; i+2 < len(at)-1; i += 2 {
		times = append(times, at[i+2].Sub(at[i]).Seconds()/2)
	}
	slices.Sort(times)
	return times, nil
}

// fit makes a number of sweeps from a random start.
func fit[T asm.Float](ctx context.Context, x *tensor.Dense[T], rank int, m cpd.Method, workers, sweeps int, observe solver.Observer) error {
	o := &cpd.Options{Method: m, Init: cpd.Random{}, Restarts: 1, Workers: workers}
	if _, ok := m.(cpd.HALS); ok {
		o.Nonneg = cpd.All
	}
	o.Run = solver.Options{MaxIter: solver.Set(sweeps), Tol: solver.Set(0.), Observe: []solver.Observer{observe}}
	_, err := cpd.Fit(ctx, x, rank, o)
	return err
}

// treeReads returns the passes over x that a sweep makes in the long run, and the
// memory that it keeps partial products in.
func treeReads[T asm.Float](pool *par.Pool, x *tensor.Dense[T], rank int) (reads float64, words int) {
	const warm, sweeps = 2, 2
	tree := tensor.NewTree[T](x.Shape, rank)
	var f, dst []*matrix.Dense[T]
	for _, n := range x.Shape {
		f, dst = append(f, ramp[T](n, rank)), append(dst, matrix.New[T](n, rank))
	}
	before := 0
	for i := range warm + sweeps {
		if i == warm {
			before = tree.Passes()
		}
		for mode := range x.Shape {
			tree.MTTKRP(pool, dst[mode], x, f, mode)
			tree.Changed(mode)
		}
	}
	return float64(tree.Passes()-before) / sweeps, tree.Words()
}

// uniform returns an array of random numbers in [0, 1).
func uniform[T asm.Float](shape []int) *tensor.Dense[T] {
	x, r := tensor.New[T](shape...), rand.New(rand.NewPCG(1, 2))
	for i := range x.Data {
		x.Data[i] = T(r.Float64())
	}
	return x
}
